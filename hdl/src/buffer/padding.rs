//! The vector of a position inside of the map, or 16 times the padding.
//!
//! | port | width | |
//! |---|---|---|
//! | `low_in_map`, `high_in_map` | 1 | in, the same for both halves of the vector |
//! | `vector` | 128 | in |
//! | `pads` | 64 | in, the padding of half a vector |
//! | `padded` | 128 | out, in the same cycle |

use rust_hdl::prelude::*;

#[derive(Debug, Default, LogicBlock)]
pub(super) struct Padding {
    pub low_in_map: Signal<In, Bit>,
    pub high_in_map: Signal<In, Bit>,
    pub vector: Signal<In, Bits<128>>,
    pub pads: Signal<In, Bits<64>>,
    pub padded: Signal<Out, Bits<128>>,

    low: Signal<Local, Bits<64>>,
    high: Signal<Local, Bits<64>>,
}

impl Logic for Padding {
    #[hdl_gen]
    fn update(&mut self) {
        self.low.next = self.pads.val();
        if self.low_in_map.val() {
            self.low.next = self.vector.val().get_bits::<64>(0);
        }
        self.high.next = self.pads.val();
        if self.high_in_map.val() {
            self.high.next = self.vector.val().get_bits::<64>(64);
        }
        self.padded.next = bit_cast::<128, 64>(self.low.val()) | (bit_cast::<128, 64>(self.high.val()) << 64);
    }
}
