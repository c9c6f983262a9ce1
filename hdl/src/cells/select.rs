//! One byte of a window.
//!
//! | port | width | |
//! |---|---|---|
//! | `window` | WB = 8 W | in, byte *i* at bits 8 *i* |
//! | `position` | P = log2 W | in |
//! | `chosen` | 8 | out, in the same cycle |
//!
//! Written as a tree that halves the window at each step: Yosys (with `-widemux`) makes LUT pairs with MUXF7 and MUXF8
//! of it, 4 LUTs a bit for W = 16. From an indexed part select it makes half as much again.

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
        let steps: String = (0..P)
            .rev()
            .map(|bit| {
                let from = if bit + 1 == P { "window".to_owned() } else { format!("step_{}", bit + 1) };
                let half = 8 << bit;
                format!(
                    "wire [{top}:0] step_{bit} = position[{bit}] ? {from}[{upper}:{half}] : {from}[{top}:0];\n",
                    top = half - 1,
                    upper = 2 * half - 1,
                )
            })
            .collect();
        verilog::leaf(&format!("select_{}", WB / 8), &format!("{steps}always @(*) chosen = step_0;\n"))
    }
}
