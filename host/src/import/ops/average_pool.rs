//! `AveragePool`.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use super::window;
use crate::graph::Op;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (pooling, x) = window::pooling(node, "AveragePool")?;
    let count_include_pad = node.int("count_include_pad", 0)? != 0;
    Ok(Imported::Node(Op::AveragePool { pooling, count_include_pad }, x))
}
