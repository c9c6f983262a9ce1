//! Block RAM as [`Ram`](super::Ram), with a write enable for each byte.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `write_mask` | M | in, bit *i* writes byte *i*; zero writes nothing |
//! | `write_address` | A | in |
//! | `write_data` | D = 8 M | in |
//! | `read_address` | A | in |
//! | `read_data` | D | out, 1 cycle after `read_address` |
//!
//! Reading what is being written gives the old word; see [`Ram`](super::Ram) for the rest.

use rust_hdl::prelude::*;

use super::words::Words;
use crate::verilog;

/// See the module. `A` address bits, words of `D` bits, `M` = `D`/8 bytes.
#[derive(Debug, LogicBlock)]
pub struct MaskedRam<const A: usize, const D: usize, const M: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Bytes to write in this cycle.
    pub write_mask: Signal<In, Bits<M>>,
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

impl<const A: usize, const D: usize, const M: usize> MaskedRam<A, D, M> {
    const WHOLE_BYTES: () = assert!(D == 8 * M, "a mask bit for each byte");

    /// A RAM of `depth` words.
    ///
    /// # Panics
    /// If that is not a power of two from 2 to what `A` bits can address.
    pub fn new(depth: usize) -> Self {
        let () = Self::WHOLE_BYTES;
        Self {
            clock: Default::default(),
            write_mask: Default::default(),
            write_address: Default::default(),
            write_data: Default::default(),
            read_address: Default::default(),
            read_data: Default::default(),
            _words: Words::new(depth, A),
        }
    }
}

impl<const A: usize, const D: usize, const M: usize> Logic for MaskedRam<A, D, M> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.read_data.next = *self._words.at(self.read_address.val());
            let word = self._words.at(self.write_address.val());
            for byte in (0..M).filter(|&byte| self.write_mask.val().get_bit(byte)) {
                word.set_bits::<8>(8 * byte, self.write_data.val().get_bits(8 * byte));
            }
        }
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        verilog::leaf(
            &format!("masked_ram_{}x{D}_a{A}", self._words.depth()),
            &format!(
                "\
{words}
integer i;
always @(posedge clock) begin
    for (i = 0; i < {M}; i = i + 1)
        if (write_mask[i]) {write}[8*i +: 8] <= write_data[8*i +: 8];
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
