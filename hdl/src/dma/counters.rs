//! Counters of the register file.
//!
//! | port | width | |
//! |---|---|---|
//! | `clear` | 1 | in, from 0 again |
//! | `enable`, `happens` | 1 | in, counted in cycles in which both are 1 |
//! | `step` | 7 | in, what is added |
//! | `count` | 64 | out, three cycles after the event at most |

use rust_hdl::prelude::*;

use crate::cells::{Fan, Reg};

/// See the module.
#[derive(Debug, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct Counter {
    pub clock: Signal<In, Clock>,
    pub clear: Signal<In, Bit>,
    pub enable: Signal<In, Bit>,
    pub happens: Signal<In, Bit>,
    pub step: Signal<In, Bits<7>>,
    pub count: Signal<Out, Bits<64>>,

    /// By itself in each half of each counter.
    clears: Fan<Bit>,
    counts: Reg<Bit>,
    // Two halves, so that no carry chain is long.
    low: Reg<Bits<32>>,
    carries: Reg<Bit>,
    high: Reg<Bits<32>>,
    sum: Signal<Local, Bits<33>>,
}

impl Default for Counter {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            clear: Default::default(),
            enable: Default::default(),
            happens: Default::default(),
            step: Default::default(),
            count: Default::default(),
            clears: Fan::new(2),
            counts: Default::default(),
            low: Default::default(),
            carries: Default::default(),
            high: Default::default(),
            sum: Default::default(),
        }
    }
}

impl Logic for Counter {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, low, high);
        clock!(self, clock, clears, counts, carries);
        self.clears.d.next = self.clear.val();
        self.counts.d.next = self.enable.val() & self.happens.val();
        self.sum.next = bit_cast::<33, 32>(self.low.q.val()) + bit_cast::<33, 7>(self.step.val());
        self.carries.d.next = self.counts.q.val() & self.sum.val().get_bit(32);
        if self.counts.q.val() {
            self.low.d.next = self.sum.val().get_bits::<32>(0);
        }
        if self.carries.q.val() {
            self.high.d.next = self.high.q.val() + 1;
        }
        if self.clears.q[0].val() {
            self.low.d.next = 0.into();
            self.carries.d.next = false;
        }
        if self.clears.q[1].val() {
            self.high.d.next = 0.into();
        }
        self.count.next =
            bit_cast::<64, 32>(self.low.q.val()) | (bit_cast::<64, 32>(self.high.q.val()) << 32);
    }
}

/// A counter of 32 bits that counts by one, otherwise as [`Counter`].
#[derive(Debug, LogicBlock)]
#[allow(missing_docs)] // See the module.
pub struct EventCounter {
    pub clock: Signal<In, Clock>,
    pub clear: Signal<In, Bit>,
    pub enable: Signal<In, Bit>,
    pub happens: Signal<In, Bit>,
    pub count: Signal<Out, Bits<32>>,

    /// By itself in each counter.
    clears: Fan<Bit>,
    counts: Reg<Bit>,
    sum: Reg<Bits<32>>,
}

impl Default for EventCounter {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            clear: Default::default(),
            enable: Default::default(),
            happens: Default::default(),
            count: Default::default(),
            clears: Fan::new(1),
            counts: Default::default(),
            sum: Default::default(),
        }
    }
}

impl Logic for EventCounter {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sum);
        clock!(self, clock, clears, counts);
        self.clears.d.next = self.clear.val();
        self.counts.d.next = self.enable.val() & self.happens.val();
        if self.counts.q.val() {
            self.sum.d.next = self.sum.q.val() + 1;
        }
        if self.clears.q[0].val() {
            self.sum.d.next = 0.into();
        }
        self.count.next = self.sum.q.val();
    }
}
