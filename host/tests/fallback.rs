//! Float models of which the accelerator runs a part, and this computer the rest.

#[path = "import/models.rs"]
#[allow(dead_code, reason = "shared with the tests of the importer")]
mod models;
#[allow(dead_code, reason = "each test uses a part of it")]
mod support;

use models::{Value, info, model, node, opset, returning, weights, with};
use pleach_host::import::proto::{ModelProto, NodeProto};
use support::Host;

/// A model of images of 3x8x8, and such images beside it.
fn with_images(model: &ModelProto) -> Host {
    let host = Host::new(model);
    let values = (0..4 * 192).map(|i| ((i * 389) % 1009) as f32 / 500.0 - 1.0).collect();
    host.write("images.npy", &[4, 3, 8, 8], values);
    host
}

#[track_caller]
fn reported(host: &Host, arguments: &[&str]) -> serde_json::Value {
    host.report(&[arguments, &["--input", "images.npy"]].concat())
}

/// Runs on the fast model, from the file and compiled, and on this computer; compares the output `name` and returns where
/// each node ran.
#[track_caller]
fn where_nodes_ran(host: &Host, name: &str, tolerance: f32) -> Vec<(String, String)> {
    let report = reported(host, &["run", "net.onnx", "--data", "images.npy", "--output", "fast"]);
    reported(host, &["run", "net.onnx", "--device", "cpu", "--output", "cpu"]);
    let compiled = host.run(&["compile", "net.onnx", "--data", "images.npy", "-o", "net.bin"]);
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let again = reported(host, &["run", "net.bin", "--output", "bin"]);
    assert_eq!(report["layers"], again["layers"]);
    let [fast, bin, cpu] = ["fast", "bin", "cpu"].map(|folder| host.read(&format!("{folder}/{name}.npy")));
    assert_eq!(fast, bin);
    assert_eq!(fast.shape(), cpu.shape());
    let near = fast.iter().zip(&cpu).all(|(a, b)| (a - b).abs() <= tolerance);
    assert!(near, "{fast} instead of {cpu}");
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let layers = report["layers"].as_array().unwrap().iter();
    layers.map(|layer| (text(&layer["op"]), text(&layer["where"]))).collect()
}

fn is(places: &[(String, String)], expected: &[(&str, &str)]) {
    let found: Vec<(&str, &str)> = places.iter().map(|(op, place)| (op.as_str(), place.as_str())).collect();
    assert_eq!(found, expected);
}

fn conv(input: &str, output: &str) -> NodeProto {
    with(node("Conv", &[input, "w"], output), "pads", Value::Ints(&[1, 1, 1, 1]))
}

#[test]
fn a_softmax_runs_behind_the_accelerator_and_the_table_says_so() {
    let nodes = vec![
        conv("x", "a"),
        node("Relu", &["a"], "b"),
        node("GlobalAveragePool", &["b"], "c"),
        node("Flatten", &["c"], "d"),
        node("Gemm", &["d", "m"], "e"),
        node("Softmax", &["e"], "p"),
    ];
    let host =
        with_images(&model(&[1, 3, 8, 8], nodes, vec![weights("w", &[5, 3, 3, 3]), weights("m", &[5, 4])]));
    let places = where_nodes_ran(&host, "p", 0.02);
    is(&places, &[("Conv", "array"), ("GlobalAveragePool", "array"), ("Gemm", "array"), ("Softmax", "cpu")]);
    for image in host.read("fast/p.npy").outer_iter() {
        assert!((image.sum() - 1.0).abs() < 1e-5);
    }
    let table = host.run(&["run", "net.bin", "--input", "images.npy"]);
    let table = String::from_utf8_lossy(&table.stderr).into_owned();
    let softmax = table.lines().find(|line| line.contains("Softmax")).unwrap();
    assert!(softmax.contains("cpu") && softmax.contains("1x4"), "{table}");
}

#[test]
fn what_is_before_and_behind_the_most_work_runs_on_the_cpu() {
    let lrn = |input: &str, output: &str| with(node("LRN", &[input], output), "size", Value::Int(3));
    let nodes = vec![
        node("Conv", &["x", "v"], "a"),
        lrn("a", "b"),
        conv("b", "c"),
        node("Relu", &["c"], "d"),
        conv("d", "e"),
        node("Erf", &["e"], "f"),
        node("ReduceMean", &["f"], "g"),
        node("Add", &["e", "b"], "h"),
    ];
    let nodes = nodes.into_iter().map(|node| match node.op_type() {
        "ReduceMean" => with(node, "axes", Value::Ints(&[2, 3])),
        _ => node,
    });
    let net =
        model(&[1, 3, 8, 8], nodes.collect(), vec![weights("v", &[4, 3, 1, 1]), weights("w", &[4, 4, 3, 3])]);
    let host = with_images(&returning(net, &["g", "h"]));
    let places = where_nodes_ran(&host, "g", 0.1);
    let expected = [
        ("Conv", "cpu"),
        ("LRN", "cpu"),
        ("Conv", "array"),
        ("Conv", "array"),
        ("Add", "array"),
        ("Erf", "cpu"),
        ("ReduceMean", "cpu"),
    ];
    is(&places, &expected);
    where_nodes_ran(&host, "h", 0.6);
}

