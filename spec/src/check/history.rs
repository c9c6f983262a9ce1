//! Who accessed the addresses of a memory last.

use super::order::Clock;
use crate::list::Engine;
use std::collections::BTreeMap;
use std::ops::Range;

/// What is done to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is read.
    Read,
    /// It is written.
    Write,
}

/// Accesses to a range of addresses. Clocks count commands: 0 stands for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Uses {
    written: bool,
    /// Engine and ordinal plus 1 of the last write; 0 for the host's.
    write: (usize, u32),
    /// Last read of each engine since then.
    reads: Clock,
}

/// Ranges by start, each up to the next one.
#[derive(Debug)]
pub struct History(BTreeMap<usize, Uses>);

impl Default for History {
    fn default() -> Self {
        Self(BTreeMap::from([(0, Uses::default())]))
    }
}

impl History {
    fn split(&mut self, at: usize) {
        if let Some((&start, &uses)) = self.0.range(..=at).next_back()
            && start < at
        {
            self.0.insert(at, uses);
        }
    }

    /// The host has written a range before the run.
    pub fn fill(&mut self, range: Range<usize>) {
        self.split(range.start);
        self.split(range.end);
        for (_, uses) in self.0.range_mut(range) {
            uses.written = true;
        }
    }

    /// A run has ended: what it wrote is there, and nobody accesses it any more.
    pub fn end_run(&mut self) {
        for uses in self.0.values_mut() {
            *uses = Uses { written: uses.written, ..Uses::default() };
        }
    }

    /// The first address of a range that nothing has written.
    pub fn unwritten(&self, range: &Range<usize>) -> Option<usize> {
        let (&first, _) = self.0.range(..=range.start).next_back()?;
        let hole = self.0.range(first..range.end).find(|(_, uses)| !uses.written);
        hole.map(|(&start, _)| start.max(range.start))
    }

    /// Notes an access by command `ordinal` of an engine, which starts when as many commands of each engine are complete as
    /// `start` says. If it is not ordered after another: an address, and engine and ordinal of the other command.
    pub fn access(
        &mut self,
        range: &Range<usize>,
        mode: Mode,
        engine: Engine,
        ordinal: u32,
        start: Clock,
    ) -> Option<(usize, usize, u32)> {
        if range.is_empty() {
            return None;
        }
        self.split(range.start);
        self.split(range.end);
        let me = engine as usize;
        // Commands of an engine access memories in their order. Only what a pass reads of the activation buffer may be ahead of
        // what the pass before it writes there.
        let ordered = |other: usize, clock: u32, reads_maps: bool| {
            clock <= start[other] || other == me && !(me == Engine::Compute as usize && reads_maps)
        };
        for (&address, uses) in self.0.range(range.clone()) {
            let (writer, clock) = uses.write;
            if !ordered(writer, clock, mode == Mode::Read) {
                return Some((address, writer, clock - 1));
            }
            let late = (0..3).find(|&reader| !ordered(reader, uses.reads[reader], false));
            if mode == Mode::Write
                && let Some(reader) = late
            {
                return Some((address, reader, uses.reads[reader] - 1));
            }
        }
        match mode {
            Mode::Read => {
                for (_, uses) in self.0.range_mut(range.clone()) {
                    uses.reads[me] = ordinal + 1;
                }
            }
            Mode::Write => {
                let inside: Vec<usize> = self.0.range(range.clone()).map(|(&start, _)| start).collect();
                for start in inside {
                    self.0.remove(&start);
                }
                let uses = Uses { written: true, write: (me, ordinal + 1), reads: Clock::default() };
                self.0.insert(range.start, uses);
            }
        }
        None
    }
}
