//! What is said of model files that cannot be imported.

use super::models::{Value, floats, import, import_bytes, info, integers, model, node, weights, with};
use miette::Diagnostic;
use pleach_host::graph::{passes, run};
use pleach_host::import::proto::{ModelProto, NodeProto, StringStringEntryProto, TensorProto, tensor_proto};
use pleach_host::import::{self, ImportError};
use prost::Message;
use std::collections::BTreeMap;
use std::path::Path;

/// The message without the folder, then the help.
fn text(error: &ImportError) -> String {
    let message = error.to_string();
    let (_, problem) = message.split_once(": ").expect("the file comes first");
    assert!(error.file.ends_with("net.onnx"), "the file is named");
    format!("{problem}\n{}", error.help().expect("every error has a remedy"))
}

/// Message and help for a model that must be refused.
fn refusal(model: &ModelProto) -> String {
    text(&import(model).unwrap_err())
}

/// A refused node on an input of 2x4x4.
fn refused(node: NodeProto, initializers: Vec<TensorProto>) -> String {
    refusal(&model(&[1, 2, 4, 4], vec![node], initializers))
}

fn conv() -> NodeProto {
    node("Conv", &["x", "w"], "y")
}

fn kernel() -> TensorProto {
    weights("w", &[3, 2, 3, 3])
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "'{part}' is not in:\n{text}");
    }
}

#[test]
fn a_missing_file() {
    let error = import::load(Path::new("no/such/model.onnx"), &BTreeMap::new()).unwrap_err();
    says(&error.to_string(), &["no/such/model.onnx: cannot be read: "]);
    assert!(error.help().is_some());
}

#[test]
fn not_an_onnx_file() {
    let of = |bytes: &[u8]| text(&import_bytes(bytes, &BTreeMap::new()).unwrap_err());
    says(&of(b""), &["is not an ONNX file: it is empty", "torch.onnx.export"]);
    says(&of(b"<!DOCTYPE html>"), &["is not an ONNX file: "]);
    says(&of(b"PK\x03\x04"), &["is not an ONNX file: "]);
}

#[test]
fn a_truncated_file() {
    let bytes = model(&[1, 2, 4, 4], vec![conv()], vec![kernel()]).encode_to_vec();
    let cut = text(&import_bytes(&bytes[..bytes.len() / 2], &BTreeMap::new()).unwrap_err());
    says(&cut, &["is truncated: a field of ", "copy or download the file again"]);
    let mut headless = model(&[1, 2, 4, 4], vec![conv()], vec![kernel()]);
    headless.opset_import.clear();
    says(&refusal(&headless), &["has no operator set version", "truncated"]);
}

#[test]
fn an_operator_set_out_of_range() {
    for version in [6, 99] {
        let mut net = model(&[1, 2, 4, 4], vec![conv()], vec![kernel()]);
        net.opset_import[0].version = Some(version);
        says(&refusal(&net), &[&format!("operator set {version}; "), "7 to 28", "onnx.version_converter"]);
    }
}

#[test]
fn an_unknown_operator_names_the_known_ones() {
    let lstm = refused(node("LSTM", &["x"], "y"), vec![]);
    says(
        &lstm,
        &[
            "node 'y': operator LSTM is not supported",
            "Add, AveragePool, BatchNormalization",
            "Reshape, Resize",
        ],
    );
    let foreign = NodeProto { domain: Some("com.microsoft".to_owned()), ..node("Conv", &["x"], "y") };
    says(&refused(foreign, vec![]), &["operator com.microsoft.Conv is not supported"]);
}

