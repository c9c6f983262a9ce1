//! A requantize lane: the sums of the even or the odd rows of one column, one a cycle, to int8.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `sum` | 32 | in, two's complement, in cycle u |
//! | `bias`, ..., `sum_high` | | in, in the cycles given for [`Parameters`](super::Parameters) |
//! | `keep` | 1 | in, cycle u+10: keep the byte as that of pair `index` |
//! | `combine` | 1 | in, cycle u+10: the result is the combination of the byte with the one kept for pair `index` |
//! | `index` | 5 | in, cycle u+10 |
//! | `value` | 8 | out, two's complement, in cycle u+19 |
//! | `table_write`, `table_address`, `table_data` | 1, 9, 8 | in: write a byte of a table; bank and index |
//!
//! ```text
//!   sum --> [ multiply ] --> [ round ] --> [ table ] --byte--+--> [ kept bytes ] --first--> [ blend ] --> [ round ] --> value
//!                                                            +--second--------------------->     low, high ---^
//!                                                            +--around--------------------------------> (both)
//! ```

use rust_hdl::prelude::*;

use super::{BLEND_CYCLES, Blend, Multiply, ROUND_CYCLES, Round};
use crate::cells::{Delay, LutRam, Reg};

/// See the module.
#[derive(LogicBlock)]
pub struct Lane {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Sum of products.
    pub sum: Signal<In, Bits<32>>,
    /// Added to the sum.
    pub bias: Signal<In, Bits<32>>,
    /// What the sum is multiplied by.
    pub multiplier: Signal<In, Bits<24>>,
    /// Shift of the product.
    pub shift: Signal<In, Bits<6>>,
    /// Added after rounding.
    pub zero_point: Signal<In, Bits<8>>,
    /// Lower clamp.
    pub low: Signal<In, Bits<8>>,
    /// Upper clamp.
    pub high: Signal<In, Bits<8>>,
    /// The byte goes through a table.
    pub use_table: Signal<In, Bit>,
    /// Which one.
    pub bank: Signal<In, Bit>,
    /// Keep the byte.
    pub keep: Signal<In, Bit>,
    /// Combine the byte.
    pub combine: Signal<In, Bit>,
    /// Pair.
    pub index: Signal<In, Bits<5>>,
    /// Zero point of the first operand.
    pub first_zero: Signal<In, Bits<8>>,
    /// Factor of the first operand.
    pub first_factor: Signal<In, Bits<24>>,
    /// Zero point of the second operand.
    pub second_zero: Signal<In, Bits<8>>,
    /// Factor of the second operand.
    pub second_factor: Signal<In, Bits<24>>,
    /// Shift of their sum.
    pub sum_shift: Signal<In, Bits<6>>,
    /// Added to the sum after rounding.
    pub sum_zero_point: Signal<In, Bits<8>>,
    /// Lower clamp of the sum.
    pub sum_low: Signal<In, Bits<8>>,
    /// Upper clamp of the sum.
    pub sum_high: Signal<In, Bits<8>>,
    /// The activation made of it all.
    pub value: Signal<Out, Bits<8>>,
    /// Write a byte of a table.
    pub table_write: Signal<In, Bit>,
    /// Which one.
    pub table_address: Signal<In, Bits<9>>,
    /// The byte.
    pub table_data: Signal<In, Bits<8>>,

    multiply: Multiply,
    round: Round<56, 2>,
    table_0: LutRam<8, 8>,
    table_1: LutRam<8, 8>,
    requantized: Reg<Bits<8>>,
    kept: LutRam<5, 8>,
    blend: Blend,
    around: Delay<Bits<8>>,
    combined: Delay<Bit>,
    floor: Reg<Bits<8>>,
    ceiling: Reg<Bits<8>>,
    round_sum: Round<34, 1>,
}

