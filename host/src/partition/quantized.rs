//! Quantized models with float operators around the integers: what is before the first QuantizeLinear and behind the last
//! DequantizeLinear runs on this computer.

use super::extract::{self, Needed};
use super::plan::{Part, Plan};
use crate::cpu::{Facts, Port, input_ports};
use crate::import::proto::{GraphProto, ModelProto, NodeProto};
use crate::import::{self, Quantized, nodes_in_order};
use crate::interface::{Element, Output};
use miette::Result;
use pleach_spec::network::Kind;
use prost::Message;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A quantized model in parts.
#[derive(Debug)]
pub struct QuantizedPartition {
    /// What the accelerator computes.
    pub quantized: Quantized,
    /// Who computes what.
    pub plan: Plan,
    /// The ONNX graphs of this computer: before, then behind.
    pub host: Vec<u8>,
}

/// Parts a quantized model whose constants are all in it; `None` where there is nothing around its integers, or
/// nothing that these compute.
///
/// # Errors
/// A broken graph, or operators that neither side has.
pub fn partition_quantized(
    model: &ModelProto,
    shapes: &BTreeMap<String, Vec<usize>>,
) -> Result<Option<QuantizedPartition>> {
    let inputs = input_ports(model, shapes)?;
    let proto = model.graph.as_ref().expect("a model that was read has a graph");
    let sides = Sides::of(model, proto, &inputs)?;
    let Some(border) = Border::of(proto, &sides, &inputs) else { return Ok(None) };
    let mut host = Vec::new();
    let mut part =
        |needed: &Needed, inputs: Vec<Port>, outputs: &[String]| -> Result<(Option<Part>, Option<Facts>)> {
            if needed.nodes.is_empty() {
                return Ok((None, None));
            }
            let part = extract::model(model, &needed.nodes, &inputs, outputs);
            let facts = Facts::of(&part, &inputs)?;
            let (nodes, encoded) = (facts.nodes(&part), part.encode_to_vec());
            host.extend_from_slice(&encoded);
            let part = Part { inputs, outputs: outputs.to_vec(), nodes, bytes: encoded.len() };
            Ok((Some(part), Some(facts)))
        };
    let mut known: HashMap<String, Port> =
        inputs.iter().map(|port| (port.name.clone(), port.clone())).collect();
    let ports = |known: &HashMap<String, Port>, needed: &Needed| -> Vec<Port> {
        needed.given.iter().filter_map(|name| known.get(name).cloned()).collect()
    };
    let (before, facts) = part(&border.before, ports(&known, &border.before), &border.handed)?;
    let made = border.handed.iter().filter_map(|name| facts.as_ref()?.get(name));
    known.extend(made.map(|port| (port.name.clone(), port.clone())));
    let entries = ports(&known, &border.middle);
    let middle = extract::model(model, &border.middle.nodes, &entries, &border.exits);
    let quantized = import::quantized(&middle)?;
    if quantized.network.layers.iter().all(|layer| matches!(layer.kind, Kind::Channels { .. })) {
        return Ok(None);
    }
    let exits: Vec<Port> = quantized.interface.outputs.iter().map(port).collect();
    known.extend(exits.iter().map(|port| (port.name.clone(), port.clone())));
    let (behind, _) = part(&border.behind, ports(&known, &border.behind), &border.rest)?;
    let outputs = proto.output.iter().map(|info| info.name().to_owned()).collect();
    let entry = entries.into_iter().next().expect("a network without inputs is not imported");
    let plan = Plan { inputs, entry, exits, outputs, before, behind, preprocessing: None };
    Ok(Some(QuantizedPartition { quantized, plan, host }))
}

fn port(output: &Output) -> Port {
    let element = match output.element {
        Element::Float => Port::FLOAT,
        Element::Uint8 => Port::UINT8,
        Element::Int8 => Port::INT8,
    };
    Port { name: output.name.clone(), element, dims: output.shape() }
}

/// On which side of the integers a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// It depends on constants only, and goes with whoever reads it.
    Constant,
    Before,
    Middle,
    Behind,
}

/// The side of each node, by its index.
struct Sides(HashMap<usize, Side>);

