//! The bank that each rotation class needs, less its row: of the tile here, and of the tile that WALK fills, side by side.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `write_side`, `read_side` | 1 | in: the half of WALK's tile; of the tile here |
//! | `write$p`, `write_class$p`, `write_need$p` | 1, 5, 6 | in, the need of class 2 `write_class` + *p* |
//! | `read_class` | 6 | in |
//! | `need` | 6 | out, of that class, in the same cycle |
//!
//! WALK may find two classes a cycle, which follow each other: those of even number have a memory of their own.

use rust_hdl::prelude::*;

use crate::cells::LutRam;
use crate::control::{HALF_LANE, LANE};

#[derive(Debug, LogicBlock)]
pub(super) struct Needs {
    pub clock: Signal<In, Clock>,
    pub write_side: Signal<In, Bit>,
    pub read_side: Signal<In, Bit>,
    pub write: [Signal<In, Bit>; 2],
    pub write_class: [Signal<In, Bits<HALF_LANE>>; 2],
    pub write_need: [Signal<In, Bits<LANE>>; 2],
    pub read_class: Signal<In, Bits<LANE>>,
    pub need: Signal<Out, Bits<LANE>>,

    even: LutRam<LANE, LANE>,
    odd: LutRam<LANE, LANE>,
    read_pair: Signal<Local, Bits<HALF_LANE>>,
}

impl Default for Needs {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            write_side: Default::default(),
            read_side: Default::default(),
            write: Default::default(),
            write_class: Default::default(),
            write_need: Default::default(),
            read_class: Default::default(),
            need: Default::default(),
            even: LutRam::new(1 << LANE),
            odd: LutRam::new(1 << LANE),
            read_pair: Default::default(),
        }
    }
}

impl Logic for Needs {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, even, odd);
        self.even.write_enable.next = self.write[0].val();
        self.even.write_data.next = self.write_need[0].val();
        self.even.write_address.next = bit_cast::<6, 5>(self.write_class[0].val());
        self.odd.write_enable.next = self.write[1].val();
        self.odd.write_data.next = self.write_need[1].val();
        self.odd.write_address.next = bit_cast::<6, 5>(self.write_class[1].val());
        if self.write_side.val() {
            self.even.write_address.next = bit_cast::<6, 5>(self.write_class[0].val()) | 32;
            self.odd.write_address.next = bit_cast::<6, 5>(self.write_class[1].val()) | 32;
        }
        self.read_pair.next = self.read_class.val().get_bits::<5>(1);
        self.even.read_address.next = bit_cast::<6, 5>(self.read_pair.val());
        self.odd.read_address.next = bit_cast::<6, 5>(self.read_pair.val());
        if self.read_side.val() {
            self.even.read_address.next = bit_cast::<6, 5>(self.read_pair.val()) | 32;
            self.odd.read_address.next = bit_cast::<6, 5>(self.read_pair.val()) | 32;
        }
        self.need.next = self.even.read_data.val();
        if self.read_class.val().get_bit(0) {
            self.need.next = self.odd.read_data.val();
        }
    }
}
