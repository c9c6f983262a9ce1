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
//!          pass_end, busy, pass_first, memory_* (parameter region)
//! ```
//!
//! | port | width | from, to |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `word_valid`, `word_first`, `word_last` | 1 | ISSUE, in the cycle t in which it issues a slot word |
//! | `word_address` | 16 | ISSUE, with them: index in the word buffer |
//! | `take` | 2 | ISSUE, with them: chunks that enter the windows; 0 without a word |
//! | `window_slot`, `take_slot` | 2, 7 | ISSUE, with it: where they go, and staging slot they are from |
//! | `pass_end` | 1 | ISSUE, with the last word of a pass's last tile |
//! | `busy`, `pass_first` | 1, 12 | run control: a run is under way; parameter entry of its first pass |
//! | `stage_write$r`, `stage_data$r` | 1, 128 | activation buffer: a vector arrives for row *r* |
//! | `stage_slot` | 7 | activation buffer: staging slot it goes to, for all rows |
//! | `word_write`, `word_entry`, `word_beat` | 1, 16, 1 | memory port: a beat of a slot word |
//! | `parameter_write`, `parameter_entry`, `parameter_column` | 1, 12, 4 | memory port: a parameter record |
//! | `memory_data` | 128 | memory port, for both |
//! | `activations`, `activations_valid` | 128, 1 | SCATTER: byte *i* is of column *i* mod C |
//!
//! A word issued in cycle t that is the last of its tile gives the vector of row r in cycle
//!
//! ```text
//!     v = t + 7 + R + r + LANE_LATENCY + C - 1
//! ```
//!
//! A vector staged in cycle s can be taken by a word issued in cycle s + 1. Memory writes take effect in their cycle;
//! they must not meet words under way. After a run is given up, `busy` and `word_valid` must stay 0 for the length of
//! the pipeline, 7 + 2 R + LANE_LATENCY + C cycles, before the next one: sums under way come out.

use pleach_spec::Config;
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
    /// First word of a tile.
    pub word_first: Signal<In, Bit>,
    /// Last word of a tile.
    pub word_last: Signal<In, Bit>,
    /// Where the word is.
    pub word_address: Signal<In, Bits<16>>,
    /// Chunks that enter the windows.
    pub take: Signal<In, Bits<2>>,
    /// Where they go.
    pub window_slot: Signal<In, Bits<2>>,
    /// Which staged vector they are of.
    pub take_slot: Signal<In, Bits<7>>,
    /// Last word of a pass.
    pub pass_end: Signal<In, Bit>,
    /// A run is under way.
    pub busy: Signal<In, Bit>,
    /// Parameter entry of the first pass.
    pub pass_first: Signal<In, Bits<12>>,
    /// A vector arrives, for each row.
    pub stage_write: Vec<Signal<In, Bit>>,
    /// Where the vectors go.
    pub stage_slot: Signal<In, Bits<7>>,
    /// The vector of each row.
    pub stage_data: Vec<Signal<In, Bits<128>>>,
    /// Write a beat of a slot word.
    pub word_write: Signal<In, Bit>,
    /// Which word.
    pub word_entry: Signal<In, Bits<16>>,
    /// Which beat of it.
    pub word_beat: Signal<In, Bit>,
    /// Write a parameter record.
    pub parameter_write: Signal<In, Bit>,
    /// For which pass.
    pub parameter_entry: Signal<In, Bits<12>>,
    /// For which column.
    pub parameter_column: Signal<In, Bits<4>>,
    /// What to write.
    pub memory_data: Signal<In, Bits<128>>,
    /// Output of a row.
    pub activations: Signal<Out, Bits<128>>,
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
            take: Default::default(),
            window_slot: Default::default(),
            take_slot: Default::default(),
            pass_end: Default::default(),
            busy: Default::default(),
            pass_first: Default::default(),
            stage_write: many(rows),
            stage_slot: Default::default(),
            stage_data: many(rows),
            word_write: Default::default(),
            word_entry: Default::default(),
            word_beat: Default::default(),
            parameter_write: Default::default(),
            parameter_entry: Default::default(),
            parameter_column: Default::default(),
            memory_data: Default::default(),
            activations: Default::default(),
            activations_valid: Default::default(),
            rows: Rows::new(rows, config.stage_depth, config.chunk),
            readers: Readers::new(columns, config.word_depth),
            array: Array::new(rows, columns),
            lanes: Lanes::new(rows, columns, config.pass_depth),
            wiring: Default::default(),
        }
    }

    fn wire_rows(&mut self, net: &mut Net) {
        let rows = &mut self.rows;
        net.wire(self.clock.tap(), &mut rows.clock);
        net.wire(self.take.tap(), &mut rows.take);
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
        net.wire(self.word_write.tap(), &mut readers.memory_write);
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
        net.wire(self.busy.tap(), &mut lanes.busy);
        net.wire(self.pass_first.tap(), &mut lanes.pass_first);
        net.wire(self.pass_end.tap(), &mut lanes.pass_end);
        net.wire(self.parameter_write.tap(), &mut lanes.memory_write);
        net.wire(self.parameter_entry.tap(), &mut lanes.memory_entry);
        net.wire(self.parameter_column.tap(), &mut lanes.memory_column);
        net.wire(self.memory_data.tap(), &mut lanes.memory_data);
        net.wire(lanes.activations.tap(), &mut self.activations);
        net.wire(lanes.activations_valid.tap(), &mut self.activations_valid);
        let last = lanes.sum.len() - 1;
        net.wire(self.array.drain_valid[last].tap(), &mut lanes.valid);
        for (drain, sum) in self.array.drain.iter().zip(&mut lanes.sum) {
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
