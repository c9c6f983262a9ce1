//! Types and shapes: of a graph's inputs as declared, and of all its tensors as tract infers them.

use super::{CpuError, CpuNode, element_name, guarded, limits};
use crate::graph::join;
use crate::import::proto::{ModelProto, NodeProto, ValueInfoProto};
use crate::import::{Problem, input_dims, nodes_in_order};
use pleach_spec::network::MapShape;
use prost::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tract_onnx::prelude::{DatumType, Framework, InferenceFact, InferenceModelExt, Tensor};
use tract_onnx::tract_hir::infer::Factoid;

/// A tensor that goes into a graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// Name in the ONNX graph.
    pub name: String,
    /// Code of its element type in ONNX.
    pub element: i32,
    /// Shape, batch included.
    pub dims: Vec<usize>,
}

/// Element types by their codes in ONNX.
const TYPES: [(i32, DatumType); 13] = [
    (1, DatumType::F32),
    (2, DatumType::U8),
    (3, DatumType::I8),
    (4, DatumType::U16),
    (5, DatumType::I16),
    (6, DatumType::I32),
    (7, DatumType::I64),
    (8, DatumType::String),
    (9, DatumType::Bool),
    (10, DatumType::F16),
    (11, DatumType::F64),
    (12, DatumType::U32),
    (13, DatumType::U64),
];

impl Port {
    /// Code of `float32`.
    pub const FLOAT: i32 = 1;
    /// Code of `uint8`.
    pub const UINT8: i32 = 2;
    /// Code of `int8`.
    pub const INT8: i32 = 3;

    /// An input of floats.
    pub fn floats(name: &str, dims: Vec<usize>) -> Self {
        Self { name: name.to_owned(), element: Self::FLOAT, dims }
    }

    /// The map that it is, if it is a batch of one image or vector of floats.
    pub fn image_shape(&self) -> Option<MapShape> {
        match (self.element, &self.dims[..]) {
            (Self::FLOAT, &[1, channels, height, width]) => Some(MapShape { channels, height, width }),
            (Self::FLOAT, &[1, channels]) => Some(MapShape { channels, height: 1, width: 1 }),
            _ => None,
        }
    }

    /// tract's name of the element type.
    pub fn datum(&self) -> Option<DatumType> {
        TYPES.iter().find(|(code, _)| *code == self.element).map(|(_, datum)| *datum)
    }

    /// What tract must know of the input.
    pub(super) fn fact(&self) -> InferenceFact {
        let datum = self.datum().unwrap_or(DatumType::F32);
        InferenceFact::dt_shape(datum, self.dims.as_slice())
    }

    /// The single images of a tensor that holds one or more of them along its first axis.
    ///
    /// # Errors
    /// A tensor of another type or shape.
    pub fn images(&self, tensor: &Tensor) -> Result<Vec<Tensor>, CpuError> {
        let batched = self.dims.first() == Some(&1) && tensor.shape().get(1..) == self.dims.get(1..);
        if !batched {
            self.accepts(tensor)?;
            return Ok(vec![tensor.clone()]);
        }
        let failed = |error| CpuError::Run { reason: format!("{error:#}") };
        let image = |index| {
            let image = tensor.slice(0, index, index + 1).map_err(failed)?;
            self.accepts(&image).map(|()| image)
        };
        (0..tensor.shape()[0]).map(image).collect()
    }

    /// Refuses a tensor of another type or shape.
    pub(super) fn accepts(&self, tensor: &Tensor) -> Result<(), CpuError> {
        if Some(tensor.datum_type().unquantized()) == self.datum() && tensor.shape() == self.dims {
            return Ok(());
        }
        let describe = |datum: Option<DatumType>, dims: &[usize]| {
            format!("{} of shape {}", datum.map_or("an unknown type", element_name), join(dims))
        };
        Err(CpuError::Input {
            input: self.name.clone(),
            expected: describe(self.datum(), &self.dims),
            found: describe(Some(tensor.datum_type()), tensor.shape()),
        })
    }
}

