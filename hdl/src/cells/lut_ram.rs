//! Small RAM in LUTs: written on the clock, read without one. Made for FIFOs of a few words.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `write_enable` | 1 | in |
//! | `write_address` | A | in |
//! | `write_data` | D | in |
//! | `read_address` | A | in |
//! | `read_data` | D | out, in the same cycle |
//!
//! A written word can be read from the next cycle on. All 2^A words exist; their contents at power-up are not defined.

use rust_hdl::prelude::*;

use crate::verilog;

/// See the module. `A` address bits, words of `D` bits.
#[derive(Debug, LogicBlock)]
pub struct LutRam<const A: usize, const D: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Write in this cycle.
    pub write_enable: Signal<In, Bit>,
    /// Where to write.
    pub write_address: Signal<In, Bits<A>>,
    /// What to write.
    pub write_data: Signal<In, Bits<D>>,
    /// Where to read.
    pub read_address: Signal<In, Bits<A>>,
    /// What is there.
    pub read_data: Signal<Out, Bits<D>>,
    _words: Vec<Bits<D>>,
}

impl<const A: usize, const D: usize> Default for LutRam<A, D> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            write_enable: Default::default(),
            write_address: Default::default(),
            write_data: Default::default(),
            read_address: Default::default(),
            read_data: Default::default(),
            _words: vec![Default::default(); 1 << A],
        }
    }
}

impl<const A: usize, const D: usize> Logic for LutRam<A, D> {
    fn update(&mut self) {
        if self.clock.pos_edge() && self.write_enable.val() {
            self._words[self.write_address.val().index()] = self.write_data.val();
        }
        self.read_data.next = self._words[self.read_address.val().index()];
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        let depth = self._words.len();
        verilog::leaf(
            &format!("lut_ram_{depth}x{D}"),
            &format!(
                "(* ram_style = \"distributed\" *) reg [{top}:0] words [0:{last}];\n\
                 always @(posedge clock) if (write_enable) words[write_address] <= write_data;\n\
                 always @(*) read_data = words[read_address];\n",
                top = D - 1,
                last = depth - 1,
            ),
        )
    }
}
