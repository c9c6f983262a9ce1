//! Functions of bytes that differ by channel. The accelerator has one table a layer; a constant that each channel is added to or
//! multiplied with is a depthwise convolution of one tap, whose weight, bias and scale are looked for until all 256 results are those of
//! ONNX Runtime.

use super::Problem;
use super::maps::Maps;
use super::real::byte;
use super::view::View;
use pleach_spec::network::{Conv, ConvGeometry, Kind};
use pleach_spec::numerics::{Quantization, Requantize};

/// Weights that are tried: the larger, the finer is the bias.
const WEIGHTS: std::ops::RangeInclusive<i32> = 1..=127;

/// What is to be done to a channel.
pub(super) struct Channel {
    /// The result of each byte, as an unsigned number.
    pub(super) table: Vec<i8>,
    /// Rise and result at the input's zero point, in steps of the output, of the line that the table is rounded from.
    pub(super) line: [f64; 2],
}

/// One channel of the convolution.
struct Tap {
    weight: i8,
    scale: f32,
    bias: i32,
}

/// Whether the results are those of the table.
fn fits(tap: &Tap, table: &[i8], [x, y]: [Quantization; 2], ends: [i8; 2]) -> bool {
    let factor = x.scale * tap.scale / y.scale;
    let Ok(requantize) = Requantize::onnx_runtime(tap.bias, factor, y.zero_point, ends) else {
        return false;
    };
    let result = |index: usize| {
        let step = i32::from(byte(index)) - i32::from(x.zero_point);
        requantize.apply(step * i32::from(tap.weight))
    };
    (0..256).all(|index| result(index) == table[index])
}

/// A tap with the results of a channel.
fn tap(channel: &Channel, [x, y]: [Quantization; 2], ends: [i8; 2]) -> Option<Tap> {
    let Channel { table, line: [rise, zero] } = channel;
    let sign = if *rise < 0.0 { -1 } else { 1 };
    let per_scale = f64::from(y.scale) / f64::from(x.scale);
    WEIGHTS.rev().find_map(|weight| {
        let scale = (rise.abs() / f64::from(weight) * per_scale) as f32;
        let bias = (zero / rise.abs() * f64::from(weight)).round_ties_even();
        if !scale.is_normal() || bias.abs() > f64::from(1 << 24) {
            return None;
        }
        let near =
            [0, -1, 1].map(|off| Tap { weight: (sign * weight) as i8, scale, bias: bias as i32 + off });
        near.into_iter().find(|tap| fits(tap, table, [x, y], ends))
    })
}

/// A map of the size of another one whose channels are constant, `b` less its zero point: weights of zero, and a bias.
pub(super) fn constant(
    view: &View<'_>,
    maps: &mut Maps,
    like: usize,
    [x, b]: [Quantization; 2],
    values: &[i32],
) -> usize {
    let input = maps.read_as(like, x);
    let shape = maps.tensors[input].shape;
    let conv = Conv {
        geometry: ConvGeometry { groups: shape.channels, ..ConvGeometry::valid([1, 1]) },
        weights: vec![0; shape.channels],
        weight_scales: vec![b.scale / x.scale; shape.channels],
        bias: values.to_vec(),
        clamp: [i8::MIN, i8::MAX],
        channel_order: Vec::new(),
    };
    let name = format!("{}:constant", view.node.name);
    maps.layer(&name, "Constant", vec![input], shape, Some(b), Kind::Conv(conv))
}

/// The layer that does the same to all channels, or to each its own.
pub(super) fn apply(
    view: &View<'_>,
    maps: &mut Maps,
    tensor: usize,
    [x, y]: [Quantization; 2],
    ends: [i8; 2],
    channels: &[Channel],
) -> Result<usize, Problem> {
    let op = view.node.proto.op_type();
    if let [Channel { table, .. }] = channels {
        return Ok(maps.unary(&view.node.name, op, tensor, y, table.clone()));
    }
    let taps: Option<Vec<Tap>> = channels.iter().map(|channel| tap(channel, [x, y], ends)).collect();
    let taps = taps.ok_or_else(|| {
        view.usage(
            "has a constant for each channel that integers cannot apply exactly",
            "make the constants the bias or the weights of the convolution before",
        )
    })?;
    let input = maps.read_as(tensor, x);
    let shape = maps.tensors[input].shape;
    let conv = Conv {
        geometry: ConvGeometry { groups: shape.channels, ..ConvGeometry::valid([1, 1]) },
        weights: taps.iter().map(|tap| tap.weight).collect(),
        weight_scales: taps.iter().map(|tap| tap.scale).collect(),
        bias: taps.iter().map(|tap| tap.bias).collect(),
        clamp: ends,
        channel_order: Vec::new(),
    };
    Ok(maps.layer(&view.node.name, op, vec![input], shape, Some(y), Kind::Conv(conv)))
}
