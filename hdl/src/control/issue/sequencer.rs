//! The state of ISSUE: one slot word a cycle.
//!
//! Its ports are those of [`Issue`](super::Issue), with the command as fields (`next_...`: of the upcoming one, see
//! [`CommandMemory`](crate::control::command)) and the control nibble of the word at hand (`control_...`). `next_word` is
//! the index whose nibble is wanted in the next cycle. `advance` with the last word of a pass. Whether there is a pass, and
//! whether its last tile, stands in registers with copies, which each load some of the next command: `takes`.

use pleach_spec::Config;
use pleach_spec::timing::{Pace, drain_interval};
use rust_hdl::prelude::*;

use crate::cells::{Fan, Reg};
use crate::control::{PASS, POINTER, STAGE};

/// Copies of what decides whether the next command is taken.
const COPIES: usize = 3;

#[derive(Debug, LogicBlock)]
pub(super) struct Sequencer {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub next_running: Signal<In, Bit>,
    pub next_count: Signal<In, Bits<17>>,
    pub next_dense: Signal<In, Bits<1>>,
    pub next_partial: Signal<In, Bits<1>>,
    pub next_accumulate: Signal<In, Bits<1>>,
    pub next_slow: Signal<In, Bits<1>>,
    pub next_tiles: Signal<In, Bits<20>>,
    pub next_base: Signal<In, Bits<POINTER>>,
    pub next_second: Signal<In, Bits<16>>,
    pub next_parameter: Signal<In, Bits<PASS>>,
    pub control_take: Signal<In, Bits<2>>,
    pub control_pop: Signal<In, Bits<1>>,
    pub control_max: Signal<In, Bits<1>>,
    pub staged: Signal<In, Bit>,
    pub advance: Signal<Out, Bit>,
    pub next_word: Signal<Out, Bits<POINTER>>,
    pub word_valid: Signal<Out, Bit>,
    pub word_first: Signal<Out, Bit>,
    pub word_last: Signal<Out, Bit>,
    pub word_address: Signal<Out, Bits<POINTER>>,
    pub word_dense: Signal<Out, Bit>,
    pub word_position: Signal<Out, Bits<5>>,
    pub take: Signal<Out, Bits<2>>,
    pub take_max: Signal<Out, Bit>,
    pub window_slot: Signal<Out, Bits<2>>,
    pub stage_slot: Signal<Out, Bits<STAGE>>,
    pub pop: Signal<Out, Bit>,
    pub drain_entry: Signal<Out, Bits<PASS>>,
    pub drain_kind: Signal<Out, Bits<2>>,
    pub drain: Signal<Out, Bit>,
    pub pass_end: Signal<Out, Bit>,
    pub stall_data: Signal<Out, Bit>,
    pub stall_drain: Signal<Out, Bit>,
    pub no_pass: Signal<Out, Bit>,

    // The current command: words of each operand less one, flags, first word, parameter entry, distance of the next drain.
    first_words: Reg<Bits<17>>,
    second_words: Reg<Bits<17>>,
    has_second: Reg<Bit>,
    dense: Reg<Bit>,
    partial: Reg<Bit>,
    accumulate: Reg<Bit>,
    first_word: Reg<Bits<POINTER>>,
    entry: Reg<Bits<PASS>>,
    drain_cycles: Reg<Bits<7>>,
    // There is a pass; its last tile.
    running: Fan<Bit>,
    at_last_tile: Fan<Bit>,
    // What is left after the current one: tiles; words of the operand.
    tiles_left: Reg<Bits<20>>,
    words_left: Reg<Bits<17>>,
    // The word at hand: its index in the buffer, its implicit position, whether the operand began before it, and whether
    // another operand follows in the tile.
    word: Reg<Bits<POINTER>>,
    position: Reg<Bits<5>>,
    begun: Reg<Bit>,
    another: Reg<Bit>,
    // Window slot of the next chunk.
    chunk: Reg<Bits<2>>,
    // Staged vectors that can be taken, and the slot of the oldest.
    available: Reg<Bits<8>>,
    stage: Reg<Bits<STAGE>>,
    // Cycles until an operand may end.
    draining: Reg<Bits<7>>,

