//! A run as it is written through the memory port: what the tests send to the RTL.

pub use crate::beats::{beat_vector, vector_beat};
pub use crate::list::Beat;
pub use crate::pass::Placement;

use crate::Config;
use crate::beats;
use crate::field::{FieldOverflow, Record};
use crate::pass::{Pass, Run};
use crate::register::Region;

/// Beats for consecutive addresses of one memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Memory port address of the first beat.
    pub address: u32,
    /// The beats.
    pub beats: Vec<Beat>,
}

/// A memory of the port that is used as a ring.
struct Ring {
    region: Region,
    /// Beats of an entry.
    beats: usize,
    entries: usize,
}

impl Ring {
    /// The blocks that put `beats` into the ring, from an entry on: two where they go around its end.
    fn blocks(&self, first: usize, mut beats: Vec<Beat>) -> impl Iterator<Item = Block> + use<> {
        let (first, room) = (first * self.beats, (self.entries - first) * self.beats);
        let wrapped = beats.split_off(beats.len().min(room));
        let region = self.region;
        [(first, beats), (0, wrapped)]
            .into_iter()
            .filter(|(_, beats)| !beats.is_empty())
            .map(move |(beat, beats)| Block { address: region.address(beat as u32), beats })
    }
}

/// All blocks of a run, whose commands are the first entries of the command memories.
pub fn blocks(run: &Run, config: &Config) -> Result<Vec<Block>, FieldOverflow> {
    let mut blocks = Vec::new();
    let words = |region, beats| Ring { region, beats, entries: config.word_depth };
    let passes = |region, beats| Ring { region, beats, entries: config.pass_depth };
    let weights = words(Region::Weight, beats::beats_per_word(config));
    let positions = words(Region::Position, beats::beats_per_word(config));
    let entries = Ring { region: Region::GatherList, beats: 1, entries: config.load_depth };
    let parameters = passes(Region::Parameter, config.columns);
    for (index, pass) in run.passes.iter().enumerate() {
        let word = pass.issue.base as usize;
        blocks.extend(weights.blocks(word, beats::weights(&pass.words, config)));
        if pass.issue.dense == 0 {
            blocks.extend(positions.blocks(word, beats::positions(&pass.words, config)));
        }
        blocks.extend(entries.blocks(pass.gather.base as usize, beats::records(&pass.loads)?));
        blocks.extend(parameters.blocks(pass.issue.parameter as usize, parameter_beats(pass, config)?));
        blocks.extend(passes(Region::Walk, 2).blocks(index, record(&pass.walk)?));
        blocks.extend(passes(Region::Gather, 1).blocks(index, record(&pass.gather)?));
        blocks.extend(passes(Region::Issue, 1).blocks(index, record(&pass.issue)?));
        blocks.extend(passes(Region::Scatter, 2).blocks(index, record(&pass.scatter)?));
    }
    // The port takes a byte a beat.
    let bytes = run.tables.0.as_flattened().iter().map(|&byte| [u32::from(byte as u8), 0, 0, 0]);
    blocks.push(Block { address: Region::Table.address(0), beats: bytes.collect() });
    Ok(blocks)
}

/// The parameter entries of a pass: one, or those of both operands and their combination.
pub fn parameter_beats(pass: &Pass, config: &Config) -> Result<Vec<Beat>, FieldOverflow> {
    let mut beats = beats::records(&pass.parameters)?;
    if let Some(second) = &pass.second {
        beats.extend(beats::records(&second.parameters)?);
        beats.extend(beats::records(&vec![second.combination; config.columns])?);
    }
    Ok(beats)
}

fn record<T: Record>(record: &T) -> Result<Vec<Beat>, FieldOverflow> {
    beats::records(std::slice::from_ref(record))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Combination, GatherEntry, Parameter};
    use crate::pass::SecondOperand;
    use crate::stream::{Control, WordStream};

    #[test]
    fn memories_are_rings_and_dense_words_have_no_positions() {
        let config =
            Config { pass_depth: 4, word_depth: 16, load_depth: 16, ..Config::resolve("mini").unwrap() };
        let dense = Pass {
            words: WordStream {
                weights: vec![1; 4 * 3],
                positions: vec![0; 4 * 3],
                controls: vec![Control::default(); 3],
            },
            loads: vec![GatherEntry::default(); 2],
            parameters: vec![Parameter::default(); 4],
            issue: crate::command::Issue { dense: 1, ..Default::default() },
            ..Pass::default()
        };
        let mut sparse = dense.clone();
        sparse.issue.dense = 0;
        sparse.second = Some(SecondOperand {
            parameters: vec![Parameter::default(); 4],
            combination: Combination::default(),
        });
        let mut run = Run { passes: vec![dense, sparse], ..Run::default() };
        run.place(&config, Placement { word: 15, load: 13, parameter: 2 });
        let blocks = blocks(&run, &config).unwrap();
        let at = |region: Region| -> Vec<(u32, usize)> {
            let of_region = blocks.iter().filter(|block| block.address >> 28 == region as u32);
            of_region.map(|block| (block.address & 0xfff_ffff, block.beats.len())).collect()
        };
        assert_eq!(at(Region::Weight), [(15, 1), (0, 2), (2, 3)]);
        assert_eq!(at(Region::Position), [(2, 3)]);
        assert_eq!(at(Region::GatherList), [(13, 2), (15, 1), (0, 1)]);
        assert_eq!(at(Region::Parameter), [(8, 4), (12, 4), (0, 8)]);
        assert_eq!(at(Region::Walk), [(0, 2), (2, 2)]);
        assert_eq!(at(Region::Issue), [(0, 1), (1, 1)]);
        assert_eq!(at(Region::Table), [(0, 512)]);
    }
}
