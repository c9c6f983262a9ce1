//! What of a region the accelerator runs: everything before the first nodes that it lacks.

use crate::graph::{Graph, Node, Op, TensorId, passes};
use crate::import::Region;
use crate::import::proto::GraphProto;
use std::collections::BTreeSet;

/// The accelerator's part of a region.
pub(super) struct Cut {
    /// It alone; its outputs are tensors of the ONNX graph.
    pub(super) graph: Graph,
    /// The same as it was imported.
    pub(super) imported: Graph,
    /// Multiply-accumulates of it.
    pub(super) macs: u64,
}

/// Cuts a region where the accelerator's work ends, `None` where there is none for it.
pub(super) fn cut(region: &Region, proto: &GraphProto) -> Option<Cut> {
    let refused = region.refused.iter().flat_map(|refused| &proto.node[refused.node].input);
    let read: BTreeSet<&str> =
        refused.map(String::as_str).chain(proto.output.iter().map(|info| info.name())).collect();
    let ends: Vec<TensorId> = read.iter().filter_map(|name| region.known.get(*name).copied()).collect();
    let ends: Vec<TensorId> = ends.into_iter().filter(|&id| id != region.graph.input()).collect();
    if ends.is_empty() {
        return None;
    }
    let mut graph = region.graph.clone();
    graph.set_outputs(ends);
    let mut graph = passes::optimise(&graph);
    let exits = exits(&graph, |name| region.known.contains_key(name));
    if exits.is_empty() {
        return None;
    }
    let names = exits.iter().map(|&id| region.known[&graph.tensor(id).name]).collect();
    let mut imported = region.graph.clone();
    imported.set_outputs(names);
    graph.set_outputs(exits);
    let graph = passes::optimise(&graph);
    let works = graph.nodes().iter().any(|node| !node.op.keeps_values());
    let macs = |layer: crate::graph::Layer<'_>| (layer.conv.weights.len() * layer.output.pixels()) as u64;
    works.then(|| Cut { macs: graph.layers().map(macs).sum(), graph, imported })
}

/// The tensors with which the accelerator's work ends. Each is one of the ONNX graph, and a map of its own.
fn exits(graph: &Graph, is_onnx: impl Fn(&str) -> bool) -> Vec<TensorId> {
    let mut able: Vec<bool> = graph.nodes().iter().map(|node| runs_on_array(graph, node)).collect();
    loop {
        let exits = ends(graph, &able);
        let root = |mut id: TensorId| {
            while let Some(node) =
                graph.nodes().iter().find(|node| node.output == id && node.op.keeps_values())
            {
                id = node.inputs[0];
            }
            id
        };
        let wrong = exits.iter().find(|&&id| {
            let shared = exits.iter().any(|&other| other != id && root(other) == root(id));
            let alias = root(id) != id;
            !is_onnx(&graph.tensor(id).name) || root(id) == graph.input() || alias && shared
        });
        let Some(&wrong) = wrong else { return exits };
        let writer = graph.nodes().iter().position(|node| node.output == wrong);
        able[writer.expect("exits are written by nodes")] = false;
    }
}

/// Tensors of nodes that run on the accelerator, with all before them, which are outputs or which others read.
fn ends(graph: &Graph, able: &[bool]) -> Vec<TensorId> {
    let mut there = vec![false; graph.tensors().len()];
    there[graph.input().index()] = graph.tensor(graph.input()).shape.as_map().is_some();
    let mut outside = vec![false; graph.tensors().len()];
    for (node, &able) in graph.nodes().iter().zip(able) {
        let runs = able && node.inputs.iter().all(|id| there[id.index()]);
        there[node.output.index()] = runs;
        if !runs {
            node.inputs.iter().for_each(|id| outside[id.index()] = true);
        }
    }
    graph.outputs().iter().for_each(|id| outside[id.index()] = true);
    let written = graph.nodes().iter().map(|node| node.output);
    written.filter(|id| there[id.index()] && outside[id.index()]).collect()
}

/// Whether the quantizer and the compiler have an operator, between these shapes.
fn runs_on_array(graph: &Graph, node: &Node) -> bool {
    let map = |id: TensorId| graph.tensor(id).shape.as_map();
    let maps = node.inputs.iter().all(|&id| map(id).is_some()) && map(node.output).is_some();
    maps && match &node.op {
        Op::Conv(_) | Op::MaxPool(_) | Op::AveragePool { .. } | Op::Add(_) | Op::Channels(_) => true,
        Op::Interpolate(_) | Op::Resize(_) | Op::Unary(_) | Op::Clip(_) => true,
        Op::Mul => map(node.inputs[1]).is_some_and(|gate| gate.pixels() == 1),
        op => op.keeps_values() && map(node.inputs[0]) == map(node.output),
    }
}
