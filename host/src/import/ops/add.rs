//! `Add` of two activations of one shape, or of a constant per channel, as behind a `MatMul`.

use super::super::error::Problem;
use super::super::node::{Chain, Imported, Node};
use crate::graph::{Clamp, Op, Shape, TensorId, join};
use ndarray::{Array1, ArrayD};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    if let Some((values, x)) = constant_operand(node)? {
        return Ok(Imported::Node(Op::Bias(values), x));
    }
    let inputs = vec![node.activation(0, "A")?.0, node.activation(1, "B")?.0];
    Ok(Imported::Outputs(vec![Chain { inputs, ops: vec![Op::Add(Clamp::NONE)] }]))
}

/// The constant operand of a node of two operands, as one value per channel of the other one; `None` where both are activations.
pub(super) fn constant_operand(node: &Node<'_>) -> Result<Option<(Array1<f32>, TensorId)>, Problem> {
    let Some(constant) = [0, 1].into_iter().find(|&index| node.is_constant(index)) else { return Ok(None) };
    let (x, shape) = node.activation(1 - constant, "operand")?;
    let values = node.finite(constant, "operand")?;
    let found = join(values.shape());
    let values = per_channel(values, shape).ok_or_else(|| {
        node.constant_shape("operand", found, format!("a scalar or one value per channel of {shape}"))
    })?;
    Ok(Some((values, x)))
}

/// One value per channel, where the constant broadcasts over everything else.
pub(super) fn per_channel(values: ArrayD<f32>, x: &Shape) -> Option<Array1<f32>> {
    let channels = x.dims()[0];
    // Shapes are aligned at their ends; the channel is followed by the map's height and width.
    let behind = x.dims().len() - 1;
    let dims = values.shape();
    let channel_axis = dims.len().checked_sub(behind + 1);
    let only_channels = dims.iter().enumerate().all(|(axis, &dim)| dim == 1 || Some(axis) == channel_axis);
    let flat: Array1<f32> = values.iter().copied().collect();
    match flat.len() {
        1 => Some(Array1::from_elem(channels, flat[0])),
        length if length == channels && only_channels && dims.len() <= behind + 2 => Some(flat),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::IxDyn;

    #[test]
    fn broadcasts_over_all_but_the_channel() {
        let map = Shape::new(vec![2, 3, 2]).unwrap();
        let vector = Shape::new(vec![2]).unwrap();
        let fits = |dims: &[usize], shape: &Shape| {
            per_channel(ArrayD::from_elem(IxDyn(dims), 1.5), shape) == Some(Array1::from_elem(2, 1.5))
        };
        assert!(
            [&[][..], &[1], &[2, 1, 1], &[1, 2, 1, 1], &[1, 1, 1, 1]].iter().all(|dims| fits(dims, &map))
        );
        assert!([&[2][..], &[1, 2], &[2, 1], &[3, 1], &[1, 1, 2, 1, 1]].iter().all(|dims| !fits(dims, &map)));
        assert!([&[][..], &[1], &[2], &[1, 2], &[1, 1]].iter().all(|dims| fits(dims, &vector)));
        assert!([&[2, 1][..], &[3], &[1, 1, 2]].iter().all(|dims| !fits(dims, &vector)));
    }
}
