//! COMPUTE one cycle at a time, by the letter of `docs/src/microarchitecture.md`: WALK, GATHER and ISSUE as state machines.

use pleach_spec::Config;
use pleach_spec::command::Walk;
use pleach_spec::pass::Pass;
use pleach_spec::timing::{self, Pace};
use std::collections::{BTreeMap, VecDeque};

/// What a pass did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// First cycle in which it counts as done.
    pub done: u64,
    /// Words issued.
    pub words: u64,
    /// Cycles in which ISSUE waited for a vector of it.
    pub stall_data: u64,
    /// Cycles in which ISSUE waited for a drain.
    pub stall_drain: u64,
    /// Cycles in which ISSUE waited for the pass to be released.
    pub no_pass: u64,
    /// Banks that SCATTER writes, as a bit mask, by cycle.
    pub writes: BTreeMap<u64, u64>,
}

/// A tile in WALK's chain or in GATHER.
#[derive(Clone, Copy)]
struct Tile {
    pass: usize,
    classes: u64,
}

/// The units and what is between them.
struct Clock<'a> {
    passes: &'a [Pass],
    released: &'a [u64],
    config: &'a Config,
    cycle: u64,
    /// Tiles that WALK has not begun, of all passes.
    tiles: VecDeque<Tile>,
    /// The tile in the chain, and how many pairs of its records are there.
    chain: Option<(Tile, usize)>,
    /// GATHER's tile, entry and class.
    gather: Option<(Tile, usize, u64)>,
    begun: usize,
    /// When vectors may be taken: those not popped.
    staged: VecDeque<u64>,
    /// When slots were popped.
    pops: Vec<u64>,
    /// ISSUE's pass, tile and word.
    issue: (usize, u32, usize),
    /// First cycle of the next drain.
    drained: u64,
    observed: Vec<Observed>,
}

/// Runs passes, each released in its cycle.
pub fn run(passes: &[Pass], released: &[u64], config: &Config) -> Vec<Observed> {
    let tiles = passes.iter().enumerate().flat_map(|(pass, command)| {
        classes(&command.walk, config.rows).into_iter().map(move |classes| Tile { pass, classes })
    });
    let mut clock = Clock {
        passes,
        released,
        config,
        cycle: 0,
        tiles: tiles.collect(),
        chain: None,
        gather: None,
        begun: 0,
        staged: VecDeque::new(),
        pops: Vec::new(),
        issue: (0, 0, 0),
        drained: 0,
        observed: vec![Observed::default(); passes.len()],
    };
    while clock.issue.0 < passes.len() {
        clock.issue();
        let takes = clock.gather();
        clock.walk(takes);
        clock.cycle += 1;
    }
    clock.observed
}

/// Rotation classes of each tile.
fn classes(walk: &Walk, rows: usize) -> Vec<u64> {
    let positions: Vec<i64> = walk.positions().map(|position| position.address).collect();
    let class_of_tile = |tile: &[i64]| {
        let needs: Vec<i64> = (0..).zip(tile).map(|(row, a)| (a - row).rem_euclid(rows as i64)).collect();
        1 + needs.windows(2).filter(|pair| pair[0] != pair[1]).count() as u64
    };
    positions.chunks(rows).map(class_of_tile).collect()
}

/// The writes of the tile whose last word is issued in cycle `last`.
fn scatter(pass: &Pass, tile: usize, last: u64, config: &Config, writes: &mut BTreeMap<u64, u64>) {
    let (rows, columns) = (config.rows, config.columns);
    let first = last + 7 + rows as u64 / 2 + timing::LANE_LATENCY + columns as u64 - 1;
    let addresses = pass.scatter.addresses().skip(tile * rows).take(rows);
    for (row, address) in addresses.enumerate().filter(|_| pass.issue.partial == 0) {
        let cycle = first + if pass.scatter.slow == 1 { row as u64 } else { row as u64 / 2 };
        for half in 0..columns.div_ceil(16) as i64 {
            let bank = (address + half * i64::from(pass.scatter.plane)).rem_euclid(rows as i64);
            *writes.entry(cycle).or_default() |= 1 << bank;
        }
    }
}

impl Clock<'_> {
    fn issue(&mut self) {
        let (index, tile, word) = self.issue;
        let pass = &self.passes[index];
        let seen = &mut self.observed[index];
        if self.cycle <= self.released[index] {
            seen.no_pass += 1;
            return;
        }
        let control = pass.words.controls[word];
        if control.take != 0 && self.staged.front().is_none_or(|&available| available > self.cycle) {
            seen.stall_data += 1;
            return;
        }
        let count = pass.words.len();
        if word + 1 == count || word + 1 + pass.issue.second as usize == count {
            if self.cycle < self.drained {
                seen.stall_drain += 1;
                return;
            }
            let rows = self.config.rows as u64;
            self.drained = self.cycle + if pass.issue.slow == 1 { rows } else { rows / 2 };
        }
        seen.words += 1;
        if control.pop {
            self.staged.pop_front();
            self.pops.push(self.cycle);
        }
        self.issue = (index, tile, word + 1);
        if word + 1 == count {
            scatter(pass, tile as usize, self.cycle, self.config, &mut seen.writes);
            self.issue = (index, tile + 1, 0);
            if tile + 1 == pass.issue.tiles {
                seen.done = self.cycle + timing::store_latency(self.config, Pace::from(pass.issue.slow));
                self.issue = (index + 1, 0, 0);
            }
        }
    }

    /// Reads a bank, if it may; takes the tile in the chain, if it can.
    fn gather(&mut self) -> bool {
        let mut free = self.gather.is_none();
        if let Some((tile, entry, class)) = self.gather
            && self.may_read(tile, class)
        {
            self.begun += usize::from(class == 0);
            let mut next = Some((tile, entry, class + 1));
            if class + 1 == tile.classes {
                self.staged.push_back(self.cycle + timing::FETCH_LATENCY);
                next = Some((tile, entry + 1, 0));
                free = entry + 1 == self.passes[tile.pass].loads.len();
            }
            self.gather = next.filter(|_| !free);
        }
        match self.chain {
            Some((tile, fill)) if free && fill == self.config.rows / 2 => {
                self.gather = Some((tile, 0, 0));
                true
            }
            _ => false,
        }
    }

    fn may_read(&self, tile: Tile, class: u64) -> bool {
        let done = self.observed.iter().filter(|seen| seen.done > 0 && seen.done <= self.cycle).count();
        let rows = self.config.rows as u64;
        let freed = self.pops.iter().filter(|&&pop| pop + rows <= self.cycle).count();
        done >= self.passes[tile.pass].gather.after as usize
            && (class > 0 || self.begun - freed < self.config.stage_depth)
    }

    /// Pushes a pair of records, if there is one and room for it.
    fn walk(&mut self, takes: bool) {
        if takes {
            self.chain = None;
        }
        match &mut self.chain {
            Some((_, fill)) if *fill < self.config.rows / 2 => *fill += 1,
            Some(_) => (),
            None => {
                if let Some(&tile) = self.tiles.front()
                    && self.cycle > self.released[tile.pass]
                {
                    self.tiles.pop_front();
                    self.chain = Some((tile, 1));
                }
            }
        }
    }
}
