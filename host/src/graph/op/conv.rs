//! Convolutions and fully connected layers.

use super::super::shape::{Shape, ShapeError};
use super::{Clamp, map_of};
use ndarray::{ArcArray, Array1, Ix4};
use pleach_spec::network::ConvGeometry;

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

    pub(super) fn output_shape(&self, x: &Shape) -> Result<Shape, ShapeError> {
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
