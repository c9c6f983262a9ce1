//! What the on-chip memories hold, as the 128-bit beats in which it is loaded: the forms of [`crate::list::Target`].

use crate::config::{Config, VECTOR};
use crate::field::{FieldOverflow, Record};
use crate::list::Beat;
use crate::pass::Tables;
use crate::stream::{Control, WordStream};

/// Bits of the control of a slot word, the uppermost of its last beat.
const CONTROL_BITS: usize = 4;

/// Beats of the weights of a slot word, and of its positions with its control.
pub fn beats_per_word(config: &Config) -> usize {
    config.columns.div_ceil(VECTOR)
}

/// The weights of slot words.
pub fn weights(words: &WordStream, config: &Config) -> Vec<Beat> {
    let mut beats = Vec::with_capacity(words.len() * beats_per_word(config));
    for columns in words.weights.chunks(config.columns) {
        beats.extend(columns.chunks(VECTOR).map(|part| {
            let mut vector = [0; VECTOR];
            vector[..part.len()].copy_from_slice(part);
            vector_beat(&vector)
        }));
    }
    beats
}

/// The positions and controls of slot words.
pub fn positions(words: &WordStream, config: &Config) -> Vec<Beat> {
    let mut beats = Vec::with_capacity(words.len() * beats_per_word(config));
    let bits = config.position_bits();
    // Half a vector's fit into 64 bits, which are shifted several times as fast as 128.
    let half = |positions: &[u8]| {
        u128::from(positions.iter().rev().fold(0u64, |value, &p| value << bits | u64::from(p)))
    };
    for (positions, control) in words.positions.chunks(config.columns).zip(&words.controls) {
        let parts = positions.chunks(VECTOR).map(|part| {
            let (low, high) = part.split_at(part.len().min(VECTOR / 2));
            half(low) | half(high) << (VECTOR / 2 * bits)
        });
        beats.extend(parts.map(beat));
        let last = beats.last_mut().expect("a word has a beat");
        last[3] |= u32::from(control.bits()) << (32 - CONTROL_BITS);
    }
    beats
}

/// The positions of a word, into `positions`, and its control: the inverse of [`positions`] for one word.
pub fn unpack_positions(beats: &[Beat], positions: &mut [u8], config: &Config) -> Control {
    let mut control = 0;
    for (part, beat) in positions.chunks_mut(VECTOR).zip(beats) {
        let mut value = number(beat);
        for position in part {
            *position = value as u8 & (config.window - 1) as u8;
            value >>= config.position_bits();
        }
        control = (beat[3] >> (32 - CONTROL_BITS)) as u8;
    }
    Control::from_bits(control)
}

/// Records of up to four words (gather list entries, parameters, combinations), a beat each; longer ones take more.
pub fn records<T: Record>(records: &[T]) -> Result<Vec<Beat>, FieldOverflow> {
    let mut beats = Vec::with_capacity(records.len() * T::WORDS.div_ceil(4));
    for record in records {
        beats.extend(record.pack()?.chunks(4).map(|words| {
            let mut beat = Beat::default();
            beat[..words.len()].copy_from_slice(words);
            beat
        }));
    }
    Ok(beats)
}

/// Both tables.
pub fn tables(tables: &Tables) -> Vec<Beat> {
    let vectors = tables.0.as_flattened().chunks_exact(VECTOR);
    vectors.map(|part| vector_beat(part.try_into().expect("whole vectors"))).collect()
}

/// A vector of the activation buffer as a beat.
pub fn vector_beat(vector: &[i8; VECTOR]) -> Beat {
    beat(u128::from_le_bytes(vector.map(|byte| byte as u8)))
}

/// The inverse of [`vector_beat`].
pub fn beat_vector(beat: &Beat) -> [i8; VECTOR] {
    number(beat).to_le_bytes().map(|byte| byte as i8)
}

fn beat(value: u128) -> Beat {
    std::array::from_fn(|word| (value >> (32 * word)) as u32)
}

fn number(beat: &Beat) -> u128 {
    beat.iter().rev().fold(0u128, |value, &word| value << 32 | u128::from(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_word_of_four_columns_is_a_beat_of_weights_and_one_of_positions() {
        let config = Config::resolve("mini").unwrap();
        let words = WordStream {
            weights: vec![1, -1, 2, -128],
            positions: vec![15, 0, 1, 2],
            controls: vec![Control { take: 2, pop: true, max: false }],
        };
        assert_eq!(weights(&words, &config), [[0x8002_ff01, 0, 0, 0]]);
        assert_eq!(positions(&words, &config), [[0x210f, 0, 0, 0x6000_0000]]);
    }

    #[test]
    fn positions_round_trip() {
        for (columns, window, beats) in [(2, 16, 1), (16, 32, 1), (32, 16, 2), (32, 32, 2)] {
            let config = Config { columns, window, ..Config::resolve("mini").unwrap() };
            let positions: Vec<u8> = (0..columns).map(|c| ((c * 7 + 5) % window) as u8).collect();
            let control = Control { take: 3, pop: false, max: true };
            let weights = vec![1; columns];
            let words = WordStream { weights, positions: positions.clone(), controls: vec![control] };
            let packed = super::positions(&words, &config);
            assert_eq!((packed.len(), beats_per_word(&config)), (beats, beats));
            let mut unpacked = vec![0; columns];
            assert_eq!(unpack_positions(&packed, &mut unpacked, &config), control);
            assert_eq!(unpacked, positions, "{columns} columns, window {window}");
        }
    }

    #[test]
    fn vectors_and_tables_keep_their_bytes_in_order() {
        let vector = std::array::from_fn(|i| (i as i8).wrapping_mul(17));
        assert_eq!(beat_vector(&vector_beat(&vector)), vector);
        let mut tables = Tables::default();
        tables.0[1][37] = -5;
        let beats = super::tables(&tables);
        assert_eq!(beats.len(), 32);
        assert_eq!(beat_vector(&beats[16 + 37 / 16])[37 % 16], -5);
    }
}
