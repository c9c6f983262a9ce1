//! Float operators between `DequantizeLinear` and `QuantizeLinear`, and operators that move bytes.

use super::super::node::{Chain, Imported};
use super::super::ops::window;
use super::Problem;
use super::graph::Importer;
use super::maps::{Maps, map_of};
use super::real::{self, Reals};
use super::value::{Float, Function, Integer, Linear, Real, Value};
use super::view::View;
use crate::exact::GLOBAL;
use crate::graph::{Channels, Clamp, Op, Pooling, Shape};
use ndarray::Array1;
use pleach_spec::network::{Kind, MapShape};
use std::rc::Rc;

const QUANTIZE: &str =
    "put QuantizeLinear and DequantizeLinear between the operators (quantize_static of ONNX Runtime does)";

/// What the outputs of a node are, which the float importer has made operators of.
pub(super) fn import<'m>(
    view: &View<'m>,
    importer: &mut Importer,
    imported: Imported<'m>,
) -> Result<Vec<Value<'m>>, Problem> {
    let chains = match imported {
        Imported::Constant(constant) => return Ok(vec![Value::Constant(constant)]),
        Imported::Node(op, id) => vec![Chain { inputs: vec![id], ops: vec![op] }],
        Imported::Outputs(chains) => chains,
    };
    let activations: Vec<Value<'m>> =
        view.values.iter().flatten().filter(|value| is_activation(value)).cloned().collect();
    let mut outputs = Vec::new();
    for chain in chains {
        let mut values = activations.clone();
        values.truncate(chain.inputs.len());
        for op in &chain.ops {
            values = vec![apply(view, importer, op, &values)?];
        }
        outputs.extend(values.into_iter().take(1));
    }
    Ok(outputs)
}

fn is_activation(value: &Value<'_>) -> bool {
    !matches!(value, Value::Constant(_) | Value::Weights(_))
}

/// One operator on values.
fn apply<'m>(
    view: &View<'m>,
    importer: &mut Importer,
    op: &Op,
    values: &[Value<'m>],
) -> Result<Value<'m>, Problem> {
    let shapes: Vec<&Shape> = values.iter().filter_map(shape).collect();
    if let (Op::Channels(channels), [_, _, ..]) = (op, values) {
        return join(view, importer, channels, values);
    }
    let shape = op.output_shape(&shapes).map_err(|reason| view.wrong_shape(reason))?;
    match (op, values) {
        (Op::Add(_) | Op::Mul, [Value::Float(a, first), Value::Float(b, second)]) => {
            let maps = &mut importer.maps;
            let float = match op {
                Op::Mul => gate(view, maps, a, b)?,
                _ => add(view, maps, [a, b], [first, second])?,
            };
            Ok(Value::Float(float, shape))
        }
        (_, [Value::Integer(x)]) => integer(view, &mut importer.maps, op, x, shape).map(Value::Integer),
        (_, [Value::Float(x, _)]) => {
            float(view, &mut importer.maps, op, x, &shape).map(|float| Value::Float(float, shape))
        }
        (Op::Identity, [value]) => Ok(value.clone()),
        (Op::Reshape(_) | Op::Flatten, [Value::Input(index, _)]) => Ok(Value::Input(*index, shape)),
        _ => Err(view.usage("works on floats that were not quantized", QUANTIZE)),
    }
}

fn shape<'a>(value: &'a Value<'_>) -> Option<&'a Shape> {
    match value {
        Value::Integer(integer) => Some(&integer.shape),
        Value::Input(_, shape) | Value::Float(_, shape) => Some(shape),
        Value::Constant(_) | Value::Weights(_) => None,
    }
}