#[test]
fn attribute_values_that_are_not_supported() {
    let of = |name, value| refused(with(conv(), name, value), vec![kernel()]);
    says(
        &of("strides", Value::Ints(&[0, 1])),
        &["node 'y' (Conv): strides = [0, 1] is not supported", "from 1"],
    );
    says(&of("pads", Value::Ints(&[1, 1])), &["pads = [1, 1]", "4 numbers"]);
    says(&of("pads", Value::Ints(&[-1, 0, 0, 0])), &["pads = [-1, 0, 0, 0]"]);
    says(&of("dilations", Value::Ints(&[i64::MAX, 1])), &["dilations = "]);
    says(&of("kernel_shape", Value::Ints(&[5, 5])), &["kernel_shape = [5, 5]", "3x3 kernel"]);
    says(&of("auto_pad", Value::Text("SAME")), &["auto_pad = SAME", "SAME_UPPER"]);
    says(&of("auto_pad", Value::Int(1)), &["auto_pad = (of another type)"]);
    says(&of("group", Value::Int(0)), &["group = 0"]);
    says(&of("group", Value::Int(2)), &["3 output channels cannot be divided into 2 groups"]);
    let gemm = with(node("Gemm", &["x", "w"], "y"), "transA", Value::Int(1));
    says(&refusal(&model(&[1, 2], vec![gemm], vec![weights("w", &[2, 2])])), &["(Gemm): transA = 1"]);
    let flatten = with(node("Flatten", &["x"], "y"), "axis", Value::Int(2));
    says(&refused(flatten, vec![]), &["(Flatten): axis = 2"]);
    let clip = node("Clip", &["x", "low"], "y");
    says(&refused(clip, vec![floats("low", &[], vec![f32::NAN])]), &["(Clip): min or max = NaN"]);
}

#[test]
fn training_mode() {
    let dropout = node("Dropout", &["x", "", "train"], "y");
    let train = TensorProto {
        name: Some("train".to_owned()),
        data_type: Some(tensor_proto::DataType::Bool as i32),
        int32_data: vec![1],
        ..TensorProto::default()
    };
    says(&refused(dropout, vec![train]), &["(Dropout): training_mode = true", "model.eval()"]);
    let norm =
        with(node("BatchNormalization", &["x", "s", "s", "s", "s"], "y"), "training_mode", Value::Int(1));
    says(&refused(norm, vec![weights("s", &[2])]), &["(BatchNormalization): training_mode = 1"]);
}

#[test]
fn dynamic_shapes_and_given_ones() {
    let net = model(&[-1, 2, -1, -1], vec![conv()], vec![kernel()]);
    says(&refusal(&net), &["input 'x' has the dynamic shape d0x2xd2xd3", "--shape x=1x2x224x224"]);
    let bytes = net.encode_to_vec();
    let with_shape = |name: &str, dims: &[usize]| {
        import_bytes(&bytes, &[(name.to_owned(), dims.to_vec())].into_iter().collect())
    };
    assert_eq!(
        with_shape("x", &[1, 2, 5, 6]).unwrap().graph.layers().next().unwrap().output.to_string(),
        "3x3x4"
    );
    says(&text(&with_shape("x", &[1, 3, 5, 6]).unwrap_err()), &["1x3x5x6", "contradicts", "d0x2xd2xd3"]);
    says(&text(&with_shape("x", &[2, 2, 5, 6]).unwrap_err()), &["a batch of 2", "one after the other"]);
    says(
        &text(&with_shape("y", &[1]).unwrap_err()),
        &["a shape is given for 'y'", "the input's name is 'x'"],
    );
}

#[test]
fn wrong_ranks_and_sizes() {
    let vector = refusal(&model(&[1, 2], vec![conv()], vec![kernel()]));
    says(
        &vector,
        &["node 'y' (Conv): expected a map of channels x height x width, found a tensor of shape 2"],
    );
    let gemm = refused(node("Gemm", &["x", "w"], "y"), vec![weights("w", &[2, 2])]);
    says(&gemm, &["node 'y' (Gemm): expected a vector (put a Flatten before it)"]);
    says(
        &refused(conv(), vec![weights("w", &[3, 5, 3, 3])]),
        &["weights are for 5 channels, the input has 2"],
    );
    says(&refused(conv(), vec![weights("w", &[3, 2, 5, 3])]), &["a 5x3 kernel does not fit"]);
    says(&refused(conv(), vec![weights("w", &[3, 2, 3])]), &["W has shape 3x2x3, expected 4 dimensions"]);
    let bias = refused(node("Conv", &["x", "w", "b"], "y"), vec![kernel(), weights("b", &[4])]);
    says(&bias, &["node 'y' (Conv): B has shape 4, expected 3"]);
    let reshape = refused(node("Reshape", &["x", "t"], "y"), vec![integers("t", &[2, 16])]);
    says(&reshape, &["reshapes 1x2x4x4 to [2, 16]", "[N, -1]"]);
    let add = refused(node("Add", &["x", "b"], "y"), vec![weights("b", &[4])]);
    says(&add, &["operand has shape 4, expected a scalar or one value per channel of 2x4x4"]);
    says(&refused(node("Softmax", &["x"], "y"), vec![]), &["(Softmax): expected a vector"]);
}

