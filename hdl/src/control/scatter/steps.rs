//! The state of SCATTER: two pixels a cycle, long before their results are there.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock`, `reset` | 1 | in |
//! | `next_running`, `advance` | 1 | in, out, as in [`CommandMemory`](crate::control::command) |
//! | `next_...` | | in, fields of the upcoming command |
//! | `drain`, `pass_end` | 1 | in, cycle t: ISSUE issues the last word of a tile whose results are written; of a pass |
//! | `begins` | 1 | out, cycle t+1: `drain` |
//! | `ends_fast`, `ends_slow` | 1 | out, cycle t+1: `pass_end`, by the pace of the pass |
//! | `is_slow` | 1 | out, cycle t+1: whether the pass is slow |
//! | `pair` | 1 | out, cycle t+1+k: pair k of the tile, k = 0..R/2 |
//! | `step_...`, `odd_...`, `plane` | | out, with `pair`: what [`Places`](super::places::Places) adds up |
//! | `info` | 6 | out, with `pair`: bits 0 and 1: the even, odd row has a pixel; bits 5..2: `lane` |
//!
//! What is added from pair to pair is chosen one pair ahead. Drains are at least R/2 cycles apart.
//!
//! Whether there is a pair, and whether the pass ends, stands in registers with copies, for many bits depend on it.

use pleach_spec::Config;
use rust_hdl::prelude::*;

use super::INFO;
use crate::cells::{Fan, Reg};
use crate::control::pairs::PixelPairs;
use crate::control::{ADDRESS, LANE};

/// Copies of what decides whether the next command is taken.
const COPIES: usize = 5;
/// Copies of whether there is a pair.
const PAIR_COPIES: usize = 3;

#[derive(Debug, LogicBlock)]
pub(super) struct Steps {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub next_running: Signal<In, Bit>,
    pub advance: Signal<Out, Bit>,
    pub next_pixels: Signal<In, Bits<24>>,
    pub next_lane: Signal<In, Bits<4>>,
    pub next_slow: Signal<In, Bits<1>>,
    pub next_plane: Signal<In, Bits<ADDRESS>>,
    pub next_width: Signal<In, Bits<12>>,
    pub next_split_x: Signal<In, Bits<4>>,
    pub next_split_y: Signal<In, Bits<4>>,
    pub next_address: Signal<In, Bits<ADDRESS>>,
    pub next_x_step: Signal<In, Bits<ADDRESS>>,
    pub next_x_back: Signal<In, Bits<ADDRESS>>,
    pub next_y_step: Signal<In, Bits<ADDRESS>>,
    pub next_y_back: Signal<In, Bits<ADDRESS>>,
    pub drain: Signal<In, Bit>,
    pub pass_end: Signal<In, Bit>,
    pub begins: Signal<Out, Bit>,
    pub ends_fast: Signal<Out, Bit>,
    pub ends_slow: Signal<Out, Bit>,
    pub is_slow: Signal<Out, Bit>,
    pub pair: Signal<Out, Bit>,
    /// Steps to the even pixel from the even one before, or from the start of its row of pixels if `from_row`, or its address
    /// if `from_none`.
    pub step_one: Signal<Out, Bits<ADDRESS>>,
    pub step_two: Signal<Out, Bits<ADDRESS>>,
    pub from_row: Signal<Out, Bit>,
    pub from_none: Signal<Out, Bit>,
    /// The same from the start of that pixel's row to the start of this one's.
    pub row_step_one: Signal<Out, Bits<ADDRESS>>,
    pub row_step_two: Signal<Out, Bits<ADDRESS>>,
    /// Step to the odd pixel from the even one, or from the start of its row.
    pub odd_step: Signal<Out, Bits<ADDRESS>>,
    pub odd_from_row: Signal<Out, Bit>,
    pub plane: Signal<Out, Bits<ADDRESS>>,
    pub info: Signal<Out, Bits<INFO>>,

