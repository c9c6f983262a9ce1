//! Linear interpolation.

use ndarray::ArrayView3;
use pleach_spec::network::Interpolation;

/// The value at a channel, row and column of the enlarged map.
pub(super) fn value(
    interpolation: &Interpolation,
    map: ArrayView3<f32>,
    (c, y, x): (usize, usize, usize),
) -> f32 {
    let (_, height, width) = map.dim();
    let [top, bottom, below] = neighbours(interpolation, 0, y, height);
    let [left, right, beside] = neighbours(interpolation, 1, x, width);
    let row = |y: f32| {
        let at = |x: f32| map[(c, y as usize, x as usize)];
        at(left) * (1.0 - beside) + at(right) * beside
    };
    row(top) * (1.0 - below) + row(bottom) * below
}

/// The pixels before and behind a position, and its distance from the first one.
fn neighbours(interpolation: &Interpolation, axis: usize, output: usize, size: usize) -> [f32; 3] {
    let steps = 2.0 * interpolation.factor[axis] as f32;
    let position = interpolation.position(axis, output) as f32 / steps;
    let at = |pixel: f32| pixel.clamp(0.0, size as f32 - 1.0);
    [at(position.floor()), at(position.floor() + 1.0), position - position.floor()]
}
