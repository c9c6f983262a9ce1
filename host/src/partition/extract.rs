//! A part of an ONNX graph as a model of its own.

use crate::cpu::Port;
use crate::import::proto::tensor_shape_proto::{Dimension, dimension};
use crate::import::proto::{
    GraphProto, ModelProto, NodeProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};
use std::collections::BTreeSet;

/// The nodes that make `wanted` of given tensors, by index, and the given tensors that they read.
pub(super) struct Needed {
    pub(super) nodes: BTreeSet<usize>,
    pub(super) given: BTreeSet<String>,
}

/// Goes back from `wanted` to tensors for which `is_given` says yes.
pub(super) fn needed(graph: &GraphProto, wanted: &[String], is_given: impl Fn(&str) -> bool) -> Needed {
    let mut needed = Needed { nodes: BTreeSet::new(), given: BTreeSet::new() };
    let mut stack: Vec<String> = wanted.to_vec();
    while let Some(name) = stack.pop() {
        if is_given(&name) {
            needed.given.insert(name);
            continue;
        }
        let writer = graph.node.iter().position(|node| node.output.contains(&name));
        if let Some(index) = writer
            && needed.nodes.insert(index)
        {
            stack.extend(reads(&graph.node[index]));
        }
    }
    needed
}

/// What a node reads, graphs inside of it included.
fn reads(node: &NodeProto) -> Vec<String> {
    let mut names: Vec<String> = node.input.iter().filter(|name| !name.is_empty()).cloned().collect();
    for graph in node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs)) {
        names.extend(graph.node.iter().flat_map(reads));
        names.extend(graph.output.iter().map(|info| info.name().to_owned()));
    }
    names
}

/// The model of these nodes.
pub(super) fn model(
    model: &ModelProto,
    nodes: &BTreeSet<usize>,
    inputs: &[Port],
    outputs: &[String],
) -> ModelProto {
    let whole = model.graph.as_ref().expect("the graph was imported");
    let node: Vec<NodeProto> = nodes.iter().map(|&index| whole.node[index].clone()).collect();
    let read: BTreeSet<String> = node.iter().flat_map(reads).collect();
    let initializer = whole.initializer.iter().filter(|tensor| read.contains(tensor.name()));
    let graph = GraphProto {
        name: whole.name.clone(),
        initializer: initializer.cloned().collect(),
        input: inputs.iter().map(|port| info(&port.name, Some(port))).collect(),
        output: outputs.iter().map(|name| info(name, None)).collect(),
        node,
        ..GraphProto::default()
    };
    ModelProto {
        ir_version: model.ir_version,
        opset_import: model.opset_import.clone(),
        functions: model.functions.clone(),
        graph: Some(graph),
        ..ModelProto::default()
    }
}

fn info(name: &str, port: Option<&Port>) -> ValueInfoProto {
    let dim = |&size: &usize| Dimension {
        value: Some(dimension::Value::DimValue(size as i64)),
        ..Dimension::default()
    };
    let tensor = |port: &Port| TypeProto {
        value: Some(type_proto::Value::TensorType(type_proto::Tensor {
            elem_type: Some(port.element),
            shape: Some(TensorShapeProto { dim: port.dims.iter().map(dim).collect() }),
        })),
        ..TypeProto::default()
    };
    ValueInfoProto { name: Some(name.to_owned()), r#type: port.map(tensor), ..ValueInfoProto::default() }
}
