//! The operators of the float graph.

use super::shape::{Shape, ShapeError};
use ndarray::{ArcArray, Array1, Ix4};
use pleach_spec::network::{ConvGeometry, MapShape};

/// What a node computes.
#[derive(Clone, Debug)]
pub enum Op {
    /// Convolution or fully connected layer.
    Conv(Conv),
    /// Batch normalization with the statistics of the training.
    BatchNorm(BatchNorm),
    /// Adds a constant to each channel.
    Bias(Array1<f32>),
    /// ReLU, ReLU6, Clip.
    Clip(Clamp),
    /// Map to vector, in the order channel, row, pixel.
    Flatten,
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
            Self::Bias(_) => "Add",
            Self::Clip(clamp) if *clamp == Clamp::RELU => "Relu",
            Self::Clip(_) => "Clip",
            Self::Flatten => "Flatten",
            Self::Identity => "Identity",
            Self::Softmax => "Softmax",
        }
    }

    /// `(scale, shift)` per channel, for an operator that computes `scale * x + shift`.
    pub fn scale_and_shift(&self) -> Option<(Array1<f32>, Array1<f32>)> {
        match self {
            Self::BatchNorm(norm) => Some(norm.scale_and_shift()),
            Self::Bias(bias) => Some((Array1::ones(bias.len()), bias.clone())),
            _ => None,
        }
    }

    /// Shape of the output for an input of shape `x`.
    pub fn output_shape(&self, x: &Shape) -> Result<Shape, ShapeError> {
        match self {
            Self::Conv(conv) => conv.output_shape(x),
            Self::BatchNorm(norm) => per_channel(x, norm.gamma.len()),
            Self::Bias(bias) => per_channel(x, bias.len()),
            Self::Clip(_) | Self::Identity => Ok(x.clone()),
            Self::Flatten => Shape::new(vec![x.elements()]),
            Self::Softmax if x.dims().len() == 1 => Ok(x.clone()),
            Self::Softmax => Err(ShapeError::Rank { expected: "a vector", found: x.clone() }),
        }
    }
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

/// The ONNX operator that a [`Conv`] came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `Conv`: the output is a map.
    Conv,
    /// `Gemm`: the output is a vector.
    Gemm,
    /// `MatMul`: the output is a vector.
    MatMul,
}

impl Origin {
    /// The operator's name in ONNX.
    pub fn name(self) -> &'static str {
        match self {
            Self::Conv => "Conv",
            Self::Gemm => "Gemm",
            Self::MatMul => "MatMul",
        }
    }
}

/// A convolution, or a fully connected layer as one whose kernel covers the whole map.
///
/// The weights are shared between clones of a graph until one of them is written to.
#[derive(Clone, Debug)]
pub struct Conv {
    /// What it was in the ONNX file.
    pub origin: Origin,
    /// Kernel, stride, padding, groups. The kernel is that of `weights`.
    pub geometry: ConvGeometry,
    /// `[out_channels, in_channels / groups, kernel_h, kernel_w]`.
    pub weights: ArcArray<f32, Ix4>,
    /// One value per output channel.
    pub bias: Array1<f32>,
    /// Applied to the output.
    pub clamp: Clamp,
}

impl Conv {
    /// Output channels.
    pub fn out_channels(&self) -> usize {
        self.weights.dim().0
    }

