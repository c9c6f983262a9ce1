//! The inner loops as they are meant, for any processor.

use super::{Bytes, COLUMNS, Cell, Matrix, Quad, Sums};
use crate::fast::compute::lanes::{Blend, Lanes};
use pleach_spec::VECTOR;

/// See [`super::Kernel::multiply`].
pub fn multiply(matrix: &Matrix, panel: &[Cell], pixels: usize, sums: &mut Sums) {
    for whole in &matrix.whole {
        let cell = &panel[whole.vector as usize];
        for (index, weights) in whole.weights.iter().enumerate() {
            let channels = std::array::from_fn(|channel| (4 * index + channel) as u8);
            add(cell, &Quad([channels; COLUMNS]), weights, pixels, sums);
        }
    }
    for picked in &matrix.picked {
        add(&panel[picked.vector as usize], &picked.channels, &picked.weights, pixels, sums);
    }
}

fn add(cell: &Cell, channels: &Quad<u8>, weights: &Quad<i8>, pixels: usize, sums: &mut Sums) {
    for (vector, sums) in cell.0.iter().zip(sums).take(pixels) {
        for ((sum, channels), weights) in sums.iter_mut().zip(&channels.0).zip(&weights.0) {
            for (&channel, &weight) in channels.iter().zip(weights) {
                let activation = vector[usize::from(channel) % VECTOR];
                *sum = sum.wrapping_add(i32::from(activation) * i32::from(weight));
            }
        }
    }
}

/// See [`super::Kernel::requantize`].
pub fn requantize(lanes: &Lanes, pixels: usize, sums: &Sums, bytes: &mut Bytes) {
    for (bytes, sums) in bytes.iter_mut().zip(sums).take(pixels) {
        for ((byte, &sum), lane) in bytes.iter_mut().zip(sums).zip(lanes.columns()) {
            *byte = lane.apply(sum);
        }
    }
}

/// See [`super::Kernel::combine`].
pub fn combine(blend: &Blend, pixels: usize, bytes: &mut Bytes, others: &Bytes) {
    for (bytes, others) in bytes.iter_mut().zip(others).take(pixels) {
        for (byte, &other) in bytes.iter_mut().zip(others) {
            *byte = blend.combine().apply(*byte, other);
        }
    }
}
