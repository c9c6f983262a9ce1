//! Small RAM in LUTs: written on the clock, read without one. Made for buffers of a few words.
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
//! A written word can be read from the next cycle on. The depth is a power of two and addresses wrap. The contents at
//! power-up are not defined.

use rust_hdl::prelude::*;

use super::words::Words;
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
    _words: Words<D>,
}

impl<const A: usize, const D: usize> LutRam<A, D> {
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

impl<const A: usize, const D: usize> Logic for LutRam<A, D> {
    fn update(&mut self) {
        if self.clock.pos_edge() && self.write_enable.val() {
            *self._words.at(self.write_address.val()) = self.write_data.val();
        }
        self.read_data.next = *self._words.at(self.read_address.val());
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        verilog::leaf(
            &format!("lut_ram_{}x{D}_a{A}", self._words.depth()),
            &format!(
                "\
{words}
always @(posedge clock) if (write_enable) {write} <= write_data;
always @(*) read_data = {read};
",
                words = self._words.declaration("distributed"),
                write = self._words.indexed("write_address", A),
                read = self._words.indexed("read_address", A),
            ),
        )
    }
}
