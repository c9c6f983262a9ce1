//! `Identity`, of activations and of constants: exporters share weights through it.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::Op;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    if node.is_constant(0) {
        return Ok(Imported::Constant(node.constant(0, "input")?.clone()));
    }
    let (x, _) = node.activation(0, "input")?;
    Ok(Imported::Node(Op::Identity, x))
}
