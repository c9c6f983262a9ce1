//! GATHER: which vectors are read from the activation buffer, and when.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock`, `reset`, `pass_release` | 1 | in, as in [`CommandMemory`]; `reset` counts one cycle later |
//! | `command_write$0`, `command_entry`, `command_data` | 1, 12, 128 | in, as in [`CommandMemory`] |
//! | `list_write`, `list_entry`, `list_data` | 1, 16, 32 | in, LOAD writes the gather list |
//! | `full$i`, `classes`, `address$r`, `ix$r`, `iy$r`, `class$r` | | in, a tile of [`Walk`](super::walk::Walk) |
//! | `need_write$p`, `need_class$p`, `need$p` | 1, 5, 6 | in, as above |
//! | `take$i` | 1 | out, all the same: the tile is copied at the end of this cycle. One for each row, and one more |
//! | `ended` | 1 | in, one more pass counts as done *from the next cycle on* |
//! | `pop` | 1 | in, ISSUE issues a word that pops a vector |
//! | `staged` | 1 | out, a vector became available: ISSUE may issue a word that takes it from the next cycle on |
//! | `issue` | 1 | out, a bank read is issued in this cycle (cycle f) |
//! | `issue_class`, `issue_need` | 6, 6 | out, cycle f: its class and the class's need |
//! | `offset`, `dy`, `dx` | 20, 6, 6 | out, cycle f: the gather list entry |
//! | `in_width`, `in_height`, `pad` | 14, 14, 8 | out, cycle f: of the pass |
//! | `row_address$r`, `row_ix$r`, `row_iy$r`, `row_class$r` | 20, 14, 14, 6 | out, cycle f: the tile |
//! | `stage_slot` | 7 | out, cycle f+5: the staging slot |
//!
//! ```text
//! cycle         s       s+1      ...   f (last read of the vector)   f+5     f+6
//! full, take    1
//! issue                 1              1
//! stage_slot                                                         slot
//! staged                                                             1
//!                                      first word that may take it:          t
//!
//! cycle         t     t+R-1      t+R
//! pop           1
//!                     counted    the slot may be given to a new vector
//! ```

mod needs;
mod sequencer;
mod take;

use pleach_spec::Record;
use pleach_spec::command::{Gather as Command, GatherEntry};
use pleach_spec::{Config, timing};
use rust_hdl::prelude::*;

use super::command::CommandMemory;
use super::walk::RecordRegister;
use super::{ADDRESS, HALF_LANE, LANE, PASS, POINTER, STAGE};
use crate::cells::{Delay, Fan, Ram};
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

use needs::Needs;
use sequencer::Sequencer;
use take::Take;

/// From the last bank read of a vector to its arrival at the staging buffers.
pub const ARRIVAL_CYCLES: usize = timing::FETCH_LATENCY as usize - 1;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct Gather {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Back to the state at power-up.
    pub reset: Signal<In, Bit>,
    /// One more pass may begin.
    pub pass_release: Signal<In, Bit>,
    /// FETCH writes a command.
    pub command_write: Vec<Signal<In, Bit>>,
    /// Entry that is written.
    pub command_entry: Signal<In, Bits<PASS>>,
    /// Command that is written.
    pub command_data: Signal<In, Bits<128>>,
    /// LOAD writes an entry of the gather list.
    pub list_write: Signal<In, Bit>,
    /// Index that is written.
    pub list_entry: Signal<In, Bits<POINTER>>,
    /// Entry that is written.
    pub list_data: Signal<In, Bits<32>>,
    /// WALK has a tile.
    pub full: Vec<Signal<In, Bit>>,
    /// Its rotation classes, minus 1.
    pub classes: Signal<In, Bits<LANE>>,
    /// Its addresses.
    pub address: Vec<Signal<In, Bits<ADDRESS>>>,
    /// Its input columns.
    pub ix: Vec<Signal<In, Bits<14>>>,
    /// Its input rows.
    pub iy: Vec<Signal<In, Bits<14>>>,
    /// The class of each row.
    pub class: Vec<Signal<In, Bits<LANE>>>,
    /// WALK found an even class; an odd one.
    pub need_write: [Signal<In, Bit>; 2],
    /// Which of them.
    pub need_class: [Signal<In, Bits<HALF_LANE>>; 2],
    /// Its bank minus its row.
    pub need: [Signal<In, Bits<LANE>>; 2],
    /// The tile is copied.
    pub take: Vec<Signal<Out, Bit>>,
    /// A pass counts as done from the next cycle on.
    pub ended: Signal<In, Bit>,
    /// ISSUE pops a vector.
    pub pop: Signal<In, Bit>,
    /// A vector became available.
    pub staged: Signal<Out, Bit>,
    /// A bank read.
    pub issue: Signal<Out, Bit>,
    /// Its class.
    pub issue_class: Signal<Out, Bits<LANE>>,
    /// The class's need.
    pub issue_need: Signal<Out, Bits<LANE>>,
    /// Added to all addresses.
    pub offset: Signal<Out, Bits<ADDRESS>>,
    /// Row of the tap.
    pub dy: Signal<Out, Bits<6>>,
    /// Column of the tap.
    pub dx: Signal<Out, Bits<6>>,
    /// Columns of the input map.
    pub in_width: Signal<Out, Bits<14>>,
    /// Rows of the input map.
    pub in_height: Signal<Out, Bits<14>>,
    /// Value outside of the map.
    pub pad: Signal<Out, Bits<8>>,
    /// Address of each row.
    pub row_address: Vec<Signal<Out, Bits<ADDRESS>>>,
    /// Input column of each row.
    pub row_ix: Vec<Signal<Out, Bits<14>>>,
    /// Input row of each row.
    pub row_iy: Vec<Signal<Out, Bits<14>>>,
    /// Class of each row.
    pub row_class: Vec<Signal<Out, Bits<LANE>>>,
    /// Staging slot of the arriving vectors.
    pub stage_slot: Signal<Out, Bits<STAGE>>,

    /// For the commands, for the rest.
    resets: Fan<Bit>,
    command: CommandMemory,
    list: Ram<POINTER, 32>,
    sequencer: Sequencer,
    takes: Vec<Take>,
    tile: Vec<RecordRegister>,
    needs: Needs,
    freed: Delay<Bit>,
    arrival: Delay<Bit>,
    arrival_slot: Delay<Bits<STAGE>>,
    wiring: Wiring,
}

