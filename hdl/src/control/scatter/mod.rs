//! SCATTER: where the output vectors go.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock`, `idle` | 1 | in |
//! | `command_first`, `command_write$b`, `command_entry`, `command_data` | 12, 1, 12, 128 | in, as in [`CommandMemory`], two beats each |
//! | `valid` | 1 | in, cycle v: the results of a row are here, row 0 of a tile first |
//! | `activations` | 128 | in, cycle v: byte *i* is of column *i* mod C |
//! | `write` | 1 | out, cycle v: they are to be written (the row belongs to a pixel) |
//! | `address` | 20 | out, cycle v |
//! | `data`, `bytes` | 128, 16 | out, cycle v: the vector, and which bytes of it are meant |
//! | `stored` | 16 | out, passes of the run stored |
//! | `stored_next` | 16 | out, what `stored` will be in the next cycle |
//!
//! Columns are repeated over the vector, so `lane` of the command must be a multiple of C. While idle, results are
//! ignored.

mod sequencer;

use pleach_spec::command::Scatter as Command;
use pleach_spec::{Config, Record};
use rust_hdl::prelude::*;

use super::command::CommandMemory;
use super::{ADDRESS, PASS, PASSES};
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Wiring};

use sequencer::Sequencer;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct Scatter {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Between runs.
    pub idle: Signal<In, Bit>,
    /// Index of the first pass.
    pub command_first: Signal<In, Bits<PASS>>,
    /// The host writes a beat of a command.
    pub command_write: Vec<Signal<In, Bit>>,
    /// Pass that the host writes.
    pub command_entry: Signal<In, Bits<PASS>>,
    /// What the host writes.
    pub command_data: Signal<In, Bits<128>>,
    /// Results of a row.
    pub valid: Signal<In, Bit>,
    /// Their bytes, repeated.
    pub activations: Signal<In, Bits<128>>,
    /// Write them.
    pub write: Signal<Out, Bit>,
    /// Where.
    pub address: Signal<Out, Bits<ADDRESS>>,
    /// The vector.
    pub data: Signal<Out, Bits<128>>,
    /// Bytes of it.
    pub bytes: Signal<Out, Bits<16>>,
    /// Passes stored.
    pub stored: Signal<Out, Bits<PASSES>>,
    /// Passes stored in the next cycle.
    pub stored_next: Signal<Out, Bits<PASSES>>,

    command: CommandMemory,
    sequencer: Sequencer,
    wiring: Wiring,
}

impl Scatter {
    /// For a configuration.
    pub fn new(config: &Config) -> Self {
        Self {
            clock: Default::default(),
            idle: Default::default(),
            command_first: Default::default(),
            command_write: many(2),
            command_entry: Default::default(),
            command_data: Default::default(),
            valid: Default::default(),
            activations: Default::default(),
            write: Default::default(),
            address: Default::default(),
            data: Default::default(),
            bytes: Default::default(),
            stored: Default::default(),
            stored_next: Default::default(),
            command: CommandMemory::new(config.pass_depth, 2),
            sequencer: Sequencer::new(config),
            wiring: Default::default(),
        }
    }

    fn wire_command(&mut self, net: &mut Net) {
        let command = &mut self.command;
        net.wire(self.clock.tap(), &mut command.clock);
        net.wire(self.idle.tap(), &mut command.idle);
        net.wire(self.command_first.tap(), &mut command.first);
        net.wire(self.sequencer.advance.tap(), &mut command.advance);
        for (port, write) in self.command_write.iter().zip(&mut command.write) {
            net.wire(port.tap(), write);
        }
        net.wire(self.command_entry.tap(), &mut command.write_entry);
        net.wire(self.command_data.tap(), &mut command.write_data);
    }

    fn wire_sequencer(&mut self, net: &mut Net) {
        let (sequencer, command) = (&mut self.sequencer, &self.command);
        net.wire(self.clock.tap(), &mut sequencer.clock);
        net.wire(self.idle.tap(), &mut sequencer.idle);
        net.wire(self.valid.tap(), &mut sequencer.valid);
        net.wire(command.field(Command::FIELDS, "pixels"), &mut sequencer.next_pixels);
        net.wire(command.field(Command::FIELDS, "lane"), &mut sequencer.next_lane);
        net.wire(command.field(Command::FIELDS, "tiles"), &mut sequencer.next_tiles);
        net.wire(command.field(Command::FIELDS, "width"), &mut sequencer.next_width);
        net.wire(command.field(Command::FIELDS, "split_x"), &mut sequencer.next_split_x);
        net.wire(command.field(Command::FIELDS, "split_y"), &mut sequencer.next_split_y);
        net.wire(command.field(Command::FIELDS, "address"), &mut sequencer.next_address);
        net.wire(command.field(Command::FIELDS, "x_step"), &mut sequencer.next_x_step);
        net.wire(command.field(Command::FIELDS, "x_back"), &mut sequencer.next_x_back);
        net.wire(command.field(Command::FIELDS, "y_step"), &mut sequencer.next_y_step);
        net.wire(command.field(Command::FIELDS, "y_back"), &mut sequencer.next_y_back);
        net.wire(sequencer.write.tap(), &mut self.write);
        net.wire(sequencer.address.tap(), &mut self.address);
        net.wire(sequencer.bytes.tap(), &mut self.bytes);
        net.wire(sequencer.stored.tap(), &mut self.stored);
        net.wire(sequencer.stored_next.tap(), &mut self.stored_next);
    }
}

impl Structure for Scatter {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_command(net);
        self.wire_sequencer(net);
        net.wire(self.activations.tap(), &mut self.data);
    }
}

impl Logic for Scatter {
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