/// The bytes that an operator makes of bytes by moving them; `None` for operators that compute.
fn moved(
    view: &View<'_>,
    maps: &mut Maps,
    op: &Op,
    tensor: usize,
    shape: &Shape,
) -> Result<Option<usize>, Problem> {
    let name = view.node.name.as_str();
    let before = maps.tensors[tensor].shape;
    let map = map_of(shape);
    let (kind, map) = match (op, map) {
        (Op::Identity | Op::Flatten | Op::Reshape(_), _) => return Ok(Some(tensor)),
        (Op::Transpose(axes), _) if keeps_order(axes, before) => return Ok(Some(tensor)),
        (Op::Transpose(_), _) => {
            return Err(view.usage("moves axes of a map", "transposes that move no element are supported"));
        }
        (Op::MaxPool(pooling), Some(map)) => (Kind::MaxPool(pooling.pool), map),
        (Op::Resize(factor), Some(map)) => (Kind::Resize { factor: *factor }, map),
        (Op::Channels(channels), Some(map)) => {
            let map = match shape.dims() {
                [channels] => MapShape { channels: *channels, height: 1, width: 1 },
                _ => map,
            };
            (Kind::Channels { sources: channels.sources.clone() }, map)
        }
        _ => return Ok(None),
    };
    let quantization = maps.quantization(tensor);
    Ok(Some(maps.layer(name, op.name(), vec![tensor], map, Some(quantization), kind)))
}

/// Whether a transpose of `[channels, height, width]` moves only axes of size 1.
fn keeps_order(axes: &[usize], map: MapShape) -> bool {
    let sizes = [map.channels, map.height, map.width];
    let real: Vec<usize> =
        axes.iter().copied().filter(|&axis| sizes.get(axis).is_some_and(|&size| size > 1)).collect();
    real.is_sorted()
}

/// An operator on uint8 or int8.
fn integer(view: &View<'_>, maps: &mut Maps, op: &Op, x: &Integer, shape: Shape) -> Result<Integer, Problem> {
    match moved(view, maps, op, x.tensor, &shape)? {
        Some(tensor) => Ok(Integer { tensor, element: x.element, shape }),
        None => Err(view.usage(
            "computes with integers",
            "put a DequantizeLinear before it and a QuantizeLinear behind it",
        )),
    }
}

/// An operator on floats.
fn float(view: &View<'_>, maps: &mut Maps, op: &Op, x: &Float, shape: &Shape) -> Result<Float, Problem> {
    match (op, x) {
        (_, Float::Softmax(_)) => {
            Err(view.usage("follows a Softmax", "Softmax is supported as the network's output only"))
        }
        (Op::Identity | Op::Flatten | Op::Reshape(_), _) => Ok(x.clone()),
        (Op::Clip(clamp), _) => Ok(clip(x, *clamp)),
        (Op::Bias(values), Float::Real(real)) if uniform(&values.to_vec()).is_none() => {
            by_channel(view, maps, real, values.to_vec(), Function::Plus)
        }
        (Op::Bias(values), _) => add_constant(view, x, &values.to_vec()),
        (Op::Scale(values), Float::Linear(linear)) => Ok(scaled(linear, values)),
        (Op::Scale(values), Float::Real(real)) => match uniform(&values.to_vec()) {
            Some(factor) => Ok(mapped(real, |x| x * factor)),
            None => by_channel(view, maps, real, values.to_vec(), Function::Times),
        },
        (Op::Unary(unary), Float::Real(real)) => Ok(mapped(real, |x| real::apply(*unary, x))),
        (Op::MaxPool(_), Float::Real(real)) if !real::is_monotone(&real.values) => {
            Err(view.usage("takes the maximum of a function that falls somewhere", QUANTIZE))
        }
        (Op::AveragePool { pooling, count_include_pad }, Float::Real(real)) => {
            match settled(view, maps, real) {
                Some(real) => mean(view, &real, pooling, *count_include_pad, shape),
                None => Err(view.usage("averages what was computed in float and not quantized", QUANTIZE)),
            }
        }
        (Op::Pad(pads), Float::Real(real)) => match real.affine {
            Some(quantization) => {
                let tensor = maps.pad(&view.node.name, real.tensor, *pads, quantization);
                Ok(Float::Real(Real { tensor, ..real.clone() }))
            }
            None => Err(view.usage("pads a map that was computed in float", QUANTIZE)),
        },
        (Op::Softmax, Float::Real(real)) => Ok(Float::Softmax(real.clone())),
        (_, Float::Real(real)) => match moved(view, maps, op, real.tensor, shape)? {
            Some(tensor) => Ok(Float::Real(Real { tensor, ..real.clone() })),
            None => Err(view.usage(
                "is not supported between DequantizeLinear and QuantizeLinear",
                "leave it out, or fold it into a convolution",
            )),
        },
        _ => Err(view.usage("follows an operator whose result was not quantized", QUANTIZE)),
    }
}

