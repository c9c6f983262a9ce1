//! The quantized network: what the quantizer makes, the golden model computes and the compiler compiles.
//!
//! It knows nothing of the array: channels are in the order of the ONNX file, weights are dense `[O][I/groups][kh][kw]`.

use crate::numerics::{Multiplier, Quantization, Requantize};
use serde::{Deserialize, Serialize};

/// Shape of one activation map (batch 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MapShape {
    /// Channels.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
}

impl MapShape {
    /// Pixels of one channel.
    pub fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Elements of the whole map.
    pub fn elements(&self) -> usize {
        self.channels * self.pixels()
    }
}

impl std::fmt::Display for MapShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}x{}", self.channels, self.height, self.width)
    }
}

/// An activation tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tensor {
    /// Name in the ONNX graph.
    pub name: String,
    /// `[channels][height][width]`; a vector is `[n][1][1]`.
    pub shape: MapShape,
    /// How its int8 values stand for real ones.
    pub quantization: Quantization,
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
pub struct Layer {
    /// Name of the ONNX node.
    pub name: String,
    /// ONNX operator it came from: `Conv`, `Gemm`, `MatMul`.
    pub op: String,
    /// Index of the input tensor in [`Network::tensors`].
    pub input: usize,
    /// Index of the output tensor.
    pub output: usize,
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

/// A feed-forward network in int8.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// Name of the graph.
    pub name: String,
    /// All activation tensors.
    pub tensors: Vec<Tensor>,
    /// Layers in an order in which they can be executed.
    pub layers: Vec<Layer>,
    /// Index of the network's input tensor.
    pub input: usize,
    /// Index of the network's output tensor.
    pub output: usize,
}

impl Network {
    /// Requantization of each output channel of a layer, *without* the input zero point folded into the bias.
    pub fn requantize(&self, layer: &Layer) -> Result<Vec<Requantize>, crate::numerics::ScaleError> {
        let x = self.tensors[layer.input].quantization;
        let y = self.tensors[layer.output].quantization;
        let [low, high] = layer.clamp;
        let channel = |(&bias, &w_scale): (&i32, &f32)| {
            // The order of the operations is ONNX Runtime's: (x_scale * w_scale) / y_scale, in f32.
            let factor = Multiplier::from_scale(x.scale * w_scale / y.scale)?;
            Ok(Requantize { bias, factor, zero_point: y.zero_point, low, high })
        };
        layer.bias.iter().zip(&layer.weight_scales).map(channel).collect()
    }

    /// Shapes of a layer's input and output.
    pub fn shapes(&self, layer: &Layer) -> (MapShape, MapShape) {
        (self.tensors[layer.input].shape, self.tensors[layer.output].shape)
    }

    /// Weights that a layer of its shapes must have.
    pub fn weight_count(&self, layer: &Layer) -> u64 {
        let (x, y) = self.shapes(layer);
        let [kernel_h, kernel_w] = layer.geometry.kernel;
        (y.channels * (x.channels / layer.geometry.groups)) as u64 * (kernel_h * kernel_w) as u64
    }

    /// Multiply-accumulates of a layer, padding included (the usual count).
    pub fn macs(&self, layer: &Layer) -> u64 {
        let (_, y) = self.shapes(layer);
        (layer.weights.len() * y.pixels()) as u64
    }
}
