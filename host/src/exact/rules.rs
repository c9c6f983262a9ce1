//! The arithmetic of ONNX Runtime's kernels, on bytes as the accelerator has them. Each rule was found to give all bytes of ONNX
//! Runtime 1.23.2 and 1.32.0 on x86 (AVX2 and later).

use ndarray::{Array3, ArrayView3, ArrayView4, Axis};
use pleach_sim::golden;
use pleach_spec::network::{Conv, Kind, Layer, MapShape, Network, Pool};
use pleach_spec::numerics::{FusedAdd, Quantization, ScaleError};
use std::collections::HashSet;

/// Half the distance of neighbouring f32 at 1.0.
const ROUNDING: f64 = 1.0 / (1u64 << 24) as f64;

/// Averages of more pixels are computed again without a look at their sums.
const MANY: usize = 4096;

/// The operator of averages over whole maps, whose sums ONNX Runtime computes in integers.
pub(crate) const GLOBAL: &str = "GlobalAveragePool";

/// Zero points and bytes as they are in the file.
fn offset(unsigned: bool) -> f32 {
    if unsigned { 128.0 } else { 0.0 }
}

/// What ONNX Runtime computes of a layer.
pub(super) fn layer(
    network: &Network,
    layer: &Layer,
    inputs: &[ArrayView3<i8>],
    unsigned: bool,
) -> Result<Array3<i8>, ScaleError> {
    let of = |tensor: usize| network.tensors[tensor].quantization;
    let y = of(layer.output);
    match &layer.kind {
        Kind::Conv(conv) => Ok(convolution(network, layer, conv, inputs[0])),
        Kind::AveragePool { .. } if layer.op == GLOBAL => {
            let [x, y] = [of(layer.inputs[0]), y];
            Ok(inputs[0]
                .map_axis(Axis(2), |row| {
                    row.iter().map(|&byte| i32::from(byte) - i32::from(x.zero_point)).sum::<i32>()
                })
                .sum_axis(Axis(1))
                .insert_axis(Axis(1))
                .insert_axis(Axis(2))
                .mapv(|sum| global(sum, inputs[0].len() / inputs[0].dim().0, [x, y])))
        }
        Kind::AveragePool { pool, count_include_pad } => {
            let shape = network.tensors[layer.output].shape;
            let [x, y] = [of(layer.inputs[0]), y];
            Ok(average(inputs[0], [x, y], pool, *count_include_pad, shape, offset(unsigned)))
        }
        Kind::Add { clamp } => {
            let quantizations = [of(layer.inputs[0]), of(layer.inputs[1]), y];
            let sum = FusedAdd::new(quantizations, *clamp, offset(unsigned));
            let mut result = inputs[0].to_owned();
            result.zip_mut_with(&inputs[1], |a, &b| *a = sum.apply(*a, b));
            Ok(result)
        }
        _ => golden::layer(network, layer, inputs),
    }
}

/// Whether the accelerator gives the same for all inputs.
pub(super) fn is_exact(network: &Network, layer: &Layer, unsigned: bool) -> Result<bool, ScaleError> {
    let of = |tensor: usize| network.tensors[tensor].quantization;
    let (x, y) = (of(layer.inputs[0]), of(layer.output));
    Ok(match &layer.kind {
        Kind::Conv(conv) => {
            let lanes = network.requantize(layer, conv)?;
            let mut channels = lanes.iter().zip(&conv.weight_scales);
            channels.all(|(lane, w_scale)| lane.is_onnx_runtime(x.scale * w_scale / y.scale))
        }
        Kind::AveragePool { .. } if layer.op == GLOBAL => {
            let (map, _) = network.shapes(layer);
            let lane = network.average(layer, map.pixels())?;
            let most = 255 * map.pixels().min(MANY) as i32;
            map.pixels() <= MANY
                && (-most..=most).all(|sum| lane.apply(sum) == global(sum, map.pixels(), [x, y]))
        }
        Kind::AveragePool { pool, count_include_pad } => {
            let counts = counts(network, layer, pool, *count_include_pad);
            counts.into_iter().all(|[count, own]| count == own && count <= MANY && !has_ties(count, x, y))
        }
        Kind::Add { clamp } => {
            let combine = network.combine(layer, *clamp)?;
            let sum = FusedAdd::new([x, of(layer.inputs[1]), y], *clamp, offset(unsigned));
            let pairs = (i8::MIN..=i8::MAX).flat_map(|a| (i8::MIN..=i8::MAX).map(move |b| (a, b)));
            pairs.into_iter().all(|(a, b)| combine.apply(a, b) == sum.apply(a, b))
        }
        _ => true,
    })
}

