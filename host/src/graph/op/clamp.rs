//! ReLU, ReLU6, Clip.

/// Limits of a tensor's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clamp {
    low: f32,
    high: f32,
}

impl Clamp {
    /// No limits.
    pub const NONE: Self = Self { low: f32::NEG_INFINITY, high: f32::INFINITY };
    /// Not below zero.
    pub const RELU: Self = Self { low: 0.0, high: f32::INFINITY };

    /// `None` where a limit is NaN. As in ONNX, `high` wins over a `low` above it; the ends of the f32 range, ONNX's
    /// defaults, are no limits.
    pub fn new(low: f32, high: f32) -> Option<Self> {
        if low.is_nan() || high.is_nan() {
            return None;
        }
        let low = if low == f32::MIN { f32::NEG_INFINITY } else { low };
        let high = if high == f32::MAX { f32::INFINITY } else { high };
        Some(Self { low: low.min(high), high })
    }

    /// Lower limit, minus infinity for none.
    pub fn low(&self) -> f32 {
        self.low
    }

    /// Upper limit, infinity for none; never below [`Clamp::low`].
    pub fn high(&self) -> f32 {
        self.high
    }

    /// The value within the limits.
    pub fn apply(&self, value: f32) -> f32 {
        value.clamp(self.low, self.high)
    }

    /// The clamp that does first this one and then `next`.
    pub fn then(&self, next: Self) -> Self {
        Self { low: next.apply(self.low), high: next.apply(self.high) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clamps_compose_in_order() {
        let clips = [Clamp::new(-1.0, 2.0), Clamp::new(3.0, 4.0), Clamp::new(5.0, 1.0), Some(Clamp::RELU)];
        for first in clips.into_iter().flatten() {
            for second in clips.into_iter().flatten() {
                for value in [-9.0, -0.5, 0.0, 1.5, 3.5, 9.0] {
                    assert_eq!(first.then(second).apply(value), second.apply(first.apply(value)));
                }
            }
        }
        assert_eq!(Clamp::new(f32::NAN, 1.0), None);
        assert_eq!(Clamp::new(f32::MIN, f32::MAX), Some(Clamp::NONE));
    }
}
