//! The stream reader of one column: holds the column's weights and positions, and reads a pair for each slot word.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `valid_in`, `valid_out` | 1 | from the left, to the right 1 cycle later: there is a word |
//! | `first_in`, `first_out` | 1 | with it: it starts a sum |
//! | `last_in`, `last_out` | 1 | with it: it ends a sum |
//! | `address_in`, `address_out` | 16 | with it: where it is in the word buffer |
//! | `dense_in`, `dense_out` | 1 | with it: its position is the implicit one, not that of the memory |
//! | `implicit_in`, `implicit_out` | P = log2 W | with it |
//! | `weight` | 8 | out, to the array, 2 cycles after `valid_in`; 0 if there is no word |
//! | `position` | P | with it; not defined if there is no word |
//! | `first`, `last` | 1 | with it; 0 if there is no word |
//! | `weight_data`, `weight_write` | 8, 1 | in: a weight, and 1 cycle later: write it |
//! | `position_data`, `position_write` | P, 1 | in: a position, and 1 cycle later: write it |
//! | `memory_entry` | 16 | in, with the write: of which word |
//!
//! ```text
//! cycle        t          t+1                      t+2
//! column 0     valid_in   address register         weight, position, first, last
//! column 1                valid_in                 address register               ...
//! ```
//!
//! `first_in` and `last_in` count only with `valid_in`. A word must not be read in the cycle in which it is written. The
//! word buffer is a ring: addresses wrap at its depth.

use rust_hdl::prelude::*;

use crate::cells::{Ram, Reg};

/// See the module. `P` position bits.
#[derive(LogicBlock)]
pub struct Column<const P: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// A word from the left.
    pub valid_in: Signal<In, Bit>,
    /// A word to the right.
    pub valid_out: Signal<Out, Bit>,
    /// First word of a sum from the left.
    pub first_in: Signal<In, Bit>,
    /// First word of a sum to the right.
    pub first_out: Signal<Out, Bit>,
    /// Last word of a sum from the left.
    pub last_in: Signal<In, Bit>,
    /// Last word of a sum to the right.
    pub last_out: Signal<Out, Bit>,
    /// Address of the word from the left.
    pub address_in: Signal<In, Bits<16>>,
    /// Address of the word to the right.
    pub address_out: Signal<Out, Bits<16>>,
    /// Implicit position or that of the memory, from the left.
    pub dense_in: Signal<In, Bit>,
    /// Implicit position or that of the memory, to the right.
    pub dense_out: Signal<Out, Bit>,
    /// Implicit position from the left.
    pub implicit_in: Signal<In, Bits<P>>,
    /// Implicit position to the right.
    pub implicit_out: Signal<Out, Bits<P>>,
    /// Weight to the array.
    pub weight: Signal<Out, Bits<8>>,
    /// Position to the array.
    pub position: Signal<Out, Bits<P>>,
    /// First word of a sum to the array.
    pub first: Signal<Out, Bit>,
    /// Last word of a sum to the array.
    pub last: Signal<Out, Bit>,
    /// Write a weight.
    pub weight_write: Signal<In, Bit>,
    /// The weight.
    pub weight_data: Signal<In, Bits<8>>,
    /// Write a position.
    pub position_write: Signal<In, Bit>,
    /// The position.
    pub position_data: Signal<In, Bits<P>>,
    /// Of which word.
    pub memory_entry: Signal<In, Bits<16>>,

    no_weight: Constant<Bits<8>>,
    new_weight: Reg<Bits<8>>,
    new_position: Reg<Bits<P>>,
    valid_at_address: Reg<Bit>,
    first_at_address: Reg<Bit>,
    last_at_address: Reg<Bit>,
    address: Reg<Bits<16>>,
    dense_at_address: Reg<Bit>,
    implicit_at_address: Reg<Bits<P>>,
    weights: Ram<16, 8>,
    positions: Ram<16, P>,
    valid_at_data: Reg<Bit>,
    first_at_data: Reg<Bit>,
    last_at_data: Reg<Bit>,
    dense_at_data: Reg<Bit>,
    implicit_at_data: Reg<Bits<P>>,
}

