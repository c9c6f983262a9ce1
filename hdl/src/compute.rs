//! COMPUTE: the units, the activation buffer and the datapath.
//!
//! ```text
//!   FETCH ── commands, passes ──> walk ──tile──> gather ──read──> buffer <── LOAD, STORE
//!                                                 │  ^            │  ^
//!                                           staged│  │pop         │  │write
//!                                                 v  │     vectors│  │
//!                                                issue            │ scatter ── done ──>
//!                                                 │ words         v  ^
//!                                                 └──────────> datapath <── LOAD
//! ```
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `reset$i` | 1 | in, all the same: for WALK, GATHER, ISSUE, SCATTER, back to the state at power-up; to be held for [`reset_cycles`](pleach_spec::timing::reset_cycles). Memories keep their contents |
//! | `pass_write$b`, `pass_entry`, `pass_data` | 1, 12, 128 | in, FETCH writes a beat of a pass: 0 and 1 WALK, 2 GATHER, 3 ISSUE, 4 and 5 SCATTER |
//! | `pass_release` | 1 | in, cycle x: the next pass may begin. Its beats were written in cycle x - 3 or before |
//! | `done` | 1 | out, a pass is done |
//! | `weight_write`, `position_write` | 1 | in, LOAD writes beat `memory_beat` of word `memory_entry` |
//! | `list_write`, `parameter_write` | 1 | in, LOAD writes entry `memory_entry`, of parameters for column `memory_beat` |
//! | `memory_entry`, `memory_beat`, `memory_data` | 16, 5, 128 | in |
//! | `table_write`, `table_address`, `table_data` | 1, 9, 8 | in, LOAD writes a byte of a table; the address is the table and the index |
//! | `load_write`, `load_address`, `load_data`, `load_grant` | 1, 20, 128, 1 | in, in, in, out: LOAD writes a vector, as in [`Buffer`] |
//! | `store_read`, `store_address`, `store_grant`, `store_data` | 1, 20, 1, 128 | in, in, out, out: STORE reads a vector, as in [`Buffer`] |
//! | `word_issued`, `stall_data`, `stall_drain`, `no_pass` | 1 | out, what ISSUE does in this cycle |
//! | `bank_reads` | 1 | out, GATHER reads the banks in this cycle |

use pleach_spec::{Config, VECTOR};
use rust_hdl::prelude::*;

use crate::buffer::Buffer;
use crate::control::gather::Gather;
use crate::control::issue::Issue;
use crate::control::scatter::Scatter;
use crate::control::walk::Walk;
use crate::control::{ADDRESS, PASS, POINTER};
use crate::datapath::Datapath;
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Wiring};

/// Units with a reset: WALK, GATHER, ISSUE, SCATTER.
pub const COMPUTE_UNITS: usize = 4;
/// Beats of a pass that FETCH writes.
pub const PASS_BEATS: usize = 6;
/// The lowest bit of a control, in the uppermost bits of the last beat of a slot word's positions.
const CONTROL_BIT: usize = 124;

