//! From the protobuf graph to the float graph: constants, the input, and the nodes that the output depends on.

use super::error::Problem;
use super::node::{Chain, Constant, Imported, Node, Value};
use super::ops;
use super::proto::{GraphProto, ModelProto, NodeProto, ValueInfoProto};
use super::{NEWEST_OPSET, OLDEST_OPSET};
use super::{fold, input};
use crate::graph::{Graph, Shape, TensorId};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

/// Builds the graph of a model that lies in `folder`.
pub(super) fn build(
    model: &ModelProto,
    folder: &Path,
    shapes: &BTreeMap<String, Vec<usize>>,
) -> Result<Graph, Problem> {
    let proto = model.graph.as_ref().ok_or(Problem::Incomplete { part: "graph" })?;
    // Files of IR version 3 list the initializers among the inputs.
    let constants: HashSet<&str> = proto.initializer.iter().map(|tensor| tensor.name()).collect();
    let inputs: Vec<&ValueInfoProto> =
        proto.input.iter().filter(|info| !constants.contains(info.name())).collect();
    let input = only("inputs", &inputs)?;
    let Region { mut graph, refused, known } =
        region(model, folder, input.name(), input::shape(input, shapes)?)?;
    if let Some(problem) = refused.into_iter().find_map(|refused| refused.problem) {
        return Err(problem);
    }
    let output = |info: &ValueInfoProto| {
        known.get(info.name()).copied().ok_or_else(|| Problem::Dangling {
            reader: "the graph's output".to_owned(),
            tensor: info.name().to_owned(),
        })
    };
    graph.set_outputs(proto.output.iter().map(output).collect::<Result<_, _>>()?);
    Ok(graph)
}

/// What can be imported of the nodes behind one tensor.
pub struct Region {
    /// These nodes; its only input is the tensor, its outputs are not yet said.
    pub graph: Graph,
    /// The other nodes that the model's outputs depend on.
    pub refused: Vec<Refused>,
    /// The tensors of the graph by their names in ONNX.
    pub known: HashMap<String, TensorId>,
}

/// A node that is not in a region.
#[derive(Debug)]
pub struct Refused {
    /// Index of the node in the ONNX graph.
    pub node: usize,
    /// Why it cannot be imported; `None` where it reads what is not in the region.
    pub problem: Option<Problem>,
}

/// Imports what depends on the tensor `entry` and on constants only, as far as it can be imported.
///
/// # Errors
/// A graph that is broken, as far as the model's outputs depend on it.
pub fn region(model: &ModelProto, folder: &Path, entry: &str, shape: Shape) -> Result<Region, Problem> {
    let opset = opset(model)?;
    let proto = model.graph.as_ref().ok_or(Problem::Incomplete { part: "graph" })?;
    if proto.output.is_empty() {
        return Err(Problem::Incomplete { part: "output" });
    }
    let mut graph = Graph::new(proto.name(), entry, shape.clone());
    let mut values: HashMap<&str, Value<'_>> = HashMap::new();
    for tensor in &proto.initializer {
        values.insert(tensor.name(), Value::Constant(Constant::Stored(tensor)));
    }
    values.insert(entry, Value::Activation(graph.input(), shape));
    let (mut names, mut refused) = (HashSet::new(), Vec::new());
    for node in nodes_in_order(model)? {
        let index = position(proto, node);
        let name = unique_name(node, &mut names);
        // The entry may have a source, too.
        if node.output.iter().any(|output| output == entry) {
            refused.push(Refused { node: index, problem: None });
            continue;
        }
        let Some(inputs) = resolve(node, &values) else {
            let problem = missing_value(proto, node, &name, &values, &refused);
            refused.push(Refused { node: index, problem });
            continue;
        };
        let view = Node { inputs, name, proto: node, opset, folder };
        match import_node(&mut graph, &view, &mut names) {
            Ok(made) => values.extend(made),
            Err(problem) => refused.push(Refused { node: index, problem: Some(problem) }),
        }
    }
    let known = values.iter().filter_map(|(name, value)| match value {
        Value::Activation(id, _) => Some(((*name).to_owned(), *id)),
        Value::Constant(_) => None,
    });
    Ok(Region { known: known.collect(), graph, refused })
}

fn position(proto: &GraphProto, node: &NodeProto) -> usize {
    proto.node.iter().position(|other| std::ptr::eq(other, node)).expect("the nodes are those of the graph")
}

