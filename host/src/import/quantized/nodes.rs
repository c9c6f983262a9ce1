//! One node: operators that only quantized models have here, float operators by [`super::float`].

use super::super::node::{Constant, Imported};
use super::super::ops;
use super::super::proto::TensorProto;
use super::super::proto::tensor_proto::DataType;
use super::channels::Channel;
use super::graph::Importer;
use super::value::{Float, Function, Integer, Real, Value, Weights};
use super::view::View;
use super::{Problem, bytes, channels, float, linear, real};
use crate::graph::{self, Shape, Unary};
use crate::interface::Element;
use pleach_spec::numerics::Quantization;
use std::rc::Rc;

/// What the node's outputs are.
pub(super) fn import<'m>(view: &View<'m>, importer: &mut Importer) -> Result<Vec<Value<'m>>, Problem> {
    let one = |value| Ok(vec![value]);
    let proto = view.node.proto;
    match (proto.domain(), proto.op_type()) {
        ("" | "ai.onnx" | "com.microsoft", "QuantizeLinear") => one(quantize(view, importer)?),
        ("" | "ai.onnx" | "com.microsoft", "DequantizeLinear") => one(dequantize(view)?),
        ("" | "ai.onnx", "QLinearConv") => {
            let sums = linear::qlinear(view, &importer.maps)?;
            one(quantized(view, importer, sums, [6, 7])?)
        }
        ("" | "ai.onnx", "QLinearMatMul") => {
            let sums = linear::qlinear(view, &importer.maps)?;
            one(quantized(view, importer, sums, [6, 7])?)
        }
        ("com.microsoft", "QGemm") => {
            let sums = linear::qlinear(view, &importer.maps)?;
            one(quantized(view, importer, sums, [7, 8])?)
        }
        ("" | "ai.onnx", "ConvInteger" | "MatMulInteger") => {
            let (sums, shape) = linear::integer(view, &mut importer.maps)?;
            one(Value::Float(sums, shape))
        }
        ("com.microsoft", "QLinearAdd") => one(add(view, importer)?),
        ("com.microsoft", "QLinearConcat") => one(concat(view, importer)?),
        ("com.microsoft", "QLinearLeakyRelu") => {
            let alpha = view.node.float("alpha", 0.01)?;
            one(function(view, importer, Unary::plain(graph::Function::LeakyRelu { alpha }))?)
        }
        ("com.microsoft", "QLinearSigmoid") => {
            one(function(view, importer, Unary::plain(graph::Function::Sigmoid))?)
        }
        ("com.microsoft", "QLinearAveragePool" | "QLinearGlobalAveragePool") => {
            let x = Float::Real(view.real(0, 1, 2)?);
            let mean = float::pooling(view, importer, x)?;
            one(quantized(view, importer, mean, [3, 4])?)
        }
        ("com.microsoft", "QLinearMul") => one(multiply(view, importer)?),
        ("", "DynamicQuantizeLinear") => Err(view.usage(
            "computes its scale from the data at run time, which the accelerator cannot do",
            "quantize statically: onnxruntime.quantization.quantize_static with calibration data",
        )),
        ("" | "ai.onnx", "Conv" | "Gemm" | "MatMul") => {
            let (sums, shape) = linear::dequantized(view, &importer.maps)?;
            one(Value::Float(sums, shape))
        }
        ("" | "ai.onnx", "Cast") => one(cast(view)?),
        // A product with the reciprocal rounds twice.
        ("" | "ai.onnx", "Div") if view.constant(0).is_none() => {
            Err(view.usage("divides between quantized tensors", "multiply with the reciprocal: Mul"))
        }
        _ => match ops::import(&view.node) {
            Ok(Imported::Constant(constant)) => one(Value::Constant(constant)),
            Ok(imported) => float::import(view, importer, imported),
            Err(problem) => Err(problem),
        },
    }
}

/// The bytes of floats, as the parameters at two inputs say.
fn quantized<'m>(
    view: &View<'m>,
    importer: &mut Importer,
    (float, shape): (Float, Shape),
    [scale, zero_point]: [usize; 2],
) -> Result<Value<'m>, Problem> {
    let (quantization, element) = view.target(scale, zero_point)?;
    let maps = &mut importer.maps;
    let first = maps.tensors.len();
    let tensor = bytes::quantize(view, maps, &float, quantization)?;
    if element == Element::Uint8
        || view.node.proto.output.first().is_some_and(|name| importer.pairs.contains(name))
    {
        maps.unsigned.extend(maps.tensors[first..].iter().map(|tensor| tensor.name.clone()));
    }
    Ok(Value::Integer(Integer { tensor, element, shape }))
}