    // The current command, with what its phases are compared to one pixel before.
    split_x: Reg<Bits<4>>,
    before_split_x: Reg<Bits<4>>,
    split_y: Reg<Bits<4>>,
    before_split_y: Reg<Bits<4>>,
    one_phase_x: Reg<Bit>,
    one_phase_y: Reg<Bit>,
    x_step: Reg<Bits<ADDRESS>>,
    x_back: Reg<Bits<ADDRESS>>,
    y_step: Reg<Bits<ADDRESS>>,
    y_back: Reg<Bits<ADDRESS>>,
    plane_step: Reg<Bits<ADDRESS>>,
    lane: Reg<Bits<4>>,
    slow: Reg<Bit>,
    // Pairs of the tile that are left, and whether it is the last tile.
    pairs_left: Reg<Bits<LANE>>,
    ending: Reg<Bit>,
    // There is a pass; there is a pair; the pass ends with it.
    running: Fan<Bit>,
    has_pair: Fan<Bit>,
    ends: Fan<Bit>,
    begun: Reg<Bit>,
    ended: Reg<Bit>,
    // The even pixel of the next pair.
    pixels: PixelPairs,
    phase_x: Reg<Bits<4>>,
    phase_y: Reg<Bits<4>>,
    // The steps to it.
    next_step_one: Reg<Bits<ADDRESS>>,
    next_step_two: Reg<Bits<ADDRESS>>,
    next_row_step_one: Reg<Bits<ADDRESS>>,
    next_row_step_two: Reg<Bits<ADDRESS>>,
    next_from_row: Reg<Bit>,
    next_from_none: Reg<Bit>,

    takes: [Signal<Local, Bit>; COPIES],
    next_ending: Signal<Local, Bit>,
    few_left: Signal<Local, Bit>,
    next_has_pair: Signal<Local, Bit>,
    next_ends: Signal<Local, Bit>,
    // Of the even pixel: whether phases end with it, and the steps that it asks for.
    even_back_x: Signal<Local, Bit>,
    even_back_y: Signal<Local, Bit>,
    even_x_step: Signal<Local, Bits<ADDRESS>>,
    even_y_step: Signal<Local, Bits<ADDRESS>>,
    // Of the odd one.
    odd_back_x: Signal<Local, Bit>,
    odd_back_y: Signal<Local, Bit>,
    odd_x_step: Signal<Local, Bits<ADDRESS>>,
    odd_y_step: Signal<Local, Bits<ADDRESS>>,
    odd_phase_y: Signal<Local, Bits<4>>,
    pairs: Constant<Bits<LANE>>,
}

impl Steps {
    pub fn new(config: &Config) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            next_running: Default::default(),
            advance: Default::default(),
            next_pixels: Default::default(),
            next_lane: Default::default(),
            next_slow: Default::default(),
            next_plane: Default::default(),
            next_width: Default::default(),
            next_split_x: Default::default(),
            next_split_y: Default::default(),
            next_address: Default::default(),
            next_x_step: Default::default(),
            next_x_back: Default::default(),
            next_y_step: Default::default(),
            next_y_back: Default::default(),
            drain: Default::default(),
            pass_end: Default::default(),
            begins: Default::default(),
            ends_fast: Default::default(),
            ends_slow: Default::default(),
            is_slow: Default::default(),
            pair: Default::default(),
            step_one: Default::default(),
            step_two: Default::default(),
            from_row: Default::default(),
            from_none: Default::default(),
            row_step_one: Default::default(),
            row_step_two: Default::default(),
            odd_step: Default::default(),
            odd_from_row: Default::default(),
            plane: Default::default(),
            info: Default::default(),
            split_x: Default::default(),
            before_split_x: Default::default(),
            split_y: Default::default(),
            before_split_y: Default::default(),
            one_phase_x: Default::default(),
            one_phase_y: Default::default(),
            x_step: Default::default(),
            x_back: Default::default(),
            y_step: Default::default(),
            y_back: Default::default(),
            plane_step: Default::default(),
            lane: Default::default(),
            slow: Default::default(),
            pairs_left: Default::default(),
            ending: Default::default(),
            running: Fan::new(COPIES),
            has_pair: Fan::new(PAIR_COPIES),
            ends: Fan::new(COPIES),
            begun: Default::default(),
            ended: Default::default(),
            pixels: Default::default(),
            phase_x: Default::default(),
            phase_y: Default::default(),
            next_step_one: Default::default(),
            next_step_two: Default::default(),
            next_row_step_one: Default::default(),
            next_row_step_two: Default::default(),
            next_from_row: Default::default(),
            next_from_none: Default::default(),
            takes: Default::default(),
            next_ending: Default::default(),
            few_left: Default::default(),
            next_has_pair: Default::default(),
            next_ends: Default::default(),
            even_back_x: Default::default(),
            even_back_y: Default::default(),
            even_x_step: Default::default(),
            even_y_step: Default::default(),
            odd_back_x: Default::default(),
            odd_back_y: Default::default(),
            odd_x_step: Default::default(),
            odd_y_step: Default::default(),
            odd_phase_y: Default::default(),
            pairs: Constant::new((config.rows as u64 / 2).into()),
        }
    }
}

