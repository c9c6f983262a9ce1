//! Every operator that can be imported, in a small model that is then run.

use super::models::{Value, floats, import, integers, model, node, weights, with};
use ndarray::{Array3, ArrayD};
use pleach_host::graph::{Graph, passes, run};
use pleach_host::import::proto::ModelProto;

fn image(dims: [usize; 3]) -> Array3<f32> {
    let mut value = 0;
    Array3::from_shape_simple_fn(dims, || {
        value += 29;
        (value % 83) as f32 / 40.0 - 1.0
    })
}

fn graph(model: &ModelProto) -> Graph {
    import(model).unwrap().graph
}

/// Output of the model; the passes must not change it.
fn output(model: &ModelProto, image: &Array3<f32>) -> ArrayD<f32> {
    let graph = graph(model);
    let found = run(&graph, image).unwrap();
    let optimised = run(&passes::optimise(&graph), image).unwrap();
    assert!(found.iter().zip(&optimised).all(|(a, b)| (a - b).abs() < 1e-4), "{found} {optimised}");
    found
}

/// Shape of the model's output, as text.
fn shape(model: &ModelProto) -> String {
    let graph = graph(model);
    graph.tensor(graph.output()).shape.to_string()
}

#[test]
fn conv_takes_its_geometry_from_the_attributes() {
    let conv = with(node("Conv", &["x", "w", "b"], "y"), "strides", Value::Ints(&[2, 1]));
    let conv = with(conv, "pads", Value::Ints(&[1, 0, 0, 2]));
    let conv = with(conv, "dilations", Value::Ints(&[1, 2]));
    let conv = with(conv, "group", Value::Int(2));
    let net = model(&[1, 4, 9, 8], vec![conv], vec![weights("w", &[6, 2, 3, 2]), weights("b", &[6])]);
    assert_eq!(shape(&net), "6x4x8");
    let graph = graph(&net);
    let geometry = graph.layers().next().unwrap().conv.geometry;
    assert_eq!((geometry.stride, geometry.dilation), ([2, 1], [1, 2]));
    assert_eq!((geometry.pads, geometry.groups), ([1, 0, 0, 2], 2));
}

#[test]
fn auto_pad_keeps_the_size() {
    let of = |auto: &str, stride: i64| {
        let conv = with(node("Conv", &["x", "w"], "y"), "auto_pad", Value::Text(auto));
        let conv = with(conv, "strides", Value::Ints(&[stride, stride]));
        let net = model(&[1, 1, 7, 8], vec![conv], vec![weights("w", &[1, 1, 4, 3])]);
        let pads = graph(&net).layers().next().unwrap().conv.geometry.pads;
        (shape(&net), pads)
    };
    assert_eq!(of("SAME_UPPER", 1), ("1x7x8".to_owned(), [1, 1, 2, 1]));
    assert_eq!(of("SAME_LOWER", 1), ("1x7x8".to_owned(), [2, 1, 1, 1]));
    assert_eq!(of("SAME_UPPER", 2), ("1x4x4".to_owned(), [1, 0, 2, 1]));
    assert_eq!(of("VALID", 1), ("1x4x6".to_owned(), [0; 4]));
}

#[test]
fn relu_and_both_kinds_of_clip() {
    let x = image([2, 3, 3]);
    let clip = |low, high| {
        with(with(node("Clip", &["x"], "y"), "min", Value::Float(low)), "max", Value::Float(high))
    };
    let mut old = model(&[1, 2, 3, 3], vec![clip(-0.25, 0.5)], vec![]);
    old.opset_import[0].version = Some(10);
    assert_eq!(
        output(&old, &x).into_raw_vec_and_offset().0,
        x.mapv(|v| v.clamp(-0.25, 0.5)).into_raw_vec_and_offset().0
    );

    let limits = || vec![floats("low", &[], vec![-0.25]), floats("high", &[], vec![0.5])];
    for (inputs, low, high) in [
        (&["x", "low", "high"][..], -0.25, 0.5),
        (&["x", "", "high"], f32::MIN, 0.5),
        (&["x", "low"], -0.25, f32::MAX),
        (&["x"], f32::MIN, f32::MAX),
    ] {
        let new = model(&[1, 2, 3, 3], vec![node("Clip", inputs, "y")], limits());
        assert!(output(&new, &x).iter().zip(&x).all(|(y, x)| *y == x.clamp(low, high)));
    }
    let relu = model(&[1, 2, 3, 3], vec![node("Relu", &["x"], "y")], vec![]);
    assert!(output(&relu, &x).iter().zip(&x).all(|(y, x)| *y == x.max(0.0)));
}

