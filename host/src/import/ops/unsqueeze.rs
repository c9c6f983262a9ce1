//! `Unsqueeze` of a vector. The axes are an attribute up to operator set 12, an input from 13 on.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::{Op, Shape};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, shape) = node.activation(0, "data")?;
    let given = node.integers_of("axes", 1, 13)?.unwrap_or_default();
    let rank = shape.dims().len() + 1 + given.len();
    let axes = node.axes(&given, rank)?;
    if axes.contains(&0) {
        return Err(node.unsupported("axes", format!("{given:?}"), "the batch must stay axis 0"));
    }
    let mut rest = shape.dims().iter().copied();
    let dim = |axis: usize| if axes.contains(&axis) { 1 } else { rest.next().unwrap_or(1) };
    let dims = Shape::new((1..rank).map(dim).collect()).expect("as many elements as before");
    Ok(Imported::Node(Op::Reshape(dims), x))
}
