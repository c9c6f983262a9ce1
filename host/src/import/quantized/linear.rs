//! Convolutions and matrix products: QDQ, QLinear and Integer forms.

use super::super::error::Problem;
use super::super::ops::window;
use super::maps::{Maps, RAW, map_of};
use super::value::{Float, Linear, Value, Weights};
use super::view::View;
use crate::graph::{Clamp, Shape, join};
use pleach_spec::network::{Conv, ConvGeometry, Kind, MapShape};
use pleach_spec::numerics::Quantization;
use std::rc::Rc;

const WEIGHTS: &str =
    "weights must be constants: int8 or uint8, dequantized or as an operand of the operator";

/// What a bias is.
enum Bias {
    Integers(Vec<i32>),
    Floats(Vec<f32>),
}

/// The bias at an input, of a node whose weights are `weights`.
fn bias(view: &View<'_>, index: usize) -> Result<Option<Bias>, Problem> {
    match view.value(index) {
        None => Ok(None),
        Some(Value::Weights(bias)) => Ok(Some(Bias::Floats(bias.reals()))),
        Some(Value::Constant(constant)) if is_float(constant) => {
            Ok(Some(Bias::Floats(view.node.finite(index, "bias")?.into_iter().collect())))
        }
        Some(Value::Constant(_)) => {
            Ok(Some(Bias::Integers(view.weights(index, None, usize::MAX, 0)?.values)))
        }
        Some(_) => Err(view.usage("has a bias that is not constant", WEIGHTS)),
    }
}

fn is_float(constant: &super::super::proto::TensorProto) -> bool {
    super::super::tensor::is(constant, super::super::proto::tensor_proto::DataType::Float)
}

/// Weighted sums of a node: `weights` are `[O][I / groups][kh][kw]`.
struct Sums {
    op: &'static str,
    x: usize,
    quantization: Quantization,
    geometry: ConvGeometry,
    weights: Vec<i32>,
    scales: Vec<f32>,
    bias: Option<Bias>,
    map: MapShape,
}

impl Sums {
    fn finish(self, view: &View<'_>) -> Result<Float, Problem> {
        let channels = self.map.channels;
        let scales: Vec<f32> =
            (0..channels).map(|channel| self.scales[channel % self.scales.len()]).collect();
        let bias = match self.bias {
            None => vec![0; channels],
            Some(Bias::Integers(bias)) => bias,
            Some(Bias::Floats(bias)) => {
                let steps = |(channel, bias): (usize, &f32)| {
                    let step = f64::from(self.quantization.scale) * f64::from(scales[channel % channels]);
                    (f64::from(*bias) / step).round_ties_even() as i32
                };
                bias.iter().enumerate().map(steps).collect()
            }
        };
        let bias = match bias[..] {
            [one] => vec![one; channels],
            _ if bias.len() == channels => bias,
            _ => {
                let reason = format!("has a bias of {} values for {channels} channels", bias.len());
                return Err(view.usage(reason, "check the model with onnx.checker.check_model"));
            }
        };
        let Self { op, x, quantization, geometry, weights, map, .. } = self;
        let (name, clamp) = (view.node.name.clone(), Clamp::NONE);
        Ok(Float::Linear(Rc::new(Linear {
            name,
            op,
            x,
            quantization,
            geometry,
            weights,
            scales,
            bias,
            map,
            clamp,
        })))
    }
}

/// A convolution of a map with constant weights.
fn convolution(
    view: &View<'_>,
    (x, quantization, shape): (usize, Quantization, &Shape),
    weights: &Weights,
    bias: Option<Bias>,
) -> Result<(Float, Shape), Problem> {
    let map = map_of(shape).ok_or_else(|| {
        view.usage(
            format!("convolves a tensor of shape {shape}"),
            "convolutions of one or two dimensions are supported",
        )
    })?;
    let flat = shape.dims().len() == 2;
    let (outputs, inputs, kernel) = match weights.dims[..] {
        [outputs, inputs, width] if flat => (outputs, inputs, [1, width]),
        [outputs, inputs, height, width] if shape.dims().len() == 3 => (outputs, inputs, [height, width]),
        _ => {
            let reason = format!("has weights {} for a tensor of shape {shape}", join(&weights.dims));
            return Err(view.usage(reason, "check the model with onnx.checker.check_model"));
        }
    };
    let geometry = geometry(view, [map.height, map.width], kernel, flat)?;
    let groups = geometry.groups;
    if groups == 0 || inputs.checked_mul(groups) != Some(map.channels) || !outputs.is_multiple_of(groups) {
        let reason =
            format!("has {groups} groups and weights {} for {} channels", join(&weights.dims), map.channels);
        return Err(view.usage(reason, "check the model with onnx.checker.check_model"));
    }
    if weights.scales.len() > 1 && weights.axis != 0 {
        return Err(view.usage(
            format!("has a scale for each index on axis {} of its weights", weights.axis),
            "only output channels, axis 0, may have scales of their own",
        ));
    }
    let size = geometry.output([map.height, map.width]).ok_or_else(|| {
        view.usage(
            format!("has a kernel larger than its padded input {shape}"),
            "check the model with onnx.checker.check_model",
        )
    })?;
    let out = MapShape { channels: outputs, height: size[0], width: size[1] };
    let (weights, scales) = (weights.values.clone(), weights.scales.clone());
    let sums =
        Sums { op: "Conv", x, quantization, geometry, weights, scales, bias, map: out }.finish(view)?;
    let dims = if flat { vec![outputs, size[1]] } else { vec![outputs, size[0], size[1]] };
    Ok((sums, view.shape_of(dims)?))
}

