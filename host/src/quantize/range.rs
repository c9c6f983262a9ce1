//! Which part of a tensor's values the int8 steps are spread over.

use super::TensorStatistics;
use pleach_spec::numerics::Quantization;

/// How a range is chosen from the observed values. Every method has a branch in [`TensorStatistics::range`], which has the
/// whole histogram to decide from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum RangeMethod {
    /// From the smallest to the largest value.
    #[default]
    MinMax,
    /// Without the fraction of outliers outside the given percentile on each side: 99.99 leaves 0.01 % out above and below.
    Percentile(f64),
}

/// A range of real values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Lower end.
    pub low: f32,
    /// Upper end.
    pub high: f32,
}

impl Range {
    /// The int8 quantization of the range; `None` where a step is too large or too small for an f32.
    pub fn quantization(&self) -> Option<Quantization> {
        let (low, high) = (f64::from(self.low.min(0.0)), f64::from(self.high.max(0.0)));
        let scale = ((high - low) / 255.0) as f32;
        if high == low {
            // A tensor that is always zero: any step will do.
            return Some(Quantization { scale: 1.0, zero_point: 0 });
        }
        if !scale.is_normal() {
            return None;
        }
        let zero_point = (-128.0 - low / f64::from(scale)).round_ties_even().clamp(-128.0, 127.0);
        Some(Quantization { scale, zero_point: zero_point as i8 })
    }
}

impl TensorStatistics {
    /// The range that `method` chooses.
    pub fn range(&self, method: RangeMethod) -> Range {
        let all = Range { low: self.min, high: self.max };
        match method {
            RangeMethod::MinMax => all,
            RangeMethod::Percentile(percent) => {
                let outside = 1.0 - percent / 100.0;
                let quantile = |fraction| self.histogram.quantile(fraction) as f32;
                Range {
                    low: quantile(outside).clamp(all.low, all.high),
                    high: quantile(1.0 - outside).clamp(all.low, all.high),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(low: f32, high: f32) -> (f32, i8) {
        let quantization = Range { low, high }.quantization().unwrap();
        (quantization.scale, quantization.zero_point)
    }

    #[test]
    fn zero_is_exact_and_in_the_range() {
        assert_eq!(range(0.0, 255.0), (1.0, -128));
        assert_eq!(range(100.0, 255.0), (1.0, -128));
        assert_eq!(range(-255.0, -3.0), (1.0, 127));
        assert_eq!(range(-1.0, 254.0), (1.0, -127));
        assert_eq!(range(0.0, 0.0), (1.0, 0));
    }

    #[test]
    fn scales_outside_f32_are_refused() {
        assert_eq!(Range { low: 0.0, high: 1e-44 }.quantization(), None);
        assert!(Range { low: f32::MIN, high: f32::MAX }.quantization().is_some());
    }

    #[test]
    fn a_percentile_leaves_outliers_out() {
        let mut statistics = TensorStatistics::new(1);
        let values: Vec<f32> = (0..999).map(|i| i as f32 / 999.0).chain([100.0]).collect();
        assert!(statistics.observe(&ndarray::Array2::from_shape_vec((1, 1000), values).unwrap().into_dyn()));
        assert_eq!(statistics.range(RangeMethod::MinMax).high, 100.0);
        let cut = statistics.range(RangeMethod::Percentile(99.5));
        assert!((0.98..1.1).contains(&cut.high) && (0.0..0.1).contains(&cut.low), "{cut:?}");
    }
}