    /// Input channels, of all groups together.
    pub fn in_channels(&self) -> usize {
        self.weights.dim().1.saturating_mul(self.geometry.groups)
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, ShapeError> {
        let map = map_of(x)?;
        let (channels, groups) = (self.out_channels(), self.geometry.groups);
        if groups == 0 || channels % groups != 0 {
            return Err(ShapeError::Groups { channels, groups });
        }
        if map.channels != self.in_channels() {
            let expected = self.in_channels();
            return Err(ShapeError::Channels { expected, found: map.channels, shape: x.clone() });
        }
        let output = self.geometry.output([map.height, map.width]);
        let [height, width] =
            output.ok_or_else(|| ShapeError::Kernel { kernel: self.geometry.kernel, shape: x.clone() })?;
        match self.origin {
            Origin::Conv => Shape::new(vec![channels, height, width]),
            Origin::Gemm | Origin::MatMul if height * width == 1 => Shape::new(vec![channels]),
            Origin::Gemm | Origin::MatMul => Err(ShapeError::Rank { expected: "a vector", found: x.clone() }),
        }
    }

    /// Multiplies the output by `scale` and adds `shift`, one value each per output channel.
    ///
    /// Only right for an unbounded [`Conv::clamp`].
    pub fn scale_and_shift(&mut self, scale: &Array1<f32>, shift: &Array1<f32>) {
        for (mut kernel, &factor) in self.weights.outer_iter_mut().zip(scale) {
            kernel *= factor;
        }
        self.bias = &self.bias * scale + shift;
    }
}

/// Batch normalization: `y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`, per channel.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    /// Factor of each channel.
    pub gamma: Array1<f32>,
    /// Offset of each channel.
    pub beta: Array1<f32>,
    /// Mean of each channel over the training data.
    pub mean: Array1<f32>,
    /// Variance of each channel over the training data.
    pub variance: Array1<f32>,
    /// Keeps the root away from zero.
    pub epsilon: f32,
}

impl BatchNorm {
    /// The same as `scale * x + shift`, per channel. Computed in f64: folding it must not cost accuracy.
    pub fn scale_and_shift(&self) -> (Array1<f32>, Array1<f32>) {
        let one = |c: usize| {
            let root = (f64::from(self.variance[c]) + f64::from(self.epsilon)).sqrt();
            let scale = f64::from(self.gamma[c]) / root;
            (scale as f32, (f64::from(self.beta[c]) - f64::from(self.mean[c]) * scale) as f32)
        };
        let (scale, shift): (Vec<f32>, Vec<f32>) = (0..self.gamma.len()).map(one).unzip();
        (scale.into(), shift.into())
    }
}

/// Limits of a tensor's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clamp {
    low: f32,
    high: f32,
}

impl Clamp {
    /// No limits.
    pub const NONE: Self = Self { low: f32::NEG_INFINITY, high: f32::INFINITY };
    /// Not below zero.
    pub const RELU: Self = Self { low: 0.0, high: f32::INFINITY };

    /// `None` where a limit is NaN. As in ONNX, `high` wins over a `low` above it; the ends of the f32 range, ONNX's
    /// defaults, are no limits.
    pub fn new(low: f32, high: f32) -> Option<Self> {
        if low.is_nan() || high.is_nan() {
            return None;
        }
        let low = if low == f32::MIN { f32::NEG_INFINITY } else { low };
        let high = if high == f32::MAX { f32::INFINITY } else { high };
        Some(Self { low: low.min(high), high })
    }

    /// Lower limit, minus infinity for none.
    pub fn low(&self) -> f32 {
        self.low
    }

    /// Upper limit, infinity for none; never below [`Clamp::low`].
    pub fn high(&self) -> f32 {
        self.high
    }

    /// The value within the limits.
    pub fn apply(&self, value: f32) -> f32 {
        value.clamp(self.low, self.high)
    }

    /// The clamp that does first this one and then `next`.
    pub fn then(&self, next: Self) -> Self {
        Self { low: next.apply(self.low), high: next.apply(self.high) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clamps_compose_in_order() {
        let clips = [Clamp::new(-1.0, 2.0), Clamp::new(3.0, 4.0), Clamp::new(5.0, 1.0), Some(Clamp::RELU)];
        for first in clips.into_iter().flatten() {
            for second in clips.into_iter().flatten() {
                for value in [-9.0, -0.5, 0.0, 1.5, 3.5, 9.0] {
                    assert_eq!(first.then(second).apply(value), second.apply(first.apply(value)));
                }
            }
        }
        assert_eq!(Clamp::new(f32::NAN, 1.0), None);
        assert_eq!(Clamp::new(f32::MIN, f32::MAX), Some(Clamp::NONE));
    }

    #[test]
    fn a_batch_norm_is_a_scale_and_a_shift() {
        let one = |value: f32| Array1::from_elem(1, value);
        let norm =
            BatchNorm { gamma: one(3.0), beta: one(1.0), mean: one(2.0), variance: one(3.0), epsilon: 1.0 };
        let (scale, shift) = norm.scale_and_shift();
        assert_eq!((scale[0], shift[0]), (1.5, -2.0));
    }
}
