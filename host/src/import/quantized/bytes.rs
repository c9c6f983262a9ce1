//! From floats that are to be computed to layers that compute their bytes.

use super::Problem;
use super::channels::{self, Channel};
use super::maps::Maps;
use super::real::{self, byte};
use super::value::{Float, Function, Real};
use super::view::View;
use crate::graph::Clamp;
use pleach_spec::network::Kind;
use pleach_spec::numerics::Quantization;

/// Adds the layers that make the bytes, and returns the tensor with them.
pub(super) fn quantize(
    view: &View<'_>,
    maps: &mut Maps,
    float: &Float,
    y: Quantization,
) -> Result<usize, Problem> {
    let name = view.node.name.as_str();
    match float {
        Float::Real(real) => Ok(function(maps, name, real, y)),
        Float::Linear(linear) => linear.layer(view, maps, y),
        Float::Sum(operands, clamp) => {
            let shape = maps.tensors[operands[0].tensor].shape;
            let inputs = operands.each_ref().map(|operand| {
                let quantization = operand.affine.expect("operands of sums are dequantized bytes");
                maps.read_as(operand.tensor, quantization)
            });
            let kind = Kind::Add { clamp: ends(*clamp, y) };
            Ok(maps.layer(name, "Add", inputs.to_vec(), shape, Some(y), kind))
        }
        Float::Mean { op, x, pool, count_include_pad, map, clamp } => {
            let quantization = x.affine.expect("averages are of dequantized bytes");
            let input = maps.read_as(x.tensor, quantization);
            let kind = Kind::AveragePool { pool: *pool, count_include_pad: *count_include_pad };
            let mean = maps.layer(name, op, vec![input], *map, Some(y), kind);
            let [low, high] = ends(*clamp, y);
            let table = (0..256).map(|index| byte(index).clamp(low, high)).collect();
            Ok(maps.unary(name, "Clip", mean, y, table))
        }
        Float::Parts { parts, sources, map } => {
            let mut inputs = Vec::new();
            for part in parts {
                let bytes = function(maps, name, part, y);
                inputs.push(maps.read_as(bytes, y));
            }
            let kind = Kind::Channels { sources: sources.clone() };
            Ok(maps.layer(name, "Concat", inputs, *map, Some(y), kind))
        }
        Float::Channels { x, values, function, clamp } => {
            let quantization = x.affine.expect("constants are for dequantized bytes");
            let channel = |&value: &f32| {
                let of = |real: f32| match function {
                    Function::Plus => real + value,
                    Function::Times => real * value,
                };
                let table = real::table(&x.values.map(|real| clamp.apply(of(real))), y);
                let ratio = f64::from(quantization.scale) / f64::from(y.scale);
                let line = match function {
                    Function::Plus => [ratio, f64::from(value) / f64::from(y.scale)],
                    Function::Times => [ratio * f64::from(value), 0.0],
                };
                Channel { table, line }
            };
            let channels: Vec<Channel> = values.iter().map(channel).collect();
            let ends = ends(*clamp, y);
            channels::apply(view, maps, x.tensor, [quantization, y], ends, &channels)
        }
        Float::Softmax(_) => Err(view.usage(
            "quantizes a Softmax, which the accelerator does not have",
            "end the model at the input of the Softmax, or leave its output in float",
        )),
    }
}

fn function(maps: &mut Maps, name: &str, real: &Real, y: Quantization) -> usize {
    maps.unary(name, "Unary", real.tensor, y, real::table(&real.values, y))
}

fn ends(clamp: Clamp, y: Quantization) -> [i8; 2] {
    [y.quantize(clamp.low()), y.quantize(clamp.high())]
}
