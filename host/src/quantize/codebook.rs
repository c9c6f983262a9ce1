//! Codebooks as in Deep Compression (Han et al. 2016): weights share few int8 values, found by k-means.
//!
//! On a line k-means has an exact solution: the clusters are runs of the sorted values, and dynamic programming finds the best ends.
//! Steps of channels and entries of the codebook take turns, each the best for the other.

use super::grid::{Grid, rows};
use crate::graph::Graph;
use ndarray::ArrayView2;
use serde::Serialize;
use std::collections::BTreeMap;

/// Largest magnitude of an entry.
const LARGEST: i8 = 127;
/// Numbers from `-LARGEST` to `LARGEST`.
const NUMBERS: usize = 2 * LARGEST as usize + 1;
/// Turns of steps and entries; the error settles within few.
const TURNS: usize = 8;

/// The codebook of a layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Codebook {
    /// Name of the layer.
    pub layer: String,
    /// Its numbers; zero comes on top of two where a weight is exactly zero.
    pub entries: Vec<i8>,
    /// Signal to noise ratio of the weights in decibels.
    pub weights_db: f64,
    /// The same with equal steps of as many bits.
    pub equal_steps_db: f64,
}

/// The codebooks of layers, whose `grids` they are, next to equal steps of as many bits.
pub fn codebooks(
    graph: &Graph,
    bits: &BTreeMap<String, u8>,
    grids: &BTreeMap<String, Grid>,
) -> Vec<Codebook> {
    let of = |layer: crate::graph::Layer<'_>| {
        let (bits, grid) = (*bits.get(layer.name)?, grids.get(layer.name)?);
        let weights = layer.conv.weights.view();
        let flat = rows(&weights);
        Some(Codebook {
            layer: layer.name.to_owned(),
            weights_db: grid.noise(flat.view()).decibels(),
            equal_steps_db: Grid::even(weights, bits).noise(flat.view()).decibels(),
            entries: grid.levels.clone(),
        })
    };
    graph.layers().filter_map(of).collect()
}

/// The grid of at most `entries` levels with the least squared error that is found from equal steps; never worse than these.
pub(super) fn fit(weights: ArrayView2<'_, f32>, even: Grid, entries: usize) -> Grid {
    let most = even.levels.iter().fold(1, |most, level| level.abs().max(most));
    // Finer numbers for the same values.
    let stretch = LARGEST / most;
    let mut grid = Grid {
        levels: even.levels.iter().map(|level| level * stretch).collect(),
        steps: even.steps.iter().map(|step| step / f32::from(stretch)).collect(),
    };
    let (mut best, mut least) = (grid.clone(), grid.noise(weights).error);
    for _ in 0..TURNS {
        grid.levels = means(weights, &grid.steps, entries);
        if grid.levels.is_empty() {
            break;
        }
        fit_steps(weights, &mut grid);
        let error = grid.noise(weights).error;
        if error < least {
            (best, least) = (grid.clone(), error);
        }
    }
    best
}

/// The step of each channel with the least squared error for the numbers that its weights have now.
fn fit_steps(weights: ArrayView2<'_, f32>, grid: &mut Grid) {
    for (channel, weights) in weights.outer_iter().enumerate() {
        let step = grid.steps[channel];
        if step <= 0.0 {
            continue;
        }
        let (mut product, mut square) = (0f64, 0f64);
        for &weight in weights {
            let number = f64::from(grid.nearest(weight / step));
            product += f64::from(weight) * number;
            square += number * number;
        }
        let best = (product / square) as f32;
        if best.is_normal() && best > 0.0 {
            grid.steps[channel] = best;
        }
    }
}

/// Count, sum and sum of squares of values, each weighted by how much its square error counts.
#[derive(Clone, Copy, Default)]
struct Moments([f64; 3]);

impl Moments {
    fn plus(self, other: Self, sign: f64) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + sign * other.0[i]))
    }

    /// Squared error to the mean.
    fn spread(self) -> f64 {
        let [count, sum, squares] = self.0;
        if count > 0.0 { (squares - sum * sum / count).max(0.0) } else { 0.0 }
    }
}

