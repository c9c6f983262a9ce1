//! The golden model: plain, obviously right integer convolution with `ndarray`. Everything else is compared with it.
//!
//! It knows nothing of the array, of tiles or of streams, and is not meant to be quick.

use ndarray::{Array3, ArrayView3, ArrayView4};
use pleach_spec::network::{ConvGeometry, Layer, Network};
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
    Array3::from_shape_fn((out_channels, out_h, out_w), |(o, y, x)| {
        let first_channel = o / group_outputs * group_channels;
        let mut sum = 0i32;
        for ky in 0..kernel_h {
            let Some(iy) = source(y, ky, 0, height) else { continue };
            for kx in 0..kernel_w {
                let Some(ix) = source(x, kx, 1, width) else { continue };
                for c in 0..group_channels {
                    let activation = i32::from(input[(first_channel + c, iy, ix)]) - i32::from(zero_point);
                    sum += activation * i32::from(weights[(o, c, ky, kx)]);
                }
            }
        }
        sum
    })
}

/// Requantizes sums `[O][H][W]` channel by channel.
pub fn requantize(sums: &Array3<i32>, channels: &[Requantize]) -> Array3<i8> {
    Array3::from_shape_fn(sums.dim(), |(o, y, x)| channels[o].apply(sums[(o, y, x)]))
}

/// The output map of a layer for its input map.
pub fn layer(network: &Network, layer: &Layer, input: ArrayView3<i8>) -> Result<Array3<i8>, ScaleError> {
    let (x, y) = network.shapes(layer);
    let [kernel_h, kernel_w] = layer.geometry.kernel;
    let shape = (y.channels, x.channels / layer.geometry.groups, kernel_h, kernel_w);
    let weights = ArrayView4::from_shape(shape, &layer.weights).expect("weights have the layer's shape");
    let zero_point = network.tensors[layer.input].quantization.zero_point;
    let sums = convolve(input, zero_point, weights, &layer.geometry);
    Ok(requantize(&sums, &network.requantize(layer)?))
}

/// All tensors of the network for an input map, by tensor index; a tensor that no layer writes stays empty.
pub fn run(network: &Network, input: Array3<i8>) -> Result<Vec<Array3<i8>>, ScaleError> {
    let mut maps = vec![Array3::zeros((0, 0, 0)); network.tensors.len()];
    maps[network.input] = input;
    for step in &network.layers {
        maps[step.output] = layer(network, step, maps[step.input].view())?;
    }
    Ok(maps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array4, array};

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
}
