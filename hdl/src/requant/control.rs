//! When the lanes of column 0 need which parameters, and what they do with the bytes.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `word_valid`, `word_last` | 1 | in, from ISSUE in cycle t: both are set when it issues the last word of an operand |
//! | `drain_entry` | 12 | in, with it: parameter entry of the operand |
//! | `drain_kind` | 2 | in, with it: 0 only operand, 1 first of two, 2 second |
//! | `entry` | 12 | out, to column 0 in cycle u-3: the entry, and the one after it in cycle u-2 |
//! | `load` | 1 | out, with the first of them |
//! | `keep`, `combine` | 1 | out, to column 0 in cycle u+9+k, for pair *k*: the kind is 1, or 2 |
//! | `index` | 5 | out, with them: k |
//! | `leaves` | 1 | out, with them: there is a pair, and the kind is not 1 |
//!
//! u = t + [`drain_latency`](pleach_spec::timing::drain_latency) is the cycle in which the sums of pair 0 come out of column
//! 0; those of column *c* follow *c* cycles later, and so does the control, which goes from column to column. Operands
//! follow each other after R/2 cycles at least, which is at least 2: time for both entries.

use pleach_spec::{Config, timing};
use rust_hdl::prelude::*;

use super::BYTE_CYCLES;
use crate::cells::{Delay, Reg};

/// Cycles by which the entry is at column 0 before the sums are.
const ENTRY_LEAD: usize = 3;

/// See the module.
#[derive(LogicBlock)]
pub struct Control {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// A word is issued.
    pub word_valid: Signal<In, Bit>,
    /// Last word of an operand.
    pub word_last: Signal<In, Bit>,
    /// Its parameter entry.
    pub drain_entry: Signal<In, Bits<12>>,
    /// What is done with it.
    pub drain_kind: Signal<In, Bits<2>>,
    /// Entries to read.
    pub entry: Signal<Out, Bits<12>>,
    /// The first of two.
    pub load: Signal<Out, Bit>,
    /// Keep the bytes.
    pub keep: Signal<Out, Bit>,
    /// Combine the bytes with those kept.
    pub combine: Signal<Out, Bit>,
    /// Pair.
    pub index: Signal<Out, Bits<5>>,
    /// The bytes leave.
    pub leaves: Signal<Out, Bit>,

    one: Constant<Bits<12>>,
    next_pair: Constant<Bits<5>>,
    last_pair: Constant<Bits<5>>,
    draining: Delay<Bit>,
    entry_line: Delay<Bits<12>>,
    kind_line: Delay<Bits<2>>,
    start: Reg<Bit>,
    read: Reg<Bits<12>>,
    arriving: Delay<Bit>,
    arriving_kind: Delay<Bits<2>>,
    active: Reg<Bit>,
    kind: Reg<Bits<2>>,
    pair: Reg<Bits<5>>,
}

impl Control {
    /// The control for a configuration.
    pub fn new(config: &Config) -> Self {
        let to_entry = timing::drain_latency(config) as usize - ENTRY_LEAD - 1;
        let to_pairs = ENTRY_LEAD + BYTE_CYCLES - 2;
        Self {
            clock: Default::default(),
            word_valid: Default::default(),
            word_last: Default::default(),
            drain_entry: Default::default(),
            drain_kind: Default::default(),
            entry: Default::default(),
            load: Default::default(),
            keep: Default::default(),
            combine: Default::default(),
            index: Default::default(),
            leaves: Default::default(),
            one: Constant::new(1.into()),
            next_pair: Constant::new(1.into()),
            last_pair: Constant::new((config.rows as u64 / 2 - 1).into()),
            draining: Delay::new(to_entry),
            entry_line: Delay::new(to_entry),
            kind_line: Delay::new(to_entry + 1),
            start: Default::default(),
            read: Default::default(),
            arriving: Delay::new(to_pairs),
            arriving_kind: Delay::new(to_pairs),
            active: Default::default(),
            kind: Default::default(),
            pair: Default::default(),
        }
    }
}

impl Logic for Control {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, read, active, kind, pair);
        clock!(self, clock, draining, entry_line, kind_line, start, arriving, arriving_kind);

        // The entry, and the one after it.
        self.draining.d.next = self.word_valid.val() & self.word_last.val();
        self.entry_line.d.next = self.drain_entry.val();
        self.start.d.next = self.draining.q.val();
        if self.start.q.val() {
            self.read.d.next = self.read.q.val() + self.one.val();
        }
        if self.draining.q.val() {
            self.read.d.next = self.entry_line.q.val();
        }
        self.entry.next = self.read.q.val();
        self.load.next = self.start.q.val();

        // The pairs, one a cycle.
        self.kind_line.d.next = self.drain_kind.val();
        self.arriving.d.next = self.start.q.val();
        self.arriving_kind.d.next = self.kind_line.q.val();
        self.pair.d.next = self.pair.q.val() + self.next_pair.val();
        if self.pair.q.val() == self.last_pair.val() {
            self.active.d.next = false;
        }
        if self.arriving.q.val() {
            self.active.d.next = true;
            self.kind.d.next = self.arriving_kind.q.val();
            self.pair.d.next = 0.into();
        }
        self.keep.next = self.active.q.val() & self.kind.q.val().get_bit(0);
        self.combine.next = self.kind.q.val().get_bit(1);
        self.index.next = self.pair.q.val();
        self.leaves.next = self.active.q.val() & !self.kind.q.val().get_bit(0);
    }
}