    word_take: Signal<Local, Bits<2>>,
    word_pop: Signal<Local, Bit>,
    word_max: Signal<Local, Bit>,
    ends_operand: Signal<Local, Bit>,
    ends_tile: Signal<Local, Bit>,
    starved: Signal<Local, Bit>,
    held: Signal<Local, Bit>,
    issue: Signal<Local, Bit>,
    completes_tile: Signal<Local, Bit>,
    takes: [Signal<Local, Bit>; COPIES],
    chunks: Signal<Local, Bits<2>>,
    is_second: Signal<Local, Bit>,
    fast_cycles: Constant<Bits<7>>,
    slow_cycles: Constant<Bits<7>>,
    last_stage: Constant<Bits<STAGE>>,
    last_chunk: Constant<Bits<2>>,
    last_position: Constant<Bits<5>>,
    halves: Constant<Bit>,
}

impl Sequencer {
    pub fn new(config: &Config) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            next_running: Default::default(),
            next_count: Default::default(),
            next_dense: Default::default(),
            next_partial: Default::default(),
            next_accumulate: Default::default(),
            next_slow: Default::default(),
            next_tiles: Default::default(),
            next_base: Default::default(),
            next_second: Default::default(),
            next_parameter: Default::default(),
            control_take: Default::default(),
            control_pop: Default::default(),
            control_max: Default::default(),
            staged: Default::default(),
            advance: Default::default(),
            next_word: Default::default(),
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
            first_words: Default::default(),
            second_words: Default::default(),
            has_second: Default::default(),
            dense: Default::default(),
            partial: Default::default(),
            accumulate: Default::default(),
            first_word: Default::default(),
            entry: Default::default(),
            drain_cycles: Default::default(),
            running: Fan::new(COPIES),
            at_last_tile: Fan::new(COPIES),
            tiles_left: Default::default(),
            words_left: Default::default(),
            word: Default::default(),
            position: Default::default(),
            begun: Default::default(),
            another: Default::default(),
            chunk: Default::default(),
            available: Default::default(),
            stage: Default::default(),
            draining: Default::default(),
            word_take: Default::default(),
            word_pop: Default::default(),
            word_max: Default::default(),
            ends_operand: Default::default(),
            ends_tile: Default::default(),
            starved: Default::default(),
            held: Default::default(),
            issue: Default::default(),
            completes_tile: Default::default(),
            takes: Default::default(),
            chunks: Default::default(),
            is_second: Default::default(),
            // Counted down to 0 from the cycle after the last word.
            fast_cycles: Constant::new((drain_interval(config, Pace::Fast) - 1).into()),
            slow_cycles: Constant::new((drain_interval(config, Pace::Slow) - 1).into()),
            last_stage: Constant::new((config.stage_depth as u64 - 1).into()),
            last_chunk: Constant::new((config.slots() as u64 - 1).into()),
            last_position: Constant::new((config.window as u64 - 1).into()),
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
            first_words,
            second_words,
            has_second,
            dense,
            partial,
            accumulate,
            first_word,
            entry,
            drain_cycles,
            tiles_left,
            words_left,
            word,
            position,
            begun,
            another,
            chunk,
            available,
            stage,
            draining
        );
        clock!(self, clock, running, at_last_tile);

        // What the word at hand takes.
        self.word_take.next = self.control_take.val();
        self.word_pop.next = self.control_pop.val().any();
        self.word_max.next = self.control_max.val().any();
        if self.dense.q.val() {
            self.word_take.next = 0.into();
            self.word_pop.next = false;
            self.word_max.next = false;
            if self.position.q.val().get_bits::<4>(0) == 0 {
                self.word_take.next = 3.into();
                self.word_pop.next = true;
            }
        }

        // Whether it is issued.
        self.ends_operand.next = !self.words_left.q.val().any();
        self.ends_tile.next = self.ends_operand.val() & !self.another.q.val();
        self.starved.next = self.word_take.val().any() & !self.available.q.val().any();
        self.held.next = self.ends_operand.val() & self.draining.q.val().any();
        self.issue.next = self.running.q[0].val() & !self.starved.val() & !self.held.val();
        self.stall_data.next = self.running.q[0].val() & self.starved.val();
        self.stall_drain.next = self.running.q[0].val() & !self.starved.val() & self.held.val();
        self.no_pass.next = !self.running.q[0].val();

        // The word.
        self.word_valid.next = self.issue.val();
        self.is_second.next = self.has_second.q.val() & !self.another.q.val();
        self.word_first.next =
            self.issue.val() & !self.begun.q.val() & (!self.accumulate.q.val() | self.is_second.val());
        self.word_last.next = self.issue.val() & self.ends_operand.val() & !self.partial.q.val();
        self.word_address.next = self.word.q.val();
        self.word_dense.next = self.dense.q.val();
        self.word_position.next = self.position.q.val();
        self.take.next = 0.into();
        if self.issue.val() {
            self.take.next = self.word_take.val();
        }
        self.take_max.next = self.word_max.val();
        self.chunks.next = 1.into();
        if self.halves.val() & self.word_take.val().all() {
            self.chunks.next = 2.into();
        }
        self.window_slot.next = self.chunk.q.val();
        if self.word_max.val() {
            self.window_slot.next = (self.chunk.q.val() - self.chunks.val()) & self.last_chunk.val();
        }
        self.stage_slot.next = self.stage.q.val();
        self.pop.next = self.issue.val() & self.word_pop.val();

        // What it ends.
        self.drain_entry.next = self.entry.q.val();
        self.drain_kind.next = 0.into();
        if self.another.q.val() {
            self.drain_kind.next = 1.into();
        }
        if self.is_second.val() {
            self.drain_entry.next = self.entry.q.val() + 1;
            self.drain_kind.next = 2.into();
        }
        self.drain.next = self.issue.val() & self.ends_tile.val() & !self.partial.q.val();
        self.completes_tile.next = self.issue.val() & self.ends_tile.val();
        self.advance.next = self.completes_tile.val() & self.at_last_tile.q[0].val();
        self.pass_end.next = self.advance.val();

        // The next word, operand, tile.
        if self.draining.q.val().any() {
            self.draining.d.next = self.draining.q.val() - 1;
        }
        self.next_word.next = self.word.q.val();
        self.at_last_tile.d.next = self.at_last_tile.q[0].val();
        if self.issue.val() {
            self.next_word.next = self.word.q.val() + 1;
            self.position.d.next = (self.position.q.val() + 1) & self.last_position.val();
            self.words_left.d.next = self.words_left.q.val() - 1;
            self.begun.d.next = !self.ends_operand.val();
            if self.word_take.val().any() & !self.word_max.val() {
                self.chunk.d.next = (self.chunk.q.val() + self.chunks.val()) & self.last_chunk.val();
            }
            if self.ends_operand.val() {
                self.words_left.d.next = self.second_words.q.val();
                self.another.d.next = false;
                self.draining.d.next = self.drain_cycles.q.val();
            }
            if self.ends_tile.val() {
                self.next_word.next = self.first_word.q.val();
                self.position.d.next = 0.into();
                self.words_left.d.next = self.first_words.q.val();
                self.another.d.next = self.has_second.q.val();
                self.chunk.d.next = 0.into();
                self.tiles_left.d.next = self.tiles_left.q.val() - 1;
                self.at_last_tile.d.next = self.tiles_left.q.val() == 1;
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

        // The next pass. Its first operand has count - second words: less one that is count + !second.
        self.running.d.next = self.next_running.val();
        self.takes[0].next =
            !self.running.q[0].val() | (self.completes_tile.val() & self.at_last_tile.q[0].val());
        self.takes[1].next =
            !self.running.q[1].val() | (self.completes_tile.val() & self.at_last_tile.q[1].val());
        self.takes[2].next =
            !self.running.q[2].val() | (self.completes_tile.val() & self.at_last_tile.q[2].val());
        if self.takes[0].val() {
            self.first_words.d.next = self.next_count.val() + !bit_cast::<17, 16>(self.next_second.val());
            self.words_left.d.next = self.next_count.val() + !bit_cast::<17, 16>(self.next_second.val());
        }
        if self.takes[1].val() {
            self.second_words.d.next = bit_cast::<17, 16>(self.next_second.val()) - 1;
            self.has_second.d.next = self.next_second.val().any();
            self.another.d.next = self.next_second.val().any();
            self.dense.d.next = self.next_dense.val().any();
            self.partial.d.next = self.next_partial.val().any();
            self.accumulate.d.next = self.next_accumulate.val().any();
            self.entry.d.next = self.next_parameter.val();
            self.drain_cycles.d.next = self.fast_cycles.val();
            if self.next_slow.val().any() {
                self.drain_cycles.d.next = self.slow_cycles.val();
            }
        }
        if self.takes[2].val() {
            self.tiles_left.d.next = self.next_tiles.val() - 1;
            self.at_last_tile.d.next = self.next_tiles.val() == 1;
            self.first_word.d.next = self.next_base.val();
            self.next_word.next = self.next_base.val();
        }
        if self.reset.val() {
            self.begun.d.next = false;
            self.position.d.next = 0.into();
            self.chunk.d.next = 0.into();
            self.available.d.next = 0.into();
            self.stage.d.next = 0.into();
            self.draining.d.next = 0.into();
        }
        self.word.d.next = self.next_word.val();
    }
}
