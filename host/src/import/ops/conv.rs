//! `Conv` in two dimensions.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::{Clamp, Conv, Op, Origin, ShapeError};
use ndarray::{Array1, Array4};
use pleach_spec::network::ConvGeometry;

/// Largest stride, dilation and padding; beyond it a file is damaged.
const MAX_STEP: i64 = 1 << 16;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, shape) = node.activation(0, "X")?;
    let &[_, height, width] = shape.dims() else {
        return Err(Problem::Shape {
            node: node.name.clone(),
            operator: "Conv".to_owned(),
            reason: ShapeError::Rank { expected: "a map of channels x height x width", found: shape.clone() },
        });
    };
    let weights: Array4<f32> = node.weights(1, "W", "4 dimensions (2-D convolution)")?;
    let (channels, _, kernel_h, kernel_w) = weights.dim();
    let kernel = [kernel_h, kernel_w];
    if let Some(declared) = node.ints("kernel_shape")
        && *declared != kernel.map(|size| size as i64)
    {
        return Err(node.unsupported(
            "kernel_shape",
            format!("{declared:?}"),
            &format!("the weights have a {kernel_h}x{kernel_w} kernel"),
        ));
    }
    let stride = steps(node, "strides", [1; 2], 1)?;
    let dilation = steps(node, "dilations", [1; 2], 1)?;
    let groups = node.int("group", 1)?;
    let groups = usize::try_from(groups).ok().filter(|&groups| groups > 0);
    let groups =
        groups.ok_or_else(|| node.unsupported("group", "0 or less", "1 or more groups are needed"))?;
    let pads = pads(node, [height, width], kernel, stride, dilation)?;
    let bias = if node.has_input(2) { node.vector(2, "B", channels)? } else { Array1::zeros(channels) };
    let conv = Conv {
        origin: Origin::Conv,
        geometry: ConvGeometry { kernel, stride, dilation, pads, groups },
        weights: weights.into_shared(),
        bias,
        clamp: Clamp::NONE,
    };
    Ok(Imported::Node(Op::Conv(conv), x))
}

/// A list of `N` sizes, none of them below `least`.
fn steps<const N: usize>(
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
fn pads(
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
