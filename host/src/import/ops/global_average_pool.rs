//! `GlobalAveragePool`.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use super::window;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (pooling, x) = window::global(node, "GlobalAveragePool")?;
    Ok(window::global_average(pooling, x))
}
