//! The vector of a position inside of the map, or 16 times the padding.
//!
//! | port | width | |
//! |---|---|---|
//! | `in_map` | 1 | in |
//! | `vector`, `pad` | 128, 8 | in |
//! | `padded` | 128 | out, in the same cycle |

use rust_hdl::prelude::*;

use crate::verilog;

#[derive(Debug, Default, LogicBlock)]
pub(super) struct Padding {
    pub in_map: Signal<In, Bit>,
    pub vector: Signal<In, Bits<128>>,
    pub pad: Signal<In, Bits<8>>,
    pub padded: Signal<Out, Bits<128>>,
}

impl Logic for Padding {
    fn update(&mut self) {
        let mut pads = Bits::<128>::default();
        for index in 0..16 {
            pads.set_bits::<8>(8 * index, self.pad.val());
        }
        self.padded.next = if self.in_map.val() { self.vector.val() } else { pads };
    }

    fn connect(&mut self) {
        self.padded.connect();
    }

    fn hdl(&self) -> Verilog {
        verilog::leaf("padding", "always @(*) padded = in_map ? vector : {16{pad}};\n")
    }
}
