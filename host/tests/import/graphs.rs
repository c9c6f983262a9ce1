//! Operators of networks that are no chains: pooling, additions, moved channels, functions, several outputs.

use super::models::{
    Value, floats, import, integers, model, node, opset, returning, weights, with, with_outputs,
};
use ndarray::Array3;
use pleach_host::graph::{Graph, Op, passes, run, run_all};
use pleach_host::import::proto::{ModelProto, NodeProto, TensorProto};

fn image(dims: [usize; 3]) -> Array3<f32> {
    let mut value = 0;
    Array3::from_shape_simple_fn(dims, || {
        value += 29;
        (value % 83) as f32 / 40.0 - 1.0
    })
}

/// Shapes and values of all outputs; the passes must not change them.
fn outputs(model: &ModelProto, image: &Array3<f32>) -> Vec<(String, Vec<f32>)> {
    let of = |graph: &Graph| -> Vec<(String, Vec<f32>)> {
        let all = run_all(graph, image).unwrap();
        let one = |id: &pleach_host::graph::TensorId| {
            let values = all[id.index()].as_ref().unwrap();
            (graph.tensor(*id).shape.to_string(), values.iter().copied().collect())
        };
        graph.outputs().iter().map(one).collect()
    };
    let graph = import(model).unwrap().graph;
    let found = of(&graph);
    let optimised = of(&passes::optimise(&graph));
    for ((shape, values), (other_shape, others)) in found.iter().zip(&optimised) {
        assert_eq!(shape, other_shape);
        assert!(values.iter().zip(others).all(|(a, b)| (a - b).abs() < 1e-4), "{values:?} {others:?}");
    }
    found
}

/// Shape and values of the only output.
fn output(model: &ModelProto, image: &Array3<f32>) -> (String, Vec<f32>) {
    outputs(model, image).swap_remove(0)
}

fn pool(operator: &str, attributes: &[(&str, &[i64])]) -> NodeProto {
    attributes
        .iter()
        .fold(node(operator, &["x"], "y"), |node, (name, values)| with(node, name, Value::Ints(values)))
}

fn names(model: &ModelProto) -> Vec<&'static str> {
    let graph = passes::optimise(&import(model).unwrap().graph);
    graph.nodes().iter().map(|node| node.op.name()).collect()
}

#[test]
fn pooling_has_the_sizes_of_the_specification() {
    let shape = |node: NodeProto, size: [i64; 2]| {
        output(
            &model(&[1, 2, size[0], size[1]], vec![node], vec![]),
            &image([2, size[0] as usize, size[1] as usize]),
        )
        .0
    };
    let window = |ceil: i64| {
        let node = pool("MaxPool", &[("kernel_shape", &[3, 2]), ("strides", &[2, 2])]);
        with(node, "ceil_mode", Value::Int(ceil))
    };
    assert_eq!(shape(window(0), [6, 7]), "2x2x3");
    assert_eq!(shape(window(1), [6, 7]), "2x3x4");
    let padded =
        pool("AveragePool", &[("kernel_shape", &[3, 3]), ("strides", &[2, 2]), ("pads", &[1, 1, 1, 1])]);
    assert_eq!(shape(padded, [8, 9]), "2x4x5");
    let same = with(
        pool("MaxPool", &[("kernel_shape", &[2, 2]), ("strides", &[2, 2])]),
        "auto_pad",
        Value::Text("SAME_UPPER"),
    );
    assert_eq!(shape(same, [7, 8]), "2x4x4");
    let dilated = pool("MaxPool", &[("kernel_shape", &[2, 2]), ("dilations", &[2, 3])]);
    assert_eq!(shape(dilated, [7, 8]), "2x5x5");
}

#[test]
fn an_average_counts_what_it_is_told_to() {
    let x = Array3::from_shape_vec([1, 2, 2], vec![1.0, 2.0, 3.0, 4.0]).unwrap();
    let of = |include: i64| {
        let node = pool("AveragePool", &[("kernel_shape", &[2, 2]), ("pads", &[1, 1, 0, 0])]);
        let node = with(node, "count_include_pad", Value::Int(include));
        output(&model(&[1, 1, 2, 2], vec![node], vec![]), &x).1
    };
    assert_eq!(of(0), [1.0, 1.5, 2.0, 2.5]);
    assert_eq!(of(1), [0.25, 0.75, 1.0, 2.5]);
}

