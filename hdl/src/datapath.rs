//! The datapath: rows, weight-stream readers, array and requantize lanes, between the engines and the memories.
//!
//! ```text
//!                     word_*                memory_* (word region)
//!                       |                      |
//!                       v                      v
//!                 +--------------------------------+
//!                 |            readers             |
//!                 +--------------------------------+
//!                    | weight, position, first, last
//!   take, ...        v
//!   +------+      +--------------------------------+
//!   | rows | ---> |             array              |
//!   +------+      +--------------------------------+
//!   stage_*          | sums
//!                    v
//!                 +--------------------------------+
//!                 |             lanes              | ---> activations
//!                 +--------------------------------+
//!          word_last, drain_*, table_*, memory_* (parameters)
//! ```
//!
//! | port | width | from, to |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `word_valid` | 1 | ISSUE, in the cycle t in which it issues a slot word |
//! | `word_first`, `word_last` | 1 | ISSUE, with it: the sums start anew; they are complete and drain |
//! | `word_address` | 16 | ISSUE, with it: index in the word buffer |
//! | `word_dense`, `word_position` | 1, 5 | ISSUE, with it: all columns use this position, not those of the buffer |
//! | `take` | 2 | ISSUE, with it: chunks that enter the windows; 0 without a word |
//! | `take_max` | 1 | ISSUE, with it: only bytes enter that are greater than those they replace |
//! | `window_slot`, `take_slot` | 2, 7 | ISSUE, with it: where they go, and staging slot they are from |
//! | `drain_entry` | 12 | ISSUE, with `word_last`: parameter entry |
//! | `drain_kind` | 2 | ISSUE, with `word_last`: [`ONLY`](crate::requant::ONLY), [`FIRST`](crate::requant::FIRST) or [`SECOND`](crate::requant::SECOND) operand |
//! | `stage_write$r`, `stage_data$r` | 1, 128 | activation buffer: a vector arrives for row *r* |
//! | `stage_slot` | 7 | activation buffer: staging slot it goes to, for all rows |
//! | `weight_write`, `position_write` | 1 | memory writes: a beat of weights, of positions |
//! | `word_entry`, `word_beat` | 16, 1 | memory writes: of which slot word, and which beat of it (16 columns each) |
//! | `parameter_write`, `parameter_entry`, `parameter_column` | 1, 12, 5 | memory writes: a parameter record |
//! | `memory_data` | 128 | memory writes: the beat, or the record |
//! | `table_write`, `table_address`, `table_data` | 1, 9, 8 | memory writes: a byte of a table; bank and index |
//! | `activations$i` | 128 | SCATTER: *i* = 2 *h* of the even row, 2 *h* + 1 of the odd row; byte *j* is of column 16 *h* + *j* mod C |
//! | `activations_valid` | 1 | SCATTER: there is a pair of rows |
//!
//! A word issued in cycle t that is the last of its operand gives the vectors of rows 2 *k* and 2 *k* + 1 in cycle
//!
//! ```text
//!     v_k = t + 7 + R/2 + k + LANE_LATENCY + C - 1
//! ```
//!
//! A vector staged in cycle s can be taken by a word issued in cycle s + 1. Memory writes take effect in their cycle (those
//! of tables travel through the columns, ahead of every word issued later); an entry must not be written in the cycle in
//! which it is read. After a run is given up, `word_valid` must stay 0 for the length of the pipeline, 7 + R +
//! LANE_LATENCY + C cycles, before the next one: sums under way come out.

use pleach_spec::{Config, VECTOR};
use rust_hdl::prelude::*;

use crate::array::Array;
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Wiring};
use crate::requant::Lanes;
use crate::row::Rows;
use crate::stream::Readers;

