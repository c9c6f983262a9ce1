//! `host run --device cpu`: whole graphs on this computer, in the types of the file.

#[path = "import/models.rs"]
#[allow(dead_code, reason = "shared with the tests of the importer")]
mod models;
#[allow(dead_code, reason = "each test uses a part of it")]
mod support;

use models::{Value, floats, info, integers, model, node, returning, weights, with};
use std::path::Path;
use std::process::Command;
use support::Host;

const CPU: [&str; 4] = ["run", "net.onnx", "--device", "cpu"];

#[track_caller]
fn reported(host: &Host, arguments: &[&str]) -> serde_json::Value {
    host.report(&[&CPU, arguments, &["--output", "out"]].concat())
}

#[track_caller]
fn refuses(host: &Host, arguments: &[&str], part: &str) {
    let output = host.run(&[&CPU, arguments].concat());
    let text = String::from_utf8_lossy(&output.stderr).replace(['\n', '│'], " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(part) && !text.contains("panicked"), "no `{part}` in: {text}");
}

#[test]
fn operators_that_the_accelerator_lacks_run_and_are_in_the_table() {
    let nodes = vec![
        node("Conv", &["x", "w"], "a"),
        node("Erf", &["a"], "b"),
        node("GlobalAveragePool", &["b"], "c"),
        node("Flatten", &["c"], "d"),
        node("Softmax", &["d"], "p/1"),
    ];
    let host = Host::new(&model(&[1, 2, 4, 4], nodes, vec![weights("w", &[3, 2, 1, 1])]));
    host.write("x.npy", &[2, 2, 4, 4], (0..64).map(|i| i as f32 / 32.0 - 1.0).collect());
    let report = reported(&host, &["--input", "x.npy"]);
    assert_eq!((&report["device"], &report["images"]), (&"cpu".into(), &2.into()));
    let layers = report["layers"].as_array().unwrap();
    let operators: Vec<&str> = layers.iter().map(|layer| layer["op"].as_str().unwrap()).collect();
    assert_eq!(operators, ["Conv", "Erf", "GlobalAveragePool", "Flatten", "Softmax"]);
    assert!(layers.iter().all(|layer| layer["where"] == "cpu"), "{report}");
    assert_eq!(layers[4]["shape"], "1x3");
    let output = host.read("out/p_1.npy");
    assert_eq!(output.shape(), [2, 3]);
    for image in output.outer_iter() {
        assert!((image.sum() - 1.0).abs() < 1e-5 && image.iter().all(|&p| p > 0.0), "{output}");
    }
}

#[test]
fn several_inputs_go_by_name() {
    let mut net = returning(model(&[1, 3], vec![node("Sub", &["x", "z"], "y")], vec![]), &["y"]);
    net.graph.as_mut().unwrap().input.push(info("z", &[1, 3]));
    let host = Host::new(&net);
    host.write("a.npy", &[1, 3], vec![1.0, 2.0, 3.0]);
    host.write("b.npy", &[1, 3], vec![0.5, 0.5, 4.0]);
    reported(&host, &["--input", "z=b.npy", "--input", "x=a.npy"]);
    let output = host.read("out/y.npy");
    assert_eq!(output.as_slice().unwrap(), [0.5, 1.5, -1.0]);
    refuses(&host, &["--input", "x=a.npy"], "'z' is not given");
    host.write("c.npy", &[3], vec![0.0; 3]);
    refuses(&host, &["--input", "x=a.npy", "--input", "z=c.npy"], "input 'z' is float32 of shape 1x3");
}

#[test]
fn what_nobody_can_run_is_named() {
    let host = Host::new(&model(&[1, 3], vec![node("Frobnicate", &["x"], "y")], vec![]));
    host.write("x.npy", &[1, 3], vec![0.0; 3]);
    let message = "node 'y': operator Frobnicate runs neither on the accelerator nor on the CPU";
    refuses(&host, &["--input", "x.npy"], message);
    let mut foreign = node("Relu", &["x"], "y");
    foreign.domain = Some("org.example".into());
    let host = Host::new(&model(&[1, 3], vec![foreign], vec![]));
    host.write("x.npy", &[1, 3], vec![0.0; 3]);
    refuses(&host, &["--input", "x.npy"], "operator org.example.Relu runs neither on the accelerator");
    let cyclic = vec![node("Add", &["x", "y"], "a"), node("Relu", &["a"], "y")];
    let host = Host::new(&model(&[1, 3], cyclic, vec![]));
    host.write("x.npy", &[1, 3], vec![0.0; 3]);
    refuses(&host, &["--input", "x.npy"], "the graph is cyclic");
    refuses(&host, &[], "nothing to run it on");
}

#[test]
fn forms_that_would_be_computed_wrongly_are_refused() {
    let depth = with(node("SpaceToDepth", &["x"], "y"), "blocksize", Value::Int(2));
    let depth = with(depth, "mode", Value::Text("CRD"));
    let host = Host::new(&model(&[1, 2, 4, 4], vec![depth], vec![]));
    host.write("x.npy", &[1, 2, 4, 4], vec![0.0; 32]);
    refuses(
        &host,
        &["--input", "x.npy"],
        "node 'y' (SpaceToDepth): its mode has a value that the CPU does not know",
    );
    let swish = with(node("Swish", &["x"], "y"), "alpha", Value::Float(0.5));
    let host = Host::new(&model(&[1, 2, 4, 4], vec![swish], vec![]));
    host.write("x.npy", &[1, 2, 4, 4], vec![0.0; 32]);
    refuses(&host, &["--input", "x.npy"], "write others as Mul and Sigmoid");
}

#[test]
fn a_compiled_model_has_no_graph() {
    let host = Host::new(&model(&[1, 3], vec![node("Relu", &["x"], "y")], vec![]));
    std::fs::rename(host.path("net.onnx"), host.path("net.bin")).unwrap();
    let output = host.run(&["run", "net.bin", "--device", "cpu"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("give the .onnx file"));
}

#[test]
fn the_digits_keep_their_accuracy_in_float() {
    let digits = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/digits.onnx");
    let mut command = Command::new(env!("CARGO_BIN_EXE_host"));
    let output =
        command.args(["run", digits.to_str().unwrap(), "--device", "cpu", "--json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["accuracy"]["float"].as_f64().unwrap() >= 97.0, "{report}");
    assert_eq!(report["images"], 360);
}

#[test]
fn constants_that_exporters_compute_in_the_graph_are_folded() {
    let nodes = vec![
        node("Unsqueeze", &["s", "axes"], "t"),
        node("Sqrt", &["t"], "u"),
        node("Mul", &["x", "u"], "a"),
        node("Shape", &["a"], "dims"),
        node("Gather", &["dims", "first"], "n"),
        node("Concat", &["n", "rest"], "target"),
        node("Reshape", &["a", "target"], "y"),
    ];
    let nodes = nodes.into_iter().map(|node| match node.op_type() {
        "Concat" => with(node, "axis", Value::Int(0)),
        _ => node,
    });
    let constants = vec![
        floats("s", &[4], vec![1.0, 4.0, 9.0, 16.0]),
        integers("axes", &[1, 2]),
        integers("first", &[0]),
        integers("rest", &[-1]),
    ];
    let net = model(&[1, 4, 1, 2], nodes.collect(), constants);
    let graph = pleach_host::import::graph(&net).unwrap();
    let image = ndarray::Array3::from_shape_fn((4, 1, 2), |(c, _, x)| (c + x) as f32);
    let found = pleach_host::graph::run(&graph, &image).unwrap();
    assert_eq!(found.as_slice().unwrap(), [0.0, 1.0, 2.0, 4.0, 6.0, 9.0, 12.0, 16.0]);
}
