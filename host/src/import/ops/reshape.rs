//! `Reshape` of all but the batch.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::{Op, Shape};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, shape) = node.activation(0, "data")?;
    let target = node.integers(1, "shape")?;
    let mut source = vec![1];
    source.extend_from_slice(shape.dims());
    let dims = resolve(&target, &source, node.int("allowzero", 0)? != 0);
    let op = match dims.as_deref() {
        Some(dims) if dims == source => Op::Identity,
        Some([1, _]) => Op::Flatten,
        Some([1, dims @ ..]) if !dims.is_empty() => {
            Op::Reshape(Shape::new(dims.to_vec()).expect("as many elements as before"))
        }
        _ => {
            return Err(node.usage(
                format!("reshapes {} to {target:?}", crate::graph::join(&source)),
                "the first dimension must stay the batch, as in [N, -1]",
            ));
        }
    };
    Ok(Imported::Node(op, x))
}

/// The target shape with its 0 (as in the source) and -1 (whatever is left) replaced; `None` where it cannot be.
fn resolve(target: &[i64], source: &[usize], zero_is_zero: bool) -> Option<Vec<usize>> {
    let elements: usize = source.iter().product();
    let fixed = |(axis, &dim): (usize, &i64)| match dim {
        0 if zero_is_zero => None,
        0 => source.get(axis).copied(),
        -1 => Some(1),
        dim => usize::try_from(dim).ok(),
    };
    let mut dims: Vec<usize> = target.iter().enumerate().map(fixed).collect::<Option<_>>()?;
    let product = dims.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim))?;
    let mut open = target.iter().enumerate().filter(|(_, dim)| **dim == -1).map(|(axis, _)| axis);
    if let Some(axis) = open.next() {
        dims[axis] = elements / product;
    }
    let fits = open.next().is_none() && dims.iter().product::<usize>() == elements;
    fits.then_some(dims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_zero_and_minus_one() {
        let of = |target: &[i64]| resolve(target, &[1, 4, 3, 2], false);
        assert_eq!(of(&[1, -1]), Some(vec![1, 24]));
        assert_eq!(of(&[-1, 24]), Some(vec![1, 24]));
        assert_eq!(of(&[0, -1, 2]), Some(vec![1, 12, 2]));
        assert_eq!(of(&[0, 0, 0, 0]), Some(vec![1, 4, 3, 2]));
        for wrong in [&[1, -1, -1][..], &[1, 25], &[1, -2], &[5, -1], &[0, 0, 0, 0, 0], &[i64::MAX, i64::MAX]]
        {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
        assert_eq!(resolve(&[0, -1], &[1, 4], true), None);
    }
}
