//! Every kind of layer, worked out by hand.

use super::*;
use ndarray::{Array4, array};
use pleach_spec::network::{Interpolation, MapShape, Pool, Sampling, Tensor};
use pleach_spec::numerics::Quantization;

#[test]
fn a_convolution_worked_out_by_hand() {
    // 1 channel, 2x3 map, 2x2 kernel, padded on the left only: pixels outside count as the zero point (1).
    let input = array![[[1i8, 2, 3], [4, 5, 6]]];
    let weights = Array4::from_shape_vec((1, 1, 2, 2), vec![1i8, 10, 100, -1]).unwrap();
    let geometry = ConvGeometry { pads: [0, 1, 0, 0], ..ConvGeometry::valid([2, 2]) };
    let sums = convolve(input.view(), 1, weights.view(), &geometry);
    // Minus the zero point the map is 0 1 2 / 3 4 5.
    assert_eq!(sums, array![[[-3, 10 + 300 - 4, 1 + 20 + 400 - 5]]]);
}

#[test]
fn stride_dilation_and_groups_choose_the_right_pixels() {
    let input = Array3::from_shape_fn((2, 5, 5), |(c, y, x)| (c * 50 + y * 5 + x) as i8);
    let weights = Array4::from_shape_vec((2, 1, 1, 2), vec![1i8, 0, 0, 1]).unwrap();
    let geometry =
        ConvGeometry { stride: [2, 1], dilation: [1, 3], groups: 2, ..ConvGeometry::valid([1, 2]) };
    let sums = convolve(input.view(), 0, weights.view(), &geometry);
    assert_eq!(sums.dim(), (2, 3, 2));
    assert_eq!(sums[(0, 1, 1)], 11, "group 0 reads channel 0 at (2, 1)");
    assert_eq!(sums[(1, 2, 0)], 50 + 23, "group 1 reads channel 1 at (4, 3)");
}

/// A network of one layer, between tensors of the given shapes and quantizations; the last one is the output.
fn network(tensors: &[([usize; 3], f32, i8)], kind: Kind) -> Network {
    let tensor =
        |(index, &([channels, height, width], scale, zero_point)): (usize, &([usize; 3], f32, i8))| Tensor {
            name: format!("t{index}"),
            shape: MapShape { channels, height, width },
            quantization: Quantization { scale, zero_point },
        };
    let output = tensors.len() - 1;
    let layer = Layer { name: "layer".into(), op: "Op".into(), inputs: (0..output).collect(), output, kind };
    Network {
        name: "net".into(),
        tensors: tensors.iter().enumerate().map(tensor).collect(),
        layers: vec![layer],
        input: 0,
        outputs: vec![output],
    }
}

fn compute(network: &Network, inputs: &[Array3<i8>]) -> Array3<i8> {
    let views: Vec<_> = inputs.iter().map(|input| input.view()).collect();
    layer(network, &network.layers[0], &views).unwrap()
}

fn pool(kernel: [usize; 2], stride: [usize; 2], pads: [usize; 4]) -> Pool {
    Pool { kernel, stride, dilation: [1, 1], pads }
}

#[test]
fn padding_never_wins_a_maximum() {
    let network = network(
        &[([1, 2, 3], 0.1, 100), ([1, 2, 2], 0.1, 100)],
        Kind::MaxPool(pool([2, 2], [1, 2], [0, 1, 1, 0])),
    );
    // Padding is 100, were it the zero point. The lower windows reach below the map, the left ones beside it.
    let x = array![[[-128i8, -5, -7], [3, -9, -128]]];
    assert_eq!(compute(&network, &[x]), array![[[3, -5], [3, -9]]]);
}

#[test]
fn a_window_may_reach_beyond_the_padding() {
    let kind = Kind::MaxPool(pool([3, 3], [2, 2], [0; 4]));
    let network = network(&[([1, 4, 4], 1.0, 0), ([1, 2, 2], 1.0, 0)], kind);
    let x = Array3::from_shape_fn((1, 4, 4), |(_, y, x)| (4 * y + x) as i8);
    assert_eq!(compute(&network, &[x]), array![[[10, 11], [14, 15]]]);
}

#[test]
fn dilation_spreads_a_window() {
    let window = Pool { dilation: [1, 2], ..pool([1, 2], [1, 1], [0; 4]) };
    let network = network(&[([1, 1, 4], 1.0, 0), ([1, 1, 2], 1.0, 0)], Kind::MaxPool(window));
    assert_eq!(compute(&network, &[array![[[1, 9, 3, 4]]]]), array![[[3, 9]]]);
}

#[test]
fn an_average_counts_padding_only_if_told_to() {
    let of = |count_include_pad| {
        let kind = Kind::AveragePool { pool: pool([2, 2], [2, 2], [1, 1, 0, 0]), count_include_pad };
        // Scale 0.5 and zero point 10 become scale 0.25 and zero point -2.
        let network = network(&[([1, 3, 3], 0.5, 10), ([1, 2, 2], 0.25, -2)], kind);
        compute(&network, &[array![[[14i8, 16, 18], [20, 10, 11], [22, 12, 15]]]])
    };
    // Minus the zero point 4 6 8 / 10 0 1 / 12 2 5: the sums of the windows are 4, 14, 22, 8, the output steps twice the mean.
    assert_eq!(of(false), array![[[8 - 2, 14 - 2], [22 - 2, 4 - 2]]]);
    assert_eq!(of(true), array![[[2 - 2, 7 - 2], [11 - 2, 4 - 2]]]);
}

