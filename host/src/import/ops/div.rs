//! `Div` by a constant: a multiplication with its reciprocal.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use super::add::constant_operand;
use crate::graph::Op;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    const REMEDY: &str = "the divisor must be a constant without zeros; the CPU runs it otherwise";
    if !node.is_constant(1) {
        return Err(node.usage("divides by a tensor".to_owned(), REMEDY));
    }
    let operand = constant_operand(node)?.filter(|(values, _)| values.iter().all(|value| *value != 0.0));
    let (values, x) = operand.ok_or_else(|| node.usage("divides by zero".to_owned(), REMEDY))?;
    let factors = values.mapv(f32::recip);
    match factors.iter().all(|factor| factor.is_finite()) {
        true => Ok(Imported::Node(Op::Scale(factors), x)),
        false => Err(node.usage("has a divisor whose reciprocal is no f32".to_owned(), REMEDY)),
    }
}
