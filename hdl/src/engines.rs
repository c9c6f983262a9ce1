//! Everything but the datapath: engines, activation buffer, registers and memory port.
//!
//! ```text
//!   register port ── registers ── idle, first indices, passes
//!   memory port ──── memory port ─── writes into all memories
//!
//!   walk ──tile──> load ──read──> buffer ──vectors──> datapath
//!                   │  ^            ^                    │
//!             staged│  │pop         │write               │results
//!                   v  │            │                    v
//!                  compute ───────────words────────> datapath
//!                              store <───────────────────┘
//! ```
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `reg_...`, `mem_...` | | the host's ports, as of the top level |
//! | `busy` | 1 | out, a run is under way |
//! | `pass_first` | 12 | out, index of the run's first pass |
//! | `word_valid`, `word_first`, `word_last`, `word_address` | 1, 1, 1, 16 | out, cycle t: a slot word |
//! | `pass_end` | 1 | out, cycle t: the last word of a pass |
//! | `take`, `window_slot`, `take_slot` | 2, 2, 7 | out, cycle t: what enters the windows |
//! | `stage_write$r`, `stage_slot`, `stage_data$r` | 1, 7, 128 | out, cycle f+5: vectors for the staging buffers |
//! | `activations_valid`, `activations` | 1, 128 | in, cycle v: results of a row, byte *i* of column *i* mod C |
//! | `word_write`, `word_entry`, `word_beat` | 1, 16, 1 | out, the host writes a beat of a slot word |
//! | `parameter_write`, `parameter_entry`, `parameter_column` | 1, 12, 4 | out, the host writes a parameter |
//! | `memory_data` | 128 | out, what it writes |

use pleach_spec::Config;
use rust_hdl::prelude::*;

use crate::buffer::Buffer;
use crate::control::compute::Compute;
use crate::control::load::Load;
use crate::control::memory_port::MemoryPort;
use crate::control::registers::Registers;
use crate::control::store::Store;
use crate::control::walk::Walk;
use crate::control::{PASS, POINTER, STAGE};
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Wiring};

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct Engines {
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
    /// A run is under way.
    pub busy: Signal<Out, Bit>,
    /// Index of the run's first pass.
    pub pass_first: Signal<Out, Bits<PASS>>,
    /// A slot word.
    pub word_valid: Signal<Out, Bit>,
    /// The first of a tile.
    pub word_first: Signal<Out, Bit>,
    /// The last of a tile.
    pub word_last: Signal<Out, Bit>,
    /// Its index.
    pub word_address: Signal<Out, Bits<POINTER>>,
    /// The last of a pass.
    pub pass_end: Signal<Out, Bit>,
    /// Chunks that enter the windows.
    pub take: Signal<Out, Bits<2>>,
    /// First slot they enter.
    pub window_slot: Signal<Out, Bits<2>>,
    /// Staging slot they come from.
    pub take_slot: Signal<Out, Bits<STAGE>>,
    /// A vector arrives for a row.
    pub stage_write: Vec<Signal<Out, Bit>>,
    /// Staging slot it goes to.
    pub stage_slot: Signal<Out, Bits<STAGE>>,
    /// The vector.
    pub stage_data: Vec<Signal<Out, Bits<128>>>,
    /// Results of a row.
    pub activations_valid: Signal<In, Bit>,
    /// The bytes of the columns, repeated.
    pub activations: Signal<In, Bits<128>>,
    /// The host writes a beat of a slot word.
    pub word_write: Signal<Out, Bit>,
    /// Which word.
    pub word_entry: Signal<Out, Bits<POINTER>>,
    /// Which beat of it.
    pub word_beat: Signal<Out, Bit>,
    /// The host writes a parameter.
    pub parameter_write: Signal<Out, Bit>,
    /// For which pass.
    pub parameter_entry: Signal<Out, Bits<PASS>>,
    /// For which column.
    pub parameter_column: Signal<Out, Bits<4>>,
    /// What the host writes.
    pub memory_data: Signal<Out, Bits<128>>,

    registers: Registers,
    port: MemoryPort,
    walk: Walk,
    load: Load,
    compute: Compute,
    store: Store,
    buffer: Buffer,
    _column_bits: usize,
    wiring: Wiring,
}

