//! The quantized network: what the quantizer makes, the golden model computes and the compiler compiles.
//!
//! It knows nothing of the array: channels are in the order of the ONNX file, weights are dense `[O][I/groups][kh][kw]`.

mod interpolation;
mod layer;

pub use interpolation::{Interpolation, Sampling};
pub use layer::{Conv, ConvGeometry, Kind, Layer, Pool};

use crate::numerics::{Combine, Multiplier, Quantization, Requantize, ScaleError};
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

/// A feed-forward network in int8: a directed acyclic graph of layers.
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
    /// Indices of the network's output tensors, in the order of the ONNX graph; at least one.
    pub outputs: Vec<usize>,
}

impl Network {
    /// Requantization of each output channel of a convolution, *without* the input zero point folded into the bias.
    pub fn requantize(&self, layer: &Layer, conv: &Conv) -> Result<Vec<Requantize>, ScaleError> {
        let (x, y) = (self.quantization(layer.inputs[0]), self.quantization(layer.output));
        let channel = |(&bias, &w_scale): (&i32, &f32)| {
            // The order of the operations is ONNX Runtime's: (x_scale * w_scale) / y_scale, in f32.
            Requantize::onnx_runtime(bias, x.scale * w_scale / y.scale, y.zero_point, conv.clamp)
        };
        conv.bias.iter().zip(&conv.weight_scales).map(channel).collect()
    }

    /// Requantization of the sum of `count` pixels, each minus the input's zero point, to their average.
    pub fn average(&self, layer: &Layer, count: usize) -> Result<Requantize, ScaleError> {
        let (x, y) = (self.quantization(layer.inputs[0]), self.quantization(layer.output));
        unclamped(x.scale / (y.scale * count.max(1) as f32), y)
    }

    /// How bytes of input `index` of a layer that only moves them become bytes of its output: as they are (`None`), or, where the
    /// quantizations differ, requantized after their zero point is subtracted.
    pub fn rescale(&self, layer: &Layer, index: usize) -> Result<Option<Requantize>, ScaleError> {
        let (x, y) = (self.quantization(layer.inputs[index]), self.quantization(layer.output));
        if x == y { Ok(None) } else { unclamped(x.scale / y.scale, y).map(Some) }
    }

    /// How an [`Kind::Add`] adds the bytes of its two inputs.
    pub fn combine(&self, layer: &Layer, clamp: [i8; 2]) -> Result<Combine, ScaleError> {
        let [a, b] = [0, 1].map(|index| self.quantization(layer.inputs[index]));
        Combine::new(a, b, self.quantization(layer.output), clamp)
    }

    /// Requantization of the sum of products of a [`Kind::Scale`].
    pub fn product(&self, layer: &Layer) -> Result<Requantize, ScaleError> {
        let [x, gate] = [0, 1].map(|index| self.quantization(layer.inputs[index]));
        let y = self.quantization(layer.output);
        unclamped(x.scale * gate.scale / y.scale, y)
    }

    /// Shapes of a layer's first input and of its output.
    pub fn shapes(&self, layer: &Layer) -> (MapShape, MapShape) {
        (self.tensors[layer.inputs[0]].shape, self.tensors[layer.output].shape)
    }

    /// Weights that a layer of its shapes must have; 0 for all kinds but convolutions.
    pub fn weight_count(&self, layer: &Layer) -> u64 {
        let Kind::Conv(conv) = &layer.kind else { return 0 };
        let (x, y) = self.shapes(layer);
        let [kernel_h, kernel_w] = conv.geometry.kernel;
        (y.channels * (x.channels / conv.geometry.groups)) as u64 * (kernel_h * kernel_w) as u64
    }

    /// Multiply-accumulates of a layer, padding included (the usual count: convolutions and fully connected layers only).
    pub fn macs(&self, layer: &Layer) -> u64 {
        let (_, y) = self.shapes(layer);
        (layer.weights().len() * y.pixels()) as u64
    }

    fn quantization(&self, tensor: usize) -> Quantization {
        self.tensors[tensor].quantization
    }
}

fn unclamped(factor: f32, y: Quantization) -> Result<Requantize, ScaleError> {
    let factor = Multiplier::from_scale(factor)?;
    Ok(Requantize { bias: 0, factor, zero_point: y.zero_point, low: i8::MIN, high: i8::MAX })
}
