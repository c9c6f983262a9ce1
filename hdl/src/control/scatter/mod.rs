//! SCATTER: where the output vectors go.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock`, `reset`, `pass_release` | 1 | in, as in [`CommandMemory`] |
//! | `command_write$b`, `command_entry`, `command_data` | 1, 12, 128 | in, as in [`CommandMemory`], two beats each |
//! | `drain`, `pass_end` | 1 | in, cycle t: ISSUE issues the last word of a tile whose results are written; of a pass |
//! | `valid` | 1 | in, cycle v_k: the results of a pair of rows are here, those of row 0 and 1 of a tile first |
//! | `activations$i` | 128 | in, cycle v_k: those of row *i* mod 2 of the pair, columns 16 (*i* div 2) and up; byte *j* is of column *j* mod C |
//! | `write$i`, `address$i` | 1, 20 | out, cycle y: a vector is written, where |
//! | `bytes` | 16 | out, cycle y: which bytes of it |
//! | `data$i` | 128 | out, cycle y + 1: the vector |
//! | `ended`, `done` | 1 | out, cycle e: a pass counts as done from the next cycle on; cycle e + 1: it is done |
//!
//! Pair k is written in cycle y = v_k, of slow passes row r in cycle y = v_0 + r, with v_k = t + `result_latency` + k. Columns
//! are repeated over the vector, so `lane` of the command must be a multiple of C.
//!
//! ```text
//! drain ──> steps ──> places ──> queue of places ──> write, address
//!   └────────────── delay ──────────> writer
//!                     activations ──> queue of results ──> data
//! ```

mod places;
mod steps;
mod writer;

use pleach_spec::command::Scatter as Command;
use pleach_spec::timing::{self, Pace};
use pleach_spec::{Config, Record, VECTOR};
use rust_hdl::prelude::*;

use super::command::CommandMemory;
use super::{ADDRESS, PASS};
use crate::cells::{Delay, LutRam, QueueRam, Reg};
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Wiring};

use places::Places;
use steps::Steps;
use writer::Writer;

/// Bits of what is known of a pair beside its places.
const INFO: usize = 6;
/// Bits of an index into the queue of places: pairs whose results are still in the array.
const QUEUE: usize = 7;
/// Bits of an index into the queue of results: pairs of a tile.
const PAIR: usize = 5;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct Scatter {
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
    /// Results of a tile will come.
    pub drain: Signal<In, Bit>,
    /// The last word of a pass.
    pub pass_end: Signal<In, Bit>,
    /// Results of a pair of rows.
    pub valid: Signal<In, Bit>,
    /// Their bytes, repeated.
    pub activations: Vec<Signal<In, Bits<128>>>,
    /// Write a vector.
    pub write: Vec<Signal<Out, Bit>>,
    /// Where.
    pub address: Vec<Signal<Out, Bits<ADDRESS>>>,
    /// Bytes of it.
    pub bytes: Signal<Out, Bits<16>>,
    /// The vector, one cycle later.
    pub data: Vec<Signal<Out, Bits<128>>>,
    /// A pass ends.
    pub ended: Signal<Out, Bit>,
    /// A pass is done.
    pub done: Signal<Out, Bit>,

    command: CommandMemory,
    steps: Steps,
    places: Places,
    place: Vec<LutRam<QUEUE, ADDRESS>>,
    info: LutRam<QUEUE, INFO>,
    address_out: Vec<Reg<Bits<ADDRESS>>>,
    begins: Delay<Bit>,
    begins_slow: Delay<Bit>,
    ends_fast: Delay<Bit>,
    ends_slow: Delay<Bit>,
    writer: Writer,
    result: Vec<QueueRam<PAIR, 128>>,
    wiring: Wiring,
}

