//! The load side of COMPUTE: WALK, GATHER and the staging slots.

use pleach_spec::command::Walk;
use pleach_spec::{Config, timing};

/// Rotation classes of the pixel tiles of a pass, that is bank reads a vector takes, and how many tiles in a row have as many. Rows
/// beyond the last pixel never make a class.
pub fn rotation_classes(walk: &Walk, rows: usize) -> Vec<(u64, u64)> {
    let mask = rows as i64 - 1;
    let mut runs: Vec<(u64, u64)> = Vec::new();
    let mut end_tile = |classes: u64| match runs.last_mut() {
        Some((last, tiles)) if *last == classes => *tiles += 1,
        _ => runs.push((classes, 1)),
    };
    let (mut row, mut classes, mut last_need) = (0, 0, 0);
    for position in walk.positions() {
        let need = (position.address - row) & mask;
        if row == 0 {
            classes = 1;
        } else if need != last_need {
            classes += 1;
        }
        last_need = need;
        row += 1;
        if row > mask {
            end_tile(classes);
            row = 0;
        }
    }
    if row > 0 {
        end_tile(classes);
    }
    runs
}

/// When vectors are staged.
pub struct Gather {
    tile_interval: u64,
    free_latency: u64,
    /// First cycle in which each staging slot is free; vectors use the slots in turn.
    slot_free: Vec<u64>,
    staged: usize,
    popped: usize,
    /// Cycle after the last bank read issued.
    next_read: u64,
    /// Cycle in which WALK may push the first records of the next tile: that in which the tile before was taken.
    next_push: u64,
    /// Bank reads issued.
    pub reads: u64,
}

impl Gather {
    /// Before the first pass.
    pub fn new(config: &Config) -> Self {
        Self {
            tile_interval: timing::tile_interval(config),
            free_latency: timing::free_latency(config),
            slot_free: vec![0; config.stage_depth],
            staged: 0,
            popped: 0,
            next_read: 0,
            next_push: 0,
            reads: 0,
        }
    }

    /// WALK has a pass from this cycle on.
    pub fn begin_pass(&mut self, cycle: u64) {
        self.next_push = self.next_push.max(cycle);
    }

    /// GATHER takes the next tile: as soon as it is full, and not before the last read of the tile before.
    pub fn take_tile(&mut self) {
        let full = self.next_push + self.tile_interval;
        let taken = full.max(self.next_read.saturating_sub(1));
        self.next_push = taken;
        self.next_read = self.next_read.max(taken + 1);
    }

    /// Reads the next vector of the tile in `classes` reads, not before the cycle `done`; returns the first cycle in which a word
    /// may take it.
    pub fn stage(&mut self, classes: u64, done: u64) -> u64 {
        let slot = self.staged % self.slot_free.len();
        let first = self.next_read.max(self.slot_free[slot]).max(done);
        self.staged += 1;
        self.reads += classes;
        self.next_read = first + classes;
        first + classes - 1 + timing::FETCH_LATENCY
    }

    /// A word issued in this cycle pops the oldest vector.
    pub fn pop(&mut self, cycle: u64) {
        let slot = self.popped % self.slot_free.len();
        self.slot_free[slot] = cycle + self.free_latency;
        self.popped += 1;
    }

    /// No read is issued before this cycle any more.
    pub fn next_read(&self) -> u64 {
        self.next_read
    }

    /// Puts down what decides when the vectors of the tiles to come are staged, in cycles from `origin`. What is over has no effect,
    /// however long it is over.
    pub fn state(&self, origin: u64, state: &mut Vec<i64>) {
        let from_origin = |cycle: u64| cycle as i64 - origin as i64;
        let free = |&free: &u64| from_origin(free.max(self.next_read));
        let taken = (self.next_push + self.tile_interval).max(self.next_read.saturating_sub(1));
        let (later, sooner) = self.slot_free.split_at(self.staged % self.slot_free.len());
        state.clear();
        state.extend([taken, self.next_read].map(from_origin));
        state.extend(sooner.iter().map(free));
        state.extend(later.iter().map(free));
    }

    /// Lets the same happen so many cycles later. All vectors staged must have been popped.
    pub fn shift(&mut self, cycles: u64) {
        self.next_read += cycles;
        self.next_push += cycles;
        for free in &mut self.slot_free {
            *free += cycles;
        }
    }
}
