//! Requantization: from an int32 accumulator to an int8 activation, exactly as ONNX Runtime's `QLinearConv` does it.
//!
//! `y = clamp(round_half_even(acc * M) + zero_point, low, high)` where `M = x_scale * w_scale / y_scale`, computed in f32.
//! The hardware has no floating point: an f32 *is* a 24-bit integer times a power of two, so the product
//! `acc * mantissa` is exact in 56 bits and only the final shift rounds.

mod reference;

pub use reference::FusedAdd;

use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use thiserror::Error;

/// Bits of the integer multiplier: the significand of an f32.
pub const MULTIPLIER_BITS: u32 = 24;
/// Units of a multiplier within which one is looked for that rounds as ONNX Runtime does.
const REACH: i128 = 64;
/// The largest right shift of the requantizer; a smaller product rounds to zero for every int32 accumulator.
pub const MAX_SHIFT: u8 = 62;

/// Affine quantization of a whole tensor: `real = scale * (q - zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantization {
    /// Step size, finite and greater than zero.
    pub scale: f32,
    /// The int8 value that stands for 0.0.
    pub zero_point: i8,
}

impl Quantization {
    /// Quantizes one value: round half to even, then saturate (ONNX `QuantizeLinear`).
    pub fn quantize(&self, real: f32) -> i8 {
        let q = (real / self.scale).round_ties_even() + f32::from(self.zero_point);
        q.clamp(-128.0, 127.0) as i8
    }

    /// The real value that `q` stands for (ONNX `DequantizeLinear`).
    pub fn dequantize(&self, q: i8) -> f32 {
        self.scale * (f32::from(q) - f32::from(self.zero_point))
    }
}

/// A positive f32 scale factor as `multiplier * 2^-shift`, exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Multiplier {
    /// Significand: 0, or in `2^23..2^24` for normal numbers.
    pub multiplier: u32,
    /// Right shift, `1..=MAX_SHIFT`.
    pub shift: u8,
}

/// Why a scale factor cannot be used.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
pub enum ScaleError {
    /// NaN, infinite, zero or negative.
    #[error("the requantization factor {0} is not a positive finite number")]
    NotPositive(f32),
    /// 2^23 or more: no shift is left, and every output would saturate.
    #[error("the requantization factor {0} is 2^23 or more; every output would saturate")]
    TooLarge(f32),
}

impl Multiplier {
    /// Splits a scale factor. A factor too small to move any int32 accumulator off zero becomes multiplier 0.
    pub fn from_scale(factor: f32) -> Result<Self, ScaleError> {
        if !factor.is_finite() || factor <= 0.0 {
            return Err(ScaleError::NotPositive(factor));
        }
        let bits = factor.to_bits();
        let (exponent, fraction) = ((bits >> 23) as i32, bits & 0x7f_ffff);
        // Subnormal numbers have no hidden bit and the exponent of the smallest normal ones.
        let (significand, exponent) = match exponent {
            0 => (fraction, 1),
            _ => (fraction | 0x80_0000, exponent),
        };
        let shift = 127 + 23 - exponent;
        if shift < 1 {
            return Err(ScaleError::TooLarge(factor));
        }
        Ok(match u8::try_from(shift) {
            Ok(shift) if shift <= MAX_SHIFT => Self { multiplier: significand, shift },
            _ => Self { multiplier: 0, shift: 1 },
        })
    }

    /// Within which the multiplier must lie for [`Multiplier::scale`] to be `round_half_even(f32(acc) * factor)`: a range for each
    /// step of the results between `ends`.
    fn limits(self, factor: f32, [low, high]: [i64; 2]) -> Vec<RangeInclusive<i128>> {
        let mut limits = Vec::new();
        for step in low + 1..=high {
            let Some(first) = first_reaching(step, factor) else { continue };
            // `2 * acc * multiplier` against this: greater, or equal where a tie goes up to an even step, reaches the step.
            let tie = (2 * i128::from(step) - 1) << self.shift;
            let ties_reach = step % 2 == 0;
            let [mut least, mut most] = [1, (1i128 << MULTIPLIER_BITS) - 1];
            for (acc, reaches) in [(first, true), (first - 1, false)] {
                let twice = 2 * i128::from(acc);
                let equal = ties_reach == reaches;
                match (twice.signum(), (twice > 0) == reaches) {
                    (0, _) => {}
                    // The multiplier must be so large, at least.
                    (_, true) => least = least.max(bound_below(tie, twice, equal)),
                    (_, false) => most = most.min(bound_above(tie, twice, equal)),
                }
            }
            limits.push(least..=most);
        }
        limits
    }