/// See the module. `WB` = 8 W window bits, `P` = log2 W position bits.
#[derive(LogicBlock)]
pub struct Datapath<const WB: usize, const P: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// A word is issued.
    pub word_valid: Signal<In, Bit>,
    /// First word of a sum.
    pub word_first: Signal<In, Bit>,
    /// Last word of a sum.
    pub word_last: Signal<In, Bit>,
    /// Where the word is.
    pub word_address: Signal<In, Bits<16>>,
    /// All columns use the implicit position.
    pub word_dense: Signal<In, Bit>,
    /// The implicit position.
    pub word_position: Signal<In, Bits<5>>,
    /// Chunks that enter the windows.
    pub take: Signal<In, Bits<2>>,
    /// Only greater bytes enter.
    pub take_max: Signal<In, Bit>,
    /// Where they go.
    pub window_slot: Signal<In, Bits<2>>,
    /// Which staged vector they are of.
    pub take_slot: Signal<In, Bits<7>>,
    /// Parameter entry of the operand.
    pub drain_entry: Signal<In, Bits<12>>,
    /// What is done with it.
    pub drain_kind: Signal<In, Bits<2>>,
    /// A vector arrives, for each row.
    pub stage_write: Vec<Signal<In, Bit>>,
    /// Where the vectors go.
    pub stage_slot: Signal<In, Bits<7>>,
    /// The vector of each row.
    pub stage_data: Vec<Signal<In, Bits<128>>>,
    /// Write a beat of weights.
    pub weight_write: Signal<In, Bit>,
    /// Write a beat of positions.
    pub position_write: Signal<In, Bit>,
    /// Of which word.
    pub word_entry: Signal<In, Bits<16>>,
    /// Which beat of it.
    pub word_beat: Signal<In, Bit>,
    /// Write a parameter record.
    pub parameter_write: Signal<In, Bit>,
    /// Which entry.
    pub parameter_entry: Signal<In, Bits<12>>,
    /// For which column.
    pub parameter_column: Signal<In, Bits<5>>,
    /// What to write.
    pub memory_data: Signal<In, Bits<128>>,
    /// Write a byte of a table.
    pub table_write: Signal<In, Bit>,
    /// Which one.
    pub table_address: Signal<In, Bits<9>>,
    /// The byte.
    pub table_data: Signal<In, Bits<8>>,
    /// Output of a pair of rows.
    pub activations: Vec<Signal<Out, Bits<128>>>,
    /// There is one.
    pub activations_valid: Signal<Out, Bit>,

    rows: Rows<WB>,
    readers: Readers<P>,
    array: Array<WB, P>,
    lanes: Lanes,
    wiring: Wiring,
}

impl<const WB: usize, const P: usize> Datapath<WB, P> {
    /// The datapath of a configuration.
    ///
    /// # Panics
    /// If the configuration has another window, or has not been checked.
    pub fn new(config: &Config) -> Self {
        let Config { rows, columns, .. } = *config;
        assert_eq!(config.window, WB / 8, "the window of the configuration");
        Self {
            clock: Default::default(),
            word_valid: Default::default(),
            word_first: Default::default(),
            word_last: Default::default(),
            word_address: Default::default(),
            word_dense: Default::default(),
            word_position: Default::default(),
            take: Default::default(),
            take_max: Default::default(),
            window_slot: Default::default(),
            take_slot: Default::default(),
            drain_entry: Default::default(),
            drain_kind: Default::default(),
            stage_write: many(rows),
            stage_slot: Default::default(),
            stage_data: many(rows),
            weight_write: Default::default(),
            position_write: Default::default(),
            word_entry: Default::default(),
            word_beat: Default::default(),
            parameter_write: Default::default(),
            parameter_entry: Default::default(),
            parameter_column: Default::default(),
            memory_data: Default::default(),
            table_write: Default::default(),
            table_address: Default::default(),
            table_data: Default::default(),
            activations: many(2 * columns.div_ceil(VECTOR)),
            activations_valid: Default::default(),
            rows: Rows::new(rows, config.stage_depth, config.chunk),
            readers: Readers::new(columns, config.word_depth),
            array: Array::new(rows, columns),
            lanes: Lanes::new(config),
            wiring: Default::default(),
        }
    }

