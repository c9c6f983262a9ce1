//! `PRelu` with one slope for all channels.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::{Function, Op, Unary};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, _) = node.activation(0, "X")?;
    let slopes = node.finite(1, "slope")?;
    let first = slopes.first().copied().filter(|first| slopes.iter().all(|slope| slope == first));
    let alpha = first.ok_or_else(|| {
        node.usage(
            "has a slope for each channel".to_owned(),
            "one slope for all channels is supported; the CPU runs it otherwise",
        )
    })?;
    Ok(Imported::Node(Op::Unary(Unary::plain(Function::LeakyRelu { alpha })), x))
}
