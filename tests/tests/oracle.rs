//! Import and float executor against tract, an implementation of ONNX that is not ours.

#[path = "../../host/tests/import/models.rs"]
#[allow(dead_code, reason = "shared with the tests of the importer")]
mod models;

use models::{Value, floats, integers, model, node, returning, weights, with, with_outputs};
use ndarray::Array3;
use pleach_host::data::{Sidecar, load};
use pleach_host::graph::{Graph, passes, run, run_all};
use pleach_host::import;
use pleach_host::import::proto::{ModelProto, NodeProto, TensorProto};
use pleach_host::zoo::{Architecture, Options};
use pleach_spec::network::MapShape;
use pleach_tests::zoo::digits_file;
use prost::Message;
use std::collections::BTreeMap;
use tract_onnx::prelude::*;

#[test]
fn tract_computes_the_same_logits_for_the_digits() {
    let model = digits_file();
    let oracle = tract_onnx::onnx()
        .model_for_path(&model)
        .and_then(|graph| graph.with_input_fact(0, f32::fact([1, 1, 8, 8]).into()))
        .and_then(|graph| graph.into_optimized())
        .and_then(|graph| graph.into_runnable())
        .expect("tract reads the model");
    let ours = passes::optimise(&import::load(&model, &BTreeMap::new()).unwrap().graph);
    let sidecar = Sidecar::beside(&model).unwrap();
    let shape = MapShape { channels: 1, height: 8, width: 8 };
    let test = load(sidecar.data.test.as_deref().unwrap(), sidecar.expected(shape)).unwrap();
    for image in test.images(&sidecar.input).take(40) {
        let image: Array3<f32> = image.unwrap();
        let tensor = Tensor::from_shape(&[1, 1, 8, 8], image.as_slice().unwrap()).unwrap();
        let expected = oracle.run(tvec!(tensor.into())).unwrap();
        let expected = expected[0].to_plain_array_view::<f32>().unwrap();
        let found = run(&ours, &image).unwrap();
        for (a, b) in found.iter().zip(expected.iter()) {
            assert!((a - b).abs() < 1e-4, "{found} instead of {expected}");
        }
    }
}

/// An image whose values are all different.
fn image(dims: [usize; 3]) -> Array3<f32> {
    let mut value = 0;
    Array3::from_shape_simple_fn(dims, || {
        value += 389;
        (value % 1009) as f32 / 400.0 - 1.25
    })
}

/// All outputs of tract.
fn tract(model: &ModelProto, image: &Array3<f32>) -> Vec<Vec<f32>> {
    let (channels, height, width) = image.dim();
    let dims = [1, channels, height, width];
    let plan = tract_onnx::onnx()
        .model_for_read(&mut model.encode_to_vec().as_slice())
        .and_then(|graph| graph.with_input_fact(0, f32::fact(dims).into()))
        .and_then(|graph| graph.into_optimized())
        .and_then(|graph| graph.into_runnable())
        .expect("tract reads the model");
    let input = Tensor::from_shape(&dims, image.as_slice().unwrap()).unwrap();
    let outputs = plan.run(tvec!(input.into())).unwrap();
    let values = |tensor: &TValue| tensor.to_plain_array_view::<f32>().unwrap().iter().copied().collect();
    outputs.iter().map(values).collect()
}

/// All outputs of ours.
fn ours(graph: &Graph, image: &Array3<f32>) -> Vec<Vec<f32>> {
    let all = run_all(graph, image).unwrap();
    let values =
        |id: &pleach_host::graph::TensorId| all[id.index()].as_ref().unwrap().iter().copied().collect();
    graph.outputs().iter().map(values).collect()
}

/// Import, passes and executor must agree with tract on every output of the model.
#[track_caller]
fn agrees(what: &str, model: &ModelProto, image: &Array3<f32>, tolerance: f32) {
    let expected = tract(model, image);
    let graph = import::graph(model).unwrap_or_else(|error| panic!("{what}: {error}"));
    for graph in [&graph, &passes::optimise(&graph)] {
        let found = ours(graph, image);
        assert_eq!(found.len(), expected.len(), "{what}");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.len(), expected.len(), "{what}");
            let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < tolerance);
            assert!(near, "{what}: {found:?} instead of {expected:?}");
        }
    }
}