impl Engines {
    /// For a configuration.
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
            busy: Default::default(),
            pass_first: Default::default(),
            word_valid: Default::default(),
            word_first: Default::default(),
            word_last: Default::default(),
            word_address: Default::default(),
            pass_end: Default::default(),
            take: Default::default(),
            window_slot: Default::default(),
            take_slot: Default::default(),
            stage_write: many(config.rows),
            stage_slot: Default::default(),
            stage_data: many(config.rows),
            activations_valid: Default::default(),
            activations: Default::default(),
            word_write: Default::default(),
            word_entry: Default::default(),
            word_beat: Default::default(),
            parameter_write: Default::default(),
            parameter_entry: Default::default(),
            parameter_column: Default::default(),
            memory_data: Default::default(),
            registers: Registers::new(config),
            port: MemoryPort::new(config.columns),
            walk: Walk::new(config),
            load: Load::new(config),
            compute: Compute::new(config),
            store: Store::new(config),
            buffer: Buffer::new(config),
            _column_bits: config.columns.ilog2() as usize,
            wiring: Default::default(),
        }
    }

    fn wire_registers(&mut self, net: &mut Net) {
        let registers = &mut self.registers;
        net.wire(self.clock.tap(), &mut registers.clock);
        net.wire(self.reg_addr.tap(), &mut registers.reg_addr);
        net.wire(self.reg_write.tap(), &mut registers.reg_write);
        net.wire(self.reg_wdata.tap(), &mut registers.reg_wdata);
        net.wire(registers.reg_rdata.tap(), &mut self.reg_rdata);
        net.wire(self.store.stored.tap(), &mut registers.stored);
        net.wire(self.compute.word_valid.tap(), &mut registers.word_valid);
        net.wire(self.compute.stall_data.tap(), &mut registers.stall_data);
        net.wire(self.compute.stall_drain.tap(), &mut registers.stall_drain);
        net.wire(self.load.issue.tap(), &mut registers.issue);
        net.wire(registers.busy.tap(), &mut self.busy);
        net.wire(registers.pass_first.tap(), &mut self.pass_first);
    }

    fn wire_port(&mut self, net: &mut Net) {
        let port = &mut self.port;
        net.wire(self.clock.tap(), &mut port.clock);
        net.wire(self.mem_addr.tap(), &mut port.mem_addr);
        net.wire(self.mem_write.tap(), &mut port.mem_write);
        net.wire(self.mem_read.tap(), &mut port.mem_read);
        net.wire(self.mem_wdata.tap(), &mut port.mem_wdata);
        net.wire(port.write_word.tap(), &mut self.word_write);
        net.wire(port.beat.tap().slice(1), &mut self.word_entry);
        net.wire(port.beat.tap().bit(0), &mut self.word_beat);
        net.wire(port.write_parameter.tap(), &mut self.parameter_write);
        net.wire(port.beat.tap().slice(self._column_bits), &mut self.parameter_entry);
        net.wire(port.column.tap(), &mut self.parameter_column);
        net.wire(port.data.tap(), &mut self.memory_data);
    }

    fn wire_walk(&mut self, net: &mut Net) {
        let (walk, port, registers) = (&mut self.walk, &self.port, &self.registers);
        net.wire(self.clock.tap(), &mut walk.clock);
        net.wire(registers.idle.tap(), &mut walk.idle);
        net.wire(registers.passes.tap(), &mut walk.passes);
        net.wire(registers.pass_first.tap(), &mut walk.command_first);
        net.wire(port.write_walk_low.tap(), &mut walk.command_write[0]);
        net.wire(port.write_walk_high.tap(), &mut walk.command_write[1]);
        net.wire(port.beat.tap().slice(1), &mut walk.command_entry);
        net.wire(port.data.tap(), &mut walk.command_data);
        net.wire(self.load.take.tap(), &mut walk.take);
    }

    fn wire_load(&mut self, net: &mut Net) {
        let (load, port, registers) = (&mut self.load, &self.port, &self.registers);
        net.wire(self.clock.tap(), &mut load.clock);
        net.wire(registers.idle.tap(), &mut load.idle);
        net.wire(registers.pass_first.tap(), &mut load.command_first);
        net.wire(port.write_load.tap(), &mut load.command_write[0]);
        net.wire(port.beat.tap().slice(0), &mut load.command_entry);
        net.wire(port.data.tap(), &mut load.command_data);
        net.wire(registers.list_first.tap(), &mut load.list_first);
        net.wire(port.write_list.tap(), &mut load.list_write);
        net.wire(port.beat.tap().slice(0), &mut load.list_entry);
        net.wire(port.data.tap().slice(0), &mut load.list_data);
        net.wire(self.store.stored_next.tap(), &mut load.stored);
        net.wire(self.compute.pop.tap(), &mut load.pop);
        net.wire(load.stage_slot.tap(), &mut self.stage_slot);

        let walk = &self.walk;
        net.wire(walk.full.tap(), &mut load.full);
        net.wire(walk.classes.tap(), &mut load.classes);
        net.wire(walk.need_write.tap(), &mut load.need_write);
        net.wire(walk.need_class.tap(), &mut load.need_class);
        net.wire(walk.need.tap(), &mut load.need);
        for r in 0..walk.address.len() {
            net.wire(walk.address[r].tap(), &mut load.address[r]);
            net.wire(walk.ix[r].tap(), &mut load.ix[r]);
            net.wire(walk.iy[r].tap(), &mut load.iy[r]);
            net.wire(walk.class[r].tap(), &mut load.class[r]);
        }
    }

    fn wire_compute(&mut self, net: &mut Net) {
        let (compute, port, registers) = (&mut self.compute, &self.port, &self.registers);
        net.wire(self.clock.tap(), &mut compute.clock);
        net.wire(registers.idle.tap(), &mut compute.idle);
        net.wire(registers.passes.tap(), &mut compute.passes);
        net.wire(registers.pass_first.tap(), &mut compute.command_first);
        net.wire(port.write_compute.tap(), &mut compute.command_write[0]);
        net.wire(port.beat.tap().slice(0), &mut compute.command_entry);
        net.wire(port.data.tap(), &mut compute.command_data);
        net.wire(registers.words_first.tap(), &mut compute.words_first);
        net.wire(port.write_control.tap(), &mut compute.control_write);
        net.wire(port.beat.tap().slice(1), &mut compute.control_entry);
        net.wire(port.data.tap().slice(CONTROL_BIT), &mut compute.control_data);
        net.wire(self.load.staged.tap(), &mut compute.staged);
        net.wire(compute.word_valid.tap(), &mut self.word_valid);
        net.wire(compute.word_first.tap(), &mut self.word_first);
        net.wire(compute.word_last.tap(), &mut self.word_last);
        net.wire(compute.word_address.tap(), &mut self.word_address);
        net.wire(compute.pass_end.tap(), &mut self.pass_end);
        net.wire(compute.take.tap(), &mut self.take);
        net.wire(compute.window_slot.tap(), &mut self.window_slot);
        net.wire(compute.stage_slot.tap(), &mut self.take_slot);
    }

    fn wire_store(&mut self, net: &mut Net) {
        let (store, port, registers) = (&mut self.store, &self.port, &self.registers);
        net.wire(self.clock.tap(), &mut store.clock);
        net.wire(registers.idle.tap(), &mut store.idle);
        net.wire(registers.pass_first.tap(), &mut store.command_first);
        net.wire(port.write_store_low.tap(), &mut store.command_write[0]);
        net.wire(port.write_store_high.tap(), &mut store.command_write[1]);
        net.wire(port.beat.tap().slice(1), &mut store.command_entry);
        net.wire(port.data.tap(), &mut store.command_data);
        net.wire(self.activations_valid.tap(), &mut store.valid);
        net.wire(self.activations.tap(), &mut store.activations);
    }

    fn wire_buffer(&mut self, net: &mut Net) {
        let (buffer, load, store, port) = (&mut self.buffer, &self.load, &self.store, &self.port);
        net.wire(self.clock.tap(), &mut buffer.clock);
        net.wire(load.issue.tap(), &mut buffer.issue);
        net.wire(load.issue_class.tap(), &mut buffer.issue_class);
        net.wire(load.issue_need.tap(), &mut buffer.issue_need);
        net.wire(load.offset.tap(), &mut buffer.offset);
        net.wire(load.dy.tap(), &mut buffer.dy);
        net.wire(load.dx.tap(), &mut buffer.dx);
        net.wire(load.in_width.tap(), &mut buffer.in_width);
        net.wire(load.in_height.tap(), &mut buffer.in_height);
        net.wire(load.pad.tap(), &mut buffer.pad);
        for r in 0..load.row_address.len() {
            net.wire(load.row_address[r].tap(), &mut buffer.row_address[r]);
            net.wire(load.row_ix[r].tap(), &mut buffer.row_ix[r]);
            net.wire(load.row_iy[r].tap(), &mut buffer.row_iy[r]);
            net.wire(load.row_class[r].tap(), &mut buffer.row_class[r]);
            net.wire(buffer.stage_write[r].tap(), &mut self.stage_write[r]);
            net.wire(buffer.stage_data[r].tap(), &mut self.stage_data[r]);
        }
        net.wire(store.write.tap(), &mut buffer.store_write);
        net.wire(store.address.tap(), &mut buffer.store_address);
        net.wire(store.data.tap(), &mut buffer.store_data);
        net.wire(store.bytes.tap(), &mut buffer.store_bytes);
        net.wire(port.write_activation.tap(), &mut buffer.host_write);
        net.wire(port.read_activation.tap(), &mut buffer.host_read);
        net.wire(port.beat.tap().slice(0), &mut buffer.host_address);
        net.wire(port.data.tap(), &mut buffer.host_data);
        net.wire(buffer.host_result.tap(), &mut self.mem_rdata);
    }
}

/// Where the control nibble stands in the second beat of a slot word.
const CONTROL_BIT: usize = 124;

impl Structure for Engines {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_registers(net);
        self.wire_port(net);
        self.wire_walk(net);
        self.wire_load(net);
        self.wire_compute(net);
        self.wire_store(net);
        self.wire_buffer(net);
    }
}

impl Logic for Engines {
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
