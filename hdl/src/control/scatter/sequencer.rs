//! The state of SCATTER: the address of one row's vector a cycle.
//!
//! Its ports are those of [`Scatter`](super::Scatter), with the command as fields (`next_...`: of the command after the current
//! one). `advance` with the last row of a pass.

use pleach_spec::Config;
use rust_hdl::prelude::*;

use crate::cells::Reg;
use crate::control::{ADDRESS, LANE, PASSES};

#[derive(Debug, LogicBlock)]
pub(super) struct Sequencer {
    pub clock: Signal<In, Clock>,
    pub idle: Signal<In, Bit>,
    pub valid: Signal<In, Bit>,
    pub next_pixels: Signal<In, Bits<24>>,
    pub next_lane: Signal<In, Bits<4>>,
    pub next_tiles: Signal<In, Bits<20>>,
    pub next_width: Signal<In, Bits<12>>,
    pub next_split_x: Signal<In, Bits<4>>,
    pub next_split_y: Signal<In, Bits<4>>,
    pub next_address: Signal<In, Bits<ADDRESS>>,
    pub next_x_step: Signal<In, Bits<ADDRESS>>,
    pub next_x_back: Signal<In, Bits<ADDRESS>>,
    pub next_y_step: Signal<In, Bits<ADDRESS>>,
    pub next_y_back: Signal<In, Bits<ADDRESS>>,
    pub advance: Signal<Out, Bit>,
    pub write: Signal<Out, Bit>,
    pub address: Signal<Out, Bits<ADDRESS>>,
    pub bytes: Signal<Out, Bits<16>>,
    pub stored: Signal<Out, Bits<PASSES>>,
    pub stored_next: Signal<Out, Bits<PASSES>>,

    // The current command.
    last_x: Reg<Bits<12>>,
    split_x: Reg<Bits<4>>,
    split_y: Reg<Bits<4>>,
    x_step: Reg<Bits<ADDRESS>>,
    x_back: Reg<Bits<ADDRESS>>,
    y_step: Reg<Bits<ADDRESS>>,
    y_back: Reg<Bits<ADDRESS>>,
    lane_bytes: Reg<Bits<16>>,
    // What is left: tiles after the current one, pixels.
    tiles_left: Reg<Bits<20>>,
    pixels_left: Reg<Bits<24>>,
    // The next row.
    row: Reg<Bits<LANE>>,
    x: Reg<Bits<12>>,
    phase_x: Reg<Bits<4>>,
    phase_y: Reg<Bits<4>>,
    row_start: Reg<Bits<ADDRESS>>,
    place: Reg<Bits<ADDRESS>>,
    passes_stored: Reg<Bits<PASSES>>,

    row_valid: Signal<Local, Bit>,
    active: Signal<Local, Bit>,
    next_row_start: Signal<Local, Bits<ADDRESS>>,
    last_row: Constant<Bits<LANE>>,
    all_lanes: Constant<Bits<16>>,
}

