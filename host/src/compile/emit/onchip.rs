//! What is on the chip, and what of it can be overwritten when.

use super::order::{Order, Turn};
use super::{DELAY, Input, Stay};
use crate::compile::buffer::Buffer;
use crate::compile::memory::{End, Part, Ring, Space};
use crate::compile::plan::CHUNKS;
use crate::compile::tile::chunk;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;

/// Pieces but the last are a multiple of so many entries.
const MULTIPLE: usize = 8;
/// Identifies a strip on the chip: step, strip, source of the step (`None` is its output), and the chunk of tiles that it is for
/// if it comes chunk by chunk.
pub type StripKey = (usize, usize, Option<usize>, Option<usize>);
/// Identifies something loaded: step, what of it, and the scope in which it stays.
pub type Key = (usize, [usize; 2], usize);

/// Something in a ring.
#[derive(Debug)]
pub struct Held {
    parts: Vec<Part>,
    /// First entry.
    pub first: usize,
    uses: usize,
}

/// A ring, and what is in it by name.
#[derive(Debug)]
pub struct Cache {
    ring: Ring,
    held: HashMap<Key, Held>,
    /// Pieces of what is being allocated.
    begun: Vec<(Part, usize)>,
}

impl Cache {
    fn new(depth: usize) -> Self {
        Self { ring: Ring::new(depth), held: HashMap::new(), begun: Vec::new() }
    }

    /// Where something is, if it is there.
    pub fn find(&self, key: &Key) -> Option<usize> {
        self.held.get(key).map(|held| held.first)
    }

    /// Allocates the next piece of something of `length` entries in all, `least` of them at once or more: its first entry, its
    /// length and how much was there before. `None` if there is no room.
    pub fn piece(&mut self, length: usize, least: usize) -> Option<(usize, usize, usize)> {
        let done: usize = self.begun.iter().map(|(_, length)| length).sum();
        let left = length - done;
        let room = self.ring.room().max(least);
        // What is stored in fewer bits can only be cut between beats of memory.
        let now = if room < left { room - room % MULTIPLE } else { left };
        let part = self.ring.allocate(now)?;
        self.begun.push((part, now));
        Some((part.first, now, done))
    }

    /// True if pieces of so many entries in all have been allocated.
    pub fn complete(&self, length: usize) -> bool {
        self.begun.iter().map(|(_, length)| length).sum::<usize>() == length
    }

    /// Gives the pieces a name, and tells how often they will be used; returns the first entry.
    pub fn hold(&mut self, key: Key, uses: usize) -> usize {
        let parts: Vec<Part> = self.begun.drain(..).map(|(part, _)| part).collect();
        let first = parts[0].first;
        self.held.insert(key, Held { parts, first, uses });
        first
    }

    /// Notes a use; after the last one, the parts that may be freed.
    fn leave(&mut self, key: &Key) -> Vec<Part> {
        let Some(held) = self.held.get_mut(key) else { return Vec::new() };
        held.uses -= 1;
        if held.uses > 0 {
            return Vec::new();
        }
        self.held.remove(key).map(|held| held.parts).unwrap_or_default()
    }
}

/// What a pass uses.
#[derive(Clone, Debug)]
pub struct Uses {
    /// Its words, part by part.
    pub words: Vec<Key>,
    /// Its gather list.
    pub list: Key,
    /// Its parameters.
    pub parameters: Key,
}

/// What becomes free.
#[derive(Debug)]
enum Free {
    Words(Part),
    List(Part),
    Parameters(Part),
    Vectors(Range<usize>),
    /// A chunk of a source, or of the output, of a step.
    Chunk((usize, Option<usize>), Range<usize>),
    Table(usize),
}

/// All on-chip memories.
#[derive(Debug)]
pub struct OnChip {
    /// Word buffer.
    pub words: Cache,
    /// Gather list.
    pub lists: Cache,
    /// Parameters.
    pub parameters: Cache,
    /// Step whose table is in each bank.
    pub tables: [Option<usize>; 2],
    /// Passes of that step still to come.
    table_uses: [usize; 2],
    space: Space,
    /// Blocks that are there as a whole.
    pub resident: Vec<Option<Buffer>>,
    /// Strips of blocks.
    pub strips: HashMap<StripKey, Buffer>,
    /// Chunks of each source and output of a step that have not become free.
    chunks: HashMap<(usize, Option<usize>), usize>,
    /// What becomes free, and with which turn.
    leaving: VecDeque<(usize, Free)>,
}

impl OnChip {
    /// Nothing is there.
    pub fn new(input: &Input) -> Self {
        let config = input.config;
        Self {
            words: Cache::new(config.word_depth),
            lists: Cache::new(config.load_depth),
            parameters: Cache::new(config.pass_depth),
            tables: [None; 2],
            table_uses: [0; 2],
            space: Space::new(config.activation_vectors()),
            resident: vec![None; input.steps.blocks.len()],
            strips: HashMap::new(),
            chunks: HashMap::new(),
            leaving: VecDeque::new(),
        }
    }

