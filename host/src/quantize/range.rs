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
    /// The range with the smallest Kullback-Leibler divergence between the distribution and its int8 version.
    Entropy,
    /// The range with the smallest mean squared error of the int8 values, what lies outside of it included.
    Mse,
}

/// Shares of the full range that the searching methods try.
const CANDIDATES: std::ops::RangeInclusive<usize> = 10..=100;
/// Divisor of [`CANDIDATES`].
const WHOLE: f64 = 100.0;
/// Steps of an int8 range.
const STEPS: f64 = 255.0;

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
            RangeMethod::Entropy => self.search(divergence),
            RangeMethod::Mse => self.search(squared_error),
        }
    }

    /// The range with the smallest loss among parts of the full one, the full one included; both ends shrink alike.
    fn search(&self, loss: impl Fn(&[(f64, f64)], f64, f64) -> f64) -> Range {
        let width = self.histogram.bin_width();
        let bins: Vec<(f64, f64)> = self
            .histogram
            .bins()
            .filter(|&(_, count)| count > 0)
            .map(|(start, count)| (start + width / 2.0, count as f64))
            .collect();
        let of = |share: usize| {
            let share = share as f64 / WHOLE;
            (f64::from(self.min.min(0.0)) * share, f64::from(self.max.max(0.0)) * share)
        };
        let scored = CANDIDATES.rev().map(of).map(|(low, high)| (loss(&bins, low, high), low, high));
        let best = scored.reduce(|best, next| if next.0 < best.0 { next } else { best });
        best.map_or(Range { low: self.min, high: self.max }, |(_, low, high)| Range {
            low: low as f32,
            high: high as f32,
        })
    }
}

/// Sum of the squared errors of the bins' centres on the steps of a range.
fn squared_error(bins: &[(f64, f64)], low: f64, high: f64) -> f64 {
    let step = (high - low) / STEPS;
    if step <= 0.0 {
        return 0.0;
    }
    let error = |value: f64| (((value.clamp(low, high) - low) / step).round() * step + low - value).powi(2);
    // A rounded value is off by a twelfth of a step squared on average, whatever the width of the bins.
    let rounding = step * step / 12.0;
    bins.iter().map(|&(value, count)| count * error(value).max(rounding)).sum()
}

/// Kullback-Leibler divergence of the clipped distribution from itself in int8 steps, as NVIDIA's calibration has it: outliers are
/// counted at the ends, and each step's count is spread evenly over the bins in it that are not empty.
fn divergence(bins: &[(f64, f64)], low: f64, high: f64) -> f64 {
    let step = (high - low) / STEPS;
    if step <= 0.0 {
        return 0.0;
    }
    let of = |value: f64| ((value.clamp(low, high) - low) / step).round() as usize;
    let (mut inside, mut filled) = (vec![0.0; 1 + STEPS as usize], vec![0.0; 1 + STEPS as usize]);
    let within = |value: f64| (low..=high).contains(&value);
    for &(value, count) in bins.iter().filter(|bin| within(bin.0)) {
        inside[of(value)] += count;
        filled[of(value)] += 1.0;
    }
    let total: f64 = bins.iter().map(|bin| bin.1).sum();
    let kept: f64 = inside.iter().sum();
    let outliers =
        |at_end: &dyn Fn(f64) -> bool| bins.iter().filter(|bin| at_end(bin.0)).map(|bin| bin.1).sum::<f64>();
    let (below, above) = (outliers(&|value| value < low), outliers(&|value| value > high));
    let ends = [bins.iter().position(|bin| within(bin.0)), bins.iter().rposition(|bin| within(bin.0))];
    let term = |(index, &(value, count)): (usize, &(f64, f64))| {
        let mut p = count;
        p += if Some(index) == ends[0] { below } else { 0.0 };
        p += if Some(index) == ends[1] { above } else { 0.0 };
        let q = inside[of(value)] / filled[of(value)] / kept;
        p / total * (p / total / q).ln()
    };
    if kept == 0.0 {
        return f64::INFINITY;
    }
    bins.iter().enumerate().filter(|(_, bin)| within(bin.0)).map(term).sum()
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
    fn searched_ranges_leave_a_far_outlier_out_and_nothing_else() {
        let mut statistics = TensorStatistics::new(1);
        let values: Vec<f32> = (0..99_999).map(|i| (i % 1000) as f32 / 999.0).chain([8.0]).collect();
        let values = ndarray::Array2::from_shape_vec((1, 100_000), values).unwrap();
        assert_eq!(statistics.observe(&[values.into_dyn()]), None);
        // One squared error of 8 - 7 is less than what coarser steps cost 100,000 values, that of 8 - 4 is more.
        for (method, most) in [(RangeMethod::Entropy, 4.0), (RangeMethod::Mse, 7.5)] {
            let found = statistics.range(method);
            assert!((0.9..most).contains(&found.high) && found.low == 0.0, "{method:?} {found:?}");
        }
    }

    #[test]
    fn a_percentile_leaves_outliers_out() {
        let mut statistics = TensorStatistics::new(1);
        let values: Vec<f32> = (0..999).map(|i| i as f32 / 999.0).chain([100.0]).collect();
        let values = ndarray::Array2::from_shape_vec((1, 1000), values).unwrap();
        assert_eq!(statistics.observe(&[values.into_dyn()]), None);
        assert_eq!(statistics.range(RangeMethod::MinMax).high, 100.0);
        let cut = statistics.range(RangeMethod::Percentile(99.5));
        assert!((0.98..1.1).contains(&cut.high) && (0.0..0.1).contains(&cut.low), "{cut:?}");
    }
}