impl Logic for Steps {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            split_x,
            before_split_x,
            split_y,
            before_split_y,
            one_phase_x,
            one_phase_y,
            x_step,
            x_back,
            y_step,
            y_back,
            plane_step,
            lane,
            slow,
            pairs_left,
            phase_x,
            phase_y,
            next_step_one,
            next_step_two,
            next_row_step_one,
            next_row_step_two,
            next_from_row,
            next_from_none
        );
        clock!(self, clock, pixels, begun, ended, ending, running, has_pair, ends);

        // Which pair, of which tile.
        self.few_left.next =
            !self.pairs_left.q.val().get_bits::<4>(2).any() & !self.pairs_left.q.val().get_bits::<2>(0).all();
        self.next_has_pair.next = self.pairs_left.q.val().get_bits::<5>(1).any();
        if self.has_pair.q[0].val() {
            self.pairs_left.d.next = self.pairs_left.q.val() - 1;
        }
        self.advance.next = self.ends.q[0].val();
        self.next_ending.next = self.pass_end.val() | (self.ending.q.val() & !self.ends.q[0].val());
        self.next_ends.next = self.next_ending.val() & self.few_left.val();
        if self.drain.val() {
            self.pairs_left.d.next = self.pairs.val();
            self.next_has_pair.next = true;
            self.next_ends.next = false;
        }
        self.begun.d.next = self.drain.val();
        self.ended.d.next = self.pass_end.val();
        self.begins.next = self.begun.q.val();
        self.ends_fast.next = self.ended.q.val() & !self.slow.q.val();
        self.ends_slow.next = self.ended.q.val() & self.slow.q.val();
        self.is_slow.next = self.slow.q.val();

        self.pair.next = self.has_pair.q[0].val();

        // The steps from its even pixel, and from its odd one.
        self.even_back_x.next = self.phase_x.q.val() == self.split_x.q.val();
        self.even_back_y.next = self.phase_y.q.val() == self.split_y.q.val();
        self.even_x_step.next = self.x_step.q.val();
        if self.even_back_x.val() {
            self.even_x_step.next = self.x_back.q.val();
        }
        self.even_y_step.next = self.y_step.q.val();
        if self.even_back_y.val() {
            self.even_y_step.next = self.y_back.q.val();
        }
        self.odd_back_x.next = self.phase_x.q.val() == self.before_split_x.q.val();
        self.odd_back_y.next = self.even_back_y.val();
        self.odd_phase_y.next = self.phase_y.q.val();
        if self.even_back_x.val() {
            self.odd_back_x.next = self.one_phase_x.q.val();
        }
        if self.pixels.even_ends_row[1].val() {
            self.odd_back_x.next = self.one_phase_x.q.val();
            self.odd_back_y.next = self.phase_y.q.val() == self.before_split_y.q.val();
            self.odd_phase_y.next = self.phase_y.q.val() + 1;
            if self.even_back_y.val() {
                self.odd_back_y.next = self.one_phase_y.q.val();
                self.odd_phase_y.next = 0.into();
            }
        }
        self.odd_x_step.next = self.x_step.q.val();
        if self.odd_back_x.val() {
            self.odd_x_step.next = self.x_back.q.val();
        }
        self.odd_y_step.next = self.y_step.q.val();
        if self.odd_back_y.val() {
            self.odd_y_step.next = self.y_back.q.val();
        }

        // The even pixel of the next pair, and the steps to it.
        self.pixels.moves.next = self.has_pair.q[0].val();
        if self.has_pair.q[0].val() {
            self.phase_x.d.next = self.phase_x.q.val() + 2;
            if self.even_back_x.val() {
                self.phase_x.d.next = 1.into();
            }
            if self.pixels.even_ends_row[1].val() {
                self.phase_x.d.next = 1.into();
            }
            self.phase_y.d.next = self.odd_phase_y.val();
            if self.odd_back_x.val() {
                self.phase_x.d.next = 0.into();
            }
            if self.pixels.odd_ends_row[1].val() {
                self.phase_x.d.next = 0.into();
                self.phase_y.d.next = self.odd_phase_y.val() + 1;
                if self.odd_back_y.val() {
                    self.phase_y.d.next = 0.into();
                }
            }
        }
        if self.has_pair.q[1].val() {
            self.next_from_none.d.next = false;
            self.next_from_row.d.next =
                self.pixels.even_ends_row[0].val() | self.pixels.odd_ends_row[0].val();
            self.next_step_one.d.next = self.even_x_step.val();
            if self.pixels.odd_ends_row[0].val() {
                self.next_step_one.d.next = 0.into();
            }
            if self.pixels.even_ends_row[0].val() {
                self.next_step_one.d.next = self.even_y_step.val();
            }
            self.next_step_two.d.next = self.odd_x_step.val();
            if self.pixels.odd_ends_row[0].val() {
                self.next_step_two.d.next = self.odd_y_step.val();
            }
        }
        if self.has_pair.q[2].val() {
            self.next_row_step_one.d.next = 0.into();
            if self.pixels.even_ends_row[1].val() {
                self.next_row_step_one.d.next = self.even_y_step.val();
            }
            self.next_row_step_two.d.next = 0.into();
            if self.pixels.odd_ends_row[1].val() {
                self.next_row_step_two.d.next = self.odd_y_step.val();
            }
        }

        // The steps to this pair, and inside of it.
        self.step_one.next = self.next_step_one.q.val();
        self.step_two.next = self.next_step_two.q.val();
        self.from_row.next = self.next_from_row.q.val();
        self.from_none.next = self.next_from_none.q.val();
        self.row_step_one.next = self.next_row_step_one.q.val();
        self.row_step_two.next = self.next_row_step_two.q.val();
        self.odd_step.next = self.even_x_step.val();
        if self.pixels.even_ends_row[1].val() {
            self.odd_step.next = self.even_y_step.val();
        }
        self.odd_from_row.next = self.pixels.even_ends_row[1].val();
        self.plane.next = self.plane_step.q.val();
        self.info.next = bit_cast::<6, 4>(self.lane.q.val()) << 2;
        if self.pixels.has_even.val() {
            self.info.next = (bit_cast::<6, 4>(self.lane.q.val()) << 2) | 1;
        }
        if self.pixels.has_odd.val() {
            self.info.next = (bit_cast::<6, 4>(self.lane.q.val()) << 2) | 3;
        }

        // The next pass.
        self.running.d.next = self.next_running.val();
        self.takes[0].next = !self.running.q[0].val() | self.ends.q[0].val();
        self.takes[1].next = !self.running.q[1].val() | self.ends.q[1].val();
        self.takes[2].next = !self.running.q[2].val() | self.ends.q[2].val();
        self.takes[3].next = !self.running.q[3].val() | self.ends.q[3].val();
        self.takes[4].next = !self.running.q[4].val() | self.ends.q[4].val();
        if self.takes[0].val() {
            self.split_x.d.next = self.next_split_x.val();
            self.before_split_x.d.next = self.next_split_x.val() - 1;
            self.split_y.d.next = self.next_split_y.val();
            self.before_split_y.d.next = self.next_split_y.val() - 1;
            self.x_step.d.next = self.next_x_step.val();
            self.x_back.d.next = self.next_x_back.val();
            self.lane.d.next = self.next_lane.val();
        }
        if self.takes[1].val() {
            self.y_step.d.next = self.next_y_step.val();
            self.y_back.d.next = self.next_y_back.val();
            self.plane_step.d.next = self.next_plane.val();
            self.slow.d.next = self.next_slow.val().any();
        }
        self.pixels.takes[0].next = self.takes[2].val();
        self.pixels.takes[1].next = self.takes[3].val();
        self.pixels.next_pixels.next = self.next_pixels.val();
        self.pixels.next_width.next = self.next_width.val();
        if self.takes[2].val() {
            self.one_phase_x.d.next = !self.next_split_x.val().any();
            self.one_phase_y.d.next = !self.next_split_y.val().any();
        }
        if self.takes[3].val() {
            self.next_row_step_one.d.next = self.next_address.val();
            self.next_row_step_two.d.next = 0.into();
        }
        if self.takes[4].val() {
            self.phase_x.d.next = 0.into();
            self.phase_y.d.next = 0.into();
            self.next_step_one.d.next = self.next_address.val();
            self.next_step_two.d.next = 0.into();
            self.next_from_row.d.next = false;
            self.next_from_none.d.next = true;
        }
        if self.reset.val() {
            self.pairs_left.d.next = 0.into();
            self.next_ending.next = false;
            self.next_has_pair.next = false;
            self.next_ends.next = false;
            self.begun.d.next = false;
            self.ended.d.next = false;
        }
        self.ending.d.next = self.next_ending.val();
        self.has_pair.d.next = self.next_has_pair.val();
        self.ends.d.next = self.next_ends.val();
    }
}
