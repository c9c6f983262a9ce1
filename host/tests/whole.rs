//! `host quantize` of networks that are more than the accelerator's part: the file is a whole network again.

#[path = "import/models.rs"]
#[allow(dead_code, reason = "shared with the tests of the importer")]
mod models;
#[allow(dead_code, reason = "each test uses a part of it")]
mod support;

use models::{Value, info, integers, model, node, opset, returning, weights, with, with_outputs};
use pleach_host::import::proto::{GraphProto, ModelProto, NodeProto};
use prost::Message;
use support::Host;

/// The model, and images of 3x8x8 beside it.
fn with_images(model: &ModelProto) -> Host {
    let host = Host::new(model);
    let values = (0..4 * 192).map(|i| ((i * 389) % 1009) as f32 / 500.0 - 1.0).collect();
    host.write("images.npy", &[4, 3, 8, 8], values);
    host
}

fn conv(input: &str, weights: &str, output: &str) -> NodeProto {
    with(node("Conv", &[input, weights], output), "pads", Value::Ints(&[1, 1, 1, 1]))
}

/// Quantizes `net.onnx` to `q.onnx`, and returns its graph.
#[track_caller]
fn quantized(host: &Host, data: &[&str]) -> GraphProto {
    host.report(&[&["quantize", "net.onnx", "-o", "q.onnx"], data].concat());
    ModelProto::decode(&*std::fs::read(host.path("q.onnx")).unwrap()).unwrap().graph.unwrap()
}

fn names(infos: &[pleach_host::import::proto::ValueInfoProto]) -> Vec<&str> {
    infos.iter().map(|info| info.name()).collect()
}

fn count(graph: &GraphProto, operator: &str) -> usize {
    graph.node.iter().filter(|node| node.op_type() == operator).count()
}

/// Runs `q.onnx` on the fast model and on this computer, and `net.onnx` on this computer; the outputs `name` of the first two
/// must be equal but for a step, and near the third. Returns where each node of `q.onnx` ran.
#[track_caller]
fn runs(host: &Host, inputs: &[&str], name: &str, step: f32, tolerance: f32) -> Vec<(String, String)> {
    let run = |model: &str, device: &str, folder: &str| {
        let given: Vec<&str> = inputs.iter().flat_map(|input| ["--input", input]).collect();
        host.report(&[&["run", model, "--device", device, "--output", folder], &given[..]].concat())
    };
    let report = run("q.onnx", "fast", "array");
    let array = host.read(&format!("array/{name}.npy"));
    let (mut cpu, mut float) = (Vec::new(), Vec::new());
    for (model, values) in [("q.onnx", &mut cpu), ("net.onnx", &mut float)] {
        run(model, "cpu", "cpu");
        *values = host.read(&format!("cpu/{name}.npy")).iter().copied().collect();
    }
    assert_eq!(array.len(), float.len());
    for (index, value) in array.iter().enumerate() {
        let (cpu, float) = (cpu[index], float[index]);
        assert!((value - cpu).abs() <= step, "{value} instead of {cpu}");
        assert!((value - float).abs() <= tolerance, "{value} instead of {float}");
    }
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let layers = report["layers"].as_array().unwrap().iter();
    layers.map(|layer| (text(&layer["op"]), text(&layer["where"]))).collect()
}

#[test]
fn a_trailing_softmax_stays() {
    let nodes = vec![
        conv("x", "w", "a"),
        node("Relu", &["a"], "b"),
        node("GlobalAveragePool", &["b"], "c"),
        node("Flatten", &["c"], "d"),
        node("Gemm", &["d", "m"], "e"),
        node("Softmax", &["e"], "p"),
    ];
    let net = model(&[-1, 3, 8, 8], nodes, vec![weights("w", &[5, 3, 3, 3]), weights("m", &[5, 4])]);
    let host = with_images(&net);
    let graph = quantized(&host, &["--data", "images.npy"]);
    assert_eq!((names(&graph.input), names(&graph.output)), (vec!["x"], vec!["p"]));
    assert_eq!((count(&graph, "Softmax"), count(&graph, "QuantizeLinear")), (1, 4));
    let places = runs(&host, &["images.npy"], "p", 1e-5, 0.02);
    let on_array: Vec<bool> = places.iter().map(|(_, place)| place == "array").collect();
    assert_eq!((on_array, places[3].0.as_str()), (vec![true, true, true, false], "Softmax"));
}

