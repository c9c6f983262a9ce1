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
    _words: Vec<Bits<D>>,
}

impl<const A: usize, const D: usize, const M: usize> MaskedRam<A, D, M> {
    const WHOLE_BYTES: () = assert!(D == 8 * M, "a mask bit for each byte");

    /// A RAM of `depth` words.
    ///
    /// # Panics
    /// If `A` bits cannot address them, or if there are none.
    pub fn new(depth: usize) -> Self {
        let () = Self::WHOLE_BYTES;
        assert!((1..=1 << A).contains(&depth), "{depth} words, {A} address bits");
        Self {
            clock: Default::default(),
            write_mask: Default::default(),
            write_address: Default::default(),
            write_data: Default::default(),
            read_address: Default::default(),
            read_data: Default::default(),
            _words: vec![Default::default(); depth],
        }
    }
}

impl<const A: usize, const D: usize, const M: usize> Logic for MaskedRam<A, D, M> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            if let Some(&word) = self._words.get(self.read_address.val().index()) {
                self.read_data.next = word;
            }
            if let Some(word) = self._words.get_mut(self.write_address.val().index()) {
                for byte in (0..M).filter(|&byte| self.write_mask.val().get_bit(byte)) {
                    word.set_bits::<8>(8 * byte, self.write_data.val().get_bits(8 * byte));
                }
            }
        }
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        let depth = self._words.len();
        verilog::leaf(
            &format!("masked_ram_{depth}x{D}_a{A}"),
            &format!(
                "(* ram_style = \"block\" *) reg [{top}:0] words [0:{last}];\n\
                 integer i;\n\
                 always @(posedge clock) begin\n\
                 \x20   for (i = 0; i < {M}; i = i + 1)\n\
                 \x20       if (write_mask[i]) words[write_address{index}][8*i +: 8] <= write_data[8*i +: 8];\n\
                 \x20   read_data <= words[read_address{index}];\n\
                 end\n",
                top = D - 1,
                last = depth - 1,
                index = super::index(A, depth),
            ),
        )
    }
}