fn geometry(
    view: &View<'_>,
    size: [usize; 2],
    kernel: [usize; 2],
    flat: bool,
) -> Result<ConvGeometry, Problem> {
    let node = &view.node;
    let groups = usize::try_from(node.int("group", 1)?).unwrap_or(0);
    let (stride, dilation, pads) = if flat {
        let [stride] = window::steps(node, "strides", [1], 1)?;
        let [dilation] = window::steps(node, "dilations", [1], 1)?;
        let [left, right] = window::pads_of_row(node, size[1], kernel[1], stride, dilation)?;
        ([1, stride], [1, dilation], [0, left, 0, right])
    } else {
        let stride = window::steps(node, "strides", [1; 2], 1)?;
        let dilation = window::steps(node, "dilations", [1; 2], 1)?;
        (stride, dilation, window::pads(node, size, kernel, stride, dilation)?)
    };
    Ok(ConvGeometry { kernel, stride, dilation, pads, groups })
}

/// How a matrix lies in memory.
#[derive(Clone, Copy, PartialEq)]
enum Matrix {
    /// `[inputs][outputs]`.
    Rows,
    /// `[outputs][inputs]`.
    Columns,
}

/// A product of a vector, or of a map that was flattened, and a constant matrix.
fn product(
    view: &View<'_>,
    maps: &Maps,
    (x, quantization, shape): (usize, Quantization, &Shape),
    matrix: (&Weights, Matrix),
    bias: Option<Bias>,
) -> Result<(Float, Shape), Problem> {
    let (weights, order) = matrix;
    let map = maps.tensors[x].shape;
    let (inputs, outputs) = match (&weights.dims[..], order) {
        (&[inputs, outputs], Matrix::Rows) | (&[outputs, inputs], Matrix::Columns) => (inputs, outputs),
        _ => {
            let reason = format!("multiplies with a tensor {}", join(&weights.dims));
            return Err(view.usage(reason, "matrices of two dimensions are supported"));
        }
    };
    if shape.dims().len() != 1 || shape.elements() != inputs {
        let reason = format!("multiplies a tensor of shape {shape} with a matrix of {inputs} x {outputs}");
        return Err(view.usage(reason, "a batch of vectors is supported: put a Flatten before it"));
    }
    let output_axis = if order == Matrix::Rows { 1 } else { 0 };
    if weights.scales.len() > 1 && weights.axis != output_axis {
        return Err(view.usage(
            "has scales along the inputs of its matrix",
            "only outputs may have scales of their own",
        ));
    }
    let at = |output: usize, input: usize| match order {
        Matrix::Rows => weights.values[input * outputs + output],
        Matrix::Columns => weights.values[output * inputs + input],
    };
    let values = (0..outputs).flat_map(|output| (0..inputs).map(move |input| (output, input)));
    let sums = Sums {
        op: "Gemm",
        x,
        quantization,
        geometry: ConvGeometry::valid([map.height, map.width]),
        weights: values.map(|(output, input)| at(output, input)).collect(),
        scales: weights.scales.clone(),
        bias,
        map: MapShape { channels: outputs, height: 1, width: 1 },
    };
    Ok((sums.finish(view)?, view.shape_of(vec![outputs])?))
}

/// `Conv`, `Gemm`, `MatMul` of dequantized operands.
pub(super) fn dequantized(view: &View<'_>, maps: &Maps) -> Result<(Float, Shape), Problem> {
    let weights =
        view.dequantized(1).ok_or_else(|| view.usage("has weights that are not quantized", WEIGHTS))?;
    let (real, quantization, shape) = view.affine(0)?;
    let x = (real.tensor, quantization, shape);
    match view.node.proto.op_type() {
        "Conv" => convolution(view, x, weights, bias(view, 2)?),
        "MatMul" => product(view, maps, x, (weights, Matrix::Rows), None),
        _ => {
            let order = gemm(view)?;
            product(view, maps, x, (weights, order), bias(view, 2)?)
        }
    }
}

/// The order of `B` of a Gemm without factors.
fn gemm(view: &View<'_>) -> Result<Matrix, Problem> {
    let node = &view.node;
    for (name, value) in [("alpha", node.float("alpha", 1.0)?), ("beta", node.float("beta", 1.0)?)] {
        if value != 1.0 {
            return Err(node.unsupported(name, value, "multiply the scales with it instead"));
        }
    }
    if node.int("transA", 0)? != 0 {
        return Err(node.unsupported("transA", 1, "the input must be a batch of vectors, transA = 0"));
    }
    Ok(if node.int("transB", 0)? != 0 { Matrix::Columns } else { Matrix::Rows })
}

