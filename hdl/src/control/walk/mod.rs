//! WALK: the R output pixels of each tile, as positions in the input map, ready before GATHER wants them.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock`, `reset` | 1 | in |
//! | `pass_release` | 1 | in, one more pass may begin: its first records enter the chain in the next cycle at the earliest |
//! | `command_write$b`, `command_entry`, `command_data` | 1, 12, 128 | in, FETCH writes commands, two beats each |
//! | `take$i` | 1 | in, all the same: GATHER takes the tile at the end of this cycle; only while `full`. One for each row, and one more |
//! | `full$i` | 1 | out, all the same: a whole tile is here. One for each row, and one more |
//! | `classes` | 6 | out, rotation classes of the tile, minus 1 |
//! | `address$r`, `ix$r`, `iy$r`, `class$r` | 20, 14, 14, 6 | out, the record of row *r* |
//! | `need_write$p`, `need_class$p`, `need$p` | 1, 5, 6 | out, GATHER keeps `need` of class 2 `need_class` + *p*; of the tile being filled, and of the next one in the cycle of `take` |
//!
//! A pair of records a cycle enters the chain, that of rows 0 and 1 first. The first tile of a pass released in cycle *x* is full
//! in cycle *x* + 1 + R/2, and the tile after one that is taken in cycle *s* in cycle *s* + R/2. Between tiles, rows and passes
//! that are released in time no cycle is lost.
//!
//! ```text
//!                  push ┌──> record R-1 ──> record R-3 ──> ... ──> record 1
//! command ──> sequencer ┤
//!                       └──> record R-2 ──> record R-4 ──> ... ──> record 0
//! ```
//!
//! The records of all rows move at once, with each other and with GATHER's, so what decides it is in registers of which each row
//! has a copy: no net but these goes to all rows.

mod push;
mod record;
mod sequencer;

use pleach_spec::command::Walk as Command;
use pleach_spec::{Config, Record};
use rust_hdl::prelude::*;

use super::command::CommandMemory;
use super::{ADDRESS, HALF_LANE, LANE, PASS};
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Wiring};

use push::Push;
pub use record::RecordRegister;
use sequencer::Sequencer;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct Walk {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Back to the state at power-up.
    pub reset: Signal<In, Bit>,
    /// One more pass may begin.
    pub pass_release: Signal<In, Bit>,
    /// FETCH writes a beat of a command.
    pub command_write: Vec<Signal<In, Bit>>,
    /// Entry that is written.
    pub command_entry: Signal<In, Bits<PASS>>,
    /// What is written.
    pub command_data: Signal<In, Bits<128>>,
    /// GATHER takes the tile.
    pub take: Vec<Signal<In, Bit>>,
    /// The tile is complete.
    pub full: Vec<Signal<Out, Bit>>,
    /// Rotation classes, minus 1.
    pub classes: Signal<Out, Bits<LANE>>,
    /// Address of each row.
    pub address: Vec<Signal<Out, Bits<ADDRESS>>>,
    /// Input column of each row.
    pub ix: Vec<Signal<Out, Bits<14>>>,
    /// Input row of each row.
    pub iy: Vec<Signal<Out, Bits<14>>>,
    /// Rotation class of each row.
    pub class: Vec<Signal<Out, Bits<LANE>>>,
    /// An even class of the tile being filled has this need; an odd one.
    pub need_write: [Signal<Out, Bit>; 2],
    /// Which of them.
    pub need_class: [Signal<Out, Bits<HALF_LANE>>; 2],
    /// Its bank minus its row, modulo R.
    pub need: [Signal<Out, Bits<LANE>>; 2],

    command: CommandMemory,
    sequencer: Sequencer,
    push: Vec<Push>,
    chain: Vec<RecordRegister>,
    wiring: Wiring,
}

impl Walk {
    /// For a configuration.
    pub fn new(config: &Config) -> Self {
        let rows = config.rows;
        Self {
            clock: Default::default(),
            reset: Default::default(),
            pass_release: Default::default(),
            command_write: many(2),
            command_entry: Default::default(),
            command_data: Default::default(),
            take: many(rows + 1),
            full: many(rows + 1),
            classes: Default::default(),
            address: many(rows),
            ix: many(rows),
            iy: many(rows),
            class: many(rows),
            need_write: Default::default(),
            need_class: Default::default(),
            need: Default::default(),
            command: CommandMemory::new(config.pass_depth, 2),
            sequencer: Sequencer::new(rows),
            push: many(rows),
            chain: many(rows),
            wiring: Default::default(),
        }
    }

