//! `LeakyRelu`.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::{Function, Op, Unary};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, _) = node.activation(0, "X")?;
    let alpha = node.float("alpha", 0.01)?;
    Ok(Imported::Node(Op::Unary(Unary::plain(Function::LeakyRelu { alpha })), x))
}
