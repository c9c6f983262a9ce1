//! Every kernel that this processor has gives what the definitions give.

use super::*;
use crate::fast::compute::matrix::MatrixBuilder;
use pleach_spec::command::Parameter;
use pleach_spec::numerics::{Combine, Multiplier, Operand, Requantize};
use pleach_spec::pass::Tables;
use proptest::prelude::*;
use std::sync::Arc;

/// Vectors of a panel.
const VECTORS: usize = 5;

/// Weights with their operand and column; some columns pick a channel more than once.
fn terms() -> impl Strategy<Value = Vec<(usize, usize, i8)>> {
    let weight = prop_oneof![4 => any::<i8>(), 1 => Just(-128), 1 => Just(127)];
    let term = (0..VECTORS * VECTOR, 0..COLUMNS, weight);
    // From a few weights a vector, as pruning leaves them, to all and more.
    prop_oneof![prop::collection::vec(term.clone(), 0..200), prop::collection::vec(term, 1000..3000)]
}

fn activations() -> impl Strategy<Value = Vec<i8>> {
    let activation = prop_oneof![4 => any::<i8>(), 1 => Just(-128), 1 => Just(127)];
    prop::collection::vec(activation, VECTORS * PIXELS * VECTOR)
}

fn sums() -> impl Strategy<Value = Sums> {
    let sum = prop_oneof![2 => any::<i32>(), 4 => -2_000_000..2_000_000i32, 1 => Just(i32::MIN), 1 => Just(i32::MAX)];
    prop::collection::vec(sum, PIXELS * COLUMNS)
        .prop_map(|sums| std::array::from_fn(|p| std::array::from_fn(|c| sums[p * COLUMNS + c])))
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<i8>(), PIXELS * COLUMNS)
        .prop_map(|bytes| std::array::from_fn(|p| std::array::from_fn(|c| bytes[p * COLUMNS + c])))
}

/// Zero point and clamp.
fn ends() -> impl Strategy<Value = [i8; 3]> {
    (any::<i8>(), any::<i8>(), any::<i8>()).prop_map(|(zero, a, b)| [zero, a.min(b), a.max(b)])
}

/// Parameters whose results are mostly in range, and some that are anything. Small multipliers meet many ties.
fn parameters() -> impl Strategy<Value = Vec<Parameter>> {
    let factor = prop_oneof![
        4 => (0x80_0000..0x100_0000u32, 24..44u8),
        1 => (0..4u32, 1..8u8),
        1 => (0..0x100_0000u32, 1..=62u8),
    ];
    let parameter = (any::<i32>(), -5000..5000i32, any::<bool>(), factor, ends(), 0..4u32);
    let parameter =
        parameter.prop_map(|(any, small, wraps, (multiplier, shift), [zero_point, low, high], table)| {
            let bias = if wraps { any } else { small };
            let factor = Multiplier { multiplier, shift };
            let requantize = Requantize { bias, factor, zero_point, low, high };
            Parameter { table: table / 2, bank: table % 2, ..Parameter::from(requantize) }
        });
    prop::collection::vec(parameter, 1..=COLUMNS)
}

fn combine() -> impl Strategy<Value = Combine> {
    let operand = (0..0x100_0000u32, any::<i8>())
        .prop_map(|(multiplier, zero_point)| Operand { multiplier, zero_point });
    (operand.clone(), operand, 1..=40u8, ends()).prop_map(
        |(first, second, shift, [zero_point, low, high])| Combine {
            operands: [first, second],
            shift,
            zero_point,
            low,
            high,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sums_are_those_of_the_products(
        terms in terms(), activations in activations(), before in sums(), pixels in 1..=PIXELS
    ) {
        let mut builder = MatrixBuilder::default();
        for &(operand, column, weight) in &terms {
            builder.add(operand, column, weight);
        }
        let matrix = builder.build();
        let at = |pixel: usize, operand: usize| {
            activations[(operand / VECTOR * PIXELS + pixel) * VECTOR + operand % VECTOR]
        };
        let vectors: Vec<Biased> = activations
            .chunks(VECTOR)
            .map(|vector| std::array::from_fn(|channel| vector[channel] as u8 ^ BIAS))
            .collect();
        let places: Vec<[u32; PIXELS]> = (0..VECTORS)
            .map(|vector| std::array::from_fn(|pixel| (vector * PIXELS + pixel) as u32))
            .collect();
        let operands = Operands { vectors: &vectors, places: &places };
        let mut expected = before;
        for &(operand, column, weight) in &terms {
            for (pixel, sums) in expected.iter_mut().enumerate() {
                let product = i32::from(weight) * i32::from(at(pixel, operand));
                sums[column] = sums[column].wrapping_add(product);
            }
        }
        for kernel in Kernel::available() {
            let mut found = before;
            for sums in &mut found {
                for (sum, offset) in sums.iter_mut().zip(matrix.offset) {
                    *sum = sum.wrapping_add(offset);
                }
            }
            kernel.multiply(&matrix, operands, pixels, &mut found);
            prop_assert_eq!(&found[..pixels], &expected[..pixels], "{:?}", kernel);
        }
    }

    #[test]
    fn bytes_are_those_of_the_lanes(
        parameters in parameters(), sums in sums(), table in any::<[u8; 32]>(), pixels in 1..=PIXELS
    ) {
        let tables = Tables(std::array::from_fn(|bank| {
            std::array::from_fn(|index| table[(index + bank) % 32].wrapping_add(index as u8) as i8)
        }));
        let lanes = Lanes::new(&parameters, &Arc::new(tables.clone()));
        for kernel in Kernel::available() {
            let mut bytes = [[0; COLUMNS]; PIXELS];
            lanes.apply(kernel, pixels, &sums, &mut bytes);
            for (bytes, sums) in bytes.iter().zip(&sums).take(pixels) {
                for ((&byte, &sum), parameter) in bytes.iter().zip(sums).zip(&parameters) {
                    let mut expected = Requantize::from(*parameter).apply(sum);
                    if parameter.table == 1 {
                        expected = tables.0[parameter.bank as usize][usize::from(expected as u8)];
                    }
                    prop_assert_eq!(byte, expected, "{:?}: sum {}, {:?}", kernel, sum, parameter);
                }
            }
        }
    }

    #[test]
    fn combinations_are_those_of_the_lanes(
        combine in combine(), first in bytes(), second in bytes(), pixels in 1..=PIXELS
    ) {
        let blend = Blend::new(combine);
        for kernel in Kernel::available() {
            let mut found = first;
            kernel.combine(&blend, pixels, &mut found, &second);
            for pixel in 0..pixels {
                for column in 0..COLUMNS {
                    let expected = combine.apply(first[pixel][column], second[pixel][column]);
                    prop_assert_eq!(found[pixel][column], expected, "{:?}", kernel);
                }
            }
        }
    }
}
