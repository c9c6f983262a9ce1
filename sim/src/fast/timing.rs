//! Cycles of a run, exactly: the rules of `docs/src/microarchitecture.md` as recurrences over loads and words.
//!
//! Nothing here depends on data, so a program is timed once for all images.

use pleach_spec::command::{Position, Walk};
use pleach_spec::program::{Pass, Run};
use pleach_spec::stream::TAKE_NONE;
use pleach_spec::{Config, timing};

/// The performance counters of the hardware after a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Clock cycles in which the accelerator was busy.
    pub cycles: u64,
    /// Slot words issued.
    pub words: u64,
    /// Cycles in which ISSUE waited for a vector.
    pub stall_data: u64,
    /// Cycles in which the last word of a tile waited for the previous tile to drain.
    pub stall_drain: u64,
    /// Bank reads.
    pub loads: u64,
}

impl std::ops::AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.cycles += other.cycles;
        self.words += other.words;
        self.stall_data += other.stall_data;
        self.stall_drain += other.stall_drain;
        self.loads += other.loads;
    }
}

/// When a pass ran and what it waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassTiming {
    /// Cycle in which the last word was issued.
    pub last_word: u64,
    /// Words issued and stalls while this pass was the one to issue.
    pub counters: Counters,
}

/// Timing of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunTiming {
    /// Totals, as the hardware counts them.
    pub total: Counters,
    /// The passes. Their cycles are those from the end of the pass before; the tail of the last one includes the drain.
    pub passes: Vec<PassTiming>,
}

/// Rotation classes of each pixel tile of a pass: bank reads a load takes. Rows beyond the last pixel never make a class.
fn rotation_classes(walk: &Walk, rows: usize) -> Vec<u64> {
    let need = |(pixel, position): (usize, Position)| {
        (position.address - (pixel % rows) as i64).rem_euclid(rows as i64)
    };
    let needs: Vec<i64> = walk.positions().enumerate().map(need).collect();
    let classes = |tile: &[i64]| 1 + tile.windows(2).filter(|pair| pair[0] != pair[1]).count() as u64;
    needs.chunks(rows).map(classes).collect()
}

/// The load side of the machine: WALK, GATHER and the staging slots.
struct Loads<'a> {
    config: &'a Config,
    /// First cycle in which each staging slot is free; vectors use the slots in turn.
    slot_free: Vec<u64>,
    vectors: usize,
    /// Cycle after the last bank read issued.
    next_read: u64,
    /// Cycle in which the current tile was taken from WALK.
    taken: u64,
    reads: u64,
}

impl<'a> Loads<'a> {
    fn new(config: &'a Config) -> Self {
        let slot_free = vec![0; config.stage_depth];
        Self { config, slot_free, vectors: 0, next_read: 0, taken: 0, reads: 0 }
    }

    /// GATHER takes the next tile: as soon as it is full, and not before the last read of the tile before.
    fn take_tile(&mut self, first: bool) {
        let full = self.taken + self.config.rows as u64;
        self.taken = if first { full } else { full.max(self.next_read - 1) };
        self.next_read = self.next_read.max(self.taken + 1);
    }

    /// Reads the next vector in `classes` reads; returns the first cycle in which a word may take it.
    fn read_vector(&mut self, classes: u64, stored: u64) -> u64 {
        let slot = self.vectors % self.config.stage_depth;
        let first = self.next_read.max(self.slot_free[slot]).max(stored);
        self.vectors += 1;
        self.reads += classes;
        self.next_read = first + classes;
        first + classes - 1 + timing::FETCH_LATENCY
    }

    /// The oldest vector not yet popped is popped by a word issued in this cycle.
    fn pop(&mut self, popped: usize, cycle: u64) {
        self.slot_free[popped % self.config.stage_depth] = cycle + timing::free_latency(self.config);
    }
}

/// Times a run.
pub fn time_run(run: &Run, config: &Config) -> RunTiming {
    let mut loads = Loads::new(config);
    let mut popped = 0;
    let mut next_word = 0;
    let mut last_of_tile: Option<u64> = None;
    let mut passes: Vec<PassTiming> = Vec::with_capacity(run.passes.len());
    let store_latency = timing::store_latency(config, timing::Pace::Fast);
    for pass in &run.passes {
        let stored = match pass.gather.after {
            0 => 0,
            after => passes[after as usize - 1].last_word + store_latency,
        };
        let start = next_word;
        let reads_before = loads.reads;
        let mut counters = Counters::default();
        for (tile, classes) in rotation_classes(&pass.walk, config.rows).into_iter().enumerate() {
            loads.take_tile(tile == 0 && passes.is_empty());
            let mut staged = None;
            for (index, control) in pass.words.controls.iter().enumerate() {
                let mut cycle = next_word;
                if control.take != TAKE_NONE {
                    let available = *staged.get_or_insert_with(|| loads.read_vector(classes, stored));
                    counters.stall_data += available.saturating_sub(cycle);
                    cycle = cycle.max(available);
                }
                if index + 1 == pass.words.len() {
                    let drained = last_of_tile
                        .map_or(0, |last| last + timing::drain_interval(config, timing::Pace::Fast));
                    counters.stall_drain += drained.saturating_sub(cycle);
                    cycle = cycle.max(drained);
                    last_of_tile = Some(cycle);
                }
                if control.pop {
                    loads.pop(popped, cycle);
                    popped += 1;
                    staged = None;
                }
                next_word = cycle + 1;
            }
        }
        counters.words = words_issued(pass);
        counters.loads = loads.reads - reads_before;
        counters.cycles = next_word - start;
        passes.push(PassTiming { last_word: next_word - 1, counters });
    }
    if let Some(last) = passes.last_mut() {
        last.counters.cycles += store_latency;
    }
    let mut total = Counters::default();
    for pass in &passes {
        total += pass.counters;
    }
    RunTiming { total, passes }
}

fn words_issued(pass: &Pass) -> u64 {
    pass.words.len() as u64 * u64::from(pass.issue.tiles)
}
