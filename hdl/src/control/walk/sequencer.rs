//! The state of WALK: a pair of records a cycle.
//!
//! Its ports are those of [`Walk`](super::Walk), with the command as fields (`next_...`: of the upcoming one, see
//! [`CommandMemory`](crate::control::command)) and a pair of records (`even_...`, `odd_...`) that enters the chain with `push`.
//!
//! The bank that a row needs, less the row, is that of the row before if the address goes on by 1, modulo R: whether a step to
//! the next column or row of pixels *turns* the banks is known from the command.
//!
//! `advance` in the cycle in which the last pair of a pass is pushed, at least R/2 cycles after the one before. What decides it
//! is in registers that are right a cycle ahead, with copies that each load some of the command: `takes`.

use rust_hdl::prelude::*;

use crate::cells::{Fan, Reg};
use crate::control::pairs::PixelPairs;
use crate::control::{ADDRESS, HALF_LANE, LANE};

/// Copies of what decides whether the next command is taken.
const COPIES: usize = 4;

#[derive(Debug, LogicBlock)]
pub(super) struct Sequencer {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub next_running: Signal<In, Bit>,
    pub take: Signal<In, Bit>,
    pub next_pixels: Signal<In, Bits<24>>,
    pub next_tiles: Signal<In, Bits<20>>,
    pub next_width: Signal<In, Bits<12>>,
    pub next_stride_x: Signal<In, Bits<4>>,
    pub next_stride_y: Signal<In, Bits<4>>,
    pub next_address: Signal<In, Bits<ADDRESS>>,
    pub next_x_step: Signal<In, Bits<ADDRESS>>,
    pub next_y_jump: Signal<In, Bits<ADDRESS>>,
    pub next_ix: Signal<In, Bits<14>>,
    pub next_iy: Signal<In, Bits<14>>,
    pub advance: Signal<Out, Bit>,
    pub full: Signal<Out, Bit>,
    pub next_full: Signal<Out, Bit>,
    pub classes: Signal<Out, Bits<LANE>>,
    pub even_address: Signal<Out, Bits<ADDRESS>>,
    pub even_ix: Signal<Out, Bits<14>>,
    pub even_iy: Signal<Out, Bits<14>>,
    pub even_class: Signal<Out, Bits<LANE>>,
    pub odd_address: Signal<Out, Bits<ADDRESS>>,
    pub odd_ix: Signal<Out, Bits<14>>,
    pub odd_iy: Signal<Out, Bits<14>>,
    pub odd_class: Signal<Out, Bits<LANE>>,
    pub need_write: [Signal<Out, Bit>; 2],
    pub need_class: [Signal<Out, Bits<HALF_LANE>>; 2],
    pub need: [Signal<Out, Bits<LANE>>; 2],

    // The current command, and which of its steps turn the banks.
    stride_x: Reg<Bits<4>>,
    stride_y: Reg<Bits<4>>,
    x_step: Reg<Bits<ADDRESS>>,
    y_jump: Reg<Bits<ADDRESS>>,
    first_ix: Reg<Bits<14>>,
    x_turns: Reg<Bit>,
    y_turns: Reg<Bit>,
    // Tiles of the pass after this one.
    tiles_left: Reg<Bits<20>>,
    // There is a pass; the next pair is the last of its tile, which is the last of the pass.
    has_pass: Fan<Bit>,
    at_last_pair: Fan<Bit>,
    at_last_tile: Fan<Bit>,
    // The next pair and its even record, and whether the tile before it still waits for GATHER.
    row: Reg<Bits<LANE>>,
    is_full: Fan<Bit>,
    pixels: PixelPairs,
    address: Reg<Bits<ADDRESS>>,
    ix: Reg<Bits<14>>,
    iy: Reg<Bits<14>>,
    // The step to it turns the banks.
    even_turns: Reg<Bit>,
    // Of the record before.
    last_class: Reg<Bits<LANE>>,

    // Each has some of the loads.
    pushes: [Signal<Local, Bit>; 2],
    ends_tile: Signal<Local, Bit>,
    takes: [Signal<Local, Bit>; COPIES],
    starts_tile: Signal<Local, Bit>,
    even_starts_class: Signal<Local, Bit>,
    odd_starts_class: Signal<Local, Bit>,
    even_write: Signal<Local, Bit>,
    even_need: Signal<Local, Bits<LANE>>,
    odd_row: Signal<Local, Bits<LANE>>,
    odd_need: Signal<Local, Bits<LANE>>,
    last_row: Constant<Bits<LANE>>,
    pair_before_last: Constant<Bits<LANE>>,
}