#[test]
fn a_product_of_two_maps_ends_the_accelerators_part() {
    let nodes = vec![
        conv("x", "a"),
        node("Tanh", &["a"], "b"),
        node("Sigmoid", &["a"], "d"),
        node("Mul", &["b", "d"], "c"),
        with(node("Softmax", &["c"], "y"), "axis", Value::Int(1)),
    ];
    let net = opset(model(&[1, 3, 8, 8], nodes, vec![weights("w", &[4, 3, 3, 3])]), 13);
    let host = with_images(&net);
    let places = where_nodes_ran(&host, "y", 0.1);
    let array = ["Conv", "Tanh", "Sigmoid"].map(|operator| (operator, "array"));
    is(&places, &[&array[..], &[("Mul", "cpu"), ("Softmax", "cpu")]].concat());
}

#[test]
fn a_model_without_work_for_the_accelerator_is_refused_with_a_way_out() {
    let host = with_images(&model(&[1, 3, 8, 8], vec![node("Erf", &["x"], "y")], vec![]));
    let output = host.run(&["run", "net.onnx", "--data", "images.npy", "--input", "images.npy"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("--device cpu"), "{text}");
    reported(&host, &["run", "net.onnx", "--device", "cpu"]);
}

#[test]
fn several_inputs_are_given_as_arrays() {
    let nodes = vec![
        node("Mul", &["x", "s"], "a"),
        conv("a", "b"),
        node("Relu", &["b"], "c"),
        node("Mul", &["c", "t"], "y"),
    ];
    let mut net = model(&[1, 3, 8, 8], nodes, vec![weights("w", &[4, 3, 3, 3])]);
    let inputs = &mut net.graph.as_mut().unwrap().input;
    inputs.extend([info("s", &[1, 3, 1, 1]), info("t", &[1, 4, 8, 8])]);
    let host = with_images(&net);
    host.write("s.npy", &[4, 3, 1, 1], (0..12).map(|i| i as f32 / 8.0 - 0.5).collect());
    host.write("t.npy", &[4, 4, 8, 8], (0..1024).map(|i| (i % 7) as f32 / 7.0).collect());
    let named = |option: &'static str| {
        [option, "x=images.npy", option, "s=s.npy", option, "t=t.npy"].map(str::to_owned).to_vec()
    };
    let arguments = |start: &[&str], options: &[&'static str], end: &[&str]| -> Vec<String> {
        let start = start.iter().map(|text| (*text).to_owned());
        let options = options.iter().flat_map(|option| named(option));
        start.chain(options).chain(end.iter().map(|text| (*text).to_owned())).collect()
    };
    let report =
        |arguments: &[String]| host.report(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    report(&arguments(&["run", "net.onnx"], &["--data", "--input"], &["--output", "fast"]));
    let verified =
        report(&arguments(&["verify", "net.onnx", "--device", "fast"], &["--data", "--input"], &[]));
    assert_eq!((&verified["differences"], &verified["images"]), (&0.into(), &2.into()));
    let fast = host.read("fast/y.npy");
    assert_eq!(fast.shape(), [4, 4, 8, 8]);
    for image in 0..4 {
        let part = |name: &str, elements: usize, dims: &[usize]| {
            let array: Vec<f32> = host.read(name).iter().copied().collect();
            host.write(
                &format!("one-{name}"),
                dims,
                array[image * elements..(image + 1) * elements].to_vec(),
            );
        };
        part("images.npy", 192, &[1, 3, 8, 8]);
        part("s.npy", 3, &[1, 3, 1, 1]);
        part("t.npy", 256, &[1, 4, 8, 8]);
        let one = ["--input", "x=one-images.npy", "--input", "s=one-s.npy", "--input", "t=one-t.npy"];
        host.report(&[&["run", "net.onnx", "--device", "cpu", "--output", "cpu"][..], &one].concat());
        let cpu = host.read("cpu/y.npy");
        let found = fast.index_axis(ndarray::Axis(0), image);
        assert!(found.iter().zip(&cpu).all(|(a, b)| (a - b).abs() < 0.1), "{found} instead of {cpu}");
    }
    let missing = host.run(&["run", "net.onnx", "--data", "x=images.npy"]);
    let text = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(missing.status.code() == Some(1) && text.contains("'s' is not given"), "{text}");
}
