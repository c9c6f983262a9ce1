//! `Concat` of channels.

use super::super::error::Problem;
use super::super::node::{Chain, Imported, Node};
use crate::graph::{Channels, Op};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (_, shape) = node.activation(0, "input")?;
    let axis = node.int("axis", 1)?;
    if node.axes(&[axis], shape.dims().len() + 1)? != [1] {
        return Err(node.unsupported("axis", axis, "only channels, axis 1, can be concatenated"));
    }
    let (mut inputs, mut counts) = (Vec::new(), Vec::new());
    for index in 0..node.inputs.len() {
        let (x, shape) = node.activation(index, "input")?;
        inputs.push(x);
        counts.push(shape.dims()[0]);
    }
    let ops = vec![Op::Channels(Channels::concat(counts))];
    Ok(Imported::Outputs(vec![Chain { inputs, ops }]))
}
