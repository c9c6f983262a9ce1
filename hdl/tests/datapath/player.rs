//! Plays the units around the datapath: fills the memories, then issues words as ISSUE would while vectors arrive as
//! from GATHER.

use pleach_hdl::requant::{FIRST, ONLY, SECOND};
use pleach_spec::command::Combination;
use pleach_spec::stream::{Control, TAKE_NONE, WordStream};
use pleach_spec::timing::{Pace, drain_interval, free_latency, result_latency, store_latency};
use pleach_spec::{Config, Record, VECTOR};

use crate::inputs::{Inputs, beat};
use crate::pass::{Grid, Pass, Tables};
use crate::support::Random;

/// Entries of a pass: two parameters and a combination.
const ENTRIES: usize = 3;

/// How a run goes.
pub struct Pattern {
    /// Index of the first word in the word buffer.
    pub word_first: usize,
    /// Of 8 cycles, how many bring no vector.
    pub stalls: usize,
    /// Of 8 cycles, in how many no word is issued though it could be.
    pub bubbles: usize,
}

/// See the module.
pub struct Player<'a> {
    config: &'a Config,
    pub random: Random,
    pub inputs: Vec<Inputs>,
    /// Cycle of each pair that must come out, and what it is by port.
    pub expected: Vec<(usize, Vec<Vec<u32>>)>,
    tables: Tables,
    sums: Grid<i32>,
    /// The first cycle in which the next operand may end.
    drained: usize,
    /// Words that the run under way does not use.
    unused: std::ops::Range<usize>,
}

impl<'a> Player<'a> {
    pub fn new(config: &'a Config, name: &str) -> Self {
        Self {
            config,
            random: Random::new(name),
            inputs: Vec::new(),
            expected: Vec::new(),
            tables: [[0; 256]; 2],
            sums: vec![vec![0; config.columns]; config.rows],
            drained: 0,
            unused: 0..0,
        }
    }

    pub fn idle(&mut self, cycles: usize) {
        for _ in 0..cycles {
            let idle = Inputs::idle(&mut self.random, self.config);
            self.inputs.push(idle);
        }
    }

    /// Adds a cycle in which nothing is issued.
    fn write(&mut self, set: impl FnOnce(&mut Inputs)) {
        self.idle(1);
        set(self.inputs.last_mut().expect("just pushed"));
    }

    /// Fills both tables with random bytes.
    pub fn write_tables(&mut self) {
        for table_address in 0..512 {
            let byte = self.random.word() as i8;
            self.tables[table_address / 256][table_address % 256] = byte;
            self.write(|inputs| {
                (inputs.table_write, inputs.table_address, inputs.table_data) =
                    (true, table_address, byte as u8);
            });
        }
    }

    fn write_words(&mut self, pass: &Pass, first: usize) {
        let (columns, bits) = (self.config.columns, self.config.position_bits());
        for word in 0..pass.words.len() {
            let range = word * columns..(word + 1) * columns;
            let halves = pass.words.weights[range.clone()].chunks(VECTOR);
            let halves = halves.zip(pass.words.positions[range].chunks(VECTOR));
            for (word_beat, (weights, positions)) in halves.enumerate() {
                let packed = positions.iter().rev().fold(0u128, |packed, &p| packed << bits | u128::from(p));
                let positions = std::array::from_fn(|i| (packed >> (32 * i)) as u32);
                let word_entry = (first + word) % self.config.word_depth;
                let at = |inputs: &mut Inputs| {
                    (inputs.word_entry, inputs.word_beat) = (word_entry, word_beat);
                };
                self.write(|inputs| {
                    at(inputs);
                    (inputs.weight_write, inputs.memory_data) = (true, beat(weights));
                });
                // The positions of a dense stream are never written: what is there must not matter.
                if !pass.dense {
                    self.write(|inputs| {
                        at(inputs);
                        (inputs.position_write, inputs.memory_data) = (true, positions);
                    });
                }
            }
        }
    }

    fn write_parameters(&mut self, pass: &Pass, entry: usize) {
        for column in 0..self.config.columns {
            let [first, second] = [0, 1].map(|operand| pass.parameters[operand][column].pack());
            let combination = Combination::from(pass.combine).pack();
            for (i, record) in [first, second, combination].into_iter().enumerate() {
                let record = record.expect("in range").try_into().expect("a beat");
                let entry = (entry + i) % self.config.pass_depth;
                self.write(|inputs| {
                    inputs.parameter_write = true;
                    (inputs.parameter_entry, inputs.parameter_column) = (entry, column);
                    inputs.memory_data = record;
                });
            }
        }
    }

    /// Writes the passes to the memories and runs them.
    pub fn run(&mut self, passes: &[Pass], pattern: &Pattern) {
        let config = self.config;
        let entry_first = self.random.below(config.pass_depth);
        let mut first = pattern.word_first;
        for (i, pass) in passes.iter().enumerate() {
            self.write_words(pass, first);
            self.write_parameters(pass, entry_first + ENTRIES * i);
            first += pass.words.len();
        }
        self.unused = first..pattern.word_first + config.word_depth;
        let mut feed = Feed::new(passes);
        let mut first = pattern.word_first;
        for (i, pass) in passes.iter().enumerate() {
            for tile in 0..pass.tiles.len() {
                self.tile(pass, tile, [first, entry_first + ENTRIES * i], &mut feed, pattern);
            }
            first += pass.words.len();
        }
        self.idle(store_latency(config, Pace::Slow) as usize);
    }

