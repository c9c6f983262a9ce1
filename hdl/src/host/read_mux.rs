//! The register that is read.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `address` | 16 | in, byte offset |
//! | `word$i` | 32 | in, the register at offset 4 i |
//! | `data` | 32 | out, 1 cycle after `address`; 0 where there is no register |

use rust_hdl::prelude::*;

use crate::many::many;
use crate::verilog;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct ReadMux {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Byte offset.
    pub address: Signal<In, Bits<16>>,
    /// The registers.
    pub word: Vec<Signal<In, Bits<32>>>,
    /// The one that is read.
    pub data: Signal<Out, Bits<32>>,
}

impl ReadMux {
    /// For so many registers.
    pub fn new(words: usize) -> Self {
        Self {
            clock: Default::default(),
            address: Default::default(),
            word: many(words),
            data: Default::default(),
        }
    }
}

impl Logic for ReadMux {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let address = self.address.val().index();
            let word = if address.is_multiple_of(4) { self.word.get(address / 4) } else { None };
            self.data.next = word.map_or(0.into(), |word| word.val());
        }
    }

    fn connect(&mut self) {
        self.data.connect();
    }

    fn hdl(&self) -> Verilog {
        let cases: String =
            (0..self.word.len()).map(|i| format!("16'd{}: data <= word${i};\n", 4 * i)).collect();
        verilog::leaf(
            &format!("read_mux_{}", self.word.len()),
            &format!("always @(posedge clock) case (address)\n{cases}default: data <= 32'd0;\nendcase\n"),
        )
    }
}
