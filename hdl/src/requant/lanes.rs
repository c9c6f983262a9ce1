//! The requantize lanes of all columns, and the deskew that makes vectors of their bytes.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `word_valid`, `word_last`, `drain_entry`, `drain_kind` | 1, 1, 12, 2 | in, cycle t, see [`Control`] |
//! | `even$c`, `odd$c` | 32 | in, from column *c* of the array |
//! | `activations$i` | 128 | out: *i* = 2 *h* + 0 of the even, 2 *h* + 1 of the odd row; byte *j* is of column 16 *h* + *j* mod C |
//! | `activations_valid` | 1 | out, with them, if they are results: those of first operands do not leave |
//! | `memory_write` | 1 | in: a beat of parameters |
//! | `memory_entry` | 12 | in: entry |
//! | `memory_column` | 5 | in: column |
//! | `memory_data` | 128 | in: a record |
//! | `table_write`, `table_address`, `table_data` | 1, 9, 8 | in: a byte of a table; bank and index |
//!
//! ```text
//! cycle      u+k            u+k+c       u+k+19+C-1
//! pair k     of column 0    column c    activations, activations_valid
//! ```
//!
//! where u = t + [`drain_latency`](pleach_spec::timing::drain_latency). With fewer than 16 columns the bytes repeat:
//! whatever part of a vector SCATTER writes, its data stands there. A byte of a table can be read in column
//! *c* from c + 2 cycles after `table_write` on: any sum whose last word is issued later finds it there.

use pleach_spec::timing::LANE_LATENCY;
use pleach_spec::{Config, VECTOR};
use rust_hdl::prelude::*;

use super::{BYTE_CYCLES, Column, Control};
use crate::cells::{Decode, Delay};
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

/// See the module.
#[derive(LogicBlock)]
pub struct Lanes {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// A word is issued.
    pub word_valid: Signal<In, Bit>,
    /// Last word of an operand.
    pub word_last: Signal<In, Bit>,
    /// Its parameter entry.
    pub drain_entry: Signal<In, Bits<12>>,
    /// What is done with it.
    pub drain_kind: Signal<In, Bits<2>>,
    /// Sums of the even rows of each column.
    pub even: Vec<Signal<In, Bits<32>>>,
    /// Sums of the odd rows of each column.
    pub odd: Vec<Signal<In, Bits<32>>>,
    /// The bytes of both rows of a pair.
    pub activations: Vec<Signal<Out, Bits<128>>>,
    /// They are results.
    pub activations_valid: Signal<Out, Bit>,
    /// Write a parameter record.
    pub memory_write: Signal<In, Bit>,
    /// Which entry.
    pub memory_entry: Signal<In, Bits<12>>,
    /// For which column.
    pub memory_column: Signal<In, Bits<5>>,
    /// The record.
    pub memory_data: Signal<In, Bits<128>>,
    /// Write a byte of a table.
    pub table_write: Signal<In, Bit>,
    /// Which one.
    pub table_address: Signal<In, Bits<9>>,
    /// The byte.
    pub table_data: Signal<In, Bits<8>>,

    control: Control,
    decode: Decode<5, 32>,
    column: Vec<Column>,
    even_deskew: Vec<Delay<Bits<8>>>,
    odd_deskew: Vec<Delay<Bits<8>>>,
    valid_line: Delay<Bit>,
    wiring: Wiring,
}

