//! The address of an engine's next burst, in beats. Its adder works in two halves, so that no carry chain is long.
//!
//! | port | width | |
//! |---|---|---|
//! | `set$0`, `set$1`, `base`, `offset` | 1, 1, 60, 32 | in, begin at their sum; both `set` are the same, for half of the bits each |
//! | `advance`, `beats` | 1, 7 | in, go on by so many |
//! | `address` | 60 | out: its lower 30 bits are right in the next cycle, all of them in the one after |
//!
//! Between `set` or `advance` and the next `advance` there is a cycle at least. `set` may stay as long as it likes: it is the sum in
//! its last cycle that counts.

use rust_hdl::prelude::*;

use super::{BEATS, BURST};
use crate::cells::Reg;

/// See the module.
#[derive(Debug, Default, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct BurstAddress {
    pub clock: Signal<In, Clock>,
    pub set: [Signal<In, Bit>; 2],
    pub base: Signal<In, Bits<BEATS>>,
    pub offset: Signal<In, Bits<32>>,
    pub advance: Signal<In, Bit>,
    pub beats: Signal<In, Bits<BURST>>,
    pub address: Signal<Out, Bits<BEATS>>,

    low: Reg<Bits<30>>,
    high: Reg<Bits<30>>,
    // What the upper half still lacks.
    rest: Reg<Bits<3>>,

    sum: Signal<Local, Bits<31>>,
}

impl Logic for BurstAddress {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, low, high);
        clock!(self, clock, rest);
        self.sum.next = bit_cast::<31, 30>(self.low.q.val()) + bit_cast::<31, 7>(self.beats.val());
        self.rest.d.next = 0.into();
        if self.set[0].val() {
            self.sum.next = bit_cast::<31, 30>(self.base.val().get_bits::<30>(0))
                + bit_cast::<31, 30>(self.offset.val().get_bits::<30>(0));
        }
        if self.set[0].val() | self.advance.val() {
            self.low.d.next = self.sum.val().get_bits::<30>(0);
            self.rest.d.next = bit_cast::<3, 1>(self.sum.val().get_bits::<1>(30));
        }
        self.high.d.next = self.high.q.val() + bit_cast::<30, 3>(self.rest.q.val());
        if self.set[1].val() {
            self.high.d.next = self.base.val().get_bits::<30>(30);
            self.rest.d.next = bit_cast::<3, 1>(self.sum.val().get_bits::<1>(30))
                + bit_cast::<3, 2>(self.offset.val().get_bits::<2>(30));
        }
        self.address.next =
            bit_cast::<60, 30>(self.low.q.val()) | (bit_cast::<60, 30>(self.high.q.val()) << 30);
    }
}
