//! `Constant`: a tensor in an attribute.

use super::super::error::Problem;
use super::super::node::{Constant, Imported, Node};
use super::super::proto::TensorProto;
use super::super::proto::tensor_proto::DataType;
use std::rc::Rc;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    if let Some(tensor) = node.attribute("value").and_then(|attribute| attribute.t.as_ref()) {
        return Ok(Imported::Constant(Constant::Stored(tensor)));
    }
    let floats = |values: &[f32], dims: Vec<i64>| TensorProto {
        data_type: Some(DataType::Float as i32),
        float_data: values.to_vec(),
        dims,
        ..TensorProto::default()
    };
    let integers = |values: &[i64], dims: Vec<i64>| TensorProto {
        data_type: Some(DataType::Int64 as i32),
        int64_data: values.to_vec(),
        dims,
        ..TensorProto::default()
    };
    let one = node.proto.attribute.iter().find_map(|attribute| match attribute.name() {
        "value_float" => attribute.f.map(|value| floats(&[value], Vec::new())),
        "value_int" => attribute.i.map(|value| integers(&[value], Vec::new())),
        "value_floats" => Some(floats(&attribute.floats, vec![attribute.floats.len() as i64])),
        "value_ints" => Some(integers(&attribute.ints, vec![attribute.ints.len() as i64])),
        _ => None,
    });
    one.map(|tensor| Imported::Constant(Constant::Made(Rc::new(tensor)))).ok_or_else(|| {
        node.usage(
            "holds neither floats nor integers".to_owned(),
            "value, value_float, value_floats, value_int and value_ints are supported",
        )
    })
}
