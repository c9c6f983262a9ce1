//! The last bit: what this computer computes again of a quantized model, where the accelerator's integers cannot have ONNX Runtime's
//! float rounding.
//!
//! A sum of dequantized pixels depends on the order in which its f32 terms are rounded, and the product of an accumulator and a scale
//! is rounded to an f32 before it is rounded to an integer. Where that can decide a result, the layer and all that depends on it
//! are computed a second time with the arithmetic of `rules`, from maps that the accelerator gives as further outputs. This is done
//! for what takes about a millisecond a run; layers that are too much for that have the accelerator's results.

mod rules;

pub(crate) use rules::GLOBAL;

use ndarray::Array3;
use pleach_spec::network::{Kind, Layer, MapShape, Network};
use pleach_spec::numerics::ScaleError;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Multiply-accumulates, and elements of maps, that may be computed again for each image.
const MOST: u64 = 4_000_000;

/// What is computed again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Exact {
    /// Layers, in order, by their indices.
    pub layers: Vec<Step>,
    /// Tensors that the network's outputs behind those of the model are.
    pub maps: Vec<usize>,
}

/// A layer that is computed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its index.
    pub layer: usize,
    /// ONNX Runtime has unsigned bytes there, larger by 128.
    pub unsigned: bool,
}

impl Exact {
    /// Finds out what must be computed again, and makes the maps that it needs outputs of the network.
    ///
    /// # Errors
    /// Scales that cannot be used.
    pub fn plan(network: &mut Network, unsigned: &HashSet<String>) -> Result<Self, ScaleError> {
        let is_unsigned = |layer: &Layer| unsigned.contains(&network.tensors[layer.output].name);
        let mut marked = HashSet::new();
        let mut chosen = Vec::new();
        // Convolutions last: they are wrong in one element of a million, averages in one of twenty.
        let is_conv = |index: &usize| matches!(network.layers[*index].kind, Kind::Conv(_));
        let (convs, others): (Vec<usize>, Vec<usize>) = (0..network.layers.len()).rev().partition(is_conv);
        for index in others.into_iter().chain(convs) {
            let more = depending(network, |other| other == index || marked.contains(&other));
            let layer = &network.layers[index];
            if work(network, &more) <= MOST && !rules::is_exact(network, layer, is_unsigned(layer))? {
                marked.insert(index);
                chosen = more;
            }
        }
        let step = |&layer: &usize| Step { layer, unsigned: is_unsigned(&network.layers[layer]) };
        let layers = chosen.iter().map(step).collect();
        let made: HashSet<usize> = chosen.iter().map(|&layer| network.layers[layer].output).collect();
        let mut maps = Vec::new();
        for tensor in chosen.iter().flat_map(|&layer| network.layers[layer].inputs.clone()) {
            if !made.contains(&tensor) && !maps.contains(&tensor) {
                maps.push(tensor);
            }
        }
        network.outputs.extend(maps.iter().copied());
        copy_outputs(network);
        Ok(Self { layers, maps })
    }

    /// The model's output maps, exact, for those of the accelerator, each `[channel][y][x]`.
    ///
    /// # Errors
    /// Scales that cannot be used.
    pub fn outputs(&self, network: &Network, given: &[Vec<i8>]) -> Result<Vec<Vec<i8>>, ScaleError> {
        let own = given.len() - self.maps.len();
        let mut outputs = given[..own].to_vec();
        let mut maps: HashMap<usize, Array3<i8>> = HashMap::new();
        for (&tensor, bytes) in self.maps.iter().zip(&given[own..]) {
            let MapShape { channels, height, width } = network.tensors[tensor].shape;
            let map = Array3::from_shape_vec((channels, height, width), bytes.clone());
            maps.insert(tensor, map.expect("outputs have the shapes of their tensors"));
        }
        for step in &self.layers {
            let layer = &network.layers[step.layer];
            let inputs: Vec<_> = layer.inputs.iter().map(|tensor| maps[tensor].view()).collect();
            let map = rules::layer(network, layer, &inputs, step.unsigned)?;
            maps.insert(layer.output, map);
        }
        for (output, tensor) in outputs.iter_mut().zip(&network.outputs) {
            if let Some(map) = maps.get(tensor) {
                *output = map.iter().copied().collect();
            }
        }
        Ok(outputs)
    }

    /// The layers by name; `None` where nothing is computed again.
    pub fn named(&self, network: &Network) -> Option<String> {
        let names: Vec<&str> =
            self.layers.iter().map(|step| network.layers[step.layer].name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Whether all indices are of the network, and every map is there before it is read.
    pub fn fits(&self, network: &Network) -> bool {
        let mut there: HashSet<usize> = self.maps.iter().copied().collect();
        let tensors = self.maps.iter().all(|&tensor| tensor < network.tensors.len());
        let extra = network.outputs.len().checked_sub(self.maps.len());
        let shapes = extra.is_some_and(|own| {
            let shape = |&tensor: &usize| network.tensors.get(tensor).map(|tensor| tensor.shape);
            self.maps.iter().map(shape).eq(network.outputs[own..].iter().map(shape))
        });
        tensors
            && shapes
            && self.layers.iter().all(|step| {
                let Some(layer) = network.layers.get(step.layer) else { return false };
                let read = layer.inputs.iter().all(|input| there.contains(input));
                there.insert(layer.output);
                read
            })
    }
}

/// The layers that are marked, and those that depend on them.
fn depending(network: &Network, marked: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut other = HashSet::new();
    let mut found = Vec::new();
    for (index, layer) in network.layers.iter().enumerate() {
        if marked(index) || layer.inputs.iter().any(|input| other.contains(input)) {
            other.insert(layer.output);
            found.push(index);
        }
    }
    found
}

fn work(network: &Network, layers: &[usize]) -> u64 {
    let one = |&index: &usize| {
        let layer = &network.layers[index];
        let window = match &layer.kind {
            Kind::AveragePool { pool, .. } | Kind::MaxPool(pool) => pool.kernel[0] * pool.kernel[1],
            _ => 1,
        };
        let elements = network.tensors[layer.output].shape.elements() as u64;
        network.macs(layer).saturating_add(elements.saturating_mul(window as u64))
    };
    layers.iter().map(one).fold(0, u64::saturating_add)
}

/// Gives each further output that is the network's input, or an output already, a tensor of its own.
fn copy_outputs(network: &mut Network) {
    for index in 0..network.outputs.len() {
        let tensor = network.outputs[index];
        if tensor != network.input && !network.outputs[..index].contains(&tensor) {
            continue;
        }
        let copy = network.tensors.len();
        let mut described = network.tensors[tensor].clone();
        described.name = format!("{}:copy{index}", described.name);
        network.layers.push(Layer {
            name: described.name.clone(),
            op: "Identity".to_owned(),
            inputs: vec![tensor],
            output: copy,
            kind: Kind::Unary { table: (0..=u8::MAX).map(|byte| byte as i8).collect() },
        });
        network.tensors.push(described);
        network.outputs[index] = copy;
    }
}
