//! A run as it is written through the memory port: what the host sends to a board, and a simulator to the RTL.

use crate::command::Parameter;
use crate::field::{FieldOverflow, Record};
use crate::program::{Pass, Run};
use crate::register::Region;
use crate::{Config, VECTOR};

/// One 128-bit beat of the memory port, least significant word first.
pub type Beat = [u32; 4];

/// Beats for consecutive addresses of one memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Memory port address of the first beat.
    pub address: u32,
    /// The beats.
    pub beats: Vec<Beat>,
}

/// Bit of the second beat of a slot word at which its control stands.
const CONTROL_BIT: usize = 124;

/// All blocks of a run, for passes, slot words and load list entries from index 0 on.
pub fn blocks(run: &Run, config: &Config) -> Result<Vec<Block>, FieldOverflow> {
    let mut words = Vec::new();
    let mut loads = Vec::new();
    let mut parameters = Vec::new();
    let mut commands: [Vec<Beat>; 4] = Default::default();
    for pass in &run.passes {
        words.extend(word_beats(pass, config));
        for entry in &pass.loads {
            push_record(&mut loads, entry)?;
        }
        for &parameter in &pass.parameters {
            push_record(&mut parameters, &Parameter::from(parameter))?;
        }
        push_record(&mut commands[0], &pass.walk)?;
        push_record(&mut commands[1], &pass.load)?;
        push_record(&mut commands[2], &pass.compute)?;
        push_record(&mut commands[3], &pass.store)?;
    }
    let [walk, load, compute, store] = commands;
    let regions = [
        (Region::Word, words),
        (Region::LoadList, loads),
        (Region::Parameter, parameters),
        (Region::Walk, walk),
        (Region::Load, load),
        (Region::Compute, compute),
        (Region::Store, store),
    ];
    Ok(regions.into_iter().map(|(region, beats)| Block { address: region.address(0), beats }).collect())
}

fn push_record<T: Record>(beats: &mut Vec<Beat>, record: &T) -> Result<(), FieldOverflow> {
    beats.extend(record.pack()?.chunks(4).map(|words| {
        let mut beat = Beat::default();
        beat[..words.len()].copy_from_slice(words);
        beat
    }));
    Ok(())
}

/// Two beats for each slot word: weights, then positions and control.
fn word_beats<'a>(pass: &'a Pass, config: &'a Config) -> impl Iterator<Item = Beat> + 'a {
    let words = &pass.words;
    let columns = words.weights.chunks(config.columns).zip(words.positions.chunks(config.columns));
    columns.zip(&words.controls).flat_map(move |((weights, positions), control)| {
        let mut weight_beat = 0u128;
        let mut position_beat = u128::from(control.bits()) << CONTROL_BIT;
        for (column, (&weight, &position)) in weights.iter().zip(positions).enumerate() {
            weight_beat |= u128::from(weight as u8) << (8 * column);
            position_beat |= u128::from(position) << (config.position_bits() * column);
        }
        [beat(weight_beat), beat(position_beat)]
    })
}

/// A vector of the activation buffer as a beat.
pub fn vector_beat(vector: &[i8; VECTOR]) -> Beat {
    beat(u128::from_le_bytes(vector.map(|byte| byte as u8)))
}

/// The inverse of [`vector_beat`].
pub fn beat_vector(beat: &Beat) -> [i8; VECTOR] {
    let value = beat.iter().rev().fold(0u128, |value, &word| value << 32 | u128::from(word));
    value.to_le_bytes().map(|byte| byte as i8)
}

fn beat(value: u128) -> Beat {
    std::array::from_fn(|word| (value >> (32 * word)) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Control, WordStream};

    #[test]
    fn a_slot_word_is_two_beats() {
        let config = Config::resolve("mini").unwrap();
        let words = WordStream {
            weights: vec![1, -1, 2, -128],
            positions: vec![15, 0, 1, 2],
            controls: vec![Control { take: 2, pop: true }],
        };
        let pass = Pass {
            layer: 0,
            walk: Default::default(),
            load: Default::default(),
            compute: Default::default(),
            store: Default::default(),
            loads: Vec::new(),
            words,
            parameters: Vec::new(),
        };
        let beats: Vec<_> = word_beats(&pass, &config).collect();
        assert_eq!(beats, [[0x8002_ff01, 0, 0, 0], [0x210f, 0, 0, 0x6000_0000]]);
    }

    #[test]
    fn vectors_round_trip() {
        let vector = std::array::from_fn(|i| (i as i8).wrapping_mul(17));
        assert_eq!(beat_vector(&vector_beat(&vector)), vector);
    }
}
