//! Graphs of all operators in integers: what shares a quantization, and how near int8 comes to float.

use super::*;
use crate::graph::testing::{conv, image, map};
use crate::graph::{Channels, Clamp, Conv, Function, Op, Pooling, Shape, Unary};
use ndarray::Array3;
use pleach_sim::golden;
use pleach_spec::network::{Interpolation, Kind, Pool, Sampling};

fn images(dims: [usize; 3]) -> Vec<Array3<f32>> {
    (0..6).map(|seed| image(dims, seed)).collect()
}

/// Calibrates on images of the graph's input and quantizes.
fn quantized(graph: &Graph) -> Result<Network, QuantizeError> {
    let MapShape { channels, height, width } = graph.tensor(graph.input()).shape.as_map().unwrap();
    let images = images([channels, height, width]);
    quantize(graph, &calibrate(graph, images.into_iter(), &mut |_| ()).unwrap())
}

/// Signal to noise ratio of each tensor of the network, by name.
fn fidelity(graph: &Graph, network: &Network) -> Vec<(String, f64)> {
    let shape = network.tensors[network.input].shape;
    let mut total = vec![Noise::default(); network.tensors.len()];
    for image in images([shape.channels, shape.height, shape.width]) {
        let x = network.tensors[network.input].quantization;
        let maps = golden::run(network, image.mapv(|value| x.quantize(value))).unwrap();
        let found = noise(graph, network, &image, &maps).unwrap();
        total.iter_mut().zip(found).for_each(|(total, noise)| *total += noise);
    }
    network.tensors.iter().map(|tensor| tensor.name.clone()).zip(total.iter().map(Noise::decibels)).collect()
}

fn pooling(kernel: usize, stride: usize, pad: usize) -> Pooling {
    let pool = Pool { kernel: [kernel; 2], stride: [stride; 2], dilation: [1; 2], pads: [pad; 4] };
    Pooling { origin: "Pool", pool, ceil: true }
}

fn relu(channels: usize, inputs: usize, seed: u64) -> Op {
    Op::Conv(Conv { clamp: Clamp::RELU, ..conv(channels, [inputs, 1, 1], seed) })
}

/// Every operator that integers have.
fn everything() -> Graph {
    let mut graph = Graph::new("net", "x", map(3, 9, 8));
    let x = graph.input();
    let a = graph.push("conv", relu(6, 3, 1), x, "a").unwrap();
    let b = graph.push("max", Op::MaxPool(pooling(3, 2, 1)), a, "b").unwrap();
    let average = Op::AveragePool { pooling: pooling(3, 2, 1), count_include_pad: false };
    let c = graph.push("average", average, a, "c").unwrap();
    let d = graph.push_node("add", Op::Add(Clamp::RELU), vec![b, c], "d").unwrap();
    let e = graph.push_node("concat", Op::Channels(Channels::concat([6, 6])), vec![d, b], "e").unwrap();
    let f = graph.push("before", Op::Conv(conv(4, [12, 1, 1], 2)), e, "f").unwrap();
    let g = graph.push("silu", Op::Unary(Unary::gated(Function::Sigmoid)), f, "g").unwrap();
    let h = graph.push("resize", Op::Resize([2, 3]), g, "h").unwrap();
    let i = graph.push("slice", Op::Channels(Channels::pick("Slice", [2, 0])), h, "i").unwrap();
    let clip = Op::Clip(Clamp::new(-0.1, 2.0).unwrap());
    let j = graph.push("clip", clip, i, "j").unwrap();
    let between = Interpolation { factor: [2, 1], sampling: Sampling::HalfPixel };
    let k = graph.push("linear", Op::Interpolate(between), j, "k").unwrap();
    let squeeze = Pooling { origin: "GlobalAveragePool", pool: Pool::global([20, 15]), ceil: false };
    let l = graph
        .push("squeeze", Op::AveragePool { pooling: squeeze, count_include_pad: false }, k, "l")
        .unwrap();
    let m = graph.push("sigmoid", Op::Unary(Unary::plain(Function::Sigmoid)), l, "m").unwrap();
    let n = graph.push_node("scale", Op::Mul, vec![k, m], "n").unwrap();
    graph.set_outputs(vec![n, g]);
    graph
}

#[test]
fn every_operator_is_near_float() {
    let graph = everything();
    let network = quantized(&graph).unwrap();
    let kinds: Vec<_> = network.layers.iter().map(|layer| layer.op.as_str()).collect();
    let first = ["Conv", "Pool", "Pool", "Add", "Concat", "Conv", "Swish", "Resize", "Slice", "Clip"];
    assert_eq!(kinds[..10], first);
    assert_eq!(kinds[10..], ["Resize", "GlobalAveragePool", "Sigmoid", "Mul"]);
    assert_eq!(network.outputs.iter().map(|&o| &network.tensors[o].name).collect::<Vec<_>>(), ["n", "g"]);
    for (name, decibels) in fidelity(&graph, &network) {
        assert!(decibels > 30.0, "{name}: {decibels} dB");
    }
}