    fn tile(&mut self, pass: &Pass, tile: usize, at: [usize; 2], feed: &mut Feed, pattern: &Pattern) {
        let config = self.config;
        let mut pointer = 0;
        let mut issued = 0;
        for (word, control) in pass.words.controls.iter().enumerate() {
            let ends = pass.ends(word);
            loop {
                let now = self.inputs.len();
                let mut inputs = Inputs::idle(&mut self.random, config);
                let available = feed.available();
                feed.stage(&mut inputs, &mut self.random, config, now, pattern.stalls);
                self.write_elsewhere(&mut inputs);
                let ready = (control.take == TAKE_NONE || available) && (!ends || now >= self.drained);
                let issue = ready && self.random.below(8) >= pattern.bubbles;
                if issue {
                    self.issue(&mut inputs, pass, word, at);
                    inputs.window_slot = window_slot(&mut pointer, *control, config);
                    inputs.take_slot = feed.popped % config.stage_depth;
                    if control.pop {
                        feed.pop(now + free_latency(config) as usize);
                    }
                    if ends {
                        self.drained = now + drain_interval(config, pass.pace) as usize;
                    }
                    issued = now;
                }
                self.inputs.push(inputs);
                if issue {
                    break;
                }
            }
        }
        if let Some(results) = pass.run(tile, &mut self.sums, &self.tables, config) {
            self.expect(issued + result_latency(config) as usize, &results);
        }
    }

    fn issue(&mut self, inputs: &mut Inputs, pass: &Pass, word: usize, [first, entry]: [usize; 2]) {
        let control = pass.words.controls[word];
        inputs.word_valid = true;
        inputs.word_first = pass.clears(word);
        inputs.word_last = pass.ends(word) && !pass.partial;
        inputs.word_address = (first + word) % self.config.word_depth;
        inputs.word_dense = pass.dense;
        if pass.dense {
            inputs.word_position = WordStream::implicit_position(word, self.config).into();
        }
        inputs.take = control.take;
        inputs.take_max = control.max;
        if inputs.word_last {
            let operand = pass.operand(word);
            inputs.drain_entry = entry + operand;
            inputs.drain_kind = match (pass.second, operand) {
                (0, _) => ONLY,
                (_, 0) => FIRST,
                _ => SECOND,
            };
        }
    }

    /// Sometimes LOAD writes words that are not in use.
    fn write_elsewhere(&mut self, inputs: &mut Inputs) {
        if !self.unused.is_empty() && self.random.below(3) == 0 {
            let entry = self.unused.start + self.random.below(self.unused.len());
            inputs.word_entry = entry % self.config.word_depth;
            inputs.weight_write = self.random.below(2) == 0;
            inputs.position_write = !inputs.weight_write;
        }
    }

    /// The pairs of a tile come out from this cycle on.
    fn expect(&mut self, cycle: usize, results: &Grid<i8>) {
        for (k, pair) in results.chunks(2).enumerate() {
            let half = |row: &Vec<i8>, half: usize| {
                let columns = row.len();
                let byte = |i: usize| row[(VECTOR * half + i) % columns];
                beat(&(0..VECTOR).map(byte).collect::<Vec<_>>()).to_vec()
            };
            let halves = self.config.columns.div_ceil(VECTOR);
            let ports = (0..halves).flat_map(|h| pair.iter().map(move |row| half(row, h))).collect();
            self.expected.push((cycle + k, ports));
        }
    }
}

/// The slot that a word takes to; a maximum goes where the take before went.
fn window_slot(pointer: &mut usize, control: Control, config: &Config) -> usize {
    let (slots, chunks) = (config.slots(), control.chunks(config));
    if control.max {
        return (*pointer + slots - chunks) % slots;
    }
    let slot = *pointer;
    *pointer = (slot + chunks) % slots;
    slot
}

/// The vectors of a run on their way to the staging buffers.
struct Feed {
    vectors: Vec<Grid<i8>>,
    begun: usize,
    popped: usize,
    /// When the slot of each popped vector is free.
    free_at: Vec<usize>,
}

impl Feed {
    fn new(passes: &[Pass]) -> Self {
        let vectors = passes.iter().flat_map(|pass| pass.tiles.iter().flatten().cloned()).collect();
        Self { vectors, begun: 0, popped: 0, free_at: Vec::new() }
    }

    /// Whether a vector was staged in an earlier cycle and is not popped.
    fn available(&self) -> bool {
        self.begun > self.popped
    }

    fn stage(
        &mut self,
        inputs: &mut Inputs,
        random: &mut Random,
        config: &Config,
        now: usize,
        stalls: usize,
    ) {
        let freed = self.free_at.iter().filter(|&&at| at <= now).count();
        if self.begun < self.vectors.len()
            && self.begun - freed < config.stage_depth
            && random.below(8) >= stalls
        {
            inputs.stage_write = true;
            inputs.stage_slot = self.begun % config.stage_depth;
            inputs.stage_data = self.vectors[self.begun].clone();
            self.begun += 1;
        }
    }

    fn pop(&mut self, free_at: usize) {
        self.popped += 1;
        self.free_at.push(free_at);
    }
}
