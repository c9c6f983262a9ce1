//! Short forms of ONNX's messages.

use crate::import::proto::attribute_proto::AttributeType;
use crate::import::proto::tensor_proto::DataType;
use crate::import::proto::tensor_shape_proto::{Dimension, dimension};
use crate::import::proto::{
    AttributeProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

fn tensor(name: &str, dims: &[usize], kind: DataType, bytes: Vec<u8>) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: dims.iter().map(|&dim| dim as i64).collect(),
        data_type: Some(kind as i32),
        raw_data: Some(bytes.into()),
        ..TensorProto::default()
    }
}

/// A constant of f32.
pub(super) fn floats(name: &str, dims: &[usize], values: &[f32]) -> TensorProto {
    tensor(name, dims, DataType::Float, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

/// A constant of int8.
pub(super) fn bytes(name: &str, dims: &[usize], values: &[i8]) -> TensorProto {
    tensor(name, dims, DataType::Int8, values.iter().map(|&value| value as u8).collect())
}

/// A constant of int32.
pub(super) fn words(name: &str, dims: &[usize], values: &[i32]) -> TensorProto {
    tensor(name, dims, DataType::Int32, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

/// A constant vector of int64.
pub(super) fn indices(name: &str, values: &[i64]) -> TensorProto {
    tensor(
        name,
        &[values.len()],
        DataType::Int64,
        values.iter().flat_map(|value| value.to_le_bytes()).collect(),
    )
}

/// An attribute of one integer.
pub(super) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        i: Some(value),
        r#type: Some(AttributeType::Int as i32),
        ..AttributeProto::default()
    }
}

/// An attribute of one float.
pub(super) fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        f: Some(value),
        r#type: Some(AttributeType::Float as i32),
        ..AttributeProto::default()
    }
}

/// An attribute of a word.
pub(super) fn text(name: &str, value: &'static str) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        s: Some(value.as_bytes().to_vec()),
        r#type: Some(AttributeType::String as i32),
        ..AttributeProto::default()
    }
}

/// An attribute of integers.
pub(super) fn ints(name: &str, values: &[usize]) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        ints: values.iter().map(|&value| value as i64).collect(),
        r#type: Some(AttributeType::Ints as i32),
        ..AttributeProto::default()
    }
}

/// An input or output of the graph: f32, any batch.
pub(super) fn value(name: &str, dims: &[usize]) -> ValueInfoProto {
    let batch =
        Dimension { value: Some(dimension::Value::DimParam("batch".to_owned())), ..Dimension::default() };
    let fixed = |&size: &usize| Dimension {
        value: Some(dimension::Value::DimValue(size as i64)),
        ..Dimension::default()
    };
    let shape = TensorShapeProto { dim: std::iter::once(batch).chain(dims.iter().map(fixed)).collect() };
    let tensor = type_proto::Tensor { elem_type: Some(DataType::Float as i32), shape: Some(shape) };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: Some(name.to_owned()), r#type: Some(r#type), ..ValueInfoProto::default() }
}
