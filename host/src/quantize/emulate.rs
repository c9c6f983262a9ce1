//! What a quantized network computes, in floats: tensors rounded to steps of any number of bits, the weights those of the integers.
//! Slower than integers need be, but any part can be left as it was.

use super::calibrate::Calibration;
use super::noise::Noise;
use super::{Grid, QuantizeError, quantize};
use crate::graph::{Graph, RunError, TensorId, run_changed, run_outputs, run_outputs_changed};
use ndarray::{Array3, ArrayD};
use pleach_spec::network::{Kind, Network};
use std::collections::BTreeMap;

/// A float graph with what the quantizer made of parts of it.
pub struct Emulation {
    graph: Graph,
    steps: Vec<Option<Steps>>,
}

/// The values that a tensor may have: `offset` and multiples of `step`, from the number `first` to `last`.
#[derive(Clone, Copy)]
struct Steps {
    offset: f32,
    step: f32,
    first: f32,
    last: f32,
}

impl Emulation {
    /// The whole network, its activations in some bits (16, 8, 4, 2 or 1) over the ranges that int8 has.
    pub fn new(graph: &Graph, network: &Network, activation_bits: u8) -> Self {
        let mut emulation = Self { graph: graph.clone(), steps: vec![None; graph.tensors().len()] };
        for layer in &network.layers {
            emulation.take_weights(network, &layer.name);
        }
        for tensor in &network.tensors {
            emulation.round_tensor(network, &tensor.name, activation_bits);
        }
        emulation
    }

    /// Only one layer of the network: its weights and its output.
    pub fn of_layer(graph: &Graph, network: &Network, layer: &str) -> Self {
        let mut emulation = Self { graph: graph.clone(), steps: vec![None; graph.tensors().len()] };
        emulation.take_weights(network, layer);
        if let Some(found) = network.layers.iter().find(|found| found.name == layer) {
            emulation.round_tensor(network, &network.tensors[found.output].name, 8);
        }
        emulation
    }

    /// The float graph with the weights of the network.
    pub(super) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Rounds a tensor's values as the network does.
    pub(super) fn round(&self, id: TensorId, values: &mut ArrayD<f32>) {
        if let Some(Steps { offset, step, first, last }) = self.steps[id.index()] {
            let number = |value: f32| ((value - offset) / step).round_ties_even().clamp(first, last);
            values.mapv_inplace(|value| number(value) * step + offset);
        }
    }

    pub(super) fn take_weights(&mut self, network: &Network, name: &str) {
        let Some(layer) = network.layers.iter().find(|layer| layer.name == name) else { return };
        let (Kind::Conv(quantized), x) = (&layer.kind, network.tensors[layer.inputs[0]].quantization) else {
            return;
        };
        let Some(float) = self.graph.layers_mut().find(|layer| layer.name == name) else { return };
        let scales = &quantized.weight_scales;
        let kernel = quantized.weights.len() / scales.len().max(1);
        for (index, (w, &q)) in float.conv.weights.iter_mut().zip(&quantized.weights).enumerate() {
            *w = f32::from(q) * scales[index / kernel];
        }
        for ((b, &q), scale) in float.conv.bias.iter_mut().zip(&quantized.bias).zip(scales) {
            *b = (f64::from(q) * f64::from(x.scale) * f64::from(*scale)) as f32;
        }
    }

    /// Spreads the steps of `bits` over the range of the tensor's int8 steps.
    fn round_tensor(&mut self, network: &Network, name: &str, bits: u8) {
        let quantization = network.tensors.iter().find(|tensor| tensor.name == name).map(|t| t.quantization);
        let id = self.graph.tensors().iter().position(|tensor| tensor.name == name);
        let (Some(q), Some(id)) = (quantization, id) else { return };
        let numbers = (1u32 << bits) as f32;
        let (low, high) = (q.dequantize(i8::MIN), q.dequantize(i8::MAX));
        let step = if bits == 8 { q.scale } else { (high - low) / (numbers - 1.0) };
        // Zero is one of the values, so that padding is exact; but of two values of both signs it is none.
        let (offset, first) = if bits == 1 { (low, 0.0) } else { (0.0, (low / step).round_ties_even()) };
        self.steps[id] = Some(Steps { offset, step, first, last: first + numbers - 1.0 });
    }