    /// The multiplier nearest to this one with which [`Multiplier::scale`] is `round_half_even(f32(acc) * factor)` wherever results
    /// lie between `ends`; where there is none, the one that misses the fewest steps.
    fn like_f32(self, factor: f32, ends: [i64; 2]) -> Self {
        if self.multiplier == 0 {
            return self;
        }
        let exact = i128::from(self.multiplier);
        let limits = self.limits(factor, ends);
        let least = limits.iter().map(|limit| *limit.start()).max().unwrap_or(exact);
        let most = limits.iter().map(|limit| *limit.end()).min().unwrap_or(exact);
        // Nearly always some multiplier misses none: then this one is the nearest.
        let within = exact.max(least).min(most);
        if least <= most && (within - exact).abs() <= REACH {
            return Self { multiplier: within as u32, ..self };
        }
        let misses = |multiplier: &i128| limits.iter().filter(|limit| !limit.contains(multiplier)).count();
        let ends = limits.iter().flat_map(|limit| [*limit.start(), *limit.end()]);
        let near = |end: &i128| (end - exact).abs() <= REACH;
        let mut candidates: Vec<i128> = std::iter::once(exact).chain(ends.filter(near)).collect();
        candidates.sort_unstable_by_key(|candidate| (candidate - exact).abs());
        candidates.dedup();
        let best = candidates.into_iter().min_by_key(misses).expect("the exact one");
        Self { multiplier: best as u32, ..self }
    }

    /// `round_half_even(acc * multiplier / 2^shift)`, exact.
    pub fn scale(&self, acc: i32) -> i64 {
        round_half_even_shift(i64::from(acc) * i64::from(self.multiplier), self.shift)
    }
}

/// The smallest accumulator that `round_half_even(f32(acc) * factor)` takes to `step` or beyond; `None` beyond int32.
fn first_reaching(step: i64, factor: f32) -> Option<i64> {
    let reaches = |acc: i64| (acc as f32 * factor).round_ties_even() >= step as f32;
    let near = ((step as f64 - 0.5) / f64::from(factor)).ceil();
    if near.abs() >= f64::from(i32::MAX) {
        return None;
    }
    let mut acc = near as i64;
    while reaches(acc - 1) {
        acc -= 1;
    }
    while !reaches(acc) {
        acc += 1;
    }
    Some(acc)
}

/// The smallest `m` with `m * twice` beyond `tie` in the direction of `twice`, or, with `equal`, at it.
fn bound_below(tie: i128, twice: i128, equal: bool) -> i128 {
    let (tie, twice) = (tie * twice.signum(), twice.abs());
    let floor = tie.div_euclid(twice);
    if equal && floor * twice == tie { floor } else { floor + 1 }
}

/// The largest `m` with `m * twice` short of `tie` in the direction of `twice`, or, with `equal`, at it.
fn bound_above(tie: i128, twice: i128, equal: bool) -> i128 {
    let (tie, twice) = (tie * twice.signum(), twice.abs());
    let floor = tie.div_euclid(twice);
    if !equal && floor * twice == tie { floor - 1 } else { floor }
}

/// `value / 2^shift`, rounded to the nearest integer, ties to even. `1 <= shift <= 62`, `|value| <= 2^55`.
pub fn round_half_even_shift(value: i64, shift: u8) -> i64 {
    let sum = value + (1 << (shift - 1));
    let rounded = sum >> shift;
    let tie = sum & ((1 << shift) - 1) == 0;
    if tie { rounded & !1 } else { rounded }
}

