//! Small RAM in LUTs like [`LutRam`](super::LutRam), whose addresses come a cycle early and are registered here, in a copy for
//! every [`FAN_OUT`] address pins.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `write_enable` | 1 | in |
//! | `next_write_address` | A | in, 1 cycle before `write_enable` |
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
    /// Where to write in the next cycle.
    pub next_write_address: Signal<In, Bits<A>>,
    /// What to write.
    pub write_data: Signal<In, Bits<D>>,
    /// Where to read in the next cycle.
    pub next_read_address: Signal<In, Bits<A>>,
    /// What is there.
    pub read_data: Signal<Out, Bits<D>>,
    _words: Words<D>,
    _write_address: Bits<A>,
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
            next_write_address: Default::default(),
            write_data: Default::default(),
            next_read_address: Default::default(),
            read_data: Default::default(),
            _words: Words::new(depth, A),
            _write_address: Bits::default(),
            _read_address: Bits::default(),
        }
    }
}

impl<const A: usize, const D: usize> Logic for QueueRam<A, D> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            if self.write_enable.val() {
                *self._words.at(self._write_address) = self.write_data.val();
            }
            self._write_address = self.next_write_address.val();
            self._read_address = self.next_read_address.val();
        }
        self.read_data.next = *self._words.at(self._read_address);
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        let depth = self._words.depth();
        let count = D.div_ceil(piece_bits(depth));
        let piece = D.div_ceil(count);
        let pieces: String = (0..count)
            .map(|i| {
                let (low, top) = (piece * i, (piece * (i + 1)).min(D) - 1);
                format!(
                    "\
(* ram_style = \"distributed\" *) reg [{width}:0] words_{i} [0:{last}];
always @(posedge clock) if (write_enable) words_{i}[to_{i}] <= write_data[{top}:{low}];
always @(*) read_data[{top}:{low}] = words_{i}[at_{i}];
",
                    width = top - low,
                    last = depth - 1,
                )
            })
            .collect();
        let addresses = |name, port| copies(name, clog2(depth), count, &self._words.index(port, A));
        let registers = addresses("to", "next_write_address") + &addresses("at", "next_read_address");
        verilog::leaf(&format!("queue_ram_{depth}x{D}_a{A}"), &(registers + &pieces))
    }
}

/// Bits of a word whose address pins are [`FAN_OUT`] at most: four LUTs hold 6 bits of 32 words or 3 of 64, and have 3 pins for
/// each bit of the read address.
fn piece_bits(depth: usize) -> usize {
    let cells = FAN_OUT / 3;
    match depth {
        ..=32 => 6 * cells,
        _ => 3 * (cells / depth.div_ceil(64)),
    }
}
