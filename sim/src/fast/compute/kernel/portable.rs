//! The inner loops as they are meant, for any processor.

use super::{Bytes, COLUMNS, Matrix, Operands, PIXELS, Quad, Sums};
use crate::fast::compute::gather::{Taps, Tile};
use crate::fast::compute::lanes::{Blend, Lanes};
use pleach_spec::VECTOR;

/// See [`super::Kernel::multiply`].
pub fn multiply(matrix: &Matrix, operands: Operands<'_>, pixels: usize, sums: &mut Sums) {
    for (vector, whole) in matrix.whole() {
        for (index, weights) in whole.iter().enumerate() {
            let channels = std::array::from_fn(|channel| (4 * index + channel) as u8);
            add(operands, vector, &Quad([channels; COLUMNS]), weights, &mut sums[..pixels]);
        }
    }
    for (vector, picked) in matrix.picked() {
        add(operands, vector, &picked.channels, &picked.weights, &mut sums[..pixels]);
    }
}

fn add(
    operands: Operands<'_>,
    vector: usize,
    channels: &Quad<u8>,
    weights: &Quad<i8>,
    sums: &mut [[i32; COLUMNS]],
) {
    for (sums, &place) in sums.iter_mut().zip(&operands.places[vector]) {
        let vector = &operands.vectors[place as usize];
        for ((sum, channels), weights) in sums.iter_mut().zip(&channels.0).zip(&weights.0) {
            for (&channel, &weight) in channels.iter().zip(weights) {
                let activation = vector[usize::from(channel) % VECTOR];
                *sum = sum.wrapping_add(i32::from(activation) * i32::from(weight));
            }
        }
    }
}

/// See [`super::Kernel::outside`].
pub fn outside(taps: &Taps, tile: &Tile, outside: &mut Vec<u16>) {
    outside.clear();
    outside.extend(taps.taps.iter().map(|[dx, dy]| {
        tile.ix.iter().zip(&tile.iy).enumerate().fold(0, |outside, (pixel, (ix, iy))| {
            let inside = (((ix + dx) as u32) < taps.width) & (((iy + dy) as u32) < taps.height);
            outside | u16::from(!inside) << pixel
        })
    }));
}

/// See [`super::Kernel::locate`].
pub fn locate(taps: &Taps, tile: &Tile, outside: &[u16], places: &mut [[u32; PIXELS]]) {
    for (places, entry) in places.iter_mut().zip(&taps.entries) {
        let outside = outside[entry.tap];
        for (pixel, (place, address)) in places.iter_mut().zip(&tile.addresses).enumerate() {
            *place = match outside >> pixel & 1 {
                0 => address.wrapping_add(entry.offset) & tile.mask,
                _ => tile.mask + 1,
            };
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
