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
//! A read of the address that is written in the same cycle gives the *old* word. Addresses from the depth up must not
//! be used: what they read is not defined. The contents at power-up are not defined either.

use rust_hdl::prelude::*;

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
    _words: Vec<Bits<D>>,
}

impl<const A: usize, const D: usize> Ram<A, D> {
    /// A RAM of `depth` words.
    ///
    /// # Panics
    /// If `A` bits cannot address them, or if there are none.
    pub fn new(depth: usize) -> Self {
        assert!((1..=1 << A).contains(&depth), "{depth} words, {A} address bits");
        Self {
            clock: Default::default(),
            write_enable: Default::default(),
            write_address: Default::default(),
            write_data: Default::default(),
            read_address: Default::default(),
            read_data: Default::default(),
            _words: vec![Default::default(); depth],
        }
    }
}

impl<const A: usize, const D: usize> Logic for Ram<A, D> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            if let Some(&word) = self._words.get(self.read_address.val().index()) {
                self.read_data.next = word;
            }
            if self.write_enable.val()
                && let Some(word) = self._words.get_mut(self.write_address.val().index())
            {
                *word = self.write_data.val();
            }
        }
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        let depth = self._words.len();
        verilog::leaf(
            &format!("ram_{depth}x{D}_a{A}"),
            &format!(
                "(* ram_style = \"block\" *) reg [{top}:0] words [0:{last}];\n\
                 always @(posedge clock) begin\n\
                 \x20   if (write_enable) words[write_address{index}] <= write_data;\n\
                 \x20   read_data <= words[read_address{index}];\n\
                 end\n",
                top = D - 1,
                last = depth - 1,
                index = super::index(A, depth),
            ),
        )
    }
}
