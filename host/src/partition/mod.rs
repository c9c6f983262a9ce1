//! Which nodes of a model run on the accelerator, and which on this computer.
//!
//! The accelerator gets one part of the graph, with one input: of all parts that begin at an input of the graph, or behind a node that
//! it lacks, the one with the most multiply-accumulates. What it depends on runs on this computer before it, and the rest behind it. The
//! cut is at tensors of the ONNX graph, so that both sides keep their names.

mod arrays;
mod cut;
mod ends;
mod extract;
mod plan;
mod quantized;
mod session;

pub use arrays::{are_arrays, arrays, is_named, samples};
pub use ends::{graph_outputs, input_bytes, real_maps};
pub use plan::{NotImages, Part, Plan};
pub use quantized::{QuantizedPartition, partition_quantized};
pub use session::{Session, SessionError, Tensors};

use crate::cpu::{CpuError, Facts, Port, input_ports};
use crate::graph::{Graph, Shape};
use crate::import::proto::{GraphProto, ModelProto};
use crate::import::{Problem, Refused, region};
use cut::Cut;
use miette::{Diagnostic, Result};
use prost::Message;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A model in parts.
#[derive(Debug)]
pub struct Partition {
    /// What the accelerator computes, optimised; to be quantized.
    pub graph: Graph,
    /// The same as it was imported, before any pass.
    pub imported: Graph,
    /// Who computes what.
    pub plan: Plan,
    /// The ONNX graphs of this computer: before, then behind.
    pub host: Vec<u8>,
}

/// There is nothing for the accelerator.
#[derive(Debug, Error, Diagnostic)]
#[error("{}: no node of it runs on the accelerator{}", file.display(), first.as_ref().map_or_else(String::new, |problem| format!(": {problem}")))]
#[diagnostic(help("host run --device cpu runs the whole graph on this computer"))]
struct Nothing {
    file: PathBuf,
    first: Option<Box<Problem>>,
}

/// Parts a model, whose constants are all in it, that was read from `file`.
///
/// # Errors
/// A broken graph, an operator that runs nowhere, or a model of which nothing runs on the accelerator.
pub fn partition(
    file: &Path,
    model: &ModelProto,
    shapes: &BTreeMap<String, Vec<usize>>,
) -> Result<Partition> {
    let inputs = input_ports(model, shapes)?;
    let proto = model.graph.as_ref().expect("a model that was read has a graph");
    let mut refused = Vec::new();
    let mut best = best(model, proto, &inputs, &mut refused)?;
    let mut facts = None;
    if refused.iter().any(|refused| refused.problem.is_some()) {
        let known = Facts::of(model, &inputs)?;
        let behind = refused.iter().filter(|refused| refused.problem.is_some());
        let outputs = behind.flat_map(|refused| &proto.node[refused.node].output);
        let entries: Vec<Port> = outputs.filter_map(|name| known.get(name).cloned()).collect();
        let other = self::best(model, proto, &entries, &mut Vec::new())?;
        let macs = |choice: &Option<(Port, Cut)>| choice.as_ref().map_or(0, |(_, cut)| cut.macs);
        if best.is_none() || macs(&other) > macs(&best) {
            best = other;
        }
        facts = Some(known);
    }
    let Some((entry, cut)) = best else {
        let first = refused.into_iter().find_map(|refused| refused.problem).map(Box::new);
        return Err(Nothing { file: file.to_owned(), first }.into());
    };
    parts(model, inputs, entry, cut, facts)
}

/// The entry with the most work behind it. `refused` gets the nodes that no entry reaches.
fn best(
    model: &ModelProto,
    proto: &GraphProto,
    entries: &[Port],
    refused: &mut Vec<Refused>,
) -> Result<Option<(Port, Cut)>, CpuError> {
    let mut best: Option<(Port, Cut)> = None;
    for entry in entries {
        let Some(shape) = image(entry) else { continue };
        let region = region(model, Path::new(""), &entry.name, shape)?;
        if let Some(cut) = cut::cut(&region, proto)
            && best.as_ref().is_none_or(|(_, known)| cut.macs > known.macs)
        {
            best = Some((entry.clone(), cut));
        }
        refused.extend(region.refused);
    }
    Ok(best)
}

/// Shape of a batch of one image or vector of floats, without the batch.
fn image(port: &Port) -> Option<Shape> {
    match (port.element, &port.dims[..]) {
        (Port::FLOAT, [1, rest @ ..]) if matches!(rest.len(), 1 | 3) => Shape::new(rest.to_vec()).ok(),
        _ => None,
    }
}

/// What is before and behind the accelerator's part.
fn parts(
    model: &ModelProto,
    inputs: Vec<Port>,
    entry: Port,
    Cut { graph, imported, .. }: Cut,
    facts: Option<Facts>,
) -> Result<Partition> {
    let proto = model.graph.as_ref().expect("a model that was read has a graph");
    let exit = |id: &crate::graph::TensorId| {
        let tensor = graph.tensor(*id);
        let dims = std::iter::once(1).chain(tensor.shape.dims().iter().copied()).collect();
        Port::floats(&tensor.name, dims)
    };
    let exits: Vec<Port> = graph.outputs().iter().map(exit).collect();
    let named = |ports: &[Port], name: &str| ports.iter().any(|port| port.name == name);
    let outputs: Vec<String> = proto.output.iter().map(|info| info.name().to_owned()).collect();

    let first = extract::needed(proto, std::slice::from_ref(&entry.name), |name| named(&inputs, name));
    let made =
        |name: &str| first.nodes.iter().any(|&index| proto.node[index].output.iter().any(|o| o == name));
    let known = |name: &str| named(&inputs, name) || named(&exits, name) || made(name);
    let rest: Vec<String> = outputs.iter().filter(|name| !known(name)).cloned().collect();
    let last = extract::needed(proto, &rest, known);
    let mut handed: Vec<String> =
        last.given.iter().chain(&outputs).filter(|name| made(name)).cloned().collect();
    handed.retain(|name| *name != entry.name);
    handed.dedup();
    handed.insert(0, entry.name.clone());

    let port = |name: &String| {
        let listed = inputs.iter().chain(&exits).find(|port| port.name == *name).cloned();
        listed.or_else(|| facts.as_ref()?.get(name).cloned()).ok_or_else(|| CpuError::Declaration {
            input: name.clone(),
            found: "a shape that cannot be inferred".to_owned(),
        })
    };
    let mut host = Vec::new();
    let mut part = |needed: &extract::Needed, outputs: &[String]| -> Result<Option<Part>, CpuError> {
        if needed.nodes.is_empty() {
            return Ok(None);
        }
        let inputs: Vec<Port> = needed.given.iter().map(port).collect::<Result<_, _>>()?;
        let part = extract::model(model, &needed.nodes, &inputs, outputs);
        // That it can be prepared is seen when a session is made of it.
        let nodes = Facts::of(&part, &inputs)?.nodes(&part);
        let bytes = part.encode_to_vec();
        host.extend_from_slice(&bytes);
        Ok(Some(Part { inputs, outputs: outputs.to_vec(), nodes, bytes: bytes.len() }))
    };
    let before = part(&first, &handed)?;
    let behind = part(&last, &rest)?;
    Ok(Partition {
        plan: Plan { inputs, entry, exits, outputs, before, behind, preprocessing: None },
        graph,
        imported,
        host,
    })
}
