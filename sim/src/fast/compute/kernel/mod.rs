//! The inner loops: sixteen columns by up to sixteen pixels at a time, in the instructions that the processor has.
//!
//! | file | what |
//! |---|---|
//! | `portable` | what every other file must equal |
//! | `avx2` | 256-bit vectors |
//! | `avx512` | 512-bit vectors with dot products of bytes (VNNI) |
//!
//! Bytes of activations are *biased*: 128 greater than what they stand for, so that they have no sign, which is what the
//! instructions for dot products want. [`Matrix::offset`] takes that back. Sums wrap, so they may be made in any order.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
#[cfg(test)]
mod tests;

use super::gather::{Taps, Tile};
use super::lanes::{Blend, Lanes};
use pleach_spec::VECTOR;

/// Columns that are computed together.
pub const COLUMNS: usize = 16;
/// Pixels that are computed together.
pub const PIXELS: usize = 16;
/// What makes a byte without sign of an activation, and back.
pub const BIAS: u8 = 0x80;

/// Sums of a tile `[pixel][column]`.
pub type Sums = [[i32; COLUMNS]; PIXELS];
/// Bytes of a tile `[pixel][column]`.
pub type Bytes = [[i8; COLUMNS]; PIXELS];

/// A vector of activations, biased.
pub type Biased = [u8; VECTOR];

/// The operands of a tile: for each vector of a pixel's operands its place among `vectors`, for each pixel.
#[derive(Clone, Copy)]
pub struct Operands<'a> {
    /// Vectors.
    pub vectors: &'a [Biased],
    /// Indices of them.
    pub places: &'a [[u32; PIXELS]],
}

/// Four bytes for each column.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Quad<T>(pub [[T; 4]; COLUMNS]);

/// The weights of vectors of which most channels count: those of channels 4 i .. 4 i + 4 in the i-th.
pub type Whole = [Quad<i8>; VECTOR / 4];

/// Up to four channels of a vector for each column, each column its own.
#[derive(Clone)]
pub struct Picked {
    /// Which channels.
    pub channels: Quad<u8>,
    /// Their weights; 0 where fewer are needed.
    pub weights: Quad<i8>,
}

/// The weights of sixteen columns, without most of the zeros. What is multiplied by which of a pixel's operands is said apart: it is
/// small, and would take as much room in between as the weights.
#[derive(Clone, Default)]
pub struct Matrix {
    /// Vectors of which most channels count.
    pub whole: Vec<Whole>,
    /// Which these are.
    pub whole_vectors: Vec<u32>,
    /// Vectors of which few do.
    pub picked: Vec<Picked>,
    /// Which these are.
    pub picked_vectors: Vec<u32>,
    /// What sums begin with, so that they come out as if no byte were biased.
    pub offset: [i32; COLUMNS],
}

impl Matrix {
    /// Weights by vector, of those with most channels.
    pub fn whole(&self) -> impl Iterator<Item = (usize, &Whole)> {
        self.whole_vectors.iter().map(|&vector| vector as usize).zip(&self.whole)
    }

    /// Weights by vector, of those with few channels.
    pub fn picked(&self) -> impl Iterator<Item = (usize, &Picked)> {
        self.picked_vectors.iter().map(|&vector| vector as usize).zip(&self.picked)
    }
}

/// The instructions that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// No special ones.
    Portable,
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F, BW and VNNI.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Kernel {
    /// Those that this processor has, the best last.
    pub fn available() -> Vec<Self> {
        let mut kernels = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                kernels.push(Self::Avx2);
            }
            if ["avx512f", "avx512bw", "avx512vnni"].iter().all(|&name| avx512::has(name)) {
                kernels.push(Self::Avx512);
            }
        }
        kernels
    }

    /// The best that this processor has.
    pub fn best() -> Self {
        Self::available().pop().unwrap_or(Self::Portable)
    }

    /// Adds the products of the first `pixels` pixels of a tile to their sums.
    pub fn multiply(self, matrix: &Matrix, operands: Operands<'_>, pixels: usize, sums: &mut Sums) {
        match self {
            Self::Portable => portable::multiply(matrix, operands, pixels, sums),
            // SAFETY: `available` found the instructions.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { avx2::multiply(matrix, operands, pixels, sums) },
            // SAFETY: `available` found the instructions.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { avx512::multiply(matrix, operands, pixels, sums) },
        }
    }

    /// Finds for each tap which pixels read padding: bit i for pixel i.
    pub fn outside(self, taps: &Taps, tile: &Tile, outside: &mut Vec<u16>) {
        match self {
            // SAFETY: `available` found the instructions.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { avx512::outside(taps, tile, outside) },
            _ => portable::outside(taps, tile, outside),
        }
    }

    /// Fills in where the operands of a tile are, with what [`Kernel::outside`] found.
    pub fn locate(self, taps: &Taps, tile: &Tile, outside: &[u16], places: &mut [[u32; PIXELS]]) {
        match self {
            // SAFETY: `available` found the instructions.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { avx512::locate(taps, tile, outside, places) },
            _ => portable::locate(taps, tile, outside, places),
        }
    }

    /// The bytes of the first `pixels` pixels, without tables.
    pub fn requantize(self, lanes: &Lanes, pixels: usize, sums: &Sums, bytes: &mut Bytes) {
        match self {
            // SAFETY: `available` found the instructions.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { avx512::requantize(lanes, pixels, sums, bytes) },
            _ => portable::requantize(lanes, pixels, sums, bytes),
        }
    }

    /// Combines the bytes of the first `pixels` pixels with those of the second operand.
    pub fn combine(self, blend: &Blend, pixels: usize, bytes: &mut Bytes, others: &Bytes) {
        match self {
            // SAFETY: `available` found the instructions.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { avx512::combine(blend, pixels, bytes, others) },
            _ => portable::combine(blend, pixels, bytes, others),
        }
    }
}
