//! What the RAM cells have in common: their contents in the Rust simulation, and how Verilog addresses them.

use rust_hdl::prelude::*;

/// A power of two of words of `D` bits; addresses wrap.
#[derive(Debug)]
pub(super) struct Words<const D: usize>(Vec<Bits<D>>);

impl<const D: usize> Words<D> {
    /// `depth` words for an address of `address_bits`.
    ///
    /// # Panics
    /// If the depth is not a power of two, is less than two, or is more than the address can reach.
    pub fn new(depth: usize, address_bits: usize) -> Self {
        assert!(
            depth.is_power_of_two() && (2..=1 << address_bits).contains(&depth),
            "a RAM of {depth} words with an address of {address_bits} bits"
        );
        Self(vec![Bits::default(); depth])
    }

    /// Number of words.
    pub fn depth(&self) -> usize {
        self.0.len()
    }

    /// The word at an address.
    pub fn at<const A: usize>(&mut self, address: Bits<A>) -> &mut Bits<D> {
        let depth = self.depth();
        &mut self.0[address.index() % depth]
    }

    /// The declaration of the words, with the style that synthesis is to use for them.
    pub fn declaration(&self, style: &str) -> String {
        format!("(* ram_style = \"{style}\" *) reg [{}:0] words [0:{}];", D - 1, self.depth() - 1)
    }

    /// `words[...]` for an address port of `address_bits`.
    pub fn indexed(&self, port: &str, address_bits: usize) -> String {
        format!("words[{}]", self.index(port, address_bits))
    }

    /// The bits that count of an address port of `address_bits`.
    pub fn index(&self, port: &str, address_bits: usize) -> String {
        match clog2(self.depth()) {
            needed if needed < address_bits => format!("{port}[{}:0]", needed - 1),
            _ => port.to_owned(),
        }
    }
}
