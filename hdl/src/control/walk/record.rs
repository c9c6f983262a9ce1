//! The record of one row of a tile, kept until `enable`.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `enable` | 1 | in, take the inputs at the end of this cycle |
//! | `address_in`, `address_out` | 20 | |
//! | `ix_in`, `ix_out`, `iy_in`, `iy_out` | 14 | |
//! | `class_in`, `class_out` | 6 | |

use rust_hdl::prelude::*;

use crate::cells::Reg;
use crate::control::{ADDRESS, LANE};

/// See the module.
#[derive(Debug, Default, LogicBlock)]
pub struct RecordRegister {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Take the inputs.
    pub enable: Signal<In, Bit>,
    /// Vector address of kernel tap (0, 0) of channel group 0.
    pub address_in: Signal<In, Bits<ADDRESS>>,
    /// Input column of that tap.
    pub ix_in: Signal<In, Bits<14>>,
    /// Input row of that tap.
    pub iy_in: Signal<In, Bits<14>>,
    /// Rotation class.
    pub class_in: Signal<In, Bits<LANE>>,
    /// The address kept.
    pub address_out: Signal<Out, Bits<ADDRESS>>,
    /// The column kept.
    pub ix_out: Signal<Out, Bits<14>>,
    /// The row kept.
    pub iy_out: Signal<Out, Bits<14>>,
    /// The class kept.
    pub class_out: Signal<Out, Bits<LANE>>,

    address: Reg<Bits<ADDRESS>>,
    ix: Reg<Bits<14>>,
    iy: Reg<Bits<14>>,
    kept_class: Reg<Bits<LANE>>,
}

impl Logic for RecordRegister {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, address, ix, iy, kept_class);
        if self.enable.val() {
            self.address.d.next = self.address_in.val();
            self.ix.d.next = self.ix_in.val();
            self.iy.d.next = self.iy_in.val();
            self.kept_class.d.next = self.class_in.val();
        }
        self.address_out.next = self.address.q.val();
        self.ix_out.next = self.ix.q.val();
        self.iy_out.next = self.iy.q.val();
        self.class_out.next = self.kept_class.q.val();
    }
}