#[test]
fn means_over_height_and_width_are_global_pooling() {
    let x = image([3, 4, 5]);
    let (shape, expected) =
        output(&model(&[1, 3, 4, 5], vec![node("GlobalAveragePool", &["x"], "y")], vec![]), &x);
    assert_eq!(shape, "3x1x1");
    let reduce = |keep: i64, axes: Option<&[i64]>| {
        let inputs: &[&str] = if axes.is_some() { &["x"] } else { &["x", "axes"] };
        let node = with(node("ReduceMean", inputs, "y"), "keepdims", Value::Int(keep));
        match axes {
            Some(axes) => model(&[1, 3, 4, 5], vec![with(node, "axes", Value::Ints(axes))], vec![]),
            None => opset(model(&[1, 3, 4, 5], vec![node], vec![integers("axes", &[-1, 2])]), 18),
        }
    };
    assert_eq!(output(&reduce(1, Some(&[2, 3])), &x), ("3x1x1".to_owned(), expected.clone()));
    assert_eq!(output(&reduce(0, Some(&[-2, -1])), &x), ("3".to_owned(), expected.clone()));
    assert_eq!(output(&reduce(0, None), &x), ("3".to_owned(), expected));
    let largest = output(&model(&[1, 3, 4, 5], vec![node("GlobalMaxPool", &["x"], "y")], vec![]), &x).1;
    let channel = |c: usize| x.index_axis(ndarray::Axis(0), c).iter().fold(f32::MIN, |a, &b| a.max(b));
    assert_eq!(largest, [channel(0), channel(1), channel(2)]);
}

#[test]
fn a_residual_block_keeps_its_convolution_and_its_addition() {
    let nodes = vec![
        node("Conv", &["x", "w"], "a"),
        node("BatchNormalization", &["a", "s", "s", "s", "s"], "b"),
        node("Add", &["b", "x"], "c"),
        node("Relu", &["c"], "y"),
    ];
    let constants = vec![weights("w", &[3, 3, 1, 1]), floats("s", &[3], vec![0.5, 1.0, 2.0])];
    let net = model(&[1, 3, 4, 4], nodes, constants);
    assert!(output(&net, &image([3, 4, 4])).1.iter().all(|&value| value >= 0.0));
    assert_eq!(names(&net), ["Conv", "Add"]);
}

#[test]
fn a_convolution_that_two_nodes_read_is_not_changed_for_one_of_them() {
    let nodes = vec![
        node("Conv", &["x", "w"], "a"),
        node("Relu", &["a"], "b"),
        node("BatchNormalization", &["a", "s", "s", "s", "s"], "c"),
        node("Add", &["b", "c"], "y"),
    ];
    let constants = vec![weights("w", &[3, 3, 1, 1]), floats("s", &[3], vec![0.5, 1.0, 2.0])];
    let net = model(&[1, 3, 4, 4], nodes, constants);
    output(&net, &image([3, 4, 4]));
    assert_eq!(names(&net), ["Conv", "Relu", "Conv", "Add"]);
}

