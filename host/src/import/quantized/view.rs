//! A node of a quantized model with its inputs, and the scales, zero points and weights among them.

use super::super::error::Problem;
use super::super::node::{Constant, Node};
use super::super::proto::TensorProto;
use super::super::proto::tensor_proto::DataType;
use super::super::tensor;
use super::real;
use super::value::{Float, Integer, Real, Value, Weights};
use crate::graph::{Shape, ShapeError, join};
use crate::interface::Element;
use pleach_spec::numerics::Quantization;
use std::rc::Rc;

/// One node with its inputs.
pub(super) struct View<'m> {
    /// For attributes and float constants.
    pub(super) node: Node<'m>,
    /// `None` where an optional input is left out.
    pub(super) values: Vec<Option<Value<'m>>>,
}

/// Scales or zero points: one for the tensor, or one for each index on an axis.
type PerAxis<T> = Vec<T>;

const POSITIVE: &str = "export the model again with calibration data that reaches every tensor: scales must be positive finite numbers";
const TYPES: &str = "activations are uint8 or int8, weights uint8 or int8, biases int32; a zero point has the type of its tensor";

/// Type of a constant of bytes.
fn element(constant: &TensorProto) -> Option<Element> {
    if tensor::is(constant, DataType::Int8) {
        Some(Element::Int8)
    } else {
        tensor::is(constant, DataType::Uint8).then_some(Element::Uint8)
    }
}

/// A zero point as the accelerator has it.
fn shifted(zero_point: i32, element: Element) -> i8 {
    let offset = if element == Element::Uint8 { 128 } else { 0 };
    (zero_point - offset) as i8
}

impl<'m> View<'m> {
    pub(super) fn usage(&self, reason: impl Into<String>, remedy: &'static str) -> Problem {
        self.node.usage(reason.into(), remedy)
    }