/// Everything that turns one channel's accumulators into int8: what a requantize lane holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Requantize {
    /// Added to the accumulator first (wrapping, as an adder does); holds the folded zero-point correction.
    pub bias: i32,
    /// The scale factor.
    pub factor: Multiplier,
    /// Added after rounding.
    pub zero_point: i8,
    /// Lower end of the clamp (ReLU: the zero point).
    pub low: i8,
    /// Upper end of the clamp (ReLU6: the quantized 6.0).
    pub high: i8,
}

impl Requantize {
    /// For a factor `x_scale * w_scale / y_scale`: what ONNX Runtime's kernels compute of an accumulator, bias included,
    /// `round_half_even(f32(acc) * factor)`. Their product is rounded to an f32 before it is rounded to an integer, so a few
    /// accumulators next to a tie come out otherwise than by exact arithmetic. A multiplier some units away is taken where it gives
    /// ONNX Runtime's result for every accumulator; else that of the factor itself, which is exact.
    pub fn onnx_runtime(bias: i32, factor: f32, zero_point: i8, clamp: [i8; 2]) -> Result<Self, ScaleError> {
        let [low, high] = clamp;
        let exact = Multiplier::from_scale(factor)?;
        let factor = exact.like_f32(factor, clamp.map(|end| i64::from(end) - i64::from(zero_point)));
        Ok(Self { bias, factor, zero_point, low, high })
    }

    /// Whether [`Requantize::onnx_runtime`] found a multiplier with the result of ONNX Runtime for every accumulator.
    pub fn is_onnx_runtime(&self, factor: f32) -> bool {
        let ends = [self.low, self.high].map(|end| i64::from(end) - i64::from(self.zero_point));
        self.factor.multiplier == 0
            || self
                .factor
                .limits(factor, ends)
                .iter()
                .all(|limit| limit.contains(&self.factor.multiplier.into()))
    }

    /// The int8 output for an accumulator.
    pub fn apply(&self, acc: i32) -> i8 {
        let y = self.factor.scale(acc.wrapping_add(self.bias)) + i64::from(self.zero_point);
        y.clamp(i64::from(self.low), i64::from(self.high)) as i8
    }
}

/// One operand of [`Combine`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Operand {
    /// Factor, below 2^24; both operands share the shift.
    pub multiplier: u32,
    /// Subtracted from the byte first.
    pub zero_point: i8,
}

/// The sum of two int8 tensors with scales of their own (residual addition), in integers:
/// `y = clamp(round_half_even(Σ (x_i - zero_point_i) * multiplier_i / 2^shift) + zero_point, low, high)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Combine {
    /// First and second operand.
    pub operands: [Operand; 2],
    /// Right shift, `1..=MAX_COMBINE_SHIFT`.
    pub shift: u8,
    /// Added after rounding.
    pub zero_point: i8,
    /// Lower end of the clamp.
    pub low: i8,
    /// Upper end of the clamp.
    pub high: i8,
}

/// The largest right shift of [`Combine`]: a sum is below 2^34.
pub const MAX_COMBINE_SHIFT: u8 = 40;

impl Combine {
    /// For operands quantized as `a` and `b` and a result as `y`, clamped to `clamp`. The larger factor keeps the 24 bits of
    /// its f32 quotient, the smaller one is rounded to the same shift. ONNX Runtime computes in f32;
    /// where some pair of bytes comes out otherwise there, neighbours are tried.
    pub fn new(
        a: Quantization,
        b: Quantization,
        y: Quantization,
        clamp: [i8; 2],
    ) -> Result<Self, ScaleError> {
        let factors =
            [Multiplier::from_scale(a.scale / y.scale)?, Multiplier::from_scale(b.scale / y.scale)?];
        let shift = factors.iter().map(|f| f.shift).min().expect("two").min(MAX_COMBINE_SHIFT);
        let operand = |factor: Multiplier, q: Quantization| {
            let multiplier = match factor.shift - shift {
                0 => i64::from(factor.multiplier),
                more => round_half_even_shift(i64::from(factor.multiplier), more),
            };
            Operand { multiplier: multiplier as u32, zero_point: q.zero_point }
        };
        let operands = [operand(factors[0], a), operand(factors[1], b)];
        let [low, high] = clamp;
        let exact = Self { operands, shift, zero_point: y.zero_point, low, high };
        Ok(reference::nearest(exact, [a, b, y]))
    }

