//! Functions of bytes, with the arithmetic of ONNX Runtime's float kernels.

use crate::graph::{Function, Unary};
use pleach_spec::numerics::Quantization;

/// For each byte, as an unsigned number, what it becomes.
pub(super) type Reals = [f32; 256];

/// The byte with an index.
pub(super) fn byte(index: usize) -> i8 {
    index as u8 as i8
}

/// What the bytes of a quantized tensor stand for (`DequantizeLinear`).
pub(super) fn dequantized(quantization: Quantization) -> Reals {
    std::array::from_fn(|index| quantization.dequantize(byte(index)))
}

/// The bytes that values become (`QuantizeLinear`).
pub(super) fn table(values: &Reals, quantization: Quantization) -> Vec<i8> {
    values.iter().map(|&real| quantization.quantize(real)).collect()
}

/// Whether a table leaves each byte as it is.
pub(super) fn is_identity(table: &[i8]) -> bool {
    table.iter().enumerate().all(|(index, &entry)| entry == byte(index))
}

/// Whether greater bytes never stand for smaller values.
pub(super) fn is_monotone(values: &Reals) -> bool {
    let ordered = |low: i8| values[usize::from(low as u8)] <= values[usize::from((low + 1) as u8)];
    (i8::MIN..i8::MAX).all(ordered)
}

/// A function of a value, as MLAS computes it.
pub(super) fn apply(unary: Unary, x: f32) -> f32 {
    let y = match unary.function {
        Function::Sigmoid => logistic(x),
        Function::Tanh => tanh(x),
        _ => return unary.apply(x),
    };
    if unary.gated { x * y } else { y }
}

/// `MlasComputeLogistic` (onnxruntime/core/mlas/lib/logistic.cpp): a quotient of polynomials, with fused multiply-add.
#[expect(clippy::excessive_precision, reason = "the constants as MLAS has them")]
fn logistic(x: f32) -> f32 {
    let x = x.clamp(-18.0, 18.0);
    let square = x * x;
    let odd = [
        4.370_310_125_798_01e-11,
        1.156_272_634_599_42e-7,
        6.085_748_646_001_43e-5,
        8.513_771_333_047_01e-3,
        2.482_879_470_615_29e-1,
    ];
    let even = [
        6.102_473_897_556_81e-13,
        5.761_021_361_699_93e-9,
        6.291_067_850_170_40e-6,
        1.701_988_173_740_94e-3,
        1.168_176_569_044_53e-1,
        9.931_519_210_231_80e-1,
    ];
    (polynomial(&odd, square) * x / polynomial(&even, square) + 0.5).clamp(0.0, 1.0)
}

/// `MlasComputeTanh` (onnxruntime/core/mlas/lib/tanh.cpp).
#[expect(clippy::excessive_precision, reason = "the constants as MLAS has them")]
fn tanh(x: f32) -> f32 {
    let x = x.clamp(-9.0, 9.0);
    let square = x * x;
    let odd = [
        -2.760_768_477_423_55e-16,
        2.000_187_904_824_77e-13,
        -8.604_671_522_137_35e-11,
        5.122_297_090_371_14e-8,
        1.485_722_357_179_79e-5,
        6.372_619_288_754_36e-4,
        4.893_524_558_917_86e-3,
    ];
    let even =
        [1.198_258_394_667_02e-6, 1.185_347_056_866_54e-4, 2.268_434_632_439_00e-3, 4.893_525_185_543_85e-3];
    polynomial(&odd, square) * x / polynomial(&even, square)
}

fn polynomial(coefficients: &[f32], x: f32) -> f32 {
    let (first, rest) = coefficients.split_first().expect("there are coefficients");
    rest.iter().fold(*first, |sum, &coefficient| sum.mul_add(x, coefficient))
}