impl Scatter {
    /// For a configuration.
    pub fn new(config: &Config) -> Self {
        let ports = 2 * config.columns.div_ceil(VECTOR);
        let pairs = config.rows / 2;
        let latency = timing::result_latency(config) as usize;
        let end = |pace| timing::store_latency(config, pace) as usize - 1;
        let queue = (latency + pairs).next_power_of_two();
        Self {
            clock: Default::default(),
            reset: Default::default(),
            pass_release: Default::default(),
            command_write: many(2),
            command_entry: Default::default(),
            command_data: Default::default(),
            drain: Default::default(),
            pass_end: Default::default(),
            valid: Default::default(),
            activations: many(ports),
            write: many(ports),
            address: many(ports),
            bytes: Default::default(),
            data: many(ports),
            ended: Default::default(),
            done: Default::default(),
            command: CommandMemory::new(config.pass_depth, 2),
            steps: Steps::new(config),
            places: Default::default(),
            place: (0..ports).map(|_| LutRam::new(queue)).collect(),
            info: LutRam::new(queue),
            address_out: many(ports),
            // From cycle t + 1, in which `steps` knows the pace, to v_0 - 1 and e.
            begins: Delay::new(latency - 2),
            begins_slow: Delay::new(latency - 2),
            ends_fast: Delay::new(end(Pace::Fast) - 1),
            ends_slow: Delay::new(end(Pace::Slow) - 1),
            writer: Writer::new(config),
            result: (0..ports).map(|_| QueueRam::new(pairs)).collect(),
            wiring: Default::default(),
        }
    }

    fn wire_command(&mut self, net: &mut Net) {
        let command = &mut self.command;
        net.wire(self.clock.tap(), &mut command.clock);
        net.wire(self.reset.tap(), &mut command.reset);
        net.wire(self.pass_release.tap(), &mut command.pass_release);
        net.wire(self.steps.advance.tap(), &mut command.advance);
        for (port, write) in self.command_write.iter().zip(&mut command.write) {
            net.wire(port.tap(), write);
        }
        net.wire(self.command_entry.tap(), &mut command.write_entry);
        net.wire(self.command_data.tap(), &mut command.write_data);
    }

    fn wire_steps(&mut self, net: &mut Net) {
        let (steps, command) = (&mut self.steps, &self.command);
        net.wire(self.clock.tap(), &mut steps.clock);
        net.wire(self.reset.tap(), &mut steps.reset);
        net.wire(command.next_running.tap(), &mut steps.next_running);
        net.wire(command.field(Command::FIELDS, "pixels"), &mut steps.next_pixels);
        net.wire(command.field(Command::FIELDS, "lane"), &mut steps.next_lane);
        net.wire(command.field(Command::FIELDS, "slow"), &mut steps.next_slow);
        net.wire(command.field(Command::FIELDS, "plane"), &mut steps.next_plane);
        net.wire(command.field(Command::FIELDS, "width"), &mut steps.next_width);
        net.wire(command.field(Command::FIELDS, "split_x"), &mut steps.next_split_x);
        net.wire(command.field(Command::FIELDS, "split_y"), &mut steps.next_split_y);
        net.wire(command.field(Command::FIELDS, "address"), &mut steps.next_address);
        net.wire(command.field(Command::FIELDS, "x_step"), &mut steps.next_x_step);
        net.wire(command.field(Command::FIELDS, "x_back"), &mut steps.next_x_back);
        net.wire(command.field(Command::FIELDS, "y_step"), &mut steps.next_y_step);
        net.wire(command.field(Command::FIELDS, "y_back"), &mut steps.next_y_back);
        net.wire(self.drain.tap(), &mut steps.drain);
        net.wire(self.pass_end.tap(), &mut steps.pass_end);
    }

