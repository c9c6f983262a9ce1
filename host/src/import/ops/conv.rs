//! `Conv` in two dimensions.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use super::window::{pads, steps};
use crate::graph::{Clamp, Conv, Op, Origin, ShapeError};
use ndarray::{Array1, Array4};
use pleach_spec::network::ConvGeometry;

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