    fn wire_command(&mut self, net: &mut Net) {
        let command = &mut self.command;
        net.wire(self.clock.tap(), &mut command.clock);
        net.wire(self.reset.tap(), &mut command.reset);
        net.wire(self.pass_release.tap(), &mut command.pass_release);
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
        net.wire(self.reset.tap(), &mut sequencer.reset);
        net.wire(command.next_running.tap(), &mut sequencer.next_running);
        net.wire(self.take[self.chain.len()].tap(), &mut sequencer.take);
        net.wire(command.field(Command::FIELDS, "pixels"), &mut sequencer.next_pixels);
        net.wire(command.field(Command::FIELDS, "tiles"), &mut sequencer.next_tiles);
        net.wire(command.field(Command::FIELDS, "width"), &mut sequencer.next_width);
        net.wire(command.field(Command::FIELDS, "stride_x"), &mut sequencer.next_stride_x);
        net.wire(command.field(Command::FIELDS, "stride_y"), &mut sequencer.next_stride_y);
        net.wire(command.field(Command::FIELDS, "address"), &mut sequencer.next_address);
        net.wire(command.field(Command::FIELDS, "x_step"), &mut sequencer.next_x_step);
        net.wire(command.field(Command::FIELDS, "y_jump"), &mut sequencer.next_y_jump);
        net.wire(command.field(Command::FIELDS, "ix"), &mut sequencer.next_ix);
        net.wire(command.field(Command::FIELDS, "iy"), &mut sequencer.next_iy);
        net.wire(sequencer.full.tap(), &mut self.full[self.chain.len()]);
        net.wire(sequencer.classes.tap(), &mut self.classes);
        for parity in 0..2 {
            net.wire(sequencer.need_write[parity].tap(), &mut self.need_write[parity]);
            net.wire(sequencer.need_class[parity].tap(), &mut self.need_class[parity]);
            net.wire(sequencer.need[parity].tap(), &mut self.need[parity]);
        }
    }

    fn wire_pushes(&mut self, net: &mut Net) {
        for (r, push) in self.push.iter_mut().enumerate() {
            net.wire(self.clock.tap(), &mut push.clock);
            net.wire(self.command.next_running.tap(), &mut push.next_running);
            net.wire(self.sequencer.next_full.tap(), &mut push.next_full);
            net.wire(self.take[r].tap(), &mut push.take);
            net.wire(push.full.tap(), &mut self.full[r]);
        }
    }

    /// Each record takes that of two rows below, the last two those of the sequencer.
    fn wire_chain(&mut self, net: &mut Net) {
        let sequencer = &self.sequencer;
        let mut address = [sequencer.even_address.tap(), sequencer.odd_address.tap()];
        let mut ix = [sequencer.even_ix.tap(), sequencer.odd_ix.tap()];
        let mut iy = [sequencer.even_iy.tap(), sequencer.odd_iy.tap()];
        let mut class = [sequencer.even_class.tap(), sequencer.odd_class.tap()];
        for (r, record) in self.chain.iter_mut().enumerate().rev() {
            let parity = r % 2;
            net.wire(self.clock.tap(), &mut record.clock);
            net.wire(self.push[r].push.tap(), &mut record.enable);
            net.wire(address[parity].clone(), &mut record.address_in);
            net.wire(ix[parity].clone(), &mut record.ix_in);
            net.wire(iy[parity].clone(), &mut record.iy_in);
            net.wire(class[parity].clone(), &mut record.class_in);
            address[parity] = record.address_out.tap();
            ix[parity] = record.ix_out.tap();
            iy[parity] = record.iy_out.tap();
            class[parity] = record.class_out.tap();
            net.wire(record.address_out.tap(), &mut self.address[r]);
            net.wire(record.ix_out.tap(), &mut self.ix[r]);
            net.wire(record.iy_out.tap(), &mut self.iy[r]);
            net.wire(record.class_out.tap(), &mut self.class[r]);
        }
    }
}

impl Structure for Walk {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_command(net);
        self.wire_sequencer(net);
        self.wire_pushes(net);
        self.wire_chain(net);
    }
}

impl Logic for Walk {
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