    /// All its tensors for an image are shown to `visit`.
    ///
    /// # Errors
    /// An image of another shape.
    pub fn run(
        &self,
        image: &Array3<f32>,
        mut visit: impl FnMut(TensorId, &ArrayD<f32>),
    ) -> Result<(), RunError> {
        run_changed(&self.graph, image, |id, values| {
            self.round(id, values);
            visit(id, values);
        })
    }

    /// The network's outputs.
    ///
    /// # Errors
    /// An image of another shape.
    pub fn outputs(&self, image: &Array3<f32>) -> Result<Vec<ArrayD<f32>>, RunError> {
        run_outputs_changed(&self.graph, image, |id, values| self.round(id, values))
    }
}

/// Energy of the error at the network's output that the weights of each layer alone make in 4, 2 and 1 bits, relative to the
/// output's, by layer: what a budget of bits is spent by. Weights take equal steps or `codebooks`.
///
/// # Errors
/// An image of another shape, or a graph that cannot be quantized.
pub fn sensitivities(
    graph: &Graph,
    calibration: &Calibration,
    images: &[Array3<f32>],
    codebooks: bool,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<BTreeMap<String, [f64; 3]>, QuantizeError> {
    let network = quantize(graph, calibration)?;
    let expected: Vec<Vec<ArrayD<f32>>> = images
        .iter()
        .map(|image| run_outputs(graph, image))
        .collect::<Result<_, _>>()
        .map_err(QuantizeError::Run)?;
    let names: Vec<String> = network
        .layers
        .iter()
        .filter(|layer| layer.conv().is_some())
        .map(|layer| layer.name.clone())
        .collect();
    let mut all = BTreeMap::new();
    for (index, name) in names.iter().enumerate() {
        let mut errors = [0.0; 3];
        for (error, bits) in errors.iter_mut().zip([4, 2, 1]) {
            let mut changed = graph.clone();
            let Some(layer) = changed.layers_mut().find(|layer| layer.name == *name) else { continue };
            let grid = Grid::of(layer.conv.weights.view(), bits, codebooks);
            for (mut kernel, step) in layer.conv.weights.outer_iter_mut().zip(&grid.steps) {
                let step = step.max(f32::MIN_POSITIVE);
                kernel.mapv_inplace(|weight| f32::from(grid.nearest(weight / step)) * step);
            }
            let mut noise = Noise::default();
            for (image, expected) in images.iter().zip(&expected) {
                let found = run_outputs(&changed, image).map_err(QuantizeError::Run)?;
                noise += Noise::between(expected.iter().flatten(), found.iter().flatten());
            }
            *error = noise.error / noise.signal.max(f64::MIN_POSITIVE);
        }
        all.insert(name.clone(), errors);
        progress(index + 1, names.len());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Op;
    use crate::graph::testing::{conv, image, map};
    use crate::quantize::calibrate;
    use std::collections::BTreeSet;

    #[test]
    fn a_tensor_has_as_many_values_as_its_bits_allow() {
        let mut graph = Graph::new("net", "x", map(2, 12, 12));
        graph.push("conv", Op::Conv(conv(3, [2, 3, 3], 1)), graph.input(), "y").unwrap();
        let image = image([2, 12, 12], 1);
        let calibration = calibrate(&graph, std::iter::once(image.clone()), &mut |_| ()).unwrap();
        let network = quantize(&graph, &calibration).unwrap();
        for bits in [1, 2, 4] {
            let emulation = Emulation::new(&graph, &network, bits);
            let wide = &image * 3.0;
            let visit = |_: TensorId, values: &ArrayD<f32>| {
                let found: BTreeSet<u32> = values.iter().map(|value| (value + 0.0).to_bits()).collect();
                assert!(found.len() > 1 && found.len() <= 1 << bits, "{} values of {bits} bits", found.len());
                assert!(bits == 1 || found.contains(&0), "zero is exact");
            };
            emulation.run(&wide, visit).unwrap();
        }
    }
}
