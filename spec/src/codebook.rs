//! Weights in fewer than 8 bits: in memory each is an index into a codebook of int8 values.
//!
//! A beat of memory holds 2, 4 or 8 beats of 16 indices, from the least significant bits on; in each, that of column c in bits
//! c * bits up. LOAD looks them up on the way, so that on chip every weight is an int8.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::VECTOR;
use crate::beats::{beat_vector, vector_beat};
use crate::list::Beat;

/// The largest `width` of a LOAD command: 1 bit.
pub const MAX_WIDTH: u32 = 3;

/// Bits of an index at a `width` of a LOAD command.
pub const fn index_bits(width: u32) -> u32 {
    8 >> width
}

/// The values that indices stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Codebook(pub [i8; VECTOR]);

impl Codebook {
    /// The values of weights (of the columns that there are), and the greatest width that has an index for each. `None` if there
    /// are more than 16.
    pub fn covering<'a>(weights: impl IntoIterator<Item = &'a i8>) -> Option<(Self, u32)> {
        let mut values = BTreeSet::new();
        for &weight in weights {
            if values.insert(weight) && values.len() > VECTOR {
                return None;
            }
        }
        let width = (1..=MAX_WIDTH).rev().find(|&width| values.len() <= 1 << index_bits(width))?;
        let mut book = Self::default();
        for (entry, value) in book.0.iter_mut().zip(values) {
            *entry = value;
        }
        Some((book, width))
    }

    /// From the beat that LOAD writes.
    pub fn from_beat(beat: &Beat) -> Self {
        Self(beat_vector(beat))
    }

    /// The beat that LOAD writes.
    pub fn beat(&self) -> Beat {
        vector_beat(&self.0)
    }

    /// Beats of weights as they are stored. What is not in the codebook (bytes that belong to no column) gets index 0.
    pub fn compress(&self, beats: &[Beat], width: u32) -> Vec<Beat> {
        let bits = index_bits(width);
        // Entries past those that an index can name are 0 too.
        let named = &self.0[..1 << bits.min(4)];
        let index = |weight: i8| named.iter().position(|&value| value == weight).unwrap_or(0) as u128;
        let stored = beats.chunks(1 << width).map(|beats| {
            let weights = beats.iter().flat_map(beat_vector);
            let indices = weights.zip((0..).step_by(bits as usize));
            let value = indices.fold(0, |value, (weight, bit)| value | index(weight) << bit);
            vector_beat(&value.to_le_bytes().map(|byte| byte as i8))
        });
        stored.collect()
    }

    /// The first `count` beats that LOAD makes of what it reads at a width.
    pub fn expand<'a>(&self, beats: &'a [Beat], width: u32, count: usize) -> Cow<'a, [Beat]> {
        if width == 0 {
            return Cow::Borrowed(beats);
        }
        let parts = 1 << width;
        let expanded = (0..count.min(beats.len() * parts)).map(|beat| {
            let stored = u128::from_le_bytes(beat_vector(&beats[beat / parts]).map(|byte| byte as u8));
            let (bits, first) = (index_bits(width) as usize, beat % parts * VECTOR);
            let index = |column: usize| stored >> ((first + column) * bits) & ((1 << bits) - 1);
            vector_beat(&std::array::from_fn(|column| self.0[index(column) as usize]))
        });
        Cow::Owned(expanded.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_width_is_found_and_round_trips() {
        for (values, width) in [(1, 3), (2, 3), (3, 2), (4, 2), (5, 1), (16, 1)] {
            for count in [1, 2, 7, 9] {
                let weights: Vec<i8> = (0..16 * count).map(|i| (i % values * 17 - 128) as i8).collect();
                let beats: Vec<Beat> =
                    weights.chunks(16).map(|part| vector_beat(part.try_into().unwrap())).collect();
                let (book, found) = Codebook::covering(&weights).unwrap();
                assert_eq!(found, width, "{values} values");
                let stored = book.compress(&beats, width);
                assert_eq!(stored.len(), beats.len().div_ceil(1 << width));
                assert_eq!(*book.expand(&stored, width, beats.len()), beats);
                assert_eq!(Codebook::from_beat(&book.beat()), book);
            }
        }
    }

    #[test]
    fn bytes_of_no_column_leave_their_neighbours_alone() {
        let beats = vec![vector_beat(&std::array::from_fn(|byte| if byte < 4 { -128 } else { 0 })); 8];
        let (book, width) = Codebook::covering(&[-128, 127]).unwrap();
        let read = book.expand(&book.compress(&beats, width), width, 8).into_owned();
        assert!(read.iter().all(|beat| beat_vector(beat)[..5] == [-128; 5]));
    }

    #[test]
    fn seventeen_values_need_eight_bits() {
        assert_eq!(Codebook::covering(&std::array::from_fn::<_, 17, _>(|i| i as i8)), None);
    }

    #[test]
    fn indices_lie_from_the_least_significant_bit_on() {
        let book = Codebook(std::array::from_fn(|i| i as i8 * 8));
        let beats = book.expand(&[[0x7654_3210, 0, 0x0000_000f, 0]], 1, 2);
        assert_eq!(beat_vector(&beats[0])[..8], [0, 8, 16, 24, 32, 40, 48, 56]);
        assert_eq!(beat_vector(&beats[1])[0], 120);
    }
}