fn quantize<'m>(view: &View<'m>, importer: &mut Importer) -> Result<Value<'m>, Problem> {
    if view.node.int("block_size", 0)? != 0 {
        return Err(view.node.unsupported("block_size", "above 0", "quantize per tensor or per channel"));
    }
    match view.value(0) {
        Some(Value::Float(float, shape)) => quantized(view, importer, (float.clone(), shape.clone()), [1, 2]),
        Some(Value::Input(index, shape)) => {
            let (quantization, element) = view.target(1, 2)?;
            let tensor = importer.quantized_input(*index, shape, quantization);
            let tensor = tensor.ok_or_else(|| {
                view.usage(format!("quantizes a tensor of shape {shape}"), "maps and vectors are supported")
            })?;
            Ok(Value::Integer(Integer { tensor, element, shape: shape.clone() }))
        }
        Some(Value::Constant(_) | Value::Weights(_)) => constant(view),
        _ => {
            Err(view
                .usage("quantizes what is no float tensor", "check the model with onnx.checker.check_model"))
        }
    }
}

/// A constant that is quantized when the model is imported.
fn constant<'m>(view: &View<'m>) -> Result<Value<'m>, Problem> {
    let reals = view.node.finite(0, "x")?;
    let scales = view.scales(1)?;
    let (_, element) = match scales.len() {
        1 => view.target(1, 2)?,
        _ => (Quantization { scale: 1.0, zero_point: 0 }, view.element_of(2)?),
    };
    let axis = axis(view, reals.ndim())?;
    let points = view.points(2, element)?;
    let dims = reals.shape().to_vec();
    let stride: usize = dims.iter().skip(axis + 1).product();
    let byte = |(index, &real): (usize, &f32)| {
        let at = index / stride;
        let (scale, zero_point) = (scales[at % scales.len()], points[at % points.len()]);
        let byte = Quantization { scale, zero_point }.quantize(real);
        if element == Element::Uint8 { i32::from((byte as u8) ^ 0x80) } else { i32::from(byte) }
    };
    let data_type = if element == Element::Uint8 { DataType::Uint8 } else { DataType::Int8 };
    Ok(Value::Constant(Constant::Made(Rc::new(TensorProto {
        dims: dims.iter().map(|&dim| dim as i64).collect(),
        data_type: Some(data_type as i32),
        int32_data: reals.iter().enumerate().map(byte).collect(),
        ..TensorProto::default()
    }))))
}

fn axis(view: &View<'_>, rank: usize) -> Result<usize, Problem> {
    let axis = view.node.int("axis", 1)?;
    let from_start = if axis < 0 { axis + rank as i64 } else { axis };
    Ok(usize::try_from(from_start).unwrap_or(0))
}

fn dequantize<'m>(view: &View<'m>) -> Result<Value<'m>, Problem> {
    if view.node.int("block_size", 0)? != 0 {
        return Err(view.node.unsupported("block_size", "above 0", "quantize per tensor or per channel"));
    }
    if let Some(constant) = view.constant(0) {
        let axis = axis(view, constant.dims.len())?;
        return view.weights(0, Some(1), 2, axis).map(|weights: Weights| Value::Weights(Rc::new(weights)));
    }
    let real = view.real(0, 1, 2)?;
    Ok(Value::Float(Float::Real(real), view.integer(0)?.shape.clone()))
}

fn add<'m>(view: &View<'m>, importer: &mut Importer) -> Result<Value<'m>, Problem> {
    for (constant, other) in [(0, 3), (3, 0)] {
        if view.constant(constant).is_some() {
            return fused(view, importer, constant, other, Function::Plus);
        }
    }
    let operands = [view.real(0, 1, 2)?, view.real(3, 4, 5)?];
    let [a, b] = [view.integer(0)?, view.integer(3)?].map(|integer| integer.shape.clone());
    let sum = float::sum(view, operands, [&a, &b])?;
    quantized(view, importer, (sum, a), [6, 7])
}

fn multiply<'m>(view: &View<'m>, importer: &mut Importer) -> Result<Value<'m>, Problem> {
    for (constant, other) in [(0, 3), (3, 0)] {
        if view.constant(constant).is_some() {
            return fused(view, importer, constant, other, Function::Times);
        }
    }
    let operands = [view.real(0, 1, 2)?, view.real(3, 4, 5)?];
    let (y, element) = view.target(6, 7)?;
    // MLAS multiplies integers, then by one factor (qlmul.cpp).
    let factor = view.scale(1)? * view.scale(4)? / y.scale;
    let steps = |real: &Real| {
        let zero_point = real.affine.map_or(0.0, |quantization| f32::from(quantization.zero_point));
        let values = std::array::from_fn(|index| f32::from(real::byte(index)) - zero_point);
        Real { values: Box::new(values), ..real.clone() }
    };
    let [a, b] = operands.each_ref().map(steps);
    let both = float::common(&importer.maps, &a, &b, |a, b| a * b * factor);
    let both = both.ok_or_else(|| float::product(view))?;
    let table = real::table(&both.values, Quantization { scale: 1.0, ..y });
    let tensor = importer.maps.unary(&view.node.name, "QLinearMul", both.tensor, y, table);
    Ok(Value::Integer(Integer { tensor, element, shape: view.integer(0)?.shape.clone() }))
}

