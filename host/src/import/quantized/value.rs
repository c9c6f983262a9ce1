//! What tensors of a quantized model are while it is imported.

use super::super::node::Constant;
use super::real::Reals;
use crate::graph::{Clamp, Shape};
use crate::interface::Element;
use pleach_spec::network::{ConvGeometry, MapShape, Pool};
use pleach_spec::numerics::Quantization;
use std::rc::Rc;

/// A tensor of the model. Shapes are without the batch.
#[derive(Clone)]
pub(super) enum Value<'m> {
    /// Known when the model is imported.
    Constant(Constant<'m>),
    /// A dequantized constant.
    Weights(Rc<Weights>),
    /// An input of floats: its index, its shape.
    Input(usize, Shape),
    /// int8 or uint8.
    Integer(Integer),
    /// Floats that are computed.
    Float(Float, Shape),
}

/// Bytes of a map.
#[derive(Clone)]
pub(super) struct Integer {
    /// Index into the network's tensors.
    pub(super) tensor: usize,
    /// What ONNX has.
    pub(super) element: Element,
    pub(super) shape: Shape,
}

/// A dequantized constant: `scale * (value - zero_point)`, by the index on one axis.
pub(super) struct Weights {
    /// Zero points subtracted.
    pub(super) values: Vec<i32>,
    pub(super) dims: Vec<usize>,
    /// One, or one for each index on the axis.
    pub(super) scales: Vec<f32>,
    pub(super) axis: usize,
}

impl Weights {
    /// Distance of elements that follow each other on the axis.
    fn stride(&self) -> usize {
        self.dims.iter().skip(self.axis + 1).product()
    }

    /// Scale of an element.
    pub(super) fn scale(&self, element: usize) -> f32 {
        match self.scales[..] {
            [scale] => scale,
            _ => self.scales[element / self.stride() % self.scales.len()],
        }
    }

    /// The values.
    pub(super) fn reals(&self) -> Vec<f32> {
        let real = |(element, &value): (usize, &i32)| value as f32 * self.scale(element);
        self.values.iter().enumerate().map(real).collect()
    }
}

/// A function of the bytes of a map.
#[derive(Clone)]
pub(super) struct Real {
    /// Index into the network's tensors.
    pub(super) tensor: usize,
    /// What each byte stands for.
    pub(super) values: Box<Reals>,
    /// The quantization, where nothing was computed since it was dequantized.
    pub(super) affine: Option<Quantization>,
}

/// Weighted sums.
#[derive(Clone)]
pub(super) struct Linear {
    /// Name of the node.
    pub(super) name: String,
    /// Float operator that they are: `Conv` or `Gemm`, whatever the integer one is called.
    pub(super) op: &'static str,
    pub(super) x: usize,
    pub(super) quantization: Quantization,
    pub(super) geometry: ConvGeometry,
    /// `[O][I / groups][kh][kw]`, zero points subtracted.
    pub(super) weights: Vec<i32>,
    /// Scale of each output channel's weights.
    pub(super) scales: Vec<f32>,
    /// In units of `x_scale * w_scale`.
    pub(super) bias: Vec<i32>,
    pub(super) map: MapShape,
    pub(super) clamp: Clamp,
}

/// What a constant does to a channel.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Function {
    /// It is added.
    Plus,
    /// It is a factor.
    Times,
}

/// Floats that are computed, and become bytes when they are quantized.
#[derive(Clone)]
pub(super) enum Float {
    Real(Real),
    Linear(Rc<Linear>),
    /// Of two maps.
    Sum([Real; 2], Clamp),
    /// Averages over a window.
    Mean {
        /// `AveragePool`, or [`GLOBAL`](crate::exact::GLOBAL).
        op: &'static str,
        x: Real,
        pool: Pool,
        count_include_pad: bool,
        map: MapShape,
        clamp: Clamp,
    },
    /// Channels of several maps.
    Parts {
        parts: Vec<Real>,
        sources: Vec<[u32; 2]>,
        map: MapShape,
    },
    /// A map, and a constant for each of its channels.
    Channels {
        x: Real,
        values: Vec<f32>,
        function: Function,
        clamp: Clamp,
    },
    /// A Softmax over a vector, which only an output may be.
    Softmax(Real),
}