impl<const P: usize> Column<P> {
    /// A reader for `depth` words, a power of two.
    pub fn new(depth: usize) -> Self {
        Self {
            clock: Default::default(),
            valid_in: Default::default(),
            valid_out: Default::default(),
            first_in: Default::default(),
            first_out: Default::default(),
            last_in: Default::default(),
            last_out: Default::default(),
            address_in: Default::default(),
            address_out: Default::default(),
            dense_in: Default::default(),
            dense_out: Default::default(),
            implicit_in: Default::default(),
            implicit_out: Default::default(),
            weight: Default::default(),
            position: Default::default(),
            first: Default::default(),
            last: Default::default(),
            weight_write: Default::default(),
            weight_data: Default::default(),
            position_write: Default::default(),
            position_data: Default::default(),
            memory_entry: Default::default(),
            no_weight: Constant::new(0.into()),
            new_weight: Default::default(),
            new_position: Default::default(),
            valid_at_address: Default::default(),
            first_at_address: Default::default(),
            last_at_address: Default::default(),
            address: Default::default(),
            dense_at_address: Default::default(),
            implicit_at_address: Default::default(),
            weights: Ram::new(depth),
            positions: Ram::new(depth),
            valid_at_data: Default::default(),
            first_at_data: Default::default(),
            last_at_data: Default::default(),
            dense_at_data: Default::default(),
            implicit_at_data: Default::default(),
        }
    }
}

impl<const P: usize> Logic for Column<P> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, valid_at_address, first_at_address, last_at_address, address);
        clock!(self, clock, dense_at_address, implicit_at_address, dense_at_data, implicit_at_data);
        clock!(self, clock, weights, positions, valid_at_data, first_at_data, last_at_data);
        clock!(self, clock, new_weight, new_position);

        // Address registers, passed on.
        self.valid_at_address.d.next = self.valid_in.val();
        self.first_at_address.d.next = self.first_in.val();
        self.last_at_address.d.next = self.last_in.val();
        self.address.d.next = self.address_in.val();
        self.dense_at_address.d.next = self.dense_in.val();
        self.implicit_at_address.d.next = self.implicit_in.val();
        self.valid_out.next = self.valid_at_address.q.val();
        self.first_out.next = self.first_at_address.q.val();
        self.last_out.next = self.last_at_address.q.val();
        self.address_out.next = self.address.q.val();
        self.dense_out.next = self.dense_at_address.q.val();
        self.implicit_out.next = self.implicit_at_address.q.val();

        // What reaches the array.
        self.weights.read_address.next = self.address.q.val();
        self.positions.read_address.next = self.address.q.val();
        self.valid_at_data.d.next = self.valid_at_address.q.val();
        self.first_at_data.d.next = self.first_at_address.q.val() & self.valid_at_address.q.val();
        self.last_at_data.d.next = self.last_at_address.q.val() & self.valid_at_address.q.val();
        self.dense_at_data.d.next = self.dense_at_address.q.val();
        self.implicit_at_data.d.next = self.implicit_at_address.q.val();
        self.weight.next = self.no_weight.val();
        if self.valid_at_data.q.val() {
            self.weight.next = self.weights.read_data.val();
        }
        self.position.next = self.positions.read_data.val();
        if self.dense_at_data.q.val() {
            self.position.next = self.implicit_at_data.q.val();
        }
        self.first.next = self.first_at_data.q.val();
        self.last.next = self.last_at_data.q.val();

        // Memories.
        self.new_weight.d.next = self.weight_data.val();
        self.new_position.d.next = self.position_data.val();
        self.weights.write_enable.next = self.weight_write.val();
        self.weights.write_address.next = self.memory_entry.val();
        self.weights.write_data.next = self.new_weight.q.val();
        self.positions.write_enable.next = self.position_write.val();
        self.positions.write_address.next = self.memory_entry.val();
        self.positions.write_data.next = self.new_position.q.val();
    }
}
