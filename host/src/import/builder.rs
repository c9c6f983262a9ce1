//! From the protobuf graph to the float graph: constants, the input, and the nodes that the output depends on.

use super::error::Problem;
use super::input;
use super::node::{Chain, Constant, Imported, Node, Value};
use super::ops;
use super::proto::{GraphProto, ModelProto, NodeProto, ValueInfoProto};
use super::{NEWEST_OPSET, OLDEST_OPSET};
use crate::graph::{Graph, Op, TensorId};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

/// Builds the graph of a model that lies in `folder`.
pub(super) fn build(
    model: &ModelProto,
    folder: &Path,
    shapes: &BTreeMap<String, Vec<usize>>,
) -> Result<Graph, Problem> {
    let opset = opset(model)?;
    let proto = model.graph.as_ref().ok_or(Problem::Incomplete { part: "graph" })?;
    let mut values: HashMap<&str, Value<'_>> = HashMap::new();
    for tensor in &proto.initializer {
        if values.insert(tensor.name(), Value::Constant(Constant::Stored(tensor))).is_some() {
            return Err(Problem::Duplicate { tensor: tensor.name().to_owned() });
        }
    }
    // Files of IR version 3 list the initializers among the inputs.
    let inputs: Vec<&ValueInfoProto> =
        proto.input.iter().filter(|info| !values.contains_key(info.name())).collect();
    let input = only("inputs", &inputs)?;
    let outputs: Vec<&str> = proto.output.iter().map(|info| info.name()).collect();
    if outputs.is_empty() {
        return Err(Problem::Incomplete { part: "output" });
    }
    let shape = input::shape(input, shapes)?;
    let mut graph = Graph::new(proto.name(), input.name(), shape.clone());
    values.insert(input.name(), Value::Activation(graph.input(), shape));

    let mut names = HashSet::new();
    for node in in_order(proto, &outputs, &values)? {
        let name = unique_name(node, &mut names);
        let view = Node { inputs: resolve(node, &name, &values)?, name, proto: node, opset, folder };
        let chains = match ops::import(&view)? {
            Imported::Constant(tensor) => {
                values.insert(&node.output[0], Value::Constant(tensor));
                continue;
            }
            Imported::Node(op, source) => vec![Chain { inputs: vec![source], ops: vec![op] }],
            Imported::Outputs(chains) => chains,
        };
        for (chain, output) in chains.into_iter().zip(&node.output).filter(|(_, name)| !name.is_empty()) {
            check_softmax(&chain.ops, node, &outputs)?;
            let id = push_chain(&mut graph, &view, chain, output, &mut names)?;
            values.insert(output, Value::Activation(id, graph.tensor(id).shape.clone()));
        }
    }
    let output = |name: &&str| match values.get(name) {
        Some(Value::Activation(id, _)) => Ok(*id),
        _ => Err(Problem::Dangling { reader: "the graph's output".to_owned(), tensor: (*name).to_owned() }),
    };
    graph.set_outputs(outputs.iter().map(output).collect::<Result<_, _>>()?);
    Ok(graph)
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

/// The nodes that `outputs` depend on, each behind those that it reads from.
pub(super) fn in_order<'m>(
    proto: &'m GraphProto,
    outputs: &[&str],
    known: &HashMap<&str, Value<'_>>,
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
pub(super) fn display_name(node: &NodeProto) -> &str {
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

/// What the node's inputs are; empty names stand for optional inputs that are left out.
fn resolve<'m>(
    node: &NodeProto,
    name: &str,
    values: &HashMap<&str, Value<'m>>,
) -> Result<Vec<Option<Value<'m>>>, Problem> {
    let one = |tensor: &String| match (tensor.as_str(), values.get(tensor.as_str())) {
        ("", _) => Ok(None),
        (_, Some(value)) => Ok(Some(value.clone())),
        (_, None) => Err(Problem::Dangling { reader: format!("node '{name}'"), tensor: tensor.clone() }),
    };
    node.input.iter().map(one).collect()
}

/// A Softmax behind which something follows would be needed in integers.
fn check_softmax(ops: &[Op], node: &NodeProto, outputs: &[&str]) -> Result<(), Problem> {
    if matches!(ops, [Op::Softmax]) && !outputs.contains(&node.output[0].as_str()) {
        return Err(Problem::Usage {
            node: display_name(node).to_owned(),
            operator: "Softmax".to_owned(),
            reason: "is not the last node".to_owned(),
            remedy: "Softmax is supported as the network's output only",
        });
    }
    Ok(())
}
