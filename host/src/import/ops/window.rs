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
pub(in crate::import) fn pooling(
    node: &Node<'_>,
    origin: &'static str,
) -> Result<(Pooling, TensorId), Problem> {
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
pub(in crate::import) fn global(
    node: &Node<'_>,
    origin: &'static str,
) -> Result<(Pooling, TensorId), Problem> {
    let (x, size) = map(node, "X")?;
    Ok((Pooling { origin, pool: Pool::global(size), ceil: false }, x))
}

/// The average over a whole map as a node of its own.
pub(super) fn global_average<'m>(pooling: Pooling, x: TensorId) -> Imported<'m> {
    Imported::Node(Op::AveragePool { pooling, count_include_pad: false }, x)
}

/// A list of `N` sizes, none of them below `least`.
pub(in crate::import) fn steps<const N: usize>(
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
pub(in crate::import) fn pads(
    node: &Node<'_>,
    input: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
) -> Result<[usize; 4], Problem> {
    let Some(auto) = Auto::of(node)? else { return steps(node, "pads", [0; 4], 0) };
    let axis = |axis: usize| auto.pads(input[axis], kernel[axis], stride[axis], dilation[axis]);
    let ([top, bottom], [left, right]) = (axis(0), axis(1));
    Ok([top, left, bottom, right])
}

/// `[left, right]` of an operator in one dimension.
pub(in crate::import) fn pads_of_row(
    node: &Node<'_>,
    input: usize,
    kernel: usize,
    stride: usize,
    dilation: usize,
) -> Result<[usize; 2], Problem> {
    match Auto::of(node)? {
        Some(auto) => Ok(auto.pads(input, kernel, stride, dilation)),
        None => steps(node, "pads", [0; 2], 0),
    }
}

/// What `auto_pad` says.
enum Auto {
    Valid,
    SameUpper,
    SameLower,
}

impl Auto {
    /// `None` where the padding is explicit.
    fn of(node: &Node<'_>) -> Result<Option<Self>, Problem> {
        let auto = node.text("auto_pad", "NOTSET")?;
        match auto.as_str() {
            "NOTSET" | "" => Ok(None),
            "VALID" => Ok(Some(Self::Valid)),
            "SAME_UPPER" => Ok(Some(Self::SameUpper)),
            "SAME_LOWER" => Ok(Some(Self::SameLower)),
            _ => {
                let remedy = "NOTSET, VALID, SAME_UPPER and SAME_LOWER are supported";
                Err(node.unsupported("auto_pad", auto, remedy))
            }
        }
    }

    /// Padding at both ends of an axis.
    fn pads(&self, input: usize, kernel: usize, stride: usize, dilation: usize) -> [usize; 2] {
        // As many outputs as inputs, divided by the stride and rounded up.
        let outputs = input.div_ceil(stride);
        let span = dilation * (kernel.max(1) - 1) + 1;
        let total = ((outputs - 1) * stride + span).saturating_sub(input);
        match self {
            Self::Valid => [0, 0],
            Self::SameUpper => [total / 2, total.div_ceil(2)],
            Self::SameLower => [total.div_ceil(2), total / 2],
        }
    }
}
