//! Cycles of COMPUTE, exactly: the rules of `docs/src/microarchitecture.md` as recurrences over vectors and words.
//!
//! Nothing here depends on data, and a pass depends on those before it only: passes are timed one by one, as they are released.
//! Tiles soon repeat each other; from then on all that are alike take one multiplication.

mod gather;
mod steps;

use super::Counters;
use gather::{Gather, rotation_classes};
use pleach_spec::command::{Issue, Scatter};
use pleach_spec::list::{Compute, PassCommand};
use pleach_spec::pass::Pass;
use pleach_spec::timing::{self, Pace};
use pleach_spec::{Config, VECTOR};
pub use steps::Steps;

/// When a pass ran and what it waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassTiming {
    /// Cycle of its release.
    pub released: u64,
    /// Cycle in which the last word was issued.
    pub last_word: u64,
    /// First cycle in which it counts as done.
    pub done: u64,
    /// Words issued and stalls while this pass was the one to issue, since the last word of the pass before.
    pub counters: Counters,
}

/// Vectors that SCATTER writes in a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BankWrites {
    /// When.
    pub cycle: u64,
    /// Bit b: bank b is written.
    pub banks: u64,
}

/// How tiles that are alike are timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tiles {
    /// Those that repeat the one before all at once.
    Together,
    /// One by one: the same, slower.
    OneByOne,
}

/// COMPUTE's clock: what it has done so far decides when the next pass does what.
pub struct ComputeTiming {
    config: Config,
    tiles: Tiles,
    gather: Gather,
    /// First cycle in which ISSUE may issue the next word.
    next_word: u64,
    /// First cycle in which the last word of an operand may be issued: the drain before is under way.
    drained: u64,
    /// When each pass was done.
    done: Vec<u64>,
    /// Cycles in which the last words of the tiles of the latest pass were issued.
    tile_ends: Vec<u64>,
    /// What decided how the tile before went, in cycles from that of its first word, and room for the next.
    before: Vec<i64>,
    found: Vec<i64>,
}

/// What the tiles of a pass have in common.
struct TileRules<'a> {
    steps: &'a Steps,
    /// Cycle in which what they read is done.
    awaited: u64,
    drain_interval: u64,
}

impl ComputeTiming {
    /// The machine after power-up or reset.
    pub fn new(config: &Config) -> Self {
        Self::with_tiles(config, Tiles::Together)
    }

