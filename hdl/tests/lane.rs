//! The Rust simulation of a lane against `pleach_spec`, with everything a record can say.

use pleach_hdl::requant::Lane;
use pleach_spec::command::{Combination, Parameter};
use pleach_spec::numerics::{Combine, MAX_COMBINE_SHIFT, MAX_SHIFT, Multiplier, Operand, Requantize};
use pleach_spec::timing::LANE_LATENCY;
use proptest::prelude::*;
use rust_hdl::prelude::{Bits, simulate};

/// Cycle of a lane in which the byte of cycle 0's sum may be kept or combined.
const BYTE: u64 = 10;

fn clamp() -> impl Strategy<Value = [i8; 2]> {
    any::<[i8; 2]>().prop_map(|mut clamp| {
        clamp.sort_unstable();
        clamp
    })
}

fn parameter() -> impl Strategy<Value = Parameter> {
    let factor = (0u32..1 << 24, 1..=MAX_SHIFT);
    (any::<i32>(), factor, any::<i8>(), clamp(), 0u32..2, 0u32..2).prop_map(
        |(bias, (multiplier, shift), zero_point, [low, high], table, bank)| {
            let factor = Multiplier { multiplier, shift };
            Parameter { table, bank, ..Requantize { bias, factor, zero_point, low, high }.into() }
        },
    )
}

fn combine() -> impl Strategy<Value = Combine> {
    let operand = || {
        (0u32..1 << 24, any::<i8>()).prop_map(|(multiplier, zero_point)| Operand { multiplier, zero_point })
    };
    ([operand(), operand()], 1..=MAX_COMBINE_SHIFT, any::<i8>(), clamp()).prop_map(
        |(operands, shift, zero_point, [low, high])| Combine { operands, shift, zero_point, low, high },
    )
}

fn byte(value: i8) -> Bits<8> {
    u64::from(value as u8).into()
}

/// A lane whose parameters stand still.
struct Bench {
    lane: Box<Lane>,
}

impl Bench {
    fn new(parameter: Parameter, combine: Combine) -> Self {
        let mut lane = Box::new(Lane::new(2));
        lane.bias.next = u64::from(parameter.bias as u32).into();
        lane.multiplier.next = u64::from(parameter.multiplier).into();
        lane.shift.next = u64::from(parameter.shift).into();
        lane.zero_point.next = byte(parameter.zero_point as i8);
        lane.low.next = byte(parameter.low as i8);
        lane.high.next = byte(parameter.high as i8);
        lane.use_table.next = parameter.table == 1;
        lane.bank.next = parameter.bank == 1;
        let combination = Combination::from(combine);
        lane.first_zero.next = byte(combination.first_zero_point as i8);
        lane.first_factor.next = u64::from(combination.first_multiplier).into();
        lane.second_zero.next = byte(combination.second_zero_point as i8);
        lane.second_factor.next = u64::from(combination.second_multiplier).into();
        lane.sum_shift.next = u64::from(combination.shift).into();
        lane.sum_zero_point.next = byte(combination.zero_point as i8);
        lane.sum_low.next = byte(combination.low as i8);
        lane.sum_high.next = byte(combination.high as i8);
        Self { lane }
    }

    /// What the lane gives in this cycle, which then ends.
    fn cycle(&mut self) -> i8 {
        self.settle(false);
        let value = self.lane.value.val().to_u8() as i8;
        self.settle(true);
        value
    }

    fn settle(&mut self, level: bool) {
        self.lane.clock.next = level.into();
        assert!(simulate(&mut *self.lane, 10), "does not settle");
    }

    fn write_table(&mut self, bank: u32, index: i8, data: i8) {
        self.lane.table_write.next = true;
        self.lane.table_address.next = u64::from(bank << 8 | u32::from(index as u8)).into();
        self.lane.table_data.next = byte(data);
        self.cycle();
        self.lane.table_write.next = false;
    }
}

proptest! {
    #[test]
    fn a_sum_becomes_a_byte_and_two_bytes_one(
        parameter in parameter(),
        combine in combine(),
        sums in any::<[i32; 2]>(),
        scale in 0u32..32,
        entries in any::<[i8; 2]>(),
        index in 0u64..2,
    ) {
        let sums = sums.map(|sum| sum >> scale);
        let mut bench = Bench::new(parameter, combine);
        let bytes = sums.map(|sum| Requantize::from(parameter).apply(sum));
        let mut table = [[0; 256]; 2];
        for (index, data) in bytes.into_iter().zip(entries) {
            for bank in 0..2 {
                let data = if bank == parameter.bank { data } else { !data };
                table[bank as usize][usize::from(index as u8)] = data;
                bench.write_table(bank, index, data);
            }
        }
        let [first, second] = bytes.map(|byte| match parameter.table {
            0 => byte,
            _ => table[parameter.bank as usize][usize::from(byte as u8)],
        });

        bench.lane.index.next = index.into();
        let mut values = Vec::new();
        for cycle in 0..=LANE_LATENCY + 1 {
            bench.lane.sum.next = u64::from(sums[usize::from(cycle > 0)] as u32).into();
            bench.lane.keep.next = cycle == BYTE;
            bench.lane.combine.next = cycle == BYTE + 1;
            values.push(bench.cycle());
        }
        prop_assert_eq!(values[LANE_LATENCY as usize], first);
        prop_assert_eq!(values[LANE_LATENCY as usize + 1], combine.apply(first, second));
    }
}
