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

/// Where a run begins in the memories; from there on it wraps at their ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Index of the first pass in the command and parameter memories.
    pub pass: usize,
    /// Index of the first slot word.
    pub word: usize,
    /// Index of the first load list entry.
    pub load: usize,
}

/// Bit of the second beat of a slot word at which its control stands.
const CONTROL_BIT: usize = 124;

/// All blocks of a run.
pub fn blocks(run: &Run, config: &Config, first: Placement) -> Result<Vec<Block>, FieldOverflow> {
    let mut weights = Vec::new();
    let mut positions = Vec::new();
    let mut loads = Vec::new();
    let mut parameters = Vec::new();
    let mut commands: [Vec<Beat>; 4] = Default::default();
    for pass in &run.passes {
        for [weight, position] in word_beats(pass, config) {
            weights.push(weight);
            positions.push(position);
        }
        for entry in &pass.loads {
            push_record(&mut loads, entry)?;
        }
        for &parameter in &pass.parameters {
            push_record(&mut parameters, &Parameter::from(parameter))?;
        }
        push_record(&mut commands[0], &pass.walk)?;
        push_record(&mut commands[1], &pass.gather)?;
        push_record(&mut commands[2], &pass.issue)?;
        push_record(&mut commands[3], &pass.scatter)?;
    }
    let [walk, load, compute, store] = commands;
    let Config { columns, word_depth, load_depth, pass_depth, .. } = *config;
    let memories = [
        (Region::Weight, weights, 1, first.word, word_depth),
        (Region::Position, positions, 1, first.word, word_depth),
        (Region::GatherList, loads, 1, first.load, load_depth),
        (Region::Parameter, parameters, columns, first.pass, pass_depth),
        (Region::Walk, walk, 2, first.pass, pass_depth),
        (Region::Gather, load, 1, first.pass, pass_depth),
        (Region::Issue, compute, 1, first.pass, pass_depth),
        (Region::Scatter, store, 2, first.pass, pass_depth),
    ];
    let blocks = memories.into_iter().flat_map(|(region, mut beats, entry, first, depth)| {
        let wrapped = beats.split_off(beats.len().min((depth - first) * entry));
        [(first * entry, beats), (0, wrapped)]
            .map(|(beat, beats)| Block { address: region.address(beat as u32), beats })
    });
    Ok(blocks.filter(|block| !block.beats.is_empty()).collect())
}

fn push_record<T: Record>(beats: &mut Vec<Beat>, record: &T) -> Result<(), FieldOverflow> {
    beats.extend(record.pack()?.chunks(4).map(|words| {
        let mut beat = Beat::default();
        beat[..words.len()].copy_from_slice(words);
        beat
    }));
    Ok(())
}

/// The weights of each slot word, and its positions and control.
fn word_beats<'a>(pass: &'a Pass, config: &'a Config) -> impl Iterator<Item = [Beat; 2]> + 'a {
    let words = &pass.words;
    let columns = words.weights.chunks(config.columns).zip(words.positions.chunks(config.columns));
    columns.zip(&words.controls).map(move |((weights, positions), control)| {
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
            controls: vec![Control { take: 2, pop: true, max: false }],
        };
        let pass = Pass {
            layer: 0,
            walk: Default::default(),
            gather: Default::default(),
            issue: Default::default(),
            scatter: Default::default(),
            loads: Vec::new(),
            words,
            parameters: Vec::new(),
        };
        let beats: Vec<_> = word_beats(&pass, &config).collect();
        assert_eq!(beats, [[[0x8002_ff01, 0, 0, 0], [0x210f, 0, 0, 0x6000_0000]]]);
    }

    #[test]
    fn a_run_wraps_at_the_end_of_a_memory() {
        let config = Config { pass_depth: 4, ..Config::resolve("mini").unwrap() };
        let pass = Pass {
            layer: 0,
            walk: Default::default(),
            gather: Default::default(),
            issue: Default::default(),
            scatter: Default::default(),
            loads: Vec::new(),
            words: WordStream::default(),
            parameters: Vec::new(),
        };
        let run = Run { passes: vec![pass; 3] };
        let blocks = blocks(&run, &config, Placement { pass: 2, ..Default::default() }).unwrap();
        let sizes: Vec<_> = blocks.iter().map(|block| (block.address, block.beats.len())).collect();
        let [walk, load, compute, store] = [0x6000_0000, 0x7000_0000, 0x8000_0000, 0x9000_0000];
        assert_eq!(
            sizes,
            [
                (walk + 4, 4),
                (walk, 2),
                (load + 2, 2),
                (load, 1),
                (compute + 2, 2),
                (compute, 1),
                (store + 4, 4),
                (store, 2)
            ]
        );
    }

    #[test]
    fn vectors_round_trip() {
        let vector = std::array::from_fn(|i| (i as i8).wrapping_mul(17));
        assert_eq!(beat_vector(&vector_beat(&vector)), vector);
    }
}
