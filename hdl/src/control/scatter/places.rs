//! The addresses of the two rows of a pair.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `pair`, ... | | in, of [`Steps`](super::steps::Steps), cycle c |
//! | `valid` | 1 | out, cycle c+3: `pair` |
//! | `even`, `odd` | 20 | out, cycle c+3: address of each row's pixel |
//! | `even_plane`, `odd_plane` | 20 | out, cycle c+3: the same `plane` further on |
//! | `places_info` | 6 | out, cycle c+3: `info` |
//!
//! The address of a pixel is that of the one before plus a step, or the start of its row of pixels, which is that of the row
//! before plus a step. All steps are added up before they enter the loop, so that it is one adder deep:
//!
//! ```text
//! cycle c       steps
//! cycle c+1     their sums
//! cycle c+2     even = (even of the pair before, or start of its row) + sum; row start = row start + row sum
//! cycle c+3     odd = (even, or row start) + odd step
//! ```

use rust_hdl::prelude::*;

use super::INFO;
use crate::cells::Reg;
use crate::control::ADDRESS;

#[derive(Debug, Default, LogicBlock)]
pub(super) struct Places {
    pub clock: Signal<In, Clock>,
    pub pair: Signal<In, Bit>,
    pub step_one: Signal<In, Bits<ADDRESS>>,
    pub step_two: Signal<In, Bits<ADDRESS>>,
    pub from_row: Signal<In, Bit>,
    pub from_none: Signal<In, Bit>,
    pub row_step_one: Signal<In, Bits<ADDRESS>>,
    pub row_step_two: Signal<In, Bits<ADDRESS>>,
    pub odd_step: Signal<In, Bits<ADDRESS>>,
    pub odd_from_row: Signal<In, Bit>,
    pub plane: Signal<In, Bits<ADDRESS>>,
    pub info: Signal<In, Bits<INFO>>,
    pub valid: Signal<Out, Bit>,
    pub even: Signal<Out, Bits<ADDRESS>>,
    pub odd: Signal<Out, Bits<ADDRESS>>,
    pub even_plane: Signal<Out, Bits<ADDRESS>>,
    pub odd_plane: Signal<Out, Bits<ADDRESS>>,
    pub places_info: Signal<Out, Bits<INFO>>,

    // The steps added up.
    sum_valid: Reg<Bit>,
    sum: Reg<Bits<ADDRESS>>,
    row_sum: Reg<Bits<ADDRESS>>,
    sum_from_row: Reg<Bit>,
    sum_from_none: Reg<Bit>,
    sum_odd_step: Reg<Bits<ADDRESS>>,
    sum_odd_from_row: Reg<Bit>,
    sum_plane: Reg<Bits<ADDRESS>>,
    sum_info: Reg<Bits<INFO>>,
    // The address of the even row.
    place_valid: Reg<Bit>,
    place: Reg<Bits<ADDRESS>>,
    row_place: Reg<Bits<ADDRESS>>,
    place_odd_step: Reg<Bits<ADDRESS>>,
    place_odd_plane_step: Reg<Bits<ADDRESS>>,
    place_odd_from_row: Reg<Bit>,
    place_plane: Reg<Bits<ADDRESS>>,
    place_info: Reg<Bits<INFO>>,
    // Of both rows.
    pair_valid: Reg<Bit>,
    pair_even: Reg<Bits<ADDRESS>>,
    pair_odd: Reg<Bits<ADDRESS>>,
    pair_even_plane: Reg<Bits<ADDRESS>>,
    pair_odd_plane: Reg<Bits<ADDRESS>>,
    pair_info: Reg<Bits<INFO>>,

    odd_base: Signal<Local, Bits<ADDRESS>>,
}

impl Logic for Places {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, place, row_place);
        clock!(
            self,
            clock,
            sum_valid,
            sum,
            row_sum,
            sum_from_row,
            sum_from_none,
            sum_odd_step,
            sum_odd_from_row,
            sum_plane,
            sum_info,
            place_valid,
            place_odd_step,
            place_odd_plane_step,
            place_odd_from_row,
            place_plane,
            place_info,
            pair_valid,
            pair_even,
            pair_odd,
            pair_even_plane,
            pair_odd_plane,
            pair_info
        );

        // The steps to this pair, added up.
        self.sum_valid.d.next = self.pair.val();
        self.sum.d.next = self.step_one.val() + self.step_two.val();
        self.row_sum.d.next = self.row_step_one.val() + self.row_step_two.val();
        self.sum_from_row.d.next = self.from_row.val();
        self.sum_from_none.d.next = self.from_none.val();
        self.sum_odd_step.d.next = self.odd_step.val();
        self.sum_odd_from_row.d.next = self.odd_from_row.val();
        self.sum_plane.d.next = self.plane.val();
        self.sum_info.d.next = self.info.val();

        // The address of the even row.
        self.place_valid.d.next = self.sum_valid.q.val();
        if self.sum_valid.q.val() {
            self.place.d.next = self.place.q.val() + self.sum.q.val();
            if self.sum_from_row.q.val() {
                self.place.d.next = self.row_place.q.val() + self.sum.q.val();
            }
            self.row_place.d.next = self.row_place.q.val() + self.row_sum.q.val();
            if self.sum_from_none.q.val() {
                self.place.d.next = self.sum.q.val();
                self.row_place.d.next = self.row_sum.q.val();
            }
        }
        self.place_odd_step.d.next = self.sum_odd_step.q.val();
        self.place_odd_plane_step.d.next = self.sum_odd_step.q.val() + self.sum_plane.q.val();
        self.place_odd_from_row.d.next = self.sum_odd_from_row.q.val();
        self.place_plane.d.next = self.sum_plane.q.val();
        self.place_info.d.next = self.sum_info.q.val();

        // The address of the odd row.
        self.odd_base.next = self.place.q.val();
        if self.place_odd_from_row.q.val() {
            self.odd_base.next = self.row_place.q.val();
        }
        self.pair_valid.d.next = self.place_valid.q.val();
        self.pair_even.d.next = self.place.q.val();
        self.pair_odd.d.next = self.odd_base.val() + self.place_odd_step.q.val();
        self.pair_even_plane.d.next = self.place.q.val() + self.place_plane.q.val();
        self.pair_odd_plane.d.next = self.odd_base.val() + self.place_odd_plane_step.q.val();
        self.pair_info.d.next = self.place_info.q.val();
        self.valid.next = self.pair_valid.q.val();
        self.even.next = self.pair_even.q.val();
        self.odd.next = self.pair_odd.q.val();
        self.even_plane.next = self.pair_even_plane.q.val();
        self.odd_plane.next = self.pair_odd_plane.q.val();
        self.places_info.next = self.pair_info.q.val();
    }
}
