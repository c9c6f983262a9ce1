//! `HardSwish`: `x * clamp(x / 6 + 1/2, 0, 1)`.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::{Function, Op, Unary};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, _) = node.activation(0, "X")?;
    Ok(Imported::Node(Op::Unary(Unary::gated(Function::HardSigmoid { alpha: 1.0 / 6.0, beta: 0.5 })), x))
}
