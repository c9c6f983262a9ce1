//! Nodes of constants only, and those that ask for a shape: their outputs are constants for the nodes behind.

use super::error::Problem;
use super::node::{Constant, Node, Value};
use super::proto::TensorProto;
use super::proto::tensor_proto::DataType;
use super::tensor;
use crate::cpu::{self, FoldError};
use std::rc::Rc;

/// The outputs of a node that depend on no activation's values; `None` for all other nodes.
///
/// # Errors
/// Constants that cannot be had, or that the operator cannot work on.
pub(super) fn constants<'m>(node: &Node<'m>) -> Result<Option<Vec<Constant<'m>>>, Problem> {
    let made = |tensor| Constant::Made(Rc::new(tensor));
    match node.proto.op_type() {
        "Shape" => return Ok(shape(node)?.map(|tensor| vec![made(tensor)])),
        "ConstantOfShape" => return filled(node).map(|tensor| Some(vec![made(tensor)])),
        _ => {}
    }
    let mut inputs = Vec::new();
    for (index, value) in node.inputs.iter().enumerate() {
        match value {
            None => {}
            Some(Value::Constant(constant)) => inputs.push(TensorProto {
                name: Some(node.proto.input[index].clone()),
                ..tensor::inside(constant, node.folder).map_err(|reason| Problem::Initializer {
                    name: node.proto.input[index].clone(),
                    reason,
                })?
            }),
            Some(Value::Activation(..)) => return Ok(None),
        }
    }
    if inputs.is_empty() {
        return Ok(None);
    }
    inputs.sort_by(|a, b| a.name().cmp(b.name()));
    inputs.dedup_by(|a, b| a.name() == b.name());
    match cpu::fold(node.proto, inputs, node.opset) {
        Ok(outputs) => Ok(Some(outputs.into_iter().map(made).collect())),
        // Its importer says what it thinks of constants.
        Err(FoldError::Operator) => Ok(None),
        Err(FoldError::Size) => Err(node.usage(
            "makes a constant of more elements than any tensor may have, or of an unknown size".to_owned(),
            "check the model with onnx.checker.check_model",
        )),
        Err(FoldError::Failed(reason)) => Err(node.usage(
            format!("its constants cannot be computed: {reason}"),
            "check the model with onnx.checker.check_model, or run onnxsim over it",
        )),
    }
}

/// `Shape` of an activation, batch included, or of a constant.
fn shape(node: &Node<'_>) -> Result<Option<TensorProto>, Problem> {
    let dims: Vec<i64> = match node.inputs.first() {
        Some(Some(Value::Constant(constant))) => constant.dims.clone(),
        Some(Some(Value::Activation(_, shape))) => {
            std::iter::once(1).chain(shape.dims().iter().map(|&dim| dim as i64)).collect()
        }
        _ => return Ok(None),
    };
    let rank = dims.len() as i64;
    let limit = |at: i64| (if at < 0 { at.saturating_add(rank) } else { at }).clamp(0, rank) as usize;
    let (start, end) = (limit(node.int("start", 0)?), limit(node.int("end", rank)?));
    let part = dims.get(start..end).unwrap_or_default().to_vec();
    Ok(Some(TensorProto {
        dims: vec![part.len() as i64],
        data_type: Some(DataType::Int64 as i32),
        int64_data: part,
        ..TensorProto::default()
    }))
}

/// `ConstantOfShape`: one value, 0.0 where none is said, as often as a constant shape says.
fn filled(node: &Node<'_>) -> Result<TensorProto, Problem> {
    let dims = node.integers(0, "shape")?;
    let value = node.attribute("value").and_then(|attribute| attribute.t.clone());
    let one = value.unwrap_or_else(|| TensorProto {
        dims: vec![1],
        data_type: Some(DataType::Float as i32),
        float_data: vec![0.0],
        ..TensorProto::default()
    });
    tensor::repeated(&one, dims, node.folder)
        .map_err(|reason| Problem::Initializer { name: node.name.clone(), reason })
}
