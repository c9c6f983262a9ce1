//! AdaRound (Nagel et al. 2020): whether a weight is rounded up or down is learned, layer by layer, so that the layer's output comes
//! near that of the float network on calibration images. Nearest is best for each weight alone, but not for their sums.
//!
//! Layers are learned in the order of execution. Each is given what the layers before it make in integers, and learns to give what
//! the float layer gives for the float input, clamp included; so it also makes up for errors of the layers before.

mod learn;
mod samples;

use super::emulate::Emulation;
use super::grid::rows;
use super::{Calibration, Grid, Options, QuantizeError, quantize_with};
use crate::graph::{BatchRun, Conv, Graph, Op};
use learn::Problem;
use ndarray::{Array2, Array3, ArrayD, Axis, s};
use pleach_spec::network::Kind;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use samples::Places;
use std::collections::BTreeMap;

/// Values of one tensor of all images together: memory is bounded by taking fewer images of a network with large maps.
const TENSOR_VALUES: usize = 1 << 26;
/// Output channels that are learned together: enough for an efficient product, few enough for all cores.
const ROWS: usize = 16;

/// How long and from which seed rounding is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdaRound {
    /// Steps of gradient descent a layer.
    pub iterations: usize,
    /// Seed of the pixels that are looked at.
    pub seed: u64,
}

impl Default for AdaRound {
    fn default() -> Self {
        Self { iterations: 1000, seed: 1 }
    }
}

/// Numbers of layers' weights that were learned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rounding(BTreeMap<String, Vec<i8>>);

impl Rounding {
    /// Those of a layer, in the order of its weights.
    pub fn of(&self, layer: &str) -> Option<&[i8]> {
        self.0.get(layer).map(Vec::as_slice)
    }
}

/// Learns the rounding of all layers for a quantization with `options`. `progress` is told how many are done, of how many.
///
/// The result is the same on every machine with the same float arithmetic, whatever the number of threads.
///
/// # Errors
/// As [`quantize_with`]; an image of another shape.
pub fn adaround(
    graph: &Graph,
    calibration: &Calibration,
    options: &Options,
    images: &[Array3<f32>],
    settings: AdaRound,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Rounding, QuantizeError> {
    let mut network = quantize_with(graph, calibration, options)?;
    let largest =
        graph.tensors().iter().map(|tensor| tensor.shape.dims().iter().product::<usize>()).max().unwrap_or(1);
    let images = &images[..images.len().min((TENSOR_VALUES / largest.max(1)).max(1))];
    let mut emulation = Emulation::new(graph, &network, 8);
    let mut float = BatchRun::new(graph, images).map_err(QuantizeError::Run)?;
    let mut integer = BatchRun::new(graph, images).map_err(QuantizeError::Run)?;
    integer.values_mut(graph.input()).iter_mut().for_each(|values| emulation.round(graph.input(), values));
    let layers = graph.layers().count();
    let mut rounding = Rounding::default();
    for node in graph.nodes() {
        let layer = network.layers.iter_mut().find(|layer| layer.name == node.name);
        if let (Op::Conv(conv), Some(Kind::Conv(quantized))) = (&node.op, layer.map(|layer| &mut layer.kind))
        {
            let grid = options.grids.get(&node.name).cloned();
            let grid = Grid {
                steps: quantized.weight_scales.clone(),
                ..grid.unwrap_or_else(|| Grid::even(conv.weights.view(), 8))
            };
            let inputs = [float.values(node.inputs[0]), integer.values(node.inputs[0])];
            quantized.weights = learn_layer(conv, &grid, &quantized.weights, inputs, settings);
            rounding.0.insert(node.name.clone(), quantized.weights.clone());
            emulation.take_weights(&network, &node.name);
            progress(rounding.0.len(), layers);
        }
        float.step(graph);
        integer.step(emulation.graph());
        integer
            .values_mut(node.output)
            .par_iter_mut()
            .for_each(|values| emulation.round(node.output, values));
    }
    Ok(rounding)
}

/// The numbers of a layer's weights; `inputs` are those of the float layer and of the one in integers, an image each.
fn learn_layer(
    conv: &Conv,
    grid: &Grid,
    nearest: &[i8],
    [float, integer]: [&[ArrayD<f32>]; 2],
    settings: AdaRound,
) -> Vec<i8> {
    let (channels, inputs, kernel_h, kernel_w) = conv.weights.dim();
    let patch = inputs * kernel_h * kernel_w;
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
    let places = Places::choose(conv, float, patch * conv.geometry.groups, &mut random);
    let [float, integer] = [float, integer].map(|maps| places.patches(conv, maps));
    let weights = conv.weights.view();
    let weights = rows(&weights);
    let nearest = ndarray::ArrayView2::from_shape((channels, patch), nearest).expect("a number a weight");
    let per_group = channels / conv.geometry.groups;
    let parts: Vec<(usize, usize)> = (0..channels)
        .step_by(per_group)
        .flat_map(|group| (group..group + per_group).step_by(ROWS).map(move |row| (row, group + per_group)))
        .map(|(row, end)| (row, end.min(row + ROWS)))
        .collect();
    let learned = parts.into_par_iter().map(|(first, end)| {
        let group = first / per_group;
        let columns = s![.., group * patch..(group + 1) * patch];
        let rows = s![first..end, ..];
        let mut target = float.slice(columns).dot(&weights.slice(rows).t());
        for (mut column, &bias) in target.axis_iter_mut(Axis(1)).zip(conv.bias.iter().skip(first)) {
            column.mapv_inplace(|value| conv.clamp.apply(value + bias));
        }
        let neighbours = |side: usize| {
            Array2::from_shape_fn((end - first, patch), |(row, tap)| {
                grid.around(weights[(first + row, tap)] / grid.steps[first + row])[side]
            })
        };
        let problem = Problem {
            weights: weights.slice(rows),
            steps: &grid.steps[first..end],
            levels: [neighbours(0), neighbours(1)],
            nearest: nearest.slice(rows),
            inputs: integer.slice(columns),
            targets: target.view(),
            bias: conv.bias.slice(s![first..end]),
            clamp: conv.clamp,
        };
        problem.solve(settings.iterations)
    });
    learned.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests;
