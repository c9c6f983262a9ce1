//! What one row wants of a bank read.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `address`, `ix`, `iy`, `row_class` | 20, 14, 14, 6 | in, cycle f: the row's record |
//! | `issue`, `issue_class`, `offset`, `dy`, `dx`, `in_width`, `in_height` | | in, cycle f: the read |
//! | `sum` | 26 | out, cycle f+1: the vector address, modulo 2^20, zero-extended |
//! | `chosen` | 1 | out, cycle f+1: the row is of the class read |
//! | `in_map` | 1 | out, cycle f+2: the position is inside of the map |

use rust_hdl::prelude::*;

use super::EXTENDED;
use crate::cells::Reg;
use crate::control::{ADDRESS, LANE};

#[derive(Debug, Default, LogicBlock)]
pub(super) struct RowAddress {
    pub clock: Signal<In, Clock>,
    pub address: Signal<In, Bits<ADDRESS>>,
    pub ix: Signal<In, Bits<14>>,
    pub iy: Signal<In, Bits<14>>,
    pub row_class: Signal<In, Bits<LANE>>,
    pub issue: Signal<In, Bit>,
    pub issue_class: Signal<In, Bits<LANE>>,
    pub offset: Signal<In, Bits<ADDRESS>>,
    pub dy: Signal<In, Bits<6>>,
    pub dx: Signal<In, Bits<6>>,
    pub in_width: Signal<In, Bits<14>>,
    pub in_height: Signal<In, Bits<14>>,
    pub sum: Signal<Out, Bits<EXTENDED>>,
    pub chosen: Signal<Out, Bit>,
    pub in_map: Signal<Out, Bit>,

    vector: Reg<Bits<ADDRESS>>,
    x: Reg<Bits<14>>,
    y: Reg<Bits<14>>,
    width: Reg<Bits<14>>,
    height: Reg<Bits<14>>,
    is_chosen: Reg<Bit>,
    is_in_map: Reg<Bit>,
}

impl Logic for RowAddress {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, vector, x, y, width, height, is_chosen, is_in_map);

        // Cycle f.
        self.vector.d.next = self.address.val() + self.offset.val();
        self.is_chosen.d.next = self.issue.val() & (self.row_class.val() == self.issue_class.val());
        self.x.d.next = self.ix.val() + bit_cast::<14, 6>(self.dx.val());
        self.y.d.next = self.iy.val() + bit_cast::<14, 6>(self.dy.val());
        self.width.d.next = self.in_width.val();
        self.height.d.next = self.in_height.val();

        // Cycle f+1. Negative positions are large unsigned numbers.
        self.sum.next = bit_cast::<26, 20>(self.vector.q.val());
        self.chosen.next = self.is_chosen.q.val();
        self.is_in_map.d.next =
            (self.x.q.val() < self.width.q.val()) & (self.y.q.val() < self.height.q.val());

        // Cycle f+2.
        self.in_map.next = self.is_in_map.q.val();
    }
}
