//! `Split` of channels. The sizes are an attribute up to operator set 12, an input from 13 on.

use super::super::error::Problem;
use super::super::node::{Chain, Imported, Node};
use crate::graph::{Channels, Op};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, shape) = node.activation(0, "input")?;
    let axis = node.int("axis", 0)?;
    if node.axes(&[axis], shape.dims().len() + 1)? != [1] {
        return Err(node.unsupported("axis", axis, "only channels, axis 1, can be split"));
    }
    let channels = shape.dims()[0];
    let sizes = match node.integers_of("split", 1, 13)? {
        Some(sizes) => sizes.iter().map(|&size| usize::try_from(size).unwrap_or(0)).collect(),
        None => even(channels, node.proto.output.len()),
    };
    if sizes.contains(&0) || sizes.iter().sum::<usize>() != channels || sizes.len() != node.proto.output.len()
    {
        let remedy = format!("a size for each output is needed, {channels} channels in all");
        return Err(node.unsupported("split", format!("{sizes:?}"), &remedy));
    }
    let mut first = 0;
    let part = |size: usize| {
        first += size;
        let op = Op::Channels(Channels::pick("Split", first - size..first));
        Chain { inputs: vec![x], ops: vec![op] }
    };
    Ok(Imported::Outputs(sizes.into_iter().map(part).collect()))
}

/// As even parts as possible, the last one the smallest.
fn even(channels: usize, parts: usize) -> Vec<usize> {
    let size = channels.div_ceil(parts.max(1));
    (0..parts).map(|part| channels.saturating_sub(part * size).min(size)).collect()
}
