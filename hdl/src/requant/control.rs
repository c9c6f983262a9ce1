//! Which entry of the parameter memories the lanes use.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `busy` | 1 | in: a run is under way |
//! | `pass_first` | 12 | in: entry of the run's first pass |
//! | `pass_end` | 1 | in, from ISSUE in the cycle t in which it issues the last word of a pass |
//! | `entry` | 12 | out, to lane 0 |
//!
//! While not busy, `entry` is `pass_first` (1 cycle later). In a run it moves on by one in cycle t + 5 + 2 R. Lane 0
//! registers it, reads its memory and so has the next parameters in cycle t + 7 + 2 R: the cycle after the sum of row
//! R - 1, and the first in which a sum of the next tile can come out of the array.
//!
//! Marks under way when a run is given up are not recalled: after a reset `busy` must stay 0 for 5 + 2 R cycles.

use rust_hdl::prelude::*;

use crate::cells::{Delay, Reg};

/// See the module.
#[derive(LogicBlock)]
pub struct Control {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// A run is under way.
    pub busy: Signal<In, Bit>,
    /// Entry of the first pass.
    pub pass_first: Signal<In, Bits<12>>,
    /// Last word of a pass.
    pub pass_end: Signal<In, Bit>,
    /// Entry of the pass whose sums come out.
    pub entry: Signal<Out, Bits<12>>,

    one: Constant<Bits<12>>,
    advance: Delay<Bit>,
    current: Reg<Bits<12>>,
}

impl Control {
    /// The control for an array of `rows`.
    pub fn new(rows: usize) -> Self {
        Self {
            clock: Default::default(),
            busy: Default::default(),
            pass_first: Default::default(),
            pass_end: Default::default(),
            entry: Default::default(),
            one: Constant::new(1.into()),
            advance: Delay::new(4 + 2 * rows),
            current: Default::default(),
        }
    }
}

impl Logic for Control {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, current);
        clock!(self, clock, advance);
        self.advance.d.next = self.pass_end.val();
        if self.advance.q.val() {
            self.current.d.next = self.current.q.val() + self.one.val();
        }
        if !self.busy.val() {
            self.current.d.next = self.pass_first.val();
        }
        self.entry.next = self.current.q.val();
    }
}
