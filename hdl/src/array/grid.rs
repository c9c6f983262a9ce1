//! R x C processing elements.
//!
//! ```text
//!                       column 0    column 1          column C-1
//!                          |           |                  |       weight, position, first, last
//!                          v           v                  v
//!   window, row 0   --->  PE ------>  PE ----> ... ---->  PE
//!                          |           |                  |
//!   window, row 1   --->  PE ------>  PE ----> ... ---->  PE
//!                         ...         ...                ...
//!   window, row R-1 --->  PE ------>  PE ----> ... ---->  PE
//!                          |           |                  |
//!                          v           v                  v       drain, drain_valid
//! ```
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `window$r` | WB = 8 W | in, one for each row |
//! | `weight$c` | 8 | in, one for each column, as are the next three |
//! | `position$c` | P = log2 W | in |
//! | `first$c`, `last$c` | 1 | in |
//! | `drain$c` | 32 | out, one for each column |
//! | `drain_valid$c` | 1 | out |
//!
//! The array is a wavefront: what belongs to row *r* and column *c* must be on `window$r` *r* cycles, and on `weight$c`
//! and its companions *c* cycles after that of row 0 and column 0. The skew is made outside.
//!
//! Let a word be on the inputs of row 0 and column 0 in cycle T - 1, so that it stands in the registers of PE(0,0) in
//! cycle T. If it is the last of a sum, the sum of row *r* is on `drain$c` in cycle
//!
//! ```text
//!     T + 4 + R + c + r          [drain_cycles(R) + c + r cycles after it was on the inputs of column 0]
//! ```
//!
//! that is, row 0 first and one row each cycle, with `drain_valid$c` set. Between the last words of two sums there must
//! be at least R cycles (from one `last` to the next); at exactly R the drain is busy in every cycle.

use rust_hdl::prelude::*;

use crate::cells::Delay;
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

use super::Pe;

/// Cycles from `last$0` on the input of column 0 to the moment the shadow of PE(0,0) holds the sum.
const TOKEN_CYCLES: usize = 5;

/// Cycles from `last` on the input of a column to the sum of row 0 on its `drain`, in an array of `rows`.
pub const fn drain_cycles(rows: usize) -> usize {
    TOKEN_CYCLES + rows
}

/// See the module. `WB` window bits, `P` position bits.
#[derive(Debug, LogicBlock)]
pub struct Array<const WB: usize, const P: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Window of each row.
    pub window: Vec<Signal<In, Bits<WB>>>,
    /// Weight of each column.
    pub weight: Vec<Signal<In, Bits<8>>>,
    /// Position in the window for each column.
    pub position: Vec<Signal<In, Bits<P>>>,
    /// First word of a sum, for each column.
    pub first: Vec<Signal<In, Bit>>,
    /// Last word of a sum, for each column.
    pub last: Vec<Signal<In, Bit>>,
    /// Sums of each column.
    pub drain: Vec<Signal<Out, Bits<32>>>,
    /// Whether there is a sum, for each column.
    pub drain_valid: Vec<Signal<Out, Bit>>,

    pe: Vec<Vec<Pe<WB, P>>>,
    token: Vec<Delay<Bit>>,
    wiring: Wiring,
}

impl<const WB: usize, const P: usize> Array<WB, P> {
    /// An array of `rows` times `columns`.
    ///
    /// # Panics
    /// If there are no rows or no columns.
    pub fn new(rows: usize, columns: usize) -> Self {
        assert!(rows > 0 && columns > 0, "an array of {rows} x {columns}");
        Self {
            clock: Default::default(),
            window: many(rows),
            weight: many(columns),
            position: many(columns),
            first: many(columns),
            last: many(columns),
            drain: many(columns),
            drain_valid: many(columns),
            pe: (0..rows).map(|_| many(columns)).collect(),
            token: (0..columns).map(|_| Delay::new(TOKEN_CYCLES)).collect(),
            wiring: Default::default(),
        }
    }

    fn wire_windows(&mut self, net: &mut Net) {
        for (pes, window) in self.pe.iter_mut().zip(&self.window) {
            let mut from = window.tap();
            for pe in pes {
                net.wire(from, &mut pe.window_in);
                from = pe.window_out.tap();
            }
        }
    }

    fn wire_column(&mut self, c: usize, net: &mut Net) {
        net.wire(self.clock.tap(), &mut self.token[c].clock);
        net.wire(self.last[c].tap(), &mut self.token[c].d);
        let mut weight = self.weight[c].tap();
        let mut position = self.position[c].tap();
        let mut first = self.first[c].tap();
        let mut last = self.last[c].tap();
        let mut inject = self.token[c].q.tap();
        let mut drain = Tap::constant(Bits::default());
        let mut drain_valid = Tap::constant(false);
        for row in &mut self.pe {
            let pe = &mut row[c];
            net.wire(self.clock.tap(), &mut pe.clock);
            net.wire(weight, &mut pe.weight_in);
            net.wire(position, &mut pe.position_in);
            net.wire(first, &mut pe.first_in);
            net.wire(last, &mut pe.last_in);
            net.wire(inject, &mut pe.inject_in);
            net.wire(drain, &mut pe.drain_in);
            net.wire(drain_valid, &mut pe.drain_valid_in);
            weight = pe.weight_out.tap();
            position = pe.position_out.tap();
            first = pe.first_out.tap();
            last = pe.last_out.tap();
            inject = pe.inject_out.tap();
            drain = pe.drain_out.tap();
            drain_valid = pe.drain_valid_out.tap();
        }
        net.wire(drain, &mut self.drain[c]);
        net.wire(drain_valid, &mut self.drain_valid[c]);
    }
}

fn many<T: Default>(count: usize) -> Vec<T> {
    (0..count).map(|_| T::default()).collect()
}

impl<const WB: usize, const P: usize> Structure for Array<WB, P> {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_windows(net);
        for c in 0..self.weight.len() {
            self.wire_column(c, net);
        }
    }
}

impl<const WB: usize, const P: usize> Logic for Array<WB, P> {
    fn update(&mut self) {
        self.drive();
    }

    fn connect(&mut self) {
        self.record();
    }

    fn hdl(&self) -> Verilog {
        self.netlist()
    }
}
