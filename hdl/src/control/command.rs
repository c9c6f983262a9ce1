//! A command memory, read one pass ahead of the engine it belongs to.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `idle` | 1 | in, between runs |
//! | `first` | 12 | in, index of the run's first pass; held while idle |
//! | `advance` | 1 | in, the engine takes `upcoming$b` at the end of this cycle |
//! | `upcoming$b` | 128 | out, beat *b* of the next command |
//! | `write$b` | 1 | in, the host writes beat *b* |
//! | `write_entry` | 12 | in, of this pass |
//! | `write_data` | 128 | in |
//!
//! ```text
//! cycle        -2      -1      0      1      ...    t       t+1
//! idle          1       1      0      0             0       0
//! advance                                           1
//! upcoming           c[first]  "   c[first+1]       "   c[first+2]
//! ```
//!
//! While idle the engine takes `upcoming` in every cycle, so it has the first command in cycle 0; from then on `upcoming`
//! is the command after the engine's. The first `advance` may come in cycle 1. `first` must be stable for the last two
//! cycles of idleness. Indices wrap at the depth of the memory.

use pleach_spec::Field;
use rust_hdl::prelude::*;

use crate::cells::{Ram, Reg};
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

use super::{PASS, many};

/// Bits of a beat of the memory port.
const BEAT: usize = 128;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct CommandMemory {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Between runs.
    pub idle: Signal<In, Bit>,
    /// Index of the run's first pass.
    pub first: Signal<In, Bits<PASS>>,
    /// The engine takes the command.
    pub advance: Signal<In, Bit>,
    /// The command after the engine's, in beats.
    pub upcoming: Vec<Signal<Out, Bits<BEAT>>>,
    /// The host writes a beat.
    pub write: Vec<Signal<In, Bit>>,
    /// Pass that the host writes.
    pub write_entry: Signal<In, Bits<PASS>>,
    /// What the host writes.
    pub write_data: Signal<In, Bits<BEAT>>,

    pointer: CommandPointer,
    memory: Vec<Ram<PASS, BEAT>>,
    wiring: Wiring,
}

impl CommandMemory {
    /// A memory of `depth` commands of `beats` beats each.
    pub fn new(depth: usize, beats: usize) -> Self {
        Self {
            clock: Default::default(),
            idle: Default::default(),
            first: Default::default(),
            advance: Default::default(),
            upcoming: many(beats),
            write: many(beats),
            write_entry: Default::default(),
            write_data: Default::default(),
            pointer: Default::default(),
            memory: (0..beats).map(|_| Ram::new(depth)).collect(),
            wiring: Default::default(),
        }
    }

    /// A field of the upcoming command. `N` must be its width.
    pub fn field<const N: usize>(&self, fields: &[Field], name: &str) -> Tap<Bits<N>> {
        let field = fields.iter().find(|field| field.name == name).expect("a field of the command");
        assert_eq!(field.width, N, "width of field {name}");
        self.upcoming[field.low / BEAT].tap().slice(field.low % BEAT)
    }
}

impl Structure for CommandMemory {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        net.wire(self.clock.tap(), &mut self.pointer.clock);
        net.wire(self.idle.tap(), &mut self.pointer.idle);
        net.wire(self.first.tap(), &mut self.pointer.first);
        net.wire(self.advance.tap(), &mut self.pointer.advance);
        for (beat, memory) in self.memory.iter_mut().enumerate() {
            net.wire(self.clock.tap(), &mut memory.clock);
            net.wire(self.write[beat].tap(), &mut memory.write_enable);
            net.wire(self.write_entry.tap(), &mut memory.write_address);
            net.wire(self.write_data.tap(), &mut memory.write_data);
            net.wire(self.pointer.next_index.tap(), &mut memory.read_address);
            net.wire(memory.read_data.tap(), &mut self.upcoming[beat]);
        }
    }
}

impl Logic for CommandMemory {
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

/// The index that a command memory reads: its ports are those of the memory.
#[derive(Debug, Default, LogicBlock)]
struct CommandPointer {
    pub clock: Signal<In, Clock>,
    pub idle: Signal<In, Bit>,
    pub first: Signal<In, Bits<PASS>>,
    pub advance: Signal<In, Bit>,
    /// Index of the command that is `upcoming` in the next cycle.
    pub next_index: Signal<Out, Bits<PASS>>,

    index: Reg<Bits<PASS>>,
    was_idle: Reg<Bit>,
}

impl Logic for CommandPointer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, index);
        clock!(self, clock, was_idle);
        self.was_idle.d.next = self.idle.val();
        self.next_index.next = self.index.q.val();
        if self.advance.val() | self.was_idle.q.val() {
            self.next_index.next = self.index.q.val() + 1;
        }
        if self.idle.val() {
            self.next_index.next = self.first.val();
        }
        self.index.d.next = self.next_index.val();
    }
}
