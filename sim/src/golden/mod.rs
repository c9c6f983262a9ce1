//! The golden model: plain, obviously right integer arithmetic with `ndarray`. Everything else is compared with it.
//!
//! It knows nothing of the array, of tiles or of streams, and is not meant to be quick.

mod interpolate;
mod pool;
#[cfg(test)]
mod tests;

use ndarray::{Array3, ArrayView3, ArrayView4, Zip};
use pleach_spec::network::{ConvGeometry, Kind, Layer, Network};
use pleach_spec::numerics::{Requantize, ScaleError};

/// int32 sums of a convolution: `sum[o][y][x] = Σ (x[c][iy][ix] - zero_point) * w[o][c][ky][kx]`, padding adds nothing.
///
/// `input` is `[C][H][W]`, `weights` `[O][C / groups][kh][kw]`; the result is `[O][OH][OW]`.
///
/// # Panics
/// If the kernel does not fit the padded input.
pub fn convolve(
    input: ArrayView3<i8>,
    zero_point: i8,
    weights: ArrayView4<i8>,
    geometry: &ConvGeometry,
) -> Array3<i32> {
    let (in_channels, height, width) = input.dim();
    let (out_channels, group_channels, kernel_h, kernel_w) = weights.dim();
    let [out_h, out_w] = geometry.output([height, width]).expect("the kernel fits the padded input");
    let group_outputs = out_channels / geometry.groups;
    assert_eq!(group_channels * geometry.groups, in_channels, "input channels of the weights");
    // Row or column of the input that a tap of an output pixel reads, if it is not padding.
    let source = |out: usize, tap: usize, axis: usize, size: usize| {
        let padded = out * geometry.stride[axis] + tap * geometry.dilation[axis];
        padded.checked_sub(geometry.pads[axis]).filter(|&at| at < size)
    };
    let mut sums = Array3::zeros((out_channels, out_h, out_w));
    Zip::indexed(&mut sums).par_for_each(|(o, y, x), sum: &mut i32| {
        let first_channel = o / group_outputs * group_channels;
        for ky in 0..kernel_h {
            let Some(iy) = source(y, ky, 0, height) else { continue };
            for kx in 0..kernel_w {
                let Some(ix) = source(x, kx, 1, width) else { continue };
                for c in 0..group_channels {
                    let activation = i32::from(input[(first_channel + c, iy, ix)]) - i32::from(zero_point);
                    *sum += activation * i32::from(weights[(o, c, ky, kx)]);
                }
            }
        }
    });
    sums
}

/// Requantizes sums `[O][H][W]` channel by channel.
pub fn requantize(sums: &Array3<i32>, channels: &[Requantize]) -> Array3<i8> {
    Array3::from_shape_fn(sums.dim(), |(o, y, x)| channels[o].apply(sums[(o, y, x)]))
}

/// The output map of a layer for its input maps.
pub fn layer(network: &Network, layer: &Layer, inputs: &[ArrayView3<i8>]) -> Result<Array3<i8>, ScaleError> {
    let (x, y) = network.shapes(layer);
    let zero_point = network.tensors[layer.inputs[0]].quantization.zero_point;
    let size = (y.channels, y.height, y.width);
    match &layer.kind {
        Kind::Conv(conv) => {
            let [kernel_h, kernel_w] = conv.geometry.kernel;
            let shape = (y.channels, x.channels / conv.geometry.groups, kernel_h, kernel_w);
            let weights =
                ArrayView4::from_shape(shape, &conv.weights).expect("weights have the layer's shape");
            let sums = convolve(inputs[0], zero_point, weights, &conv.geometry);
            Ok(requantize(&sums, &network.requantize(layer, conv)?))
        }
        Kind::MaxPool(window) => Ok(pool::maximum(inputs[0], window, size)),
        Kind::AveragePool { pool: window, count_include_pad } => {
            let requantize = |count: usize| network.average(layer, count);
            pool::average(inputs[0], zero_point, window, *count_include_pad, size, requantize)
        }
        Kind::Add { clamp } => {
            let combine = network.combine(layer, *clamp)?;
            Ok(Array3::from_shape_fn(size, |at| combine.apply(inputs[0][at], inputs[1][at])))
        }
        Kind::Channels { sources } => {
            let rescaled = rescaled(network, layer, inputs)?;
            Ok(Array3::from_shape_fn(size, |(c, y, x)| {
                let [input, channel] = sources[c].map(|index| index as usize);
                rescaled[input][(channel, y, x)]
            }))
        }
        Kind::Resize { factor } => {
            let rescaled = rescaled(network, layer, inputs)?;
            Ok(Array3::from_shape_fn(size, |(c, y, x)| rescaled[0][(c, y / factor[0], x / factor[1])]))
        }
        Kind::Interpolate(interpolation) => {
            let sums = interpolate::sums(inputs[0], zero_point, interpolation);
            let requantize = network.average(layer, interpolation.total())?;
            Ok(sums.mapv(|sum| requantize.apply(sum)))
        }
        Kind::Scale => {
            let gate_zero = i32::from(network.tensors[layer.inputs[1]].quantization.zero_point);
            let requantize = network.product(layer)?;
            Ok(Array3::from_shape_fn(size, |at| {
                let gate = i32::from(inputs[1][(at.0, 0, 0)]) - gate_zero;
                requantize.apply((i32::from(inputs[0][at]) - i32::from(zero_point)) * gate)
            }))
        }
        Kind::Unary { table } => Ok(inputs[0].mapv(|byte| table[usize::from(byte as u8)])),
    }
}

/// The inputs of a layer that moves bytes, in the quantization of its output.
fn rescaled(
    network: &Network,
    layer: &Layer,
    inputs: &[ArrayView3<i8>],
) -> Result<Vec<Array3<i8>>, ScaleError> {
    let one = |(index, map): (usize, &ArrayView3<i8>)| {
        let zero_point = i32::from(network.tensors[layer.inputs[index]].quantization.zero_point);
        Ok(match network.rescale(layer, index)? {
            None => map.to_owned(),
            Some(requantize) => map.mapv(|byte| requantize.apply(i32::from(byte) - zero_point)),
        })
    };
    inputs.iter().enumerate().map(one).collect()
}

/// All tensors of the network for an input map, by tensor index; a tensor that no layer writes stays empty.
pub fn run(network: &Network, input: Array3<i8>) -> Result<Vec<Array3<i8>>, ScaleError> {
    let mut maps = vec![Array3::zeros((0, 0, 0)); network.tensors.len()];
    maps[network.input] = input;
    for step in &network.layers {
        let inputs: Vec<_> = step.inputs.iter().map(|&tensor| maps[tensor].view()).collect();
        maps[step.output] = layer(network, step, &inputs)?;
    }
    Ok(maps)
}