#[test]
fn weights_that_are_missing_or_broken() {
    says(&refused(conv(), vec![]), &["node 'y' reads tensor 'w', which is neither"]);
    says(&refused(node("Conv", &["x"], "y"), vec![]), &["node 'y' (Conv): input 1 (W) is missing"]);
    says(&refused(node("Conv", &["x", ""], "y"), vec![]), &["input 1 (W) is missing"]);
    let computed = vec![node("Relu", &["x"], "w"), conv()];
    let computed = refusal(&model(&[1, 2, 4, 4], computed, vec![]));
    says(&computed, &["node 'y' (Conv): W 'w' is not an initializer of the model", "do_constant_folding"]);
    let half = TensorProto { data_type: Some(tensor_proto::DataType::Float16 as i32), ..kernel() };
    says(
        &refused(conv(), vec![half]),
        &["initializer 'w': its element type is FLOAT16, expected FLOAT", "float32"],
    );
    let strange = TensorProto { data_type: Some(12345), ..kernel() };
    says(&refused(conv(), vec![strange]), &["its element type is number 12345"]);
    let mut short = kernel();
    short.float_data.pop();
    says(
        &refused(conv(), vec![short]),
        &["initializer 'w': its dimensions 3x2x3x3 need 54 elements, the file holds 53"],
    );
    let raw = TensorProto { raw_data: Some(vec![0; 13].into()), float_data: vec![], ..kernel() };
    says(&refused(conv(), vec![raw]), &["need 54 elements, the file holds 3"]);
    for dims in [&[3, 2, 0, 3][..], &[3, 2, -3, 3], &[i64::MAX, i64::MAX, 3, 3]] {
        let tensor = TensorProto { dims: dims.to_vec(), ..kernel() };
        says(
            &refused(conv(), vec![tensor]),
            &["initializer 'w': its dimensions [", "negative, zero, or make more"],
        );
    }
    for value in [f32::NAN, f32::INFINITY] {
        let mut tensor = kernel();
        tensor.float_data[7] = value;
        says(
            &refused(conv(), vec![tensor]),
            &[&format!("initializer 'w': element 7 is {value}"), "checkpoint"],
        );
    }
    let norm = node("BatchNormalization", &["x", "s", "s", "s", "v"], "y");
    let variance = floats("v", &[2], vec![1.0, -3.0]);
    says(&refused(norm, vec![weights("s", &[2]), variance]), &["channel 1 has the variance -3"]);
}

#[test]
fn external_data_that_cannot_be_had() {
    let of = |location: &str| {
        let entry =
            StringStringEntryProto { key: Some("location".to_owned()), value: Some(location.to_owned()) };
        let external = TensorProto {
            data_location: Some(tensor_proto::DataLocation::External as i32),
            external_data: vec![entry],
            float_data: vec![],
            ..kernel()
        };
        refused(conv(), vec![external])
    };
    says(
        &of("weights.bin"),
        &["initializer 'w': its data is outside the model, in 'weights.bin': ", "beside the model"],
    );
    says(&of("net.onnx"), &["216 bytes at 0 are needed, the file has "]);
    for outside in ["../weights.bin", "/etc/hostname", ""] {
        says(&of(outside), &["must be a relative path inside the model's folder"]);
    }
}

#[test]
fn graphs_that_are_none() {
    let cycle = vec![node("Relu", &["b"], "a"), node("Relu", &["a"], "b"), node("Relu", &["b"], "y")];
    says(&refusal(&model(&[1, 2], cycle, vec![])), &["the graph is cyclic", "a, b, y"]);
    let twice = vec![node("Relu", &["x"], "a"), node("Relu", &["x"], "a"), node("Relu", &["a"], "y")];
    says(&refusal(&model(&[1, 2], twice, vec![])), &["tensor 'a' has more than one source"]);
    says(&refused(node("Relu", &["x"], "w"), vec![kernel()]), &["tensor 'w' has more than one source"]);
    let mut net = model(&[1, 2], vec![node("Relu", &["x"], "y")], vec![]);
    net.graph.as_mut().unwrap().output[0] = info("z", &[]);
    says(&refusal(&net), &["the graph's output reads tensor 'z'"]);
    let constant = with(node("Constant", &[], "y"), "value_float", Value::Float(1.0));
    says(&refused(constant, vec![]), &["the graph's output reads tensor 'y'"]);
}