#[test]
fn split_and_concat_and_slice_move_channels() {
    let x = image([5, 2, 2]);
    let channels = |list: &[usize]| -> Vec<f32> {
        list.iter()
            .flat_map(|&c| x.index_axis(ndarray::Axis(0), c).iter().copied().collect::<Vec<_>>())
            .collect()
    };
    let split = with_outputs(node("Split", &["x", "sizes"], "a"), &["a", "b"]);
    let split = with(split, "axis", Value::Int(1));
    let concat = with(node("Concat", &["b", "a", "b"], "y"), "axis", Value::Int(-3));
    let net = model(&[1, 5, 2, 2], vec![split, concat], vec![integers("sizes", &[2, 3])]);
    assert_eq!(output(&net, &x), ("8x2x2".to_owned(), channels(&[2, 3, 4, 0, 1, 2, 3, 4])));
    assert_eq!(names(&net), ["Concat"], "a split disappears in what reads it");

    let old = with(with_outputs(node("Split", &["x"], "a"), &["a", "b"]), "split", Value::Ints(&[1, 4]));
    let old = opset(model(&[1, 5, 2, 2], vec![with(old, "axis", Value::Int(1))], vec![]), 11);
    let both = outputs(&returning(old, &["b", "a"]), &x);
    assert_eq!(
        both.iter().map(|output| &output.1).collect::<Vec<_>>(),
        [&channels(&[1, 2, 3, 4]), &channels(&[0])]
    );
    let even = with(with_outputs(node("Split", &["x"], "a"), &["a", "b"]), "axis", Value::Int(1));
    let even = opset(model(&[1, 5, 2, 2], vec![even], vec![]), 18);
    assert_eq!(outputs(&returning(even, &["a", "b"]), &x)[0].0, "3x2x2");

    let slice = node("Slice", &["x", "starts", "ends", "axes", "steps"], "y");
    let limits = vec![
        integers("starts", &[0, -1]),
        integers("ends", &[i64::MAX, 0]),
        integers("axes", &[2, 1]),
        integers("steps", &[1, -2]),
    ];
    let net = model(&[1, 5, 2, 2], vec![slice], limits);
    assert_eq!(output(&net, &x), ("2x2x2".to_owned(), channels(&[4, 2])));
    let old = [("starts", &[1][..]), ("ends", &[3]), ("axes", &[1])];
    let old = old.into_iter().fold(node("Slice", &["x"], "y"), |n, (name, v)| with(n, name, Value::Ints(v)));
    assert_eq!(output(&opset(model(&[1, 5, 2, 2], vec![old], vec![]), 9), &x).1, channels(&[1, 2]));
}

#[test]
fn a_channel_shuffle_is_one_node() {
    let nodes = vec![
        node("Reshape", &["x", "grouped"], "a"),
        with(node("Transpose", &["a"], "b"), "perm", Value::Ints(&[0, 2, 1, 3, 4])),
        node("Reshape", &["b", "flat"], "c"),
        node("Conv", &["c", "w"], "y"),
    ];
    let constants = vec![
        integers("grouped", &[1, 3, 2, 4, 4]),
        integers("flat", &[1, -1, 4, 4]),
        weights("w", &[2, 6, 1, 1]),
    ];
    let net = model(&[1, 6, 4, 4], nodes, constants);
    output(&net, &image([6, 4, 4]));
    assert_eq!(names(&net), ["Transpose", "Conv"]);
}

#[test]
fn resize_and_upsample_repeat_pixels() {
    let x = Array3::from_shape_vec([1, 1, 2], vec![1.0, 2.0]).unwrap();
    let expected = ("1x2x6".to_owned(), [[1.0, 1.0, 1.0, 2.0, 2.0, 2.0]; 2].concat());
    let scales = || floats("scales", &[4], vec![1.0, 1.0, 2.0, 3.0]);
    let resize = |inputs: &[&str]| with(node("Resize", inputs, "y"), "mode", Value::Text("nearest"));
    let asymmetric = |node| {
        let node = with(node, "coordinate_transformation_mode", Value::Text("asymmetric"));
        with(node, "nearest_mode", Value::Text("floor"))
    };
    let of = |node: NodeProto, constants: Vec<TensorProto>, version: i64| {
        output(&opset(model(&[1, 1, 1, 2], vec![node], constants), version), &x)
    };
    assert_eq!(of(resize(&["x", "", "scales"]), vec![scales()], 13), expected);
    assert_eq!(of(asymmetric(resize(&["x", "", "scales"])), vec![scales()], 19), expected);
    assert_eq!(of(resize(&["x", "", "", "sizes"]), vec![integers("sizes", &[1, 1, 2, 6])], 13), expected);
    let two = vec![floats("scales", &[2], vec![2.0, 3.0])];
    assert_eq!(of(with(resize(&["x", "", "scales"]), "axes", Value::Ints(&[2, 3])), two, 18), expected);
    assert_eq!(of(resize(&["x", "scales"]), vec![scales()], 10), expected);
    assert_eq!(of(node("Upsample", &["x", "scales"], "y"), vec![scales()], 9), expected);
}

