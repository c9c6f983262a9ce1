//! `Mul` of two activations of one shape, as in SiLU, or by a constant per channel.

use super::super::error::Problem;
use super::super::node::{Chain, Imported, Node};
use super::add::constant_operand;
use crate::graph::Op;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    if let Some((values, x)) = constant_operand(node)? {
        return Ok(Imported::Node(Op::Scale(values), x));
    }
    let inputs = vec![node.activation(0, "A")?.0, node.activation(1, "B")?.0];
    Ok(Imported::Outputs(vec![Chain { inputs, ops: vec![Op::Mul] }]))
}
