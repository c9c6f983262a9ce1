//! Which tensors have one quantization, and the range of each.
//!
//! Where values are only moved, input and output with one quantization need no arithmetic and lose nothing. Max pooling and resizing
//! always have it. A concatenation has it where it costs its inputs little: an input with a much smaller range keeps its own.

use super::layer::unary;
use super::{Calibration, QuantizeError, Range};
use crate::graph::{Graph, Node, Op, TensorId};

/// How much coarser the steps of a tensor may become for the sake of sharing: two bits of eight.
const COARSEST: f32 = 4.0;

/// The range of each tensor that the nodes touch, by [`TensorId::index`]; `None` for the others.
pub(super) fn ranges(
    graph: &Graph,
    nodes: &[&Node],
    calibration: &Calibration,
) -> Result<Vec<Option<Range>>, QuantizeError> {
    let mut classes =
        Classes { parent: (0..graph.tensors().len()).collect(), ranges: vec![None; graph.tensors().len()] };
    let written = nodes.iter().map(|node| node.output);
    for id in std::iter::once(graph.input()).chain(written) {
        let name = &graph.tensor(id).name;
        let statistics = calibration.tensor(name);
        let statistics = statistics.ok_or_else(|| QuantizeError::NotCalibrated { tensor: name.clone() })?;
        classes.ranges[id.index()] = Some(statistics.range(calibration.method));
    }
    for node in nodes {
        narrow(graph, nodes, node, &mut classes);
    }
    for node in nodes {
        if matches!(node.op, Op::MaxPool(_) | Op::Resize(_) | Op::Interpolate(_)) || node.op.keeps_values() {
            classes.join(node.inputs[0], node.output);
        }
    }
    for node in nodes.iter().filter(|node| matches!(node.op, Op::Channels(_))) {
        for &input in &node.inputs {
            if classes.cheap(input, node.output) {
                classes.join(input, node.output);
            }
        }
    }
    Ok((0..graph.tensors().len()).map(|index| classes.ranges[classes.root(index)]).collect())
}

/// A tensor that only a function reads needs steps only where the function is no constant.
fn narrow(graph: &Graph, nodes: &[&Node], node: &Node, classes: &mut Classes) {
    let (Some(unary), input) = (unary(&node.op), node.inputs[0]) else { return };
    let readers = nodes.iter().filter(|reader| reader.inputs.contains(&input)).count();
    let range = classes.ranges[input.index()].as_mut();
    let (Some(range), false, 1) = (range, graph.outputs().contains(&input), readers) else { return };
    let [low, high] = unary.domain();
    (range.low, range.high) = (range.low.clamp(low, high), range.high.clamp(low, high));
}

/// Tensors in sets that share a range.
struct Classes {
    parent: Vec<usize>,
    ranges: Vec<Option<Range>>,
}

impl Classes {
    fn root(&self, mut index: usize) -> usize {
        while self.parent[index] != index {
            index = self.parent[index];
        }
        index
    }

    /// The range of a tensor, and that of it and another.
    fn joined(&self, a: TensorId, b: TensorId) -> Option<(Range, Range)> {
        let [a, b] = [a, b].map(|id| self.ranges[self.root(id.index())]);
        let (a, b) = (a?, b?);
        Some((a, Range { low: a.low.min(b.low), high: a.high.max(b.high) }))
    }

    /// Whether an input loses little by having the range of the output too. An output never does: its values have the input's steps.
    fn cheap(&self, input: TensorId, output: TensorId) -> bool {
        let width = |range: Range| range.high.max(0.0) - range.low.min(0.0);
        self.joined(input, output).is_some_and(|(input, both)| width(both) <= COARSEST * width(input))
    }

    fn join(&mut self, a: TensorId, b: TensorId) {
        let both = self.joined(a, b).map(|(_, both)| both);
        let [a, b] = [a, b].map(|id| self.root(id.index()));
        self.parent[b] = a;
        self.ranges[a] = both;
    }
}