#[test]
fn linear_resizes_interpolate() {
    let x = Array3::from_shape_vec([1, 1, 2], vec![0.0, 4.0]).unwrap();
    let of = |transform: Option<&str>, scales: [f32; 2]| {
        let resize = with(node("Resize", &["x", "", "scales"], "y"), "mode", Value::Text("linear"));
        let resize = match transform {
            Some(transform) => with(resize, "coordinate_transformation_mode", Value::Text(transform)),
            None => resize,
        };
        let scales = floats("scales", &[4], vec![1.0, 1.0, scales[0], scales[1]]);
        output(&opset(model(&[1, 1, 1, 2], vec![resize], vec![scales]), 13), &x)
    };
    let half_pixel = ("1x2x4".to_owned(), [[0.0, 1.0, 3.0, 4.0]; 2].concat());
    assert_eq!(of(None, [2.0, 2.0]), half_pixel);
    assert_eq!(of(Some("pytorch_half_pixel"), [2.0, 2.0]), half_pixel);
    assert_eq!(of(Some("asymmetric"), [1.0, 2.0]), ("1x1x4".to_owned(), vec![0.0, 2.0, 4.0, 4.0]));
}

#[test]
fn a_map_of_one_pixel_scales_channels() {
    let x = image([3, 2, 2]);
    let of = |inputs: [&str; 2]| {
        let nodes = vec![
            node("GlobalAveragePool", &["x"], "a"),
            node("Sigmoid", &["a"], "g"),
            node("Mul", &inputs, "y"),
        ];
        output(&model(&[1, 3, 2, 2], nodes, vec![]), &x)
    };
    let (shape, values) = of(["x", "g"]);
    assert_eq!(shape, "3x2x2");
    for (scaled, pixels) in values.chunks(4).zip(x.as_slice().unwrap().chunks(4)) {
        let gate = 1.0 / (1.0 + (-pixels.iter().sum::<f32>() / 4.0).exp());
        assert!(scaled.iter().zip(pixels).all(|(y, x)| (y - x * gate).abs() < 1e-6), "{scaled:?}");
    }
    assert_eq!(of(["g", "x"]).1, values);
}

#[test]
fn functions_are_applied_to_every_value() {
    let x = image([2, 3, 3]);
    let of = |node: NodeProto| output(&model(&[1, 2, 3, 3], vec![node], vec![]), &x).1;
    let check = |found: Vec<f32>, expected: fn(f32) -> f32| {
        assert!(found.iter().zip(&x).all(|(y, &x)| (y - expected(x)).abs() < 1e-6), "{found:?}");
    };
    check(of(node("Sigmoid", &["x"], "y")), |x| 1.0 / (1.0 + (-x).exp()));
    check(of(node("Tanh", &["x"], "y")), f32::tanh);
    check(of(node("LeakyRelu", &["x"], "y")), |x| if x < 0.0 { 0.01 * x } else { x });
    check(of(node("HardSigmoid", &["x"], "y")), |x| (0.2 * x + 0.5).clamp(0.0, 1.0));
    check(of(node("HardSwish", &["x"], "y")), |x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0));
}

#[test]
fn silu_is_one_function() {
    let nodes = vec![node("Sigmoid", &["x"], "a"), node("Mul", &["x", "a"], "y")];
    let net = model(&[1, 2, 3, 3], nodes, vec![]);
    let x = image([2, 3, 3]);
    assert!(output(&net, &x).1.iter().zip(&x).all(|(y, &x)| (y - x / (1.0 + (-x).exp())).abs() < 1e-6));
    assert_eq!(names(&net), ["Swish"]);
}

