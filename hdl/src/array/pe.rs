//! One processing element: picks a byte of its row's window, multiplies it by its column's weight, accumulates.
//!
//! ```text
//!                 weight, position, first, last   inject   drain
//!                              |                    |        |
//!                              v                    v        v
//!               +--------------------------------------------------+
//!  window ----->| window   weight   position   first   last          |-----> window
//!               |    |        |        |         |       |           |
//!               |    +--------|----> select      |       |           |
//!               |             +-----> mac <------+       |           |
//!               |                      | sum             v (3 cycles)|
//!               |                      +-----> shadow <- capture     |
//!               |             drain <- inject ? shadow : from above  |
//!               +--------------------------------------------------+
//!                              |                    |        |
//!                              v                    v        v
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
//! | `inject_in`, `inject_out` | 1 | from above, down 2 cycles later: put the shadow on the drain now |
//! | `drain_in`, `drain_out` | 32 | from above, down 1 cycle later |
//! | `drain_valid_in`, `drain_valid_out` | 1 | with `drain` |
//!
//! With T the cycle in which a word stands in the input registers (and so on the `_out` ports of window, weight, ...):
//!
//! ```text
//! cycle     T          T+1        T+2       T+3        T+4       T+5
//!           w, window  w, byte    w * byte  sum        shadow    drain, if inject_in at T+4
//!           last                            (capture)
//! ```
//!
//! There is no enable and no reset. Cycles without work carry weight 0, `first` 0 and `last` 0. The shadow holds until
//! the next `last`; `inject_in` must come before that, and never together with `drain_valid_in`.

use rust_hdl::prelude::*;

use crate::cells::{Delay, Mac, Reg, Select};

/// Cycles from a word in the input registers to the sum that contains it.
const SUM_CYCLES: usize = 3;
/// Cycles a drain token takes for one row: half the speed of the words, so that rows drain one after the other.
const INJECT_CYCLES: usize = 2;

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
    /// Drain token from above.
    pub inject_in: Signal<In, Bit>,
    /// Drain token to below.
    pub inject_out: Signal<Out, Bit>,
    /// Sum from above.
    pub drain_in: Signal<In, Bits<32>>,
    /// Sum to below.
    pub drain_out: Signal<Out, Bits<32>>,
    /// Whether there is a sum from above.
    pub drain_valid_in: Signal<In, Bit>,
    /// Whether there is a sum to below.
    pub drain_valid_out: Signal<Out, Bit>,

    window: Reg<Bits<WB>>,
    weight: Reg<Bits<8>>,
    position: Reg<Bits<P>>,
    first: Reg<Bit>,
    last: Reg<Bit>,
    select: Select<WB, P>,
    mac: Mac,
    capture: Delay<Bit>,
    shadow: Reg<Bits<32>>,
    inject: Delay<Bit>,
    drain: Reg<Bits<32>>,
    drain_valid: Reg<Bit>,
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
            inject_in: Default::default(),
            inject_out: Default::default(),
            drain_in: Default::default(),
            drain_out: Default::default(),
            drain_valid_in: Default::default(),
            drain_valid_out: Default::default(),
            window: Default::default(),
            weight: Default::default(),
            position: Default::default(),
            first: Default::default(),
            last: Default::default(),
            select: Default::default(),
            mac: Default::default(),
            capture: Delay::new(SUM_CYCLES),
            shadow: Default::default(),
            inject: Delay::new(INJECT_CYCLES),
            drain: Default::default(),
            drain_valid: Default::default(),
        }
    }
}

impl<const WB: usize, const P: usize> Logic for Pe<WB, P> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, shadow);
        clock!(self, clock, window, weight, position, first, last, mac, capture, inject, drain, drain_valid);

        // Input registers, passed on.
        self.window.d.next = self.window_in.val();
        self.weight.d.next = self.weight_in.val();
        self.position.d.next = self.position_in.val();
        self.first.d.next = self.first_in.val();
        self.last.d.next = self.last_in.val();
        self.window_out.next = self.window.q.val();
        self.weight_out.next = self.weight.q.val();
        self.position_out.next = self.position.q.val();
        self.first_out.next = self.first.q.val();
        self.last_out.next = self.last.q.val();

        // Multiply and accumulate.
        self.select.window.next = self.window.q.val();
        self.select.position.next = self.position.q.val();
        self.mac.activation.next = self.select.chosen.val();
        self.mac.weight.next = self.weight.q.val();
        self.mac.first.next = self.first.q.val();

        // The sum steps aside as soon as it is complete.
        self.capture.d.next = self.last.q.val();
        if self.capture.q.val() {
            self.shadow.d.next = self.mac.sum.val();
        }

        // Drain.
        self.inject.d.next = self.inject_in.val();
        self.inject_out.next = self.inject.q.val();
        self.drain.d.next = self.drain_in.val();
        self.drain_valid.d.next = self.drain_valid_in.val() | self.inject_in.val();
        if self.inject_in.val() {
            self.drain.d.next = self.shadow.q.val();
        }
        self.drain_out.next = self.drain.q.val();
        self.drain_valid_out.next = self.drain_valid.q.val();
    }
}