    fn wire_rows(&mut self, net: &mut Net) {
        let rows = &mut self.rows;
        net.wire(self.clock.tap(), &mut rows.clock);
        net.wire(self.take.tap(), &mut rows.take);
        net.wire(self.take_max.tap(), &mut rows.take_max);
        net.wire(self.window_slot.tap(), &mut rows.window_slot);
        net.wire(self.take_slot.tap(), &mut rows.take_slot);
        net.wire(self.stage_slot.tap(), &mut rows.stage_slot);
        for r in 0..self.stage_write.len() {
            net.wire(self.stage_write[r].tap(), &mut rows.stage_write[r]);
            net.wire(self.stage_data[r].tap(), &mut rows.stage_data[r]);
            net.wire(rows.window[r].tap(), &mut self.array.window[r]);
        }
    }

    fn wire_readers(&mut self, net: &mut Net) {
        let readers = &mut self.readers;
        net.wire(self.clock.tap(), &mut readers.clock);
        net.wire(self.word_valid.tap(), &mut readers.word_valid);
        net.wire(self.word_first.tap(), &mut readers.word_first);
        net.wire(self.word_last.tap(), &mut readers.word_last);
        net.wire(self.word_address.tap(), &mut readers.word_address);
        net.wire(self.word_dense.tap(), &mut readers.word_dense);
        net.wire(self.word_position.tap(), &mut readers.word_position);
        net.wire(self.weight_write.tap(), &mut readers.weight_write);
        net.wire(self.position_write.tap(), &mut readers.position_write);
        net.wire(self.word_entry.tap(), &mut readers.memory_entry);
        net.wire(self.word_beat.tap(), &mut readers.memory_beat);
        net.wire(self.memory_data.tap(), &mut readers.memory_data);
        for c in 0..readers.weight.len() {
            net.wire(readers.weight[c].tap(), &mut self.array.weight[c]);
            net.wire(readers.position[c].tap(), &mut self.array.position[c]);
            net.wire(readers.first[c].tap(), &mut self.array.first[c]);
            net.wire(readers.last[c].tap(), &mut self.array.last[c]);
        }
    }

    fn wire_lanes(&mut self, net: &mut Net) {
        let lanes = &mut self.lanes;
        net.wire(self.clock.tap(), &mut lanes.clock);
        net.wire(self.word_valid.tap(), &mut lanes.word_valid);
        net.wire(self.word_last.tap(), &mut lanes.word_last);
        net.wire(self.drain_entry.tap(), &mut lanes.drain_entry);
        net.wire(self.drain_kind.tap(), &mut lanes.drain_kind);
        net.wire(self.parameter_write.tap(), &mut lanes.memory_write);
        net.wire(self.parameter_entry.tap(), &mut lanes.memory_entry);
        net.wire(self.parameter_column.tap(), &mut lanes.memory_column);
        net.wire(self.memory_data.tap(), &mut lanes.memory_data);
        net.wire(self.table_write.tap(), &mut lanes.table_write);
        net.wire(self.table_address.tap(), &mut lanes.table_address);
        net.wire(self.table_data.tap(), &mut lanes.table_data);
        for (lane, own) in lanes.activations.iter().zip(&mut self.activations) {
            net.wire(lane.tap(), own);
        }
        net.wire(lanes.activations_valid.tap(), &mut self.activations_valid);
        for (drain, sum) in self.array.even.iter().zip(&mut lanes.even) {
            net.wire(drain.tap(), sum);
        }
        for (drain, sum) in self.array.odd.iter().zip(&mut lanes.odd) {
            net.wire(drain.tap(), sum);
        }
    }
}

impl<const WB: usize, const P: usize> Structure for Datapath<WB, P> {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        net.wire(self.clock.tap(), &mut self.array.clock);
        self.wire_rows(net);
        self.wire_readers(net);
        self.wire_lanes(net);
    }
}

impl<const WB: usize, const P: usize> Logic for Datapath<WB, P> {
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
