//! The state of ISSUE: one slot word a cycle.
//!
//! Its ports are those of [`Issue`](super::Issue), with the command as fields (`next_...`: of the command after the
//! current one) and the control nibble of the word at hand (`control_take`, `control_pop`). `next_word` is the index whose
//! nibble is wanted in the next cycle. `advance` with the last word of a pass.

use pleach_spec::Config;
use rust_hdl::prelude::*;

use crate::cells::Reg;
use crate::control::{PASSES, POINTER, STAGE};

#[derive(Debug, LogicBlock)]
pub(super) struct Sequencer {
    pub clock: Signal<In, Clock>,
    pub idle: Signal<In, Bit>,
    pub passes: Signal<In, Bits<PASSES>>,
    pub words_first: Signal<In, Bits<POINTER>>,
    pub next_count: Signal<In, Bits<17>>,
    pub next_tiles: Signal<In, Bits<20>>,
    pub control_take: Signal<In, Bits<2>>,
    pub control_pop: Signal<In, Bits<1>>,
    pub staged: Signal<In, Bit>,
    pub advance: Signal<Out, Bit>,
    pub next_word: Signal<Out, Bits<POINTER>>,
    pub word_valid: Signal<Out, Bit>,
    pub word_first: Signal<Out, Bit>,
    pub word_last: Signal<Out, Bit>,
    pub word_address: Signal<Out, Bits<POINTER>>,
    pub take: Signal<Out, Bits<2>>,
    pub window_slot: Signal<Out, Bits<2>>,
    pub stage_slot: Signal<Out, Bits<STAGE>>,
    pub pop: Signal<Out, Bit>,
    pub pass_end: Signal<Out, Bit>,
    pub stall_data: Signal<Out, Bit>,
    pub stall_drain: Signal<Out, Bit>,

    // Words of the current command less one.
    words: Reg<Bits<17>>,
    // What is left: passes; tiles and words after the current one.
    passes_left: Reg<Bits<PASSES>>,
    tiles_left: Reg<Bits<20>>,
    words_left: Reg<Bits<17>>,
    // The word buffer: the word at hand, the first one of the pass.
    word: Reg<Bits<POINTER>>,
    first_word: Reg<Bits<POINTER>>,
    at_first: Reg<Bit>,
    // Window slot of the next chunk.
    chunk: Reg<Bits<2>>,
    // Staged vectors that can be taken, and the slot of the oldest.
    available: Reg<Bits<8>>,
    stage: Reg<Bits<STAGE>>,
    // Cycles until a tile may end.
    draining: Reg<Bits<7>>,

    running: Signal<Local, Bit>,
    takes: Signal<Local, Bit>,
    last: Signal<Local, Bit>,
    starved: Signal<Local, Bit>,
    issue: Signal<Local, Bit>,
    takes_two: Signal<Local, Bit>,
    drain_cycles: Constant<Bits<7>>,
    last_stage: Constant<Bits<STAGE>>,
    last_chunk: Constant<Bits<2>>,
    halves: Constant<Bit>,
}

impl Sequencer {
    pub fn new(config: &Config, drain_interval: u64) -> Self {
        Self {
            clock: Default::default(),
            idle: Default::default(),
            passes: Default::default(),
            words_first: Default::default(),
            next_count: Default::default(),
            next_tiles: Default::default(),
            control_take: Default::default(),
            control_pop: Default::default(),
            staged: Default::default(),
            advance: Default::default(),
            next_word: Default::default(),
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
            words: Default::default(),
            passes_left: Default::default(),
            tiles_left: Default::default(),
            words_left: Default::default(),
            word: Default::default(),
            first_word: Default::default(),
            at_first: Default::default(),
            chunk: Default::default(),
            available: Default::default(),
            stage: Default::default(),
            draining: Default::default(),
            running: Default::default(),
            takes: Default::default(),
            last: Default::default(),
            starved: Default::default(),
            issue: Default::default(),
            takes_two: Default::default(),
            // Counted down to 0 from the cycle after the last word.
            drain_cycles: Constant::new((drain_interval - 1).into()),
            last_stage: Constant::new((config.stage_depth as u64 - 1).into()),
            last_chunk: Constant::new((config.slots() as u64 - 1).into()),
            halves: Constant::new(config.chunks_per_vector() == 2),
        }
    }
}

