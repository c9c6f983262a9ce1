//! The stream readers of all columns, chained from left to right.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `word_valid`, `word_first`, `word_last` | 1 | in, from ISSUE in the cycle t of issue |
//! | `word_address` | 16 | in, with them |
//! | `weight$c` | 8 | out, to column *c* of the array in cycle t + 2 + c |
//! | `position$c` | P = log2 W | out, likewise |
//! | `first$c`, `last$c` | 1 | out, likewise |
//! | `memory_write` | 1 | in: a beat of the word region of the memory port |
//! | `memory_entry` | 16 | in: slot word |
//! | `memory_beat` | 1 | in: 0 weights, 1 positions |
//! | `memory_data` | 128 | in: weight of column *c* at bit 8 *c*, or position at bit P *c* |
//!
//! There are at most 16 columns, so that a word has two beats. The control nibble of the second beat is ISSUE's.

use rust_hdl::prelude::*;

use super::Column;
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Wiring};

/// See the module. `P` position bits.
#[derive(LogicBlock)]
pub struct Readers<const P: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// A word is issued.
    pub word_valid: Signal<In, Bit>,
    /// First word of a tile.
    pub word_first: Signal<In, Bit>,
    /// Last word of a tile.
    pub word_last: Signal<In, Bit>,
    /// Where the word is.
    pub word_address: Signal<In, Bits<16>>,
    /// Weight for each column.
    pub weight: Vec<Signal<Out, Bits<8>>>,
    /// Position for each column.
    pub position: Vec<Signal<Out, Bits<P>>>,
    /// First word of a sum, for each column.
    pub first: Vec<Signal<Out, Bit>>,
    /// Last word of a sum, for each column.
    pub last: Vec<Signal<Out, Bit>>,
    /// Write a beat.
    pub memory_write: Signal<In, Bit>,
    /// Slot word to write.
    pub memory_entry: Signal<In, Bits<16>>,
    /// Beat of it.
    pub memory_beat: Signal<In, Bit>,
    /// The beat.
    pub memory_data: Signal<In, Bits<128>>,

    column: Vec<Column<P>>,
    wiring: Wiring,
}

impl<const P: usize> Readers<P> {
    /// Readers for `columns` columns and `depth` words.
    ///
    /// # Panics
    /// If there are more than 16 columns.
    pub fn new(columns: usize, depth: usize) -> Self {
        assert!((1..=16).contains(&columns), "{columns} columns");
        Self {
            clock: Default::default(),
            word_valid: Default::default(),
            word_first: Default::default(),
            word_last: Default::default(),
            word_address: Default::default(),
            weight: many(columns),
            position: many(columns),
            first: many(columns),
            last: many(columns),
            memory_write: Default::default(),
            memory_entry: Default::default(),
            memory_beat: Default::default(),
            memory_data: Default::default(),
            column: (0..columns).map(|_| Column::new(depth)).collect(),
            wiring: Default::default(),
        }
    }
}

impl<const P: usize> Structure for Readers<P> {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        let mut valid = self.word_valid.tap();
        let mut first = self.word_first.tap();
        let mut last = self.word_last.tap();
        let mut address = self.word_address.tap();
        for (c, column) in self.column.iter_mut().enumerate() {
            net.wire(self.clock.tap(), &mut column.clock);
            net.wire(valid, &mut column.valid_in);
            net.wire(first, &mut column.first_in);
            net.wire(last, &mut column.last_in);
            net.wire(address, &mut column.address_in);
            valid = column.valid_out.tap();
            first = column.first_out.tap();
            last = column.last_out.tap();
            address = column.address_out.tap();

            net.wire(column.weight.tap(), &mut self.weight[c]);
            net.wire(column.position.tap(), &mut self.position[c]);
            net.wire(column.first.tap(), &mut self.first[c]);
            net.wire(column.last.tap(), &mut self.last[c]);

            net.wire(self.memory_write.tap(), &mut column.memory_write);
            net.wire(self.memory_beat.tap(), &mut column.memory_beat);
            net.wire(self.memory_entry.tap(), &mut column.memory_entry);
            net.wire(self.memory_data.tap().slice(8 * c), &mut column.memory_weight);
            net.wire(self.memory_data.tap().slice(P * c), &mut column.memory_position);
        }
    }
}

impl<const P: usize> Logic for Readers<P> {
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
