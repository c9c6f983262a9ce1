//! Pooling.

use ndarray::{Array3, ArrayView3};
use pleach_spec::network::Pool;
use pleach_spec::numerics::{Requantize, ScaleError};

/// The pixels of a channel that the window of an output pixel covers, without padding.
fn covered<'a>(
    input: ArrayView3<'a, i8>,
    pool: &'a Pool,
    (c, y, x): (usize, usize, usize),
) -> impl Iterator<Item = i8> {
    let (_, height, width) = input.dim();
    let rows = (0..pool.kernel[0]).filter_map(move |ky| pool.source(0, y, ky, height));
    rows.flat_map(move |iy| {
        let columns = (0..pool.kernel[1]).filter_map(move |kx| pool.source(1, x, kx, width));
        columns.map(move |ix| input[(c, iy, ix)])
    })
}

/// The greatest byte of each window; -128 where a window is all padding.
pub fn maximum(input: ArrayView3<i8>, pool: &Pool, output: (usize, usize, usize)) -> Array3<i8> {
    Array3::from_shape_fn(output, |at| covered(input, pool, at).max().unwrap_or(i8::MIN))
}

/// The average of each window; `requantize` is asked for what turns a sum over so many pixels into it.
pub fn average(
    input: ArrayView3<i8>,
    zero_point: i8,
    pool: &Pool,
    count_include_pad: bool,
    output: (usize, usize, usize),
    requantize: impl Fn(usize) -> Result<Requantize, ScaleError>,
) -> Result<Array3<i8>, ScaleError> {
    let (_, height, width) = input.dim();
    let mut averages = Array3::zeros(output);
    for (at, average) in averages.indexed_iter_mut() {
        let sum: i32 = covered(input, pool, at).map(|byte| i32::from(byte) - i32::from(zero_point)).sum();
        let count = pool.count([at.1, at.2], [height, width], count_include_pad);
        *average = requantize(count)?.apply(sum);
    }
    Ok(averages)
}
