//! The pixels of a pass, two at a time: whether there are an even and an odd one, and where a row of pixels ends.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `takes$i` | 1 | in, both the same: the first pair of the next pass is at hand in the next cycle. Each has half of the loads |
//! | `next_pixels`, `next_width` | 24, 12 | in: with `takes`, pixels of that pass, and of a row of them |
//! | `moves` | 1 | in, else the next pair of the same pass |
//! | `has_even`, `has_odd` | 1 | out, of the pair at hand, the pixel is one of the pass |
//! | `even_ends_row$i`, `odd_ends_row$i` | 1 | out, both the same: it is the last of a row of pixels |
//!
//! The pixels of a row are counted down: `x_left` are behind the even one. Much is decided by where a row ends, so that it stands in
//! registers with copies.

use rust_hdl::prelude::*;

use crate::cells::{Fan, Reg};

/// Copies of where a row ends: those of the outputs, and the one here.
const COPIES: usize = 3;

#[derive(Debug, LogicBlock)]
pub(super) struct PixelPairs {
    pub clock: Signal<In, Clock>,
    pub takes: [Signal<In, Bit>; 2],
    pub next_pixels: Signal<In, Bits<24>>,
    pub next_width: Signal<In, Bits<12>>,
    pub moves: Signal<In, Bit>,
    pub has_even: Signal<Out, Bit>,
    pub has_odd: Signal<Out, Bit>,
    pub even_ends_row: [Signal<Out, Bit>; 2],
    pub odd_ends_row: [Signal<Out, Bit>; 2],

    // Of the pass: the width, less one and two, and whether it is so many.
    last_x: Reg<Bits<12>>,
    before_last_x: Reg<Bits<12>>,
    one_column: Reg<Bit>,
    two_columns: Reg<Bit>,
    three_columns: Reg<Bit>,
    pixels_left: Reg<Bits<24>>,
    x_left: Reg<Bits<12>>,
    even_ends: Fan<Bit>,
    odd_ends: Fan<Bit>,

    two_pixels: Signal<Local, Bit>,
}

impl Default for PixelPairs {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            takes: Default::default(),
            next_pixels: Default::default(),
            next_width: Default::default(),
            moves: Default::default(),
            has_even: Default::default(),
            has_odd: Default::default(),
            even_ends_row: Default::default(),
            odd_ends_row: Default::default(),
            last_x: Default::default(),
            before_last_x: Default::default(),
            one_column: Default::default(),
            two_columns: Default::default(),
            three_columns: Default::default(),
            pixels_left: Default::default(),
            x_left: Default::default(),
            even_ends: Fan::new(COPIES),
            odd_ends: Fan::new(COPIES),
            two_pixels: Default::default(),
        }
    }
}

impl Logic for PixelPairs {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, last_x, before_last_x, one_column, two_columns, three_columns);
        dff_setup!(self, clock, pixels_left, x_left);
        clock!(self, clock, even_ends, odd_ends);

        // The pair.
        self.two_pixels.next = self.pixels_left.q.val().get_bits::<23>(1).any();
        self.has_even.next = self.pixels_left.q.val().any();
        self.has_odd.next = self.two_pixels.val();
        self.even_ends_row[0].next = self.even_ends.q[0].val();
        self.even_ends_row[1].next = self.even_ends.q[1].val();
        self.odd_ends_row[0].next = self.odd_ends.q[0].val();
        self.odd_ends_row[1].next = self.odd_ends.q[1].val();

        // The next one.
        self.even_ends.d.next = self.even_ends.q[2].val();
        self.odd_ends.d.next = self.odd_ends.q[2].val();
        if self.moves.val() {
            self.pixels_left.d.next = 0.into();
            if self.two_pixels.val() {
                self.pixels_left.d.next = self.pixels_left.q.val() - 2;
            }
            self.x_left.d.next = self.x_left.q.val() - 2;
            self.even_ends.d.next = self.x_left.q.val() == 2;
            self.odd_ends.d.next = self.x_left.q.val() == 3;
            if self.even_ends.q[2].val() {
                self.x_left.d.next = self.before_last_x.q.val();
                self.even_ends.d.next = self.two_columns.q.val();
                self.odd_ends.d.next = self.three_columns.q.val();
            }
            if self.odd_ends.q[2].val() {
                self.x_left.d.next = self.last_x.q.val();
                self.even_ends.d.next = self.one_column.q.val();
                self.odd_ends.d.next = self.one_column.q.val() | self.two_columns.q.val();
            }
        }
        if self.takes[0].val() {
            self.last_x.d.next = self.next_width.val() - 1;
            self.before_last_x.d.next = self.next_width.val() - 2;
            self.one_column.d.next = self.next_width.val() == 1;
            self.two_columns.d.next = self.next_width.val() == 2;
            self.three_columns.d.next = self.next_width.val() == 3;
        }
        if self.takes[1].val() {
            self.pixels_left.d.next = self.next_pixels.val();
            self.x_left.d.next = self.next_width.val() - 1;
            self.even_ends.d.next = self.next_width.val() == 1;
            self.odd_ends.d.next = (self.next_width.val() == 1) | (self.next_width.val() == 2);
        }
    }
}
