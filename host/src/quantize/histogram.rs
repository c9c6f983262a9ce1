//! A histogram whose range grows with the data: one pass over the images is enough.

/// Bins of each half, below and above zero.
const HALF: usize = 2048;

/// Counts of values in bins of equal width, symmetric around zero. The range is a power of two, doubled (and pairs of bins
/// merged) whenever a value does not fit, so the result does not depend on the order of the values.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// The bins span `-2^exponent..2^exponent`.
    exponent: i32,
    bins: Vec<u64>,
}

impl Default for Histogram {
    fn default() -> Self {
        // The smallest range of normal numbers: everything else grows out of it.
        Self { exponent: f32::MIN_EXP, bins: vec![0; 2 * HALF] }
    }
}

impl Histogram {
    /// Adds finite values.
    pub fn add<'a>(&mut self, values: impl Iterator<Item = &'a f32> + Clone) {
        let largest = values.clone().fold(0f32, |largest, value| largest.max(value.abs()));
        self.grow_to(largest);
        let per_unit = HALF as f64 / 2f64.powi(self.exponent);
        for &value in values {
            let position = f64::from(value) * per_unit;
            // The floor of it: `f64::floor` is a call where the processor need not have the instruction.
            let whole = position as i32;
            let bin = whole - i32::from(position < f64::from(whole)) + HALF as i32;
            // Rounding may put a value at the very end one bin too far.
            self.bins[(bin.max(0) as usize).min(2 * HALF - 1)] += 1;
        }
    }

    /// Adds the values of another.
    pub fn merge(&mut self, mut other: Self) {
        let exponent = self.exponent.max(other.exponent);
        self.widen_to(exponent);
        other.widen_to(exponent);
        self.bins.iter_mut().zip(other.bins).for_each(|(bin, count)| *bin += count);
    }

    /// Width of a bin.
    pub fn bin_width(&self) -> f64 {
        2f64.powi(self.exponent) / HALF as f64
    }

    /// The bins as (lower end, count), from the lowest to the highest.
    pub fn bins(&self) -> impl DoubleEndedIterator<Item = (f64, u64)> + '_ {
        let width = self.bin_width();
        self.bins.iter().enumerate().map(move |(bin, &count)| ((bin as f64 - HALF as f64) * width, count))
    }

    /// Number of values.
    pub fn total(&self) -> u64 {
        self.bins.iter().sum()
    }

    /// The value below which `fraction` (0 to 1) of all values lie, interpolated within its bin; 0 of an empty histogram.
    pub fn quantile(&self, fraction: f64) -> f64 {
        let target = fraction.clamp(0.0, 1.0) * self.total() as f64;
        let mut below = 0.0;
        for (start, count) in self.bins().filter(|&(_, count)| count > 0) {
            let next = below + count as f64;
            if next >= target {
                return start + self.bin_width() * (target - below).max(0.0) / count as f64;
            }
            below = next;
        }
        0.0
    }

    fn grow_to(&mut self, largest: f32) {
        let mut exponent = self.exponent;
        while f64::from(largest) >= 2f64.powi(exponent) {
            exponent += 1;
        }
        self.widen_to(exponent);
    }

    fn widen_to(&mut self, exponent: i32) {
        if self.total() == 0 {
            self.exponent = self.exponent.max(exponent);
        }
        while self.exponent < exponent {
            let mut merged = vec![0; 2 * HALF];
            for (bin, &count) in self.bins.iter().enumerate() {
                merged[HALF / 2 + bin / 2] += count;
            }
            self.bins = merged;
            self.exponent += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_values_does_not_matter() {
        let values: Vec<f32> = (0..1000).map(|i| ((i * 7919 % 1000) as f32 - 300.0) * 0.01).collect();
        let (mut forward, mut backward) = (Histogram::default(), Histogram::default());
        values.chunks(10).for_each(|chunk| forward.add(chunk.iter()));
        backward.add(values.iter().rev());
        assert_eq!(forward.bins, backward.bins);
        let mut merged = Histogram::default();
        for part in values.chunks(300) {
            let mut other = Histogram::default();
            other.add(part.iter());
            merged.merge(other);
        }
        assert_eq!((merged.exponent, &merged.bins), (forward.exponent, &forward.bins));
        assert_eq!(forward.total(), 1000);
    }

    #[test]
    fn quantiles_are_right_to_a_bin() {
        let values: Vec<f32> = (0..=1000).map(|i| i as f32 / 1000.0).collect();
        let mut histogram = Histogram::default();
        histogram.add(values.iter());
        for fraction in [0.0, 0.01, 0.5, 0.999, 1.0] {
            assert!((histogram.quantile(fraction) - fraction).abs() < 2e-3, "{fraction}");
        }
        assert_eq!(Histogram::default().quantile(0.5), 0.0);
    }

    #[test]
    fn extremes_fit() {
        let mut histogram = Histogram::default();
        histogram.add([f32::MAX, f32::MIN, f32::MIN_POSITIVE, 0.0].iter());
        assert_eq!(histogram.total(), 4);
    }
}
