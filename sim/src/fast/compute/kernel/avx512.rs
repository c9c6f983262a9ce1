//! The inner loops in AVX-512: a vector register holds the sums of a pixel, one column a lane.

use super::{Bytes, COLUMNS, Matrix, Operands, PIXELS, Quad, Sums, Whole};
use crate::fast::compute::gather::{Taps, Tile};
use crate::fast::compute::lanes::{Blend, Lanes, Rounding, Wide};
use pleach_spec::VECTOR;
use std::arch::x86_64::*;

/// Vectors from the one whose weights are used to the one whose weights are asked for.
const AHEAD: usize = 8;

/// Whether the processor has one of the extensions that this file needs.
pub fn has(extension: &str) -> bool {
    match extension {
        "avx512f" => is_x86_feature_detected!("avx512f"),
        "avx512bw" => is_x86_feature_detected!("avx512bw"),
        "avx512vnni" => is_x86_feature_detected!("avx512vnni"),
        _ => false,
    }
}

/// The same for each pixel below a constant, written out: in a loop the sums would not stay in registers.
macro_rules! each_pixel {
    ($count:ident, $pixel:ident, $body:block) => {
        each_pixel!(@ $count, $pixel, $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    (@ $count:ident, $pixel:ident, $body:block, $($index:literal)+) => {
        $(if $index < $count {
            let $pixel = $index;
            $body
        })+
    };
}

/// See [`super::Kernel::multiply`].
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub fn multiply(matrix: &Matrix, operands: Operands<'_>, pixels: usize, sums: &mut Sums) {
    check(operands);
    // A whole number of registers, so that they stay registers. What a tile has less of is computed and not looked at.
    match pixels.div_ceil(4) {
        0 | 1 => multiply_of::<4>(matrix, operands, sums),
        2 => multiply_of::<8>(matrix, operands, sums),
        3 => multiply_of::<12>(matrix, operands, sums),
        _ => multiply_of::<16>(matrix, operands, sums),
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn multiply_of<const N: usize>(matrix: &Matrix, operands: Operands<'_>, sums: &mut Sums) {
    let mut registers = [_mm512_setzero_si512(); N];
    each_pixel!(N, pixel, { registers[pixel] = load(&sums[pixel]) });
    let Operands { vectors, places } = operands;
    for (vector, whole) in matrix.whole() {
        let places = &places[vector];
        prefetch(whole);
        let [w0, w1, w2, w3] = whole;
        let (w0, w1, w2, w3) = (quad(w0), quad(w1), quad(w2), quad(w3));
        each_pixel!(N, pixel, {
            // SAFETY: `check` compared every place with the number of vectors.
            let vector = unsafe { vectors.get_unchecked(places[pixel] as usize) };
            let sums = _mm512_dpbusd_epi32(registers[pixel], four(vector, 0), w0);
            let sums = _mm512_dpbusd_epi32(sums, four(vector, 1), w1);
            let sums = _mm512_dpbusd_epi32(sums, four(vector, 2), w2);
            registers[pixel] = _mm512_dpbusd_epi32(sums, four(vector, 3), w3);
        });
    }
    for (place, picked) in matrix.picked() {
        let (channels, weights) = (quad(&picked.channels), quad(&picked.weights));
        let places = &places[place];
        each_pixel!(N, pixel, {
            // SAFETY: `check` compared every place with the number of vectors.
            let operand = unsafe { vectors.get_unchecked(places[pixel] as usize) };
            let vector = _mm512_broadcast_i32x4(vector(operand));
            let activations = _mm512_shuffle_epi8(vector, channels);
            registers[pixel] = _mm512_dpbusd_epi32(registers[pixel], activations, weights);
        });
    }
    each_pixel!(N, pixel, { store(&mut sums[pixel], registers[pixel]) });
}

/// Asks for the weights of a vector that comes soon: they are used for sixteen pixels only, and come from far away.
#[inline]
#[target_feature(enable = "avx512f")]
fn prefetch(whole: &Whole) {
    let ahead = std::ptr::from_ref(whole).wrapping_add(AHEAD).cast::<i8>();
    for line in 0..size_of::<Whole>() / 64 {
        _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(64 * line));
    }
}

/// See [`super::Kernel::outside`].
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub fn outside(taps: &Taps, tile: &Tile, outside: &mut Vec<u16>) {
    let (ix, iy) = (positions(&tile.ix), positions(&tile.iy));
    let (width, height) = (_mm512_set1_epi32(taps.width as i32), _mm512_set1_epi32(taps.height as i32));
    outside.clear();
    outside.extend(taps.taps.iter().map(|&[dx, dy]| {
        // Left of the map and above it are large numbers without a sign.
        let (x, y) =
            (_mm512_add_epi32(ix, _mm512_set1_epi32(dx)), _mm512_add_epi32(iy, _mm512_set1_epi32(dy)));
        _mm512_cmpge_epu32_mask(x, width) | _mm512_cmpge_epu32_mask(y, height)
    }));
}

/// See [`super::Kernel::locate`].
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub fn locate(taps: &Taps, tile: &Tile, outside: &[u16], places: &mut [[u32; PIXELS]]) {
    let addresses = indices(&tile.addresses);
    let (mask, padding) = (_mm512_set1_epi32(tile.mask as i32), _mm512_set1_epi32(tile.mask as i32 + 1));
    for (places, entry) in places.iter_mut().zip(&taps.entries) {
        let shifted = _mm512_add_epi32(addresses, _mm512_set1_epi32(entry.offset as i32));
        let inside = _mm512_and_si512(shifted, mask);
        let place = _mm512_mask_blend_epi32(outside[entry.tap], inside, padding);
        // SAFETY: an array of 64 bytes.
        unsafe { _mm512_storeu_si512(places.as_mut_ptr().cast(), place) };
    }
}

/// See [`super::Kernel::requantize`].
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub fn requantize(lanes: &Lanes, pixels: usize, sums: &Sums, bytes: &mut Bytes) {
    let bias = load(lanes.bias());
    for (bytes, sums) in bytes.iter_mut().zip(sums).take(pixels) {
        let sums = _mm512_add_epi32(load(sums), bias);
        let halves = [_mm512_castsi512_si256(sums), _mm512_extracti64x4_epi64::<1>(sums)];
        for (half, sums) in halves.into_iter().enumerate() {
            let products = _mm512_mul_epi32(_mm512_cvtepi32_epi64(sums), wide(&lanes.multiplier()[half]));
            put(bytes, half, round(products, &lanes.rounding()[half]));
        }
    }
}

/// See [`super::Kernel::combine`].
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub fn combine(blend: &Blend, pixels: usize, bytes: &mut Bytes, others: &Bytes) {
    for (bytes, others) in bytes.iter_mut().zip(others).take(pixels) {
        for half in 0..2 {
            let mut sum = _mm512_setzero_si512();
            for (operand, bytes) in blend.combine().operands.iter().zip([&*bytes, others]) {
                let bytes = _mm512_cvtepi8_epi64(eight(bytes, half));
                let distance = _mm512_sub_epi64(bytes, _mm512_set1_epi64(operand.zero_point.into()));
                let products = _mm512_mul_epi32(distance, _mm512_set1_epi64(operand.multiplier.into()));
                sum = _mm512_add_epi64(sum, products);
            }
            put(bytes, half, round(sum, blend.rounding()));
        }
    }
}

/// Eight sums shifted, rounded to even, moved by the zero point and clamped.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn round(products: __m512i, rounding: &Rounding) -> __m512i {
    let sums = _mm512_add_epi64(products, wide(&rounding.half));
    let rounded = _mm512_srav_epi64(sums, wide(&rounding.shift));
    let ties = _mm512_testn_epi64_mask(sums, wide(&rounding.fraction));
    let even = _mm512_mask_and_epi64(rounded, ties, rounded, _mm512_set1_epi64(!1));
    let moved = _mm512_add_epi64(even, wide(&rounding.zero_point));
    _mm512_min_epi64(_mm512_max_epi64(moved, wide(&rounding.low)), wide(&rounding.high))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn put(bytes: &mut [i8; COLUMNS], half: usize, values: __m512i) {
    let eight = _mm_cvtsi128_si64(_mm512_cvtepi64_epi8(values)).to_le_bytes();
    for (byte, value) in bytes[8 * half..].iter_mut().zip(eight) {
        *byte = value as i8;
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn eight(bytes: &[i8; COLUMNS], half: usize) -> __m128i {
    let eight: [u8; 8] = std::array::from_fn(|index| bytes[8 * half + index] as u8);
    _mm_cvtsi64_si128(i64::from_le_bytes(eight))
}

/// Panics if an operand is not there. Apart from the loops that use them, where the processor would be made to take places out of
/// vector registers.
#[inline(never)]
#[target_feature(enable = "avx512f")]
fn check(operands: Operands<'_>) {
    let count = _mm512_set1_epi32(operands.vectors.len() as i32);
    let missing = operands
        .places
        .iter()
        .fold(0, |missing, places| missing | _mm512_cmpge_epu32_mask(indices(places), count));
    assert_eq!(missing, 0, "an operand lies outside of the activation buffer");
}

#[inline]
#[target_feature(enable = "avx512f")]
fn positions(values: &[i32; PIXELS]) -> __m512i {
    // SAFETY: an array of 64 bytes.
    unsafe { _mm512_loadu_si512(values.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn indices(values: &[u32; PIXELS]) -> __m512i {
    // SAFETY: an array of 64 bytes.
    unsafe { _mm512_loadu_si512(values.as_ptr().cast()) }
}

/// Four channels of a vector, for every column.
#[inline]
#[target_feature(enable = "avx512f")]
fn four(vector: &[u8; VECTOR], index: usize) -> __m512i {
    let channels: [u8; 4] = std::array::from_fn(|channel| vector[4 * index + channel]);
    _mm512_set1_epi32(i32::from_le_bytes(channels))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(values: &[i32; COLUMNS]) -> __m512i {
    // SAFETY: an array of 64 bytes.
    unsafe { _mm512_loadu_si512(values.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(values: &mut [i32; COLUMNS], register: __m512i) {
    // SAFETY: an array of 64 bytes.
    unsafe { _mm512_storeu_si512(values.as_mut_ptr().cast(), register) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn quad<T>(quad: &Quad<T>) -> __m512i {
    const { assert!(size_of::<T>() == 1) };
    // SAFETY: an array of 64 bytes.
    unsafe { _mm512_loadu_si512(quad.0.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn wide(values: &Wide) -> __m512i {
    // SAFETY: an array of 64 bytes.
    unsafe { _mm512_loadu_si512(values.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn vector(bytes: &[u8; VECTOR]) -> __m128i {
    // SAFETY: an array of 16 bytes.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}
