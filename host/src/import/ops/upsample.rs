//! `Upsample`, which later became `Resize`: an attribute `scales` up to operator set 8, an input in 9.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use super::{resize, window};
use crate::graph::Op;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, _) = window::map(node, "X")?;
    let mode = node.text("mode", "nearest")?;
    if mode != "nearest" {
        return Err(node.unsupported("mode", mode, "only nearest is supported"));
    }
    let given: Vec<f32> = match node.attribute("scales") {
        Some(attribute) => attribute.floats.clone(),
        None => node.finite(1, "scales")?.iter().copied().collect(),
    };
    let factors = <[f32; 4]>::try_from(given.as_slice()).unwrap_or([0.0; 4]);
    let factor = resize::checked(node, "scales", &given, factors)?;
    Ok(Imported::Node(Op::Resize(factor), x))
}
