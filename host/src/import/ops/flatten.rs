//! `Flatten` of all but the batch.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::Op;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, shape) = node.activation(0, "input")?;
    let axis = node.int("axis", 1)?;
    let rank = shape.dims().len() as i64 + 1;
    if axis != 1 && axis.checked_add(rank) != Some(1) {
        return Err(node.unsupported("axis", axis, "only axis 1, all but the batch, is supported"));
    }
    Ok(Imported::Node(if rank == 2 { Op::Identity } else { Op::Flatten }, x))
}