    /// The sum of two bytes.
    pub fn apply(&self, first: i8, second: i8) -> i8 {
        let term = |x: i8, o: Operand| (i64::from(x) - i64::from(o.zero_point)) * i64::from(o.multiplier);
        let sum = term(first, self.operands[0]) + term(second, self.operands[1]);
        let y = round_half_even_shift(sum, self.shift) + i64::from(self.zero_point);
        y.clamp(i64::from(self.low), i64::from(self.high)) as i8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_even_on_both_sides_of_zero() {
        let half = Multiplier::from_scale(0.5).unwrap();
        let scaled: Vec<i64> = [-5, -3, -2, -1, 0, 1, 2, 3, 5].iter().map(|&a| half.scale(a)).collect();
        assert_eq!(scaled, [-2, -2, -1, 0, 0, 0, 1, 2, 2]);
    }

    #[test]
    fn the_integer_path_equals_exact_arithmetic() {
        // f64 holds acc * significand exactly only below 2^53: keep the accumulators in that range and compare.
        for factor in [0.9, 1.0e-3, 3.7e-4, 0.013_671_875, 1.5, 117.3] {
            let m = Multiplier::from_scale(factor).unwrap();
            for acc in (-60_000..60_000).step_by(7) {
                let exact = (f64::from(acc) * f64::from(factor)).round_ties_even() as i64;
                assert_eq!(m.scale(acc), exact, "acc {acc}, factor {factor}");
            }
        }
    }

    #[test]
    fn a_combination_is_the_rounded_sum_of_the_real_values() {
        let quantization = |scale, zero_point| Quantization { scale, zero_point };
        let (a, b, y) = (quantization(0.031, -7), quantization(0.0042, 100), quantization(0.027, 3));
        let combine = Combine::new(a, b, y, [-128, 127]).unwrap();
        for first in i8::MIN..=i8::MAX {
            for second in i8::MIN..=i8::MAX {
                let real = f64::from(a.dequantize(first)) + f64::from(b.dequantize(second));
                let exact = real / f64::from(y.scale);
                // Away from ties, where the last bits of the factors decide, there is one right answer.
                if (exact - exact.floor() - 0.5).abs() > 1e-3 {
                    let expected = (exact.round() + 3.0).clamp(-128.0, 127.0);
                    assert_eq!(f64::from(combine.apply(first, second)), expected, "{first} + {second}");
                }
            }
        }
    }

    #[test]
    fn a_requantization_that_is_onnx_runtimes_has_its_result_for_every_accumulator() {
        let mut exact = 0;
        for index in 0..60u32 {
            let factor = 0.0001 + 0.000_31 * index as f32;
            let requantize = Requantize::onnx_runtime(0, factor, -7, [-128, 127]).unwrap();
            let float = |acc: i32| ((acc as f32 * factor).round_ties_even() - 7.0).clamp(-128.0, 127.0) as i8;
            let reach = (140.0 / factor) as i32;
            let same = (-reach..=reach).all(|acc| requantize.apply(acc) == float(acc));
            assert_eq!(requantize.is_onnx_runtime(factor), same, "{factor}");
            exact += u32::from(same);
        }
        assert!((10..60).contains(&exact), "{exact} of 60: both happen");
    }

    #[test]
    fn extremes_neither_overflow_nor_panic() {
        for factor in [f32::MIN_POSITIVE, 1.0e-45, 1.0e-9, 8_000_000.0] {
            let m = Multiplier::from_scale(factor).unwrap();
            for acc in [i32::MIN, -1, 0, 1, i32::MAX] {
                m.scale(acc);
            }
        }
        assert_eq!(Multiplier::from_scale(0.0), Err(ScaleError::NotPositive(0.0)));
        assert_eq!(Multiplier::from_scale(8_388_608.0), Err(ScaleError::TooLarge(8_388_608.0)));
        assert!(Multiplier::from_scale(f32::NAN).is_err());
    }
}