impl Sides {
    fn of(model: &ModelProto, proto: &GraphProto, inputs: &[Port]) -> Result<Self> {
        let nodes = nodes_in_order(model)?;
        let index = |node: &NodeProto| {
            proto
                .node
                .iter()
                .position(|other| std::ptr::eq(other, node))
                .expect("the nodes are those of the graph")
        };
        let mut variable: HashSet<&str> = inputs.iter().map(|port| port.name.as_str()).collect();
        let mut integers: HashSet<&str> = HashSet::new();
        let mut sides = HashMap::new();
        for node in &nodes {
            let reads = |set: &HashSet<&str>| node.input.iter().any(|name| set.contains(name.as_str()));
            let side = match (reads(&variable), import::is_integer(node), reads(&integers)) {
                (false, ..) => Side::Constant,
                (true, true, _) => Side::Middle,
                (true, false, true) => Side::Behind,
                (true, false, false) => Side::Before,
            };
            let made = || node.output.iter().filter(|name| !name.is_empty()).map(String::as_str);
            if side != Side::Constant {
                variable.extend(made());
            }
            if matches!(side, Side::Middle | Side::Behind) {
                integers.extend(made());
            }
            sides.insert(index(node), side);
        }
        // What integers depend on is behind nothing, and what they do not depend on is before nothing.
        let mut needed: HashSet<&str> = HashSet::new();
        for node in nodes.iter().rev() {
            let side = sides.get_mut(&index(node)).expect("all nodes have a side");
            let is_needed = node.output.iter().any(|name| needed.contains(name.as_str()));
            *side = match *side {
                Side::Behind if is_needed => Side::Middle,
                Side::Before if !is_needed => Side::Behind,
                other => other,
            };
            if *side == Side::Middle || is_needed {
                needed.extend(node.input.iter().filter(|name| !name.is_empty()).map(String::as_str));
            }
        }
        Ok(Self(sides))
    }

    /// Names that nodes of a side make.
    fn made<'a>(&self, proto: &'a GraphProto, side: Side) -> HashSet<&'a str> {
        let indices = self.0.iter().filter(|(_, found)| **found == side).map(|(&index, _)| index);
        indices.flat_map(|index| &proto.node[index].output).map(String::as_str).collect()
    }
}

/// What crosses from one part to another.
struct Border {
    before: Needed,
    /// What the part before makes.
    handed: Vec<String>,
    middle: Needed,
    /// What the accelerator makes.
    exits: Vec<String>,
    behind: Needed,
    /// What the part behind makes.
    rest: Vec<String>,
}

impl Border {
    /// `None` where there is nothing around the integers, or there are none.
    fn of(proto: &GraphProto, sides: &Sides, inputs: &[Port]) -> Option<Self> {
        let made = [Side::Before, Side::Middle, Side::Behind].map(|side| sides.made(proto, side));
        let [before, middle, behind] = &made;
        if middle.is_empty() || before.is_empty() && behind.is_empty() {
            return None;
        }
        let is_input = |name: &str| inputs.iter().any(|port| port.name == name);
        let outputs: Vec<String> = proto.output.iter().map(|info| info.name().to_owned()).collect();
        let of = |names: &HashSet<&str>, needed: &[&Needed]| -> Vec<String> {
            let given = needed.iter().flat_map(|needed| &needed.given).chain(&outputs);
            let crossing: BTreeSet<&String> = given.filter(|name| names.contains(name.as_str())).collect();
            crossing.into_iter().cloned().collect()
        };
        let is_behind = |name: &&String| {
            !is_input(name) && !before.contains(name.as_str()) && !middle.contains(name.as_str())
        };
        let rest: Vec<String> = outputs.iter().filter(is_behind).cloned().collect();
        let behind = extract::needed(proto, &rest, |name| {
            is_input(name) || before.contains(name) || middle.contains(name)
        });
        let exits = of(middle, &[&behind]);
        let middle = extract::needed(proto, &exits, |name| is_input(name) || before.contains(name));
        let handed = of(before, &[&middle, &behind]);
        let before = extract::needed(proto, &handed, is_input);
        Some(Self { before, handed, middle, exits, behind, rest })
    }
}
