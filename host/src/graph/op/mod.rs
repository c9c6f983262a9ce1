//! The operators of the float graph.

mod batch_norm;
mod channels;
mod clamp;
mod conv;
mod function;
mod pooling;

pub use batch_norm::BatchNorm;
pub use channels::Channels;
pub use clamp::Clamp;
pub use conv::{Conv, Origin};
pub use function::{Function, Unary};
pub use pooling::Pooling;

use super::shape::{Shape, ShapeError};
use ndarray::Array1;
use pleach_spec::network::{Interpolation, MapShape};

/// What a node computes.
#[derive(Clone, Debug)]
pub enum Op {
    /// Convolution or fully connected layer.
    Conv(Conv),
    /// Batch normalization with the statistics of the training.
    BatchNorm(BatchNorm),
    /// Adds a constant to each channel.
    Bias(Array1<f32>),
    /// Multiplies each channel by a constant.
    Scale(Array1<f32>),
    /// ReLU, ReLU6, Clip.
    Clip(Clamp),
    /// Sum of two tensors of one shape, then clamped.
    Add(Clamp),
    /// Product of two tensors of one shape, or of a map and one with a single pixel, which scales its channels.
    Mul,
    /// Greatest value of a window; padding never wins.
    MaxPool(Pooling),
    /// Average over a window.
    AveragePool {
        /// Window.
        pooling: Pooling,
        /// Padding counts as pixels of zero.
        count_include_pad: bool,
    },
    /// Channels of maps of one size, moved.
    Channels(Channels),
    /// Nearest neighbour, by a vertical and a horizontal factor.
    Resize([usize; 2]),
    /// Linear interpolation by a vertical and a horizontal factor.
    Interpolate(Interpolation),
    /// A function of each value.
    Unary(Unary),
    /// Zeros around a map: `[top, left, bottom, right]`.
    Pad([usize; 4]),
    /// Map to vector, in the order channel, row, pixel.
    Flatten,
    /// Another shape of as many elements, in the same order.
    Reshape(Shape),
    /// Axis `i` of the output is axis `[i]` of the input; the batch is no axis.
    Transpose(Vec<usize>),
    /// Hands its input on: Identity, Dropout, a Reshape that changes nothing.
    Identity,
    /// Softmax over a vector.
    Softmax,
}

impl Op {
    /// Name for messages and reports, in ONNX's words.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Conv(conv) => conv.origin.name(),
            Self::BatchNorm(_) => "BatchNormalization",
            Self::Bias(_) | Self::Add(_) => "Add",
            Self::Scale(_) | Self::Mul => "Mul",
            Self::Clip(clamp) if *clamp == Clamp::RELU => "Relu",
            Self::Clip(_) => "Clip",
            Self::MaxPool(pooling) | Self::AveragePool { pooling, .. } => pooling.origin,
            Self::Channels(channels) => channels.origin,
            Self::Resize(_) | Self::Interpolate(_) => "Resize",
            Self::Unary(unary) => unary.name(),
            Self::Pad(_) => "Pad",
            Self::Flatten => "Flatten",
            Self::Reshape(_) => "Reshape",
            Self::Transpose(_) => "Transpose",
            Self::Identity => "Identity",
            Self::Softmax => "Softmax",
        }
    }

    /// `(scale, shift)` per channel, for an operator that computes `scale * x + shift`.
    pub fn scale_and_shift(&self) -> Option<(Array1<f32>, Array1<f32>)> {
        match self {
            Self::BatchNorm(norm) => Some(norm.scale_and_shift()),
            Self::Bias(bias) => Some((Array1::ones(bias.len()), bias.clone())),
            Self::Scale(scale) => Some((scale.clone(), Array1::zeros(scale.len()))),
            _ => None,
        }
    }

    /// Whether it only gives its input another shape, or not even that.
    pub fn keeps_values(&self) -> bool {
        matches!(self, Self::Flatten | Self::Reshape(_) | Self::Identity)
    }

    /// Shape of the output for inputs of the given shapes.
    pub fn output_shape(&self, inputs: &[&Shape]) -> Result<Shape, ShapeError> {
        match (self, inputs) {
            (Self::Add(_) | Self::Mul, [a, b]) if a == b => Ok((*a).clone()),
            (Self::Mul, [x, gate]) if is_gate(x, gate) => Ok((*x).clone()),
            (Self::Add(_) | Self::Mul, [a, b]) => {
                Err(ShapeError::Different { first: (*a).clone(), second: (*b).clone() })
            }
            (Self::Channels(channels), [_, ..]) => channels.output_shape(inputs),
            (_, [x]) => self.shape_of(x),
            _ => Err(ShapeError::Inputs { found: inputs.len() }),
        }
    }

    /// [`Op::output_shape`] of an operator of one input.
    fn shape_of(&self, x: &Shape) -> Result<Shape, ShapeError> {
        match self {
            Self::Conv(conv) => conv.output_shape(x),
            Self::BatchNorm(norm) => per_channel(x, norm.gamma.len()),
            Self::Bias(values) | Self::Scale(values) => per_channel(x, values.len()),
            Self::Clip(_) | Self::Identity | Self::Unary(_) => Ok(x.clone()),
            Self::MaxPool(pooling) | Self::AveragePool { pooling, .. } => pooling.output_shape(x),
            Self::Resize([vertical, horizontal])
            | Self::Interpolate(Interpolation { factor: [vertical, horizontal], .. }) => {
                let map = map_of(x)?;
                Shape::new(vec![map.channels, map.height * vertical, map.width * horizontal])
            }
            Self::Pad([top, left, bottom, right]) => {
                let map = map_of(x)?;
                Shape::new(vec![map.channels, map.height + top + bottom, map.width + left + right])
            }
            Self::Flatten => Shape::new(vec![x.elements()]),
            Self::Reshape(shape) if shape.elements() == x.elements() => Ok(shape.clone()),
            Self::Reshape(shape) => Err(ShapeError::Elements { from: x.clone(), to: shape.clone() }),
            Self::Transpose(axes) => {
                let mut sorted = axes.clone();
                sorted.sort_unstable();
                if !sorted.iter().copied().eq(0..x.dims().len()) {
                    return Err(ShapeError::Axes { axes: axes.clone(), shape: x.clone() });
                }
                Shape::new(axes.iter().map(|&axis| x.dims()[axis]).collect())
            }
            Self::Softmax if x.dims().len() == 1 => Ok(x.clone()),
            Self::Softmax => Err(ShapeError::Rank { expected: "a vector", found: x.clone() }),
            Self::Add(_) | Self::Mul | Self::Channels(_) => Err(ShapeError::Inputs { found: 1 }),
        }
    }
}

/// Whether a tensor has one value for each channel of a map.
pub fn is_gate(x: &Shape, gate: &Shape) -> bool {
    matches!((x.dims(), gate.dims()), (&[channels, ..], &[gates, 1, 1]) if channels == gates && x.dims().len() == 3)
}

/// Shape of the output of an operator that has one constant per channel of `x`.
fn per_channel(x: &Shape, channels: usize) -> Result<Shape, ShapeError> {
    let map = map_of(x)?;
    if map.channels != channels {
        return Err(ShapeError::Channels { expected: channels, found: map.channels, shape: x.clone() });
    }
    Ok(x.clone())
}

fn map_of(x: &Shape) -> Result<MapShape, ShapeError> {
    x.as_map().ok_or_else(|| ShapeError::Rank { expected: "a map or a vector", found: x.clone() })
}
