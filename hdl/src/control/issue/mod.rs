//! ISSUE: which slot words are issued, and when.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock`, `reset`, `pass_release` | 1 | in, as in [`CommandMemory`] |
//! | `command_write$0`, `command_entry`, `command_data` | 1, 12, 128 | in, as in [`CommandMemory`] |
//! | `control_write`, `control_entry`, `control_data` | 1, 16, 4 | in, LOAD writes the control nibble of a word |
//! | `staged` | 1 | in, a vector may be taken from the next cycle on |
//! | `word_valid` | 1 | out, cycle t: a word is issued |
//! | `word_first`, `word_last` | 1 | out, cycle t: it starts new sums; its sums are to be drained |
//! | `word_address` | 16 | out, cycle t: its index |
//! | `word_dense`, `word_position` | 1, 5 | out, cycle t: all columns use this position instead of their own |
//! | `take`, `take_max` | 2, 1 | out, cycle t: what enters the window (0 without a word), and whether as the greater of old and new |
//! | `window_slot`, `stage_slot` | 2, 7 | out, cycle t: where it goes, from where |
//! | `pop` | 1 | out, cycle t: the word finishes the staged vector |
//! | `drain_entry`, `drain_kind` | 12, 2 | out, cycle t with `word_last`: the parameter entry; 0 the only operand, 1 the first of two, 2 the second |
//! | `drain` | 1 | out, cycle t: `word_last`, and the results go to SCATTER |
//! | `pass_end` | 1 | out, cycle t: the last word of a pass |
//! | `stall_data`, `stall_drain`, `no_pass` | 1 | out, no word is issued in this cycle, and why |
//!
//! A word is issued in every cycle, unless it takes and no vector is staged (`stall_data`), or it ends an operand too soon
//! after the word that ended the one before (`stall_drain`: R/2 cycles, R if that one is of a slow pass), or there is no
//! pass.

mod sequencer;

use pleach_spec::command::{Issue as Command, WordControl};
use pleach_spec::{Config, Record};
use rust_hdl::prelude::*;

use super::command::CommandMemory;
use super::{PASS, POINTER, STAGE};
use crate::cells::Ram;
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

use sequencer::Sequencer;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct Issue {
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
    /// LOAD writes a control nibble.
    pub control_write: Signal<In, Bit>,
    /// Index that is written.
    pub control_entry: Signal<In, Bits<POINTER>>,
    /// Nibble that is written.
    pub control_data: Signal<In, Bits<4>>,
    /// A vector became available.
    pub staged: Signal<In, Bit>,
    /// A word is issued.
    pub word_valid: Signal<Out, Bit>,
    /// It starts new sums.
    pub word_first: Signal<Out, Bit>,
    /// Its sums are drained.
    pub word_last: Signal<Out, Bit>,
    /// Index of the word.
    pub word_address: Signal<Out, Bits<POINTER>>,
    /// Its position is implicit.
    pub word_dense: Signal<Out, Bit>,
    /// The implicit position.
    pub word_position: Signal<Out, Bits<5>>,
    /// Chunks that enter the window.
    pub take: Signal<Out, Bits<2>>,
    /// They are combined with what is there.
    pub take_max: Signal<Out, Bit>,
    /// First window slot they enter.
    pub window_slot: Signal<Out, Bits<2>>,
    /// Staging slot they come from.
    pub stage_slot: Signal<Out, Bits<STAGE>>,
    /// The staged vector is finished with.
    pub pop: Signal<Out, Bit>,
    /// Parameter entry of the sums that are drained.
    pub drain_entry: Signal<Out, Bits<PASS>>,
    /// Which operand they are.
    pub drain_kind: Signal<Out, Bits<2>>,
    /// Results for SCATTER.
    pub drain: Signal<Out, Bit>,
    /// Last word of the pass.
    pub pass_end: Signal<Out, Bit>,
    /// Waiting for a vector.
    pub stall_data: Signal<Out, Bit>,
    /// Waiting for the drain.
    pub stall_drain: Signal<Out, Bit>,
    /// Waiting for a pass.
    pub no_pass: Signal<Out, Bit>,

    command: CommandMemory,
    control: Ram<POINTER, 4>,
    sequencer: Sequencer,
    wiring: Wiring,
}

