//! Steps of weights of 8, 4, 2 and 1 bits.

/// Largest magnitude of a weight of some bits. The lowest two's-complement number is not used, so that a weight and its negative are
/// both exact; a weight of one bit is a sign.
pub fn largest(bits: u8) -> f32 {
    if bits == 1 { 1.0 } else { ((1u16 << (bits - 1)) - 1).into() }
}

/// The step for a channel's weights. At 8 bits the largest weight gets the largest number; with fewer the step with the least squared
/// error is taken, as clipping a few large weights costs less than coarser steps for all. A sign stands for the mean magnitude.
pub fn step(weights: impl Iterator<Item = f32> + Clone, bits: u8) -> f32 {
    let most = weights.clone().fold(0f32, |most, weight| most.max(weight.abs()));
    match bits {
        8.. => most / largest(bits),
        1 => weights.clone().map(f32::abs).sum::<f32>() / weights.count().max(1) as f32,
        _ => {
            let error = |step: f32| {
                let of = |w: f32| f64::from(f32::from(round(w, step, bits)) * step - w).powi(2);
                weights.clone().map(of).sum::<f64>()
            };
            let steps = (20..=100).map(|percent| most / largest(bits) * percent as f32 / 100.0);
            let scored = steps.filter(|&step| step > 0.0).map(|step| (error(step), step));
            scored.reduce(|a, b| if b.0 < a.0 { b } else { a }).map_or(0.0, |best| best.1)
        }
    }
}

/// The nearest number of some bits.
pub fn round(weight: f32, step: f32, bits: u8) -> i8 {
    match bits {
        1 if weight < 0.0 => -1,
        // A weight that pruning or training made zero stays zero: the accelerator skips it.
        1 => i8::from(weight > 0.0),
        _ => (weight / step).round_ties_even().clamp(-largest(bits), largest(bits)) as i8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_in_their_bits_and_zero_stays_zero() {
        let weights = [-1.0, -0.4, 0.0, 0.1, 0.3, 0.9];
        for (bits, most) in [(8, 127), (4, 7), (2, 1), (1, 1)] {
            let step = step(weights.iter().copied(), bits);
            let numbers = weights.map(|weight| round(weight, step, bits));
            assert!(numbers.iter().all(|number| number.abs() <= most), "{numbers:?}");
            assert_eq!((numbers[0], numbers[2]), (-most, 0), "{bits} bits");
        }
    }

    #[test]
    fn more_bits_are_closer() {
        let weights: Vec<f32> = (0..101).map(|i| (i as f32 * 0.7).sin() * i as f32 / 100.0).collect();
        let error = |bits| {
            let step = step(weights.iter().copied(), bits);
            weights.iter().map(|&w| (f32::from(round(w, step, bits)) * step - w).powi(2)).sum::<f32>()
        };
        assert!(error(8) < error(4) && error(4) < error(2) && error(2) < error(1));
    }
}