impl Gather {
    /// For a configuration.
    pub fn new(config: &Config) -> Self {
        let rows = config.rows;
        Self {
            clock: Default::default(),
            reset: Default::default(),
            pass_release: Default::default(),
            command_write: many(1),
            command_entry: Default::default(),
            command_data: Default::default(),
            list_write: Default::default(),
            list_entry: Default::default(),
            list_data: Default::default(),
            full: many(rows + 1),
            classes: Default::default(),
            address: many(rows),
            ix: many(rows),
            iy: many(rows),
            class: many(rows),
            need_write: Default::default(),
            need_class: Default::default(),
            need: Default::default(),
            take: many(rows + 1),
            ended: Default::default(),
            pop: Default::default(),
            staged: Default::default(),
            issue: Default::default(),
            issue_class: Default::default(),
            issue_need: Default::default(),
            offset: Default::default(),
            dy: Default::default(),
            dx: Default::default(),
            in_width: Default::default(),
            in_height: Default::default(),
            pad: Default::default(),
            row_address: many(rows),
            row_ix: many(rows),
            row_iy: many(rows),
            row_class: many(rows),
            stage_slot: Default::default(),
            resets: Fan::new(2),
            command: CommandMemory::new(config.pass_depth, 1),
            list: Ram::new(config.load_depth),
            sequencer: Sequencer::new(config.stage_depth),
            takes: many(rows + 1),
            tile: many(rows),
            needs: Default::default(),
            // The count is a register: what it counts in cycle t + R - 1 it shows in cycle t + R.
            freed: Delay::new(timing::free_latency(config) as usize - 1),
            arrival: Delay::new(ARRIVAL_CYCLES),
            arrival_slot: Delay::new(ARRIVAL_CYCLES),
            wiring: Default::default(),
        }
    }

    fn wire_memories(&mut self, net: &mut Net) {
        let (command, list) = (&mut self.command, &mut self.list);
        net.wire(self.clock.tap(), &mut command.clock);
        net.wire(self.clock.tap(), &mut self.resets.clock);
        net.wire(self.reset.tap(), &mut self.resets.d);
        net.wire(self.resets.q[0].tap(), &mut command.reset);
        net.wire(self.pass_release.tap(), &mut command.pass_release);
        net.wire(self.sequencer.advance.tap(), &mut command.advance);
        net.wire(self.command_write[0].tap(), &mut command.write[0]);
        net.wire(self.command_entry.tap(), &mut command.write_entry);
        net.wire(self.command_data.tap(), &mut command.write_data);
        net.wire(self.clock.tap(), &mut list.clock);
        net.wire(self.list_write.tap(), &mut list.write_enable);
        net.wire(self.list_entry.tap(), &mut list.write_address);
        net.wire(self.list_data.tap(), &mut list.write_data);
        net.wire(self.sequencer.next_entry.tap(), &mut list.read_address);
        net.wire(entry_field(list, "offset"), &mut self.offset);
        net.wire(entry_field(list, "dy"), &mut self.dy);
        net.wire(entry_field(list, "dx"), &mut self.dx);
    }

