//! The machine: engines and datapath.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `reg_addr` | 16 | in, byte offset of a register (see `pleach_spec::register`) |
//! | `reg_write`, `reg_wdata` | 1, 32 | in |
//! | `reg_rdata` | 32 | out, [`REGISTER_READ_LATENCY`](pleach_spec::timing::REGISTER_READ_LATENCY) cycles after `reg_addr` |
//! | `mem_addr` | 32 | in, region and beat |
//! | `mem_write`, `mem_wdata` | 1, 128 | in |
//! | `mem_read` | 1 | in |
//! | `mem_rdata` | 128 | out, [`MEMORY_READ_LATENCY`](pleach_spec::timing::MEMORY_READ_LATENCY) cycles after `mem_addr` |
//!
//! Both ports take one access a cycle. The memory port must rest while a run is under way; registers may be read at any
//! time. A run begins [`START_CYCLES`](crate::control::registers::START_CYCLES) cycles after START is written, with all
//! that was written in cycles before. There is no reset pin: registers power up idle, memories undefined.

use pleach_spec::Config;
use rust_hdl::prelude::*;

use crate::datapath::Datapath;
use crate::engines::Engines;
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

/// See the module. `WB` = 8 W window bits, `P` = log2 W position bits.
#[derive(LogicBlock)]
pub struct Top<const WB: usize, const P: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Byte offset of a register.
    pub reg_addr: Signal<In, Bits<16>>,
    /// Write a register.
    pub reg_write: Signal<In, Bit>,
    /// What to write.
    pub reg_wdata: Signal<In, Bits<32>>,
    /// What a register holds.
    pub reg_rdata: Signal<Out, Bits<32>>,
    /// Region and beat.
    pub mem_addr: Signal<In, Bits<32>>,
    /// Write a beat.
    pub mem_write: Signal<In, Bit>,
    /// Read a beat.
    pub mem_read: Signal<In, Bit>,
    /// What to write.
    pub mem_wdata: Signal<In, Bits<128>>,
    /// What was read.
    pub mem_rdata: Signal<Out, Bits<128>>,

    engines: Engines,
    datapath: Datapath<WB, P>,
    wiring: Wiring,
}

impl<const WB: usize, const P: usize> Top<WB, P> {
    /// The machine of a configuration.
    ///
    /// # Panics
    /// If the configuration has another window, or has not been checked.
    pub fn new(config: &Config) -> Self {
        Self {
            clock: Default::default(),
            reg_addr: Default::default(),
            reg_write: Default::default(),
            reg_wdata: Default::default(),
            reg_rdata: Default::default(),
            mem_addr: Default::default(),
            mem_write: Default::default(),
            mem_read: Default::default(),
            mem_wdata: Default::default(),
            mem_rdata: Default::default(),
            engines: Engines::new(config),
            datapath: Datapath::new(config),
            wiring: Default::default(),
        }
    }

    fn wire_host(&mut self, net: &mut Net) {
        let engines = &mut self.engines;
        net.wire(self.reg_addr.tap(), &mut engines.reg_addr);
        net.wire(self.reg_write.tap(), &mut engines.reg_write);
        net.wire(self.reg_wdata.tap(), &mut engines.reg_wdata);
        net.wire(engines.reg_rdata.tap(), &mut self.reg_rdata);
        net.wire(self.mem_addr.tap(), &mut engines.mem_addr);
        net.wire(self.mem_write.tap(), &mut engines.mem_write);
        net.wire(self.mem_read.tap(), &mut engines.mem_read);
        net.wire(self.mem_wdata.tap(), &mut engines.mem_wdata);
        net.wire(engines.mem_rdata.tap(), &mut self.mem_rdata);
    }

    fn wire_datapath(&mut self, net: &mut Net) {
        let (engines, datapath) = (&mut self.engines, &mut self.datapath);
        net.wire(engines.word_valid.tap(), &mut datapath.word_valid);
        net.wire(engines.word_first.tap(), &mut datapath.word_first);
        net.wire(engines.word_last.tap(), &mut datapath.word_last);
        net.wire(engines.word_address.tap(), &mut datapath.word_address);
        net.wire(engines.take.tap(), &mut datapath.take);
        net.wire(engines.window_slot.tap(), &mut datapath.window_slot);
        net.wire(engines.take_slot.tap(), &mut datapath.take_slot);
        net.wire(Tap::constant(false), &mut datapath.word_dense);
        net.wire(Tap::constant(Bits::default()), &mut datapath.word_position);
        net.wire(Tap::constant(false), &mut datapath.take_max);
        net.wire(engines.pass_first.tap(), &mut datapath.drain_entry);
        net.wire(Tap::constant(Bits::default()), &mut datapath.drain_kind);
        net.wire(engines.stage_slot.tap(), &mut datapath.stage_slot);
        for r in 0..engines.stage_write.len() {
            net.wire(engines.stage_write[r].tap(), &mut datapath.stage_write[r]);
            net.wire(engines.stage_data[r].tap(), &mut datapath.stage_data[r]);
        }
        net.wire(Tap::constant(false), &mut datapath.weight_write);
        net.wire(engines.word_write.tap(), &mut datapath.position_write);
        net.wire(engines.word_entry.tap(), &mut datapath.word_entry);
        net.wire(engines.word_beat.tap(), &mut datapath.word_beat);
        net.wire(engines.parameter_write.tap(), &mut datapath.parameter_write);
        net.wire(engines.parameter_entry.tap(), &mut datapath.parameter_entry);
        net.wire(Tap::constant(Bits::default()), &mut datapath.parameter_column);
        net.wire(engines.memory_data.tap(), &mut datapath.memory_data);
        net.wire(datapath.activations_valid.tap(), &mut engines.activations_valid);
        net.wire(datapath.activations[0].tap(), &mut engines.activations);
        net.wire(Tap::constant(false), &mut datapath.table_write);
        net.wire(Tap::constant(Bits::default()), &mut datapath.table_address);
        net.wire(Tap::constant(Bits::default()), &mut datapath.table_data);
    }
}

impl<const WB: usize, const P: usize> Structure for Top<WB, P> {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        net.wire(self.clock.tap(), &mut self.engines.clock);
        net.wire(self.clock.tap(), &mut self.datapath.clock);
        self.wire_host(net);
        self.wire_datapath(net);
    }
}

impl<const WB: usize, const P: usize> Logic for Top<WB, P> {
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
