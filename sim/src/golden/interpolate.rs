//! Linear interpolation.

use ndarray::{Array3, ArrayView3};
use pleach_spec::network::Interpolation;

/// Sums of the pixels around each output pixel, each minus the zero point and times its weight.
pub fn sums(input: ArrayView3<i8>, zero_point: i8, interpolation: &Interpolation) -> Array3<i32> {
    let (channels, height, width) = input.dim();
    let [vertical, horizontal] = interpolation.factor;
    Array3::from_shape_fn((channels, height * vertical, width * horizontal), |(c, y, x)| {
        let rows = neighbours(interpolation, 0, y, height);
        let columns = neighbours(interpolation, 1, x, width);
        let pixels = rows.iter().flat_map(|row| columns.iter().map(move |column| (row, column)));
        pixels
            .map(|(&(y, below), &(x, beside))| {
                below * beside * (i32::from(input[(c, y, x)]) - i32::from(zero_point))
            })
            .sum()
    })
}

/// The two pixels of an axis that an output pixel lies between, with their weights; at the edge both are the pixel there.
fn neighbours(interpolation: &Interpolation, axis: usize, output: usize, size: usize) -> [(usize, i32); 2] {
    let steps = 2 * interpolation.factor[axis] as i64;
    let position = interpolation.position(axis, output);
    let (pixel, beyond) = (position.div_euclid(steps), position.rem_euclid(steps));
    let at = |pixel: i64| pixel.clamp(0, size as i64 - 1) as usize;
    [(at(pixel), (steps - beyond) as i32), (at(pixel + 1), beyond as i32)]
}