/// `MlasRequantizeOutput` (quantize.cpp): the sum as an f32, times the factor, rounded to even; then the zero point.
fn convolution(network: &Network, layer: &Layer, conv: &Conv, input: ArrayView3<i8>) -> Array3<i8> {
    let (x, y) = network.shapes(layer);
    let [x_quantization, y_quantization] =
        [layer.inputs[0], layer.output].map(|tensor| network.tensors[tensor].quantization);
    let [kernel_h, kernel_w] = conv.geometry.kernel;
    let shape = (y.channels, x.channels / conv.geometry.groups, kernel_h, kernel_w);
    let weights = ArrayView4::from_shape(shape, &conv.weights).expect("weights have the layer's shape");
    let sums = golden::convolve(input, x_quantization.zero_point, weights, &conv.geometry);
    Array3::from_shape_fn(sums.dim(), |(o, row, column)| {
        let factor = x_quantization.scale * conv.weight_scales[o] / y_quantization.scale;
        let sum = sums[(o, row, column)].wrapping_add(conv.bias[o]);
        let value = (sum as f32 * factor).round_ties_even() + f32::from(y_quantization.zero_point);
        value.clamp(f32::from(conv.clamp[0]), f32::from(conv.clamp[1])) as i8
    })
}

/// By how many pixels the averages of a layer are divided: there, and on the accelerator.
fn counts(network: &Network, layer: &Layer, pool: &Pool, count_include_pad: bool) -> HashSet<[usize; 2]> {
    let (x, y) = network.shapes(layer);
    let map = [x.height, x.width];
    let places = (0..y.height).flat_map(|row| (0..y.width).map(move |column| [row, column]));
    places
        .map(|at| [divisor(pool, at, map, count_include_pad), pool.count(at, map, count_include_pad)])
        .collect()
}

/// The kernels count the whole window with `count_include_pad`, also what is beyond the padding.
fn divisor(pool: &Pool, at: [usize; 2], map: [usize; 2], count_include_pad: bool) -> usize {
    match count_include_pad {
        true => pool.kernel[0] * pool.kernel[1],
        false => pool.count(at, map, false),
    }
}

/// Whether the average of so many pixels may lie so near to a tie that the rounding of f32 decides.
fn has_ties(count: usize, x: Quantization, y: Quantization) -> bool {
    let ratio = f64::from(x.scale) / (f64::from(y.scale) * count as f64);
    let largest = 255.0 * f64::from(x.scale) / f64::from(y.scale) + 256.0;
    let doubt = (count as f64 + 4.0) * ROUNDING * largest;
    let sums = 255 * count as i64;
    (0..=sums).map(|sum| sum as f64 * ratio).take_while(|average| *average < 256.0).any(|average| {
        let fraction = average - average.floor();
        (fraction - 0.5).abs() <= doubt
    })
}

/// `MlasQLinearGlobalAveragePool` (qlgavgpool.cpp) of a sum: as a convolution.
fn global(sum: i32, count: usize, [x, y]: [Quantization; 2]) -> i8 {
    let factor = x.scale / (y.scale * count as f32);
    ((sum as f32 * factor).round_ties_even() + f32::from(y.zero_point)).clamp(-128.0, 127.0) as i8
}

/// `QLinearAveragePool` (qlinear_pool.cc): dequantized pixels are added row by row, divided, and quantized with the zero point added
/// before the rounding.
fn average(
    input: ArrayView3<i8>,
    [x, y]: [Quantization; 2],
    pool: &Pool,
    count_include_pad: bool,
    output: MapShape,
    offset: f32,
) -> Array3<i8> {
    let (_, height, width) = input.dim();
    Array3::from_shape_fn((output.channels, output.height, output.width), |(c, row, column)| {
        let mut sum = 0.0f32;
        for iy in (0..pool.kernel[0]).filter_map(|tap| pool.source(0, row, tap, height)) {
            for ix in (0..pool.kernel[1]).filter_map(|tap| pool.source(1, column, tap, width)) {
                sum += x.dequantize(input[(c, iy, ix)]);
            }
        }
        let count = divisor(pool, [row, column], [height, width], count_include_pad);
        let value = sum / count as f32 / y.scale + (f32::from(y.zero_point) + offset);
        (value.round_ties_even() - offset).clamp(-128.0, 127.0) as i8
    })
}