/// Why a node cannot have what it reads: another input of the graph, or an output that an imported node does not make. `None` where
/// the value is missing because of a node that was refused.
fn missing_value(
    proto: &GraphProto,
    node: &NodeProto,
    name: &str,
    values: &HashMap<&str, Value<'_>>,
    refused: &[Refused],
) -> Option<Problem> {
    let mut missing =
        node.input.iter().filter(|input| !input.is_empty() && !values.contains_key(input.as_str()));
    let of_refused =
        |tensor: &String| refused.iter().any(|refused| proto.node[refused.node].output.contains(tensor));
    let tensor = missing.find(|tensor| !of_refused(tensor))?;
    if proto.input.iter().any(|info| info.name() == tensor) {
        let names: Vec<&str> = proto.input.iter().map(|info| info.name()).collect();
        return Some(Problem::Ends { what: "inputs", count: names.len(), names: names.join(", ") });
    }
    Some(Problem::Dangling { reader: format!("node '{name}'"), tensor: tensor.clone() })
}

/// What the outputs of a node are, by name. Nothing is added to the graph where the node cannot be imported.
fn import_node<'m>(
    graph: &mut Graph,
    node: &Node<'m>,
    names: &mut HashSet<String>,
) -> Result<Vec<(&'m str, Value<'m>)>, Problem> {
    let outputs = node.proto.output.iter().map(String::as_str);
    if let Some(constants) = fold::constants(node)? {
        return Ok(outputs.zip(constants.into_iter().map(Value::Constant)).collect());
    }
    let chains = match ops::import(node)? {
        Imported::Constant(tensor) => {
            return Ok(outputs.take(1).map(|name| (name, Value::Constant(tensor.clone()))).collect());
        }
        Imported::Node(op, source) => vec![Chain { inputs: vec![source], ops: vec![op] }],
        Imported::Outputs(chains) => chains,
    };
    let mut made = Vec::new();
    for (chain, output) in chains.into_iter().zip(outputs).filter(|(_, name)| !name.is_empty()) {
        let id = push_chain(graph, node, chain, output, names)?;
        made.push((output, Value::Activation(id, graph.tensor(id).shape.clone())));
    }
    Ok(made)
}

/// Appends the nodes of a chain. The first one has the ONNX node's name; that of its other outputs, and of what stands between the
/// operators of a chain, is made of it.
fn push_chain(
    graph: &mut Graph,
    node: &Node<'_>,
    chain: Chain,
    output: &str,
    names: &mut HashSet<String>,
) -> Result<TensorId, Problem> {
    let mut inputs = chain.inputs;
    let count = chain.ops.len();
    for (index, op) in chain.ops.into_iter().enumerate() {
        let first = index == 0 && node.proto.output.first().is_some_and(|first| first == output);
        let name = if first { node.name.clone() } else { free_name(&node.name, names) };
        let tensor = if index + 1 == count { output.to_owned() } else { format!("{output}:{index}") };
        let id = graph.push_node(name, op, inputs, tensor).map_err(|reason| Problem::Shape {
            node: node.name.clone(),
            operator: node.proto.op_type().to_owned(),
            reason,
        })?;
        inputs = vec![id];
    }
    Ok(inputs[0])
}

/// Version of ONNX's own operator set.
pub(super) fn opset(model: &ModelProto) -> Result<i64, Problem> {
    let own = model.opset_import.iter().find(|set| matches!(set.domain(), "" | "ai.onnx"));
    let found = own.ok_or(Problem::Incomplete { part: "operator set version (opset_import)" })?.version();
    if (OLDEST_OPSET..=NEWEST_OPSET).contains(&found) {
        Ok(found)
    } else {
        Err(Problem::Opset { found, oldest: OLDEST_OPSET, newest: NEWEST_OPSET })
    }
}

