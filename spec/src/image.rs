//! The contents of the memories for a run, as writes to the memory port.

use crate::field::{FieldOverflow, Record};
use crate::program::{Pass, Run};
use crate::register::Region;
use crate::{Config, VECTOR};

/// One write to the memory port: address and 128-bit beat, least significant word first.
pub type Beat = (u32, [u32; 4]);

/// Beats of a slot word: weights and positions for every 16 columns.
pub const fn word_beats(columns: usize) -> usize {
    2 * columns.div_ceil(VECTOR)
}

/// All writes that prepare a run whose first pass, word and load list entry are number 0 of their memories.
pub fn beats(run: &Run, config: &Config) -> Result<Vec<Beat>, FieldOverflow> {
    let mut beats = Vec::new();
    let (mut word, mut load) = (0, 0);
    for (index, pass) in run.passes.iter().enumerate() {
        command(&mut beats, Region::Walk, index, &pass.walk)?;
        command(&mut beats, Region::Load, index, &pass.load)?;
        command(&mut beats, Region::Compute, index, &pass.compute)?;
        command(&mut beats, Region::Store, index, &pass.store)?;
        for (column, &parameter) in pass.parameters.iter().enumerate() {
            let entry = index * config.columns + column;
            command(&mut beats, Region::Parameter, entry, &crate::command::Parameter::from(parameter))?;
        }
        for entry in &pass.loads {
            command(&mut beats, Region::LoadList, load, entry)?;
            load += 1;
        }
        words(&mut beats, word, pass, config);
        word += pass.words.len();
    }
    Ok(beats)
}

/// A record takes as many beats as it needs, at a multiple of that number.
fn command(
    beats: &mut Vec<Beat>,
    region: Region,
    index: usize,
    record: &impl Record,
) -> Result<(), FieldOverflow> {
    let packed = record.pack()?;
    let count = packed.len().div_ceil(4);
    for (beat, words) in packed.chunks(4).enumerate() {
        let value = std::array::from_fn(|word| words.get(word).copied().unwrap_or(0));
        beats.push((region.address((index * count + beat) as u32), value));
    }
    Ok(())
}

fn words(beats: &mut Vec<Beat>, first: usize, pass: &Pass, config: &Config) {
    let count = word_beats(config.columns);
    let columns = config.columns;
    for (word, control) in pass.words.controls.iter().enumerate() {
        let weights = &pass.words.weights[word * columns..(word + 1) * columns];
        let positions = &pass.words.positions[word * columns..(word + 1) * columns];
        for (group, (weights, positions)) in weights.chunks(VECTOR).zip(positions.chunks(VECTOR)).enumerate()
        {
            let (mut weight_beat, mut position_beat) = (0u128, 0u128);
            for (column, (&weight, &position)) in weights.iter().zip(positions).enumerate() {
                weight_beat |= u128::from(weight as u8) << (8 * column);
                position_beat |= u128::from(position) << (config.position_bits() * column);
            }
            if group == 0 {
                position_beat |= u128::from(control.bits()) << 124;
            }
            let address = ((first + word) * count + 2 * group) as u32;
            beats.push((Region::Word.address(address), split(weight_beat)));
            beats.push((Region::Word.address(address + 1), split(position_beat)));
        }
    }
}

fn split(beat: u128) -> [u32; 4] {
    std::array::from_fn(|word| (beat >> (32 * word)) as u32)
}

/// An activation vector as a beat: channel c in byte c.
pub fn vector_beat(vector: &[i8; VECTOR]) -> [u32; 4] {
    std::array::from_fn(|word| u32::from_le_bytes(std::array::from_fn(|byte| vector[4 * word + byte] as u8)))
}

/// The inverse of [`vector_beat`].
pub fn beat_vector(beat: [u32; 4]) -> [i8; VECTOR] {
    std::array::from_fn(|byte| beat[byte / 4].to_le_bytes()[byte % 4] as i8)
}