/// See the module. `WB` = 8 W window bits, `P` = log2 W position bits.
#[derive(LogicBlock)]
pub struct Compute<const WB: usize, const P: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Back to the state at power-up.
    pub reset: Vec<Signal<In, Bit>>,
    /// FETCH writes a beat of a pass.
    pub pass_write: Vec<Signal<In, Bit>>,
    /// Entry that is written.
    pub pass_entry: Signal<In, Bits<PASS>>,
    /// What is written.
    pub pass_data: Signal<In, Bits<128>>,
    /// The next pass may begin.
    pub pass_release: Signal<In, Bit>,
    /// A pass is done.
    pub done: Signal<Out, Bit>,
    /// LOAD writes a beat of weights.
    pub weight_write: Signal<In, Bit>,
    /// LOAD writes a beat of positions.
    pub position_write: Signal<In, Bit>,
    /// LOAD writes an entry of the gather list.
    pub list_write: Signal<In, Bit>,
    /// LOAD writes a parameter.
    pub parameter_write: Signal<In, Bit>,
    /// Entry of the memory that is written.
    pub memory_entry: Signal<In, Bits<POINTER>>,
    /// Beat of a slot word, or column of a parameter.
    pub memory_beat: Signal<In, Bits<5>>,
    /// What is written.
    pub memory_data: Signal<In, Bits<128>>,
    /// LOAD writes a byte of a table.
    pub table_write: Signal<In, Bit>,
    /// Table and index.
    pub table_address: Signal<In, Bits<9>>,
    /// The byte.
    pub table_data: Signal<In, Bits<8>>,
    /// LOAD writes a vector.
    pub load_write: Signal<In, Bit>,
    /// Where.
    pub load_address: Signal<In, Bits<ADDRESS>>,
    /// The vector.
    pub load_data: Signal<In, Bits<128>>,
    /// It is written.
    pub load_grant: Signal<Out, Bit>,
    /// STORE reads a vector.
    pub store_read: Signal<In, Bit>,
    /// Where.
    pub store_address: Signal<In, Bits<ADDRESS>>,
    /// It is read.
    pub store_grant: Signal<Out, Bit>,
    /// What was there.
    pub store_data: Signal<Out, Bits<128>>,
    /// ISSUE issues a word.
    pub word_issued: Signal<Out, Bit>,
    /// ISSUE waits for a vector.
    pub stall_data: Signal<Out, Bit>,
    /// ISSUE waits for the drain.
    pub stall_drain: Signal<Out, Bit>,
    /// ISSUE waits for a pass.
    pub no_pass: Signal<Out, Bit>,
    /// GATHER reads the banks.
    pub bank_reads: Signal<Out, Bit>,

    walk: Walk,
    gather: Gather,
    issue: Issue,
    scatter: Scatter,
    buffer: Buffer,
    datapath: Datapath<WB, P>,
    control_write: ControlWrite,
    wiring: Wiring,
}

impl<const WB: usize, const P: usize> Compute<WB, P> {
    /// For a configuration.
    ///
    /// # Panics
    /// If the configuration has another window, or has not been checked.
    pub fn new(config: &Config) -> Self {
        Self {
            clock: Default::default(),
            reset: many(COMPUTE_UNITS),
            pass_write: many(PASS_BEATS),
            pass_entry: Default::default(),
            pass_data: Default::default(),
            pass_release: Default::default(),
            done: Default::default(),
            weight_write: Default::default(),
            position_write: Default::default(),
            list_write: Default::default(),
            parameter_write: Default::default(),
            memory_entry: Default::default(),
            memory_beat: Default::default(),
            memory_data: Default::default(),
            table_write: Default::default(),
            table_address: Default::default(),
            table_data: Default::default(),
            load_write: Default::default(),
            load_address: Default::default(),
            load_data: Default::default(),
            load_grant: Default::default(),
            store_read: Default::default(),
            store_address: Default::default(),
            store_grant: Default::default(),
            store_data: Default::default(),
            word_issued: Default::default(),
            stall_data: Default::default(),
            stall_drain: Default::default(),
            no_pass: Default::default(),
            bank_reads: Default::default(),
            walk: Walk::new(config),
            gather: Gather::new(config),
            issue: Issue::new(config),
            scatter: Scatter::new(config),
            buffer: Buffer::new(config),
            datapath: Datapath::new(config),
            control_write: ControlWrite::new(config),
            wiring: Default::default(),
        }
    }

    fn wire_walk(&mut self, net: &mut Net) {
        let walk = &mut self.walk;
        net.wire(self.clock.tap(), &mut walk.clock);
        net.wire(self.reset[0].tap(), &mut walk.reset);
        net.wire(self.pass_release.tap(), &mut walk.pass_release);
        net.wire(self.pass_write[0].tap(), &mut walk.command_write[0]);
        net.wire(self.pass_write[1].tap(), &mut walk.command_write[1]);
        net.wire(self.pass_entry.tap(), &mut walk.command_entry);
        net.wire(self.pass_data.tap(), &mut walk.command_data);
        for (from, to) in self.gather.take.iter().zip(&mut walk.take) {
            net.wire(from.tap(), to);
        }
    }

