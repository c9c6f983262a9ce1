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
//!                          v           v                  v       even, odd
//! ```
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `window$r` | WB = 8 W | in, one for each row |
//! | `weight$c` | 8 | in, one for each column, as are the next three |
//! | `position$c` | P = log2 W | in |
//! | `first$c`, `last$c` | 1 | in |
//! | `even$c`, `odd$c` | 32 | out, one for each column: sums of rows 0, 2, ... and of rows 1, 3, ... |
//!
//! The array is a wavefront: what belongs to row *r* and column *c* must be on `window$r` *r* cycles, and on `weight$c`
//! and its companions *c* cycles after that of row 0 and column 0. The skew is made outside.
//!
//! Each column has two drain buses, one for the even and one for the odd rows, so that the rows leave in pairs. Let a word
//! be on the inputs of row 0 and column 0 in cycle T - 1, so that it stands in the registers of PE(0,0) in cycle T. If it
//! is the last of a sum, the sums of rows 2*k* and 2*k* + 1 are on `even$c` and `odd$c` in cycle
//!
//! ```text
//!     T + 4 + R/2 + c + k          [drain_cycles(R) + c + k cycles after it was on the inputs of column 0]
//! ```
//!
//! that is, the first pair first and one pair each cycle. Between the last words of two sums there must be at least R/2
//! cycles (from one `last` to the next); at exactly R/2 the buses are busy in every cycle. What is on them between sums is
//! not defined.

use rust_hdl::prelude::*;

use crate::cells::Reg;
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

use super::Pe;

/// Cycles from `last` on the input of a column to the sums of the first pair on its outputs, in an array of `rows`.
pub const fn drain_cycles(rows: usize) -> usize {
    5 + rows / 2
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
    /// Sums of the even rows of each column.
    pub even: Vec<Signal<Out, Bits<32>>>,
    /// Sums of the odd rows of each column.
    pub odd: Vec<Signal<Out, Bits<32>>>,

    pe: Vec<Vec<Pe<WB, P>>>,
    even_waits: Vec<Reg<Bits<32>>>,
    wiring: Wiring,
}

impl<const WB: usize, const P: usize> Array<WB, P> {
    /// An array of `rows` times `columns`.
    ///
    /// # Panics
    /// If the rows are not pairs, or if there are no columns.
    pub fn new(rows: usize, columns: usize) -> Self {
        assert!(rows > 0 && rows.is_multiple_of(2) && columns > 0, "an array of {rows} x {columns}");
        Self {
            clock: Default::default(),
            window: many(rows),
            weight: many(columns),
            position: many(columns),
            first: many(columns),
            last: many(columns),
            even: many(columns),
            odd: many(columns),
            pe: (0..rows).map(|_| many(columns)).collect(),
            even_waits: many(columns),
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
        let mut weight = self.weight[c].tap();
        let mut position = self.position[c].tap();
        let mut first = self.first[c].tap();
        let mut last = self.last[c].tap();
        let mut buses = [(); 2].map(|()| Tap::constant(Bits::default()));
        for (r, row) in self.pe.iter_mut().enumerate() {
            let pe = &mut row[c];
            net.wire(self.clock.tap(), &mut pe.clock);
            net.wire(weight, &mut pe.weight_in);
            net.wire(position, &mut pe.position_in);
            net.wire(first, &mut pe.first_in);
            net.wire(last, &mut pe.last_in);
            weight = pe.weight_out.tap();
            position = pe.position_out.tap();
            first = pe.first_out.tap();
            last = pe.last_out.tap();

            let bus = &mut buses[r % 2];
            net.wire(std::mem::replace(bus, pe.drain_out.tap()), &mut pe.drain_in);
        }
        // An even row is complete one cycle before the odd one of its pair.
        let [even, odd] = buses;
        net.wire(self.clock.tap(), &mut self.even_waits[c].clock);
        net.wire(even, &mut self.even_waits[c].d);
        net.wire(self.even_waits[c].q.tap(), &mut self.even[c]);
        net.wire(odd, &mut self.odd[c]);
    }
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
