//! Changes of ONNX graphs: what stays protobuf, but may mean anything.

use super::Seeds;
use crate::random::Random;
use pleach_host::import::proto::tensor_proto::DataLocation;
use pleach_host::import::proto::tensor_shape_proto::Dimension;
use pleach_host::import::proto::tensor_shape_proto::dimension;
use pleach_host::import::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, StringStringEntryProto, TensorProto, type_proto,
};
use pleach_host::import::supported_operators;
use prost::Message;

const INTEGERS: [i64; 20] = [
    0,
    1,
    -1,
    2,
    3,
    -2,
    4,
    7,
    16,
    127,
    255,
    1 << 16,
    1 << 20,
    1 << 27,
    i32::MAX as i64,
    1 << 31,
    1 << 32,
    1 << 40,
    i64::MAX,
    i64::MIN,
];
const FLOATS: [f32; 12] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    1e-45,
    f32::MIN_POSITIVE,
    f32::MAX,
    1e-10,
];
/// Besides those that the importer of float models knows.
const OPERATORS: [&str; 16] = [
    "QuantizeLinear",
    "DequantizeLinear",
    "QLinearConv",
    "QLinearMatMul",
    "QLinearAdd",
    "QLinearMul",
    "QLinearConcat",
    "QLinearSigmoid",
    "QLinearLeakyRelu",
    "QLinearAveragePool",
    "QLinearGlobalAveragePool",
    "QGemm",
    "ConvInteger",
    "MatMulInteger",
    "Cast",
    "LSTM",
];
const ATTRIBUTES: [&str; 14] = [
    "kernel_shape",
    "strides",
    "pads",
    "dilations",
    "group",
    "axis",
    "axes",
    "auto_pad",
    "ceil_mode",
    "perm",
    "epsilon",
    "alpha",
    "keepdims",
    "count_include_pad",
];
const LOCATIONS: [&str; 5] = ["case.onnx", "../case.onnx", "/dev/zero", "", "none.bin"];

/// A model with one to five changes.
pub(super) fn changed(seeds: &Seeds, random: &mut Random) -> Vec<u8> {
    let mut model = seeds.onnx(random).clone();
    for _ in 0..=random.below(5) {
        change(&mut model, seeds, random);
    }
    model.encode_to_vec()
}

fn change(model: &mut ModelProto, seeds: &Seeds, random: &mut Random) {
    if random.below(40) == 0 {
        if let Some(set) = model.opset_import.first_mut() {
            set.version = Some(if random.percent(50) { random.below(30) as i64 } else { integer(random) });
        }
        return;
    }
    let Some(graph) = &mut model.graph else { return };
    match random.below(10) {
        0..=2 => node(graph, random),
        3 | 4 => attribute(graph, random),
        5..=7 => initializer(graph, random),
        8 => border(graph, random),
        _ => graft(graph, seeds, random),
    }
}

fn pick<'a, T>(items: &'a mut [T], random: &mut Random) -> Option<&'a mut T> {
    match items.len() {
        0 => None,
        count => items.get_mut(random.below(count)),
    }
}

fn integer(random: &mut Random) -> i64 {
    match random.below(3) {
        0 => random.below(12) as i64,
        _ => INTEGERS[random.below(INTEGERS.len())],
    }
}

fn float(random: &mut Random) -> f32 {
    match random.below(3) {
        0 => f32::from_bits(random.bits() as u32),
        _ => FLOATS[random.below(FLOATS.len())],
    }
}

/// The name of any tensor of the graph, or of none.
fn tensor(graph: &GraphProto, random: &mut Random) -> String {
    let outputs = graph.node.iter().flat_map(|node| node.output.iter().map(String::as_str));
    let inputs = graph.input.iter().map(|info| info.name());
    let constants = graph.initializer.iter().map(TensorProto::name);
    let names: Vec<&str> = outputs.chain(inputs).chain(constants).chain(["", "nowhere"]).collect();
    names[random.below(names.len())].to_owned()
}