impl Issue {
    /// For a configuration.
    pub fn new(config: &Config) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            pass_release: Default::default(),
            command_write: many(1),
            command_entry: Default::default(),
            command_data: Default::default(),
            control_write: Default::default(),
            control_entry: Default::default(),
            control_data: Default::default(),
            staged: Default::default(),
            word_valid: Default::default(),
            word_first: Default::default(),
            word_last: Default::default(),
            word_address: Default::default(),
            word_dense: Default::default(),
            word_position: Default::default(),
            take: Default::default(),
            take_max: Default::default(),
            window_slot: Default::default(),
            stage_slot: Default::default(),
            pop: Default::default(),
            drain_entry: Default::default(),
            drain_kind: Default::default(),
            drain: Default::default(),
            pass_end: Default::default(),
            stall_data: Default::default(),
            stall_drain: Default::default(),
            no_pass: Default::default(),
            command: CommandMemory::new(config.pass_depth, 1),
            control: Ram::new(config.word_depth),
            sequencer: Sequencer::new(config),
            wiring: Default::default(),
        }
    }

    fn wire_memories(&mut self, net: &mut Net) {
        let (command, control) = (&mut self.command, &mut self.control);
        net.wire(self.clock.tap(), &mut command.clock);
        net.wire(self.reset.tap(), &mut command.reset);
        net.wire(self.pass_release.tap(), &mut command.pass_release);
        net.wire(self.sequencer.advance.tap(), &mut command.advance);
        net.wire(self.command_write[0].tap(), &mut command.write[0]);
        net.wire(self.command_entry.tap(), &mut command.write_entry);
        net.wire(self.command_data.tap(), &mut command.write_data);
        net.wire(self.clock.tap(), &mut control.clock);
        net.wire(self.control_write.tap(), &mut control.write_enable);
        net.wire(self.control_entry.tap(), &mut control.write_address);
        net.wire(self.control_data.tap(), &mut control.write_data);
        net.wire(self.sequencer.next_word.tap(), &mut control.read_address);
    }

    fn wire_inputs(&mut self, net: &mut Net) {
        let (sequencer, command) = (&mut self.sequencer, &self.command);
        net.wire(self.clock.tap(), &mut sequencer.clock);
        net.wire(self.reset.tap(), &mut sequencer.reset);
        net.wire(command.next_running.tap(), &mut sequencer.next_running);
        net.wire(self.staged.tap(), &mut sequencer.staged);
        net.wire(command.field(Command::FIELDS, "count"), &mut sequencer.next_count);
        net.wire(command.field(Command::FIELDS, "dense"), &mut sequencer.next_dense);
        net.wire(command.field(Command::FIELDS, "partial"), &mut sequencer.next_partial);
        net.wire(command.field(Command::FIELDS, "accumulate"), &mut sequencer.next_accumulate);
        net.wire(command.field(Command::FIELDS, "slow"), &mut sequencer.next_slow);
        net.wire(command.field(Command::FIELDS, "tiles"), &mut sequencer.next_tiles);
        net.wire(command.field(Command::FIELDS, "base"), &mut sequencer.next_base);
        net.wire(command.field(Command::FIELDS, "second"), &mut sequencer.next_second);
        net.wire(command.field(Command::FIELDS, "parameter"), &mut sequencer.next_parameter);
        net.wire(control_field(&self.control, "take"), &mut sequencer.control_take);
        net.wire(control_field(&self.control, "pop"), &mut sequencer.control_pop);
        net.wire(control_field(&self.control, "max"), &mut sequencer.control_max);
    }

    fn wire_outputs(&mut self, net: &mut Net) {
        let sequencer = &self.sequencer;
        net.wire(sequencer.word_valid.tap(), &mut self.word_valid);
        net.wire(sequencer.word_first.tap(), &mut self.word_first);
        net.wire(sequencer.word_last.tap(), &mut self.word_last);
        net.wire(sequencer.word_address.tap(), &mut self.word_address);
        net.wire(sequencer.word_dense.tap(), &mut self.word_dense);
        net.wire(sequencer.word_position.tap(), &mut self.word_position);
        net.wire(sequencer.take.tap(), &mut self.take);
        net.wire(sequencer.take_max.tap(), &mut self.take_max);
        net.wire(sequencer.window_slot.tap(), &mut self.window_slot);
        net.wire(sequencer.stage_slot.tap(), &mut self.stage_slot);
        net.wire(sequencer.pop.tap(), &mut self.pop);
        net.wire(sequencer.drain_entry.tap(), &mut self.drain_entry);
        net.wire(sequencer.drain_kind.tap(), &mut self.drain_kind);
        net.wire(sequencer.drain.tap(), &mut self.drain);
        net.wire(sequencer.pass_end.tap(), &mut self.pass_end);
        net.wire(sequencer.stall_data.tap(), &mut self.stall_data);
        net.wire(sequencer.stall_drain.tap(), &mut self.stall_drain);
        net.wire(sequencer.no_pass.tap(), &mut self.no_pass);
    }
}

/// A field of the control nibble that was read.
fn control_field<const N: usize>(control: &Ram<POINTER, 4>, name: &str) -> Tap<Bits<N>> {
    let field = WordControl::FIELDS.iter().find(|field| field.name == name).expect("a field of the nibble");
    assert_eq!(field.width, N, "width of field {name}");
    control.read_data.tap().slice(field.low)
}

impl Structure for Issue {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_memories(net);
        self.wire_inputs(net);
        self.wire_outputs(net);
    }
}

impl Logic for Issue {
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
