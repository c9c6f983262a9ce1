//! The vector of a position inside of the map, or 16 times the padding.
//!
//! | port | width | |
//! |---|---|---|
//! | `in_map` | 1 | in |
//! | `vector`, `pads` | 128 | in |
//! | `padded` | 128 | out, in the same cycle |

use rust_hdl::prelude::*;

#[derive(Debug, Default, LogicBlock)]
pub(super) struct Padding {
    pub in_map: Signal<In, Bit>,
    pub vector: Signal<In, Bits<128>>,
    pub pads: Signal<In, Bits<128>>,
    pub padded: Signal<Out, Bits<128>>,
}

impl Logic for Padding {
    #[hdl_gen]
    fn update(&mut self) {
        self.padded.next = self.pads.val();
        if self.in_map.val() {
            self.padded.next = self.vector.val();
        }
    }
}
