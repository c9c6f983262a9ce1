//! The numbers that a layer's weights may be: equal steps, or the entries of a codebook.

use super::{Noise, codebook, weights};
use crate::graph::{Graph, Layer};
use ndarray::{ArrayView2, ArrayView4, Axis, CowArray, Ix2};
use std::collections::BTreeMap;

/// Numbers of a layer's weights, and what one of them stands for in each output channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Ascending. A weight of exactly zero is zero even where that is no level: the accelerator skips it.
    pub levels: Vec<i8>,
    /// The real value of the number 1, by output channel.
    pub steps: Vec<f32>,
}

impl Grid {
    /// Equal steps of some bits (8, 4, 2 or 1).
    pub fn even(weights: ArrayView4<'_, f32>, bits: u8) -> Self {
        let most = weights::largest(bits) as i8;
        let levels = if bits == 1 { vec![-1, 1] } else { (-most..=most).collect() };
        Self { levels, steps: weights.outer_iter().map(|w| weights::step(w.iter().copied(), bits)).collect() }
    }

    /// That of a layer: of fewer than 8 bits it may be a codebook.
    pub fn of(weights: ArrayView4<'_, f32>, bits: u8, codebooks: bool) -> Self {
        let even = Self::even(weights.view(), bits);
        if bits >= 8 || !codebooks {
            return even;
        }
        codebook::fit(rows(&weights).view(), even, 1 << bits)
    }

    /// The level next to a weight that is given in steps; of two the even one.
    pub fn nearest(&self, value: f32) -> i8 {
        let [below, above] = self.around(value);
        let (down, up) = (value - f32::from(below), f32::from(above) - value);
        match down.total_cmp(&up) {
            std::cmp::Ordering::Less => below,
            std::cmp::Ordering::Greater => above,
            std::cmp::Ordering::Equal if below % 2 == 0 => below,
            std::cmp::Ordering::Equal => above,
        }
    }

    /// The levels on either side of a weight that is given in steps; the same one twice beyond the ends and for zero.
    pub fn around(&self, value: f32) -> [i8; 2] {
        if value == 0.0 {
            return [0, 0];
        }
        let above = self.levels.partition_point(|&level| f32::from(level) < value);
        let last = self.levels.len() - 1;
        let below =
            if above <= last && f32::from(self.levels[above]) == value { above } else { above.max(1) - 1 };
        [self.levels[below], self.levels[above.min(last)]]
    }

    /// What rounding to the nearest level costs.
    pub fn noise(&self, weights: ArrayView2<'_, f32>) -> Noise {
        let mut noise = Noise::default();
        for (channel, &step) in weights.outer_iter().zip(&self.steps).filter(|(_, step)| **step > 0.0) {
            for &weight in channel {
                let error = f64::from(f32::from(self.nearest(weight / step)) * step - weight);
                noise += Noise { signal: f64::from(weight).powi(2), error: error.powi(2) };
            }
        }
        noise
    }
}

/// The grids of all layers of fewer than 8 bits, with equal steps or `codebooks`. Finding a codebook takes a while, so it is done once.
pub fn grids(graph: &Graph, bits: &BTreeMap<String, u8>, codebooks: bool) -> BTreeMap<String, Grid> {
    let of = |layer: Layer<'_>| {
        let bits = bits.get(layer.name).copied().filter(|&bits| bits < 8)?;
        Some((layer.name.to_owned(), Grid::of(layer.conv.weights.view(), bits, codebooks)))
    };
    graph.layers().filter_map(of).collect()
}

/// The weights as a matrix with a row for each output channel.
pub(super) fn rows<'a>(weights: &'a ArrayView4<'_, f32>) -> CowArray<'a, f32, Ix2> {
    let channels = weights.len_of(Axis(0));
    weights.to_shape((channels, weights.len() / channels.max(1))).expect("as many elements")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::testing::conv;

    #[test]
    fn equal_steps_are_those_of_rounding() {
        let layer = conv(3, [4, 3, 3], 1);
        for bits in [8, 4, 2, 1] {
            let grid = Grid::even(layer.weights.view(), bits);
            for (channel, &step) in layer.weights.outer_iter().zip(&grid.steps) {
                for &weight in channel {
                    assert_eq!(grid.nearest(weight / step), weights::round(weight, step, bits));
                }
            }
        }
    }

    #[test]
    fn neighbours_enclose_a_weight_and_zero_has_none() {
        let grid = Grid { levels: vec![-7, 2, 9], steps: vec![1.0] };
        let around = [-9.0, -7.0, -6.5, 0.0, 1.0, 2.0, 5.0, 30.0].map(|value| grid.around(value));
        let expected = [[-7, -7], [-7, -7], [-7, 2], [0, 0], [-7, 2], [2, 2], [2, 9], [9, 9]];
        assert_eq!(around, expected);
        assert_eq!([-2.4, -2.5, 5.5, 6.0].map(|value| grid.nearest(value)), [2, 2, 2, 9]);
    }
}