impl Logic for Sequencer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            words,
            passes_left,
            tiles_left,
            words_left,
            word,
            first_word,
            at_first,
            chunk,
            available,
            stage,
            draining
        );

        // Whether the word at hand is issued.
        self.running.next = self.passes_left.q.val().any() & !self.idle.val();
        self.takes.next = self.control_take.val().any();
        self.last.next = !self.words_left.q.val().any();
        self.starved.next = self.takes.val() & !self.available.q.val().any();
        self.issue.next =
            self.running.val() & !self.starved.val() & !(self.last.val() & self.draining.q.val().any());
        self.stall_data.next = self.running.val() & self.starved.val();
        self.stall_drain.next =
            self.running.val() & !self.starved.val() & self.last.val() & self.draining.q.val().any();

        // The word.
        self.word_valid.next = self.issue.val();
        self.word_first.next = self.issue.val() & self.at_first.q.val();
        self.word_last.next = self.issue.val() & self.last.val();
        self.word_address.next = self.word.q.val();
        self.take.next = 0.into();
        if self.issue.val() {
            self.take.next = self.control_take.val();
        }
        self.window_slot.next = self.chunk.q.val();
        self.stage_slot.next = self.stage.q.val();
        self.pop.next = self.issue.val() & self.control_pop.val().any();
        self.advance.next = self.word_last.val() & !self.tiles_left.q.val().any();
        self.pass_end.next = self.advance.val();

        // The next word.
        self.next_word.next = self.word.q.val();
        self.takes_two.next = self.halves.val() & self.control_take.val().all();
        if self.issue.val() {
            self.next_word.next = self.word.q.val() + 1;
            self.words_left.d.next = self.words_left.q.val() - 1;
            self.at_first.d.next = false;
            if self.takes.val() {
                self.chunk.d.next = (self.chunk.q.val() + 1) & self.last_chunk.val();
            }
            if self.takes_two.val() {
                self.chunk.d.next = (self.chunk.q.val() + 2) & self.last_chunk.val();
            }
        }
        if self.draining.q.val().any() {
            self.draining.d.next = self.draining.q.val() - 1;
        }

        // The next tile.
        if self.word_last.val() {
            self.words_left.d.next = self.words.q.val();
            self.tiles_left.d.next = self.tiles_left.q.val() - 1;
            self.at_first.d.next = true;
            self.chunk.d.next = 0.into();
            self.draining.d.next = self.drain_cycles.val();
            if self.advance.val() {
                self.first_word.d.next = self.next_word.val();
                self.passes_left.d.next = self.passes_left.q.val() - 1;
            } else {
                self.next_word.next = self.first_word.q.val();
            }
        }

        // Staged vectors.
        if self.staged.val() & !self.pop.val() {
            self.available.d.next = self.available.q.val() + 1;
        }
        if self.pop.val() & !self.staged.val() {
            self.available.d.next = self.available.q.val() - 1;
        }
        if self.pop.val() {
            self.stage.d.next = (self.stage.q.val() + 1) & self.last_stage.val();
        }

        // The next pass.
        if self.idle.val() | self.advance.val() {
            self.words.d.next = self.next_count.val() - 1;
            self.words_left.d.next = self.next_count.val() - 1;
            self.tiles_left.d.next = self.next_tiles.val() - 1;
        }
        if self.idle.val() {
            self.next_word.next = self.words_first.val();
            self.first_word.d.next = self.words_first.val();
            self.passes_left.d.next = self.passes.val();
            self.at_first.d.next = true;
            self.chunk.d.next = 0.into();
            self.available.d.next = 0.into();
            self.stage.d.next = 0.into();
            self.draining.d.next = 0.into();
        }
        self.word.d.next = self.next_word.val();
    }
}
