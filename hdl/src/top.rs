//! The machine of the tests: COMPUTE, with a register port and a memory port where AXI and the engines around COMPUTE will
//! stand.
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
//! time. A run begins [`START_CYCLES`](crate::host::registers::START_CYCLES) cycles after START is written, with all
//! that was written in cycles before: COMPUTE starts as after power-up, so the run's passes are those from entry 0 of the
//! command memories on, and pass i is released in cycle i of the run. There is no reset pin: registers power up idle,
//! memories undefined.

use pleach_spec::Config;
use pleach_spec::register::Region;
use rust_hdl::prelude::*;

use crate::compute::Compute;
use crate::host::memory_port::MemoryPort;
use crate::host::registers::Registers;
use crate::netlist::{Net, Readable, Structure, Wiring};

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

    registers: Registers,
    port: MemoryPort,
    compute: Compute<WB, P>,
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
            registers: Registers::new(config),
            port: MemoryPort::new(config),
            compute: Compute::new(config),
            wiring: Default::default(),
        }
    }

    fn wire_registers(&mut self, net: &mut Net) {
        let (registers, compute) = (&mut self.registers, &mut self.compute);
        net.wire(self.clock.tap(), &mut registers.clock);
        net.wire(self.reg_addr.tap(), &mut registers.reg_addr);
        net.wire(self.reg_write.tap(), &mut registers.reg_write);
        net.wire(self.reg_wdata.tap(), &mut registers.reg_wdata);
        net.wire(registers.reg_rdata.tap(), &mut self.reg_rdata);
        for reset in &mut compute.reset {
            net.wire(registers.reset.tap(), reset);
        }
        net.wire(registers.pass_release.tap(), &mut compute.pass_release);
        net.wire(compute.done.tap(), &mut registers.done);
        net.wire(compute.word_issued.tap(), &mut registers.word_issued);
        net.wire(compute.stall_data.tap(), &mut registers.stall_data);
        net.wire(compute.stall_drain.tap(), &mut registers.stall_drain);
        net.wire(compute.no_pass.tap(), &mut registers.no_pass);
        net.wire(compute.bank_reads.tap(), &mut registers.bank_reads);
    }

    fn wire_port(&mut self, net: &mut Net) {
        let port = &mut self.port;
        net.wire(self.clock.tap(), &mut port.clock);
        net.wire(self.mem_addr.tap(), &mut port.mem_addr);
        net.wire(self.mem_write.tap(), &mut port.mem_write);
        net.wire(self.mem_read.tap(), &mut port.mem_read);
        net.wire(self.mem_wdata.tap(), &mut port.mem_wdata);
    }

    fn wire_memories(&mut self, net: &mut Net) {
        let (port, compute) = (&self.port, &mut self.compute);
        let write = |region: Region| port.write.tap().bit(region as usize);
        net.wire(write(Region::Weight), &mut compute.weight_write);
        net.wire(write(Region::Position), &mut compute.position_write);
        net.wire(write(Region::GatherList), &mut compute.list_write);
        net.wire(write(Region::Parameter), &mut compute.parameter_write);
        net.wire(port.entry.tap(), &mut compute.memory_entry);
        net.wire(port.part.tap(), &mut compute.memory_beat);
        net.wire(port.data.tap(), &mut compute.memory_data);
        net.wire(write(Region::Table), &mut compute.table_write);
        net.wire(port.beat.tap().slice(0), &mut compute.table_address);
        net.wire(port.data.tap().slice(0), &mut compute.table_data);
        net.wire(write(Region::Activation), &mut compute.load_write);
        net.wire(port.beat.tap().slice(0), &mut compute.load_address);
        net.wire(port.data.tap(), &mut compute.load_data);
        net.wire(port.read.tap(), &mut compute.store_read);
        net.wire(port.beat.tap().slice(0), &mut compute.store_address);
        net.wire(compute.store_data.tap(), &mut self.mem_rdata);
    }

    fn wire_passes(&mut self, net: &mut Net) {
        let (port, compute) = (&self.port, &mut self.compute);
        let (whole, low, high) = (&port.write, &port.write_low, &port.write_high);
        let beats = [
            (low, Region::Walk),
            (high, Region::Walk),
            (whole, Region::Gather),
            (whole, Region::Issue),
            (low, Region::Scatter),
            (high, Region::Scatter),
        ];
        for ((strobes, region), write) in beats.into_iter().zip(&mut compute.pass_write) {
            net.wire(strobes.tap().bit(region as usize), write);
        }
        net.wire(port.entry.tap().slice(0), &mut compute.pass_entry);
        net.wire(port.data.tap(), &mut compute.pass_data);
    }
}

impl<const WB: usize, const P: usize> Structure for Top<WB, P> {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        net.wire(self.clock.tap(), &mut self.compute.clock);
        self.wire_registers(net);
        self.wire_port(net);
        self.wire_memories(net);
        self.wire_passes(net);
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
