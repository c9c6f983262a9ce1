//! The rotation between rows and banks of a read.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `need`, `offset` | 6 | in, cycle f; low bits of the offset |
//! | `amount` | 6 | out, cycle f+1: row *r* reads bank (r + amount) mod R |

use rust_hdl::prelude::*;

use crate::cells::Reg;
use crate::control::LANE;

#[derive(Debug, LogicBlock)]
pub(super) struct Rotation {
    pub clock: Signal<In, Clock>,
    pub need: Signal<In, Bits<LANE>>,
    pub offset: Signal<In, Bits<LANE>>,
    pub amount: Signal<Out, Bits<LANE>>,

    sum: Reg<Bits<LANE>>,
    mask: Constant<Bits<LANE>>,
}

impl Rotation {
    pub fn new(rows: usize) -> Self {
        Self {
            clock: Default::default(),
            need: Default::default(),
            offset: Default::default(),
            amount: Default::default(),
            sum: Default::default(),
            mask: Constant::new((rows as u64 - 1).into()),
        }
    }
}

impl Logic for Rotation {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, sum);
        self.sum.d.next = (self.need.val() + self.offset.val()) & self.mask.val();
        self.amount.next = self.sum.q.val();
    }
}