#[test]
fn padding_becomes_that_of_the_convolution() {
    let nodes = vec![node("Pad", &["x", "pads"], "a"), node("Conv", &["a", "w"], "y")];
    let constants = vec![integers("pads", &[0, 0, 1, 0, 0, 0, 2, 1]), weights("w", &[2, 2, 3, 2])];
    let net = model(&[1, 2, 5, 5], nodes, constants);
    assert_eq!(output(&net, &image([2, 5, 5])).0, "2x6x5");
    let graph = passes::optimise(&import(&net).unwrap().graph);
    assert_eq!(graph.layers().next().unwrap().conv.geometry.pads, [1, 0, 2, 1]);
    let old = with(node("Pad", &["x"], "y"), "pads", Value::Ints(&[0, 0, 1, 1, 0, 0, 0, 0]));
    assert_eq!(output(&opset(model(&[1, 1, 2, 2], vec![old], vec![]), 10), &image([1, 2, 2])).0, "1x3x3");
}

#[test]
fn a_constant_factor_folds_into_the_convolution() {
    let nodes = vec![node("Conv", &["x", "w"], "a"), node("Mul", &["a", "s"], "y")];
    let net = model(&[1, 2, 3, 3], nodes, vec![weights("w", &[3, 2, 1, 1]), weights("s", &[3, 1, 1])]);
    output(&net, &image([2, 3, 3]));
    assert_eq!(names(&net), ["Conv"]);
}

#[test]
fn classifiers_squeeze_flatten_or_reshape() {
    let x = image([4, 3, 3]);
    let shapes: [(NodeProto, Vec<TensorProto>); 3] = [
        (node("Squeeze", &["p", "axes"], "f"), vec![integers("axes", &[2, -1])]),
        (node("Flatten", &["p"], "f"), vec![]),
        (node("Reshape", &["p", "shape"], "f"), vec![integers("shape", &[0, -1])]),
    ];
    let results = shapes.map(|(shape, mut constants)| {
        constants.push(weights("w", &[4, 5]));
        let nodes = vec![node("GlobalAveragePool", &["x"], "p"), shape, node("MatMul", &["f", "w"], "y")];
        let net = model(&[1, 4, 3, 3], nodes, constants);
        assert_eq!(names(&net), ["GlobalAveragePool", "MatMul"]);
        output(&net, &x)
    });
    assert!(results.iter().all(|result| *result == results[0]));
    let there_and_back = vec![
        node("Flatten", &["x"], "a"),
        node("Unsqueeze", &["a", "axes"], "b"),
        node("Conv", &["b", "w"], "y"),
    ];
    let constants = vec![integers("axes", &[2, 3]), weights("w", &[2, 4, 1, 1])];
    assert_eq!(output(&model(&[1, 4, 1, 1], there_and_back, constants), &image([4, 1, 1])).0, "2x1x1");
}

#[test]
fn a_network_may_have_several_outputs() {
    let nodes = vec![
        node("Conv", &["x", "w"], "a"),
        node("Relu", &["a"], "b"),
        node("MaxPool", &["b"], "c"),
        node("Identity", &["b"], "d"),
    ];
    let mut nodes = nodes;
    nodes[2] = with(nodes[2].clone(), "kernel_shape", Value::Ints(&[2, 2]));
    let net = model(&[1, 2, 4, 4], nodes, vec![weights("w", &[3, 2, 1, 1])]);
    let net = returning(net, &["c", "d", "b"]);
    let found = outputs(&net, &image([2, 4, 4]));
    assert_eq!(found.iter().map(|output| output.0.as_str()).collect::<Vec<_>>(), ["3x3x3", "3x4x4", "3x4x4"]);
    let graph = passes::optimise(&import(&net).unwrap().graph);
    let names: Vec<_> = graph.outputs().iter().map(|&id| graph.tensor(id).name.as_str()).collect();
    assert_eq!(names, ["c", "d", "b"], "outputs keep their names");
    assert_eq!(
        run(&graph, &image([2, 4, 4])).unwrap().shape(),
        [3, 3, 3],
        "the first output is the main one"
    );
    assert!(matches!(graph.nodes()[0].op, Op::Conv(_)));
}
