//! All rows, their control chained from top to bottom.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `take` | 2 | in, from ISSUE in the cycle t of issue; 0 without a word |
//! | `take_max` | 1 | in, with it: only bytes enter that are greater than those they replace |
//! | `window_slot` | 2 | in, with it: where they go |
//! | `take_slot` | 7 | in, with it: staging slot of the oldest vector |
//! | `stage_write$r` | 1 | in, for each row: a vector arrives |
//! | `stage_slot` | 7 | in, for all rows |
//! | `stage_data$r` | 128 | in, for each row |
//! | `window$r` | WB = 8 W | out, to row *r* of the array in cycle t + 2 + r |

use rust_hdl::prelude::*;

use super::Row;
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Wiring};

/// See the module. `WB` window bits.
#[derive(LogicBlock)]
pub struct Rows<const WB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Chunks that enter the windows.
    pub take: Signal<In, Bits<2>>,
    /// Only greater bytes enter.
    pub take_max: Signal<In, Bit>,
    /// Where they go.
    pub window_slot: Signal<In, Bits<2>>,
    /// Which staged vector they are of.
    pub take_slot: Signal<In, Bits<7>>,
    /// A vector arrives, for each row.
    pub stage_write: Vec<Signal<In, Bit>>,
    /// Where the vectors go.
    pub stage_slot: Signal<In, Bits<7>>,
    /// The vector of each row.
    pub stage_data: Vec<Signal<In, Bits<128>>>,
    /// The window of each row.
    pub window: Vec<Signal<Out, Bits<WB>>>,

    row: Vec<Row<WB>>,
    wiring: Wiring,
}

impl<const WB: usize> Rows<WB> {
    /// `rows` rows that stage `depth` vectors each, with chunks of `chunk` activations.
    pub fn new(rows: usize, depth: usize, chunk: usize) -> Self {
        Self {
            clock: Default::default(),
            take: Default::default(),
            take_max: Default::default(),
            window_slot: Default::default(),
            take_slot: Default::default(),
            stage_write: many(rows),
            stage_slot: Default::default(),
            stage_data: many(rows),
            window: many(rows),
            row: (0..rows).map(|_| Row::new(depth, chunk)).collect(),
            wiring: Default::default(),
        }
    }
}

impl<const WB: usize> Structure for Rows<WB> {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        let mut take = self.take.tap();
        let mut max = self.take_max.tap();
        let mut window_slot = self.window_slot.tap();
        let mut take_slot = self.take_slot.tap();
        for (r, row) in self.row.iter_mut().enumerate() {
            net.wire(self.clock.tap(), &mut row.clock);
            net.wire(take, &mut row.take_in);
            net.wire(max, &mut row.max_in);
            net.wire(window_slot, &mut row.window_slot_in);
            net.wire(take_slot, &mut row.stage_slot_in);
            take = row.take_out.tap();
            max = row.max_out.tap();
            window_slot = row.window_slot_out.tap();
            take_slot = row.stage_slot_out.tap();

            net.wire(self.stage_write[r].tap(), &mut row.stage_write);
            net.wire(self.stage_slot.tap(), &mut row.stage_slot);
            net.wire(self.stage_data[r].tap(), &mut row.stage_data);
            net.wire(row.window.tap(), &mut self.window[r]);
        }
    }
}

impl<const WB: usize> Logic for Rows<WB> {
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