fn only<'m>(what: &'static str, infos: &[&'m ValueInfoProto]) -> Result<&'m ValueInfoProto, Problem> {
    match infos {
        [one] => Ok(one),
        _ => {
            let names = infos.iter().map(|info| info.name()).collect::<Vec<_>>().join(", ");
            Err(Problem::Ends { what, count: infos.len(), names })
        }
    }
}

/// The nodes that the outputs of a model depend on, each behind those that it reads from.
///
/// # Errors
/// A graph that is cyclic, that has two sources for a tensor, or none.
pub fn nodes_in_order(model: &ModelProto) -> Result<Vec<&NodeProto>, Problem> {
    let proto = model.graph.as_ref().ok_or(Problem::Incomplete { part: "graph" })?;
    let constants = proto.initializer.iter().map(|tensor| (tensor.name(), ()));
    let mut known: HashMap<&str, ()> = constants.collect();
    if known.len() < proto.initializer.len() {
        let mut names = HashSet::new();
        let twice = proto.initializer.iter().find(|tensor| !names.insert(tensor.name()));
        return Err(Problem::Duplicate { tensor: twice.map_or("", |tensor| tensor.name()).to_owned() });
    }
    known.extend(proto.input.iter().map(|info| (info.name(), ())));
    let outputs: Vec<&str> = proto.output.iter().map(|info| info.name()).collect();
    let nodes = in_order(proto, &outputs, &known)?;
    known.extend(nodes.iter().flat_map(|node| &node.output).map(|name| (name.as_str(), ())));
    let dangling = |reader: String, tensor: &str| Problem::Dangling { reader, tensor: tensor.to_owned() };
    for node in &nodes {
        let missing = node.input.iter().find(|name| !name.is_empty() && !known.contains_key(name.as_str()));
        if let Some(tensor) = missing {
            return Err(dangling(format!("node '{}'", display_name(node)), tensor));
        }
    }
    match outputs.iter().find(|output| !known.contains_key(**output)) {
        Some(tensor) => Err(dangling("the graph's output".to_owned(), tensor)),
        None => Ok(nodes),
    }
}

/// The nodes that `outputs` depend on, each behind those that it reads from.
pub(super) fn in_order<'m, V>(
    proto: &'m GraphProto,
    outputs: &[&str],
    known: &HashMap<&str, V>,
) -> Result<Vec<&'m NodeProto>, Problem> {
    let mut producers: HashMap<&str, usize> = HashMap::new();
    for (index, node) in proto.node.iter().enumerate() {
        for tensor in node.output.iter().filter(|name| !name.is_empty()) {
            if known.contains_key(tensor.as_str()) || producers.insert(tensor, index).is_some() {
                return Err(Problem::Duplicate { tensor: tensor.clone() });
            }
        }
    }
    let sources = |node: &'m NodeProto| {
        let read = node.input.iter().filter(|name| !name.is_empty());
        read.filter_map(|name| producers.get(name.as_str()).copied()).collect::<Vec<usize>>()
    };

    let mut needed = vec![false; proto.node.len()];
    let mut stack: Vec<usize> = outputs.iter().filter_map(|output| producers.get(output).copied()).collect();
    while let Some(index) = stack.pop() {
        if !std::mem::replace(&mut needed[index], true) {
            stack.extend(sources(&proto.node[index]));
        }
    }

    // Repeatedly what waits for nothing, in the order of the file.
    let mut waits: Vec<usize> = proto.node.iter().map(|node| sources(node).len()).collect();
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); proto.node.len()];
    for index in (0..proto.node.len()).filter(|&index| needed[index]) {
        for source in sources(&proto.node[index]) {
            readers[source].push(index);
        }
    }
    let mut ready: BTreeSet<usize> =
        (0..proto.node.len()).filter(|&index| needed[index] && waits[index] == 0).collect();
    let mut order = Vec::new();
    while let Some(index) = ready.pop_first() {
        order.push(&proto.node[index]);
        needed[index] = false;
        for &reader in &readers[index] {
            waits[reader] -= 1;
            if waits[reader] == 0 {
                ready.insert(reader);
            }
        }
    }
    let stuck: Vec<&str> = (0..proto.node.len())
        .filter(|&index| needed[index])
        .map(|index| display_name(&proto.node[index]))
        .collect();
    if stuck.is_empty() { Ok(order) } else { Err(Problem::Cycle { nodes: stuck.join(", ") }) }
}

/// The name that messages use: ONNX nodes may be without one, their outputs not.
pub fn display_name(node: &NodeProto) -> &str {
    match (node.name(), node.output.first()) {
        ("", Some(output)) => output,
        (name, _) => name,
    }
}

/// [`display_name`], with a number behind it where another node has the name already.
pub(super) fn unique_name(node: &NodeProto, taken: &mut HashSet<String>) -> String {
    free_name(display_name(node), taken)
}

/// `base`, with a number behind it where the name is taken.
fn free_name(base: &str, taken: &mut HashSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{base}_{number}"));
    let name = std::iter::once(base.to_owned()).chain(numbered).find(|name| !taken.contains(name));
    let name = name.expect("numbers do not run out");
    taken.insert(name.clone());
    name
}

/// What the node's inputs are, `None` where one of them is not known; empty names stand for optional inputs that are left out.
fn resolve<'m>(node: &NodeProto, values: &HashMap<&str, Value<'m>>) -> Option<Vec<Option<Value<'m>>>> {
    let one = |tensor: &String| match tensor.as_str() {
        "" => Some(None),
        name => values.get(name).map(|value| Some(value.clone())),
    };
    node.input.iter().map(one).collect()
}