fn mapped(real: &Real, function: impl Fn(f32) -> f32) -> Float {
    let values = Box::new(real.values.map(function));
    Float::Real(Real { tensor: real.tensor, values, affine: None })
}

/// A constant for each channel of dequantized bytes.
fn by_channel(
    view: &View<'_>,
    maps: &mut Maps,
    real: &Real,
    values: Vec<f32>,
    function: Function,
) -> Result<Float, Problem> {
    let x = settled(view, maps, real);
    let x = x.ok_or_else(|| view.usage("reads what was computed in float and not quantized", QUANTIZE))?;
    if maps.tensors[x.tensor].shape.channels != values.len() {
        return Err(view.usage("reads a map that was flattened", "put it before the Flatten"));
    }
    Ok(Float::Channels { x, values, function, clamp: Clamp::NONE })
}

fn clip(x: &Float, next: Clamp) -> Float {
    match x {
        Float::Real(real) => mapped(real, |x| next.apply(x)),
        Float::Linear(linear) => {
            let clamp = linear.clamp.then(next);
            Float::Linear(Rc::new(Linear { clamp, ..Linear::clone(linear) }))
        }
        Float::Sum(operands, clamp) => Float::Sum(operands.clone(), clamp.then(next)),
        Float::Mean { op, x, pool, count_include_pad, map, clamp } => {
            let (x, pool, count_include_pad) = (x.clone(), *pool, *count_include_pad);
            Float::Mean { op, x, pool, count_include_pad, map: *map, clamp: clamp.then(next) }
        }
        Float::Parts { parts, sources, map } => {
            let clipped = parts.iter().map(|part| Real {
                values: Box::new(part.values.map(|x| next.apply(x))),
                affine: None,
                ..part.clone()
            });
            Float::Parts { parts: clipped.collect(), sources: sources.clone(), map: *map }
        }
        Float::Channels { x, values, function, clamp } => Float::Channels {
            x: x.clone(),
            values: values.clone(),
            function: *function,
            clamp: clamp.then(next),
        },
        Float::Softmax(_) => x.clone(),
    }
}

/// The one value that a constant repeats.
fn uniform(values: &[f32]) -> Option<f32> {
    let (first, rest) = values.split_first()?;
    rest.iter().all(|value| value == first).then_some(*first)
}

/// Sums times factors: what an integer convolution is given as its scale.
fn scaled(linear: &Linear, factors: &Array1<f32>) -> Float {
    let scales = linear.scales.iter().zip(factors).map(|(scale, factor)| scale * factor).collect();
    Float::Linear(Rc::new(Linear { scales, ..linear.clone() }))
}

/// A constant, or one of each channel of sums, added.
pub(super) fn add_constant(view: &View<'_>, x: &Float, values: &[f32]) -> Result<Float, Problem> {
    match (x, uniform(values)) {
        (Float::Real(real), Some(value)) => Ok(mapped(real, |x| x + value)),
        (Float::Linear(linear), _) if linear.clamp == Clamp::NONE => {
            let step =
                |channel: usize| f64::from(linear.quantization.scale) * f64::from(linear.scales[channel]);
            let steps = |channel: usize| {
                let value = values[channel % values.len()];
                (f64::from(value) / step(channel)).round_ties_even() as i32
            };
            let bias =
                linear.bias.iter().enumerate().map(|(channel, bias)| bias.saturating_add(steps(channel)));
            let bias = bias.collect();
            Ok(Float::Linear(Rc::new(Linear { bias, ..Linear::clone(linear) })))
        }
        _ => Err(view
            .usage("adds constants that differ by channel", "make them the bias of the convolution before")),
    }
}

/// A map times a function of itself.
fn gate(view: &View<'_>, maps: &Maps, a: &Float, b: &Float) -> Result<Float, Problem> {
    let both = match (a, b) {
        (Float::Real(a), Float::Real(b)) => common(maps, a, b, |a, b| a * b),
        _ => None,
    };
    both.map(Float::Real).ok_or_else(|| product(view))
}

/// The error for products that are no function of one map.
pub(super) fn product(view: &View<'_>) -> Problem {
    view.usage(
        "multiplies two activations, which the accelerator cannot do",
        "only gates, a map times a function of itself (SiLU, hard swish), run: they are one function of each byte",
    )
}

