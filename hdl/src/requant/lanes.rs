//! The requantize lanes of all columns, and the deskew that makes vectors of their bytes.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `busy`, `pass_first`, `pass_end` | 1, 12, 1 | in, see [`Control`] |
//! | `sum$c` | 32 | in, from column *c* of the array |
//! | `valid` | 1 | in, with the sum of the *last* column |
//! | `activations` | 128 | out: byte *i* is of column *i* mod C |
//! | `activations_valid` | 1 | out, with it |
//! | `memory_write` | 1 | in: a beat of the parameter region of the memory port |
//! | `memory_entry` | 12 | in: pass |
//! | `memory_column` | 4 | in: column |
//! | `memory_data` | 128 | in: a `Parameter` record |
//!
//! ```text
//! cycle      u             u+c         u+C-1              u+9+C-1
//! sum        of column 0   column c    column C-1, valid  activations, activations_valid
//! ```
//!
//! With fewer than 16 columns the bytes repeat: whatever part of a vector SCATTER writes, its data stands there.

use pleach_spec::VECTOR;
use pleach_spec::timing::LANE_LATENCY;
use rust_hdl::prelude::*;

use super::{Control, Lane};
use crate::cells::{Decode, Delay};
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

/// See the module.
#[derive(LogicBlock)]
pub struct Lanes {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// A run is under way.
    pub busy: Signal<In, Bit>,
    /// Parameter entry of the first pass.
    pub pass_first: Signal<In, Bits<12>>,
    /// Last word of a pass.
    pub pass_end: Signal<In, Bit>,
    /// Sums of each column.
    pub sum: Vec<Signal<In, Bits<32>>>,
    /// There is a sum of the last column.
    pub valid: Signal<In, Bit>,
    /// The bytes of all columns.
    pub activations: Signal<Out, Bits<128>>,
    /// There is a vector.
    pub activations_valid: Signal<Out, Bit>,
    /// Write a parameter record.
    pub memory_write: Signal<In, Bit>,
    /// For which pass.
    pub memory_entry: Signal<In, Bits<12>>,
    /// For which column.
    pub memory_column: Signal<In, Bits<4>>,
    /// The record.
    pub memory_data: Signal<In, Bits<128>>,

    control: Control,
    decode: Decode<4, 16>,
    lane: Vec<Lane>,
    deskew: Vec<Delay<Bits<8>>>,
    valid_line: Delay<Bit>,
    wiring: Wiring,
}

impl Lanes {
    /// Lanes for an array of `rows` times `columns`, with parameters for `passes` passes.
    ///
    /// # Panics
    /// If the columns do not divide a vector.
    pub fn new(rows: usize, columns: usize, passes: usize) -> Self {
        assert!(columns > 0 && VECTOR.is_multiple_of(columns), "{columns} columns");
        Self {
            clock: Default::default(),
            busy: Default::default(),
            pass_first: Default::default(),
            pass_end: Default::default(),
            sum: many(columns),
            valid: Default::default(),
            activations: Default::default(),
            activations_valid: Default::default(),
            memory_write: Default::default(),
            memory_entry: Default::default(),
            memory_column: Default::default(),
            memory_data: Default::default(),
            control: Control::new(rows),
            decode: Default::default(),
            lane: (0..columns).map(|_| Lane::new(passes)).collect(),
            deskew: (0..columns).map(|c| Delay::new(columns - 1 - c)).collect(),
            valid_line: Delay::new(LANE_LATENCY as usize),
            wiring: Default::default(),
        }
    }

    fn wire_control(&mut self, net: &mut Net) {
        net.wire(self.clock.tap(), &mut self.control.clock);
        net.wire(self.busy.tap(), &mut self.control.busy);
        net.wire(self.pass_first.tap(), &mut self.control.pass_first);
        net.wire(self.pass_end.tap(), &mut self.control.pass_end);
        net.wire(self.memory_write.tap(), &mut self.decode.enable);
        net.wire(self.memory_column.tap(), &mut self.decode.index);
        net.wire(self.clock.tap(), &mut self.valid_line.clock);
        net.wire(self.valid.tap(), &mut self.valid_line.d);
        net.wire(self.valid_line.q.tap(), &mut self.activations_valid);
    }

    fn wire_lanes(&mut self, net: &mut Net) {
        let mut entry = self.control.entry.tap();
        for (c, (lane, deskew)) in self.lane.iter_mut().zip(&mut self.deskew).enumerate() {
            net.wire(self.clock.tap(), &mut lane.clock);
            net.wire(entry, &mut lane.entry_in);
            entry = lane.entry_out.tap();
            net.wire(self.sum[c].tap(), &mut lane.sum);
            net.wire(self.decode.hot.tap().bit(c), &mut lane.memory_write);
            net.wire(self.memory_entry.tap(), &mut lane.memory_entry);
            net.wire(self.memory_data.tap(), &mut lane.memory_data);
            net.wire(self.clock.tap(), &mut deskew.clock);
            net.wire(lane.value.tap(), &mut deskew.d);
        }
    }
}

impl Structure for Lanes {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_control(net);
        self.wire_lanes(net);
        let bytes: Vec<_> = self.deskew.iter().map(|deskew| deskew.q.tap()).cycle().take(VECTOR).collect();
        net.wire(Tap::join(&bytes), &mut self.activations);
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
