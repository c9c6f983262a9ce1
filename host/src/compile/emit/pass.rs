//! One pass: places on the chip, loads, and its command.

use super::onchip::{Key, Uses};
use super::order::Turn;
use super::{Emitter, Failure, PendingLoad};
use crate::compile::CompileError;
use crate::compile::buffer::{Buffer, banks_differ, entry, rows_needed, scatter, walk};
use crate::compile::depend::{Access, Memory, Mode};
use crate::compile::memory::{End, Ring};
use crate::compile::region::requantize;
use crate::compile::tile::written_groups;
use pleach_spec::VECTOR;
use pleach_spec::beats::beats_per_word;
use pleach_spec::command::{Gather, GatherEntry, Issue, Parameter};
use pleach_spec::list::{Load, PassCommand, Segment, Store, Target};
use pleach_spec::numerics::{Multiplier, Requantize};
use std::ops::Range;

/// What an idle column, and a column of the second operand without scale of its own, does to its sum.
const IDLE: Requantize = Requantize {
    bias: 0,
    factor: Multiplier { multiplier: 0, shift: 1 },
    zero_point: 0,
    low: i8::MIN,
    high: i8::MAX,
};
/// Bytes as they are.
const UNCHANGED: Requantize = Requantize { factor: Multiplier { multiplier: 1 << 23, shift: 23 }, ..IDLE };
/// Words that are loaded at once at least, where there is not room for all words of a pass.
const PIECE: usize = 64;
/// Beats of a table.
const TABLE_BEATS: usize = 256 / VECTOR;

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
fn access(memory: Memory, mode: Mode, ranges: impl IntoIterator<Item = Range<usize>>) -> Vec<Access> {
    ranges.into_iter().map(|range| Access { memory, range, mode }).collect()
}