    fn wire_gather(&mut self, net: &mut Net) {
        let (gather, walk) = (&mut self.gather, &self.walk);
        net.wire(self.clock.tap(), &mut gather.clock);
        net.wire(self.reset[1].tap(), &mut gather.reset);
        net.wire(self.pass_release.tap(), &mut gather.pass_release);
        net.wire(self.pass_write[2].tap(), &mut gather.command_write[0]);
        net.wire(self.pass_entry.tap(), &mut gather.command_entry);
        net.wire(self.pass_data.tap(), &mut gather.command_data);
        net.wire(self.list_write.tap(), &mut gather.list_write);
        net.wire(self.memory_entry.tap(), &mut gather.list_entry);
        net.wire(self.memory_data.tap().slice(0), &mut gather.list_data);
        net.wire(self.scatter.ended.tap(), &mut gather.ended);
        net.wire(self.issue.pop.tap(), &mut gather.pop);
        for (from, to) in walk.full.iter().zip(&mut gather.full) {
            net.wire(from.tap(), to);
        }
        net.wire(walk.classes.tap(), &mut gather.classes);
        for parity in 0..2 {
            net.wire(walk.need_write[parity].tap(), &mut gather.need_write[parity]);
            net.wire(walk.need_class[parity].tap(), &mut gather.need_class[parity]);
            net.wire(walk.need[parity].tap(), &mut gather.need[parity]);
        }
        for r in 0..walk.address.len() {
            net.wire(walk.address[r].tap(), &mut gather.address[r]);
            net.wire(walk.ix[r].tap(), &mut gather.ix[r]);
            net.wire(walk.iy[r].tap(), &mut gather.iy[r]);
            net.wire(walk.class[r].tap(), &mut gather.class[r]);
        }
        net.wire(gather.issue.tap(), &mut self.bank_reads);
    }

    fn wire_issue(&mut self, net: &mut Net) {
        let (issue, control_write) = (&mut self.issue, &mut self.control_write);
        net.wire(self.clock.tap(), &mut issue.clock);
        net.wire(self.reset[2].tap(), &mut issue.reset);
        net.wire(self.pass_release.tap(), &mut issue.pass_release);
        net.wire(self.pass_write[3].tap(), &mut issue.command_write[0]);
        net.wire(self.pass_entry.tap(), &mut issue.command_entry);
        net.wire(self.pass_data.tap(), &mut issue.command_data);
        net.wire(self.position_write.tap(), &mut control_write.position_write);
        net.wire(self.memory_beat.tap().bit(0), &mut control_write.beat);
        net.wire(control_write.write.tap(), &mut issue.control_write);
        net.wire(self.memory_entry.tap(), &mut issue.control_entry);
        net.wire(self.memory_data.tap().slice(CONTROL_BIT), &mut issue.control_data);
        net.wire(self.gather.staged.tap(), &mut issue.staged);
        net.wire(issue.word_valid.tap(), &mut self.word_issued);
        net.wire(issue.stall_data.tap(), &mut self.stall_data);
        net.wire(issue.stall_drain.tap(), &mut self.stall_drain);
        net.wire(issue.no_pass.tap(), &mut self.no_pass);
    }

    fn wire_scatter(&mut self, net: &mut Net) {
        let (scatter, datapath) = (&mut self.scatter, &self.datapath);
        net.wire(self.clock.tap(), &mut scatter.clock);
        net.wire(self.reset[3].tap(), &mut scatter.reset);
        net.wire(self.pass_release.tap(), &mut scatter.pass_release);
        net.wire(self.pass_write[4].tap(), &mut scatter.command_write[0]);
        net.wire(self.pass_write[5].tap(), &mut scatter.command_write[1]);
        net.wire(self.pass_entry.tap(), &mut scatter.command_entry);
        net.wire(self.pass_data.tap(), &mut scatter.command_data);
        net.wire(self.issue.drain.tap(), &mut scatter.drain);
        net.wire(self.issue.pass_end.tap(), &mut scatter.pass_end);
        net.wire(datapath.activations_valid.tap(), &mut scatter.valid);
        for (source, destination) in datapath.activations.iter().zip(&mut scatter.activations) {
            net.wire(source.tap(), destination);
        }
        net.wire(scatter.done.tap(), &mut self.done);
    }

