//! The bytes of the columns as a vector, repeated to fill its 16 bytes: wires only.
//!
//! | port | width | |
//! |---|---|---|
//! | `byte$c` | 8 | in |
//! | `vector` | 128 | out, byte *i* is `byte$(i mod C)` |

use rust_hdl::prelude::*;

use crate::control::many;
use crate::verilog;

#[derive(Debug, LogicBlock)]
pub(super) struct Lanes {
    pub byte: Vec<Signal<In, Bits<8>>>,
    pub vector: Signal<Out, Bits<128>>,
}

impl Lanes {
    /// For `columns` columns, a divisor of 16.
    pub fn new(columns: usize) -> Self {
        assert!(16 % columns == 0, "{columns} columns do not divide a vector");
        Self { byte: many(columns), vector: Default::default() }
    }
}

impl Logic for Lanes {
    fn update(&mut self) {
        let mut vector = Bits::<128>::default();
        for (index, byte) in self.byte.iter().cycle().take(16).enumerate() {
            vector.set_bits::<8>(8 * index, byte.val());
        }
        self.vector.next = vector;
    }

    fn connect(&mut self) {
        self.vector.connect();
    }

    fn hdl(&self) -> Verilog {
        let columns = self.byte.len();
        let bytes: Vec<_> = (0..columns).rev().map(|c| format!("byte${c}")).collect();
        verilog::leaf(
            &format!("lanes_{columns}"),
            &format!("always @(*) vector = {{{}{{{}}}}};\n", 16 / columns, bytes.join(", ")),
        )
    }
}
