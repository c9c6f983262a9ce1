//! Where the need of a rotation class is kept: the classes of two tiles side by side.
//!
//! | port | width | |
//! |---|---|---|
//! | `side` | 1 | in |
//! | `lane_class` | 6 | in |
//! | `address` | 7 | out, in the same cycle |

use rust_hdl::prelude::*;

use crate::control::LANE;

/// Bits of the address.
pub(super) const NEEDS: usize = LANE + 1;

#[derive(Debug, Default, LogicBlock)]
pub(super) struct NeedAddress {
    pub side: Signal<In, Bit>,
    pub lane_class: Signal<In, Bits<LANE>>,
    pub address: Signal<Out, Bits<NEEDS>>,
}

impl Logic for NeedAddress {
    #[hdl_gen]
    fn update(&mut self) {
        self.address.next = bit_cast::<7, 6>(self.lane_class.val());
        if self.side.val() {
            self.address.next = bit_cast::<7, 6>(self.lane_class.val()) | 64;
        }
    }
}