/// The centres of the best clusters of the weights in steps, rounded to int8. Weights of exactly zero stay zero, and so are no part of
/// any cluster; where there are some, one of more than two entries is theirs.
fn means(weights: ArrayView2<'_, f32>, steps: &[f32], entries: usize) -> Vec<i8> {
    let mut bins = [Moments::default(); NUMBERS];
    let mut zeros = false;
    for (weights, &step) in weights.outer_iter().zip(steps).filter(|(_, step)| **step > 0.0) {
        let counts = f64::from(step).powi(2);
        for &weight in weights {
            if weight == 0.0 {
                zeros = true;
                continue;
            }
            let value = f64::from(weight / step).clamp(-f64::from(LARGEST), f64::from(LARGEST));
            let bin = (value.round() + f64::from(LARGEST)) as usize;
            bins[bin] = bins[bin].plus(Moments([counts, counts * value, counts * value * value]), 1.0);
        }
    }
    let own_zero = zeros && entries > 2;
    let mut levels = clusters(&bins, entries - usize::from(own_zero));
    if own_zero {
        levels.push(0);
    }
    levels.sort_unstable();
    levels.dedup();
    levels
}

fn clusters(bins: &[Moments; NUMBERS], count: usize) -> Vec<i8> {
    let mut sums = vec![Moments::default()];
    bins.iter().for_each(|&bin| sums.push(sums[sums.len() - 1].plus(bin, 1.0)));
    let between = |first: usize, end: usize| sums[end].plus(sums[first], -1.0);
    // Least error of the first `end` bins in so many clusters, and where the last of them begins.
    let mut least: Vec<f64> = (0..=NUMBERS).map(|end| between(0, end).spread()).collect();
    let mut begins = vec![vec![0; NUMBERS + 1]];
    for _ in 1..count {
        let best = |end: usize| {
            let split = |first: usize| (least[first] + between(first, end).spread(), first);
            (0..=end).map(split).reduce(|a, b| if b.0 < a.0 { b } else { a }).unwrap_or_default()
        };
        let found: Vec<(f64, usize)> = (0..=NUMBERS).map(best).collect();
        least = found.iter().map(|found| found.0).collect();
        begins.push(found.iter().map(|found| found.1).collect());
    }
    let (mut end, mut levels) = (NUMBERS, Vec::new());
    for begins in begins.iter().rev() {
        let [count, sum, _] = between(begins[end], end).0;
        if count > 0.0 {
            levels.push((sum / count).round() as i8);
        }
        end = begins[end];
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::testing::Random;
    use ndarray::Array2;

    /// Many small weights and few large ones, as trained layers have them.
    fn weights(seed: u64) -> Array2<f32> {
        let mut random = Random(seed);
        Array2::from_shape_simple_fn((6, 200), || random.value().powi(3))
    }

    fn even(weights: &Array2<f32>, bits: u8) -> Grid {
        let (channels, each) = weights.dim();
        Grid::even(weights.view().into_shape_with_order((channels, each, 1, 1)).unwrap(), bits)
    }

    #[test]
    fn few_values_and_less_error_than_equal_steps() {
        let weights = weights(1);
        for (bits, gain) in [(4u8, 1.0), (2, 0.5), (1, 0.0)] {
            let even = even(&weights, bits);
            let grid = fit(weights.view(), even.clone(), 1 << bits);
            assert!(grid.levels.len() <= 1 << bits && grid.levels.is_sorted());
            let decibels = [&even, &grid].map(|grid| grid.noise(weights.view()).decibels());
            assert!(decibels[1] >= decibels[0] + gain, "{bits} bits: {decibels:?}");
        }
    }

    #[test]
    fn weights_of_few_values_are_exact() {
        let weights =
            Array2::from_shape_fn((2, 60), |(c, i)| [-1.27, 0.32, 0.8, 1.0][i % 4] * (1.0 + c as f32));
        let grid = fit(weights.view(), even(&weights, 2), 4);
        assert!(grid.noise(weights.view()).decibels() > 40.0, "{grid:?}");
    }

    #[test]
    fn zeros_are_an_entry_of_their_own() {
        let mut weights = weights(2);
        weights.iter_mut().step_by(2).for_each(|weight| *weight = 0.0);
        let grid = fit(weights.view(), even(&weights, 2), 4);
        assert!(grid.levels.contains(&0) && grid.levels.len() == 4, "{grid:?}");
        assert_eq!(grid.nearest(0.0), 0);
    }
}
