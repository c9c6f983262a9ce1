//! The inner loops in AVX2: a register holds the sums of half the columns of a pixel. Products are made of 16-bit numbers, two a
//! lane: the instruction for bytes saturates.

use super::{Matrix, Operands, Quad, Sums};
use pleach_spec::VECTOR;
use std::arch::x86_64::*;

/// Pixels whose sums are in registers.
const N: usize = 4;

/// See [`super::Kernel::multiply`].
#[target_feature(enable = "avx2")]
pub fn multiply(matrix: &Matrix, operands: Operands<'_>, pixels: usize, sums: &mut Sums) {
    for first in (0..pixels).step_by(N) {
        for half in 0..2 {
            multiply_half(matrix, operands, first, half, sums);
        }
    }
}

/// Columns `8 * half` and following of N pixels.
#[inline]
#[target_feature(enable = "avx2")]
fn multiply_half(matrix: &Matrix, operands: Operands<'_>, first: usize, half: usize, sums: &mut Sums) {
    let mut registers = [_mm256_setzero_si256(); N];
    for pixel in 0..N {
        // SAFETY: eight sums of sixteen.
        registers[pixel] = unsafe { _mm256_loadu_si256(sums[first + pixel][8 * half..].as_ptr().cast()) };
    }
    for (vector, whole) in matrix.whole() {
        let places = &operands.places[vector];
        for index in 0..4 {
            let weights = signed(eight(&whole[index], half));
            for pixel in 0..N {
                let vector = &operands.vectors[places[first + pixel] as usize];
                let channels: [u8; 4] = std::array::from_fn(|channel| vector[4 * index + channel]);
                let activations = _mm256_set1_epi32(i32::from_le_bytes(channels));
                registers[pixel] = add(registers[pixel], activations, weights);
            }
        }
    }
    for (place, picked) in matrix.picked() {
        let places = &operands.places[place];
        let (channels, weights) = (eight(&picked.channels, half), signed(eight(&picked.weights, half)));
        for pixel in 0..N {
            let vector =
                _mm256_broadcastsi128_si256(vector(&operands.vectors[places[first + pixel] as usize]));
            registers[pixel] = add(registers[pixel], _mm256_shuffle_epi8(vector, channels), weights);
        }
    }
    for pixel in 0..N {
        // SAFETY: eight sums of sixteen.
        unsafe { _mm256_storeu_si256(sums[first + pixel][8 * half..].as_mut_ptr().cast(), registers[pixel]) };
    }
}

/// Adds four products to each lane: those of the even bytes and those of the odd ones.
#[inline]
#[target_feature(enable = "avx2")]
fn add(sums: __m256i, activations: __m256i, [even, odd]: [__m256i; 2]) -> __m256i {
    let even_activations = _mm256_and_si256(activations, _mm256_set1_epi16(0xff));
    let odd_activations = _mm256_srli_epi16::<8>(activations);
    let sums = _mm256_add_epi32(sums, _mm256_madd_epi16(even_activations, even));
    _mm256_add_epi32(sums, _mm256_madd_epi16(odd_activations, odd))
}

/// Even and odd bytes, with their signs, as 16-bit numbers.
#[inline]
#[target_feature(enable = "avx2")]
fn signed(bytes: __m256i) -> [__m256i; 2] {
    [_mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(bytes)), _mm256_srai_epi16::<8>(bytes)]
}

/// The bytes of eight columns.
#[inline]
#[target_feature(enable = "avx2")]
fn eight<T>(quad: &Quad<T>, half: usize) -> __m256i {
    const { assert!(size_of::<T>() == 1) };
    // SAFETY: 32 bytes of 64.
    unsafe { _mm256_loadu_si256(quad.0[8 * half..].as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn vector(bytes: &[u8; VECTOR]) -> __m128i {
    // SAFETY: an array of 16 bytes.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}