impl Sequencer {
    pub fn new(rows: usize) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            next_running: Default::default(),
            take: Default::default(),
            next_pixels: Default::default(),
            next_tiles: Default::default(),
            next_width: Default::default(),
            next_stride_x: Default::default(),
            next_stride_y: Default::default(),
            next_address: Default::default(),
            next_x_step: Default::default(),
            next_y_jump: Default::default(),
            next_ix: Default::default(),
            next_iy: Default::default(),
            advance: Default::default(),
            full: Default::default(),
            next_full: Default::default(),
            classes: Default::default(),
            even_address: Default::default(),
            even_ix: Default::default(),
            even_iy: Default::default(),
            even_class: Default::default(),
            odd_address: Default::default(),
            odd_ix: Default::default(),
            odd_iy: Default::default(),
            odd_class: Default::default(),
            need_write: Default::default(),
            need_class: Default::default(),
            need: Default::default(),
            stride_x: Default::default(),
            stride_y: Default::default(),
            x_step: Default::default(),
            y_jump: Default::default(),
            first_ix: Default::default(),
            x_turns: Default::default(),
            y_turns: Default::default(),
            tiles_left: Default::default(),
            has_pass: Fan::new(COPIES),
            at_last_pair: Fan::new(COPIES),
            at_last_tile: Fan::new(COPIES),
            row: Default::default(),
            is_full: Fan::new(COPIES),
            pixels: Default::default(),
            address: Default::default(),
            ix: Default::default(),
            iy: Default::default(),
            even_turns: Default::default(),
            last_class: Default::default(),
            pushes: Default::default(),
            ends_tile: Default::default(),
            takes: Default::default(),
            starts_tile: Default::default(),
            even_starts_class: Default::default(),
            odd_starts_class: Default::default(),
            even_write: Default::default(),
            even_need: Default::default(),
            odd_row: Default::default(),
            odd_need: Default::default(),
            last_row: Constant::new((rows as u64 - 1).into()),
            pair_before_last: Constant::new((rows as u64 - 4).into()),
        }
    }
}

