//! `ReduceMean` over height and width: a global average pooling. The axes are an attribute up to operator set 17, an input from 18
//! on.

use super::super::error::Problem;
use super::super::node::{Chain, Imported, Node};
use super::window;
use crate::graph::{Op, Shape};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (pooling, x) = window::global(node, "ReduceMean")?;
    let given = node.integers_of("axes", 1, 18)?.unwrap_or_default();
    let mut axes = node.axes(&given, 4)?;
    axes.sort_unstable();
    if axes != [2, 3] {
        return Err(node.unsupported(
            "axes",
            format!("{given:?}"),
            "the mean over height and width, [2, 3], is supported",
        ));
    }
    if node.int("keepdims", 1)? != 0 {
        return Ok(window::global_average(pooling, x));
    }
    let (_, shape) = node.activation(0, "data")?;
    let vector = Shape::new(vec![shape.dims()[0]]).expect("a part of a shape");
    let ops = vec![Op::AveragePool { pooling, count_include_pad: false }, Op::Reshape(vector)];
    Ok(Imported::Outputs(vec![Chain { inputs: vec![x], ops }]))
}