/// The node with lists of integers as attributes.
fn with_lists(bare: NodeProto, lists: &[(&str, &[i64])]) -> NodeProto {
    lists.iter().fold(bare, |node, (name, values)| with(node, name, Value::Ints(values)))
}

/// Checks a node that reads a map of 4x9x10 and constants.
fn check(bare: NodeProto, constants: Vec<TensorProto>) {
    let what = format!("{} {:?}", bare.op_type(), bare.attribute);
    agrees(&what, &model(&[1, 4, 9, 10], vec![bare], constants), &image([4, 9, 10]), 1e-5);
}

#[test]
fn tract_pools_the_same_windows() {
    let windows: [&[(&str, &[i64])]; 6] = [
        &[("kernel_shape", &[2, 2])],
        &[("kernel_shape", &[3, 2]), ("strides", &[2, 3])],
        &[("kernel_shape", &[3, 3]), ("strides", &[2, 2]), ("pads", &[1, 1, 1, 1])],
        &[("kernel_shape", &[3, 3]), ("strides", &[2, 2]), ("pads", &[0, 1, 2, 0])],
        &[("kernel_shape", &[5, 1]), ("pads", &[2, 0, 2, 0])],
        &[("kernel_shape", &[9, 10])],
    ];
    for window in windows {
        check(with_lists(node("MaxPool", &["x"], "y"), window), vec![]);
        for include in [0, 1] {
            let average = with_lists(node("AveragePool", &["x"], "y"), window);
            check(with(average, "count_include_pad", Value::Int(include)), vec![]);
        }
    }
    let ceil = [("kernel_shape", &[3, 3][..]), ("strides", &[2, 2])];
    check(with(with_lists(node("MaxPool", &["x"], "y"), &ceil), "ceil_mode", Value::Int(1)), vec![]);
    for auto in ["SAME_UPPER", "SAME_LOWER", "VALID"] {
        let same = with_lists(node("MaxPool", &["x"], "y"), &ceil);
        check(with(same, "auto_pad", Value::Text(auto)), vec![]);
    }
    let dilated = [("kernel_shape", &[2, 3][..]), ("dilations", &[3, 2])];
    check(with_lists(node("MaxPool", &["x"], "y"), &dilated), vec![]);
    check(node("GlobalAveragePool", &["x"], "y"), vec![]);
    check(node("GlobalMaxPool", &["x"], "y"), vec![]);
    for keep in [0, 1] {
        let mean = with_lists(node("ReduceMean", &["x"], "y"), &[("axes", &[2, 3])]);
        check(with(mean, "keepdims", Value::Int(keep)), vec![]);
    }
}

#[test]
fn tract_applies_the_same_functions() {
    for operator in ["Sigmoid", "Tanh", "Relu", "HardSwish", "HardSigmoid", "LeakyRelu"] {
        check(node(operator, &["x"], "y"), vec![]);
    }
    check(with(node("LeakyRelu", &["x"], "y"), "alpha", Value::Float(0.2)), vec![]);
    let hard = with(node("HardSigmoid", &["x"], "y"), "alpha", Value::Float(0.5));
    check(with(hard, "beta", Value::Float(0.25)), vec![]);
    check(
        node("Clip", &["x", "l", "h"], "y"),
        vec![floats("l", &[], vec![-0.5]), floats("h", &[], vec![0.75])],
    );
    check(node("Mul", &["x", "s"], "y"), vec![weights("s", &[1, 4, 1, 1])]);
    check(node("Add", &["s", "x"], "y"), vec![weights("s", &[4, 1, 1])]);
    let silu = vec![node("Sigmoid", &["x"], "a"), node("Mul", &["a", "x"], "y")];
    agrees("SiLU", &model(&[1, 4, 9, 10], silu, vec![]), &image([4, 9, 10]), 1e-5);
}