    fn wire_buffer(&mut self, net: &mut Net) {
        let (buffer, gather) = (&mut self.buffer, &self.gather);
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
        }
    }

    fn wire_port_b(&mut self, net: &mut Net) {
        let (buffer, scatter) = (&mut self.buffer, &self.scatter);
        for i in 0..scatter.write.len() {
            net.wire(scatter.write[i].tap(), &mut buffer.write[i]);
            net.wire(scatter.address[i].tap(), &mut buffer.address[i]);
            net.wire(scatter.data[i].tap(), &mut buffer.data[i]);
        }
        net.wire(scatter.bytes.tap(), &mut buffer.bytes);
        net.wire(self.load_write.tap(), &mut buffer.load_write);
        net.wire(self.load_address.tap(), &mut buffer.load_address);
        net.wire(self.load_data.tap(), &mut buffer.load_data);
        net.wire(buffer.load_grant.tap(), &mut self.load_grant);
        net.wire(self.store_read.tap(), &mut buffer.store_read);
        net.wire(self.store_address.tap(), &mut buffer.store_address);
        net.wire(buffer.store_grant.tap(), &mut self.store_grant);
        net.wire(buffer.store_data.tap(), &mut self.store_data);
    }

    fn wire_datapath(&mut self, net: &mut Net) {
        let (datapath, issue, buffer) = (&mut self.datapath, &self.issue, &self.buffer);
        net.wire(self.clock.tap(), &mut datapath.clock);
        net.wire(issue.word_valid.tap(), &mut datapath.word_valid);
        net.wire(issue.word_first.tap(), &mut datapath.word_first);
        net.wire(issue.word_last.tap(), &mut datapath.word_last);
        net.wire(issue.word_address.tap(), &mut datapath.word_address);
        net.wire(issue.word_dense.tap(), &mut datapath.word_dense);
        net.wire(issue.word_position.tap(), &mut datapath.word_position);
        net.wire(issue.take.tap(), &mut datapath.take);
        net.wire(issue.take_max.tap(), &mut datapath.take_max);
        net.wire(issue.window_slot.tap(), &mut datapath.window_slot);
        net.wire(issue.stage_slot.tap(), &mut datapath.take_slot);
        net.wire(issue.drain_entry.tap(), &mut datapath.drain_entry);
        net.wire(issue.drain_kind.tap(), &mut datapath.drain_kind);
        net.wire(self.gather.stage_slot.tap(), &mut datapath.stage_slot);
        for r in 0..buffer.stage_write.len() {
            net.wire(buffer.stage_write[r].tap(), &mut datapath.stage_write[r]);
            net.wire(buffer.stage_data[r].tap(), &mut datapath.stage_data[r]);
        }
        net.wire(self.weight_write.tap(), &mut datapath.weight_write);
        net.wire(self.position_write.tap(), &mut datapath.position_write);
        net.wire(self.memory_entry.tap(), &mut datapath.word_entry);
        net.wire(self.memory_beat.tap().bit(0), &mut datapath.word_beat);
        net.wire(self.parameter_write.tap(), &mut datapath.parameter_write);
        net.wire(self.memory_entry.tap().slice(0), &mut datapath.parameter_entry);
        net.wire(self.memory_beat.tap(), &mut datapath.parameter_column);
        net.wire(self.memory_data.tap(), &mut datapath.memory_data);
        net.wire(self.table_write.tap(), &mut datapath.table_write);
        net.wire(self.table_address.tap(), &mut datapath.table_address);
        net.wire(self.table_data.tap(), &mut datapath.table_data);
    }
}

impl<const WB: usize, const P: usize> Structure for Compute<WB, P> {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_walk(net);
        self.wire_gather(net);
        self.wire_issue(net);
        self.wire_scatter(net);
        self.wire_buffer(net);
        self.wire_port_b(net);
        self.wire_datapath(net);
    }
}

impl<const WB: usize, const P: usize> Logic for Compute<WB, P> {
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

/// When the control of a slot word is written: with the last beat of its positions.
#[derive(Debug, LogicBlock)]
struct ControlWrite {
    pub position_write: Signal<In, Bit>,
    pub beat: Signal<In, Bit>,
    pub write: Signal<Out, Bit>,

    last_beat: Constant<Bit>,
}

impl ControlWrite {
    fn new(config: &Config) -> Self {
        Self {
            position_write: Default::default(),
            beat: Default::default(),
            write: Default::default(),
            last_beat: Constant::new(config.columns > VECTOR),
        }
    }
}

impl Logic for ControlWrite {
    #[hdl_gen]
    fn update(&mut self) {
        self.write.next = self.position_write.val() & (self.beat.val() == self.last_beat.val());
    }
}
