//! What ONNX Runtime computes of two quantized maps that are added, and the integers that come nearest to it.
//!
//! It has two readings. The fused one is `QLinearAdd` (MLAS, `qladd.cpp`), `round(a * ra + (b * rb + fixed))` with fused
//! multiply-adds in f32, and the zero points in `fixed`; the other one dequantizes, adds, and quantizes. They disagree at ties, and by the rounding of f32.

use super::{Combine, Quantization};

/// Multipliers so far away are tried.
const REACH: i64 = 3;
/// Zero points so far away are tried.
const STEPS: i64 = 32;

/// Both readings of ONNX Runtime, for every pair of bytes.
struct Readings(Vec<[i8; 2]>);

impl Readings {
    fn new([a, b, y]: [Quantization; 3], [low, high]: [i8; 2]) -> Self {
        let [ra, rb] = [a.scale / y.scale, b.scale / y.scale];
        // As unsigned bytes the numbers are larger by 128, and so are the zero points; the sums differ in the last bit only.
        let fixed =
            f32::from(y.zero_point) - ra.mul_add(f32::from(a.zero_point), rb * f32::from(b.zero_point));
        let clamp = |value: f32| (value.clamp(-128.0, 127.0) as i8).clamp(low, high);
        let pairs = (0..1usize << 16).map(|index| {
            let [first, second] = [(index >> 8) as u8 as i8, index as u8 as i8];
            let fused = f32::from(first).mul_add(ra, f32::from(second).mul_add(rb, fixed));
            let plain = y.quantize(a.dequantize(first) + b.dequantize(second));
            [clamp(fused.round_ties_even()), plain.clamp(low, high)]
        });
        Self(pairs.collect())
    }

    /// How far `combine` is from ONNX Runtime, at most `most`: pairs of bytes for which it does not give the fused reading, and
    /// once more those for which it gives neither.
    fn misses(&self, combine: &Combine, most: usize) -> usize {
        let mut misses = 0;
        for (index, [fused, plain]) in self.0.iter().enumerate() {
            let found = combine.apply((index >> 8) as u8 as i8, index as u8 as i8);
            if found != *fused {
                misses += 1 + usize::from(found != *plain);
                if misses >= most {
                    break;
                }
            }
        }
        misses
    }
}

/// `exact`, or that of its neighbours which is nearest to ONNX Runtime. Where operators are fused, and in `QLinearAdd` itself, only
/// the fused reading is right.
pub(super) fn nearest(exact: Combine, quantizations: [Quantization; 3]) -> Combine {
    let readings = Readings::new(quantizations, [exact.low, exact.high]);
    let (mut best, mut fewest) = (exact, readings.misses(&exact, usize::MAX));
    for near in shifted(exact).into_iter().chain(scaled(exact)) {
        if fewest == 0 {
            break;
        }
        let misses = readings.misses(&near, fewest);
        if misses < fewest {
            (best, fewest) = (near, misses);
        }
    }
    best
}

/// With a zero point one step away, and those of the operands so that the sum is the same: ties then go to the other neighbour,
/// as they do in `QLinearAdd` where the zero point is odd.
fn shifted(exact: Combine) -> Option<Combine> {
    let moved = |zero_point: i8, by: i64| i8::try_from(i64::from(zero_point) + by).ok();
    let steps = (-STEPS..=STEPS).flat_map(|a| (-STEPS..=STEPS).map(move |b| [a, b]));
    let mut fitting = steps.filter_map(|steps| {
        let added = |operand: usize| steps[operand] * i64::from(exact.operands[operand].multiplier);
        let sum = added(0) + added(1);
        let by = [1, -1].into_iter().find(|by| sum == by << exact.shift)?;
        let mut near = Combine { zero_point: moved(exact.zero_point, by)?, ..exact };
        for (operand, step) in near.operands.iter_mut().zip(steps) {
            operand.zero_point = moved(operand.zero_point, step)?;
        }
        Some(near)
    });
    fitting.next()
}

/// With multipliers some units away, the nearest first.
fn scaled(exact: Combine) -> impl Iterator<Item = Combine> {
    let mut offsets: Vec<[i64; 2]> =
        (-REACH..=REACH).flat_map(|a| (-REACH..=REACH).map(move |b| [a, b])).collect();
    offsets.sort_by_key(|[a, b]| a.abs() + b.abs());
    offsets.into_iter().map(move |offset| {
        let mut near = exact;
        for (operand, offset) in near.operands.iter_mut().zip(offset) {
            operand.multiplier = (i64::from(operand.multiplier) + offset).clamp(0, (1 << 24) - 1) as u32;
        }
        near
    })
}
