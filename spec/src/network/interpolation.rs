//! Enlarging a map by whole factors, with values between its pixels.

use serde::{Deserialize, Serialize};

/// Where the pixels of an enlarged map lie between those of the map: ONNX's `coordinate_transformation_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sampling {
    /// Both maps cover the same area: output `i` lies at `(i + 0.5) / factor - 0.5`.
    HalfPixel,
    /// Both maps begin with the same pixel: output `i` lies at `i / factor`.
    Asymmetric,
}

/// Linear interpolation along both axes. Beyond the edge there are the pixels of the edge.
///
/// The position of an output pixel is a whole number of steps of `1 / (2 * factor)`, so that the weights of its two neighbours on an
/// axis are whole numbers with the sum `2 * factor`. Pairs are `[vertical, horizontal]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interpolation {
    /// Factors, at least 1.
    pub factor: [usize; 2],
    /// Where the pixels lie.
    pub sampling: Sampling,
}

impl Interpolation {
    /// The largest [`Interpolation::total`]: one pixel can have all of the weight, and weights are int8.
    pub const LARGEST_TOTAL: usize = 127;

    /// The sum of the weights of an output pixel.
    pub fn total(&self) -> usize {
        self.factor.iter().fold(4usize, |total, &factor| total.saturating_mul(factor))
    }

    /// True for factors whose weights are int8.
    pub fn fits(&self) -> bool {
        (1..=Self::LARGEST_TOTAL).contains(&self.total())
    }

    /// Position of an output pixel on the axis of the input, in steps of `1 / (2 * factor)`; before the first pixel it is negative.
    pub fn position(&self, axis: usize, output: usize) -> i64 {
        let (at, factor) = (output as i64, self.factor[axis] as i64);
        match self.sampling {
            Sampling::HalfPixel => 2 * at + 1 - factor,
            Sampling::Asymmetric => 2 * at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_onnx() {
        let of = |sampling| {
            let interpolation = Interpolation { factor: [2, 3], sampling };
            [0, 1].map(|axis| [0, 1, 2, 3].map(|at| interpolation.position(axis, at)))
        };
        // -0.25, 0.25, 0.75, 1.25 in quarters; -1/3, 0, 1/3, 2/3 in sixths.
        assert_eq!(of(Sampling::HalfPixel), [[-1, 1, 3, 5], [-2, 0, 2, 4]]);
        assert_eq!(of(Sampling::Asymmetric), [[0, 2, 4, 6], [0, 2, 4, 6]]);
    }

    #[test]
    fn weights_must_be_int8() {
        let fits = |factor| Interpolation { factor, sampling: Sampling::HalfPixel }.fits();
        assert_eq!([[2, 2], [4, 4], [5, 6], [1, 31]].map(fits), [true; 4]);
        assert_eq!([[4, 8], [0, 2], [usize::MAX, 2]].map(fits), [false; 3]);
    }
}