impl Lanes {
    /// The lanes of a configuration.
    ///
    /// # Panics
    /// If it has not been checked.
    pub fn new(config: &Config) -> Self {
        let columns = config.columns;
        assert!(columns <= 2 * VECTOR && columns.is_power_of_two(), "{columns} columns");
        let deskew = || (0..columns).map(|c| Delay::new(columns - 1 - c)).collect();
        let after_control = LANE_LATENCY as usize - (BYTE_CYCLES - 1) + columns - 1;
        Self {
            clock: Default::default(),
            word_valid: Default::default(),
            word_last: Default::default(),
            drain_entry: Default::default(),
            drain_kind: Default::default(),
            even: many(columns),
            odd: many(columns),
            activations: many(2 * columns.div_ceil(VECTOR)),
            activations_valid: Default::default(),
            memory_write: Default::default(),
            memory_entry: Default::default(),
            memory_column: Default::default(),
            memory_data: Default::default(),
            table_write: Default::default(),
            table_address: Default::default(),
            table_data: Default::default(),
            control: Control::new(config),
            decode: Default::default(),
            column: (0..columns).map(|_| Column::new(config.rows / 2, config.pass_depth)).collect(),
            even_deskew: deskew(),
            odd_deskew: deskew(),
            valid_line: Delay::new(after_control),
            wiring: Default::default(),
        }
    }

    fn wire_control(&mut self, net: &mut Net) {
        net.wire(self.clock.tap(), &mut self.control.clock);
        net.wire(self.word_valid.tap(), &mut self.control.word_valid);
        net.wire(self.word_last.tap(), &mut self.control.word_last);
        net.wire(self.drain_entry.tap(), &mut self.control.drain_entry);
        net.wire(self.drain_kind.tap(), &mut self.control.drain_kind);
        net.wire(self.memory_write.tap(), &mut self.decode.enable);
        net.wire(self.memory_column.tap(), &mut self.decode.index);
        net.wire(self.clock.tap(), &mut self.valid_line.clock);
        net.wire(self.control.leaves.tap(), &mut self.valid_line.d);
        net.wire(self.valid_line.q.tap(), &mut self.activations_valid);
    }

    fn wire_columns(&mut self, net: &mut Net) {
        let mut entry = self.control.entry.tap();
        let mut load = self.control.load.tap();
        let mut keep = self.control.keep.tap();
        let mut combine = self.control.combine.tap();
        let mut index = self.control.index.tap();
        let mut table_write = self.table_write.tap();
        let mut table_address = self.table_address.tap();
        let mut table_data = self.table_data.tap();
        for (c, column) in self.column.iter_mut().enumerate() {
            net.wire(self.clock.tap(), &mut column.clock);
            net.wire(entry, &mut column.entry_in);
            net.wire(load, &mut column.load_in);
            net.wire(keep, &mut column.keep_in);
            net.wire(combine, &mut column.combine_in);
            net.wire(index, &mut column.index_in);
            entry = column.entry_out.tap();
            load = column.load_out.tap();
            keep = column.keep_out.tap();
            combine = column.combine_out.tap();
            index = column.index_out.tap();

            net.wire(self.even[c].tap(), &mut column.sum[0]);
            net.wire(self.odd[c].tap(), &mut column.sum[1]);
            net.wire(self.decode.hot.tap().bit(c), &mut column.memory_write);
            net.wire(self.memory_entry.tap(), &mut column.memory_entry);
            net.wire(self.memory_data.tap(), &mut column.memory_data);
            net.wire(table_write, &mut column.table_write_in);
            net.wire(table_address, &mut column.table_address_in);
            net.wire(table_data, &mut column.table_data_in);
            table_write = column.table_write_out.tap();
            table_address = column.table_address_out.tap();
            table_data = column.table_data_out.tap();
        }
    }

    fn wire_deskew(&mut self, net: &mut Net) {
        for (parity, deskew) in [&mut self.even_deskew, &mut self.odd_deskew].into_iter().enumerate() {
            for (line, column) in deskew.iter_mut().zip(&self.column) {
                net.wire(self.clock.tap(), &mut line.clock);
                net.wire(column.value[parity].tap(), &mut line.d);
            }
            for (half, lines) in deskew.chunks(VECTOR).enumerate() {
                let bytes: Vec<_> = lines.iter().map(|line| line.q.tap()).cycle().take(VECTOR).collect();
                net.wire(Tap::join(&bytes), &mut self.activations[2 * half + parity]);
            }
        }
    }
}

impl Structure for Lanes {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_control(net);
        self.wire_columns(net);
        self.wire_deskew(net);
    }
}

impl Logic for Lanes {
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
