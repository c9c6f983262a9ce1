//! The inner loops: a block of pixels at a time, in code that the compiler turns into SIMD instructions.

use super::plan::{Maximum, Term};

/// Pixels that are computed together.
pub const BLOCK: usize = 64;

/// A row of the operand matrix.
pub type Operand = [i16; BLOCK];

/// Adds the products of one column to its sums, which wrap as the accumulators do.
pub fn multiply_accumulate(terms: &[Term], operands: &[Operand], sums: &mut [i32; BLOCK]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { multiply_accumulate_avx2(terms, operands, sums) };
    }
    multiply_accumulate_portable(terms, operands, sums);
}

/// The portable code, compiled for AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn multiply_accumulate_avx2(terms: &[Term], operands: &[Operand], sums: &mut [i32; BLOCK]) {
    multiply_accumulate_portable(terms, operands, sums);
}

#[inline(always)]
fn multiply_accumulate_portable(terms: &[Term], operands: &[Operand], sums: &mut [i32; BLOCK]) {
    let mut local = *sums;
    for term in terms {
        let operand = &operands[term.operand as usize];
        for (sum, &activation) in local.iter_mut().zip(operand) {
            // A product of two int8 fits in 16 bits.
            *sum = sum.wrapping_add(i32::from(term.weight.wrapping_mul(activation)));
        }
    }
    *sums = local;
}

/// Computes the maxima of `chunk` channels each, which are the last rows of the matrix.
pub fn maxima(maxima: &[Maximum], chunk: usize, operands: &mut [Operand]) {
    let first_row = operands.len() - maxima.len() * chunk;
    for (index, maximum) in maxima.iter().enumerate() {
        let (inputs, outputs) = operands.split_at_mut(first_row + index * chunk);
        let pairs = inputs[maximum.first..].iter().zip(&inputs[maximum.second..]);
        for (output, (first, second)) in outputs[..chunk].iter_mut().zip(pairs) {
            for ((output, &a), &b) in output.iter_mut().zip(first).zip(second) {
                *output = a.max(b);
            }
        }
    }
}
