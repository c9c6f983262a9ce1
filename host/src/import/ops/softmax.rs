//! `Softmax` over a vector.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::Op;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, _) = node.activation(0, "input")?;
    let axis = node.int("axis", if node.opset < 13 { 1 } else { -1 })?;
    if axis != 1 && axis != -1 {
        return Err(node.unsupported(
            "axis",
            axis,
            "only the classes of a vector, axis 1 or -1, are supported",
        ));
    }
    Ok(Imported::Node(Op::Softmax, x))
}