impl Emitter<'_> {
    /// Prepares a pass, as far as there is room: `None` if some is missing, then to be called again.
    pub fn prepare(&mut self, turn: usize) -> Result<Option<Prepared>, Failure> {
        let Some(sources) = self.sources(turn) else { return Ok(None) };
        let Some(output) = self.output(turn) else { return Ok(None) };
        let Some((words, base)) = self.words(turn) else { return Ok(None) };
        let Some((list, entries)) = self.list(turn, &sources)? else { return Ok(None) };
        let Some(bank) = self.table(turn) else { return Ok(None) };
        let Some((parameters, parameter)) = self.parameters(turn, bank)? else { return Ok(None) };
        let held = Uses { words, list, parameters };
        Ok(Some(self.pass(turn, &sources, &output, held, [base, entries, parameter], bank)))
    }

    fn queue(&mut self, turn: usize, load: Load, accesses: Vec<Access>) {
        let owner = self.owner(self.order.turn(turn).step);
        self.loads.push_back(PendingLoad { load, accesses, turn, owner });
    }

    /// The maps that the pass reads.
    fn sources(&mut self, turn: usize) -> Option<Vec<Buffer>> {
        let Turn { step, strip, .. } = *self.order.turn(turn);
        let blocks = self.input.steps.steps[step].sources();
        let numbered = blocks.into_iter().enumerate();
        numbered.map(|(number, block)| self.source(turn, step, strip, number, block)).collect()
    }

    fn source(
        &mut self,
        turn: usize,
        step: usize,
        strip: usize,
        number: usize,
        block: usize,
    ) -> Option<Buffer> {
        let input = self.input;
        let layout = &input.layouts[block];
        if input.plan.until[block].is_some_and(|until| step <= until) {
            if self.chip.resident[block].is_none() {
                // Nobody wrote it: the network's input.
                let rows = 0..layout.shape.height.div_ceil(layout.split[0]);
                let buffer = Buffer::new(layout, rows.clone(), 0..layout.groups);
                let buffer = self.chip.place(buffer, End::Low)?;
                self.load_map(turn, block, &buffer, &rows);
                self.chip.resident[block] = Some(buffer);
            }
            return self.chip.resident[block].clone();
        }
        let key = (step, strip, Some(number));
        if let Some(buffer) = self.chip.strips.get(&key) {
            return Some(buffer.clone());
        }
        let plan = &input.plan.steps[step];
        let taps = input.tiles[step].rows_read(number);
        let rows = rows_needed(&input.steps.steps[step], layout.split[0], &plan.strips[strip], taps);
        if self.stored_rows[block] < rows.end {
            return None;
        }
        let room = rows.start..rows.start + plan.source_rows[number];
        let buffer = Buffer::new(layout, room, input.tiles[step].groups_read(number));
        let buffer = self.chip.place(buffer, End::High)?;
        self.load_map(turn, block, &buffer, &rows);
        self.chip.strips.insert(key, buffer.clone());
        Some(buffer)
    }

    fn load_map(&mut self, turn: usize, block: usize, buffer: &Buffer, rows: &Range<usize>) {
        let layout = &self.input.layouts[block];
        for transfer in buffer.transfers(layout, buffer.groups.clone(), rows) {
            let load = Load {
                target: Target::Activation as u32,
                segment: Segment::Data as u32,
                count: transfer.count as u32,
                source: transfer.memory as u32,
                address: transfer.chip as u32,
                ..Load::default()
            };
            let mut accesses =
                access(Memory::Data, Mode::Read, [transfer.memory..transfer.memory + transfer.count]);
            let chip = transfer.chip..transfer.chip + transfer.count;
            accesses.extend(access(Memory::Activation, Mode::Write, [chip]));
            self.queue(turn, load, accesses);
        }
    }

    /// The map, or the strip of it, that the pass writes.
    fn output(&mut self, turn: usize) -> Option<Buffer> {
        let Turn { step, strip, .. } = *self.order.turn(turn);
        let (input, block) = (self.input, self.input.steps.steps[step].output);
        let layout = &input.layouts[block];
        if input.plan.until[block].is_some() {
            if self.chip.resident[block].is_none() {
                let rows = 0..layout.shape.height.div_ceil(layout.split[0]);
                let buffer = Buffer::written(layout, rows, input.config);
                self.chip.resident[block] = Some(self.chip.place(buffer, End::Low)?);
            }
            return self.chip.resident[block].clone();
        }
        let key = (step, strip, None);
        if let Some(buffer) = self.chip.strips.get(&key) {
            return Some(buffer.clone());
        }
        let plan = &input.plan.steps[step];
        let first = plan.strips[strip].start * input.steps.steps[step].factor[0] / layout.split[0];
        let buffer = Buffer::written(layout, first..first + plan.output_rows, input.config);
        let buffer = self.chip.place(buffer, End::High)?;
        self.chip.strips.insert(key, buffer.clone());
        Some(buffer)
    }

    /// The words, part by part: names, and the first one.
    fn words(&mut self, turn: usize) -> Option<(Vec<Key>, usize)> {
        let parts = self.parts(turn);
        let parts = parts.map(|part| self.part_words(turn, part)).collect::<Option<Vec<_>>>()?;
        let first = parts[0].1;
        Some((parts.into_iter().map(|(key, _)| key).collect(), first))
    }

    /// The parts of the words that a pass executes.
    fn parts(&self, turn: usize) -> Range<usize> {
        let Turn { step, tile, part, .. } = *self.order.turn(turn);
        match self.order.region(turn).joined {
            true => 0..self.input.tiles[step].tiles[tile].parts.len(),
            false => part..part + 1,
        }
    }

    /// The gather list of a pass.
    fn list_number(&self, turn: usize) -> usize {
        let Turn { step, tile, part, .. } = *self.order.turn(turn);
        let tile = &self.input.tiles[step].tiles[tile];
        if self.order.region(turn).joined { tile.joined_list } else { tile.parts[part].list }
    }

    /// The words of a part: name and first one. Those of consecutive parts are allocated one after the other, and so lie there.
    fn part_words(&mut self, turn: usize, part: usize) -> Option<(Key, usize)> {
        let (input, config) = (self.input, self.input.config);
        let Turn { step, tile, .. } = *self.order.turn(turn);
        let (scope, uses) = self.order.word_uses(turn);
        let key = (step, [tile, part], scope);
        if let Some(first) = self.chip.words.find(&key) {
            return Some((key, first));
        }
        let this = &input.tiles[step].tiles[tile].parts[part];
        let [weights, positions] = self.model.words((step, tile, part), &this.words, this.dense);
        let length = this.words.len();
        while !self.chip.words.complete(length) {
            let (first, count, done) = self.chip.words.piece(length, PIECE)?;
            let mut load = |target: Target, source: usize, beats: usize| {
                let load = Load {
                    target: target as u32,
                    segment: Segment::Model as u32,
                    count: (count * beats) as u32,
                    source: (source + done * beats) as u32,
                    address: (first * beats) as u32,
                    ..Load::default()
                };
                let ranges = Ring::ranges(first, count, config.word_depth);
                self.queue(turn, load, access(Memory::Word, Mode::Write, ranges));
            };
            load(Target::Weight, weights, beats_per_word(config));
            if !this.dense {
                load(Target::Position, positions, beats_per_word(config));
            }
        }
        Some((key, self.chip.words.hold(key, uses)))
    }

    /// The gather list: name and first entry.
    fn list(&mut self, turn: usize, sources: &[Buffer]) -> Result<Option<(Key, usize)>, CompileError> {
        let input = self.input;
        let Turn { step, .. } = *self.order.turn(turn);
        let list = self.list_number(turn);
        let (scope, uses) = self.order.list_uses(turn, input, list);
        let key = (step, [list, 0], scope);
        if let Some(first) = self.chip.lists.find(&key) {
            return Ok(Some((key, first)));
        }
        let taps = &input.tiles[step].lists[list];
        let this = &input.steps.steps[step];
        let entries: Vec<GatherEntry> =
            taps.iter().map(|tap| entry(this, tap, &sources[0], &sources[tap.source])).collect();
        let Some((first, ..)) = self.chip.lists.piece(entries.len(), entries.len()) else { return Ok(None) };
        let load = Load {
            target: Target::List as u32,
            segment: Segment::Model as u32,
            count: entries.len() as u32,
            source: self.model.list(&entries)? as u32,
            address: first as u32,
            ..Load::default()
        };
        let ranges = Ring::ranges(first, entries.len(), input.config.load_depth);
        self.queue(turn, load, access(Memory::List, Mode::Write, ranges));
        Ok(Some((key, self.chip.lists.hold(key, uses))))
    }

    /// The bank of the table; meaningless for a step without one.
    fn table(&mut self, turn: usize) -> Option<usize> {
        let Turn { step, .. } = *self.order.turn(turn);
        let Some(table) = self.input.steps.steps[step].table else { return Some(0) };
        if let Some(bank) = self.chip.tables.iter().position(|&there| there == Some(step)) {
            return Some(bank);
        }
        let bank = self.chip.table_bank(step, self.order.step_passes(step, self.input))?;
        let load = Load {
            target: Target::Table as u32,
            segment: Segment::Model as u32,
            count: TABLE_BEATS as u32,
            source: self.model.table(step, table) as u32,
            address: (bank * TABLE_BEATS) as u32,
            ..Load::default()
        };
        self.queue(turn, load, access(Memory::Table, Mode::Write, [bank..bank + 1]));
        Some(bank)
    }

    /// The parameters: name and first entry.
    fn parameters(&mut self, turn: usize, bank: usize) -> Result<Option<(Key, usize)>, CompileError> {
        let (input, config) = (self.input, self.input.config);
        let Turn { step, tile, .. } = *self.order.turn(turn);
        let count = self.order.region(turn).count;
        let (scope, uses) = self.order.parameter_uses(turn, input);
        let key = (step, [tile, count], scope);
        if let Some(first) = self.chip.parameters.find(&key) {
            return Ok(Some((key, first)));
        }
        let this = &input.steps.steps[step];
        let entries = if this.second.is_some() { 3 } else { 1 };
        let Some((first, ..)) = self.chip.parameters.piece(entries, entries) else { return Ok(None) };
        let columns = &input.tiles[step].tiles[tile].columns;
        let table = |requantize: Requantize| Parameter {
            table: u32::from(this.table.is_some()),
            bank: bank as u32,
            ..Parameter::from(requantize)
        };
        let own = |column: &Option<usize>| match column {
            Some(channel) => requantize(this, input.steps.network, *channel, count).map(table),
            None => Ok(Parameter::from(IDLE)),
        };
        let parameters = columns.iter().map(own).collect::<Result<Vec<_>, _>>()?;
        let source = match &this.second {
            None => self.model.parameters(&parameters)?,
            Some(second) => {
                let unchanged = vec![Parameter::from(UNCHANGED); columns.len()];
                self.model.combined(parameters, unchanged, second.combine.into())?
            }
        };
        let load = Load {
            target: Target::Parameter as u32,
            segment: Segment::Model as u32,
            count: (entries * config.columns) as u32,
            source: source as u32,
            address: (first * config.columns) as u32,
            ..Load::default()
        };
        let ranges = Ring::ranges(first, entries, config.pass_depth);
        self.queue(turn, load, access(Memory::Parameter, Mode::Write, ranges));
        Ok(Some((key, self.chip.parameters.hold(key, uses))))
    }

    /// The command, with the stores behind it. `at` are the first word, entry and parameter.
    fn pass(
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

        let walk = walk(this, region, &sources[0], config.rows);
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
                in_width: this.input[1] as u32,
                in_height: this.input[0] as u32,
                after: 0,
                pad: i32::from(this.pad),
            },
            issue: Issue {
                count: words as u32,
                dense: u32::from(last.dense),
                partial: u32::from(executed.end < parts.len()),
                accumulate: u32::from(executed.start > 0),
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

        let strip_rows = rows(&input.plan.steps[step].strips[strip]);
        let last_tile = tile + 1 == tiles.tiles.len();
        let whole_groups = ((tile + 1) * config.columns).is_multiple_of(VECTOR) || last_tile;
        let stores = match input.stored[this.output] && ends_tile && whole_groups {
            true => output
                .transfers(layout, groups, &strip_rows)
                .into_iter()
                .map(|transfer| {
                    let store = Store {
                        count: transfer.count as u32,
                        target: transfer.memory as u32,
                        address: transfer.chip as u32,
                        ..Store::default()
                    };
                    let (chip, memory) = (transfer.chip, transfer.memory);
                    let mut accesses = access(Memory::Activation, Mode::Read, [chip..chip + transfer.count]);
                    accesses.extend(access(Memory::Data, Mode::Write, [memory..memory + transfer.count]));
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
