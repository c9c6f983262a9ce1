//! What a layer computes. All sums are int32, all activations int8; `zx`, `zy` and `x_scale`, `y_scale` are zero points and scales
//! of input and output.

use super::Interpolation;
use serde::{Deserialize, Serialize};

/// A step of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// Name of the ONNX node.
    pub name: String,
    /// ONNX operator it came from: `Conv`, `Gemm`, `Add`, `Concat`, `Sigmoid`, …
    pub op: String,
    /// Indices of the input tensors in [`super::Network::tensors`]: two for [`Kind::Add`] and [`Kind::Scale`], one or more for
    /// [`Kind::Channels`], one for all others.
    pub inputs: Vec<usize>,
    /// Index of the output tensor.
    pub output: usize,
    /// What it computes.
    pub kind: Kind,
}

/// What a layer computes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Kind {
    /// `y = requantize(Σ (x - zx) * w)`, [`super::Network::requantize`]; padding adds nothing.
    Conv(Conv),
    /// The greatest byte of the window; padding never wins. Input and output have the same quantization.
    MaxPool(Pool),
    /// `y = requantize(Σ (x - zx))` over the window with the factor `f32(x_scale / (y_scale * count))`,
    /// [`super::Network::average`] with [`Pool::count`]; padding adds nothing. Global pooling has a kernel as large as the map.
    AveragePool {
        /// Window.
        pool: Pool,
        /// Padding counts as pixels of 0.0.
        count_include_pad: bool,
    },
    /// The sum of two maps of one shape: [`crate::numerics::Combine`] of their quantizations.
    Add {
        /// Clamp of the output: what a ReLU behind the addition becomes.
        clamp: [i8; 2],
    },
    /// Channels of maps of one size, moved: concatenation, slice, split, shuffle. Bytes stay as they are where the quantizations of
    /// source and output agree, else they are requantized: [`super::Network::rescale`].
    Channels {
        /// For each output channel: index into [`Layer::inputs`], and channel of that input.
        sources: Vec<[u32; 2]>,
    },
    /// Nearest neighbour: output `(y, x)` is input `(y / factor[0], x / factor[1])`; bytes as for [`Kind::Channels`].
    Resize {
        /// Vertical and horizontal factor, at least 1.
        factor: [usize; 2],
    },
    /// Linear interpolation: `Σ (x - zx) * w` over the pixels around the position of each output pixel,
    /// [`Interpolation::position`], requantized with the factor `f32(x_scale / (y_scale * total))`, [`super::Network::average`] with
    /// [`Interpolation::total`].
    Interpolate(Interpolation),
    /// Each channel of the first input times that of the second, a map of one pixel (squeeze and excitation):
    /// `y = requantize((x - zx) * (gate - zg))` with the factor `f32(x_scale * gate_scale / y_scale)`, [`super::Network::product`].
    Scale,
    /// A function of each byte.
    Unary {
        /// 256 results; the index is the byte as an unsigned number (`q as u8`).
        table: Vec<i8>,
    },
}

/// Geometry of a convolution. All pairs are `[vertical, horizontal]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConvGeometry {
    /// Kernel size.
    pub kernel: [usize; 2],
    /// Stride.
    pub stride: [usize; 2],
    /// Dilation, 1 for none.
    pub dilation: [usize; 2],
    /// Padding `[top, left, bottom, right]`, the order of ONNX.
    pub pads: [usize; 4],
    /// Groups: 1 for an ordinary convolution, the number of channels for a depthwise one.
    pub groups: usize,
}

impl ConvGeometry {
    /// Stride 1, no padding: a fully connected layer over a `kernel`-sized map, or a pointwise convolution.
    pub fn valid(kernel: [usize; 2]) -> Self {
        Self { kernel, stride: [1, 1], dilation: [1, 1], pads: [0; 4], groups: 1 }
    }

    /// Height and width of the output for an input map, `None` where the kernel does not fit.
    pub fn output(&self, input: [usize; 2]) -> Option<[usize; 2]> {
        let one = |axis: usize| {
            let span = self.dilation[axis] * (self.kernel[axis] - 1) + 1;
            let padded = input[axis] + self.pads[axis] + self.pads[axis + 2];
            padded.checked_sub(span).map(|room| room / self.stride[axis] + 1)
        };
        Some([one(0)?, one(1)?])
    }
}

