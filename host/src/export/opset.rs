//! Nodes of an operator set before 13 in the words of set 13, with which QDQ begins: attributes become inputs, and names change.
//!
//! Operators that are not here mean the same in both.

use super::ExportError;
use super::proto::{floats, indices, int, text};
use crate::import::display_name;
use crate::import::proto::{AttributeProto, GraphProto, NodeProto, TensorProto};

/// Nodes and their constants, raised from one operator set to 13.
pub(super) struct Raised {
    pub(super) nodes: Vec<NodeProto>,
    pub(super) constants: Vec<TensorProto>,
}

/// Raises the nodes of a graph of the operator set `from`; does nothing from 13 on.
///
/// # Errors
/// [`ExportError::Opset`] for a node that cannot be said in set 13.
pub(super) fn raise(graph: GraphProto, from: i64) -> Result<Raised, ExportError> {
    let mut raised = Raised { nodes: Vec::new(), constants: graph.initializer };
    for node in graph.node {
        match from < 13 && matches!(node.domain(), "" | "ai.onnx") {
            true => raised.add(node, from)?,
            false => raised.nodes.push(node),
        }
    }
    Ok(raised)
}

impl Raised {
    fn add(&mut self, mut node: NodeProto, from: i64) -> Result<(), ExportError> {
        let refused = |node: &NodeProto| ExportError::Opset {
            node: display_name(node).to_owned(),
            operator: node.op_type().to_owned(),
            opset: from,
        };
        if node.attribute.iter().any(|attribute| attribute.g.is_some() || !attribute.graphs.is_empty()) {
            return Err(refused(&node));
        }
        match node.op_type() {
            "Softmax" | "LogSoftmax" | "Hardmax" => {
                self.over_all_behind_the_axis(node);
                return Ok(());
            }
            "Squeeze" | "Unsqueeze" | "ReduceSum" => self.integers_become_inputs(&mut node, &["axes"]),
            "Split" => self.integers_become_inputs(&mut node, &["split"]),
            "Slice" if from < 10 => self.integers_become_inputs(&mut node, &["starts", "ends", "axes"]),
            "Clip" if from < 11 => self.floats_become_inputs(&mut node, &["min", "max"]),
            "Pad" if from < 11 => {
                self.integers_become_inputs(&mut node, &["pads"]);
                self.floats_become_inputs(&mut node, &["value"]);
            }
            // The identity in inference; what it does not drop, its second output, has another type since.
            "Dropout" if from < 12 && node.output.iter().skip(1).all(String::is_empty) => {
                node.attribute.clear();
            }
            "BatchNormalization" if from < 9 => match taken(&mut node, "spatial").and_then(|a| a.i) {
                None | Some(1) => {}
                Some(_) => return Err(refused(&node)),
            },
            "Resize" if from < 11 => {
                node.input.insert(1, String::new());
                node.attribute.push(text("coordinate_transformation_mode", "asymmetric"));
                node.attribute.push(text("nearest_mode", "floor"));
            }
            "Scatter" => node.op_type = Some("ScatterElements".to_owned()),
            "Dropout" if from < 12 => return Err(refused(&node)),
            "Scan" if from < 9 => return Err(refused(&node)),
            _ => {}
        }
        self.nodes.push(node);
        Ok(())
    }

    /// A constant for an input that the node does not have yet; returns its name.
    fn constant(&mut self, node: &NodeProto, make: impl Fn(&str) -> TensorProto) -> String {
        let name = format!("{}/input{}", node.output[0], node.input.len());
        self.constants.push(make(&name));
        name
    }

    fn integers_become_inputs(&mut self, node: &mut NodeProto, names: &[&str]) {
        for name in names {
            let Some(attribute) = taken(node, name) else { continue };
            let values: Vec<i64> = attribute.ints.iter().copied().chain(attribute.i).collect();
            let constant = self.constant(node, |name| indices(name, &values));
            node.input.push(constant);
        }
    }

    fn floats_become_inputs(&mut self, node: &mut NodeProto, names: &[&str]) {
        for name in names {
            let input = match taken(node, name).and_then(|attribute| attribute.f) {
                Some(value) => self.constant(node, |name| floats(name, &[], &[value])),
                None => String::new(),
            };
            node.input.push(input);
        }
    }

    /// Before 13 these took all dimensions from the axis on as one.
    fn over_all_behind_the_axis(&mut self, mut node: NodeProto) {
        let axis = taken(&mut node, "axis").and_then(|attribute| attribute.i).unwrap_or(1);
        let (x, y) = (node.input[0].clone(), node.output[0].clone());
        let between = ["flat", "shape", "result"].map(|part| format!("{y}/{part}"));
        let [flat, shape, result] = between.each_ref().map(String::as_str);
        let flatten = NodeProto { attribute: vec![int("axis", axis)], ..plain("Flatten", &[&x], flat) };
        node.name = Some(result.to_owned());
        node.input = vec![flat.to_owned()];
        node.output = vec![result.to_owned()];
        node.attribute.push(int("axis", 1));
        let reshape = plain("Reshape", &[result, shape], &y);
        self.nodes.extend([flatten, node, plain("Shape", &[&x], shape), reshape]);
    }
}

/// A node called as what it writes.
fn plain(operator: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: Some(operator.to_owned()),
        name: Some(output.to_owned()),
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

/// Takes an attribute out of a node.
fn taken(node: &mut NodeProto, name: &str) -> Option<AttributeProto> {
    let index = node.attribute.iter().position(|attribute| attribute.name() == name)?;
    Some(node.attribute.remove(index))
}