/// Two functions of one map as one.
pub(super) fn common(maps: &Maps, a: &Real, b: &Real, join: impl Fn(f32, f32) -> f32) -> Option<Real> {
    let [a, b] = [a, b].map(|real| traced(maps, real));
    let start = |(tensor, _): &(usize, Box<Reals>)| *tensor;
    // The map that both are functions of, if one is not made of the other by tables.
    let (tensor, a, b) = a.iter().find_map(|first| {
        let second = b.iter().find(|second| start(second) == start(first))?;
        Some((start(first), &first.1, &second.1))
    })?;
    let values = Box::new(std::array::from_fn(|index| join(a[index], b[index])));
    Some(Real { tensor, values, affine: None })
}

/// What a function of bytes is a function of: its map, the one that this is made of by a table, and so on.
fn traced(maps: &Maps, real: &Real) -> Vec<(usize, Box<Reals>)> {
    let mut steps = vec![(real.tensor, real.values.clone())];
    while let Some((tensor, values)) = steps.last() {
        let Some(layer) = maps.layers.iter().find(|layer| layer.output == *tensor) else { break };
        let Kind::Unary { table } = &layer.kind else { break };
        let before = std::array::from_fn(|index| values[usize::from(table[index] as u8)]);
        steps.push((layer.inputs[0], Box::new(before)));
    }
    steps
}

/// The same values as dequantized bytes, if a table can make them: of a ReLU, for example.
fn settled(view: &View<'_>, maps: &mut Maps, real: &Real) -> Option<Real> {
    if real.affine.is_some() {
        return Some(real.clone());
    }
    let quantization = maps.quantization(real.tensor);
    let table = real::table(&real.values, quantization);
    let values = real::dequantized(quantization);
    let exact =
        { table.iter().zip(real.values.iter()) }.all(|(&q, real)| values[usize::from(q as u8)] == *real);
    exact.then(|| {
        let tensor = maps.unary(&view.node.name, "Clip", real.tensor, quantization, table);
        Real { tensor, values: Box::new(values), affine: Some(quantization) }
    })
}

fn add(view: &View<'_>, maps: &mut Maps, [a, b]: [&Float; 2], shapes: [&Shape; 2]) -> Result<Float, Problem> {
    let (Float::Real(a), Float::Real(b)) = (a, b) else {
        return Err(view.usage("adds maps that were computed in float and not quantized", QUANTIZE));
    };
    if let Some(both) = common(maps, a, b, |a, b| a + b).filter(|_| shapes[0] == shapes[1]) {
        return Ok(Float::Real(both));
    }
    let settled = [a, b].map(|real| settled(view, maps, real).unwrap_or_else(|| real.clone()));
    sum(view, settled, shapes)
}

/// The sum of two maps.
pub(super) fn sum(view: &View<'_>, operands: [Real; 2], [a, b]: [&Shape; 2]) -> Result<Float, Problem> {
    if a != b {
        let reason = format!("adds tensors of the shapes {a} and {b}");
        return Err(view.usage(reason, "both must have the same shape"));
    }
    if operands.iter().any(|operand| operand.affine.is_none()) {
        return Err(view.usage("adds maps that were computed in float and not quantized", QUANTIZE));
    }
    Ok(Float::Sum(operands, Clamp::NONE))
}

fn mean(
    view: &View<'_>,
    real: &Real,
    pooling: &Pooling,
    count_include_pad: bool,
    shape: &Shape,
) -> Result<Float, Problem> {
    let map = map_of(shape).ok_or_else(|| view.usage("makes no map", QUANTIZE))?;
    let clamp = Clamp::NONE;
    let op = match view.node.proto.op_type() {
        "AveragePool" | "QLinearAveragePool" => "AveragePool",
        _ => GLOBAL,
    };
    Ok(Float::Mean { op, x: real.clone(), pool: pooling.pool, count_include_pad, map, clamp })
}

