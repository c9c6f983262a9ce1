//! Block RAM with one write port and one read port on one clock.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `write_enable` | 1 | in |
//! | `write_address` | A | in |
//! | `write_data` | D | in |
//! | `read_address` | A | in |
//! | `read_data` | D | out, 1 cycle after `read_address` |
//!
//! ```text
//! cycle           0    1    2
//! read_address    a    b
//! read_data            [a]  [b]
//! ```
//!
//! A read of the address that is written in the same cycle gives the *old* word. The depth is a power of two and
//! addresses wrap: a RAM may have fewer words than its address could reach. The contents at power-up are not defined.

use rust_hdl::prelude::*;

use super::words::Words;
use crate::verilog;

/// See the module. `A` address bits, words of `D` bits.
#[derive(Debug, LogicBlock)]
pub struct Ram<const A: usize, const D: usize> {
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
    /// What was there.
    pub read_data: Signal<Out, Bits<D>>,
    _words: Words<D>,
}

impl<const A: usize, const D: usize> Ram<A, D> {
    /// A RAM of `depth` words.
    ///
    /// # Panics
    /// If that is not a power of two from 2 to what `A` bits can address.
    pub fn new(depth: usize) -> Self {
        Self {
            clock: Default::default(),
            write_enable: Default::default(),
            write_address: Default::default(),
            write_data: Default::default(),
            read_address: Default::default(),
            read_data: Default::default(),
            _words: Words::new(depth, A),
        }
    }
}

impl<const A: usize, const D: usize> Logic for Ram<A, D> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.read_data.next = *self._words.at(self.read_address.val());
            if self.write_enable.val() {
                *self._words.at(self.write_address.val()) = self.write_data.val();
            }
        }
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        verilog::leaf(
            &format!("ram_{}x{D}_a{A}", self._words.depth()),
            &format!(
                "\
{words}
always @(posedge clock) begin
    if (write_enable) {write} <= write_data;
    read_data <= {read};
end
",
                words = self._words.declaration("block"),
                write = self._words.indexed("write_address", A),
                read = self._words.indexed("read_address", A),
            ),
        )
    }
}
