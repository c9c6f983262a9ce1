//! Batch normalization.

use ndarray::Array1;

/// Batch normalization: `y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`, per channel.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    /// Factor of each channel.
    pub gamma: Array1<f32>,
    /// Offset of each channel.
    pub beta: Array1<f32>,
    /// Mean of each channel over the training data.
    pub mean: Array1<f32>,
    /// Variance of each channel over the training data.
    pub variance: Array1<f32>,
    /// Keeps the root away from zero.
    pub epsilon: f32,
}

impl BatchNorm {
    /// The same as `scale * x + shift`, per channel. Computed in f64: folding it must not cost accuracy.
    pub fn scale_and_shift(&self) -> (Array1<f32>, Array1<f32>) {
        let one = |c: usize| {
            let root = (f64::from(self.variance[c]) + f64::from(self.epsilon)).sqrt();
            let scale = f64::from(self.gamma[c]) / root;
            (scale as f32, (f64::from(self.beta[c]) - f64::from(self.mean[c]) * scale) as f32)
        };
        let (scale, shift): (Vec<f32>, Vec<f32>) = (0..self.gamma.len()).map(one).unzip();
        (scale.into(), shift.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_norm_is_a_scale_and_a_shift() {
        let one = |value: f32| Array1::from_elem(1, value);
        let norm =
            BatchNorm { gamma: one(3.0), beta: one(1.0), mean: one(2.0), variance: one(3.0), epsilon: 1.0 };
        let (scale, shift) = norm.scale_and_shift();
        assert_eq!((scale[0], shift[0]), (1.5, -2.0));
    }
}