#[test]
fn batch_normalization_normalises() {
    let norm =
        with(node("BatchNormalization", &["x", "s", "b", "m", "v"], "y"), "epsilon", Value::Float(0.5));
    let parameters = vec![
        floats("s", &[2], vec![2.0, -1.0]),
        floats("b", &[2], vec![0.5, 1.0]),
        floats("m", &[2], vec![0.25, -0.5]),
        floats("v", &[2], vec![3.5, 0.5]),
    ];
    let x = image([2, 2, 2]);
    let y = output(&model(&[1, 2, 2, 2], vec![norm], parameters), &x);
    for ((c, row, column), &value) in x.indexed_iter() {
        let expected = [(value - 0.25) + 0.5, -(value + 0.5) + 1.0][c];
        assert!((y[[c, row, column]] - expected).abs() < 1e-6);
    }
}

#[test]
fn gemm_applies_alpha_beta_and_either_orientation() {
    let x = image([3, 1, 1]);
    let gemm = |transposed| {
        let gemm = with(node("Gemm", &["x", "w", "c"], "y"), "transB", Value::Int(transposed));
        with(with(gemm, "alpha", Value::Float(0.5)), "beta", Value::Float(2.0))
    };
    let matrix = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let rows = matrix.concat();
    let columns: Vec<f32> = (0..3).flat_map(|i| [matrix[0][i], matrix[1][i]]).collect();
    for (transposed, dims, values) in [(1, [2, 3], rows), (0, [3, 2], columns)] {
        for constant in [
            floats("c", &[2], vec![1.0, 1.0]),
            floats("c", &[], vec![1.0]),
            floats("c", &[1, 2], vec![1.0; 2]),
        ] {
            let net =
                model(&[1, 3], vec![gemm(transposed)], vec![floats("w", &dims, values.clone()), constant]);
            let y = output(&net, &x);
            for (row, &found) in matrix.iter().zip(&y) {
                let sum: f32 = row.iter().zip(&x).map(|(w, x)| w * x).sum();
                assert!((found - (0.5 * sum + 2.0)).abs() < 1e-5);
            }
        }
    }
}

#[test]
fn matmul_and_add_become_one_fully_connected_layer() {
    let nodes = vec![
        node("Flatten", &["x"], "flat"),
        node("MatMul", &["flat", "w"], "product"),
        node("Add", &["b", "product"], "y"),
    ];
    let net = model(&[-1, 2, 2, 3], nodes, vec![weights("w", &[12, 5]), weights("b", &[5])]);
    let y = output(&net, &image([2, 2, 3]));
    assert_eq!(y.shape(), [5]);
    let optimised = passes::optimise(&graph(&net));
    let layer = optimised.layers().next().unwrap();
    assert_eq!((optimised.nodes().len(), layer.conv.weights.dim()), (1, (5, 2, 2, 3)));
}

#[test]
fn flatten_and_reshape_keep_the_order() {
    let x = image([2, 3, 4]);
    let flat: Vec<f32> = x.iter().copied().collect();
    for target in [&[1, -1][..], &[0, -1], &[-1, 24], &[1, 24]] {
        let net = model(&[1, 2, 3, 4], vec![node("Reshape", &["x", "t"], "y")], vec![integers("t", target)]);
        assert_eq!(output(&net, &x).as_slice().unwrap(), flat);
    }
    for axis in [1, -3] {
        let flatten = with(node("Flatten", &["x"], "y"), "axis", Value::Int(axis));
        assert_eq!(output(&model(&[1, 2, 3, 4], vec![flatten], vec![]), &x).as_slice().unwrap(), flat);
    }
}

#[test]
fn nodes_that_do_nothing_are_dropped() {
    let nodes = vec![
        node("Identity", &["x"], "a"),
        node("Dropout", &["a"], "b"),
        node("Reshape", &["b", "t"], "c"),
        node("Conv", &["c", "w"], "y"),
    ];
    let net = model(&[1, 2, 3, 3], nodes, vec![integers("t", &[0, 2, 3, 3]), weights("w", &[1, 2, 1, 1])]);
    output(&net, &image([2, 3, 3]));
    let optimised = passes::optimise(&graph(&net));
    assert_eq!(optimised.nodes().len(), 1);
    assert_eq!(optimised.layers().next().unwrap().input_name, "x");
}

#[test]
fn constants_may_be_nodes_and_go_through_identities() {
    let nodes = vec![
        with(node("Constant", &[], "w"), "value", Value::Tensor(weights("", &[1, 2, 1, 1]).into())),
        node("Identity", &["w"], "shared"),
        node("Conv", &["x", "shared"], "a"),
        with(node("Constant", &[], "high"), "value_float", Value::Float(0.5)),
        node("Clip", &["a", "", "high"], "b"),
        with(node("Constant", &[], "t"), "value_ints", Value::Ints(&[1, -1])),
        node("Reshape", &["b", "t"], "y"),
    ];
    let y = output(&model(&[1, 2, 2, 2], nodes, vec![]), &image([2, 2, 2]));
    assert!(y.shape() == [4] && y.iter().all(|&value| value <= 0.5));
}

