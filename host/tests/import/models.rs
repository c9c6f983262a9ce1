//! Small ONNX models, made with the protobuf types.

use pleach_host::import::proto::attribute_proto::AttributeType;
use pleach_host::import::proto::tensor_proto::DataType;
use pleach_host::import::proto::tensor_shape_proto::{Dimension, dimension};
use pleach_host::import::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
    TypeProto, ValueInfoProto, type_proto,
};
use pleach_host::import::{self, ImportError, Model};
use prost::Message;
use std::collections::BTreeMap;

/// A float initializer; values are small and all different.
pub fn weights(name: &str, dims: &[i64]) -> TensorProto {
    let count: i64 = dims.iter().product();
    let value = |index: i64| ((index * 37 + 11) % 101) as f32 / 50.0 - 1.0;
    floats(name, dims, (0..count).map(value).collect())
}

/// A float initializer.
pub fn floats(name: &str, dims: &[i64], values: Vec<f32>) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: dims.to_vec(),
        data_type: Some(DataType::Float as i32),
        float_data: values,
        ..TensorProto::default()
    }
}

/// An int64 initializer.
pub fn integers(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: vec![values.len() as i64],
        data_type: Some(DataType::Int64 as i32),
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}

/// A node called as its output.
pub fn node(operator: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: Some(operator.to_owned()),
        name: Some(output.to_owned()),
        input: inputs.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

/// An attribute, of any type.
#[derive(Clone)]
pub enum Value<'a> {
    Int(i64),
    Float(f32),
    Ints(&'a [i64]),
    Text(&'a str),
    Tensor(Box<TensorProto>),
}

/// The node with one attribute more.
pub fn with(mut node: NodeProto, name: &str, value: Value<'_>) -> NodeProto {
    let mut attribute = AttributeProto { name: Some(name.to_owned()), ..AttributeProto::default() };
    let kind = match value {
        Value::Int(value) => {
            attribute.i = Some(value);
            AttributeType::Int
        }
        Value::Float(value) => {
            attribute.f = Some(value);
            AttributeType::Float
        }
        Value::Ints(values) => {
            attribute.ints = values.to_vec();
            AttributeType::Ints
        }
        Value::Text(text) => {
            attribute.s = Some(text.as_bytes().to_vec());
            AttributeType::String
        }
        Value::Tensor(tensor) => {
            attribute.t = Some(*tensor);
            AttributeType::Tensor
        }
    };
    attribute.r#type = Some(kind as i32);
    node.attribute.push(attribute);
    node
}

/// A float tensor's name and shape; -1 stands for a dynamic dimension called as its position.
pub fn info(name: &str, dims: &[i64]) -> ValueInfoProto {
    let dim = |(axis, &size): (usize, &i64)| {
        let value = if size < 0 {
            dimension::Value::DimParam(format!("d{axis}"))
        } else {
            dimension::Value::DimValue(size)
        };
        Dimension { value: Some(value), ..Dimension::default() }
    };
    let shape = Some(TensorShapeProto { dim: dims.iter().enumerate().map(dim).collect() });
    let tensor = type_proto::Tensor { elem_type: Some(DataType::Float as i32), shape };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: Some(name.to_owned()), r#type: Some(r#type), ..ValueInfoProto::default() }
}

/// A model whose input is `x` and whose output is that of the last node.
pub fn model(input: &[i64], nodes: Vec<NodeProto>, initializers: Vec<TensorProto>) -> ModelProto {
    let output = nodes.last().map_or("x", |node| &node.output[0]).to_owned();
    let graph = GraphProto {
        name: Some("net".to_owned()),
        input: vec![info("x", input)],
        output: vec![info(&output, &[])],
        node: nodes,
        initializer: initializers,
        ..GraphProto::default()
    };
    let opset = OperatorSetIdProto { domain: None, version: Some(17) };
    ModelProto { ir_version: Some(8), opset_import: vec![opset], graph: Some(graph), ..ModelProto::default() }
}

/// Writes the bytes to `net.onnx` in a fresh folder and imports it.
pub fn import_bytes(bytes: &[u8], shapes: &BTreeMap<String, Vec<usize>>) -> Result<Model, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    std::fs::write(&path, bytes).unwrap();
    import::load(&path, shapes)
}

/// Imports a model without given shapes.
pub fn import(model: &ModelProto) -> Result<Model, ImportError> {
    import_bytes(&model.encode_to_vec(), &BTreeMap::new())
}

/// The node with other outputs.
pub fn with_outputs(mut node: NodeProto, outputs: &[&str]) -> NodeProto {
    node.output = outputs.iter().map(|name| (*name).to_owned()).collect();
    node
}

/// The model with other outputs.
pub fn returning(mut model: ModelProto, outputs: &[&str]) -> ModelProto {
    let graph = model.graph.as_mut().expect("models of tests have a graph");
    graph.output = outputs.iter().map(|name| info(name, &[])).collect();
    model
}

/// The model in another operator set.
pub fn opset(mut model: ModelProto, version: i64) -> ModelProto {
    model.opset_import[0].version = Some(version);
    model
}
