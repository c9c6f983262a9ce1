//! From a node of the float graph to a layer of the integer network.

use super::{QuantizeError, conv};
use crate::graph::{Node, Op, Unary};
use pleach_spec::network::{Kind, Layer, Network, Tensor};
use pleach_spec::numerics::{Quantization, ScaleError};

/// Quantizes a node between tensors of the network, given by index.
pub(super) fn quantize(
    node: &Node,
    weights: conv::Weights<'_>,
    inputs: Vec<usize>,
    output: usize,
    network: &Network,
) -> Result<Layer, QuantizeError> {
    let quantization = |tensor: usize| -> Quantization {
        let tensor: &Tensor = &network.tensors[tensor];
        tensor.quantization
    };
    let (x, y) = (quantization(inputs[0]), quantization(output));
    let kind = match &node.op {
        Op::Conv(conv) => Kind::Conv(conv::quantize(&node.name, conv, weights, x, y)?),
        Op::MaxPool(pooling) => Kind::MaxPool(pooling.pool),
        Op::AveragePool { pooling, count_include_pad } => {
            Kind::AveragePool { pool: pooling.pool, count_include_pad: *count_include_pad }
        }
        Op::Add(clamp) => Kind::Add { clamp: conv::clamp(*clamp, y) },
        Op::Channels(channels) => Kind::Channels { sources: channels.sources.clone() },
        Op::Interpolate(interpolation) => Kind::Interpolate(*interpolation),
        Op::Mul if network.tensors[inputs[1]].shape.pixels() == 1 => Kind::Scale,
        Op::Resize(factor) => Kind::Resize { factor: *factor },
        op => match unary(op) {
            Some(unary) => Kind::Unary { table: table(&unary, x, y) },
            None => {
                let (node, operator) = (node.name.clone(), op.name().to_owned());
                return Err(QuantizeError::Operator { node, operator });
            }
        },
    };
    let layer = Layer { name: node.name.clone(), op: node.op.name().to_owned(), inputs, output, kind };
    let failed = |reason| QuantizeError::Factor { layer: layer.name.clone(), reason };
    check_factors(&layer, network).map_err(failed)?;
    Ok(layer)
}

/// The function that an operator applies to each value, if that is what it does.
pub(super) fn unary(op: &Op) -> Option<Unary> {
    match op {
        Op::Unary(unary) => Some(*unary),
        // A clip that no layer before it could take.
        Op::Clip(clamp) => Some(Unary::plain(crate::graph::Function::Clip(*clamp))),
        _ => None,
    }
}

/// The function's result for each byte; the index is the byte as an unsigned number.
fn table(unary: &Unary, x: Quantization, y: Quantization) -> Vec<i8> {
    (0..=u8::MAX).map(|byte| y.quantize(unary.apply(x.dequantize(byte as i8)))).collect()
}

/// The ratios of scales must be such as the arithmetic can work with. Those of convolutions were checked channel by channel.
fn check_factors(layer: &Layer, network: &Network) -> Result<(), ScaleError> {
    match &layer.kind {
        Kind::Conv(_) | Kind::MaxPool(_) | Kind::Unary { .. } => Ok(()),
        Kind::AveragePool { .. } => network.average(layer, 1).map(drop),
        Kind::Add { clamp } => network.combine(layer, *clamp).map(drop),
        Kind::Interpolate(interpolation) => network.average(layer, interpolation.total()).map(drop),
        Kind::Scale => network.product(layer).map(drop),
        Kind::Channels { .. } | Kind::Resize { .. } => {
            (0..layer.inputs.len()).try_for_each(|index| network.rescale(layer, index).map(drop))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Clamp, Function};

    #[test]
    fn a_table_is_the_function_between_the_two_quantizations() {
        let (x, y) =
            (Quantization { scale: 0.1, zero_point: 10 }, Quantization { scale: 0.01, zero_point: -128 });
        let table = table(&Unary::plain(Function::Clip(Clamp::new(-0.5, 1.0).unwrap())), x, y);
        let of = |byte: i8| table[usize::from(byte as u8)];
        // 0.0, 0.3, 1.0 and beyond; below zero the output saturates.
        assert_eq!([10, 13, 20, 127, 9, -128].map(of), [-128, -98, -28, -28, -128, -128]);
    }
}