#[test]
fn inputs_and_outputs_that_are_not_supported() {
    let mut net = model(&[1, 2], vec![node("Relu", &["x"], "y")], vec![]);
    let graph = net.graph.as_mut().unwrap();
    graph.input.push(info("z", &[1, 2]));
    says(&refusal(&net), &["has 2 inputs (x, z); exactly one", "extract_model"]);
    net.graph.as_mut().unwrap().input.clear();
    says(&refusal(&net), &["has 0 inputs"]);
    let net = model(&[3, 2], vec![node("Relu", &["x"], "y")], vec![]);
    says(&refusal(&net), &["input 'x' has a batch of 3"]);
    let net = model(&[1, 3, 4], vec![node("Relu", &["x"], "y")], vec![]);
    says(&refusal(&net), &["input 'x' has shape 1x3x4", "N x channels x height x width"]);
}

/// Imports damaged bytes; what is accepted in spite of the damage must also run.
fn survives(bytes: &[u8]) {
    let Ok(model) = import_bytes(bytes, &BTreeMap::new()) else { return };
    let graph = passes::optimise(&model.graph);
    let input = graph.tensor(graph.input()).shape.as_map().unwrap();
    if input.elements() < 1 << 16 && graph.tensors().iter().all(|tensor| tensor.shape.elements() < 1 << 16) {
        let image = ndarray::Array3::zeros((input.channels, input.height, input.width));
        run(&graph, &image).unwrap();
    }
}

fn digits() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/digits.onnx")).unwrap()
}

#[test]
fn every_truncation_of_the_digits_model_is_refused() {
    let bytes = digits();
    let ends = (0..200).chain((200..bytes.len()).step_by(997)).chain(bytes.len() - 50..bytes.len());
    for end in ends {
        let error = import_bytes(&bytes[..end], &BTreeMap::new()).expect_err("no prefix is a model");
        assert!(error.help().is_some(), "{end}: {error}");
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let bytes = digits();
    // Structure is at both ends and between the tensors' data; the data themselves are the larger part.
    let positions = (0..1500).chain((1500..bytes.len()).step_by(1201)).chain(bytes.len() - 400..bytes.len());
    for (count, position) in positions.enumerate() {
        let mut damaged = bytes.clone();
        damaged[position] ^= [0xff, 0x01, 0x80, 0x10][count % 4];
        survives(&damaged);
    }
}

#[test]
fn flipped_bits_of_a_small_model_never_panic() {
    let conv = with(with(conv(), "pads", Value::Ints(&[1, 1, 1, 1])), "strides", Value::Ints(&[2, 2]));
    let nodes = vec![
        conv,
        node("Relu", &["y"], "a"),
        node("Reshape", &["a", "t"], "b"),
        node("Gemm", &["b", "m"], "c"),
        node("Softmax", &["c"], "d"),
    ];
    let initializers = vec![kernel(), integers("t", &[1, -1]), weights("m", &[12, 3])];
    let bytes = model(&[1, 2, 4, 4], nodes, initializers).encode_to_vec();
    for position in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1 << bit;
            survives(&damaged);
        }
    }
}

#[test]
fn flipped_bits_of_a_branching_model_never_panic() {
    let window =
        |bare| with(with(bare, "kernel_shape", Value::Ints(&[2, 3])), "pads", Value::Ints(&[1, 1, 0, 1]));
    let axis = |bare| with(bare, "axis", Value::Int(1));
    let split = super::models::with_outputs(axis(node("Split", &["x", "s"], "a")), &["a", "b"]);
    let nodes = vec![
        split,
        node("Pad", &["b", "p"], "c"),
        with(window(node("MaxPool", &["c"], "d")), "ceil_mode", Value::Int(1)),
        with(window(node("AveragePool", &["c"], "e")), "count_include_pad", Value::Int(1)),
        node("Sigmoid", &["d"], "f"),
        node("Mul", &["d", "f"], "g"),
        node("Add", &["g", "e"], "h"),
        axis(node("Concat", &["h", "h"], "i")),
        node("Reshape", &["i", "r"], "j"),
        with(node("Transpose", &["j"], "k"), "perm", Value::Ints(&[0, 2, 1, 3, 4])),
        node("Reshape", &["k", "t"], "l"),
        node("Slice", &["l", "from", "to", "axes"], "m"),
        with(node("Resize", &["m", "", "z"], "n"), "mode", Value::Text("nearest")),
        with(node("ReduceMean", &["n"], "o"), "axes", Value::Ints(&[2, 3])),
        node("Squeeze", &["o", "q"], "y"),
    ];
    let constants = vec![
        integers("s", &[1, 1]),
        integers("p", &[0, 0, 1, 0, 0, 0, 0, 1]),
        integers("r", &[1, 2, 1, 5, 5]),
        integers("t", &[1, 2, 5, 5]),
        integers("from", &[0]),
        integers("to", &[-1]),
        integers("axes", &[1]),
        floats("z", &[4], vec![1.0, 1.0, 2.0, 2.0]),
        integers("q", &[2, 3]),
    ];
    let whole = model(&[1, 2, 4, 4], nodes, constants);
    import(&whole).unwrap();
    let bytes = whole.encode_to_vec();
    for position in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1 << bit;
            survives(&damaged);
        }
    }
}

