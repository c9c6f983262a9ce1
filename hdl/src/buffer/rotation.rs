//! The rotation between rows and banks of a read.
//!
//! | port | width | |
//! |---|---|---|
//! | `need`, `offset` | 6 | in, cycle f; low bits of the offset |
//! | `amount` | 6 | out, cycle f: row *r* reads bank (r + amount) mod R. Those who turn by it keep it in registers of their own |

use rust_hdl::prelude::*;

use crate::control::LANE;

#[derive(Debug, LogicBlock)]
pub(super) struct Rotation {
    pub need: Signal<In, Bits<LANE>>,
    pub offset: Signal<In, Bits<LANE>>,
    pub amount: Signal<Out, Bits<LANE>>,

    mask: Constant<Bits<LANE>>,
}

impl Rotation {
    pub fn new(rows: usize) -> Self {
        Self {
            need: Default::default(),
            offset: Default::default(),
            amount: Default::default(),
            mask: Constant::new((rows as u64 - 1).into()),
        }
    }
}

impl Logic for Rotation {
    #[hdl_gen]
    fn update(&mut self) {
        self.amount.next = (self.need.val() + self.offset.val()) & self.mask.val();
    }
}
