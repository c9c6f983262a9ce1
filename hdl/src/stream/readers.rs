//! The stream readers of all columns, chained from left to right.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `word_valid`, `word_first`, `word_last` | 1 | in, from ISSUE in the cycle t of issue |
//! | `word_address` | 16 | in, with them |
//! | `word_dense`, `word_position` | 1, 5 | in, with them: all columns use this position |
//! | `weight$c` | 8 | out, to column *c* of the array in cycle t + 2 + c |
//! | `position$c` | P = log2 W | out, likewise |
//! | `first$c`, `last$c` | 1 | out, likewise |
//! | `weight_write` | 1 | in: a beat of weights |
//! | `position_write` | 1 | in: a beat of positions |
//! | `memory_entry` | 16 | in, with them: slot word |
//! | `memory_beat` | 1 | in, with them: beat *b* is for columns 16 *b* to 16 *b* + 15 |
//! | `memory_data` | 128 | in: weight of column *c* at bit 8 (*c* mod 16), or position at bit P (*c* mod 16) |
//!
//! A beat is in the memories two cycles after it is offered: where it goes is first in registers, a copy for every
//! `COPY_COLUMNS` columns. The control nibble in the uppermost bits of the last beat of positions is ISSUE's.

use pleach_spec::VECTOR;
use rust_hdl::prelude::*;

use super::Column;
use crate::cells::{Decode, Fan};
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Wiring};

/// Columns whose memories one register writes.
const COPY_COLUMNS: usize = 4;

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
    /// All columns use the implicit position.
    pub word_dense: Signal<In, Bit>,
    /// The implicit position.
    pub word_position: Signal<In, Bits<5>>,
    /// Weight for each column.
    pub weight: Vec<Signal<Out, Bits<8>>>,
    /// Position for each column.
    pub position: Vec<Signal<Out, Bits<P>>>,
    /// First word of a sum, for each column.
    pub first: Vec<Signal<Out, Bit>>,
    /// Last word of a sum, for each column.
    pub last: Vec<Signal<Out, Bit>>,
    /// Write a beat of weights.
    pub weight_write: Signal<In, Bit>,
    /// Write a beat of positions.
    pub position_write: Signal<In, Bit>,
    /// Slot word to write.
    pub memory_entry: Signal<In, Bits<16>>,
    /// Beat of it.
    pub memory_beat: Signal<In, Bit>,
    /// The beat.
    pub memory_data: Signal<In, Bits<128>>,

    weight_beat: Decode<1, 2>,
    position_beat: Decode<1, 2>,
    // Where the beat goes that was offered in the last cycle.
    writes_weight: Vec<Fan<Bit>>,
    writes_position: Vec<Fan<Bit>>,
    entry: Fan<Bits<16>>,
    column: Vec<Column<P>>,
    wiring: Wiring,
}

impl<const P: usize> Readers<P> {
    /// Readers for `columns` columns and `depth` words.
    ///
    /// # Panics
    /// If there are more than 32 columns.
    pub fn new(columns: usize, depth: usize) -> Self {
        assert!((1..=2 * VECTOR).contains(&columns), "{columns} columns");
        let writes = || (0..columns.div_ceil(VECTOR)).map(|_| Fan::new(VECTOR / COPY_COLUMNS)).collect();
        Self {
            clock: Default::default(),
            word_valid: Default::default(),
            word_first: Default::default(),
            word_last: Default::default(),
            word_address: Default::default(),
            word_dense: Default::default(),
            word_position: Default::default(),
            weight: many(columns),
            position: many(columns),
            first: many(columns),
            last: many(columns),
            weight_write: Default::default(),
            position_write: Default::default(),
            memory_entry: Default::default(),
            memory_beat: Default::default(),
            memory_data: Default::default(),
            weight_beat: Default::default(),
            position_beat: Default::default(),
            writes_weight: writes(),
            writes_position: writes(),
            entry: Fan::new(columns.div_ceil(COPY_COLUMNS)),
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
        net.wire(self.weight_write.tap(), &mut self.weight_beat.enable);
        net.wire(self.memory_beat.tap().number(), &mut self.weight_beat.index);
        net.wire(self.position_write.tap(), &mut self.position_beat.enable);
        net.wire(self.memory_beat.tap().number(), &mut self.position_beat.index);
        for (beat, writes) in self.writes_weight.iter_mut().enumerate() {
            net.wire(self.clock.tap(), &mut writes.clock);
            net.wire(self.weight_beat.hot.tap().bit(beat), &mut writes.d);
        }
        for (beat, writes) in self.writes_position.iter_mut().enumerate() {
            net.wire(self.clock.tap(), &mut writes.clock);
            net.wire(self.position_beat.hot.tap().bit(beat), &mut writes.d);
        }
        net.wire(self.clock.tap(), &mut self.entry.clock);
        net.wire(self.memory_entry.tap(), &mut self.entry.d);

        let mut valid = self.word_valid.tap();
        let mut first = self.word_first.tap();
        let mut last = self.word_last.tap();
        let mut address = self.word_address.tap();
        let mut dense = self.word_dense.tap();
        let mut implicit = self.word_position.tap().slice(0);
        for (c, column) in self.column.iter_mut().enumerate() {
            net.wire(self.clock.tap(), &mut column.clock);
            net.wire(valid, &mut column.valid_in);
            net.wire(first, &mut column.first_in);
            net.wire(last, &mut column.last_in);
            net.wire(address, &mut column.address_in);
            net.wire(dense, &mut column.dense_in);
            net.wire(implicit, &mut column.implicit_in);
            valid = column.valid_out.tap();
            first = column.first_out.tap();
            last = column.last_out.tap();
            address = column.address_out.tap();
            dense = column.dense_out.tap();
            implicit = column.implicit_out.tap();

            net.wire(column.weight.tap(), &mut self.weight[c]);
            net.wire(column.position.tap(), &mut self.position[c]);
            net.wire(column.first.tap(), &mut self.first[c]);
            net.wire(column.last.tap(), &mut self.last[c]);

            let (beat, lane) = (c / VECTOR, c % VECTOR);
            let copy = lane / COPY_COLUMNS;
            net.wire(self.writes_weight[beat].q[copy].tap(), &mut column.weight_write);
            net.wire(self.memory_data.tap().slice(8 * lane), &mut column.weight_data);
            net.wire(self.writes_position[beat].q[copy].tap(), &mut column.position_write);
            net.wire(self.memory_data.tap().slice(P * lane), &mut column.position_data);
            net.wire(self.entry.q[c / COPY_COLUMNS].tap(), &mut column.memory_entry);
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
