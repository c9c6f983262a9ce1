//! Models that are quantized already: ONNX -> [`Network`] with the scales, zero points and weights of the file.
//!
//! Nodes are gone through in order. A float tensor is not a map but what it will be when it is quantized ([`value::Float`]): a function
//! of the bytes of a map, a weighted sum, an addition. `QuantizeLinear` makes a layer of it. QLinear operators are the same with the
//! `DequantizeLinear` before and the `QuantizeLinear` behind in one node. uint8 tensors are less 128 throughout, zero points too.

mod bytes;
mod channels;
mod float;
mod graph;
mod linear;
mod maps;
mod nodes;
mod real;
mod value;
mod view;

use super::error::{ImportError, Problem};
use super::proto::tensor_proto::DataType;
use super::proto::{ModelProto, NodeProto, ValueInfoProto};
use super::{file, input};
use crate::interface::Interface;
use pleach_spec::network::Network;
use std::collections::BTreeMap;
use std::path::Path;

/// A quantized model.
#[derive(Clone, Debug)]
pub struct Quantized {
    /// What it computes.
    pub network: Network,
    /// What goes in and comes out.
    pub interface: Interface,
}

/// Operators that only quantized models have.
const OPERATORS: [&str; 5] =
    ["QuantizeLinear", "DequantizeLinear", "ConvInteger", "MatMulInteger", "DynamicQuantizeLinear"];

/// Whether only quantized models have the node's operator.
pub fn is_integer(node: &NodeProto) -> bool {
    let operator = node.op_type();
    OPERATORS.contains(&operator) || operator.starts_with("QLinear") || operator == "QGemm"
}

/// Whether a model is quantized: by its operators, or because bytes go in.
pub fn is_quantized(model: &ModelProto) -> bool {
    let bytes =
        |info: &ValueInfoProto| matches!(input::element_type(info), Some(DataType::Int8 | DataType::Uint8));
    model
        .graph
        .as_ref()
        .is_some_and(|graph| graph.node.iter().any(is_integer) || graph.input.iter().any(bytes))
}

/// Reads an ONNX file, if it holds a quantized model. `shapes`: see [`super::load`].
///
/// # Errors
/// Any [`Problem`].
pub fn load_quantized(
    path: &Path,
    shapes: &BTreeMap<String, Vec<usize>>,
) -> Result<Option<Quantized>, ImportError> {
    let located = |problem| ImportError { file: path.to_owned(), problem: Box::new(problem) };
    let proto = file::read(path).map_err(located)?;
    if !is_quantized(&proto) {
        return Ok(None);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    graph::import(&proto, folder, shapes).map(Some).map_err(located)
}

/// The quantized model in memory, with all its constants and fixed shapes; errors call it by its graph's name.
///
/// # Errors
/// Any [`Problem`].
pub fn quantized(model: &ModelProto) -> Result<Quantized, ImportError> {
    let name = model.graph.as_ref().map_or("model", |graph| graph.name());
    graph::import(model, Path::new(""), &BTreeMap::new())
        .map_err(|problem| ImportError { file: name.into(), problem: Box::new(problem) })
}
