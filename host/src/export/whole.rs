//! A whole network again: the accelerator's part as QDQ, and what runs on this computer before and behind it as it was.

use super::opset::{Raised, raise};
use super::{ExportError, IR_VERSION, qdq};
use crate::cpu::Port;
use crate::graph::Graph;
use crate::import::proto::tensor_shape_proto::dimension;
use crate::import::proto::{
    GraphProto, ModelProto, NodeProto, OperatorSetIdProto, ValueInfoProto, type_proto,
};
use crate::partition::Plan;
use pleach_spec::network::Network;
use prost::Message;
use std::collections::HashSet;

/// Oldest operator set with scales for each channel.
const OLDEST: i64 = 13;

/// The parts of a model, and the integers of one of them.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    /// The model that was parted.
    pub model: &'a ModelProto,
    /// Who computes what.
    pub plan: &'a Plan,
    /// The ONNX graphs of this computer.
    pub host: &'a [u8],
    /// What the accelerator computes, as it was quantized.
    pub graph: &'a Graph,
    /// Its integers.
    pub network: &'a Network,
}

/// The QDQ model of a whole network. Inputs and outputs are those of the model that was parted; nodes that are not of the accelerator
/// are unchanged but for the operator set.
///
/// # Errors
/// A graph that the network was not made of, or a node that cannot be said in operator set 13.
pub fn whole(parts: Parts<'_>) -> Result<ModelProto, ExportError> {
    let Parts { model, plan, host, graph, network } = parts;
    let mut written = qdq(graph, network)?;
    written.metadata_props.clone_from(&model.metadata_props);
    let (Some(proto), Some(core)) = (&model.graph, written.graph.as_mut()) else { return Ok(written) };
    if plan.parts().next().is_none() && plan.inputs.len() == 1 {
        core.output.sort_by_key(|info| plan.outputs.iter().position(|name| name == info.name()));
        return Ok(written);
    }
    let is_own = |set: &&OperatorSetIdProto| matches!(set.domain(), "" | "ai.onnx");
    let opset = model.opset_import.iter().find(is_own).map_or(OLDEST, |set| set.version());
    let [before, behind] = self::host(plan, host).map(|part| raise(part, opset));
    let (before, behind) = (before?, behind?);
    give_way(core, &names(proto, [&before, &behind]), plan);
    join(core, before, behind);
    core.input = plan.inputs.iter().map(|port| input(proto, port)).collect();
    core.output.clone_from(&proto.output);
    let foreign = model.opset_import.iter().filter(|set| !is_own(set)).cloned();
    let own = OperatorSetIdProto { domain: None, version: Some(opset.max(OLDEST)) };
    written.opset_import = std::iter::once(own).chain(foreign).collect();
    written.ir_version = model.ir_version.max(Some(IR_VERSION));
    written.functions.clone_from(&model.functions);
    Ok(written)
}

/// The graphs of this computer, before and behind; empty where there is none.
fn host(plan: &Plan, host: &[u8]) -> [GraphProto; 2] {
    let mut rest = host;
    [&plan.before, &plan.behind].map(|part| {
        let (bytes, behind) =
            rest.split_at_checked(part.as_ref().map_or(0, |part| part.bytes)).unwrap_or_default();
        rest = behind;
        ModelProto::decode(bytes).ok().and_then(|model| model.graph).unwrap_or_default()
    })
}

/// Names of tensors that are taken.
fn names<'a>(proto: &'a GraphProto, parts: [&'a Raised; 2]) -> HashSet<&'a str> {
    let nodes =
        parts.into_iter().flat_map(|part| &part.nodes).flat_map(|node| node.input.iter().chain(&node.output));
    let constants = parts.into_iter().flat_map(|part| &part.constants).map(|tensor| tensor.name());
    let ends = proto.input.iter().chain(&proto.output).map(|info| info.name());
    nodes.map(String::as_str).chain(constants).chain(ends).collect()
}

/// Renames what the accelerator's part has inside of it and others have, too.
fn give_way(core: &mut GraphProto, taken: &HashSet<&str>, plan: &Plan) {
    let shared: HashSet<&str> =
        plan.exits.iter().chain([&plan.entry]).map(|port| port.name.as_str()).collect();
    let renamed = |name: &mut String| {
        if !shared.contains(name.as_str()) {
            while taken.contains(name.as_str()) {
                name.push_str("/qdq");
            }
        }
    };
    let tensors = core.node.iter_mut().flat_map(|node| node.input.iter_mut().chain(&mut node.output));
    tensors.filter(|name| !name.is_empty()).for_each(renamed);
    core.node.iter_mut().for_each(|node| node.name = node.output.first().cloned());
    core.initializer.iter_mut().filter_map(|tensor| tensor.name.as_mut()).for_each(renamed);
}

/// Puts the parts together. A node or constant that both parts of this computer have is there once.
fn join(core: &mut GraphProto, before: Raised, behind: Raised) {
    let middle = std::mem::take(&mut core.node);
    let mut written = HashSet::new();
    let mut is_new =
        |node: &NodeProto| node.output.iter().all(|name| name.is_empty() || written.insert(name.clone()));
    let nodes = before.nodes.into_iter().chain(middle).chain(behind.nodes);
    core.node = nodes.filter(|node| is_new(node)).collect();
    for tensor in before.constants.into_iter().chain(behind.constants) {
        if core.initializer.iter().all(|known| known.name() != tensor.name()) {
            core.initializer.push(tensor);
        }
    }
}

/// An input as it was declared, with sizes in place of names, but for the batch.
fn input(proto: &GraphProto, port: &Port) -> ValueInfoProto {
    let declared = proto.input.iter().find(|info| info.name() == port.name);
    let mut info = declared.cloned().unwrap_or_default();
    if let Some(type_proto::Value::TensorType(tensor)) =
        info.r#type.as_mut().and_then(|kind| kind.value.as_mut())
        && let Some(shape) = &mut tensor.shape
    {
        for (dim, &size) in shape.dim.iter_mut().zip(&port.dims).skip(1) {
            dim.value = Some(dimension::Value::DimValue(size as i64));
        }
    }
    info
}
