//! Convolution in f32: patches of a strip of output pixels gathered into a matrix, times the weights.

use super::super::Conv;
use ndarray::linalg::general_mat_mul;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, Array3, ArrayView2, ArrayView3, ArrayViewMut2, Axis, s};
use pleach_spec::network::ConvGeometry;

/// Elements of one strip's patch matrix: 2 MiB, which stays in a second-level cache.
const STRIP_ELEMENTS: usize = 1 << 19;

/// `x` is `[in_channels, height, width]`; the result is `[out_channels, out_h, out_w]`, bias and clamp applied.
///
/// The geometry must fit the map, as [`super::super::Op::output_shape`] has it.
pub(super) fn forward(conv: &Conv, x: ArrayView3<'_, f32>) -> Array3<f32> {
    let (channels, in_per_group, kernel_h, kernel_w) = conv.weights.dim();
    let patch = in_per_group * kernel_h * kernel_w;
    let [height, width] =
        conv.geometry.output([x.dim().1, x.dim().2]).expect("the geometry was checked against the map");
    let x = x.as_standard_layout();
    let weights = conv.weights.as_standard_layout();
    let weights = weights.view().into_shape_with_order((channels, patch)).expect("just made standard layout");
    let mut y = Array2::zeros((channels, height * width));
    let strip = (STRIP_ELEMENTS / patch).clamp(1, height * width);
    y.axis_chunks_iter_mut(Axis(1), strip).into_par_iter().enumerate().for_each(|(index, out)| {
        convolve_strip(conv, x.view(), weights, index * strip, out);
    });
    y.into_shape_with_order((channels, height, width)).expect("y was made in standard layout")
}

/// Output pixels `first..first + out.ncols()` of all channels.
fn convolve_strip(
    conv: &Conv,
    x: ArrayView3<'_, f32>,
    weights: ArrayView2<'_, f32>,
    first: usize,
    mut out: ArrayViewMut2<'_, f32>,
) {
    let groups = conv.geometry.groups;
    let (out_per_group, in_per_group) = (out.nrows() / groups, x.dim().0 / groups);
    let mut patches = Array2::zeros((weights.ncols(), out.ncols()));
    for group in 0..groups {
        let inputs = x.slice(s![group * in_per_group..(group + 1) * in_per_group, .., ..]);
        let rows = group * out_per_group..(group + 1) * out_per_group;
        gather(&conv.geometry, inputs, first, &mut patches);
        let kernels = weights.slice(s![rows.clone(), ..]);
        general_mat_mul(1.0, &kernels, &patches, 0.0, &mut out.slice_mut(s![rows, ..]));
    }
    for (mut row, &bias) in out.outer_iter_mut().zip(&conv.bias) {
        row.mapv_inplace(|value| conv.clamp.apply(value + bias));
    }
}

/// Fills `patches` `[channels * kernel_h * kernel_w, pixels]` with what the output pixels from `first` on see.
fn gather(geometry: &ConvGeometry, x: ArrayView3<'_, f32>, first: usize, patches: &mut Array2<f32>) {
    let (_, height, width) = x.dim();
    let [kernel_h, kernel_w] = geometry.kernel;
    let [_, out_w] = geometry.output([height, width]).expect("the geometry was checked against the map");
    let pixels = patches.ncols();
    for (row, mut line) in patches.outer_iter_mut().enumerate() {
        let (channel, tap) = (row / (kernel_h * kernel_w), row % (kernel_h * kernel_w));
        let line = line.as_slice_mut().expect("patches are in standard layout");
        let offset_y = tap / kernel_w * geometry.dilation[0];
        let offset_x = tap % kernel_w * geometry.dilation[1];
        // One run of pixels per output row.
        let mut done = 0;
        while done < pixels {
            let (oy, ox) = ((first + done) / out_w, (first + done) % out_w);
            let run = (out_w - ox).min(pixels - done);
            let target = &mut line[done..done + run];
            let y = (oy * geometry.stride[0] + offset_y).checked_sub(geometry.pads[0]);
            match y.filter(|&y| y < height) {
                Some(y) => {
                    let source = x.slice(s![channel, y, ..]);
                    let source = source.to_slice().expect("maps are in standard layout");
                    gather_row(source, target, ox, geometry, offset_x);
                }
                None => target.fill(0.0),
            }
            done += run;
        }
    }
}

