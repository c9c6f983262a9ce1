//! Small RAM in LUTs like [`LutRam`](super::LutRam), whose read address comes a cycle early and is registered here, in a
//! copy for every [`FAN_OUT`] address pins.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `write_enable` | 1 | in |
//! | `write_address` | A | in |
//! | `write_data` | D | in |
//! | `next_read_address` | A | in |
//! | `read_data` | D | out, 1 cycle after `next_read_address`: what was written up to then |
//!
//! A word written in the cycle of its `next_read_address` is read.

use rust_hdl::prelude::*;

use super::words::Words;
use super::{FAN_OUT, copies};
use crate::verilog;

/// See the module. `A` address bits, words of `D` bits.
#[derive(Debug, LogicBlock)]
pub struct QueueRam<const A: usize, const D: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Write in this cycle.
    pub write_enable: Signal<In, Bit>,
    /// Where to write.
    pub write_address: Signal<In, Bits<A>>,
    /// What to write.
    pub write_data: Signal<In, Bits<D>>,
    /// Where to read in the next cycle.
    pub next_read_address: Signal<In, Bits<A>>,
    /// What is there.
    pub read_data: Signal<Out, Bits<D>>,
    _words: Words<D>,
    _read_address: Bits<A>,
}

impl<const A: usize, const D: usize> QueueRam<A, D> {
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
            next_read_address: Default::default(),
            read_data: Default::default(),
            _words: Words::new(depth, A),
            _read_address: Bits::default(),
        }
    }
}

impl<const A: usize, const D: usize> Logic for QueueRam<A, D> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            if self.write_enable.val() {
                *self._words.at(self.write_address.val()) = self.write_data.val();
            }
            self._read_address = self.next_read_address.val();
        }
        self.read_data.next = *self._words.at(self._read_address);
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        let depth = self._words.depth();
        // A LUT RAM of 64 words has an address pin a bit, and three bits are one cell.
        let piece = FAN_OUT * 64 / depth.max(64) / 3 * 3;
        let write = self._words.index("write_address", A);
        let read = self._words.index("read_address", A);
        let address_bits = clog2(depth);
        let pieces: String = (0..D.div_ceil(piece))
            .map(|i| {
                let (low, top) = (piece * i, (piece * (i + 1)).min(D) - 1);
                format!(
                    "\
(* ram_style = \"distributed\" *) reg [{width}:0] words_{i} [0:{last}];
always @(posedge clock) if (write_enable) words_{i}[{write}] <= write_data[{top}:{low}];
always @(*) read_data[{top}:{low}] = words_{i}[at_{i}];
",
                    width = top - low,
                    last = depth - 1,
                )
            })
            .collect();
        let next = read.replace("read_address", "next_read_address");
        let addresses = copies("at", address_bits, D.div_ceil(piece), &next);
        verilog::leaf(&format!("queue_ram_{depth}x{D}_a{A}"), &(addresses + &pieces))
    }
}
