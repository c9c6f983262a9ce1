//! Every kind of layer, worked out by hand.

use super::*;
use ndarray::{Array4, array};

#[test]
fn a_convolution_worked_out_by_hand() {
    // 1 channel, 2x3 map, 2x2 kernel, padded on the left only: pixels outside count as the zero point (1).
    let input = array![[[1i8, 2, 3], [4, 5, 6]]];
    let weights = Array4::from_shape_vec((1, 1, 2, 2), vec![1i8, 10, 100, -1]).unwrap();
    let geometry = ConvGeometry { pads: [0, 1, 0, 0], ..ConvGeometry::valid([2, 2]) };
    let sums = convolve(input.view(), 1, weights.view(), &geometry);
    // Minus the zero point the map is 0 1 2 / 3 4 5.
    assert_eq!(sums, array![[[-3, 10 + 300 - 4, 1 + 20 + 400 - 5]]]);
}

#[test]
fn stride_dilation_and_groups_choose_the_right_pixels() {
    let input = Array3::from_shape_fn((2, 5, 5), |(c, y, x)| (c * 50 + y * 5 + x) as i8);
    let weights = Array4::from_shape_vec((2, 1, 1, 2), vec![1i8, 0, 0, 1]).unwrap();
    let geometry =
        ConvGeometry { stride: [2, 1], dilation: [1, 3], groups: 2, ..ConvGeometry::valid([1, 2]) };
    let sums = convolve(input.view(), 0, weights.view(), &geometry);
    assert_eq!(sums.dim(), (2, 3, 2));
    assert_eq!(sums[(0, 1, 1)], 11, "group 0 reads channel 0 at (2, 1)");
    assert_eq!(sums[(1, 2, 0)], 50 + 23, "group 1 reads channel 1 at (4, 3)");
}
