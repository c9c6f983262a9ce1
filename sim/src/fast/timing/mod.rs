//! Cycles of COMPUTE, exactly: the rules of `docs/src/microarchitecture.md` as recurrences over vectors and words.
//!
//! Nothing here depends on data, and a pass depends on those before it only: passes are timed one by one, as they are released.

mod gather;

use super::Counters;
use gather::{Gather, rotation_classes};
use pleach_spec::pass::Pass;
use pleach_spec::stream::TAKE_NONE;
use pleach_spec::timing::{self, Pace};
use pleach_spec::{Config, VECTOR};

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

/// COMPUTE's clock: what it has done so far decides when the next pass does what.
pub struct ComputeTiming {
    config: Config,
    gather: Gather,
    /// First cycle in which ISSUE may issue the next word.
    next_word: u64,
    /// First cycle in which the last word of an operand may be issued: the drain before is under way.
    drained: u64,
    /// When each pass was done.
    done: Vec<u64>,
    /// Cycles in which the last words of the tiles of the latest pass were issued.
    tile_ends: Vec<u64>,
}

/// A word of a tile that may have to wait, or that lets a vector go.
struct Step {
    word: u64,
    takes: bool,
    pops: bool,
    ends_operand: bool,
}

impl ComputeTiming {
    /// The machine after power-up or reset.
    pub fn new(config: &Config) -> Self {
        Self {
            config: config.clone(),
            gather: Gather::new(config),
            next_word: 0,
            drained: 0,
            done: Vec::new(),
            tile_ends: Vec::new(),
        }
    }

    /// Passes so far.
    pub fn passes(&self) -> usize {
        self.done.len()
    }

    /// Executes the next pass, which must have been checked, released in cycle `released`. `None` if it waits for a pass that is
    /// not before it, and so for ever.
    pub fn pass(&mut self, pass: &Pass, released: u64) -> Option<PassTiming> {
        let awaited = self.done_cycle(pass.gather.after)?;
        let start = self.next_word;
        let begin = start.max(released + 1);
        let reads = self.gather.reads;
        let mut counters = Counters { no_pass: begin - start, ..Counters::default() };
        self.next_word = begin;
        self.gather.begin_pass(released + 1);
        self.tile_ends.clear();
        let steps = steps(pass);
        let drain_interval = timing::drain_interval(&self.config, Pace::from(pass.issue.slow));
        for classes in rotation_classes(&pass.walk, self.config.rows) {
            self.gather.take_tile();
            self.tile(&steps, classes, awaited, drain_interval, &mut counters);
            self.tile_ends.push(self.next_word - 1);
        }
        counters.words = pass.words.len() as u64 * u64::from(pass.issue.tiles);
        counters.bank_reads = self.gather.reads - reads;
        counters.cycles = self.next_word - start;
        let last_word = self.next_word - 1;
        let done = last_word + timing::store_latency(&self.config, Pace::from(pass.issue.slow));
        self.done.push(done);
        Some(PassTiming { released, last_word, done, counters })
    }

    fn tile(&mut self, steps: &[Step], classes: u64, awaited: u64, drain: u64, counters: &mut Counters) {
        // Cycle of word 0 of the tile, if no word from here on waited.
        let mut origin = self.next_word;
        let mut staged = None;
        for step in steps {
            let mut cycle = origin + step.word;
            if step.takes {
                let gather = &mut self.gather;
                let available = *staged.get_or_insert_with(|| gather.stage(classes, awaited));
                counters.stall_data += available.saturating_sub(cycle);
                cycle = cycle.max(available);
            }
            if step.ends_operand {
                counters.stall_drain += self.drained.saturating_sub(cycle);
                cycle = cycle.max(self.drained);
                self.drained = cycle + drain;
            }
            if step.pops {
                self.gather.pop(cycle);
                staged = None;
            }
            origin = cycle - step.word;
        }
        // The last step is the last word: it ends an operand.
        self.next_word = origin + steps.last().map_or(0, |step| step.word + 1);
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

    /// What SCATTER writes of the latest pass (this one), in order of time.
    pub fn writes(&self, pass: &Pass) -> Vec<BankWrites> {
        if pass.issue.partial == 1 {
            return Vec::new();
        }
        let planes: &[i32] = if self.config.columns > VECTOR { &[0, pass.scatter.plane] } else { &[0] };
        let rows = if pass.issue.slow == 1 { 1 } else { 2 };
        let first_result = timing::result_latency(&self.config);
        let bank = |address: i64| 1 << (address & (self.config.rows as i64 - 1));
        let mut writes = Vec::with_capacity(pass.scatter.pixels as usize / rows + 1);
        for (pixel, address) in pass.scatter.addresses().enumerate() {
            let (tile, row) = (pixel / self.config.rows, pixel % self.config.rows);
            let cycle = self.tile_ends[tile] + first_result + (row / rows) as u64;
            let banks = planes.iter().map(|&plane| bank(address + i64::from(plane))).fold(0, |a, b| a | b);
            match writes.last_mut() {
                Some(BankWrites { cycle: last, banks: others }) if *last == cycle => *others |= banks,
                _ => writes.push(BankWrites { cycle, banks }),
            }
        }
        writes
    }
}

fn steps(pass: &Pass) -> Vec<Step> {
    let words = pass.words.len();
    let first_operand = words.saturating_sub(pass.issue.second as usize);
    let controls = pass.words.controls.iter().enumerate();
    let steps = controls.map(|(word, control)| Step {
        word: word as u64,
        takes: control.take != TAKE_NONE,
        pops: control.pop,
        ends_operand: word + 1 == words || word + 1 == first_operand,
    });
    steps.filter(|step| step.takes || step.pops || step.ends_operand).collect()
}
