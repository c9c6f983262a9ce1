//! Places on the chip for what a pass needs, and the loads that bring it there.

use super::image::StoredWords;
use super::onchip::{Key, Uses};
use super::order::Turn;
use super::pass::{Prepared, access};
use super::{Emitter, Failure, PendingLoad, Stay};
use crate::compile::CompileError;
use crate::compile::buffer::{Buffer, entry, rows_needed};
use crate::compile::depend::{Access, Memory, Mode};
use crate::compile::memory::{End, Ring};
use crate::compile::region::requantize;
use crate::compile::step::UNCHANGED;
use crate::compile::tile::{Gated, chunk, written_groups};
use pleach_spec::VECTOR;
use pleach_spec::beats::beats_per_word;
use pleach_spec::codebook::Codebook;
use pleach_spec::command::{GatherEntry, Parameter};
use pleach_spec::list::{Load, Segment, Target};
use pleach_spec::numerics::{Multiplier, Requantize};
use std::ops::Range;

/// What an idle column does to its sum.
const IDLE: Requantize = Requantize {
    bias: 0,
    factor: Multiplier { multiplier: 0, shift: 1 },
    zero_point: 0,
    low: i8::MIN,
    high: i8::MAX,
};
/// Words that are loaded at once at least, where there is not room for all words of a pass.
const PIECE: usize = 64;
/// Beats of a table.
const TABLE_BEATS: usize = 256 / VECTOR;