#[test]
fn differences_quotients_and_sums() {
    let x = image([2, 3, 3]);
    let of = |operator: &str, inputs: &[&str]| {
        let constants = vec![floats("c", &[2, 1, 1], vec![0.5, -4.0])];
        output(&model(&[1, 2, 3, 3], vec![node(operator, inputs, "y")], constants), &x)
    };
    let expect = |found: ArrayD<f32>, of: &dyn Fn(f32, f32) -> f32| {
        for ((c, row, column), &value) in x.indexed_iter() {
            assert!((found[[c, row, column]] - of(value, [0.5, -4.0][c])).abs() < 1e-6);
        }
    };
    expect(of("Sub", &["x", "c"]), &|x, c| x - c);
    expect(of("Sub", &["c", "x"]), &|x, c| c - x);
    expect(of("Div", &["x", "c"]), &|x, c| x / c);
    expect(of("Sum", &["x", "c"]), &|x, c| x + c);
    expect(of("Sum", &["x", "x"]), &|x, _| x + x);
    expect(of("Sum", &["x"]), &|x, _| x);
}

#[test]
fn limits_and_functions_under_other_names() {
    let x = image([2, 3, 3]);
    let of = |operator: &str, inputs: &[&str]| {
        let constants = vec![floats("c", &[1], vec![0.25])];
        output(&model(&[1, 2, 3, 3], vec![node(operator, inputs, "y")], constants), &x)
    };
    let expect = |found: ArrayD<f32>, of: &dyn Fn(f32) -> f32| {
        assert!(found.iter().zip(&x).all(|(y, &x)| (y - of(x)).abs() < 1e-6), "{found}");
    };
    expect(of("Max", &["x", "c"]), &|x| x.max(0.25));
    expect(of("Min", &["c", "x"]), &|x| x.min(0.25));
    expect(of("PRelu", &["x", "c"]), &|x| if x < 0.0 { 0.25 * x } else { x });
    expect(of("Swish", &["x"]), &|x| x / (1.0 + (-x).exp()));
}

#[test]
fn a_trailing_softmax_is_kept() {
    let net = model(&[1, 4], vec![node("Softmax", &["x"], "y")], vec![]);
    let y = output(&net, &image([4, 1, 1]));
    assert!((y.sum() - 1.0).abs() < 1e-6);
}

#[test]
fn nodes_may_be_in_any_order_and_dead_ones_are_left_out() {
    let nodes = vec![
        node("NonMaxSuppression", &["x"], "unused"),
        node("Relu", &["a"], "y"),
        node("Conv", &["x", "w"], "a"),
    ];
    let mut net = model(&[1, 1, 3, 3], nodes, vec![weights("w", &[1, 1, 3, 3])]);
    net.graph.as_mut().unwrap().output[0].name = Some("y".to_owned());
    let names: Vec<String> = graph(&net).nodes().iter().map(|node| node.name.clone()).collect();
    assert_eq!(names, ["a", "y"]);
}

#[test]
fn nameless_and_equally_named_nodes_are_told_apart() {
    let mut nodes = vec![
        node("Relu", &["x"], "a"),
        node("Relu", &["a"], "b"),
        node("Relu", &["b"], "c"),
        node("Relu", &["c"], "d"),
    ];
    nodes[0].name = None;
    nodes[2].name = Some("b".to_owned());
    nodes[3].name = Some("b".to_owned());
    let names: Vec<String> =
        graph(&model(&[1, 2], nodes, vec![])).nodes().iter().map(|node| node.name.clone()).collect();
    assert_eq!(names, ["a", "b", "b_2", "b_3"]);
}

#[test]
fn raw_and_external_data_are_read() {
    use pleach_host::import::proto::{StringStringEntryProto, tensor_proto::DataLocation};
    use prost::Message;
    let plain = model(&[1, 2, 3, 3], vec![node("Conv", &["x", "w"], "y")], vec![weights("w", &[1, 2, 2, 2])]);
    let expected = output(&plain, &image([2, 3, 3]));
    let values = plain.graph.as_ref().unwrap().initializer[0].float_data.clone();
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();

    let mut raw = plain.clone();
    let tensor = &mut raw.graph.as_mut().unwrap().initializer[0];
    tensor.float_data.clear();
    tensor.raw_data = Some(bytes.clone().into());
    assert_eq!(output(&raw, &image([2, 3, 3])), expected);

    let mut external = raw;
    let tensor = &mut external.graph.as_mut().unwrap().initializer[0];
    tensor.raw_data = None;
    tensor.data_location = Some(DataLocation::External as i32);
    let entry =
        |key: &str, value: &str| StringStringEntryProto { key: Some(key.into()), value: Some(value.into()) };
    tensor.external_data = vec![entry("location", "net.data"), entry("offset", "4"), entry("length", "32")];
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("net.onnx"), external.encode_to_vec()).unwrap();
    std::fs::write(folder.path().join("net.data"), [&[0; 4], &bytes[..]].concat()).unwrap();
    let model = pleach_host::import::load(&folder.path().join("net.onnx"), &Default::default()).unwrap();
    assert_eq!(run(&model.graph, &image([2, 3, 3])).unwrap(), expected);
}