impl Logic for Sequencer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, stride_x, stride_y, x_step, y_jump, first_ix, x_turns, y_turns, tiles_left, row,
            address, ix, iy, even_turns, last_class
        );
        clock!(self, clock, is_full, has_pass, at_last_pair, at_last_tile, pixels);

        // Whether there is room for a pair.
        self.full.next = self.is_full.q[0].val();
        self.pushes[0].next = self.has_pass.q[0].val() & (!self.is_full.q[0].val() | self.take.val());
        self.pushes[1].next = self.has_pass.q[1].val() & (!self.is_full.q[1].val() | self.take.val());
        self.next_full.next = self.is_full.q[0].val() & !self.take.val();
        self.at_last_pair.d.next = self.at_last_pair.q[0].val();
        if self.pushes[0].val() {
            self.row.d.next = (self.row.q.val() + 2) & self.last_row.val();
            self.next_full.next = self.at_last_pair.q[0].val();
            self.at_last_pair.d.next = self.row.q.val() == self.pair_before_last.val();
        }

        // The pair, and the even record of the next one.
        self.even_address.next = self.address.q.val();
        self.even_ix.next = self.ix.q.val();
        self.even_iy.next = self.iy.q.val();
        self.odd_address.next = self.address.q.val() + self.x_step.q.val();
        if self.pixels.even_ends_row[0].val() {
            self.odd_address.next = self.address.q.val() + self.y_jump.q.val();
        }
        self.odd_ix.next = self.ix.q.val() + bit_cast::<14, 4>(self.stride_x.q.val());
        self.odd_iy.next = self.iy.q.val();
        if self.pixels.even_ends_row[1].val() {
            self.odd_ix.next = self.first_ix.q.val();
            self.odd_iy.next = self.iy.q.val() + bit_cast::<14, 4>(self.stride_y.q.val());
        }
        self.pixels.moves.next = self.pushes[0].val();
        if self.pushes[1].val() {
            self.address.d.next = self.odd_address.val() + self.x_step.q.val();
            if self.pixels.odd_ends_row[0].val() {
                self.address.d.next = self.odd_address.val() + self.y_jump.q.val();
            }
            self.ix.d.next = self.odd_ix.val() + bit_cast::<14, 4>(self.stride_x.q.val());
            self.iy.d.next = self.odd_iy.val();
            self.even_turns.d.next = self.x_turns.q.val();
            if self.pixels.odd_ends_row[1].val() {
                self.ix.d.next = self.first_ix.q.val();
                self.iy.d.next = self.odd_iy.val() + bit_cast::<14, 4>(self.stride_y.q.val());
                self.even_turns.d.next = self.y_turns.q.val();
            }
        }

        // Their classes.
        self.starts_tile.next = self.row.q.val() == 0;
        self.even_starts_class.next = self.pixels.has_even.val() & self.even_turns.q.val();
        self.odd_starts_class.next = self.pixels.has_odd.val() & self.x_turns.q.val();
        if self.pixels.even_ends_row[1].val() {
            self.odd_starts_class.next = self.pixels.has_odd.val() & self.y_turns.q.val();
        }
        self.even_class.next = self.last_class.q.val();
        if self.even_starts_class.val() {
            self.even_class.next = self.last_class.q.val() + 1;
        }
        if self.starts_tile.val() {
            self.even_class.next = 0.into();
        }
        self.odd_class.next = self.even_class.val();
        if self.odd_starts_class.val() {
            self.odd_class.next = self.even_class.val() + 1;
        }
        if self.pushes[0].val() {
            self.last_class.d.next = self.odd_class.val();
        }
        self.classes.next = self.last_class.q.val();

        // What the classes that they start need. If both start one, one of these is even and one is odd.
        self.even_write.next = self.pushes[0].val() & (self.starts_tile.val() | self.even_starts_class.val());
        self.even_need.next =
            (self.address.q.val().get_bits::<6>(0) - self.row.q.val()) & self.last_row.val();
        self.odd_row.next = self.row.q.val() | 1;
        self.odd_need.next =
            (self.odd_address.val().get_bits::<6>(0) - self.odd_row.val()) & self.last_row.val();
        self.need_write[0].next = self.even_write.val();
        self.need_write[1].next = self.pushes[0].val() & self.odd_starts_class.val();
        self.need_class[0].next = self.even_class.val().get_bits::<5>(1);
        self.need_class[1].next = self.odd_class.val().get_bits::<5>(1);
        self.need[0].next = self.even_need.val();
        self.need[1].next = self.odd_need.val();
        if self.even_class.val().get_bit(0) {
            self.need_write[0].next = self.pushes[0].val() & self.odd_starts_class.val();
            self.need_write[1].next = self.even_write.val();
            self.need_class[0].next = self.odd_class.val().get_bits::<5>(1);
            self.need_class[1].next = self.even_class.val().get_bits::<5>(1);
            self.need[0].next = self.odd_need.val();
            self.need[1].next = self.even_need.val();
        }

        // The next tile, the next pass.
        self.has_pass.d.next = self.next_running.val();
        self.ends_tile.next = self.pushes[0].val() & self.at_last_pair.q[0].val();
        self.advance.next = self.ends_tile.val() & self.at_last_tile.q[0].val();
        self.takes[0].next = !self.has_pass.q[0].val()
            | ((!self.is_full.q[0].val() | self.take.val())
                & self.at_last_pair.q[0].val()
                & self.at_last_tile.q[0].val());
        self.takes[1].next = !self.has_pass.q[1].val()
            | ((!self.is_full.q[1].val() | self.take.val())
                & self.at_last_pair.q[1].val()
                & self.at_last_tile.q[1].val());
        self.takes[2].next = !self.has_pass.q[2].val()
            | ((!self.is_full.q[2].val() | self.take.val())
                & self.at_last_pair.q[2].val()
                & self.at_last_tile.q[2].val());
        self.takes[3].next = !self.has_pass.q[3].val()
            | ((!self.is_full.q[3].val() | self.take.val())
                & self.at_last_pair.q[3].val()
                & self.at_last_tile.q[3].val());
        self.at_last_tile.d.next = self.at_last_tile.q[0].val();
        if self.ends_tile.val() {
            self.tiles_left.d.next = self.tiles_left.q.val() - 1;
            self.at_last_tile.d.next = self.tiles_left.q.val() == 1;
        }
        self.pixels.takes[0].next = self.takes[0].val();
        self.pixels.takes[1].next = self.takes[2].val();
        self.pixels.next_pixels.next = self.next_pixels.val();
        self.pixels.next_width.next = self.next_width.val();
        if self.takes[0].val() {
            self.stride_x.d.next = self.next_stride_x.val();
            self.stride_y.d.next = self.next_stride_y.val();
            self.x_step.d.next = self.next_x_step.val();
        }
        if self.takes[1].val() {
            self.y_jump.d.next = self.next_y_jump.val();
            self.first_ix.d.next = self.next_ix.val();
            self.tiles_left.d.next = self.next_tiles.val() - 1;
            self.at_last_tile.d.next = self.next_tiles.val() == 1;
        }
        if self.takes[2].val() {
            self.x_turns.d.next = (self.next_x_step.val().get_bits::<6>(0) & self.last_row.val()) != 1;
            self.y_turns.d.next = (self.next_y_jump.val().get_bits::<6>(0) & self.last_row.val()) != 1;
        }
        if self.takes[3].val() {
            self.address.d.next = self.next_address.val();
            self.ix.d.next = self.next_ix.val();
            self.iy.d.next = self.next_iy.val();
        }
        if self.reset.val() {
            self.row.d.next = 0.into();
            self.at_last_pair.d.next = false;
            self.next_full.next = false;
        }
        self.is_full.d.next = self.next_full.val();
    }
}
