//! One processing element: picks a byte of its row's window, multiplies it by its column's weight, accumulates.
//!
//! ```text
//!                 weight, position, first, last              drain
//!                              |                               |
//!                              v                               v
//!               +---------------------------------------------------+
//!  window ----->| window   weight   position   first   last         |-----> window
//!               |    |        |        |         |       |          |
//!               |    +--------|----> select      |       v (3 cycles)
//!               |             +-----> mac <------+       |          |
//!               |                      | sum             |          |
//!               |                      v                 v          |
//!               |             drain <- complete ? sum : from above  |
//!               +---------------------------------------------------+
//!                              |                               |
//!                              v                               v
//! ```
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `window_in`, `window_out` | WB = 8 W | from the left, to the right 1 cycle later |
//! | `weight_in`, `weight_out` | 8 | from above, down 1 cycle later; two's complement |
//! | `position_in`, `position_out` | P = log2 W | from above, down 1 cycle later |
//! | `first_in`, `first_out` | 1 | from above, down 1 cycle later: this word starts a sum |
//! | `last_in`, `last_out` | 1 | from above, down 1 cycle later: this word ends a sum |
//! | `drain_in`, `drain_out` | 32 | from two rows above, down 1 cycle later |
//!
//! With T the cycle in which a word stands in the input registers (and so on the `_out` ports of window, weight, ...):
//!
//! ```text
//! cycle     T          T+1        T+2       T+3        T+4
//!           w, window  w, byte    w * byte  sum        drain
//!           last                            complete
//! ```
//!
//! There is no enable and no reset. Cycles without work carry weight 0, `first` 0 and `last` 0. A complete sum goes onto
//! the drain at once, so that the next word may start a new one in the very next cycle; what comes from above in that
//! cycle is lost.

use rust_hdl::prelude::*;

use crate::cells::{Delay, FAN_OUT, Fan, Mac, Reg, Select};

/// Cycles from a word in the input registers to the sum that contains it.
const SUM_CYCLES: usize = 3;

/// See the module. `WB` window bits, `P` position bits.
#[derive(Debug, LogicBlock)]
pub struct Pe<const WB: usize, const P: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Window from the left.
    pub window_in: Signal<In, Bits<WB>>,
    /// Window to the right.
    pub window_out: Signal<Out, Bits<WB>>,
    /// Weight from above.
    pub weight_in: Signal<In, Bits<8>>,
    /// Weight to below.
    pub weight_out: Signal<Out, Bits<8>>,
    /// Position in the window from above.
    pub position_in: Signal<In, Bits<P>>,
    /// Position in the window to below.
    pub position_out: Signal<Out, Bits<P>>,
    /// First word of a sum from above.
    pub first_in: Signal<In, Bit>,
    /// First word of a sum to below.
    pub first_out: Signal<Out, Bit>,
    /// Last word of a sum from above.
    pub last_in: Signal<In, Bit>,
    /// Last word of a sum to below.
    pub last_out: Signal<Out, Bit>,
    /// Sum from two rows above.
    pub drain_in: Signal<In, Bits<32>>,
    /// Sum to two rows below.
    pub drain_out: Signal<Out, Bits<32>>,

    window: Reg<Bits<WB>>,
    weight: Reg<Bits<8>>,
    position: Fan<Bits<P>>,
    first: Reg<Bit>,
    last: Reg<Bit>,
    select: Select<WB, P>,
    mac: Mac,
    complete: Delay<Bit>,
    drain: Reg<Bits<32>>,
}

impl<const WB: usize, const P: usize> Pe<WB, P> {
    /// Registers of the position: a bit of it chooses in a LUT for every 4 bits of the window, beside what it passes on.
    const POSITIONS: usize = if WB / 4 < FAN_OUT { 1 } else { 2 };
}

impl<const WB: usize, const P: usize> Default for Pe<WB, P> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            window_in: Default::default(),
            window_out: Default::default(),
            weight_in: Default::default(),
            weight_out: Default::default(),
            position_in: Default::default(),
            position_out: Default::default(),
            first_in: Default::default(),
            first_out: Default::default(),
            last_in: Default::default(),
            last_out: Default::default(),
            drain_in: Default::default(),
            drain_out: Default::default(),
            window: Default::default(),
            weight: Default::default(),
            position: Fan::of_registers(2, Self::POSITIONS),
            first: Default::default(),
            last: Default::default(),
            select: Default::default(),
            mac: Default::default(),
            complete: Delay::new(SUM_CYCLES),
            drain: Default::default(),
        }
    }
}

impl<const WB: usize, const P: usize> Logic for Pe<WB, P> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, window, weight, position, first, last, mac, complete, drain);

        // Input registers, passed on.
        self.window.d.next = self.window_in.val();
        self.weight.d.next = self.weight_in.val();
        self.position.d.next = self.position_in.val();
        self.first.d.next = self.first_in.val();
        self.last.d.next = self.last_in.val();
        self.window_out.next = self.window.q.val();
        self.weight_out.next = self.weight.q.val();
        self.position_out.next = self.position.q[1].val();
        self.first_out.next = self.first.q.val();
        self.last_out.next = self.last.q.val();

        // Multiply and accumulate.
        self.select.window.next = self.window.q.val();
        self.select.position.next = self.position.q[0].val();
        self.mac.activation.next = self.select.chosen.val();
        self.mac.weight.next = self.weight.q.val();
        self.mac.first.next = self.first.q.val();

        // Drain.
        self.complete.d.next = self.last.q.val();
        self.drain.d.next = self.drain_in.val();
        if self.complete.q.val() {
            self.drain.d.next = self.mac.sum.val();
        }
        self.drain_out.next = self.drain.q.val();
    }
}