    fn wire_places(&mut self, net: &mut Net) {
        let (places, steps) = (&mut self.places, &self.steps);
        net.wire(self.clock.tap(), &mut places.clock);
        net.wire(steps.pair.tap(), &mut places.pair);
        net.wire(steps.step_one.tap(), &mut places.step_one);
        net.wire(steps.step_two.tap(), &mut places.step_two);
        net.wire(steps.from_row.tap(), &mut places.from_row);
        net.wire(steps.from_none.tap(), &mut places.from_none);
        net.wire(steps.row_step_one.tap(), &mut places.row_step_one);
        net.wire(steps.row_step_two.tap(), &mut places.row_step_two);
        net.wire(steps.odd_step.tap(), &mut places.odd_step);
        net.wire(steps.odd_from_row.tap(), &mut places.odd_from_row);
        net.wire(steps.plane.tap(), &mut places.plane);
        net.wire(steps.info.tap(), &mut places.info);
    }

    fn wire_queue(&mut self, net: &mut Net) {
        let (places, writer) = (&self.places, &mut self.writer);
        net.wire(places.valid.tap(), &mut writer.places_valid);
        for (port, place) in self.place.iter_mut().enumerate() {
            net.wire(self.clock.tap(), &mut place.clock);
            net.wire(places.valid.tap(), &mut place.write_enable);
            net.wire(writer.places_write_index.tap(), &mut place.write_address);
            let source = [&places.even, &places.odd, &places.even_plane, &places.odd_plane][port];
            net.wire(source.tap(), &mut place.write_data);
            net.wire(writer.places_read_index.tap(), &mut place.read_address);
            net.wire(self.clock.tap(), &mut self.address_out[port].clock);
            net.wire(place.read_data.tap(), &mut self.address_out[port].d);
            net.wire(self.address_out[port].q.tap(), &mut self.address[port]);
        }
        let info = &mut self.info;
        net.wire(self.clock.tap(), &mut info.clock);
        net.wire(places.valid.tap(), &mut info.write_enable);
        net.wire(writer.places_write_index.tap(), &mut info.write_address);
        net.wire(places.places_info.tap(), &mut info.write_data);
        net.wire(writer.places_read_index.tap(), &mut info.read_address);
        net.wire(info.read_data.tap(), &mut writer.info);
    }

    fn wire_writer(&mut self, net: &mut Net) {
        let (writer, steps) = (&mut self.writer, &self.steps);
        let lines = [
            (&steps.begins, &mut self.begins, &mut writer.begins),
            (&steps.is_slow, &mut self.begins_slow, &mut writer.begins_slow),
            (&steps.ends_fast, &mut self.ends_fast, &mut writer.ends_fast),
            (&steps.ends_slow, &mut self.ends_slow, &mut writer.ends_slow),
        ];
        for (source, line, destination) in lines {
            net.wire(self.clock.tap(), &mut line.clock);
            net.wire(source.tap(), &mut line.d);
            net.wire(line.q.tap(), destination);
        }
        net.wire(self.clock.tap(), &mut writer.clock);
        net.wire(self.reset.tap(), &mut writer.reset);
        net.wire(self.valid.tap(), &mut writer.results_valid);
        for (port, write) in self.write.iter_mut().enumerate() {
            let source = if port % 2 == 0 { &writer.write_even } else { &writer.write_odd };
            net.wire(source.tap(), write);
        }
        net.wire(writer.bytes.tap(), &mut self.bytes);
        net.wire(writer.ended.tap(), &mut self.ended);
        net.wire(writer.done.tap(), &mut self.done);
    }

    fn wire_results(&mut self, net: &mut Net) {
        let writer = &self.writer;
        for (port, result) in self.result.iter_mut().enumerate() {
            net.wire(self.clock.tap(), &mut result.clock);
            net.wire(self.valid.tap(), &mut result.write_enable);
            net.wire(writer.results_write_index.tap(), &mut result.next_write_address);
            net.wire(self.activations[port].tap(), &mut result.write_data);
            net.wire(writer.results_read_index.tap(), &mut result.next_read_address);
            net.wire(result.read_data.tap(), &mut self.data[port]);
        }
    }
}

impl Structure for Scatter {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_command(net);
        self.wire_steps(net);
        self.wire_places(net);
        self.wire_queue(net);
        self.wire_writer(net);
        self.wire_results(net);
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