    /// Room for a buffer; its base is set.
    pub fn place(&mut self, mut buffer: Buffer, end: End) -> Option<Buffer> {
        buffer.base = self.space.allocate(buffer.vectors(), end)?;
        Some(buffer)
    }

    /// Room for what comes and goes with a chunk of tiles: of each source and output there are [`CHUNKS`] at most.
    pub fn place_chunk(&mut self, of: (usize, Option<usize>), buffer: Buffer) -> Option<Buffer> {
        if self.chunks.get(&of).is_some_and(|&count| count >= CHUNKS) {
            return None;
        }
        let buffer = self.place(buffer, End::High)?;
        *self.chunks.entry(of).or_default() += 1;
        Some(buffer)
    }

    /// A bank for the table of a step, if one is free.
    pub fn table_bank(&mut self, step: usize, uses: usize) -> Option<usize> {
        let bank = self.tables.iter().position(Option::is_none)?;
        self.tables[bank] = Some(step);
        self.table_uses[bank] = uses;
        Some(bank)
    }

    /// Frees what may be overwritten by loads before a pass.
    pub fn release(&mut self, turn: usize) {
        while self.leaving.front().is_some_and(|(at, _)| *at <= turn) {
            self.release_one();
        }
    }

    /// Frees everything that no pass to come needs; true if there was something.
    pub fn release_all(&mut self) -> bool {
        let any = !self.leaving.is_empty();
        while !self.leaving.is_empty() {
            self.release_one();
        }
        any
    }

    fn release_one(&mut self) {
        match self.leaving.pop_front() {
            Some((_, Free::Words(part))) => self.words.ring.free(part),
            Some((_, Free::List(part))) => self.lists.ring.free(part),
            Some((_, Free::Parameters(part))) => self.parameters.ring.free(part),
            Some((_, Free::Vectors(range))) => self.space.free(range),
            Some((_, Free::Chunk(of, range))) => {
                self.space.free(range);
                self.chunks.entry(of).and_modify(|count| *count -= 1);
            }
            Some((_, Free::Table(bank))) => self.tables[bank] = None,
            None => {}
        }
    }

    /// After a pass has been emitted: what it was the last to use will become free.
    pub fn leave(&mut self, turn: usize, order: &Order, input: &Input, uses: &Uses) {
        let Turn { step, strip, tile, ends_tile, ends_strip, ends_step, .. } = *order.turn(turn);
        let mut free = Vec::new();
        if input.stay == Stay::Needed {
            free.extend(self.loaded(step, uses));
        }
        let range = |buffer: Buffer| buffer.base..buffer.base + buffer.vectors();
        let vectors = |buffer: Buffer| Free::Vectors(range(buffer));
        let sources = (0..input.plan.steps[step].source_rows.len()).map(Some);
        let number = chunk(tile, input.config);
        if ends_tile && (ends_strip || chunk(tile + 1, input.config) != number) {
            for source in sources.clone().chain([None]) {
                let gone = self.strips.remove(&(step, strip, source, Some(number)));
                free.extend(gone.map(|buffer| Free::Chunk((step, source), range(buffer))));
            }
        }
        let growing = input.plan.steps[step].growing;
        if ends_strip && (!growing || ends_step) {
            for source in sources {
                // All strips of what grows are one place.
                let strips = if growing { 0..strip + 1 } else { strip..strip + 1 };
                let gone = strips.filter_map(|strip| self.strips.remove(&(step, strip, source, None)));
                free.extend(gone.last().map(vectors));
            }
        }
        if ends_step {
            let until = &input.plan.until;
            let ended = (0..until.len()).filter(|&block| until[block] == Some(step));
            free.extend(ended.filter_map(|block| self.resident[block].take()).map(vectors));
        }
        self.leaving.extend(free.into_iter().map(|free| (turn + DELAY + 1, free)));
    }

    /// What a pass was the last to use of what is loaded for it, besides maps.
    fn loaded(&mut self, step: usize, uses: &Uses) -> Vec<Free> {
        let mut free = Vec::new();
        free.extend(uses.words.iter().flat_map(|key| self.words.leave(key)).map(Free::Words));
        free.extend(self.lists.leave(&uses.list).into_iter().map(Free::List));
        free.extend(self.parameters.leave(&uses.parameters).into_iter().map(Free::Parameters));
        if let Some(bank) = self.tables.iter().position(|&table| table == Some(step)) {
            self.table_uses[bank] -= 1;
            if self.table_uses[bank] == 0 {
                free.push(Free::Table(bank));
            }
        }
        free
    }
}
