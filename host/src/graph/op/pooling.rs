//! Windows of pooling operators.

use super::super::shape::{Shape, ShapeError};
use super::map_of;
use pleach_spec::network::Pool;

/// Window of a pooling operator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pooling {
    /// What it was in the ONNX file: `MaxPool`, `GlobalAveragePool`, …
    pub origin: &'static str,
    /// Kernel, stride, padding.
    pub pool: Pool,
    /// The last window may reach beyond the padding: ONNX's `ceil_mode`.
    pub ceil: bool,
}

impl Pooling {
    /// Height and width of the output, `None` where no window fits.
    pub fn output(&self, input: [usize; 2]) -> Option<[usize; 2]> {
        let floor = self.pool.output(input)?;
        let one = |axis: usize| {
            let Pool { kernel, stride, dilation, pads } = self.pool;
            let room = input[axis] + pads[axis] + pads[axis + 2] - (dilation[axis] * (kernel[axis] - 1) + 1);
            // A window that would begin in the trailing padding is left out.
            let begins = floor[axis] * stride[axis] < input[axis] + pads[axis];
            floor[axis] + usize::from(self.ceil && !room.is_multiple_of(stride[axis]) && begins)
        };
        Some([one(0), one(1)])
    }

    pub(super) fn output_shape(&self, x: &Shape) -> Result<Shape, ShapeError> {
        let map = map_of(x)?;
        let misfit = || ShapeError::Kernel { kernel: self.pool.kernel, shape: x.clone() };
        let [height, width] = self.output([map.height, map.width]).ok_or_else(misfit)?;
        let covered =
            |axis: usize, size: usize, count: usize| (0..count).all(|at| self.pool.covers(axis, at, size));
        if !(covered(0, map.height, height) && covered(1, map.width, width)) {
            return Err(ShapeError::Padding { kernel: self.pool.kernel, shape: x.clone() });
        }
        Shape::new(vec![map.channels, height, width])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_with_and_without_ceil_mode() {
        let of = |input: usize, kernel: usize, stride: usize, pad: usize, ceil: bool| {
            let pool = Pool { kernel: [kernel; 2], stride: [stride; 2], dilation: [1; 2], pads: [pad; 4] };
            Pooling { origin: "MaxPool", pool, ceil }.output([input; 2]).map(|[height, _]| height)
        };
        assert_eq!((of(112, 3, 2, 1, false), of(112, 3, 2, 1, true)), (Some(56), Some(57)));
        assert_eq!((of(112, 3, 2, 0, false), of(112, 3, 2, 0, true)), (Some(55), Some(56)));
        assert_eq!((of(5, 3, 2, 0, false), of(5, 3, 2, 0, true)), (Some(2), Some(2)));
        // The third window would begin at 4, behind the padding on the left and the map of 3.
        assert_eq!(of(3, 2, 2, 1, true), Some(2));
        assert_eq!(of(2, 3, 1, 0, true), None);
    }
}
