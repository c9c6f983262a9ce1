//! One of N: bit `index` of `hot` is `enable`, all others are 0.
//!
//! | port | width | |
//! |---|---|---|
//! | `enable` | 1 | in |
//! | `index` | A | in |
//! | `hot` | N | out, in the same cycle; all 0 if `index` is N or more |

use rust_hdl::prelude::*;

use crate::verilog;

/// See the module. `A` index bits, `N` outputs.
#[derive(Debug, Default, LogicBlock)]
pub struct Decode<const A: usize, const N: usize> {
    /// Whether any output is set.
    pub enable: Signal<In, Bit>,
    /// Which one.
    pub index: Signal<In, Bits<A>>,
    /// The outputs.
    pub hot: Signal<Out, Bits<N>>,
}

impl<const A: usize, const N: usize> Logic for Decode<A, N> {
    fn update(&mut self) {
        let index = self.index.val().index();
        self.hot.next = match self.enable.val() && index < N {
            true => Bits::default().replace_bit(index, true),
            false => Bits::default(),
        };
    }

    fn connect(&mut self) {
        self.hot.connect();
    }

    fn hdl(&self) -> Verilog {
        verilog::leaf(
            &format!("decode_{A}_{N}"),
            &format!("always @(*) hot = {{{{{zeros}{{1'b0}}}}, enable}} << index;\n", zeros = N - 1),
        )
    }
}