/// A convolution, or a fully connected layer as one whose kernel covers the whole map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conv {
    /// Kernel, stride, padding.
    pub geometry: ConvGeometry,
    /// int8 weights `[out_channels][in_channels / groups][kernel_h][kernel_w]`, zero point 0.
    pub weights: Vec<i8>,
    /// Scale of each output channel's weights.
    pub weight_scales: Vec<f32>,
    /// int32 bias of each output channel, in units of `x_scale * w_scale`; no zero-point correction in it.
    pub bias: Vec<i32>,
    /// Clamp of the output: what ReLU, ReLU6 and Clip become.
    pub clamp: [i8; 2],
    /// Output channels in the order in which the pruner grouped them into tiles; empty where it has no wish.
    pub channel_order: Vec<u32>,
}

/// Window of a pooling layer. All pairs are `[vertical, horizontal]`.
///
/// The last windows of a row or column may reach beyond the padding: the shape of the output decides how many there are
/// (ONNX's `ceil_mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pool {
    /// Size of the window.
    pub kernel: [usize; 2],
    /// Stride.
    pub stride: [usize; 2],
    /// Dilation, 1 for none.
    pub dilation: [usize; 2],
    /// Padding `[top, left, bottom, right]`, the order of ONNX.
    pub pads: [usize; 4],
}

impl Pool {
    /// A window over a whole map of the given height and width.
    pub fn global(map: [usize; 2]) -> Self {
        Self { kernel: map, stride: [1, 1], dilation: [1, 1], pads: [0; 4] }
    }

    /// Row (axis 0) or column (axis 1) of the input that a tap of an output position reads; `None` for padding.
    pub fn source(&self, axis: usize, output: usize, tap: usize, size: usize) -> Option<usize> {
        let padded = output * self.stride[axis] + tap * self.dilation[axis];
        padded.checked_sub(self.pads[axis]).filter(|&at| at < size)
    }

    /// Whether the window of an output position has a row (axis 0) or column (axis 1) of the input in it, and not only padding.
    pub fn covers(&self, axis: usize, output: usize, size: usize) -> bool {
        let begin = output * self.stride[axis];
        let tap = self.pads[axis].saturating_sub(begin).div_ceil(self.dilation[axis]);
        tap < self.kernel[axis] && begin + tap * self.dilation[axis] < self.pads[axis] + size
    }

    /// By how many pixels the average at output `(y, x)` of a map of size `input` is divided: the taps on the map, with
    /// `count_include_pad` also those on the padding, but never those beyond it.
    pub fn count(&self, at: [usize; 2], input: [usize; 2], count_include_pad: bool) -> usize {
        let counts = |axis: usize, tap: usize| match count_include_pad {
            true => {
                let padded = input[axis] + self.pads[axis] + self.pads[axis + 2];
                at[axis] * self.stride[axis] + tap * self.dilation[axis] < padded
            }
            false => self.source(axis, at[axis], tap, input[axis]).is_some(),
        };
        let along = |axis: usize| (0..self.kernel[axis]).filter(|&tap| counts(axis, tap)).count();
        along(0) * along(1)
    }

    /// Height and width of the output where no window reaches beyond the padding, `None` where not even one fits.
    pub fn output(&self, input: [usize; 2]) -> Option<[usize; 2]> {
        let Self { kernel, stride, dilation, pads } = *self;
        ConvGeometry { kernel, stride, dilation, pads, groups: 1 }.output(input)
    }
}

impl Layer {
    /// The convolution, for a layer that is one.
    pub fn conv(&self) -> Option<&Conv> {
        match &self.kind {
            Kind::Conv(conv) => Some(conv),
            _ => None,
        }
    }

    /// [`Layer::conv`], to change it.
    pub fn conv_mut(&mut self) -> Option<&mut Conv> {
        match &mut self.kind {
            Kind::Conv(conv) => Some(conv),
            _ => None,
        }
    }

    /// Its weights; none for all kinds but convolutions.
    pub fn weights(&self) -> &[i8] {
        self.conv().map_or(&[], |conv| &conv.weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_covers_the_map_where_one_of_its_taps_does() {
        for (kernel, stride, dilation, pad) in
            [(3, 1, 1, 2), (2, 3, 4, 3), (1, 2, 1, 1), (4, 5, 2, 0), (2, 1, 9, 5)]
        {
            let pool =
                Pool { kernel: [kernel; 2], stride: [stride; 2], dilation: [dilation; 2], pads: [pad; 4] };
            for (output, size) in (0..12).flat_map(|output| (1..8).map(move |size| (output, size))) {
                let any = (0..kernel).any(|tap| pool.source(1, output, tap, size).is_some());
                assert_eq!(pool.covers(1, output, size), any, "{pool:?} {output} {size}");
            }
        }
    }
}
