//! The passes of a unit: its command memory, a ring that FETCH fills, and the count of passes it may begin.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `reset` | 1 | in, back to entry 0 and no passes |
//! | `pass_release` | 1 | in, one more pass may begin in the next cycle |
//! | `advance` | 1 | in, the unit is through with its pass at the end of this cycle; only while it has one |
//! | `next_running` | 1 | out, the unit has a pass in the next cycle |
//! | `upcoming$b` | 128 | out, beat *b* of the command after the unit's |
//! | `write$b` | 1 | in, FETCH writes beat *b* |
//! | `write_entry` | 12 | in, of this pass |
//! | `write_data` | 128 | in |
//!
//! ```text
//! cycle        x-3     x-2     x-1      x      x+1     ...     t      t+1
//! write         n
//! pass_release                          1
//! upcoming                     n        n      n+1             n+1    n+2
//! has a pass                            0       1              1       1 (if n+1 was released in cycle t at the latest)
//! advance                                                      1
//! ```
//!
//! The unit takes `upcoming` at the end of every cycle in which it has no pass or is through with it, so that it has the
//! command in the cycle after the release. The entry must have been written at least 3 cycles before. Indices wrap at the depth of the memory.

use pleach_spec::Field;
use rust_hdl::prelude::*;

use crate::cells::{Ram, Reg};
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

use super::PASS;

/// Bits of a beat.
const BEAT: usize = 128;
/// Bits of a count of passes: as many as the memory holds.
const WAITING: usize = PASS + 1;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct CommandMemory {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Back to entry 0 and no passes.
    pub reset: Signal<In, Bit>,
    /// One more pass may begin.
    pub pass_release: Signal<In, Bit>,
    /// The unit is through with its pass.
    pub advance: Signal<In, Bit>,
    /// The unit has a pass in the next cycle.
    pub next_running: Signal<Out, Bit>,
    /// The command after the unit's, in beats.
    pub upcoming: Vec<Signal<Out, Bits<BEAT>>>,
    /// FETCH writes a beat.
    pub write: Vec<Signal<In, Bit>>,
    /// Entry that is written.
    pub write_entry: Signal<In, Bits<PASS>>,
    /// What is written.
    pub write_data: Signal<In, Bits<BEAT>>,

    passes: PassCounter,
    /// By itself, so that no path leads from `advance` to `running`.
    has_pass: Reg<Bit>,
    memory: Vec<Ram<PASS, BEAT>>,
    wiring: Wiring,
}

impl CommandMemory {
    /// A memory of `depth` commands of `beats` beats each.
    pub fn new(depth: usize, beats: usize) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            pass_release: Default::default(),
            advance: Default::default(),
            next_running: Default::default(),
            upcoming: many(beats),
            write: many(beats),
            write_entry: Default::default(),
            write_data: Default::default(),
            passes: Default::default(),
            has_pass: Default::default(),
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
        let passes = &mut self.passes;
        net.wire(self.clock.tap(), &mut passes.clock);
        net.wire(self.reset.tap(), &mut passes.reset);
        net.wire(self.pass_release.tap(), &mut passes.pass_release);
        net.wire(self.advance.tap(), &mut passes.advance);
        net.wire(self.has_pass.q.tap(), &mut passes.running);
        net.wire(self.clock.tap(), &mut self.has_pass.clock);
        net.wire(passes.next_running.tap(), &mut self.has_pass.d);
        net.wire(passes.next_running.tap(), &mut self.next_running);
        for (beat, memory) in self.memory.iter_mut().enumerate() {
            net.wire(self.clock.tap(), &mut memory.clock);
            net.wire(self.write[beat].tap(), &mut memory.write_enable);
            net.wire(self.write_entry.tap(), &mut memory.write_address);
            net.wire(self.write_data.tap(), &mut memory.write_data);
            net.wire(passes.next_index.tap(), &mut memory.read_address);
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

/// Passes released, and the entry of the first one that has not begun: its ports are those of the memory.
#[derive(Debug, Default, LogicBlock)]
struct PassCounter {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub pass_release: Signal<In, Bit>,
    pub advance: Signal<In, Bit>,
    pub running: Signal<In, Bit>,
    /// The unit has a pass in the next cycle.
    pub next_running: Signal<Out, Bit>,
    /// Entry that is `upcoming` in the next cycle.
    pub next_index: Signal<Out, Bits<PASS>>,

    index: Reg<Bits<PASS>>,
    // Passes released, with the unit's own.
    released: Reg<Bits<WAITING>>,

    another: Signal<Local, Bit>,
    begins: Signal<Local, Bit>,
}

impl Logic for PassCounter {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, index, released);
        if self.pass_release.val() & !self.advance.val() {
            self.released.d.next = self.released.q.val() + 1;
        }
        if self.advance.val() & !self.pass_release.val() {
            self.released.d.next = self.released.q.val() - 1;
        }

        // There is another pass than the unit's: bits 12..1 are not 0 from two passes on.
        self.another.next = self.pass_release.val() | self.released.q.val().get_bits::<12>(1).any();
        self.begins.next = self.another.val() & (self.advance.val() | !self.running.val());
        self.next_running.next = self.begins.val() | (self.running.val() & !self.advance.val());
        self.next_index.next = self.index.q.val();
        if self.begins.val() {
            self.next_index.next = self.index.q.val() + 1;
        }
        if self.reset.val() {
            self.next_running.next = false;
            self.next_index.next = 0.into();
            self.released.d.next = 0.into();
        }
        self.index.d.next = self.next_index.val();
    }
}