#[test]
fn what_is_before_and_behind_stays_with_its_names() {
    let lrn = with(node("LRN", &["a"], "b"), "size", Value::Int(3));
    let nodes = vec![
        node("Conv", &["x", "v"], "a"),
        lrn,
        conv("b", "w", "c"),
        node("Relu", &["c"], "d"),
        conv("d", "w", "e"),
        node("Erf", &["e"], "f"),
        with(node("ReduceMean", &["f"], "g"), "axes", Value::Ints(&[2, 3])),
        node("Add", &["e", "b"], "h"),
        // A name that the writer would use for something else.
        node("Neg", &["e"], "d/quantized"),
    ];
    let constants = vec![weights("v", &[4, 3, 1, 1]), weights("w", &[4, 4, 3, 3])];
    let net = returning(model(&[1, 3, 8, 8], nodes, constants), &["h", "d/quantized", "g"]);
    let host = with_images(&net);
    let graph = quantized(&host, &["--data", "images.npy"]);
    assert_eq!(names(&graph.output), ["h", "d/quantized", "g"]);
    for operator in ["LRN", "Erf", "ReduceMean", "Neg"] {
        assert_eq!(count(&graph, operator), 1, "{operator}");
    }
    let places = runs(&host, &["images.npy"], "g", 0.02, 0.1);
    let cpu: Vec<&str> =
        places.iter().filter(|(_, place)| place == "cpu").map(|(op, _)| op.as_str()).collect();
    assert_eq!(cpu, ["Conv", "LRN", "Erf", "ReduceMean", "Neg"]);
    runs(&host, &["images.npy"], "h", 0.5, 0.6);
    runs(&host, &["images.npy"], "d_quantized", 0.5, 0.6);
}

/// Old operator sets have numbers as attributes that are inputs today, and another Softmax.
#[test]
fn a_tail_of_an_old_operator_set_is_translated() {
    let nodes = vec![
        conv("x", "w", "a"),
        node("Relu", &["a"], "b"),
        with(node("Softmax", &["b"], "c"), "axis", Value::Int(2)),
        with(node("Clip", &["c"], "d"), "max", Value::Float(0.2)),
        with(
            with(node("Pad", &["d"], "e"), "pads", Value::Ints(&[0, 0, 1, 0, 0, 0, 0, 1])),
            "value",
            Value::Float(0.5),
        ),
        with(
            with(
                with(node("Slice", &["e"], "f"), "starts", Value::Ints(&[0, 1])),
                "ends",
                Value::Ints(&[1, 4]),
            ),
            "axes",
            Value::Ints(&[0, 1]),
        ),
        with(node("Unsqueeze", &["f"], "g"), "axes", Value::Ints(&[0])),
        with(node("Squeeze", &["g"], "h"), "axes", Value::Ints(&[0])),
        with_outputs(
            with(with(node("Split", &["h"], "i"), "axis", Value::Int(1)), "split", Value::Ints(&[2, 1])),
            &["i", "k"],
        ),
        with(node("Dropout", &["i"], "j"), "ratio", Value::Float(0.1)),
        with(with(node("ReduceSum", &["j"], "y"), "axes", Value::Ints(&[2])), "keepdims", Value::Int(0)),
    ];
    let net = opset(model(&[1, 3, 8, 8], nodes, vec![weights("w", &[5, 3, 3, 3])]), 8);
    let host = with_images(&net);
    let graph = quantized(&host, &["--data", "images.npy"]);
    let clip = graph.node.iter().find(|node| node.op_type() == "Clip" && node.output[0] == "d").unwrap();
    assert_eq!((clip.input.len(), clip.attribute.len()), (3, 0));
    runs(&host, &["images.npy"], "y", 0.01, 0.05);
}

