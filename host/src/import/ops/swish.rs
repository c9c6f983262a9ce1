//! `Swish`: `x * sigmoid(alpha * x)`.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::{Function, Op, Unary};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, _) = node.activation(0, "X")?;
    let alpha = node.float("alpha", 1.0)?;
    if alpha != 1.0 {
        return Err(node.unsupported(
            "alpha",
            alpha,
            "1, the SiLU, is supported; write others as Mul and Sigmoid",
        ));
    }
    Ok(Imported::Node(Op::Unary(Unary::gated(Function::Sigmoid)), x))
}