    /// The value of an input that may be left out.
    pub(super) fn value(&self, index: usize) -> Option<&Value<'m>> {
        self.values.get(index)?.as_ref()
    }

    /// A constant input that may be left out.
    pub(super) fn constant(&self, index: usize) -> Option<&Constant<'m>> {
        match self.value(index) {
            Some(Value::Constant(constant)) => Some(constant),
            _ => None,
        }
    }

    /// Positive scales.
    pub(super) fn scales(&self, index: usize) -> Result<PerAxis<f32>, Problem> {
        self.node.constant(index, "scale")?;
        let scales: Vec<f32> = self.node.finite(index, "scale")?.into_iter().collect();
        match scales.iter().find(|&&scale| scale <= 0.0) {
            None => Ok(scales),
            Some(scale) => Err(self.usage(format!("has the scale {scale} as input {index}"), POSITIVE)),
        }
    }

    /// The scale of a whole tensor.
    pub(super) fn scale(&self, index: usize) -> Result<f32, Problem> {
        match self.scales(index)?[..] {
            [scale] => Ok(scale),
            _ => Err(self.usage(
                format!("has several scales for an activation as input {index}"),
                "quantize activations per tensor; only weights may have a scale for each channel",
            )),
        }
    }

    /// Integers of a constant.
    fn integers(&self, index: usize) -> Result<Vec<i32>, Problem> {
        let constant = self.node.constant(index, "integers")?;
        let name = || self.node.proto.input[index].clone();
        tensor::quantized(constant, self.node.folder)
            .map_err(|reason| Problem::Initializer { name: name(), reason })
    }

    /// Zero points and their type; `None` where they are left out.
    fn zero_points(&self, index: usize) -> Result<Option<(PerAxis<i32>, Element)>, Problem> {
        if self.value(index).is_none() {
            return Ok(None);
        }
        let points = self.integers(index)?;
        let element = self.constant(index).and_then(|constant| element(constant));
        match element {
            Some(element) => Ok(Some((points, element))),
            None => Err(self.usage(format!("has a zero point of another type as input {index}"), TYPES)),
        }
    }

    /// The zero point of a whole tensor, as the accelerator has it; that of a left out one is the byte 0.
    pub(super) fn zero_point(&self, index: usize, of: Element) -> Result<i8, Problem> {
        match self.zero_points(index)? {
            None => Ok(shifted(0, of)),
            Some((_, element)) if element != of => {
                let reason = format!("has a zero point of type {element} for a tensor of type {of}");
                Err(self.usage(reason, TYPES))
            }
            Some((points, element)) => match points[..] {
                [point] => Ok(shifted(point, element)),
                _ => Err(self.usage(
                    format!("has several zero points for an activation as input {index}"),
                    "quantize activations per tensor",
                )),
            },
        }
    }

    /// Type of a zero point; uint8 without one.
    pub(super) fn element_of(&self, index: usize) -> Result<Element, Problem> {
        Ok(self.zero_points(index)?.map_or(Element::Uint8, |(_, element)| element))
    }

    /// Zero points, as the accelerator has them.
    pub(super) fn points(&self, index: usize, of: Element) -> Result<Vec<i8>, Problem> {
        let points = self.zero_points(index)?.map_or(vec![0], |(points, _)| points);
        Ok(points.into_iter().map(|point| shifted(point, of)).collect())
    }

    /// How an output is quantized: by a scale, and a zero point that says the type.
    pub(super) fn target(&self, scale: usize, zero_point: usize) -> Result<(Quantization, Element), Problem> {
        let element = match self.zero_points(zero_point)? {
            Some((_, element)) => element,
            None => match self.node.int("output_dtype", 0)? {
                0 | 2 => Element::Uint8,
                3 => Element::Int8,
                other => {
                    let found = tensor::type_name(other as i32);
                    return Err(self.node.unsupported("output_dtype", found, TYPES));
                }
            },
        };
        let (scale, zero_point) = (self.scale(scale)?, self.zero_point(zero_point, element)?);
        Ok((Quantization { scale, zero_point }, element))
    }

    /// An activation of bytes.
    pub(super) fn integer(&self, index: usize) -> Result<&Integer, Problem> {
        match self.value(index) {
            Some(Value::Integer(integer)) => Ok(integer),
            Some(Value::Constant(_) | Value::Weights(_)) => Err(self.usage(
                format!("has a constant as input {index}, where an activation is expected"),
                "fold constants before (python -m onnxsim in.onnx out.onnx)",
            )),
            Some(_) => Err(self.usage(
                format!("has floats as input {index}, where uint8 or int8 is expected"),
                "put a QuantizeLinear before it",
            )),
            None => Err(self
                .usage(format!("is without input {index}"), "check the model with onnx.checker.check_model")),
        }
    }

    /// An activation of bytes, and what they stand for.
    pub(super) fn activation(
        &self,
        index: usize,
        scale: usize,
        zero_point: usize,
    ) -> Result<(&Integer, Quantization), Problem> {
        let integer = self.integer(index)?;
        let zero_point = self.zero_point(zero_point, integer.element)?;
        Ok((integer, Quantization { scale: self.scale(scale)?, zero_point }))
    }

    /// [`View::activation`] as floats.
    pub(super) fn real(&self, index: usize, scale: usize, zero_point: usize) -> Result<Real, Problem> {
        let (integer, quantization) = self.activation(index, scale, zero_point)?;
        Ok(Real {
            tensor: integer.tensor,
            values: Box::new(real::dequantized(quantization)),
            affine: Some(quantization),
        })
    }

    /// Constant bytes or int32 values, with scales (all 1 without) and zero points by the index on an axis.
    pub(super) fn weights(
        &self,
        index: usize,
        scale: Option<usize>,
        zero_point: usize,
        axis: usize,
    ) -> Result<Weights, Problem> {
        let mut values = self.integers(index)?;
        let constant = self.node.constant(index, "weights")?;
        let name = || self.node.proto.input[index].clone();
        let dims = tensor::dims(constant).map_err(|reason| Problem::Initializer { name: name(), reason })?;
        let scales = match scale {
            Some(scale) => self.scales(scale)?,
            None => vec![1.0],
        };
        let points = match element(constant) {
            None => vec![0],
            Some(element) => match self.zero_points(zero_point)? {
                None => vec![0],
                Some((_, other)) if other != element => {
                    let reason = format!("has a zero point of type {other} for weights of type {element}");
                    return Err(self.usage(reason, TYPES));
                }
                Some((points, _)) => points,
            },
        };
        let size = dims.get(axis).copied().unwrap_or(1);
        for count in [scales.len(), points.len()] {
            if count != 1 && count != size {
                let reason =
                    format!("has {count} scales or zero points for weights {}, axis {axis}", join(&dims));
                return Err(self.usage(
                    reason,
                    "give one for the tensor, or one for each channel; blocks are not supported",
                ));
            }
        }
        let stride: usize = dims.iter().skip(axis + 1).product();
        for (element, value) in values.iter_mut().enumerate() {
            *value -= points[element / stride % points.len()];
        }
        Ok(Weights { values, dims, scales, axis })
    }

    /// A shape that the node makes.
    pub(super) fn shape_of(&self, dims: Vec<usize>) -> Result<Shape, Problem> {
        Shape::new(dims).map_err(|reason| self.wrong_shape(reason))
    }

    /// The error for a shape.
    pub(super) fn wrong_shape(&self, reason: ShapeError) -> Problem {
        let operator = self.node.proto.op_type().to_owned();
        Problem::Shape { node: self.node.name.clone(), operator, reason }
    }

    /// Floats that bytes stand for, with no function applied.
    pub(super) fn affine(&self, index: usize) -> Result<(Real, Quantization, &Shape), Problem> {
        match self.value(index) {
            Some(Value::Float(Float::Real(real), shape)) => match real.affine {
                Some(quantization) => Ok((real.clone(), quantization, shape)),
                None => Err(self.unquantized(index)),
            },
            _ => Err(self.unquantized(index)),
        }
    }

    /// The error for an input that must come right out of a `DequantizeLinear`.
    pub(super) fn unquantized(&self, index: usize) -> Problem {
        self.usage(
            format!("reads input {index}, which was computed in float and not quantized"),
            "put QuantizeLinear and DequantizeLinear before it (quantize_static of ONNX Runtime does)",
        )
    }

    /// Dequantized constants.
    pub(super) fn dequantized(&self, index: usize) -> Option<&Rc<Weights>> {
        match self.value(index) {
            Some(Value::Weights(weights)) => Some(weights),
            _ => None,
        }
    }
}
