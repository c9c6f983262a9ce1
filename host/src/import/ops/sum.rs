//! `Sum` of one or two tensors, as older exporters write the addition of a residual block.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use super::add;
use crate::graph::Op;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    match node.inputs.len() {
        1 => Ok(Imported::Node(Op::Identity, node.activation(0, "data_0")?.0)),
        2 => add::import(node),
        count => {
            Err(node.usage(format!("adds {count} tensors"), "two can be added; use Add one behind the other"))
        }
    }
}
