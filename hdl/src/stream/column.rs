//! The stream reader of one column: holds the column's weights and positions, and reads a pair for each slot word.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `valid_in`, `valid_out` | 1 | from the left, to the right 1 cycle later: there is a word |
//! | `first_in`, `first_out` | 1 | with it: it starts a sum |
//! | `last_in`, `last_out` | 1 | with it: it ends a sum |
//! | `address_in`, `address_out` | 16 | with it: where it is in the word buffer |
//! | `weight` | 8 | out, to the array, 2 cycles after `valid_in`; 0 if there is no word |
//! | `position` | P = log2 W | with it; not defined if there is no word |
//! | `first`, `last` | 1 | with it; 0 if there is no word |
//! | `memory_write` | 1 | in: write `memory_weight` or `memory_position` |
//! | `memory_beat` | 1 | in: 0 the weight, 1 the position |
//! | `memory_entry` | 16 | in: of which word |
//! | `memory_weight` | 8 | in |
//! | `memory_position` | P | in |
//!
//! ```text
//! cycle        t          t+1                      t+2
//! column 0     valid_in   address register         weight, position, first, last
//! column 1                valid_in                 address register               ...
//! ```
//!
//! `first_in` and `last_in` count only with `valid_in`. Memory is written while no word is read. The word buffer is a
//! ring: addresses wrap at its depth.

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
    /// Weight to the array.
    pub weight: Signal<Out, Bits<8>>,
    /// Position to the array.
    pub position: Signal<Out, Bits<P>>,
    /// First word of a sum to the array.
    pub first: Signal<Out, Bit>,
    /// Last word of a sum to the array.
    pub last: Signal<Out, Bit>,
    /// Write to memory.
    pub memory_write: Signal<In, Bit>,
    /// Which memory.
    pub memory_beat: Signal<In, Bit>,
    /// Where in it.
    pub memory_entry: Signal<In, Bits<16>>,
    /// Weight to write.
    pub memory_weight: Signal<In, Bits<8>>,
    /// Position to write.
    pub memory_position: Signal<In, Bits<P>>,

    no_weight: Constant<Bits<8>>,
    valid_at_address: Reg<Bit>,
    first_at_address: Reg<Bit>,
    last_at_address: Reg<Bit>,
    address: Reg<Bits<16>>,
    weights: Ram<16, 8>,
    positions: Ram<16, P>,
    valid_at_data: Reg<Bit>,
    first_at_data: Reg<Bit>,
    last_at_data: Reg<Bit>,
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
            weight: Default::default(),
            position: Default::default(),
            first: Default::default(),
            last: Default::default(),
            memory_write: Default::default(),
            memory_beat: Default::default(),
            memory_entry: Default::default(),
            memory_weight: Default::default(),
            memory_position: Default::default(),
            no_weight: Constant::new(0.into()),
            valid_at_address: Default::default(),
            first_at_address: Default::default(),
            last_at_address: Default::default(),
            address: Default::default(),
            weights: Ram::new(depth),
            positions: Ram::new(depth),
            valid_at_data: Default::default(),
            first_at_data: Default::default(),
            last_at_data: Default::default(),
        }
    }
}

impl<const P: usize> Logic for Column<P> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, valid_at_address, first_at_address, last_at_address, address);
        clock!(self, clock, weights, positions, valid_at_data, first_at_data, last_at_data);

        // Address registers, passed on.
        self.valid_at_address.d.next = self.valid_in.val();
        self.first_at_address.d.next = self.first_in.val();
        self.last_at_address.d.next = self.last_in.val();
        self.address.d.next = self.address_in.val();
        self.valid_out.next = self.valid_at_address.q.val();
        self.first_out.next = self.first_at_address.q.val();
        self.last_out.next = self.last_at_address.q.val();
        self.address_out.next = self.address.q.val();

        // What reaches the array.
        self.weights.read_address.next = self.address.q.val();
        self.positions.read_address.next = self.address.q.val();
        self.valid_at_data.d.next = self.valid_at_address.q.val();
        self.first_at_data.d.next = self.first_at_address.q.val() & self.valid_at_address.q.val();
        self.last_at_data.d.next = self.last_at_address.q.val() & self.valid_at_address.q.val();
        self.weight.next = self.no_weight.val();
        if self.valid_at_data.q.val() {
            self.weight.next = self.weights.read_data.val();
        }
        self.position.next = self.positions.read_data.val();
        self.first.next = self.first_at_data.q.val();
        self.last.next = self.last_at_data.q.val();

        // Memory.
        self.weights.write_enable.next = self.memory_write.val() & !self.memory_beat.val();
        self.weights.write_address.next = self.memory_entry.val();
        self.weights.write_data.next = self.memory_weight.val();
        self.positions.write_enable.next = self.memory_write.val() & self.memory_beat.val();
        self.positions.write_address.next = self.memory_entry.val();
        self.positions.write_data.next = self.memory_position.val();
    }
}