/// The inputs that a graph declares, initializers left out; dynamic dimensions from `shapes`, a dynamic batch is 1.
///
/// # Errors
/// An input without type or with a dynamic shape, or a shape for something else.
pub fn input_ports(model: &ModelProto, shapes: &BTreeMap<String, Vec<usize>>) -> Result<Vec<Port>, CpuError> {
    let graph = model.graph.as_ref().ok_or(Problem::Incomplete { part: "graph" })?;
    let constant =
        |info: &&ValueInfoProto| graph.initializer.iter().any(|tensor| tensor.name() == info.name());
    let infos: Vec<&ValueInfoProto> = graph.input.iter().filter(|info| !constant(info)).collect();
    if let Some(stranger) = shapes.keys().find(|key| infos.iter().all(|info| info.name() != **key)) {
        let names: Vec<&str> = infos.iter().map(|info| info.name()).collect();
        return Err(Problem::ShapeName { name: stranger.clone(), input: names.join("', '") }.into());
    }
    let port = |info: &&ValueInfoProto| {
        let (dims, element) = input_dims(info, shapes)?;
        Ok(Port { name: info.name().to_owned(), element, dims })
    };
    infos.iter().map(port).collect()
}

/// Types and shapes of the tensors of a graph, by name; those that tract cannot infer are missing.
pub struct Facts {
    tensors: BTreeMap<String, Port>,
}

impl Facts {
    /// Of a whole graph.
    ///
    /// # Errors
    /// An operator that tract does not have, or a graph that it cannot read.
    pub fn of(model: &ModelProto, inputs: &[Port]) -> Result<Self, CpuError> {
        check(model)?;
        let tensors = guarded(|| {
            let bytes = model.encode_to_vec();
            let onnx = tract_onnx::onnx();
            let proto = onnx.proto_model_for_read(&mut bytes.as_slice())?;
            let mut parsed = onnx.parse(&proto, None)?;
            for (index, port) in inputs.iter().enumerate() {
                parsed.model.set_input_fact(index, port.fact())?;
            }
            // What can be inferred; a contradiction is found when the model is prepared.
            let _ = parsed.model.analyse(true);
            let mut tensors = BTreeMap::new();
            for (name, &outlet) in &parsed.outlets_by_name {
                tensors
                    .extend(port(name, parsed.model.outlet_fact(outlet)?).map(|port| (name.clone(), port)));
            }
            Ok(tensors)
        });
        let name = model.graph.as_ref().map_or("", |graph| graph.name());
        let tensors = tensors.map_err(|reason| CpuError::Prepare { graph: name.to_owned(), reason })?;
        Ok(Self { tensors })
    }

    /// What is known of a tensor.
    pub fn get(&self, tensor: &str) -> Option<&Port> {
        self.tensors.get(tensor)
    }

    /// The nodes of the graph, in an order in which they can run.
    pub fn nodes(&self, model: &ModelProto) -> Vec<CpuNode> {
        let dims = |node: &NodeProto| {
            let port = node.output.first().and_then(|name| self.get(name));
            port.map_or_else(Vec::new, |port| port.dims.clone())
        };
        let of = |node: &NodeProto| CpuNode {
            name: crate::import::display_name(node).to_owned(),
            op: operator(node),
            dims: dims(node),
        };
        nodes_in_order(model).unwrap_or_default().into_iter().map(of).collect()
    }
}

fn port(name: &str, fact: &InferenceFact) -> Option<Port> {
    let datum = fact.datum_type.concretize()?.unquantized();
    let (element, _) = TYPES.iter().find(|(_, known)| *known == datum)?;
    let dims = fact.shape.concretize()?;
    let dims = dims.iter().map(|dim| dim.to_i64().ok().and_then(|dim| usize::try_from(dim).ok()));
    Some(Port { name: name.to_owned(), element: *element, dims: dims.collect::<Option<_>>()? })
}

/// The operator of a node, with the domain if it is a foreign one.
pub(super) fn operator(node: &NodeProto) -> String {
    match node.domain() {
        "" | "ai.onnx" => node.op_type().to_owned(),
        domain => format!("{domain}.{}", node.op_type()),
    }
}

/// Whether a node is of ONNX itself, or the same by another name: tract knows operators by their names only.
fn is_standard(node: &NodeProto) -> bool {
    match node.domain() {
        "" | "ai.onnx" | "ai.onnx.ml" => true,
        "com.microsoft" => ["QuantizeLinear", "DequantizeLinear"].contains(&node.op_type()),
        _ => false,
    }
}

/// Whether the graph is whole, and tract has all its operators.
pub(super) fn check(model: &ModelProto) -> Result<(), CpuError> {
    let nodes = nodes_in_order(model)?;
    let known = tract_onnx::onnx().op_register.0;
    match nodes.iter().find(|node| !(is_standard(node) && known.contains_key(node.op_type()))) {
        None => nodes.into_iter().try_for_each(limits::check),
        Some(node) => Err(CpuError::Operator {
            node: crate::import::display_name(node).to_owned(),
            operator: operator(node),
        }),
    }
}
