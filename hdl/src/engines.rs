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
use crate::control::gather::Gather;
use crate::control::issue::Issue;
use crate::control::memory_port::MemoryPort;
use crate::control::registers::Registers;
use crate::control::scatter::Scatter;
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
    gather: Gather,
    issue: Issue,
    scatter: Scatter,
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
            gather: Gather::new(config),
            issue: Issue::new(config),
            scatter: Scatter::new(config),
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
        net.wire(self.scatter.stored.tap(), &mut registers.stored);
        net.wire(self.issue.word_valid.tap(), &mut registers.word_valid);
        net.wire(self.issue.stall_data.tap(), &mut registers.stall_data);
        net.wire(self.issue.stall_drain.tap(), &mut registers.stall_drain);
        net.wire(self.gather.issue.tap(), &mut registers.issue);
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
        net.wire(self.gather.take.tap(), &mut walk.take);
    }

    fn wire_load(&mut self, net: &mut Net) {
        let (gather, port, registers) = (&mut self.gather, &self.port, &self.registers);
        net.wire(self.clock.tap(), &mut gather.clock);
        net.wire(registers.idle.tap(), &mut gather.idle);
        net.wire(registers.pass_first.tap(), &mut gather.command_first);
        net.wire(port.write_load.tap(), &mut gather.command_write[0]);
        net.wire(port.beat.tap().slice(0), &mut gather.command_entry);
        net.wire(port.data.tap(), &mut gather.command_data);
        net.wire(registers.list_first.tap(), &mut gather.list_first);
        net.wire(port.write_list.tap(), &mut gather.list_write);
        net.wire(port.beat.tap().slice(0), &mut gather.list_entry);
        net.wire(port.data.tap().slice(0), &mut gather.list_data);
        net.wire(self.scatter.stored_next.tap(), &mut gather.stored);
        net.wire(self.issue.pop.tap(), &mut gather.pop);
        net.wire(gather.stage_slot.tap(), &mut self.stage_slot);

        let walk = &self.walk;
        net.wire(walk.full.tap(), &mut gather.full);
        net.wire(walk.classes.tap(), &mut gather.classes);
        net.wire(walk.need_write.tap(), &mut gather.need_write);
        net.wire(walk.need_class.tap(), &mut gather.need_class);
        net.wire(walk.need.tap(), &mut gather.need);
        for r in 0..walk.address.len() {
            net.wire(walk.address[r].tap(), &mut gather.address[r]);
            net.wire(walk.ix[r].tap(), &mut gather.ix[r]);
            net.wire(walk.iy[r].tap(), &mut gather.iy[r]);
            net.wire(walk.class[r].tap(), &mut gather.class[r]);
        }
    }

    fn wire_compute(&mut self, net: &mut Net) {
        let (issue, port, registers) = (&mut self.issue, &self.port, &self.registers);
        net.wire(self.clock.tap(), &mut issue.clock);
        net.wire(registers.idle.tap(), &mut issue.idle);
        net.wire(registers.passes.tap(), &mut issue.passes);
        net.wire(registers.pass_first.tap(), &mut issue.command_first);
        net.wire(port.write_compute.tap(), &mut issue.command_write[0]);
        net.wire(port.beat.tap().slice(0), &mut issue.command_entry);
        net.wire(port.data.tap(), &mut issue.command_data);
        net.wire(registers.words_first.tap(), &mut issue.words_first);
        net.wire(port.write_control.tap(), &mut issue.control_write);
        net.wire(port.beat.tap().slice(1), &mut issue.control_entry);
        net.wire(port.data.tap().slice(CONTROL_BIT), &mut issue.control_data);
        net.wire(self.gather.staged.tap(), &mut issue.staged);
        net.wire(issue.word_valid.tap(), &mut self.word_valid);
        net.wire(issue.word_first.tap(), &mut self.word_first);
        net.wire(issue.word_last.tap(), &mut self.word_last);
        net.wire(issue.word_address.tap(), &mut self.word_address);
        net.wire(issue.pass_end.tap(), &mut self.pass_end);
        net.wire(issue.take.tap(), &mut self.take);
        net.wire(issue.window_slot.tap(), &mut self.window_slot);
        net.wire(issue.stage_slot.tap(), &mut self.take_slot);
    }

    fn wire_store(&mut self, net: &mut Net) {
        let (scatter, port, registers) = (&mut self.scatter, &self.port, &self.registers);
        net.wire(self.clock.tap(), &mut scatter.clock);
        net.wire(registers.idle.tap(), &mut scatter.idle);
        net.wire(registers.pass_first.tap(), &mut scatter.command_first);
        net.wire(port.write_store_low.tap(), &mut scatter.command_write[0]);
        net.wire(port.write_store_high.tap(), &mut scatter.command_write[1]);
        net.wire(port.beat.tap().slice(1), &mut scatter.command_entry);
        net.wire(port.data.tap(), &mut scatter.command_data);
        net.wire(self.activations_valid.tap(), &mut scatter.valid);
        net.wire(self.activations.tap(), &mut scatter.activations);
    }

    fn wire_buffer(&mut self, net: &mut Net) {
        let (buffer, gather, scatter, port) = (&mut self.buffer, &self.gather, &self.scatter, &self.port);
        net.wire(self.clock.tap(), &mut buffer.clock);
        net.wire(gather.issue.tap(), &mut buffer.issue);
        net.wire(gather.issue_class.tap(), &mut buffer.issue_class);
        net.wire(gather.issue_need.tap(), &mut buffer.issue_need);
        net.wire(gather.offset.tap(), &mut buffer.offset);
        net.wire(gather.dy.tap(), &mut buffer.dy);
        net.wire(gather.dx.tap(), &mut buffer.dx);
        net.wire(gather.in_width.tap(), &mut buffer.in_width);
        net.wire(gather.in_height.tap(), &mut buffer.in_height);
        net.wire(gather.pad.tap(), &mut buffer.pad);
        for r in 0..gather.row_address.len() {
            net.wire(gather.row_address[r].tap(), &mut buffer.row_address[r]);
            net.wire(gather.row_ix[r].tap(), &mut buffer.row_ix[r]);
            net.wire(gather.row_iy[r].tap(), &mut buffer.row_iy[r]);
            net.wire(gather.row_class[r].tap(), &mut buffer.row_class[r]);
            net.wire(buffer.stage_write[r].tap(), &mut self.stage_write[r]);
            net.wire(buffer.stage_data[r].tap(), &mut self.stage_data[r]);
        }
        net.wire(scatter.write.tap(), &mut buffer.store_write);
        net.wire(scatter.address.tap(), &mut buffer.store_address);
        net.wire(scatter.data.tap(), &mut buffer.store_data);
        net.wire(scatter.bytes.tap(), &mut buffer.store_bytes);
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
