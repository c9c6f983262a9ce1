//! `MaxPool`, without its second output.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use super::window;
use crate::graph::Op;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (pooling, x) = window::pooling(node, "MaxPool")?;
    Ok(Imported::Node(Op::MaxPool(pooling), x))
}
