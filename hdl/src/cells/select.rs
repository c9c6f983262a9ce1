//! One byte of a window.
//!
//! | port | width | |
//! |---|---|---|
//! | `window` | WB = 8 W | in, byte *i* at bits 8 *i* |
//! | `position` | P = log2 W | in |
//! | `chosen` | 8 | out, in the same cycle |

use rust_hdl::prelude::*;

use crate::verilog;

/// See the module. `WB` window bits, `P` position bits.
#[derive(Debug, Default, LogicBlock)]
pub struct Select<const WB: usize, const P: usize> {
    /// All bytes.
    pub window: Signal<In, Bits<WB>>,
    /// Which one.
    pub position: Signal<In, Bits<P>>,
    /// The byte at that position.
    pub chosen: Signal<Out, Bits<8>>,
}

impl<const WB: usize, const P: usize> Select<WB, P> {
    const WHOLE_WINDOW: () = assert!(WB == 8 << P, "a position for each byte");
}

impl<const WB: usize, const P: usize> Logic for Select<WB, P> {
    fn update(&mut self) {
        self.chosen.next = self.window.val().get_bits(8 * self.position.val().index());
    }

    fn connect(&mut self) {
        self.chosen.connect();
    }

    fn hdl(&self) -> Verilog {
        let () = Self::WHOLE_WINDOW;
        verilog::leaf(
            &format!("select_{}", WB / 8),
            "always @(*) chosen = window[{position, 3'b000} +: 8];\n",
        )
    }
}