/// `QLinearAveragePool` and `QLinearGlobalAveragePool`.
pub(super) fn pooling(view: &View<'_>, importer: &mut Importer, x: Float) -> Result<(Float, Shape), Problem> {
    if view.node.int("channels_last", 0)? != 0 {
        return Err(view.node.unsupported("channels_last", 1, "maps must be channels x height x width"));
    }
    let global = view.node.proto.op_type() == "QLinearGlobalAveragePool";
    let (pooling, _) = match global {
        true => window::global(&view.node, "GlobalAveragePool")?,
        false => window::pooling(&view.node, "AveragePool")?,
    };
    let count_include_pad = view.node.int("count_include_pad", 0)? != 0;
    let op = Op::AveragePool { pooling, count_include_pad };
    let before = &view.integer(0)?.shape;
    let shape = op.output_shape(&[before]).map_err(|reason| view.wrong_shape(reason))?;
    Ok((float(view, &mut importer.maps, &op, &x, &shape)?, shape))
}

/// Channels of several tensors.
fn join<'m>(
    view: &View<'m>,
    importer: &mut Importer,
    channels: &Channels,
    values: &[Value<'m>],
) -> Result<Value<'m>, Problem> {
    let maps = &mut importer.maps;
    let shapes: Vec<&Shape> = values.iter().filter_map(shape).collect();
    let mut dims = shapes[0].dims().to_vec();
    if shapes.iter().any(|shape| shape.dims()[1..] != dims[1..]) {
        return Err(
            view.usage("joins tensors of different sizes", "check the model with onnx.checker.check_model")
        );
    }
    dims[0] = channels.sources.len();
    let joined = view.shape_of(dims)?;
    if let [Value::Integer(first), ..] = values {
        let quantization = maps.quantization(first.tensor);
        let (mut inputs, element) = (Vec::new(), first.element);
        for value in values {
            match value {
                Value::Integer(part) if part.element == element => {
                    inputs.push(maps.read_as(part.tensor, quantization));
                }
                _ => return Err(view.usage("joins tensors of different types", QUANTIZE)),
            }
        }
        whole(view, maps, &inputs, &shapes)?;
        let map = map_of(&joined).expect("as the parts");
        let kind = Kind::Channels { sources: channels.sources.clone() };
        let tensor = maps.layer(&view.node.name, "Concat", inputs, map, Some(quantization), kind);
        return Ok(Value::Integer(Integer { tensor, element, shape: joined }));
    }
    let parts = values.iter().zip(&shapes).map(|(value, shape)| match value {
        Value::Float(Float::Real(real), _) => Ok((real.clone(), (*shape).clone())),
        _ => Err(view.usage("joins maps that were computed in float and not quantized", QUANTIZE)),
    });
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    concat(view, maps, parts, 1).map(|(float, shape)| Value::Float(float, shape))
}

/// Maps that were flattened cannot be joined as channels.
fn whole(view: &View<'_>, maps: &Maps, tensors: &[usize], shapes: &[&Shape]) -> Result<(), Problem> {
    let channels =
        |(&tensor, shape): (&usize, &&Shape)| maps.tensors[tensor].shape.channels == shape.dims()[0];
    match tensors.iter().zip(shapes).all(channels) {
        true => Ok(()),
        false => Err(view.usage("joins maps that were flattened", "join them first, and flatten the result")),
    }
}

/// Parts side by side.
pub(super) fn concat(
    view: &View<'_>,
    maps: &Maps,
    parts: Vec<(Real, Shape)>,
    axis: i64,
) -> Result<(Float, Shape), Problem> {
    let shapes: Vec<&Shape> = parts.iter().map(|(_, shape)| shape).collect();
    let rank = shapes.first().map_or(0, |shape| shape.dims().len()) + 1;
    if shapes.is_empty() || view.node.axes(&[axis], rank)? != [1] {
        return Err(view.node.unsupported("axis", axis, "only channels, axis 1, can be concatenated"));
    }
    let mut dims = shapes[0].dims().to_vec();
    if shapes.iter().any(|shape| shape.dims()[1..] != dims[1..]) {
        return Err(
            view.usage("joins tensors of different sizes", "check the model with onnx.checker.check_model")
        );
    }
    let tensors: Vec<usize> = parts.iter().map(|(real, _)| real.tensor).collect();
    whole(view, maps, &tensors, &shapes)?;
    let sources = Channels::concat(shapes.iter().map(|shape| shape.dims()[0])).sources;
    dims[0] = sources.len();
    let shape = view.shape_of(dims)?;
    let map = MapShape { channels: sources.len(), ..maps.tensors[tensors[0]].shape };
    let parts = parts.into_iter().map(|(real, _)| real).collect();
    Ok((Float::Parts { parts, sources, map }, shape))
}