fn node(graph: &mut GraphProto, random: &mut Random) {
    let name = tensor(graph, random);
    let count = graph.node.len();
    let Some(node) = pick(&mut graph.node, random) else { return };
    match random.below(10) {
        0 | 1 => {
            let known: Vec<&str> = supported_operators().chain(OPERATORS).collect();
            node.op_type = Some(known[random.below(known.len())].to_owned());
        }
        2 => node.domain = Some(["", "ai.onnx", "com.microsoft", "other"][random.below(4)].to_owned()),
        3 | 4 => {
            if let Some(input) = pick(&mut node.input, random) {
                *input = name;
            }
        }
        5 => drop(node.input.pop()),
        6 => node.input.push(name),
        7 => {
            if let Some(output) = pick(&mut node.output, random) {
                *output = name;
            }
        }
        8 => node.output.push(format!("{name}:more")),
        _ => {
            let (from, to) = (random.below(count), random.below(count));
            match random.below(3) {
                0 => drop(graph.node.remove(from)),
                1 => graph.node.swap(from, to),
                _ => {
                    let copy = graph.node[from].clone();
                    graph.node.insert(to, copy);
                }
            }
        }
    }
}

fn attribute(graph: &mut GraphProto, random: &mut Random) {
    let Some(node) = pick(&mut graph.node, random) else { return };
    if node.attribute.is_empty() || random.below(6) == 0 {
        let ints = (0..random.below(5)).map(|_| integer(random)).collect();
        let name = ATTRIBUTES[random.below(ATTRIBUTES.len())].to_owned();
        let code = [1, 2, 7][random.below(3)];
        let (i, f) = (Some(integer(random)), Some(float(random)));
        return node.attribute.push(AttributeProto {
            name: Some(name),
            i,
            f,
            ints,
            r#type: Some(code),
            ..AttributeProto::default()
        });
    }
    let at = random.below(node.attribute.len());
    let attribute = &mut node.attribute[at];
    match random.below(8) {
        0 => drop(node.attribute.remove(at)),
        1 => attribute.ints.push(integer(random)),
        2 => drop(attribute.ints.pop()),
        3 => attribute.r#type = Some(random.below(15) as i32),
        4 => attribute.s = Some((0..random.below(12)).map(|_| random.byte() as u8).collect()),
        _ => {
            let (whole, real) = (integer(random), float(random));
            match pick(&mut attribute.ints, random) {
                Some(value) => *value = whole,
                None => (attribute.i, attribute.f) = (Some(whole), Some(real)),
            }
            if let Some(tensor) = &mut attribute.t {
                values(tensor, random);
            }
        }
    }
}

fn initializer(graph: &mut GraphProto, random: &mut Random) {
    let count = graph.initializer.len();
    if count > 1 && random.below(8) == 0 {
        let (a, b) = (random.below(count), random.below(count));
        let name = graph.initializer[a].name.clone();
        graph.initializer[a].name = std::mem::replace(&mut graph.initializer[b].name, name);
        return;
    }
    if let Some(tensor) = pick(&mut graph.initializer, random) {
        values(tensor, random);
    }
}

/// Other dimensions, another type or other values.
fn values(tensor: &mut TensorProto, random: &mut Random) {
    match random.below(10) {
        0 => {
            let size = integer(random);
            if let Some(dim) = pick(&mut tensor.dims, random) {
                *dim = size;
            }
        }
        1 => tensor.dims.push(if random.percent(50) { 1 } else { integer(random) }),
        2 => drop(tensor.dims.pop()),
        3 => tensor.data_type = Some(random.below(24) as i32),
        4 => external(tensor, random),
        5 => {
            let value = float(random);
            match pick(&mut tensor.float_data, random) {
                Some(entry) => *entry = value,
                None => tensor.raw_data = Some(value.to_le_bytes().to_vec().into()),
            }
        }
        6 => {
            let value = integer(random);
            match pick(&mut tensor.int64_data, random) {
                Some(entry) => *entry = value,
                None => tensor.int32_data.push(value as i32),
            }
        }
        _ => words(tensor, random),
    }
}

