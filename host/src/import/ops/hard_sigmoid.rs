//! `HardSigmoid`.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::{Function, Op, Unary};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, _) = node.activation(0, "X")?;
    let (alpha, beta) = (node.float("alpha", 0.2)?, node.float("beta", 0.5)?);
    Ok(Imported::Node(Op::Unary(Unary::plain(Function::HardSigmoid { alpha, beta })), x))
}
