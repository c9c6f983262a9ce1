//! The state of WALK: one record a cycle.
//!
//! Its ports are those of [`Walk`](super::Walk), with the command as fields (`next_...`: of the upcoming one, see
//! [`CommandMemory`](crate::control::command)) and one record (`address`, `ix`, `iy`, `record_class`) that enters the chain
//! with `push`.
//!
//! `advance` in the cycle in which the last record of a pass is pushed, at least R cycles after the one before. What decides it
//! is in registers that are right a cycle ahead, with copies that each load some of the command: `takes`.

use rust_hdl::prelude::*;

use crate::cells::{Fan, Reg};
use crate::control::{ADDRESS, LANE};

/// Copies of what decides whether the next command is taken.
const COPIES: usize = 4;

#[derive(Debug, LogicBlock)]
pub(super) struct Sequencer {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub running: Signal<In, Bit>,
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
    pub address: Signal<Out, Bits<ADDRESS>>,
    pub ix: Signal<Out, Bits<14>>,
    pub iy: Signal<Out, Bits<14>>,
    pub record_class: Signal<Out, Bits<LANE>>,
    pub need_write: Signal<Out, Bit>,
    pub need: Signal<Out, Bits<LANE>>,

    // The current command.
    last_x: Reg<Bits<12>>,
    stride_x: Reg<Bits<4>>,
    stride_y: Reg<Bits<4>>,
    x_step: Reg<Bits<ADDRESS>>,
    y_jump: Reg<Bits<ADDRESS>>,
    first_ix: Reg<Bits<14>>,
    // What is left: tiles of the pass after this one, pixels.
    tiles_left: Reg<Bits<20>>,
    pixels_left: Reg<Bits<24>>,
    // There is a pass; the next record is the last of its tile, which is the last of the pass.
    has_pass: Fan<Bit>,
    at_last_row: Fan<Bit>,
    at_last_tile: Fan<Bit>,
    // The next record, and whether the tile before it still waits for GATHER.
    row: Reg<Bits<LANE>>,
    is_full: Fan<Bit>,
    x: Reg<Bits<12>>,
    record_address: Reg<Bits<ADDRESS>>,
    record_ix: Reg<Bits<14>>,
    record_iy: Reg<Bits<14>>,
    // Of the record before.
    last_class: Reg<Bits<LANE>>,
    last_need: Reg<Bits<LANE>>,

    pushes: Signal<Local, Bit>,
    ends_tile: Signal<Local, Bit>,
    takes: [Signal<Local, Bit>; COPIES],
    active: Signal<Local, Bit>,
    starts_tile: Signal<Local, Bit>,
    starts_class: Signal<Local, Bit>,
    last_row: Constant<Bits<LANE>>,
    row_before_last: Constant<Bits<LANE>>,
}

impl Sequencer {
    pub fn new(rows: usize) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            running: Default::default(),
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
            address: Default::default(),
            ix: Default::default(),
            iy: Default::default(),
            record_class: Default::default(),
            need_write: Default::default(),
            need: Default::default(),
            last_x: Default::default(),
            stride_x: Default::default(),
            stride_y: Default::default(),
            x_step: Default::default(),
            y_jump: Default::default(),
            first_ix: Default::default(),
            tiles_left: Default::default(),
            pixels_left: Default::default(),
            has_pass: Fan::new(COPIES),
            at_last_row: Fan::new(COPIES),
            at_last_tile: Fan::new(COPIES),
            row: Default::default(),
            is_full: Fan::new(COPIES),
            x: Default::default(),
            record_address: Default::default(),
            record_ix: Default::default(),
            record_iy: Default::default(),
            last_class: Default::default(),
            last_need: Default::default(),
            pushes: Default::default(),
            ends_tile: Default::default(),
            takes: Default::default(),
            active: Default::default(),
            starts_tile: Default::default(),
            starts_class: Default::default(),
            last_row: Constant::new((rows as u64 - 1).into()),
            row_before_last: Constant::new((rows as u64 - 2).into()),
        }
    }
}

