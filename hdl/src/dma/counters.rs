//! Counters of the register file.
//!
//! | port | width | |
//! |---|---|---|
//! | `clear` | 1 | in, from 0 again |
//! | `enable`, `happens` | 1 | in, counted in cycles in which both are 1 |
//! | `step` | N | in, what is added |
//! | `count` | N | out, two cycles after the event |

use rust_hdl::prelude::*;

use crate::cells::{Fan, Reg};

/// See the module. `N` bits.
#[derive(Debug, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct Counter<const N: usize> {
    pub clock: Signal<In, Clock>,
    pub clear: Signal<In, Bit>,
    pub enable: Signal<In, Bit>,
    pub happens: Signal<In, Bit>,
    pub step: Signal<In, Bits<N>>,
    pub count: Signal<Out, Bits<N>>,

    /// By itself in each counter.
    clears: Fan<Bit>,
    counts: Reg<Bit>,
    sum: Reg<Bits<N>>,
}

impl<const N: usize> Default for Counter<N> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            clear: Default::default(),
            enable: Default::default(),
            happens: Default::default(),
            step: Default::default(),
            count: Default::default(),
            clears: Fan::new(1),
            counts: Default::default(),
            sum: Default::default(),
        }
    }
}

impl<const N: usize> Logic for Counter<N> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sum);
        clock!(self, clock, clears, counts);
        self.clears.d.next = self.clear.val();
        self.counts.d.next = self.enable.val() & self.happens.val();
        if self.counts.q.val() {
            self.sum.d.next = self.sum.q.val() + self.step.val();
        }
        if self.clears.q[0].val() {
            self.sum.d.next = 0.into();
        }
        self.count.next = self.sum.q.val();
    }
}
