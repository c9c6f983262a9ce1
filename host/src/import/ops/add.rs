//! `Add` of a constant per channel, as behind a `MatMul`.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::{Op, Shape, join};
use ndarray::{Array1, ArrayD};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let constant = if node.is_constant(0) { 0 } else { 1 };
    if !node.is_constant(constant) && node.has_input(constant) {
        return Err(node.usage(
            "adds two activations".to_owned(),
            "only the addition of a constant per channel is supported",
        ));
    }
    let (x, shape) = node.activation(1 - constant, "operand")?;
    let values = node.finite(constant, "operand")?;
    let found = join(values.shape());
    let bias = per_channel(values, shape).ok_or_else(|| {
        node.constant_shape("operand", found, format!("a scalar or one value per channel of {shape}"))
    })?;
    Ok(Imported::Node(Op::Bias(bias), x))
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