#[test]
fn moved_values_share_a_quantization() {
    let network = quantized(&everything()).unwrap();
    let of = |name: &str| network.tensors.iter().find(|tensor| tensor.name == name).unwrap().quantization;
    assert!(of("a") == of("b") && of("d") == of("e") && of("b") == of("e"));
    assert!(of("g") == of("h") && of("h") == of("i"));
    assert_ne!(of("f"), of("g"));
    for layer in network.layers.iter().filter(|layer| matches!(layer.kind, Kind::Channels { .. })) {
        assert!((0..layer.inputs.len()).all(|index| network.rescale(layer, index).unwrap().is_none()));
    }
}

#[test]
fn a_small_part_of_a_concatenation_keeps_its_own_steps() {
    let mut graph = Graph::new("net", "x", map(2, 4, 4));
    let x = graph.input();
    let mut tiny = conv(2, [2, 1, 1], 1);
    tiny.weights.mapv_inplace(|weight| weight / 100.0);
    tiny.bias.fill(0.0);
    let a = graph.push("tiny", Op::Conv(tiny), x, "a").unwrap();
    graph.push_node("concat", Op::Channels(Channels::concat([2, 2])), vec![x, a], "y").unwrap();
    let network = quantized(&graph).unwrap();
    let [x, a, y] = [0, 1, 2].map(|index| network.tensors[index].quantization);
    assert!(x == y && a.scale < y.scale / 50.0, "{x:?} {a:?} {y:?}");
    assert!(network.rescale(&network.layers[1], 1).unwrap().is_some());
}

#[test]
fn a_tensor_that_only_a_function_reads_is_cut_to_where_it_matters() {
    let mut graph = Graph::new("net", "x", map(2, 4, 4));
    let mut large = conv(2, [2, 1, 1], 1);
    large.weights.mapv_inplace(|weight| weight * 1000.0);
    let a = graph.push("conv", Op::Conv(large), graph.input(), "a").unwrap();
    let y = graph.push("sigmoid", Op::Unary(Unary::plain(Function::Sigmoid)), a, "y").unwrap();
    let scale = |graph: &Graph| quantized(graph).unwrap().tensors[1].quantization.scale;
    assert!(scale(&graph) < 0.06);
    graph.set_outputs(vec![y, a]);
    assert!(scale(&graph) > 1.0, "an output needs all of its range");
}

#[test]
fn a_vector_in_another_shape_is_the_same_tensor() {
    let mut graph = Graph::new("net", "x", map(2, 3, 3));
    let global = Pooling { origin: "GlobalMaxPool", pool: Pool::global([3, 3]), ceil: false };
    let a = graph.push("pool", Op::MaxPool(global), graph.input(), "a").unwrap();
    let b = graph.push("flat", Op::Reshape(Shape::new(vec![2]).unwrap()), a, "b").unwrap();
    graph.push("sigmoid", Op::Unary(Unary::plain(Function::Sigmoid)), b, "y").unwrap();
    let network = quantized(&graph).unwrap();
    assert_eq!(network.layers.iter().map(|layer| layer.inputs[0]).collect::<Vec<_>>(), [0, 1]);
    assert!(fidelity(&graph, &network)[2].1 > 30.0);
}

#[test]
fn what_integers_do_not_have_is_refused_by_name() {
    let error = |ops: &[Op]| {
        let mut graph = Graph::new("net", "x", map(2, 3, 3));
        for (index, op) in ops.iter().enumerate() {
            let input = graph.output();
            let inputs = if matches!(op, Op::Mul) { vec![input, input] } else { vec![input] };
            graph.push_node(format!("node{index}"), op.clone(), inputs, format!("t{index}")).unwrap();
        }
        quantized(&graph).unwrap_err().to_string()
    };
    let sigmoid = Op::Unary(Unary::plain(Function::Sigmoid));
    assert!(error(&[Op::Mul]).starts_with("node 'node0' (Mul) cannot be computed in int8"));
    assert!(error(&[Op::Flatten, sigmoid.clone()]).starts_with("node 'node0' (Flatten) cannot"));
    assert!(error(&[Op::Transpose(vec![1, 0, 2]), sigmoid]).starts_with("node 'node0' (Transpose) cannot"));
    assert_eq!(error(&[Op::Flatten]), "network 'net' computes nothing");
}
