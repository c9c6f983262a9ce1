//! `Sub` of a constant, or from one: an addition, or a negation and an addition.

use super::super::error::Problem;
use super::super::node::{Chain, Imported, Node};
use super::add::constant_operand;
use crate::graph::Op;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let Some((values, x)) = constant_operand(node)? else {
        return Err(node.usage(
            "subtracts one tensor from another".to_owned(),
            "one of the operands must be a constant; the CPU runs it otherwise",
        ));
    };
    if node.is_constant(1) {
        return Ok(Imported::Node(Op::Bias(-values), x));
    }
    let negation = Op::Scale(values.mapv(|_| -1.0));
    Ok(Imported::Outputs(vec![Chain { inputs: vec![x], ops: vec![negation, Op::Bias(values)] }]))
}
