//! ISSUE: which slot words are issued, and when.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock`, `idle` | 1 | in |
//! | `passes` | 16 | in, of the run |
//! | `command_first`, `command_write$0`, `command_entry`, `command_data` | 12, 1, 12, 128 | in, as in [`CommandMemory`] |
//! | `words_first` | 16 | in, index of the run's first slot word; held while idle |
//! | `control_write`, `control_entry`, `control_data` | 1, 16, 4 | in, the host writes the control nibble of a word |
//! | `staged` | 1 | in, a vector may be taken from the next cycle on |
//! | `word_valid`, `word_first`, `word_last` | 1 | out, cycle t: a word is issued; it is the first, last of its tile |
//! | `word_address` | 16 | out, cycle t: its index |
//! | `take`, `window_slot`, `stage_slot` | 2, 2, 7 | out, cycle t: what enters the window (0 without a word), where, from where |
//! | `pop` | 1 | out, cycle t: the word finishes the staged vector |
//! | `pass_end` | 1 | out, cycle t: with `word_last`, of the pass's last tile |
//! | `stall_data`, `stall_drain` | 1 | out, no word is issued in this cycle, and why |
//!
//! A word is issued in every cycle, unless it takes and no vector is staged (`stall_data`), or it is the last of its tile
//! less than R cycles after the last of the tile before (`stall_drain`), or no passes remain.

mod sequencer;

use pleach_spec::Record;
use pleach_spec::command::{Issue as Command, WordControl};
use pleach_spec::{Config, timing};
use rust_hdl::prelude::*;

use super::command::CommandMemory;
use super::{PASS, PASSES, POINTER, STAGE};
use crate::cells::Ram;
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

use sequencer::Sequencer;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct Issue {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Between runs.
    pub idle: Signal<In, Bit>,
    /// Passes of the run.
    pub passes: Signal<In, Bits<PASSES>>,
    /// Index of the first pass.
    pub command_first: Signal<In, Bits<PASS>>,
    /// The host writes a command.
    pub command_write: Vec<Signal<In, Bit>>,
    /// Pass that the host writes.
    pub command_entry: Signal<In, Bits<PASS>>,
    /// Command that the host writes.
    pub command_data: Signal<In, Bits<128>>,
    /// Index of the first slot word.
    pub words_first: Signal<In, Bits<POINTER>>,
    /// The host writes a control nibble.
    pub control_write: Signal<In, Bit>,
    /// Index that the host writes.
    pub control_entry: Signal<In, Bits<POINTER>>,
    /// Nibble that the host writes.
    pub control_data: Signal<In, Bits<4>>,
    /// A vector became available.
    pub staged: Signal<In, Bit>,
    /// A word is issued.
    pub word_valid: Signal<Out, Bit>,
    /// First of its tile.
    pub word_first: Signal<Out, Bit>,
    /// Last of its tile.
    pub word_last: Signal<Out, Bit>,
    /// Index of the word.
    pub word_address: Signal<Out, Bits<POINTER>>,
    /// Chunks that enter the window.
    pub take: Signal<Out, Bits<2>>,
    /// First window slot they enter.
    pub window_slot: Signal<Out, Bits<2>>,
    /// Staging slot they come from.
    pub stage_slot: Signal<Out, Bits<STAGE>>,
    /// The staged vector is finished with.
    pub pop: Signal<Out, Bit>,
    /// Last word of the pass.
    pub pass_end: Signal<Out, Bit>,
    /// Waiting for a vector.
    pub stall_data: Signal<Out, Bit>,
    /// Waiting for the drain.
    pub stall_drain: Signal<Out, Bit>,

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
            idle: Default::default(),
            passes: Default::default(),
            command_first: Default::default(),
            command_write: many(1),
            command_entry: Default::default(),
            command_data: Default::default(),
            words_first: Default::default(),
            control_write: Default::default(),
            control_entry: Default::default(),
            control_data: Default::default(),
            staged: Default::default(),
            word_valid: Default::default(),
            word_first: Default::default(),
            word_last: Default::default(),
            word_address: Default::default(),
            take: Default::default(),
            window_slot: Default::default(),
            stage_slot: Default::default(),
            pop: Default::default(),
            pass_end: Default::default(),
            stall_data: Default::default(),
            stall_drain: Default::default(),
            command: CommandMemory::new(config.pass_depth, 1),
            control: Ram::new(config.word_depth),
            sequencer: Sequencer::new(config, timing::drain_interval(config, timing::Pace::Fast)),
            wiring: Default::default(),
        }
    }

    fn wire_memories(&mut self, net: &mut Net) {
        let (command, control) = (&mut self.command, &mut self.control);
        net.wire(self.clock.tap(), &mut command.clock);
        net.wire(self.idle.tap(), &mut command.idle);
        net.wire(self.command_first.tap(), &mut command.first);
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
        net.wire(self.idle.tap(), &mut sequencer.idle);
        net.wire(self.passes.tap(), &mut sequencer.passes);
        net.wire(self.words_first.tap(), &mut sequencer.words_first);
        net.wire(self.staged.tap(), &mut sequencer.staged);
        net.wire(command.field(Command::FIELDS, "count"), &mut sequencer.next_count);
        net.wire(command.field(Command::FIELDS, "tiles"), &mut sequencer.next_tiles);
        net.wire(control_field(&self.control, "take"), &mut sequencer.control_take);
        net.wire(control_field(&self.control, "pop"), &mut sequencer.control_pop);
    }

    fn wire_outputs(&mut self, net: &mut Net) {
        let sequencer = &self.sequencer;
        net.wire(sequencer.word_valid.tap(), &mut self.word_valid);
        net.wire(sequencer.word_first.tap(), &mut self.word_first);
        net.wire(sequencer.word_last.tap(), &mut self.word_last);
        net.wire(sequencer.word_address.tap(), &mut self.word_address);
        net.wire(sequencer.take.tap(), &mut self.take);
        net.wire(sequencer.window_slot.tap(), &mut self.window_slot);
        net.wire(sequencer.stage_slot.tap(), &mut self.stage_slot);
        net.wire(sequencer.pop.tap(), &mut self.pop);
        net.wire(sequencer.pass_end.tap(), &mut self.pass_end);
        net.wire(sequencer.stall_data.tap(), &mut self.stall_data);
        net.wire(sequencer.stall_drain.tap(), &mut self.stall_drain);
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