/// `QLinearConv`, `QLinearMatMul`, `com.microsoft.QGemm`: operands x, x_scale, x_zero_point, w, w_scale, w_zero_point.
pub(super) fn qlinear(view: &View<'_>, maps: &Maps) -> Result<(Float, Shape), Problem> {
    let (integer, quantization) = view.activation(0, 1, 2)?;
    let x = (integer.tensor, quantization, &integer.shape);
    match view.node.proto.op_type() {
        "QLinearConv" => convolution(view, x, &view.weights(3, Some(4), 5, 0)?, bias(view, 8)?),
        "QLinearMatMul" => product(view, maps, x, (&view.weights(3, Some(4), 5, 1)?, Matrix::Rows), None),
        _ => {
            let order = gemm(view)?;
            let axis = if order == Matrix::Rows { 1 } else { 0 };
            product(view, maps, x, (&view.weights(3, Some(4), 5, axis)?, order), bias(view, 6)?)
        }
    }
}

/// `ConvInteger` and `MatMulInteger`: operands x, w, x_zero_point, w_zero_point. What an integer stands for is said by what follows.
pub(super) fn integer(view: &View<'_>, maps: &mut Maps) -> Result<(Float, Shape), Problem> {
    let integer = view.integer(0)?.clone();
    let zero_point = view.zero_point(2, integer.element)?;
    let quantization = Quantization { zero_point, ..RAW };
    let x = (integer.tensor, quantization, &integer.shape);
    match view.node.proto.op_type() {
        "ConvInteger" => convolution(view, x, &view.weights(1, None, 3, 0)?, None),
        _ => product(view, maps, x, (&view.weights(1, None, 3, 1)?, Matrix::Rows), None),
    }
}

impl Linear {
    /// Adds the layer that computes it, and returns its output.
    pub(super) fn layer(
        &self,
        view: &View<'_>,
        maps: &mut Maps,
        quantization: Quantization,
    ) -> Result<usize, Problem> {
        let mut x = maps.read_as(self.x, self.quantization);
        let mut weights = self.weights.clone();
        let fits = |weight: &i32| i8::try_from(*weight).is_ok();
        if !weights.iter().all(fits) {
            (x, weights) = self.split(maps, x);
        }
        let weights: Option<Vec<i8>> = weights.iter().map(|&weight| i8::try_from(weight).ok()).collect();
        let weights = weights.ok_or_else(|| view.usage("has weights beyond 8 bits", WEIGHTS))?;
        let channels = self.map.channels;
        let per_channel = weights.len() / channels.max(1);
        for (channel, kernel) in weights.chunks(per_channel.max(1)).enumerate() {
            let sum: i64 = kernel.iter().map(|&weight| i64::from(weight).abs()).sum();
            if sum * 255 + i64::from(self.bias[channel]).abs() > i64::from(i32::MAX) {
                return Err(view.usage(
                    format!("may overflow int32 in output channel {channel}"),
                    "quantize the layer with smaller weights, or split its inputs",
                ));
            }
        }
        let end = |value: f32| quantization.quantize(value);
        let conv = Conv {
            geometry: self.geometry,
            weights,
            weight_scales: self.scales.clone(),
            bias: self.bias.clone(),
            clamp: [end(self.clamp.low()), end(self.clamp.high())],
            channel_order: Vec::new(),
        };
        let shape = self.map;
        Ok(maps.layer(&self.name, self.op, vec![x], shape, Some(quantization), Kind::Conv(conv)))
    }

    /// Weights beyond int8, which those with a zero point may be, as sums of two or three: every input channel is read so many
    /// times.
    fn split(&self, maps: &mut Maps, x: usize) -> (usize, Vec<i32>) {
        let shape = maps.tensors[x].shape;
        let quantization = maps.tensors[x].quantization;
        let group = shape.channels / self.geometry.groups;
        let most = self.weights.iter().map(|weight| weight.abs()).max().unwrap_or(0);
        let copies = (most as usize).div_ceil(127);
        let sources: Vec<[u32; 2]> = (0..self.geometry.groups)
            .flat_map(|g| (0..copies).flat_map(move |_| g * group..(g + 1) * group))
            .map(|channel| [0, channel as u32])
            .collect();
        let repeated = MapShape { channels: copies * shape.channels, ..shape };
        let name = format!("{}:repeated", maps.tensors[x].name);
        let kind = Kind::Channels { sources };
        let x = maps.layer(&name, "Concat", vec![x], repeated, Some(quantization), kind);
        let each = self.weights.len() / self.map.channels;
        let parts = |kernel: &[i32]| -> Vec<i32> {
            let mut rest = kernel.to_vec();
            let mut part = || {
                let taken = rest.iter_mut().map(|weight| {
                    let part = (*weight).clamp(-127, 127);
                    *weight -= part;
                    part
                });
                taken.collect::<Vec<i32>>()
            };
            (0..copies).flat_map(|_| part()).collect()
        };
        (x, self.weights.chunks(each).flat_map(parts).collect())
    }
}