impl Lane {
    /// A lane that keeps the bytes of `pairs` pairs, a power of two.
    pub fn new(pairs: usize) -> Self {
        // To the cycle before the clamps are needed.
        let around = BLEND_CYCLES + ROUND_CYCLES - 2;
        Self {
            clock: Default::default(),
            sum: Default::default(),
            bias: Default::default(),
            multiplier: Default::default(),
            shift: Default::default(),
            zero_point: Default::default(),
            low: Default::default(),
            high: Default::default(),
            use_table: Default::default(),
            bank: Default::default(),
            keep: Default::default(),
            combine: Default::default(),
            index: Default::default(),
            first_zero: Default::default(),
            first_factor: Default::default(),
            second_zero: Default::default(),
            second_factor: Default::default(),
            sum_shift: Default::default(),
            sum_zero_point: Default::default(),
            sum_low: Default::default(),
            sum_high: Default::default(),
            value: Default::default(),
            table_write: Default::default(),
            table_address: Default::default(),
            table_data: Default::default(),
            multiply: Default::default(),
            round: Default::default(),
            table_0: LutRam::new(256),
            table_1: LutRam::new(256),
            requantized: Default::default(),
            kept: LutRam::new(pairs),
            blend: Default::default(),
            around: Delay::new(around),
            combined: Delay::new(around),
            floor: Default::default(),
            ceiling: Default::default(),
            round_sum: Default::default(),
        }
    }
}

impl Logic for Lane {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, multiply, round, table_0, table_1, requantized, kept);
        clock!(self, clock, blend, around, combined, floor, ceiling, round_sum);

        // Requantize.
        self.multiply.sum.next = self.sum.val();
        self.multiply.bias.next = self.bias.val();
        self.multiply.multiplier.next = self.multiplier.val();
        self.round.product.next = self.multiply.product.val();
        self.round.shift.next = self.shift.val();
        self.round.zero_point.next = self.zero_point.val();
        self.round.low.next = self.low.val();
        self.round.high.next = self.high.val();

        // Tables.
        self.table_0.write_enable.next = self.table_write.val() & !self.table_address.val().get_bit(8);
        self.table_0.write_address.next = self.table_address.val().get_bits::<8>(0);
        self.table_0.write_data.next = self.table_data.val();
        self.table_0.read_address.next = self.round.value.val();
        self.table_1.write_enable.next = self.table_write.val() & self.table_address.val().get_bit(8);
        self.table_1.write_address.next = self.table_address.val().get_bits::<8>(0);
        self.table_1.write_data.next = self.table_data.val();
        self.table_1.read_address.next = self.round.again.val();
        self.requantized.d.next = self.round.value.val();
        if self.use_table.val() {
            self.requantized.d.next = self.table_0.read_data.val();
            if self.bank.val() {
                self.requantized.d.next = self.table_1.read_data.val();
            }
        }

        // Two operands on one scale.
        self.kept.write_enable.next = self.keep.val();
        self.kept.write_address.next = self.index.val();
        self.kept.write_data.next = self.requantized.q.val();
        self.kept.read_address.next = self.index.val();
        self.blend.first.next = self.kept.read_data.val();
        self.blend.first_zero.next = self.first_zero.val();
        self.blend.first_factor.next = self.first_factor.val();
        self.blend.second.next = self.requantized.q.val();
        self.blend.second_zero.next = self.second_zero.val();
        self.blend.second_factor.next = self.second_factor.val();
        self.round_sum.product.next = self.blend.sum.val();
        self.round_sum.shift.next = self.sum_shift.val();
        self.round_sum.zero_point.next = self.sum_zero_point.val();

        // Or the byte as it is.
        self.around.d.next = self.requantized.q.val();
        self.combined.d.next = self.combine.val();
        self.floor.d.next = self.around.q.val();
        self.ceiling.d.next = self.around.q.val();
        if self.combined.q.val() {
            self.floor.d.next = self.sum_low.val();
            self.ceiling.d.next = self.sum_high.val();
        }
        self.round_sum.low.next = self.floor.q.val();
        self.round_sum.high.next = self.ceiling.q.val();
        self.value.next = self.round_sum.value.val();
    }
}
