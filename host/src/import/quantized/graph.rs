//! Inputs, nodes in order, outputs.

use super::super::builder::{display_name, in_order, opset, unique_name};
use super::super::input;
use super::super::node::{Constant, Node, Value as Known};
use super::super::proto::tensor_proto::DataType;
use super::super::proto::{GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};
use super::maps::{Maps, map_of};
use super::nodes;
use super::value::{Float, Integer, Value};
use super::view::View;
use super::{Problem, Quantized};
use crate::exact::Exact;
use crate::graph::{Graph, Shape};
use crate::interface::{Element, Input, Interface, Output};
use pleach_spec::numerics::Quantization;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;

/// What the importers of nodes add to.
pub(super) struct Importer {
    pub(super) maps: Maps,
    /// Graph inputs, whole.
    declared: Vec<Input>,
    /// Those that are read as bytes, and their tensors.
    inputs: Vec<(Input, usize)>,
    /// Outputs of `QuantizeLinear` that nothing but one `DequantizeLinear` reads: ONNX Runtime makes them uint8 on x86
    /// (`QDQS8ToU8Transformer`).
    pub(super) pairs: HashSet<String>,
}

/// See [`Importer::pairs`].
fn pairs(graph: &GraphProto) -> HashSet<String> {
    let mut readers: HashMap<&str, Vec<&str>> = HashMap::new();
    for node in &graph.node {
        for input in &node.input {
            readers.entry(input).or_default().push(node.op_type());
        }
    }
    let is_output = |name: &str| graph.output.iter().any(|output| output.name() == name);
    let made =
        graph.node.iter().filter(|node| node.op_type() == "QuantizeLinear").flat_map(|node| &node.output);
    let is_pair = |name: &&String| {
        readers.get(name.as_str()).is_some_and(|readers| readers[..] == ["DequantizeLinear"])
            && !is_output(name)
    };
    made.filter(is_pair).cloned().collect()
}

impl Importer {
    /// The map of a graph input of floats that are quantized.
    pub(super) fn quantized_input(
        &mut self,
        index: usize,
        shape: &Shape,
        quantization: Quantization,
    ) -> Option<usize> {
        let declared = Input { quantization: Some(quantization), ..self.declared[index].clone() };
        if let Some((_, tensor)) = self.inputs.iter().find(|(input, _)| *input == declared) {
            return Some(*tensor);
        }
        let tensor = self.maps.tensor(&declared.name, map_of(shape)?, Some(quantization));
        self.inputs.push((declared, tensor));
        Some(tensor)
    }
}

/// Imports a model that lies in `folder`.
pub(super) fn import(
    model: &ModelProto,
    folder: &Path,
    shapes: &BTreeMap<String, Vec<usize>>,
) -> Result<Quantized, Problem> {
    let opset = opset(model)?;
    let proto = model.graph.as_ref().ok_or(Problem::Incomplete { part: "graph" })?;
    let mut known: HashMap<&str, Known<'_>> = HashMap::new();
    let mut values: HashMap<&str, Value<'_>> = HashMap::new();
    for tensor in &proto.initializer {
        known.insert(tensor.name(), Known::Constant(Constant::Stored(tensor)));
        if values.insert(tensor.name(), Value::Constant(Constant::Stored(tensor))).is_some() {
            return Err(Problem::Duplicate { tensor: tensor.name().to_owned() });
        }
    }
    let mut importer =
        Importer { maps: Maps::default(), declared: Vec::new(), inputs: Vec::new(), pairs: pairs(proto) };
    let infos: Vec<&ValueInfoProto> =
        proto.input.iter().filter(|info| !values.contains_key(info.name())).collect();
    check_names(shapes, &infos)?;
    let scratch = Graph::new("", "", Shape::new(vec![1]).expect("one element")).input();
    for info in infos {
        let value = graph_input(&mut importer, info, shapes)?;
        let shape = Shape::new(vec![1]).expect("one element");
        known.insert(info.name(), Known::Activation(scratch, shape));
        values.insert(info.name(), value);
    }
    let outputs: Vec<&str> = proto.output.iter().map(|info| info.name()).collect();
    if outputs.is_empty() {
        return Err(Problem::Incomplete { part: "output" });
    }
    let mut names = HashSet::new();
    for node in in_order(proto, &outputs, &known)? {
        let name = unique_name(node, &mut names);
        let view = view(node, name, &values, opset, folder)?;
        let results = nodes::import(&view, &mut importer)?;
        for (result, output) in results.into_iter().zip(&node.output).filter(|(_, name)| !name.is_empty()) {
            values.insert(output, result);
        }
    }
    finish(importer, proto, &values, &outputs)
}

fn check_names(shapes: &BTreeMap<String, Vec<usize>>, infos: &[&ValueInfoProto]) -> Result<(), Problem> {
    let names = || infos.iter().map(|info| info.name()).collect::<Vec<_>>().join("', '");
    match shapes.keys().find(|key| infos.iter().all(|info| info.name() != *key)) {
        Some(stranger) => Err(Problem::ShapeName { name: stranger.clone(), input: names() }),
        None => Ok(()),
    }
}

