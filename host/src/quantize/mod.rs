//! From the float graph to integers: calibration on images, then scales, zero points and int8 weights.

mod adaround;
mod budget;
mod calibrate;
mod codebook;
mod conv;
mod doubts;
mod emulate;
mod equalize;
mod error;
mod explain;
mod grid;
mod histogram;
mod layer;
mod noise;
mod range;
mod sharing;
#[cfg(test)]
mod tests;
mod weights;

pub use adaround::{AdaRound, Rounding, adaround};
pub use budget::assign_bits;
pub use calibrate::{Calibration, ChannelMoments, TensorStatistics, calibrate};
pub use codebook::{Codebook, codebooks};
pub use doubts::{doubts, doubts_of_test};
pub use emulate::{Emulation, sensitivities};
pub use equalize::equalize;
pub use error::{CalibrateError, QuantizeError};
pub use explain::{LayerLoss, explain};
pub use grid::{Grid, grids};
pub use histogram::Histogram;
pub use noise::{Noise, noise};
pub use range::{Range, RangeMethod};

use crate::graph::{Graph, Node, TensorId};
use pleach_spec::network::{MapShape, Network, Tensor};
use std::collections::BTreeMap;

/// Choices beyond the calibration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// What the weights of layers may be, by name ([`grids`]); equal steps of 8 bits where nothing is said.
    pub grids: BTreeMap<String, Grid>,
    /// Numbers of weights that were learned ([`adaround`]), with these grids; elsewhere the nearest ones.
    pub rounding: Rounding,
    /// Take the mean of the error that rounded weights make out of the bias.
    pub bias_correction: bool,
}

/// [`quantize_with`] the usual choices.
///
/// # Errors
/// As [`quantize_with`].
pub fn quantize(graph: &Graph, calibration: &Calibration) -> Result<Network, QuantizeError> {
    quantize_with(graph, calibration, &Options::default())
}

/// Quantizes an optimised graph ([`crate::graph::passes::optimise`]) with the ranges of `calibration`.
///
/// Activations get one scale and zero point a tensor (asymmetric int8 in which 0.0 is exact), shared where values are only moved;
/// weights one scale per output channel (symmetric, -127 to 127, zero stays zero), the bias is int32. Functions become tables of
/// 256 bytes. Operators that integers do not have must be cut off before ([`crate::partition`]).
///
/// # Errors
/// A tensor without calibration data, an operator that integers do not have, a scale or an accumulator out of range.
pub fn quantize_with(
    graph: &Graph,
    calibration: &Calibration,
    options: &Options,
) -> Result<Network, QuantizeError> {
    let nodes = body(graph);
    if !nodes.iter().any(|node| !node.op.keeps_values()) {
        return Err(QuantizeError::Empty { graph: graph.name().to_owned() });
    }
    let ranges = sharing::ranges(graph, &nodes, calibration)?;
    let mut network = Network {
        name: graph.name().to_owned(),
        tensors: vec![tensor(graph, graph.input(), &ranges)?],
        layers: Vec::new(),
        input: 0,
        outputs: Vec::new(),
    };
    let mut index_of = vec![0; graph.tensors().len()];
    for node in nodes {
        let inputs = node.inputs.iter().map(|id| index_of[id.index()]).collect();
        if node.op.keeps_values() {
            check_reshape(graph, node)?;
            index_of[node.output.index()] = index_of[node.inputs[0].index()];
            continue;
        }
        let output = network.tensors.len();
        network.tensors.push(tensor(graph, node.output, &ranges)?);
        index_of[node.output.index()] = output;
        let means: Option<Vec<f64>> = calibration
            .tensor(&graph.tensor(node.inputs[0]).name)
            .map(|statistics| statistics.channels.iter().map(calibrate::ChannelMoments::mean).collect());
        let weights = conv::Weights {
            grid: options.grids.get(&node.name),
            numbers: options.rounding.of(&node.name),
            means: means.as_deref().filter(|_| options.bias_correction),
        };
        network.layers.push(layer::quantize(node, weights, inputs, output, &network)?);
    }
    network.outputs = graph.outputs().iter().map(|id| index_of[id.index()]).collect();
    Ok(network)
}

/// The nodes that the outputs depend on, in execution order.
fn body(graph: &Graph) -> Vec<&Node> {
    let mut needed = vec![false; graph.tensors().len()];
    graph.outputs().iter().for_each(|id| needed[id.index()] = true);
    for node in graph.nodes().iter().rev() {
        if needed[node.output.index()] {
            node.inputs.iter().for_each(|id| needed[id.index()] = true);
        }
    }
    graph.nodes().iter().filter(|node| needed[node.output.index()]).collect()
}

/// A map of one pixel is a vector already; other changes of shape are none of the accelerator's.
fn check_reshape(graph: &Graph, node: &Node) -> Result<(), QuantizeError> {
    let [before, after] = [node.inputs[0], node.output].map(|id| graph.tensor(id).shape.as_map());
    match before.is_some() && before == after {
        true => Ok(()),
        false => {
            Err(QuantizeError::Operator { node: node.name.clone(), operator: node.op.name().to_owned() })
        }
    }
}

fn tensor(graph: &Graph, id: TensorId, ranges: &[Option<Range>]) -> Result<Tensor, QuantizeError> {
    let tensor = graph.tensor(id);
    let range = ranges[id.index()].expect("the input and all written tensors have ranges");
    let quantization = range.quantization().ok_or_else(|| QuantizeError::Range {
        tensor: tensor.name.clone(),
        low: range.low,
        high: range.high,
    })?;
    let shape: Option<MapShape> = tensor.shape.as_map();
    let shape = shape
        .ok_or_else(|| QuantizeError::Shape { tensor: tensor.name.clone(), shape: tensor.shape.clone() })?;
    Ok(Tensor { name: tensor.name.clone(), shape, quantization })
}
