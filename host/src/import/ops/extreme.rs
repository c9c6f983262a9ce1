//! `Max` and `Min` of a tensor and one constant value: a limit.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::{Clamp, Op};

pub(super) fn max<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    import(node, |value| Clamp::new(value, f32::MAX))
}

pub(super) fn min<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    import(node, |value| Clamp::new(f32::MIN, value))
}

fn import<'m>(node: &Node<'m>, clamp: impl Fn(f32) -> Option<Clamp>) -> Result<Imported<'m>, Problem> {
    let constant = [0, 1].into_iter().find(|&index| node.inputs.len() == 2 && node.is_constant(index));
    let Some(constant) = constant else {
        return Err(node.usage(
            "compares tensors with each other".to_owned(),
            "a tensor and one constant value are supported; the CPU runs it otherwise",
        ));
    };
    let (x, shape) = node.activation(1 - constant, "operand")?;
    let limit = node.finite(constant, "operand")?;
    match (limit.len(), limit.ndim() <= shape.dims().len() + 1, limit.first()) {
        (1, true, Some(&value)) => Ok(Imported::Node(Op::Clip(clamp(value).expect("it is finite")), x)),
        _ => Err(node.constant_shape("operand", crate::graph::join(limit.shape()), "one value".to_owned())),
    }
}
