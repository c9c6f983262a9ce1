//! Pooling in f32.

use super::super::{Pooling, Shape};
use super::reshape;
use ndarray::parallel::prelude::*;
use ndarray::{Array3, ArrayD, ArrayView2, ArrayView3, Axis};

pub(super) fn maximum(pooling: &Pooling, x: ArrayView3<'_, f32>, y_shape: &Shape) -> ArrayD<f32> {
    windows(pooling, x, y_shape, |channel, rows, columns, _| {
        let mut largest = f32::NEG_INFINITY;
        for &row in rows {
            for &column in columns {
                largest = largest.max(channel[(row, column)]);
            }
        }
        largest
    })
}

pub(super) fn average(
    pooling: &Pooling,
    count_include_pad: bool,
    x: ArrayView3<'_, f32>,
    y_shape: &Shape,
) -> ArrayD<f32> {
    let (_, height, width) = x.dim();
    windows(pooling, x, y_shape, |channel, rows, columns, at| {
        // In f64: global pooling sums tens of thousands of values.
        let mut sum = 0.0;
        for &row in rows {
            for &column in columns {
                sum += f64::from(channel[(row, column)]);
            }
        }
        (sum / pooling.pool.count(at, [height, width], count_include_pad) as f64) as f32
    })
}

/// Calls `value` with a channel, the rows and columns of it that a window covers, and the window's position.
fn windows(
    pooling: &Pooling,
    x: ArrayView3<'_, f32>,
    y_shape: &Shape,
    value: impl Fn(ArrayView2<'_, f32>, &[usize], &[usize], [usize; 2]) -> f32 + Sync,
) -> ArrayD<f32> {
    let map = y_shape.as_map().expect("pooling makes maps");
    let (_, height, width) = x.dim();
    let covered = |axis: usize, count: usize, size: usize| -> Vec<Vec<usize>> {
        let taps = |at| {
            (0..pooling.pool.kernel[axis]).filter_map(move |tap| pooling.pool.source(axis, at, tap, size))
        };
        (0..count).map(|at| taps(at).collect()).collect()
    };
    let (rows, columns) = (covered(0, map.height, height), covered(1, map.width, width));
    let mut y = Array3::zeros((map.channels, map.height, map.width));
    y.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(c, mut out)| {
        let channel = x.index_axis(Axis(0), c);
        for ((row, column), result) in out.indexed_iter_mut() {
            *result = value(channel, &rows[row], &columns[column], [row, column]);
        }
    });
    reshape(y.into_dyn(), y_shape)
}
