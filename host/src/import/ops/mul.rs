//! `Mul` of two activations of one shape, as in SiLU, of a map and one value a channel, as in squeeze and excitation, or by a constant
//! per channel.

use super::super::error::Problem;
use super::super::node::{Chain, Imported, Node};
use super::add::constant_operand;
use crate::graph::{Op, is_gate};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    if let Some((values, x)) = constant_operand(node)? {
        return Ok(Imported::Node(Op::Scale(values), x));
    }
    let [(a, a_shape), (b, b_shape)] = [node.activation(0, "A")?, node.activation(1, "B")?];
    // The gate comes second.
    let inputs = if is_gate(b_shape, a_shape) && a_shape != b_shape { vec![b, a] } else { vec![a, b] };
    Ok(Imported::Outputs(vec![Chain { inputs, ops: vec![Op::Mul] }]))
}