impl Sequencer {
    pub fn new(config: &Config) -> Self {
        Self {
            clock: Default::default(),
            idle: Default::default(),
            valid: Default::default(),
            next_pixels: Default::default(),
            next_lane: Default::default(),
            next_tiles: Default::default(),
            next_width: Default::default(),
            next_split_x: Default::default(),
            next_split_y: Default::default(),
            next_address: Default::default(),
            next_x_step: Default::default(),
            next_x_back: Default::default(),
            next_y_step: Default::default(),
            next_y_back: Default::default(),
            advance: Default::default(),
            write: Default::default(),
            address: Default::default(),
            bytes: Default::default(),
            stored: Default::default(),
            stored_next: Default::default(),
            last_x: Default::default(),
            split_x: Default::default(),
            split_y: Default::default(),
            x_step: Default::default(),
            x_back: Default::default(),
            y_step: Default::default(),
            y_back: Default::default(),
            lane_bytes: Default::default(),
            tiles_left: Default::default(),
            pixels_left: Default::default(),
            row: Default::default(),
            x: Default::default(),
            phase_x: Default::default(),
            phase_y: Default::default(),
            row_start: Default::default(),
            place: Default::default(),
            passes_stored: Default::default(),
            row_valid: Default::default(),
            active: Default::default(),
            next_row_start: Default::default(),
            last_row: Constant::new((config.rows as u64 - 1).into()),
            all_lanes: Constant::new(((1u64 << config.columns) - 1).into()),
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
            split_x,
            split_y,
            x_step,
            x_back,
            y_step,
            y_back,
            lane_bytes,
            tiles_left,
            pixels_left,
            row,
            x,
            phase_x,
            phase_y,
            row_start,
            place,
            passes_stored
        );

        // The row at hand.
        self.row_valid.next = self.valid.val() & !self.idle.val();
        self.active.next = self.row_valid.val() & self.pixels_left.q.val().any();
        self.write.next = self.active.val();
        self.address.next = self.place.q.val();
        self.bytes.next = self.lane_bytes.q.val();
        self.stored.next = self.passes_stored.q.val();

        // The next row.
        if self.row_valid.val() {
            self.row.d.next = (self.row.q.val() + 1) & self.last_row.val();
        }
        self.next_row_start.next = self.row_start.q.val() + self.y_step.q.val();
        if self.phase_y.q.val() == self.split_y.q.val() {
            self.next_row_start.next = self.row_start.q.val() + self.y_back.q.val();
        }
        if self.active.val() {
            self.pixels_left.d.next = self.pixels_left.q.val() - 1;
            if self.x.q.val() == self.last_x.q.val() {
                self.x.d.next = 0.into();
                self.phase_x.d.next = 0.into();
                self.row_start.d.next = self.next_row_start.val();
                self.place.d.next = self.next_row_start.val();
                self.phase_y.d.next = self.phase_y.q.val() + 1;
                if self.phase_y.q.val() == self.split_y.q.val() {
                    self.phase_y.d.next = 0.into();
                }
            } else {
                self.x.d.next = self.x.q.val() + 1;
                self.phase_x.d.next = self.phase_x.q.val() + 1;
                self.place.d.next = self.place.q.val() + self.x_step.q.val();
                if self.phase_x.q.val() == self.split_x.q.val() {
                    self.phase_x.d.next = 0.into();
                    self.place.d.next = self.place.q.val() + self.x_back.q.val();
                }
            }
        }

        // The next tile, the next pass.
        self.advance.next = false;
        if self.row_valid.val() & (self.row.q.val() == self.last_row.val()) {
            self.tiles_left.d.next = self.tiles_left.q.val() - 1;
            self.advance.next = !self.tiles_left.q.val().any();
        }
        self.stored_next.next = self.passes_stored.q.val();
        if self.advance.val() {
            self.stored_next.next = self.passes_stored.q.val() + 1;
        }
        if self.idle.val() {
            self.stored_next.next = 0.into();
            self.row.d.next = 0.into();
        }
        self.passes_stored.d.next = self.stored_next.val();
        if self.idle.val() | self.advance.val() {
            self.last_x.d.next = self.next_width.val() - 1;
            self.split_x.d.next = self.next_split_x.val();
            self.split_y.d.next = self.next_split_y.val();
            self.x_step.d.next = self.next_x_step.val();
            self.x_back.d.next = self.next_x_back.val();
            self.y_step.d.next = self.next_y_step.val();
            self.y_back.d.next = self.next_y_back.val();
            self.lane_bytes.d.next = self.all_lanes.val() << self.next_lane.val();
            self.tiles_left.d.next = self.next_tiles.val() - 1;
            self.pixels_left.d.next = self.next_pixels.val();
            self.x.d.next = 0.into();
            self.phase_x.d.next = 0.into();
            self.phase_y.d.next = 0.into();
            self.row_start.d.next = self.next_address.val();
            self.place.d.next = self.next_address.val();
        }
    }
}
