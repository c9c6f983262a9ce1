//! True dual port block RAM: port A reads, port B reads or writes single bytes.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `read_address` | A | in, port A |
//! | `read_data` | D | out, 1 cycle after `read_address` |
//! | `address` | A | in, port B |
//! | `write_mask` | M | in, bit *i* writes byte *i*; zero writes nothing |
//! | `write_data` | D = 8 M | in |
//! | `data` | D | out, 1 cycle after `address`: what was there |
//!
//! Each port has its own address, as the two ports of a RAMB36E1 have. Port A reading the word that port B writes in the same
//! cycle gives anything; see [`Ram`](super::Ram) for the rest.

use rust_hdl::prelude::*;

use super::words::Words;
use crate::verilog;

/// See the module. `A` address bits, words of `D` bits, `M` = `D`/8 bytes.
#[derive(Debug, LogicBlock)]
pub struct DualRam<const A: usize, const D: usize, const M: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Where to read.
    pub read_address: Signal<In, Bits<A>>,
    /// What was there.
    pub read_data: Signal<Out, Bits<D>>,
    /// Where to write, or to read too.
    pub address: Signal<In, Bits<A>>,
    /// Bytes to write in this cycle.
    pub write_mask: Signal<In, Bits<M>>,
    /// What to write.
    pub write_data: Signal<In, Bits<D>>,
    /// What was there.
    pub data: Signal<Out, Bits<D>>,
    _words: Words<D>,
}

impl<const A: usize, const D: usize, const M: usize> DualRam<A, D, M> {
    const WHOLE_BYTES: () = assert!(D == 8 * M, "a mask bit for each byte");

    /// A RAM of `depth` words.
    ///
    /// # Panics
    /// If that is not a power of two from 2 to what `A` bits can address.
    pub fn new(depth: usize) -> Self {
        let () = Self::WHOLE_BYTES;
        Self {
            clock: Default::default(),
            read_address: Default::default(),
            read_data: Default::default(),
            address: Default::default(),
            write_mask: Default::default(),
            write_data: Default::default(),
            data: Default::default(),
            _words: Words::new(depth, A),
        }
    }
}

impl<const A: usize, const D: usize, const M: usize> Logic for DualRam<A, D, M> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.read_data.next = *self._words.at(self.read_address.val());
            let word = self._words.at(self.address.val());
            self.data.next = *word;
            for byte in (0..M).filter(|&byte| self.write_mask.val().get_bit(byte)) {
                word.set_bits::<8>(8 * byte, self.write_data.val().get_bits(8 * byte));
            }
        }
    }

    fn connect(&mut self) {
        self.read_data.connect();
        self.data.connect();
    }

    fn hdl(&self) -> Verilog {
        verilog::leaf(
            &format!("dual_ram_{}x{D}_a{A}", self._words.depth()),
            &format!(
                "\
{words}
integer i;
always @(posedge clock) begin
    for (i = 0; i < {M}; i = i + 1)
        if (write_mask[i]) {word}[8*i +: 8] <= write_data[8*i +: 8];
    data <= {word};
end
always @(posedge clock) read_data <= {read};
",
                words = self._words.declaration("block"),
                word = self._words.indexed("address", A),
                read = self._words.indexed("read_address", A),
            ),
        )
    }
}