#[test]
fn tract_moves_the_same_channels() {
    let axis = |bare, axis| with(bare, "axis", Value::Int(axis));
    let parts = with_outputs(node("Split", &["x", "s"], "a"), &["a", "b", "c"]);
    let nodes = vec![
        axis(parts, 1),
        node("Slice", &["x", "from", "to", "axis"], "d"),
        axis(node("Concat", &["c", "d", "a"], "e"), 1),
        node("Add", &["e", "x"], "y"),
    ];
    let constants = vec![
        integers("s", &[1, 2, 1]),
        integers("from", &[-3]),
        integers("to", &[3]),
        integers("axis", &[1]),
    ];
    let moved = returning(model(&[1, 4, 9, 10], nodes, constants), &["y", "b"]);
    agrees("Split, Slice, Concat", &moved, &image([4, 9, 10]), 1e-6);

    let shuffle = vec![
        node("Reshape", &["x", "grouped"], "a"),
        with_lists(node("Transpose", &["a"], "b"), &[("perm", &[0, 2, 1, 3, 4])]),
        node("Reshape", &["b", "flat"], "c"),
        with(node("Conv", &["c", "w"], "y"), "group", Value::Int(2)),
    ];
    let constants = vec![
        integers("grouped", &[1, 2, 2, 9, 10]),
        integers("flat", &[1, 4, 9, 10]),
        weights("w", &[6, 2, 1, 1]),
    ];
    agrees("shuffle", &model(&[1, 4, 9, 10], shuffle, constants), &image([4, 9, 10]), 1e-5);
}

#[test]
fn tract_resizes_and_pads_alike() {
    let scales = || vec![floats("s", &[4], vec![1.0, 1.0, 2.0, 3.0])];
    let nearest = with(node("Resize", &["x", "", "s"], "y"), "mode", Value::Text("nearest"));
    let asymmetric = with(nearest.clone(), "coordinate_transformation_mode", Value::Text("asymmetric"));
    check(with(asymmetric, "nearest_mode", Value::Text("floor")), scales());
    check(nearest, scales());
    let pads = || integers("p", &[0, 0, 1, 2, 0, 0, 0, 1]);
    check(node("Pad", &["x", "p"], "y"), vec![pads()]);
    let pool = |operator| {
        with_lists(node(operator, &["b"], "y"), &[("kernel_shape", &[2, 3]), ("strides", &[2, 2])])
    };
    let conv = node("Conv", &["b", "w", "v"], "y");
    for next in [pool("MaxPool"), pool("AveragePool"), conv] {
        for before in ["Relu", "Tanh"] {
            let nodes = vec![node(before, &["x"], "a"), node("Pad", &["a", "p"], "b"), next.clone()];
            let constants = vec![pads(), weights("w", &[3, 4, 2, 2]), weights("v", &[3])];
            let what = format!("{before}, Pad, {}", next.op_type());
            agrees(&what, &model(&[1, 4, 9, 10], nodes, constants), &image([4, 9, 10]), 1e-5);
        }
    }
}

#[test]
fn tract_computes_the_same_residual_block() {
    let nodes = vec![
        node("Conv", &["x", "w", "v"], "a"),
        node("BatchNormalization", &["a", "s", "v", "v", "s"], "b"),
        node("BatchNormalization", &["x", "s", "v", "v", "s"], "c"),
        node("Add", &["b", "c"], "d"),
        node("Relu", &["d"], "e"),
        node("GlobalAveragePool", &["e"], "f"),
        node("Flatten", &["f"], "g"),
        node("Gemm", &["g", "m", "n"], "y"),
    ];
    let constants = vec![
        weights("w", &[4, 4, 1, 1]),
        weights("v", &[4]),
        floats("s", &[4], vec![0.5, 1.0, 1.5, 2.0]),
        weights("m", &[4, 7]),
        weights("n", &[7]),
    ];
    let net = returning(model(&[1, 4, 9, 10], nodes, constants), &["y", "e"]);
    agrees("residual block", &net, &image([4, 9, 10]), 1e-4);
}

#[test]
fn tract_computes_the_same_logits_for_networks_of_the_zoo() {
    for (name, size, width) in [
        ("mobilenetv2", 32, 0.1),
        ("resnet18", 32, 1.0),
        ("mobilenetv1", 32, 0.2),
        ("shufflenetv2", 32, 1.0),
        ("squeezenet", 48, 1.0),
        ("googlenet", 32, 1.0),
        ("yolo-tiny", 32, 1.0),
    ] {
        let options = Options { size: Some(size), width, seed: 5 };
        let generated = Architecture::named(name).unwrap().generate(&options).unwrap();
        agrees(name, &generated.model, &image([3, size, size]), 5e-3);
    }
}
