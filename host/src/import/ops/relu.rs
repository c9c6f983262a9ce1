//! `Relu`.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::{Clamp, Op};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, _) = node.activation(0, "X")?;
    Ok(Imported::Node(Op::Clip(Clamp::RELU), x))
}