    fn wire_sequencer(&mut self, net: &mut Net) {
        let (sequencer, command) = (&mut self.sequencer, &self.command);
        net.wire(self.clock.tap(), &mut sequencer.clock);
        net.wire(self.resets.q[1].tap(), &mut sequencer.reset);
        net.wire(command.next_running.tap(), &mut sequencer.next_running);
        net.wire(command.field(Command::FIELDS, "count"), &mut sequencer.next_count);
        net.wire(command.field(Command::FIELDS, "base"), &mut sequencer.next_base);
        net.wire(command.field(Command::FIELDS, "tiles"), &mut sequencer.next_tiles);
        net.wire(command.field(Command::FIELDS, "in_width"), &mut sequencer.next_in_width);
        net.wire(command.field(Command::FIELDS, "in_height"), &mut sequencer.next_in_height);
        net.wire(command.field(Command::FIELDS, "after"), &mut sequencer.next_after);
        net.wire(command.field(Command::FIELDS, "pad"), &mut sequencer.next_pad);
        net.wire(self.classes.tap(), &mut sequencer.walk_classes);
        net.wire(self.ended.tap(), &mut sequencer.ended);
        net.wire(self.freed.q.tap(), &mut sequencer.freed);
        net.wire(sequencer.issue.tap(), &mut self.issue);
        net.wire(sequencer.issue_class.tap(), &mut self.issue_class);
        net.wire(sequencer.in_width.tap(), &mut self.in_width);
        net.wire(sequencer.in_height.tap(), &mut self.in_height);
        net.wire(sequencer.pad.tap(), &mut self.pad);
    }

    fn wire_takes(&mut self, net: &mut Net) {
        let sequencer = &mut self.sequencer;
        for (i, take) in self.takes.iter_mut().enumerate() {
            net.wire(self.clock.tap(), &mut take.clock);
            net.wire(sequencer.next_has_tile.tap(), &mut take.next_has_tile);
            net.wire(sequencer.next_ends_tile.tap(), &mut take.next_ends_tile);
            net.wire(self.full[i].tap(), &mut take.full);
            net.wire(take.take.tap(), &mut self.take[i]);
        }
        net.wire(self.takes[self.tile.len()].take.tap(), &mut sequencer.take);
    }

    fn wire_tile(&mut self, net: &mut Net) {
        for (r, record) in self.tile.iter_mut().enumerate() {
            net.wire(self.clock.tap(), &mut record.clock);
            net.wire(self.takes[r].take.tap(), &mut record.enable);
            net.wire(self.address[r].tap(), &mut record.address_in);
            net.wire(self.ix[r].tap(), &mut record.ix_in);
            net.wire(self.iy[r].tap(), &mut record.iy_in);
            net.wire(self.class[r].tap(), &mut record.class_in);
            net.wire(record.address_out.tap(), &mut self.row_address[r]);
            net.wire(record.ix_out.tap(), &mut self.row_ix[r]);
            net.wire(record.iy_out.tap(), &mut self.row_iy[r]);
            net.wire(record.class_out.tap(), &mut self.row_class[r]);
        }
    }

    fn wire_needs(&mut self, net: &mut Net) {
        let (sequencer, needs) = (&self.sequencer, &mut self.needs);
        net.wire(self.clock.tap(), &mut needs.clock);
        for parity in 0..2 {
            net.wire(self.need_write[parity].tap(), &mut needs.write[parity]);
            net.wire(self.need_class[parity].tap(), &mut needs.write_class[parity]);
            net.wire(self.need[parity].tap(), &mut needs.write_need[parity]);
        }
        net.wire(sequencer.write_side.tap(), &mut needs.write_side);
        net.wire(sequencer.read_side.tap(), &mut needs.read_side);
        net.wire(sequencer.issue_class.tap(), &mut needs.read_class);
        net.wire(needs.need.tap(), &mut self.issue_need);
    }

    fn wire_delays(&mut self, net: &mut Net) {
        net.wire(self.clock.tap(), &mut self.freed.clock);
        net.wire(self.pop.tap(), &mut self.freed.d);
        net.wire(self.clock.tap(), &mut self.arrival.clock);
        net.wire(self.sequencer.complete.tap(), &mut self.arrival.d);
        net.wire(self.arrival.q.tap(), &mut self.staged);
        net.wire(self.clock.tap(), &mut self.arrival_slot.clock);
        net.wire(self.sequencer.slot.tap(), &mut self.arrival_slot.d);
        net.wire(self.arrival_slot.q.tap(), &mut self.stage_slot);
    }
}

/// A field of the gather list entry that was read.
fn entry_field<const N: usize>(list: &Ram<POINTER, 32>, name: &str) -> Tap<Bits<N>> {
    let field = GatherEntry::FIELDS.iter().find(|field| field.name == name).expect("a field of the entry");
    assert_eq!(field.width, N, "width of field {name}");
    list.read_data.tap().slice(field.low)
}

impl Structure for Gather {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_memories(net);
        self.wire_sequencer(net);
        self.wire_takes(net);
        self.wire_tile(net);
        self.wire_needs(net);
        self.wire_delays(net);
    }
}

impl Logic for Gather {
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
