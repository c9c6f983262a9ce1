//! What operators with a sliding window have in common.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::{Op, Pooling, Shape, ShapeError, TensorId};
use pleach_spec::network::Pool;

/// Largest kernel, stride, dilation and padding; beyond it a file is damaged.
const MAX_STEP: i64 = 1 << 16;

/// A map that a node reads: the tensor, its height and its width.
pub(super) fn map(node: &Node<'_>, what: &'static str) -> Result<(TensorId, [usize; 2]), Problem> {
    let (x, shape) = node.activation(0, what)?;
    match *shape.dims() {
        [_, height, width] => Ok((x, [height, width])),
        _ => Err(not_a_map(node, shape)),
    }
}

fn not_a_map(node: &Node<'_>, shape: &Shape) -> Problem {
    Problem::Shape {
        node: node.name.clone(),
        operator: node.proto.op_type().to_owned(),
        reason: ShapeError::Rank { expected: "a map of channels x height x width", found: shape.clone() },
    }
}

/// The window of a pooling operator, and what it reads.
pub(super) fn pooling(node: &Node<'_>, origin: &'static str) -> Result<(Pooling, TensorId), Problem> {
    let (x, size) = map(node, "X")?;
    if node.ints("kernel_shape").is_none() {
        return Err(node.unsupported("kernel_shape", "(left out)", "the size of the window is needed"));
    }
    let kernel = steps(node, "kernel_shape", [1; 2], 1)?;
    let stride = steps(node, "strides", [1; 2], 1)?;
    let dilation = steps(node, "dilations", [1; 2], 1)?;
    let pads = pads(node, size, kernel, stride, dilation)?;
    let ceil = node.int("ceil_mode", 0)? != 0;
    Ok((Pooling { origin, pool: Pool { kernel, stride, dilation, pads }, ceil }, x))
}

/// A window over the whole map that a node reads.
pub(super) fn global(node: &Node<'_>, origin: &'static str) -> Result<(Pooling, TensorId), Problem> {
    let (x, size) = map(node, "X")?;
    Ok((Pooling { origin, pool: Pool::global(size), ceil: false }, x))
}

/// The average over a whole map as a node of its own.
pub(super) fn global_average<'m>(pooling: Pooling, x: TensorId) -> Imported<'m> {
    Imported::Node(Op::AveragePool { pooling, count_include_pad: false }, x)
}

/// A list of `N` sizes, none of them below `least`.
pub(super) fn steps<const N: usize>(
    node: &Node<'_>,
    name: &'static str,
    default: [usize; N],
    least: i64,
) -> Result<[usize; N], Problem> {
    let Some(values) = node.ints(name) else { return Ok(default) };
    let fits = values.len() == N && values.iter().all(|value| (least..=MAX_STEP).contains(value));
    if !fits {
        let remedy = format!("{N} numbers from {least} to {MAX_STEP} are needed (2-D convolution)");
        return Err(node.unsupported(name, format!("{values:?}"), &remedy));
    }
    let mut sizes = default;
    for (size, &value) in sizes.iter_mut().zip(values) {
        *size = usize::try_from(value).expect("the range was checked");
    }
    Ok(sizes)
}

/// `[top, left, bottom, right]`, explicit or from `auto_pad`.
pub(super) fn pads(
    node: &Node<'_>,
    input: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
) -> Result<[usize; 4], Problem> {
    let auto = node.text("auto_pad", "NOTSET")?;
    let extra_first = match auto.as_str() {
        "NOTSET" | "" => return steps(node, "pads", [0; 4], 0),
        "VALID" => return Ok([0; 4]),
        "SAME_UPPER" => false,
        "SAME_LOWER" => true,
        _ => {
            return Err(node.unsupported(
                "auto_pad",
                auto,
                "NOTSET, VALID, SAME_UPPER and SAME_LOWER are supported",
            ));
        }
    };
    let mut pads = [0; 4];
    for axis in 0..2 {
        // As many outputs as inputs, divided by the stride and rounded up.
        let outputs = input[axis].div_ceil(stride[axis]);
        let span = dilation[axis] * (kernel[axis] - 1) + 1;
        let total = ((outputs - 1) * stride[axis] + span).saturating_sub(input[axis]);
        let (small, large) = (total / 2, total.div_ceil(2));
        (pads[axis], pads[axis + 2]) = if extra_first { (large, small) } else { (small, large) };
    }
    Ok(pads)
}