/// One tap of consecutive output pixels of one row, from output column `ox` on.
fn gather_row(source: &[f32], target: &mut [f32], ox: usize, geometry: &ConvGeometry, offset: usize) {
    let (stride, pad) = (geometry.stride[1], geometry.pads[1]);
    // Output columns that read inside the row: pad <= column * stride + offset < pad + width.
    let begin = pad.saturating_sub(offset).div_ceil(stride).saturating_sub(ox).min(target.len());
    let end = (pad + source.len()).saturating_sub(offset).div_ceil(stride).saturating_sub(ox);
    let end = end.clamp(begin, target.len());
    target[..begin].fill(0.0);
    target[end..].fill(0.0);
    if begin == end {
        return;
    }
    let start = (ox + begin) * stride + offset - pad;
    if stride == 1 {
        target[begin..end].copy_from_slice(&source[start..start + end - begin]);
    } else {
        for (value, &pixel) in target[begin..end].iter_mut().zip(source[start..].iter().step_by(stride)) {
            *value = pixel;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Clamp;
    use super::super::super::testing::{conv, image};
    use super::*;
    use proptest::prelude::*;

    /// The definition, one multiplication at a time, in f64.
    fn naive(conv: &Conv, x: &Array3<f32>) -> Array3<f32> {
        let g = conv.geometry;
        let (channels, in_per_group, _, _) = conv.weights.dim();
        let [height, width] = g.output([x.dim().1, x.dim().2]).unwrap();
        Array3::from_shape_fn((channels, height, width), |(o, oy, ox)| {
            let first = o / (channels / g.groups) * in_per_group;
            let mut sum = f64::from(conv.bias[o]);
            for ((i, ky, kx), &w) in conv.weights.index_axis(Axis(0), o).indexed_iter() {
                let y = (oy * g.stride[0] + ky * g.dilation[0]).checked_sub(g.pads[0]);
                let x_index = (ox * g.stride[1] + kx * g.dilation[1]).checked_sub(g.pads[1]);
                if let Some(&pixel) = y.zip(x_index).and_then(|(y, c)| x.get((first + i, y, c))) {
                    sum += f64::from(w) * f64::from(pixel);
                }
            }
            conv.clamp.apply(sum as f32)
        })
    }

    prop_compose! {
        fn case()(
            (in_per_group, out_per_group, groups) in (1..5usize, 1..5usize, 1..4usize),
            kernel in [1..5usize, 1..5usize],
            stride in [1..4usize, 1..4usize],
            dilation in [1..3usize, 1..3usize],
            pads in [0..4usize, 0..4usize, 0..4usize, 0..4usize],
            size in [9..17usize, 9..17usize],
            seed in any::<u64>(),
        ) -> (Conv, Array3<f32>) {
            let mut layer = conv(out_per_group * groups, [in_per_group, kernel[0], kernel[1]], seed);
            layer.geometry = ConvGeometry { kernel, stride, dilation, pads, groups };
            layer.clamp = Clamp::new(-0.5, 3.0).unwrap();
            (layer, image([in_per_group * groups, size[0], size[1]], seed + 1))
        }
    }

    proptest! {
        #[test]
        fn equals_the_naive_loop((layer, x) in case()) {
            let (fast, slow) = (forward(&layer, x.view()), naive(&layer, &x));
            prop_assert_eq!(fast.dim(), slow.dim());
            for (a, b) in fast.iter().zip(&slow) {
                prop_assert!((a - b).abs() < 1e-4, "{} {}", a, b);
            }
        }
    }

    #[test]
    fn a_map_of_several_strips_equals_the_naive_loop() {
        let mut layer = conv(3, [64, 3, 3], 5);
        layer.geometry.pads = [1; 4];
        let x = image([64, 40, 41], 6);
        const { assert!(64 * 9 * 40 * 41 > STRIP_ELEMENTS) };
        for (a, b) in forward(&layer, x.view()).iter().zip(&naive(&layer, &x)) {
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
    }
}
