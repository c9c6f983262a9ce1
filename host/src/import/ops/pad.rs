//! `Pad` of a map with zeros. The sizes are an attribute up to operator set 10, an input from 11 on.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use super::window;
use crate::graph::Op;

/// Largest padding; beyond it a file is damaged.
const MAX_PAD: i64 = 1 << 16;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, _) = window::map(node, "data")?;
    let mode = node.text("mode", "constant")?;
    if mode != "constant" {
        return Err(node.unsupported("mode", mode, "only padding with zeros, constant, is supported"));
    }
    let value = if node.opset < 11 {
        node.float("value", 0.0)?
    } else {
        node.scalar(2, "constant_value")?.unwrap_or(0.0)
    };
    if value != 0.0 {
        return Err(node.unsupported("constant_value", value, "only padding with zeros is supported"));
    }
    let given = node.integers_of("pads", 1, 11)?.unwrap_or_default();
    let axes = match node.opset >= 18 {
        true => node.integers_of("axes", 3, 18)?,
        false => None,
    };
    let axes = node.axes(&axes.unwrap_or(vec![0, 1, 2, 3]), 4)?;
    let mut all = [[0; 2]; 4];
    if given.len() != 2 * axes.len() || given.iter().any(|pad| !(0..=MAX_PAD).contains(pad)) {
        let remedy = format!("sizes from 0 to {MAX_PAD} for the begin and the end of each axis are needed");
        return Err(node.unsupported("pads", format!("{given:?}"), &remedy));
    }
    for (index, &axis) in axes.iter().enumerate() {
        all[axis] = [given[index], given[index + axes.len()]].map(|pad| pad as usize);
    }
    match all {
        [[0, 0], [0, 0], [top, bottom], [left, right]] => {
            Ok(Imported::Node(Op::Pad([top, left, bottom, right]), x))
        }
        _ => Err(node.unsupported("pads", format!("{given:?}"), "only height and width can be padded")),
    }
}