#[test]
fn what_lies_beyond_the_padding_is_never_counted() {
    let kind = Kind::AveragePool { pool: pool([1, 3], [1, 2], [0, 0, 0, 1]), count_include_pad: true };
    let network = network(&[([1, 1, 3], 1.0, 0), ([1, 1, 2], 1.0, 0)], kind);
    // The second window covers the last pixel, the padding, and nothing: the sum 9 is divided by 2, and 4.5 becomes 4.
    assert_eq!(compute(&network, &[array![[[1, 2, 9]]]]), array![[[4, 4]]]);
}

#[test]
fn an_addition_adds_real_values_and_clamps() {
    let tensors = [([1, 1, 3], 0.5, 2), ([1, 1, 3], 0.25, -4), ([1, 1, 3], 0.125, -100)];
    let network = network(&tensors, Kind::Add { clamp: [-100, 50] });
    // 1.0 + 2.0, 3.0 - 5.0, 60.0 + 1.0: 24 steps, below the clamp, above it.
    let output = compute(&network, &[array![[[4, 8, 122]]], array![[[4, -24, 0]]]]);
    assert_eq!(output, array![[[-76, -100, 50]]]);
}

#[test]
fn moved_channels_keep_their_bytes_or_are_requantized() {
    let tensors = [([2, 1, 2], 0.5, 3), ([1, 1, 2], 1.0, 0), ([3, 1, 2], 0.5, 3)];
    let network = network(&tensors, Kind::Channels { sources: vec![[1, 0], [0, 1], [0, 0]] });
    let output = compute(&network, &[array![[[1, 2]], [[-128, 127]]], array![[[10, 100]]]]);
    // 10 and 100 become 20 and 200 steps, and the latter saturates.
    assert_eq!(output, array![[[23, 127]], [[-128, 127]], [[1, 2]]]);
}

#[test]
fn a_resize_repeats_pixels() {
    let network = network(&[([1, 1, 2], 1.0, 5), ([1, 2, 6], 2.0, -1)], Kind::Resize { factor: [2, 3] });
    let output = compute(&network, &[array![[[9, 4]]]]);
    // 4 and -1 steps become 2 and -0.5, which rounds to 0.
    assert_eq!(output, array![[[1, 1, 1, -1, -1, -1], [1, 1, 1, -1, -1, -1]]]);
}

#[test]
fn an_interpolation_weighs_neighbours_and_repeats_the_edge() {
    let of = |sampling| {
        let kind = Kind::Interpolate(Interpolation { factor: [1, 2], sampling });
        // Zero point 5 becomes -1; the scales are equal, but the sums are eight times the average.
        let network = network(&[([1, 1, 3], 0.5, 5), ([1, 1, 6], 0.5, -1)], kind);
        compute(&network, &[array![[[5, 13, 1]]]])
    };
    // Minus the zero point 0, 8, -4.
    assert_eq!(of(Sampling::HalfPixel), array![[[-1, 1, 5, 4, -2, -5]]]);
    assert_eq!(of(Sampling::Asymmetric), array![[[-1, 3, 7, 1, -5, -5]]]);
}

#[test]
fn an_interpolation_is_linear_along_both_axes() {
    let kind = Kind::Interpolate(Interpolation { factor: [2, 2], sampling: Sampling::HalfPixel });
    let network = network(&[([1, 2, 2], 1.0, 0), ([1, 4, 4], 1.0, 0)], kind);
    let y = compute(&network, &[array![[[0, 16], [32, 80]]]]);
    assert_eq!(y.slice(ndarray::s![0, 1, ..]), array![8, 14, 26, 32]);
    assert_eq!([y[(0, 0, 0)], y[(0, 3, 3)], y[(0, 3, 0)]], [0, 80, 32]);
}

#[test]
fn a_gate_scales_its_channel() {
    let tensors = [([2, 1, 2], 0.5, 3), ([2, 1, 1], 0.25, -128), ([2, 1, 2], 0.5, -10)];
    let network = network(&tensors, Kind::Scale);
    let gate = array![[[-124]], [[-128]]];
    // The first channel is scaled by 4 * 0.25, the second by 0.
    assert_eq!(compute(&network, &[array![[[5, -7]], [[90, 1]]], gate]), array![[[-8, -20]], [[-10, -10]]]);
}

#[test]
fn a_table_is_read_at_the_byte_as_an_unsigned_number() {
    let table = (0..=255u8).map(|index| (index / 2) as i8).collect();
    let network = network(&[([1, 1, 3], 1.0, 0), ([1, 1, 3], 1.0, 0)], Kind::Unary { table });
    assert_eq!(compute(&network, &[array![[[0, 100, -1]]]]), array![[[0, 50, 127]]]);
}

#[test]
fn a_network_may_branch_and_have_several_outputs() {
    let mut network = network(
        &[([1, 1, 2], 1.0, 0), ([1, 1, 2], 1.0, 0)],
        Kind::Unary { table: (0..=255u8).map(|index| (index as i8).saturating_neg()).collect() },
    );
    network.tensors.push(network.tensors[1].clone());
    let sum = Layer {
        inputs: vec![0, 1],
        output: 2,
        kind: Kind::Add { clamp: [-128, 127] },
        ..network.layers[0].clone()
    };
    network.layers.push(sum);
    network.outputs = vec![2, 1];
    let maps = run(&network, array![[[5, -7]]]).unwrap();
    assert_eq!([&maps[1], &maps[2]], [&array![[[-5, 7]]], &array![[[0, 0]]]]);
}