impl Emitter<'_> {
    /// Prepares a pass, as far as there is room: `None` if some is missing, then to be called again.
    pub fn prepare(&mut self, turn: usize) -> Result<Option<Prepared>, Failure> {
        if !self.gate_is_stored(turn) {
            return Ok(None);
        }
        let Some(sources) = self.sources(turn) else { return Ok(None) };
        let Some(output) = self.output(turn) else { return Ok(None) };
        let Some((words, base)) = self.words(turn) else { return self.no_room() };
        let Some((list, entries)) = self.list(turn, &sources)? else { return self.no_room() };
        let Some(bank) = self.table(turn) else { return self.no_room() };
        let Some((parameters, parameter)) = self.parameters(turn, bank)? else { return self.no_room() };
        let held = Uses { words, list, parameters };
        Ok(Some(self.pass(turn, &sources, &output, held, [base, entries, parameter], bank)))
    }

    /// There is no room for something but a map: not yet, or never, if nothing ever leaves.
    fn no_room(&self) -> Result<Option<Prepared>, Failure> {
        match self.input.stay {
            Stay::Always => Err(Failure::Stay),
            Stay::Needed => Ok(None),
        }
    }

    /// The step under whose number words and parameters of a step are kept: the first that has the same, where they stay and none of
    /// them are those of an image.
    fn keeper(&self, step: usize) -> usize {
        let this = &self.input.steps.steps[step];
        match self.input.stay {
            Stay::Always if this.gate().is_none() => this.twin,
            _ => step,
        }
    }

    /// True if what the pass has for weights is in memory, or they are no map.
    fn gate_is_stored(&self, turn: usize) -> bool {
        let gate = self.input.steps.steps[self.order.turn(turn).step].gate();
        gate.is_none_or(|block| self.stored_rows[block] > 0)
    }

    fn queue(&mut self, turn: usize, load: Load, accesses: Vec<Access>) {
        let owner = self.owner(self.order.turn(turn).step);
        self.loads.push_back(PendingLoad { load, accesses, turn, owner });
    }

    /// The maps that the pass reads.
    fn sources(&mut self, turn: usize) -> Option<Vec<Buffer>> {
        let Turn { step, strip, .. } = *self.order.turn(turn);
        let blocks = self.order.sources(step).to_vec();
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
        let images = input.steps.steps[step].batch.within(&input.steps.blocks[block]);
        if input.plan.until[block].is_some_and(|until| step <= until) {
            if self.chip.resident[block].is_none() {
                // Nobody wrote it: the network's input.
                let rows = 0..layout.shape.height.div_ceil(layout.split[0]);
                let buffer = Buffer::new(layout, 0..layout.images, rows.clone(), 0..layout.groups);
                let buffer = self.chip.place(buffer, End::Low)?;
                self.load_map(turn, block, &buffer, &rows);
                self.chip.resident[block] = Some(buffer);
            }
            return self.chip.resident[block].as_ref().map(|buffer| buffer.starting_at(images.start));
        }
        let plan = &input.plan.steps[step];
        let chunk = plan.streamed[number].map(|_| chunk(self.order.turn(turn).tile, input.config));
        let key = (step, strip, Some(number), chunk);
        if let Some(buffer) = self.chip.strips.get(&key) {
            return Some(buffer.clone());
        }
        let taps = input.tiles[step].rows_read(number);
        let needed =
            |strip: usize| rows_needed(&input.steps.steps[step], layout.split[0], &plan.strips[strip], taps);
        let mut rows = needed(strip);
        if self.stored_rows[block] < rows.end {
            return None;
        }
        let room = rows.start..rows.start + plan.source_rows[number];
        let tiles = &input.tiles[step];
        let buffer = match (chunk, strip.checked_sub(1).filter(|_| plan.growing)) {
            (Some(chunk), _) => {
                // A chunk to which nothing is added names a place all the same.
                let groups = tiles.groups_of_chunk(number, chunk, input.config).unwrap_or(0..1);
                self.chip.place_chunk((step, Some(number)), Buffer::new(layout, images, room, groups))?
            }
            (None, Some(before)) => {
                // Only the rows that are new are missing.
                rows.start = needed(before).end.min(rows.end);
                self.chip.strips.get(&(step, before, Some(number), None))?.clone()
            }
            (None, None) => {
                let buffer = Buffer::new(layout, images, room, tiles.groups_read(number));
                self.chip.place(buffer, End::High)?
            }
        };
        self.chip.strips.insert(key, buffer.clone());
        self.load_map(turn, block, &buffer, &rows);
        Some(buffer)
    }

    fn load_map(&mut self, turn: usize, block: usize, buffer: &Buffer, rows: &Range<usize>) {
        let layout = &self.input.layouts[block];
        for transfer in buffer.transfers(layout, buffer.images.clone(), buffer.groups.clone(), rows) {
            let load = Load {
                target: Target::Activation as u32,
                segment: Segment::Data as u32,
                count: transfer.count as u32,
                source: transfer.memory as u32,
                address: transfer.chip as u32,
                ..Load::default()
            };
            let mut accesses =
                access(Memory::Data, Mode::Read, Some(transfer.memory..transfer.memory + transfer.count));
            let chip = transfer.chip..transfer.chip + transfer.count;
            accesses.extend(access(Memory::Activation, Mode::Write, Some(chip)));
            self.queue(turn, load, accesses);
        }
    }

    /// The map, or the strip of it, that the pass writes.
    fn output(&mut self, turn: usize) -> Option<Buffer> {
        let Turn { step, strip, tile, .. } = *self.order.turn(turn);
        let (input, block) = (self.input, self.input.steps.steps[step].output);
        let layout = &input.layouts[block];
        let images = input.steps.steps[step].batch.within(&input.steps.blocks[block]);
        if input.plan.until[block].is_some() {
            if self.chip.resident[block].is_none() {
                let ring = input.plan.steps[step].rings.output;
                let rows = ring.unwrap_or(layout.shape.height.div_ceil(layout.split[0]));
                let written = Buffer::written(layout, 0..layout.images, 0..rows, input.config);
                let buffer = Buffer { ring: ring.is_some(), ..written };
                self.chip.resident[block] = Some(self.chip.place(buffer, End::Low)?);
            }
            return self.chip.resident[block].as_ref().map(|buffer| buffer.starting_at(images.start));
        }
        let key = (step, strip, None, Some(chunk(tile, input.config)));
        if let Some(buffer) = self.chip.strips.get(&key) {
            return Some(buffer.clone());
        }
        let plan = &input.plan.steps[step];
        let first = plan.strips[strip].start * input.steps.steps[step].factor[0] / layout.split[0];
        let buffer = Buffer::written(layout, images, first..first + plan.output_rows, input.config);
        let buffer = Buffer { groups: written_groups(tile, input.config), ..buffer };
        let buffer = self.chip.place_chunk((step, None), buffer)?;
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

    /// The words of a part: name and first one. Those of consecutive parts are allocated one after the other, and so lie there.
    fn part_words(&mut self, turn: usize, part: usize) -> Option<(Key, usize)> {
        let (input, config) = (self.input, self.input.config);
        let Turn { step, tile, .. } = *self.order.turn(turn);
        let key = (self.keeper(step), [tile, part], self.order.word_scope(turn));
        if let Some(first) = self.chip.words.find(&key) {
            return Some((key, first));
        }
        let this = &input.tiles[step].tiles[tile].parts[part];
        let common = self.common_codebook(step);
        let stored =
            self.model.words((input.steps.steps[step].twin, tile, part), &this.words, this.dense, common);
        self.load_codebook(turn, &stored);
        let length = this.words.len();
        while !self.chip.words.complete(length) {
            let (first, count, done) = self.chip.words.piece(length, PIECE)?;
            let mut load = |target: Target, width: u32, source: usize, beats: usize| {
                let load = Load {
                    target: target as u32,
                    width,
                    segment: Segment::Model as u32,
                    count: (count * beats) as u32,
                    source: (source + ((done * beats) >> width)) as u32,
                    address: (first * beats) as u32,
                    ..Load::default()
                };
                let ranges = Ring::ranges(first, count, config.word_depth);
                self.queue(turn, load, access(Memory::Word, Mode::Write, ranges));
            };
            load(Target::Weight, stored.width, stored.weights, beats_per_word(config));
            if !this.dense {
                load(Target::Position, 0, stored.positions, beats_per_word(config));
            }
            self.load_gates(turn, &this.gated, first, done..done + count);
        }
        Some((key, self.chip.words.hold(key, self.order.word_uses(turn))))
    }

    /// The vectors of the gate among some words of a part, the first of which is word `first` of the buffer.
    fn load_gates(&mut self, turn: usize, gated: &[Gated], first: usize, words: Range<usize>) {
        let (input, config) = (self.input, self.input.config);
        let Some(gate) = input.steps.steps[self.order.turn(turn).step].gate() else { return };
        for gated in gated.iter().filter(|gated| words.contains(&gated.word)) {
            let source = input.layouts[gate].address(gated.image, gated.group, 0, 0);
            let word = (first + gated.word - words.start) % config.word_depth;
            let load = Load {
                target: Target::Weight as u32,
                segment: Segment::Data as u32,
                count: 1,
                source: source as u32,
                address: (word * beats_per_word(config) + gated.beat) as u32,
                ..Load::default()
            };
            let mut accesses = access(Memory::Data, Mode::Read, Some(source..source + 1));
            accesses.extend(access(Memory::Word, Mode::Write, Some(word..word + 1)));
            self.queue(turn, load, accesses);
        }
    }

    fn common_codebook(&mut self, step: usize) -> Option<(Codebook, u32)> {
        let tiles = &self.input.tiles[step].tiles;
        *self.codebooks.entry(self.input.steps.steps[step].twin).or_insert_with(|| {
            let parts = tiles.iter().flat_map(|tile| &tile.parts);
            Codebook::covering(parts.flat_map(|part| &part.words.weights))
        })
    }

    /// Loads are executed in the order in which they are queued: the last codebook is there.
    fn load_codebook(&mut self, turn: usize, stored: &StoredWords) {
        let Some(source) = stored.codebook.filter(|_| stored.codebook != self.codebook) else { return };
        self.codebook = Some(source);
        let load = Load {
            target: Target::Codebook as u32,
            segment: Segment::Model as u32,
            count: 1,
            source: source as u32,
            ..Load::default()
        };
        self.queue(turn, load, Vec::new());
    }

    /// The gather list: name and first entry.
    fn list(&mut self, turn: usize, sources: &[Buffer]) -> Result<Option<(Key, usize)>, CompileError> {
        let input = self.input;
        let Turn { step, .. } = *self.order.turn(turn);
        let list = self.list_number(turn);
        let region = &self.order.region(turn).clone();
        let key = (step, [list, region.lists], self.order.list_scope(turn));
        if let Some(first) = self.chip.lists.find(&key) {
            return Ok(Some((key, first)));
        }
        let taps = &input.tiles[step].lists[list];
        let this = &input.steps.steps[step];
        let entries: Vec<GatherEntry> =
            taps.iter().map(|tap| entry(this, region, tap, &sources[0], &sources[tap.source])).collect();
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
        Ok(Some((key, self.chip.lists.hold(key, self.order.list_uses(turn, list)))))
    }

    /// The bank of the table; meaningless for a step without one.
    fn table(&mut self, turn: usize) -> Option<usize> {
        let Turn { step, .. } = *self.order.turn(turn);
        let input = self.input;
        let Some(table) = input.steps.steps[step].table else { return Some(0) };
        if let Some(bank) = self.chip.tables.iter().position(|&there| there == Some(step)) {
            return Some(bank);
        }
        let bank = self.chip.table_bank(step, self.order.step_passes(step, self.input))?;
        let load = Load {
            target: Target::Table as u32,
            segment: Segment::Model as u32,
            count: TABLE_BEATS as u32,
            source: self.model.table(input.steps.steps[step].twin, table) as u32,
            address: (bank * TABLE_BEATS) as u32,
            ..Load::default()
        };
        self.queue(turn, load, access(Memory::Table, Mode::Write, Some(bank..bank + 1)));
        Some(bank)
    }

    /// The parameters: name and first entry.
    fn parameters(&mut self, turn: usize, bank: usize) -> Result<Option<(Key, usize)>, CompileError> {
        let (input, config) = (self.input, self.input.config);
        let Turn { step, tile, .. } = *self.order.turn(turn);
        let count = self.order.region(turn).count;
        let key = (self.keeper(step), [tile, count], self.order.parameter_scope(turn));
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
        Ok(Some((key, self.chip.parameters.hold(key, self.order.parameter_uses(turn, input)))))
    }
}