/// Raw data with another number in it, or of another length.
fn words(tensor: &mut TensorProto, random: &mut Random) {
    let Some(raw) = &tensor.raw_data else { return };
    let mut bytes = raw.to_vec();
    let at = random.below(bytes.len().max(4) / 4) * 4;
    match (bytes.get_mut(at..at + 4), random.below(8)) {
        (Some(word), 0..=3) => word.copy_from_slice(&float(random).to_le_bytes()),
        (Some(word), 4 | 5) => word.copy_from_slice(&(integer(random) as i32).to_le_bytes()),
        (_, 6) => drop(bytes.pop()),
        _ => bytes.fill(random.byte() as u8),
    }
    tensor.raw_data = Some(bytes.into());
}

/// Data that lie in a file beside the model, or elsewhere.
fn external(tensor: &mut TensorProto, random: &mut Random) {
    let entry =
        |key: &str, value: String| StringStringEntryProto { key: Some(key.to_owned()), value: Some(value) };
    tensor.data_location = Some(DataLocation::External as i32);
    let location = LOCATIONS[random.below(LOCATIONS.len())].to_owned();
    tensor.external_data.push(entry("location", location));
    for key in ["offset", "length"] {
        if random.percent(50) {
            tensor.external_data.push(entry(key, integer(random).to_string()));
        }
    }
}

/// Inputs and outputs of the graph.
fn border(graph: &mut GraphProto, random: &mut Random) {
    let name = tensor(graph, random);
    if random.below(3) == 0 {
        match pick(&mut graph.output, random) {
            Some(output) => output.name = Some(name),
            None => graph.output.extend(graph.input.clone()),
        }
        return;
    }
    let (size, code, which) = (integer(random), random.below(20) as i32, random.below(6));
    let Some(input) = pick(&mut graph.input, random) else { return };
    if which == 0 {
        input.r#type = None;
        return;
    }
    let kind = input.r#type.as_mut().and_then(|kind| kind.value.as_mut());
    let Some(type_proto::Value::TensorType(found)) = kind else { return };
    let dims = found.shape.get_or_insert_default();
    match which {
        1 => found.elem_type = Some(code),
        2 => drop(dims.dim.pop()),
        3 => {
            dims.dim.push(Dimension { value: Some(dimension::Value::DimValue(size)), ..Dimension::default() })
        }
        _ => {
            if let Some(dim) = pick(&mut dims.dim, random) {
                dim.value = Some(dimension::Value::DimValue(size));
            }
        }
    }
}

/// A node of another model with its constants, somewhere.
fn graft(graph: &mut GraphProto, seeds: &Seeds, random: &mut Random) {
    let other = seeds.onnx(random);
    let Some(from) = other.graph.as_ref().filter(|from| !from.node.is_empty()) else { return };
    let mut node: NodeProto = from.node[random.below(from.node.len())].clone();
    let mark = random.below(1 << 20);
    for input in node.input.iter_mut().filter(|input| !input.is_empty()) {
        let constant = from.initializer.iter().find(|constant| constant.name() == input);
        match constant.filter(|constant| constant.encoded_len() < 1 << 16) {
            Some(constant) => {
                *input = format!("{input}:{mark}");
                graph.initializer.push(TensorProto { name: Some(input.clone()), ..constant.clone() });
            }
            None => *input = tensor(graph, random),
        }
    }
    node.output = (0..node.output.len()).map(|index| format!("graft:{mark}:{index}")).collect();
    // Somebody must read it, or it is not looked at.
    let made = node.output.first().cloned().unwrap_or_default();
    let readers = graph.node.iter_mut().flat_map(|node| &mut node.input);
    let ends = graph.output.iter_mut().filter_map(|output| output.name.as_mut());
    let mut places: Vec<&mut String> = readers.chain(ends).collect();
    if let Some(place) = pick(&mut places, random) {
        **place = made;
    }
    let at = random.below(graph.node.len() + 1);
    graph.node.insert(at, node);
}
