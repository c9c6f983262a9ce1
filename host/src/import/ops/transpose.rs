//! `Transpose` of all axes but the batch.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::Op;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, shape) = node.activation(0, "data")?;
    let rank = shape.dims().len() + 1;
    let reversed: Vec<i64> = (0..rank as i64).rev().collect();
    let order = node.axes(node.ints("perm").unwrap_or(&reversed), rank)?;
    match order.split_first() {
        Some((0, axes)) if !axes.contains(&0) => {
            let axes: Vec<usize> = axes.iter().map(|axis| axis - 1).collect();
            let same = axes.iter().copied().eq(0..rank - 1);
            Ok(Imported::Node(if same { Op::Identity } else { Op::Transpose(axes) }, x))
        }
        _ => Err(node.unsupported("perm", format!("{order:?}"), "the batch, axis 0, must stay where it is")),
    }
}
