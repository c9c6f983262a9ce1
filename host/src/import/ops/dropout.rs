//! `Dropout` in inference mode, which does nothing.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::Op;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, _) = node.activation(0, "data")?;
    if node.flag(2, "training_mode")? {
        return Err(node.unsupported(
            "training_mode",
            true,
            "export the model in inference mode, model.eval()",
        ));
    }
    Ok(Imported::Node(Op::Identity, x))
}
