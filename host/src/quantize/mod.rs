//! From the float graph to integers: calibration on images, then scales, zero points and int8 weights.

mod calibrate;
mod error;
mod histogram;
mod layer;
mod range;

pub use calibrate::{Calibration, ChannelMoments, TensorStatistics, calibrate};
pub use error::{CalibrateError, QuantizeError};
pub use histogram::Histogram;
pub use range::{Range, RangeMethod};

use crate::graph::{Graph, Node, Op, TensorId};
use pleach_spec::network::{MapShape, Network, Tensor};

/// Quantizes an optimised graph ([`crate::graph::passes::optimise`]) with the ranges of `calibration`.
///
/// Activations get one scale and zero point a tensor (asymmetric int8 in which 0.0 is exact), weights one scale per output
/// channel (symmetric, -127 to 127, zero stays zero), the bias is int32. A Softmax or Flatten at the end is left out: the
/// network's output is what goes into it, in the same order.
///
/// # Errors
/// A tensor without calibration data, an operator other than a layer, a scale or an accumulator out of range.
pub fn quantize(graph: &Graph, calibration: &Calibration) -> Result<Network, QuantizeError> {
    let layers = body(graph)?;
    let output = layers.last().map_or(graph.input(), |node| node.output);

    let mut network = Network {
        name: graph.name().to_owned(),
        tensors: Vec::new(),
        layers: Vec::new(),
        input: 0,
        outputs: Vec::new(),
    };
    let mut index_of = vec![None; graph.tensors().len()];
    let written = layers.iter().map(|node| node.output);
    for id in std::iter::once(graph.input()).chain(written) {
        index_of[id.index()] = Some(network.tensors.len());
        network.tensors.push(quantized_tensor(graph, id, calibration)?);
    }
    let index =
        |id: TensorId| index_of[id.index()].expect("every tensor is the input or some layer's output");
    for node in layers {
        let (input, output) = (index(node.inputs[0]), index(node.output));
        network.layers.push(layer::quantize(node, input, output, &network.tensors)?);
    }
    network.outputs = vec![index(output)];
    Ok(network)
}

/// The layers, without what may be left out behind the last one.
fn body(graph: &Graph) -> Result<Vec<&Node>, QuantizeError> {
    let mut nodes: Vec<&Node> = graph.nodes().iter().collect();
    while nodes.last().is_some_and(|node| matches!(node.op, Op::Softmax | Op::Flatten | Op::Identity)) {
        nodes.pop();
    }
    match nodes.iter().find(|node| !matches!(node.op, Op::Conv(_))) {
        Some(node) => {
            Err(QuantizeError::Operator { node: node.name.clone(), operator: node.op.name().to_owned() })
        }
        None if nodes.is_empty() => Err(QuantizeError::Empty { graph: graph.name().to_owned() }),
        None => Ok(nodes),
    }
}

fn quantized_tensor(graph: &Graph, id: TensorId, calibration: &Calibration) -> Result<Tensor, QuantizeError> {
    let tensor = graph.tensor(id);
    let missing = || QuantizeError::NotCalibrated { tensor: tensor.name.clone() };
    let range = calibration.tensor(&tensor.name).ok_or_else(missing)?.range(calibration.method);
    let quantization = range.quantization().ok_or_else(|| QuantizeError::Range {
        tensor: tensor.name.clone(),
        low: range.low,
        high: range.high,
    })?;
    Ok(Tensor { name: tensor.name.clone(), shape: map_shape(graph, id), quantization })
}

fn map_shape(graph: &Graph, id: TensorId) -> MapShape {
    graph.tensor(id).shape.as_map().expect("layers work on maps and vectors only")
}