/// A refused node with attributes.
fn refused_with(operator: &str, attributes: &[(&str, Value<'_>)], constants: Vec<TensorProto>) -> String {
    let inputs = std::iter::once("x").chain(constants.iter().map(|constant| constant.name()));
    let bare = node(operator, &inputs.collect::<Vec<_>>(), "y");
    let bare = attributes.iter().fold(bare, |node, (name, value)| with(node, name, value.clone()));
    refused(bare, constants)
}

#[test]
fn operands_of_different_shapes() {
    for operator in ["Add", "Mul"] {
        // One value a channel scales a map, but four do not.
        let pooled = with(node("MaxPool", &["x"], "a"), "kernel_shape", Value::Ints(&[3, 3]));
        let net = model(&[1, 2, 4, 4], vec![pooled, node(operator, &["x", "a"], "y")], vec![]);
        says(&refusal(&net), &[operator, "the inputs have the shapes 2x4x4 and 2x2x2"]);
    }
    let convs =
        vec![node("Conv", &["x", "w"], "a"), with(node("Concat", &["x", "a"], "y"), "axis", Value::Int(1))];
    says(&refusal(&model(&[1, 2, 4, 4], convs, vec![kernel()])), &["Concat", "2x4x4 and 3x2x2"]);
}

#[test]
fn operands_that_must_be_constants() {
    let pair = |operator| refused(node(operator, &["x", "x"], "y"), vec![]);
    says(&pair("Sub"), &["(Sub): subtracts one tensor from another", "a constant"]);
    says(&pair("Div"), &["(Div): divides by a tensor", "the CPU runs it"]);
    says(&pair("Max"), &["(Max): compares tensors with each other", "one constant value"]);
    says(&pair("PRelu"), &["(PRelu): slope 'x' is not an initializer"]);
    says(&refused(node("Sum", &["x", "x", "x"], "y"), vec![]), &["(Sum): adds 3 tensors", "Add"]);
    let divided = |by: f32| refused(node("Div", &["x", "c"], "y"), vec![floats("c", &[], vec![by])]);
    says(&divided(0.0), &["(Div): divides by zero"]);
    says(&divided(1e-40), &["(Div): has a divisor whose reciprocal is no f32"]);
    let slopes = vec![floats("s", &[2, 1, 1], vec![0.1, 0.2])];
    says(&refused(node("PRelu", &["x", "s"], "y"), slopes), &["(PRelu): has a slope for each channel"]);
    let limits = vec![floats("m", &[2, 1, 1], vec![0.1, 0.2])];
    says(&refused(node("Min", &["x", "m"], "y"), limits), &["(Min): operand has shape 2x1x1"]);
    let swish = with(node("Swish", &["x"], "y"), "alpha", Value::Float(0.5));
    says(&refused(swish, vec![]), &["(Swish): alpha = 0.5 is not supported", "Sigmoid"]);
}

#[test]
fn windows_that_do_not_fit() {
    let window = |kernel: &'static [i64]| ("kernel_shape", Value::Ints(kernel));
    says(&refused_with("MaxPool", &[], vec![]), &["kernel_shape = (left out) is not supported"]);
    says(&refused_with("MaxPool", &[window(&[5, 2])], vec![]), &["a 5x2 kernel does not fit"]);
    says(
        &refused_with("MaxPool", &[window(&[2])], vec![]),
        &["kernel_shape = [2] is not supported", "2 numbers"],
    );
    let pads = ("pads", Value::Ints(&[2, 0, 0, 0]));
    says(
        &refused_with("AveragePool", &[window(&[2, 2]), pads], vec![]),
        &["a 2x2 window lies wholly on the padding"],
    );
    let axes = ("axes", Value::Ints(&[1]));
    says(&refused_with("ReduceMean", &[axes], vec![]), &["axes = [1] is not supported", "height and width"]);
}

#[test]
fn channels_that_are_not_there() {
    let axis = |axis: i64| ("axis", Value::Int(axis));
    says(&refused_with("Split", &[axis(2)], vec![]), &["axis = 2 is not supported"]);
    says(&refused_with("Split", &[axis(9)], vec![]), &["axes = [9] is not supported", "axes 0 to 3"]);
    says(
        &refused_with("Split", &[axis(1)], vec![integers("s", &[1, 1])]),
        &["split = [1, 1] is not supported"],
    );
    let limits =
        |start, end, axis| vec![integers("s", &[start]), integers("e", &[end]), integers("a", &[axis])];
    says(&refused_with("Slice", &[], limits(0, 2, 3)), &["axes = [3] is not supported", "only channels"]);
    says(&refused_with("Slice", &[], limits(2, 2, 1)), &["is empty or larger than"]);
    says(
        &refused_with("Slice", &[], vec![integers("s", &[0]), integers("e", &[1, 2])]),
        &["different lengths"],
    );
    says(&refused_with("Concat", &[axis(0)], vec![]), &["axis = 0 is not supported"]);
}

#[test]
fn sizes_that_no_whole_factor_makes() {
    let scales = |values: &[f32]| floats("s", &[values.len() as i64], values.to_vec());
    let nearest = ("mode", Value::Text("nearest"));
    let of = |attributes: &[(&str, Value<'_>)], constant: TensorProto| {
        let bare = node("Resize", &["x", "", "s"], "y");
        let resize = attributes.iter().fold(bare, |node, (name, value)| with(node, name, value.clone()));
        refused(resize, vec![constant])
    };
    says(&of(&[], scales(&[1.0, 1.0, 1.5, 2.0])), &["scales = [1.0, 1.0, 1.5, 2.0] is not supported"]);
    says(&of(&[("mode", Value::Text("cubic"))], scales(&[1.0; 4])), &["mode = cubic is not supported"]);
    let linear = ("mode", Value::Text("linear"));
    let corners = [linear.clone(), ("coordinate_transformation_mode", Value::Text("align_corners"))];
    let message = of(&corners, scales(&[1.0, 1.0, 2.0, 2.0]));
    says(&message, &["coordinate_transformation_mode = align_corners", "export with align_corners=False"]);
    says(&of(&[linear], scales(&[1.0, 1.0, 8.0, 8.0])), &["scales = [8, 8]", "use several steps"]);
    let ceil = [nearest, ("nearest_mode", Value::Text("ceil"))];
    says(&of(&ceil, scales(&[1.0, 1.0, 2.0, 2.0])), &["half_pixel with nearest_mode ceil is not supported"]);
}

#[test]
fn paddings_and_axes_that_are_not_supported() {
    let pads = |values: &[i64]| vec![integers("p", values)];
    let reflect = [("mode", Value::Text("reflect"))];
    says(&refused_with("Pad", &reflect, pads(&[0; 8])), &["mode = reflect is not supported"]);
    says(&refused_with("Pad", &[], pads(&[0, 1, 0, 0, 0, 0, 0, 0])), &["only height and width"]);
    says(&refused_with("Pad", &[], pads(&[0, 0, -1, 0, 0, 0, 0, 0])), &["pads = [0, 0, -1"]);
    let value = vec![integers("p", &[0; 8]), floats("v", &[], vec![1.0])];
    says(&refused_with("Pad", &[], value), &["constant_value = 1 is not supported"]);
    let order = [("perm", Value::Ints(&[1, 0, 2, 3]))];
    says(&refused_with("Transpose", &order, vec![]), &["the batch, axis 0, must stay"]);
    says(&refused_with("Squeeze", &[], vec![integers("a", &[1])]), &["axes = [1] is not supported"]);
    says(&refused_with("Reshape", &[], vec![integers("s", &[4, 8])]), &["reshapes 1x2x4x4 to [4, 8]"]);
}

#[test]
fn a_second_output_that_is_not_made() {
    let pool = with(node("MaxPool", &["x"], "a"), "kernel_shape", Value::Ints(&[2, 2]));
    let pool = super::models::with_outputs(pool, &["a", "indices"]);
    let net = model(&[1, 2, 4, 4], vec![pool, node("Relu", &["indices"], "y")], vec![]);
    says(&refusal(&net), &["node 'y' reads tensor 'indices'"]);
}