    /// The same, with the tiles timed in a given way.
    pub fn with_tiles(config: &Config, tiles: Tiles) -> Self {
        Self {
            config: config.clone(),
            tiles,
            gather: Gather::new(config),
            next_word: 0,
            drained: 0,
            done: Vec::new(),
            tile_ends: Vec::new(),
            before: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Passes so far.
    pub fn passes(&self) -> usize {
        self.done.len()
    }

    /// [`ComputeTiming::command`] of a pass with everything.
    pub fn pass(&mut self, pass: &Pass, released: u64) -> Option<PassTiming> {
        let Pass { walk, gather, issue, scatter, .. } = *pass;
        let command = PassCommand { head: Compute::default(), walk, gather, issue, scatter };
        self.command(&command, &Steps::of(pass), released)
    }

    /// Executes the next pass, which must have been checked, released in cycle `released`. `None` if it waits for a pass that is
    /// not before it, and so for ever.
    pub fn command(&mut self, pass: &PassCommand, steps: &Steps, released: u64) -> Option<PassTiming> {
        let awaited = self.done_cycle(pass.gather.after)?;
        let start = self.next_word;
        let begin = start.max(released + 1);
        let reads = self.gather.reads;
        let mut counters = Counters { no_pass: begin - start, ..Counters::default() };
        self.next_word = begin;
        self.gather.begin_pass(released + 1);
        self.tile_ends.clear();
        let pace = Pace::from(pass.issue.slow);
        let rules = TileRules { steps, awaited, drain_interval: timing::drain_interval(&self.config, pace) };
        for (classes, tiles) in rotation_classes(&pass.walk, self.config.rows) {
            self.run_of_tiles(classes, tiles, &rules, &mut counters);
        }
        counters.words = u64::from(pass.issue.count) * u64::from(pass.issue.tiles);
        counters.bank_reads = self.gather.reads - reads;
        counters.cycles = self.next_word - start;
        let last_word = self.next_word - 1;
        let done = last_word + timing::store_latency(&self.config, pace);
        self.done.push(done);
        Some(PassTiming { released, last_word, done, counters })
    }

    /// Tiles whose vectors take equally many bank reads. Once a tile finds what the one before found, so do all others.
    fn run_of_tiles(&mut self, classes: u64, mut tiles: u64, rules: &TileRules<'_>, counters: &mut Counters) {
        if self.tiles == Tiles::OneByOne || tiles == 1 {
            (0..tiles).for_each(|_| self.tile(classes, rules, counters));
            return;
        }
        self.repeats();
        while tiles > 0 {
            let (first_word, first_read) = (self.next_word, self.gather.next_read());
            let (reads, counted) = (self.gather.reads, *counters);
            self.tile(classes, rules, counters);
            tiles -= 1;
            // A tile that waited for other passes is no example for the next.
            if tiles > 0 && self.repeats() && first_read >= rules.awaited {
                let period = self.next_word - first_word;
                counters.stall_data += tiles * (counters.stall_data - counted.stall_data);
                counters.stall_drain += tiles * (counters.stall_drain - counted.stall_drain);
                self.gather.reads += tiles * (self.gather.reads - reads);
                let last = self.next_word - 1;
                self.tile_ends.extend((1..=tiles).map(|tile| last + tile * period));
                self.gather.shift(tiles * period);
                self.next_word += tiles * period;
                self.drained += tiles * period;
                return;
            }
        }
    }

    /// Whether the next tile finds what the one before found, in cycles from its first word: then it goes the same way. Remembers
    /// what it finds.
    fn repeats(&mut self) -> bool {
        self.gather.state(self.next_word, &mut self.found);
        self.found.push(self.drained.saturating_sub(self.next_word) as i64);
        std::mem::swap(&mut self.found, &mut self.before);
        self.found == self.before
    }

    fn tile(&mut self, classes: u64, rules: &TileRules<'_>, counters: &mut Counters) {
        self.gather.take_tile();
        // Cycle of word 0 of the tile, if no word from here on waited.
        let mut origin = self.next_word;
        let mut staged = None;
        for step in rules.steps.iter() {
            let mut cycle = origin + step.word;
            if step.takes {
                let gather = &mut self.gather;
                let available = *staged.get_or_insert_with(|| gather.stage(classes, rules.awaited));
                counters.stall_data += available.saturating_sub(cycle);
                cycle = cycle.max(available);
            }
            if step.ends_operand {
                counters.stall_drain += self.drained.saturating_sub(cycle);
                cycle = cycle.max(self.drained);
                self.drained = cycle + rules.drain_interval;
            }
            if step.pops {
                self.gather.pop(cycle);
                staged = None;
            }
            origin = cycle - step.word;
        }
        // The last step is the last word: it ends an operand.
        self.next_word = origin + rules.steps.words();
        self.tile_ends.push(self.next_word - 1);
    }

    /// When so many passes, modulo 2^16, are done: only those among the last 2^15 can be named.
    fn done_cycle(&self, after: u32) -> Option<u64> {
        let back = (self.done.len() as u16).wrapping_sub(after as u16);
        if back >= 1 << 15 {
            return None;
        }
        // What is named before the first pass was done before the start.
        match self.done.len().saturating_sub(usize::from(back)) {
            0 => Some(0),
            count => Some(self.done[count - 1]),
        }
    }

    /// Tells what SCATTER writes of the latest pass, whose commands these are, in order of time.
    pub fn writes(&self, issue: &Issue, scatter: &Scatter, mut tell: impl FnMut(BankWrites)) {
        if issue.partial == 1 {
            return;
        }
        let planes: &[i32] = if self.config.columns > VECTOR { &[0, scatter.plane] } else { &[0] };
        let rows = if issue.slow == 1 { 1 } else { 2 };
        let first_result = timing::result_latency(&self.config);
        let bank = |address: i64| 1 << (address & (self.config.rows as i64 - 1));
        let mut addresses = scatter.addresses();
        for &end in &self.tile_ends {
            for pair in 0..self.config.rows / rows {
                let mut banks = 0;
                for address in addresses.by_ref().take(rows) {
                    banks |= planes.iter().fold(0, |banks, &plane| banks | bank(address + i64::from(plane)));
                }
                if banks == 0 {
                    return;
                }
                tell(BankWrites { cycle: end + first_result + pair as u64, banks });
            }
        }
    }
}