/// `QLinearAdd` or `QLinearMul` of a constant: with the arithmetic of MLAS (qladd.cpp, qlmul.cpp).
fn fused<'m>(
    view: &View<'m>,
    importer: &mut Importer,
    constant: usize,
    other: usize,
    function: Function,
) -> Result<Value<'m>, Problem> {
    let weights = view.weights(constant, Some(constant + 1), constant + 2, 0)?;
    let (x, a) = view.activation(other, other + 1, other + 2)?;
    let (y, element) = view.target(6, 7)?;
    let offset = if element == Element::Uint8 { 128.0 } else { 0.0 };
    let ratio = a.scale / y.scale;
    let other_ratio = weights.scales[0] / y.scale;
    let channel = |value: i32| {
        let value = value as f32;
        let byte = |index: usize| {
            // MLAS has the bytes as they are in the file.
            let [q, a_zero, y_zero] =
                [real::byte(index), a.zero_point, y.zero_point].map(|q| f32::from(q) + offset);
            let result = match function {
                Function::Plus => {
                    ((y_zero - (ratio * a_zero - other_ratio * value)) + q * ratio).round_ties_even()
                }
                Function::Times => {
                    ((q - a_zero) * value * (a.scale * weights.scales[0] / y.scale)).round_ties_even()
                        + y_zero
                }
            };
            (result - offset).clamp(-128.0, 127.0) as i8
        };
        let line = match function {
            Function::Plus => [f64::from(ratio), f64::from(other_ratio * value)],
            Function::Times => [f64::from(ratio * weights.scales[0] * value), 0.0],
        };
        Channel { table: (0..256).map(byte).collect(), line }
    };
    let shape = x.shape.clone();
    let channels = by_channel(view, &weights.dims, &weights.values, &shape, channel)?;
    if let (Function::Plus, [_, _, ..]) = (function, &channels[..]) {
        let b =
            Quantization { scale: weights.scales[0], zero_point: view.zero_point(constant + 2, element)? };
        let operand = channels::constant(view, &mut importer.maps, x.tensor, [a, b], &weights.values);
        let operands = [(x.tensor, a), (operand, b)].map(|(tensor, quantization)| Real {
            tensor,
            values: Box::new(real::dequantized(quantization)),
            affine: Some(quantization),
        });
        let sum = float::sum(view, operands, [&shape, &shape])?;
        return quantized(view, importer, (sum, shape), [6, 7]);
    }
    let ends = [i8::MIN, i8::MAX];
    let tensor = channels::apply(view, &mut importer.maps, x.tensor, [a, y], ends, &channels)?;
    Ok(Value::Integer(Integer { tensor, element, shape }))
}

/// The function of each channel, or of all, for a constant that broadcasts over everything else.
fn by_channel(
    view: &View<'_>,
    dims: &[usize],
    values: &[i32],
    shape: &Shape,
    function: impl Fn(i32) -> Channel,
) -> Result<Vec<Channel>, Problem> {
    let behind = shape.dims().len() - 1;
    let axis = dims.len().checked_sub(behind + 1);
    let only = dims.iter().enumerate().all(|(at, &dim)| dim == 1 || Some(at) == axis);
    match values {
        [one] => Ok(vec![function(*one)]),
        _ if only && values.len() == shape.dims()[0] => {
            Ok(values.iter().map(|&value| function(value)).collect())
        }
        _ => Err(view.usage(
            format!("has a constant of shape {dims:?} for a tensor of shape {shape}"),
            "a scalar, or one value for each channel, is supported",
        )),
    }
}

/// `Y_scale, Y_zero_point`, then tensor, scale and zero point of each input.
fn concat<'m>(view: &View<'m>, importer: &mut Importer) -> Result<Value<'m>, Problem> {
    let firsts: Vec<usize> = (2..view.values.len()).step_by(3).collect();
    let mut parts = Vec::new();
    for &first in &firsts {
        parts.push((view.real(first, first + 1, first + 2)?, view.integer(first)?.shape.clone()));
    }
    let axis = view.node.int("axis", 1)?;
    let joined = float::concat(view, &importer.maps, parts, axis)?;
    quantized(view, importer, joined, [0, 1])
}

fn function<'m>(view: &View<'m>, importer: &mut Importer, unary: Unary) -> Result<Value<'m>, Problem> {
    let mut x = view.real(0, 1, 2)?;
    for value in x.values.iter_mut() {
        *value = real::apply(unary, *value);
    }
    let shape = view.integer(0)?.shape.clone();
    quantized(view, importer, (Float::Real(x), shape), [3, 4])
}

/// From the int32 sums of an integer operator to float.
fn cast<'m>(view: &View<'m>) -> Result<Value<'m>, Problem> {
    let to = view.node.int("to", 0)?;
    match view.value(0) {
        Some(value @ Value::Float(..)) if to == DataType::Float as i64 => Ok(value.clone()),
        _ => Err(view.node.unsupported(
            "to",
            to,
            "only the sums of ConvInteger and MatMulInteger can be cast, to FLOAT",
        )),
    }
}