#[test]
fn a_resize_of_operator_set_10_is_translated() {
    let nodes = vec![
        conv("x", "w", "a"),
        node("Erf", &["a"], "b"),
        node("Resize", &["b", "scales"], "c"),
        node("Neg", &["c"], "y"),
    ];
    let scales = models::floats("scales", &[4], vec![1.0, 1.0, 2.0, 1.0]);
    let net = opset(model(&[1, 3, 8, 8], nodes, vec![weights("w", &[5, 3, 3, 3]), scales]), 10);
    let host = with_images(&net);
    let graph = quantized(&host, &["--data", "images.npy"]);
    let resize = graph.node.iter().find(|node| node.op_type() == "Resize").unwrap();
    assert_eq!(resize.input, ["b", "", "scales"]);
    runs(&host, &["images.npy"], "y", 0.02, 0.05);
}

#[test]
fn a_node_that_cannot_be_translated_is_named() {
    let nodes = vec![
        conv("x", "w", "a"),
        with(node("BatchNormalization", &["a", "s", "s", "s", "s"], "b"), "spatial", Value::Int(0)),
        node("Erf", &["b"], "y"),
    ];
    let net = opset(model(&[1, 3, 8, 8], nodes, vec![weights("w", &[5, 3, 3, 3]), weights("s", &[5])]), 8);
    let host = with_images(&net);
    let done = host.run(&["quantize", "net.onnx", "-o", "q.onnx", "--data", "images.npy"]);
    let text = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{text}");
    assert!(text.contains("BatchNormalization") && !host.path("q.onnx").exists(), "{text}");
}

#[test]
fn several_inputs_are_calibrated_with_arrays() {
    let nodes = vec![
        conv("x", "w", "a"),
        node("Relu", &["a"], "b"),
        node("GlobalAveragePool", &["b"], "c"),
        node("Reshape", &["c", "shape"], "d"),
        node("Mul", &["d", "s"], "y"),
    ];
    let mut net = model(&[1, 3, 8, 8], nodes, vec![weights("w", &[5, 3, 3, 3]), integers("shape", &[1, 5])]);
    net.graph.as_mut().unwrap().input.push(info("s", &[1, 5]));
    let host = with_images(&net);
    host.write("s.npy", &[4, 5], (0..20).map(|i| i as f32 / 10.0).collect());
    let arrays = ["--data", "x=images.npy", "--data", "s=s.npy"];
    let graph = quantized(&host, &arrays);
    assert_eq!(names(&graph.input), ["x", "s"]);
    let given = ["x=images.npy", "s=s.npy"];
    let report =
        host.report(&["run", "q.onnx", "--input", given[0], "--input", given[1], "--output", "array"]);
    assert_eq!(report["images"], 4);
    let found = host.read("array/y.npy");
    assert_eq!(found.shape(), [4, 5]);
    let missing = host.run(&["quantize", "net.onnx", "-o", "r.onnx", "--data", "x=images.npy"]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("'s' is not given"));
    host.write("three.npy", &[3, 5], vec![1.0; 15]);
    let batch = host.run(&[
        "quantize",
        "net.onnx",
        "-o",
        "r.onnx",
        "--data",
        "x=images.npy",
        "--data",
        "s=three.npy",
    ]);
    let text = String::from_utf8_lossy(&batch.stderr).into_owned();
    assert!(text.contains("'s' holds 3 images, another one 4"), "{text}");
}

#[test]
fn what_is_quantized_already_is_refused() {
    let net = model(&[1, 3, 8, 8], vec![conv("x", "w", "y")], vec![weights("w", &[5, 3, 3, 3])]);
    let host = with_images(&net);
    quantized(&host, &["--data", "images.npy"]);
    let again = host.run(&["quantize", "q.onnx", "-o", "r.onnx", "--data", "images.npy"]);
    let text = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(text.contains("quantized already"), "{text}");
}