impl Logic for Sequencer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            last_x,
            stride_x,
            stride_y,
            x_step,
            y_jump,
            first_ix,
            tiles_left,
            pixels_left,
            row,
            x,
            record_address,
            record_ix,
            record_iy,
            last_class,
            last_need
        );
        clock!(self, clock, is_full, has_pass, at_last_row, at_last_tile);

        // Whether there is room for a record.
        self.full.next = self.is_full.q[0].val();
        self.pushes.next = self.running.val() & (!self.is_full.q[0].val() | self.take.val());
        self.next_full.next = self.is_full.q[0].val() & !self.take.val();
        self.at_last_row.d.next = self.at_last_row.q[0].val();
        if self.pushes.val() {
            self.row.d.next = (self.row.q.val() + 1) & self.last_row.val();
            self.next_full.next = self.at_last_row.q[0].val();
            self.at_last_row.d.next = self.row.q.val() == self.row_before_last.val();
        }

        // The record.
        self.address.next = self.record_address.q.val();
        self.ix.next = self.record_ix.q.val();
        self.iy.next = self.record_iy.q.val();
        self.active.next = self.pixels_left.q.val().any();
        self.starts_tile.next = self.row.q.val() == 0;
        self.need.next =
            (self.record_address.q.val().get_bits::<6>(0) - self.row.q.val()) & self.last_row.val();
        self.starts_class.next = self.active.val() & (self.need.val() != self.last_need.q.val());
        self.record_class.next = self.last_class.q.val();
        if self.starts_class.val() {
            self.record_class.next = self.last_class.q.val() + 1;
        }
        if self.starts_tile.val() {
            self.record_class.next = 0.into();
        }
        self.need_write.next = self.pushes.val() & (self.starts_tile.val() | self.starts_class.val());
        self.classes.next = self.last_class.q.val();

        // The record after it.
        if self.pushes.val() {
            self.last_class.d.next = self.record_class.val();
            self.last_need.d.next = self.need.val();
        }
        if self.pushes.val() & self.active.val() {
            self.pixels_left.d.next = self.pixels_left.q.val() - 1;
            if self.x.q.val() == self.last_x.q.val() {
                self.x.d.next = 0.into();
                self.record_address.d.next = self.record_address.q.val() + self.y_jump.q.val();
                self.record_ix.d.next = self.first_ix.q.val();
                self.record_iy.d.next = self.record_iy.q.val() + bit_cast::<14, 4>(self.stride_y.q.val());
            } else {
                self.x.d.next = self.x.q.val() + 1;
                self.record_address.d.next = self.record_address.q.val() + self.x_step.q.val();
                self.record_ix.d.next = self.record_ix.q.val() + bit_cast::<14, 4>(self.stride_x.q.val());
            }
        }

        // The next tile, the next pass.
        self.has_pass.d.next = self.next_running.val();
        self.ends_tile.next = self.pushes.val() & self.at_last_row.q[0].val();
        self.advance.next = self.ends_tile.val() & self.at_last_tile.q[0].val();
        self.takes[0].next = !self.has_pass.q[0].val()
            | ((!self.is_full.q[0].val() | self.take.val())
                & self.at_last_row.q[0].val()
                & self.at_last_tile.q[0].val());
        self.takes[1].next = !self.has_pass.q[1].val()
            | ((!self.is_full.q[1].val() | self.take.val())
                & self.at_last_row.q[1].val()
                & self.at_last_tile.q[1].val());
        self.takes[2].next = !self.has_pass.q[2].val()
            | ((!self.is_full.q[2].val() | self.take.val())
                & self.at_last_row.q[2].val()
                & self.at_last_tile.q[2].val());
        self.takes[3].next = !self.has_pass.q[3].val()
            | ((!self.is_full.q[3].val() | self.take.val())
                & self.at_last_row.q[3].val()
                & self.at_last_tile.q[3].val());
        self.at_last_tile.d.next = self.at_last_tile.q[0].val();
        if self.ends_tile.val() {
            self.tiles_left.d.next = self.tiles_left.q.val() - 1;
            self.at_last_tile.d.next = self.tiles_left.q.val() == 1;
        }
        if self.takes[0].val() {
            self.last_x.d.next = self.next_width.val() - 1;
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
            self.pixels_left.d.next = self.next_pixels.val();
            self.x.d.next = 0.into();
        }
        if self.takes[3].val() {
            self.record_address.d.next = self.next_address.val();
            self.record_ix.d.next = self.next_ix.val();
            self.record_iy.d.next = self.next_iy.val();
        }
        if self.reset.val() {
            self.row.d.next = 0.into();
            self.at_last_row.d.next = false;
            self.next_full.next = false;
        }
        self.is_full.d.next = self.next_full.val();
    }
}
