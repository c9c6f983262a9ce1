//! The command of a pass, and the stores behind it.

use super::Emitter;
use super::onchip::Uses;
use super::order::Turn;
use crate::compile::buffer::{Buffer, banks_differ, rows_needed, scatter, walk};
use crate::compile::depend::{Access, Memory, Mode};
use crate::compile::memory::Ring;
use crate::compile::tile::{Cut, written_groups};
use pleach_spec::VECTOR;
use pleach_spec::command::{Gather, Issue};
use pleach_spec::list::{PassCommand, Store};
use std::ops::Range;

/// A pass that can be emitted once its loads are.
pub struct Prepared {
    /// Its command.
    pub command: PassCommand,
    /// What it reads and writes.
    pub accesses: Vec<Access>,
    /// What is stored after it.
    pub stores: Vec<(Store, Vec<Access>)>,
    /// What it uses in the rings.
    pub held: Uses,
    /// Phase rows of the output that have been stored after it, if it ends a strip.
    pub rows_done: usize,
}

/// Shorthand of accesses to consecutive addresses.
pub fn access(memory: Memory, mode: Mode, ranges: impl IntoIterator<Item = Range<usize>>) -> Vec<Access> {
    ranges.into_iter().map(|range| Access { memory, range, mode }).collect()
}

impl Emitter<'_> {
    /// The parts of the words that a pass executes.
    pub fn parts(&self, turn: usize) -> Range<usize> {
        let Turn { step, tile, part, .. } = *self.order.turn(turn);
        match self.order.region(turn).joined {
            true => 0..self.input.tiles[step].tiles[tile].parts.len(),
            false => part..part + 1,
        }
    }

    /// The gather list of a pass.
    pub fn list_number(&self, turn: usize) -> usize {
        let Turn { step, tile, part, .. } = *self.order.turn(turn);
        let tile = &self.input.tiles[step].tiles[tile];
        if self.order.region(turn).joined { tile.joined_list } else { tile.parts[part].list }
    }

    /// The command, with the stores behind it. `at` are the first word, entry and parameter.
    pub fn pass(
        &self,
        turn: usize,
        sources: &[Buffer],
        output: &Buffer,
        held: Uses,
        at: [usize; 3],
        bank: usize,
    ) -> Prepared {
        let (input, config) = (self.input, self.input.config);
        let Turn { step, strip, tile, shift, ends_tile, .. } = *self.order.turn(turn);
        let (this, tiles) = (&input.steps.steps[step], &input.tiles[step]);
        let region = self.order.region(turn);
        let (parts, executed) = (&tiles.tiles[tile].parts, self.parts(turn));
        let words: usize = parts[executed.clone()].iter().map(|part| part.words.len()).sum();
        let (list, last) = (self.list_number(turn), &parts[executed.end - 1]);
        let taps = &tiles.lists[list];
        let shift = [shift / this.factor[1], shift % this.factor[1]];

        // Variants are each a sum of their own.
        let summed = if tiles.cut == Cut::Variants { executed.clone() } else { 0..parts.len() };
        let still = this.gate().is_some();
        let mut walk = walk(this, region, &sources[0], config.rows);
        if still {
            // Whatever the pixel: on the map without an offset, outside of it with one.
            (walk.ix, walk.iy, walk.stride_x, walk.stride_y) = (0, 0, 0, 0);
        }
        let [in_height, in_width] = match (still, this.batch.together) {
            (true, _) => [1, 1],
            (_, true) => [this.walked[0] * this.batch.images, this.input[1]],
            _ => this.input,
        };
        let mut scatter = scatter(this, region, output, tile * config.columns, shift);
        scatter.plane = if config.columns > VECTOR { output.plane as i32 } else { 0 };
        let slow = u32::from(!banks_differ(&scatter, config));
        scatter.slow = slow;
        let command = PassCommand {
            head: Default::default(),
            walk,
            gather: Gather {
                count: taps.len() as u32,
                base: at[1] as u32,
                tiles: walk.tiles,
                in_width: in_width as u32,
                in_height: in_height as u32,
                after: 0,
                pad: i32::from(this.pad),
            },
            issue: Issue {
                count: words as u32,
                dense: u32::from(last.dense),
                partial: u32::from(executed.end < summed.end),
                accumulate: u32::from(executed.start > summed.start),
                slow,
                tiles: walk.tiles,
                base: at[0] as u32,
                second: last.second as u32,
                parameter: at[2] as u32,
            },
            scatter,
        };

        let layout = &input.layouts[this.output];
        let rows = |walked: &Range<usize>| {
            let end = (walked.end * this.factor[0]).min(layout.shape.height);
            walked.start * this.factor[0] / layout.split[0]..end.div_ceil(layout.split[0])
        };
        let mut accesses = self.reads(step, list, region.rows.clone(), sources);
        let groups = written_groups(tile, config);
        accesses.extend(access(
            Memory::Activation,
            Mode::Write,
            output.ranges(groups.clone(), &rows(&region.rows)),
        ));
        accesses.extend(access(Memory::Word, Mode::Read, Ring::ranges(at[0], words, config.word_depth)));
        accesses.extend(access(Memory::List, Mode::Read, Ring::ranges(at[1], taps.len(), config.load_depth)));
        let entries = if this.second.is_some() { 3 } else { 1 };
        accesses.extend(access(
            Memory::Parameter,
            Mode::Read,
            Ring::ranges(at[2], entries, config.pass_depth),
        ));
        if this.table.is_some() {
            accesses.push(Access { memory: Memory::Table, range: bank..bank + 1, mode: Mode::Read });
        }

        let images = this.batch.within(&input.steps.blocks[this.output]);
        let strip_rows = rows(&input.plan.steps[step].strips[strip]);
        let last_tile = tile + 1 == tiles.tiles.len();
        let whole_groups = ((tile + 1) * config.columns).is_multiple_of(VECTOR) || last_tile;
        let stores = match input.stored[this.output] && ends_tile && whole_groups {
            true => output
                .transfers(layout, images, groups, &strip_rows)
                .into_iter()
                .map(|transfer| {
                    let store = Store {
                        count: transfer.count as u32,
                        target: transfer.memory as u32,
                        address: transfer.chip as u32,
                        ..Store::default()
                    };
                    let (chip, memory) = (transfer.chip, transfer.memory);
                    let mut accesses =
                        access(Memory::Activation, Mode::Read, Some(chip..chip + transfer.count));
                    accesses.extend(access(Memory::Data, Mode::Write, Some(memory..memory + transfer.count)));
                    (store, accesses)
                })
                .collect(),
            false => Vec::new(),
        };
        Prepared { command, accesses, stores, held, rows_done: strip_rows.end }
    }

    /// What the taps of a list read.
    fn reads(&self, step: usize, list: usize, walked: Range<usize>, sources: &[Buffer]) -> Vec<Access> {
        let this = &self.input.steps.steps[step];
        let taps = &self.input.tiles[step].lists[list];
        let mut accesses = Vec::new();
        for (number, source) in sources.iter().enumerate() {
            let read = || taps.iter().filter(|tap| tap.source == number);
            let (Some(low), Some(high)) = (read().map(|t| t.group).min(), read().map(|t| t.group).max())
            else {
                continue;
            };
            let dys = (read().map(|t| t.dy).min().unwrap_or(0), read().map(|t| t.dy).max().unwrap_or(0));
            let rows = rows_needed(this, source.split[0], &walked, dys);
            let ranges = source.ranges(low..high + 1, &rows);
            accesses.extend(access(Memory::Activation, Mode::Read, ranges));
        }
        accesses
    }
}
