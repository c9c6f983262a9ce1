//! `Squeeze` of a map's height and width. The axes are an attribute up to operator set 12, an input from 13 on.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::{Op, Shape};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, shape) = node.activation(0, "data")?;
    let given = node.integers_of("axes", 1, 13)?.unwrap_or_default();
    let axes = node.axes(&given, shape.dims().len() + 1)?;
    let fits = !axes.is_empty() && axes.iter().all(|&axis| axis > 0 && shape.dims()[axis - 1] == 1);
    if !fits {
        return Err(node.unsupported("axes", format!("{given:?}"), "name axes of size 1, without the batch"));
    }
    let kept = shape.dims().iter().enumerate().filter(|(axis, _)| !axes.contains(&(axis + 1)));
    let dims = Shape::new(kept.map(|(_, &dim)| dim).collect()).expect("as many elements as before");
    Ok(Imported::Node(Op::Reshape(dims), x))
}
