//! Quantized network -> ONNX with QuantizeLinear and DequantizeLinear around float operators (QDQ), which every runtime reads.
//!
//! Weights are int8 with a scale for each output channel (axis 0), biases int32 in units of `x_scale * w_scale`. Weights of fewer
//! bits are int8 numbers that need no more: ONNX has no type of 2 or 1 bits.

mod operators;
mod opset;
mod proto;
mod whole;

pub use whole::{Parts, whole};

use crate::graph::{Graph, Node};
use crate::import::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
};
use miette::Diagnostic;
use pleach_spec::network::{Layer, Network};
use pleach_spec::write_whole;
use prost::Message;
use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Operator set and format version of the files: per-channel QDQ begins with 13.
const OPSET: i64 = 17;
const IR_VERSION: i64 = 8;

/// Why a network cannot be written.
#[derive(Debug, Error, Diagnostic)]
pub enum ExportError {
    /// The float graph is not the one that the network was made of.
    #[error("layer '{layer}' is not in the float graph")]
    #[diagnostic(help("export with the graph that was quantized, after `optimise`"))]
    Foreign {
        /// Name of the layer.
        layer: String,
    },
    /// A node beside the accelerator's part cannot be written.
    #[error(
        "node '{node}' ({operator}) is of operator set {opset}, and cannot be said in set 13, with which quantized models begin"
    )]
    #[diagnostic(help(
        "convert the float model first: onnx.version_converter.convert_version(model, 13) in Python, or export it again"
    ))]
    Opset {
        /// The node.
        node: String,
        /// Its operator.
        operator: String,
        /// The operator set of the model.
        opset: i64,
    },
    /// The file system refused it.
    #[error("cannot write {}: {reason}", file.display())]
    #[diagnostic(help("check the path and its permissions"))]
    Write {
        /// The file.
        file: PathBuf,
        /// Why not.
        reason: std::io::Error,
    },
}

/// Writes a model file, whole or not at all.
///
/// # Errors
/// [`ExportError::Write`].
pub fn write(model: &ModelProto, file: &Path) -> Result<(), ExportError> {
    write_whole(file, |whole| whole.write_all(&model.encode_to_vec()))
        .map_err(|reason| ExportError::Write { file: file.to_owned(), reason })
}

/// The QDQ model of a network, and of the optimised float graph that it was quantized from.
///
/// # Errors
/// [`ExportError::Foreign`].
pub fn qdq(graph: &Graph, network: &Network) -> Result<ModelProto, ExportError> {
    let vector = |name: &str| graph.tensors().iter().any(|t| t.name == name && t.shape.dims().len() == 1);
    let whole = graph.outputs().iter().map(|&id| graph.tensor(id).name.as_str());
    let mut writer = Writer {
        network,
        outputs: whole.filter(|name| !vector(name)).collect(),
        proto: GraphProto::default(),
    };
    writer.proto.name = Some(network.name.clone());
    let input = &network.tensors[network.input];
    let dims = |name: &str, shape: pleach_spec::network::MapShape| match vector(name) {
        true => vec![shape.channels],
        false => vec![shape.channels, shape.height, shape.width],
    };
    writer.proto.input = vec![proto::value(&input.name, &dims(&input.name, input.shape))];
    if vector(&input.name) {
        let axes = format!("{}/axes", input.name);
        writer.constant(proto::indices(&axes, &[2, 3]));
        writer.node("Unsqueeze", &format!("{}/map", input.name), vec![input.name.clone(), axes], vec![]);
        writer.quantize(network.input, format!("{}/map", input.name));
    } else {
        writer.quantize(network.input, input.name.clone());
    }
    for layer in &network.layers {
        let node = graph.nodes().iter().find(|node| node.name == layer.name);
        let node = node.ok_or_else(|| ExportError::Foreign { layer: layer.name.clone() })?;
        let output = writer.operator(layer, node);
        writer.quantize(layer.output, output);
    }
    for (&output, id) in network.outputs.iter().zip(graph.outputs()) {
        let tensor = &network.tensors[output];
        // The output may be the same values in another shape.
        let name = &graph.tensor(*id).name;
        let values = writer.dequantized(output);
        if vector(name) {
            writer.node("Flatten", name, vec![values], vec![proto::int("axis", 1)]);
        } else if *name != values {
            writer.node("Identity", name, vec![values], vec![]);
        }
        writer.proto.output.push(proto::value(name, &dims(name, tensor.shape)));
    }
    Ok(ModelProto {
        ir_version: Some(IR_VERSION),
        producer_name: Some("pleach".to_owned()),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(OPSET) }],
        graph: Some(writer.proto),
        ..ModelProto::default()
    })
}

/// A graph under construction. A node is called as the tensor it writes.
struct Writer<'a> {
    network: &'a Network,
    /// Outputs that are maps as they stand.
    outputs: HashSet<&'a str>,
    proto: GraphProto,
}

impl Writer<'_> {
    /// Name of the values of the network's tensor `index` behind its DequantizeLinear.
    fn dequantized(&self, index: usize) -> String {
        let name = &self.network.tensors[index].name;
        match self.outputs.contains(name.as_str()) {
            true => name.clone(),
            false => format!("{name}/dequantized"),
        }
    }

    fn constant(&mut self, tensor: TensorProto) -> String {
        let name = tensor.name().to_owned();
        if self.proto.initializer.iter().all(|known| known.name() != name) {
            self.proto.initializer.push(tensor);
        }
        name
    }

    fn node(
        &mut self,
        operator: &str,
        output: &str,
        inputs: Vec<String>,
        attributes: Vec<AttributeProto>,
    ) -> String {
        self.proto.node.push(NodeProto {
            op_type: Some(operator.to_owned()),
            name: Some(output.to_owned()),
            input: inputs,
            output: vec![output.to_owned()],
            attribute: attributes,
            ..NodeProto::default()
        });
        output.to_owned()
    }

    /// Quantizes and dequantizes the values of the network's tensor `index`.
    fn quantize(&mut self, index: usize, values: String) {
        let tensor = &self.network.tensors[index];
        let name = &tensor.name;
        let scale = self.constant(proto::floats(&format!("{name}/scale"), &[], &[tensor.quantization.scale]));
        let zero =
            self.constant(proto::bytes(&format!("{name}/zero"), &[], &[tensor.quantization.zero_point]));
        let quantized = format!("{name}/quantized");
        self.node("QuantizeLinear", &quantized, vec![values, scale.clone(), zero.clone()], vec![]);
        self.node("DequantizeLinear", &self.dequantized(index), vec![quantized, scale, zero], vec![]);
    }

    /// The float operator of a layer, and its clamp; returns the name of its result.
    fn operator(&mut self, layer: &Layer, node: &Node) -> String {
        let inputs = layer.inputs.iter().map(|&input| self.dequantized(input)).collect();
        operators::write(self, layer, node, inputs)
    }
}