fn graph_input<'m>(
    importer: &mut Importer,
    info: &ValueInfoProto,
    shapes: &BTreeMap<String, Vec<usize>>,
) -> Result<Value<'m>, Problem> {
    let name = info.name().to_owned();
    let (dims, code) = input::dims(info, shapes)?;
    let element = match DataType::try_from(code) {
        Ok(DataType::Float) => Element::Float,
        Ok(DataType::Int8) => Element::Int8,
        Ok(DataType::Uint8) => Element::Uint8,
        _ => {
            return Err(Problem::InputType { input: name, found: super::super::tensor::type_name(code) });
        }
    };
    let batched = dims.len() > 1;
    let own = if batched { dims[1..].to_vec() } else { dims };
    let wrong = |reason| Problem::Shape { node: name.clone(), operator: "input".to_owned(), reason };
    let shape = Shape::new(own.clone()).map_err(wrong)?;
    let map =
        map_of(&shape).ok_or_else(|| Problem::InputRank { input: name.clone(), shape: shape.to_string() })?;
    let index = importer.declared.len();
    let input = Input { name: name.clone(), element, dims: own, batched, quantization: None };
    importer.declared.push(input.clone());
    if element == Element::Float {
        return Ok(Value::Input(index, shape));
    }
    let tensor = importer.maps.tensor(&name, map, None);
    importer.inputs.push((input, tensor));
    Ok(Value::Integer(Integer { tensor, element, shape }))
}

/// A node with its inputs, as its importer and those of float nodes want them.
fn view<'m>(
    node: &'m NodeProto,
    name: String,
    values: &HashMap<&str, Value<'m>>,
    opset: i64,
    folder: &'m Path,
) -> Result<View<'m>, Problem> {
    let dangling = |tensor: &String| Problem::Dangling {
        reader: format!("node '{}'", display_name(node)),
        tensor: tensor.clone(),
    };
    let of = |tensor: &String| match values.get(tensor.as_str()) {
        _ if tensor.is_empty() => Ok(None),
        Some(value) => Ok(Some(value.clone())),
        None => Err(dangling(tensor)),
    };
    let inputs: Vec<Option<Value<'m>>> = node.input.iter().map(of).collect::<Result<_, _>>()?;
    let known = inputs.iter().map(|value| value.as_ref().map(known)).collect();
    Ok(View { node: Node { name, proto: node, inputs: known, opset, folder }, values: inputs })
}

/// A value for the importers of float nodes.
fn known<'m>(value: &Value<'m>) -> Known<'m> {
    let activation = |shape: &Shape| {
        let id = Graph::new("", "", shape.clone()).input();
        Known::Activation(id, shape.clone())
    };
    match value {
        Value::Constant(constant) => Known::Constant(constant.clone()),
        Value::Weights(weights) => Known::Constant(Constant::Made(Rc::new(TensorProto {
            dims: weights.dims.iter().map(|&dim| dim as i64).collect(),
            data_type: Some(DataType::Float as i32),
            float_data: weights.reals(),
            ..TensorProto::default()
        }))),
        Value::Input(_, shape) | Value::Float(_, shape) => activation(shape),
        Value::Integer(integer) => activation(&integer.shape),
    }
}

fn finish(
    mut importer: Importer,
    proto: &GraphProto,
    values: &HashMap<&str, Value<'_>>,
    names: &[&str],
) -> Result<Quantized, Problem> {
    let batched = importer.declared.iter().any(|input| input.batched);
    let (mut outputs, mut tensors) = (Vec::new(), Vec::new());
    for &name in names {
        let wrong = |reason: &str, remedy: &'static str| Problem::Usage {
            node: name.to_owned(),
            operator: "output".to_owned(),
            reason: reason.to_owned(),
            remedy,
        };
        let (tensor, shape, element, reals, softmax) = match values.get(name) {
            Some(Value::Integer(x)) => (x.tensor, &x.shape, x.element, Vec::new(), false),
            Some(Value::Float(Float::Real(real), shape)) => {
                (real.tensor, shape, Element::Float, real.values.to_vec(), false)
            }
            Some(Value::Float(Float::Softmax(real), shape)) => {
                (real.tensor, shape, Element::Float, real.values.to_vec(), true)
            }
            Some(Value::Float(..)) => {
                return Err(wrong(
                    "was computed in float and not quantized",
                    "put QuantizeLinear and DequantizeLinear before the output",
                ));
            }
            Some(_) => return Err(wrong("is an input or a constant", "remove the output")),
            None => {
                let reader = "the graph's output".to_owned();
                return Err(Problem::Dangling { reader, tensor: name.to_owned() });
            }
        };
        // An output is written by some layer, and only one output is made of a map.
        let given = importer.inputs.iter().any(|&(_, input)| input == tensor) || tensors.contains(&tensor);
        let tensor = if given { importer.maps.copy(name, tensor, None) } else { tensor };
        tensors.push(tensor);
        let dims = shape.dims().to_vec();
        outputs.push(Output { name: name.to_owned(), element, dims, batched, values: reals, softmax });
    }
    // Float inputs that nobody quantizes, and others that nobody reads, have no part in the network.
    let read: HashSet<usize> = importer.maps.layers.iter().flat_map(|layer| layer.inputs.clone()).collect();
    let inputs: Vec<(Input, usize)> =
        importer.inputs.into_iter().filter(|(_, tensor)| read.contains(tensor)).collect();
    let indices: Vec<usize> = inputs.iter().map(|&(_, tensor)| tensor).collect();
    if indices.is_empty() {
        return Err(Problem::Incomplete { part: "quantized input" });
    }
    let unsigned = std::mem::take(&mut importer.maps.unsigned);
    let network =
        importer.maps.finish(proto.name(), &indices, tensors).map_err(|[first, other]| Problem::Usage {
            node: proto.name().to_owned(),
            operator: "graph".to_owned(),
            reason: format!("has inputs of different sizes, {first} and {other}"),
            remedy: "inputs may differ in their channels only",
        })?;
    let mut network = super::maps::pruned(network);
    // Scales that cannot be used are an error of the compiler, which names the layer.
    let exact = Exact::plan(&mut network, &unsigned).unwrap_or_default();
    let inputs = inputs.into_iter().map(|(input, _)| input).collect();
    Ok(Quantized { network, interface: Interface { inputs, outputs, exact } })
}
