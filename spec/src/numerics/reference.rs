//! What ONNX Runtime computes of two quantized maps that are added, and the integers that come nearest to it.
//!
//! It has two readings: the fused one, [`FusedAdd`], and the other one, which dequantizes, adds, and quantizes. They disagree at ties,
//! and by the rounding of f32.

use super::{Combine, Quantization};

/// Multipliers so far away are tried.
const REACH: i64 = 3;
/// Zero points so far away are tried.
const STEPS: i64 = 32;

/// `QLinearAdd` of ONNX Runtime (MLAS, `qladd.cpp`): `round(a * ra + (b * rb + fixed))` with fused multiply-adds in f32, and the zero
/// points in `fixed`.
#[derive(Clone, Copy, Debug)]
pub struct FusedAdd {
    ratios: [f32; 2],
    fixed: f32,
    offset: f32,
    clamp: [i8; 2],
}

impl FusedAdd {
    /// Of the quantizations of both operands and the sum. The kernel computes with bytes and zero points that are larger by `offset`:
    /// by 128 where those of the file are unsigned, which changes the last bit of a sum.
    pub fn new([a, b, y]: [Quantization; 3], clamp: [i8; 2], offset: f32) -> Self {
        let ratios = [a.scale / y.scale, b.scale / y.scale];
        let [a, b, y] = [a, b, y].map(|quantization| f32::from(quantization.zero_point) + offset);
        let fixed = y - ratios[0].mul_add(a, ratios[1] * b);
        Self { ratios, fixed, offset, clamp }
    }

    /// The sum of two bytes.
    pub fn apply(&self, a: i8, b: i8) -> i8 {
        let [a, b] = [a, b].map(|byte| f32::from(byte) + self.offset);
        let sum = a.mul_add(self.ratios[0], b.mul_add(self.ratios[1], self.fixed));
        let byte = (sum.round_ties_even() - self.offset).clamp(-128.0, 127.0) as i8;
        byte.clamp(self.clamp[0], self.clamp[1])
    }
}

/// Both readings of ONNX Runtime, for every pair of bytes.
struct Readings(Vec<[i8; 2]>);

impl Readings {
    fn new([a, b, y]: [Quantization; 3], [low, high]: [i8; 2]) -> Self {
        // Whether the file has unsigned bytes is not known here.
        let fused = FusedAdd::new([a, b, y], [low, high], 0.0);
        let pairs = (0..1usize << 16).map(|index| {
            let [first, second] = [(index >> 8) as u8 as i8, index as u8 as i8];
            let plain = y.quantize(a.dequantize(first) + b.dequantize(second));
            [fused.apply(first, second), plain.clamp(low, high)]
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
