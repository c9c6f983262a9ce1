//! `Clip`: limits are attributes up to operator set 10, inputs from 11 on.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::{Clamp, Op};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, _) = node.activation(0, "input")?;
    let (low, high) = if node.opset < 11 {
        (Some(node.float("min", f32::MIN)?), Some(node.float("max", f32::MAX)?))
    } else {
        (node.scalar(1, "min")?, node.scalar(2, "max")?)
    };
    let clamp = Clamp::new(low.unwrap_or(f32::MIN), high.unwrap_or(f32::MAX));
    let clamp = clamp.ok_or_else(|| node.unsupported("min or max", "NaN", "limits must be numbers"))?;
    Ok(Imported::Node(Op::Clip(clamp), x))
}
