//! Random numbers that are the same on every machine: integers from ChaCha, and sums and products of them.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A source of random numbers.
pub struct Random(ChaCha8Rng);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Uniform in `low..high`.
    pub fn uniform(&mut self, low: f32, high: f32) -> f32 {
        let unit = (self.0.next_u32() >> 8) as f32 / (1 << 24) as f32;
        low + unit * (high - low)
    }

    /// Of mean 0 and variance 1, nearly normal: the sum of twelve uniform numbers. (Logarithms differ from machine to machine.)
    pub fn normal(&mut self) -> f32 {
        let halves = (0..6).map(|_| self.0.next_u64());
        let sum: f64 = halves.map(|two| (two >> 32) as f64 + (two & 0xffff_ffff) as f64).sum();
        (sum / f64::from(u32::MAX) - 6.0) as f32
    }

    /// Between a half and two, the lower half as likely as the upper: the spread of a trained layer's channels.
    pub fn spread(&mut self) -> f32 {
        let factor = self.uniform(1.0, 2.0);
        if self.0.next_u32() & 1 == 0 { factor } else { 1.0 / factor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_promised_and_a_seed_gives_the_same_numbers() {
        let mut random = Random::new(1);
        let values: Vec<f32> = (0..20_000).map(|_| random.normal()).collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let variance = values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
        let mut again = Random::new(1);
        assert!(values.iter().take(100).all(|&value| value == again.normal()));
        assert!((0..1000).map(|_| random.spread()).all(|factor| (0.5..=2.0).contains(&factor)));
    }
}
