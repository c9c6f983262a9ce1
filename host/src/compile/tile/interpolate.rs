//! Tiles of linear interpolations: each phase of the enlarged map is a depthwise convolution of its own, and so are the edges, where
//! the pixel that is missing counts as the one beside it. A pass executes the words of one *variant*: a phase, and whether the region
//! lies at the edge that the phase looks beyond.

use super::{Cut, Part, Tap, Tile, Tiles, Vectors, check_capacity, operand};
use crate::compile::CompileError;
use crate::compile::region::Region;
use crate::compile::schedule::{VectorWeights, schedule};
use crate::compile::step::Step;
use pleach_spec::Config;
use pleach_spec::network::Interpolation;
use std::collections::HashMap;

/// Pixels of an axis that can have a weight: the one before, the one that is enlarged, the one behind.
pub const TAPS: usize = 3;

/// The weights of these pixels in a phase, away from the edges or at the one in question.
fn weights(interpolation: &Interpolation, axis: usize, phase: usize, at_edge: bool) -> [i8; TAPS] {
    let steps = 2 * interpolation.factor[axis] as i64;
    let position = interpolation.position(axis, phase);
    let outer = if at_edge { 0 } else { position.abs() };
    let inner = steps - outer;
    // Weights are int8: the network has been checked.
    let [before, behind] = if position < 0 { [outer, 0] } else { [0, outer] };
    [before, inner, behind].map(|weight| weight as i8)
}

/// The variant that a pass executes: an index into the parts of a tile.
pub fn variant(interpolation: &Interpolation, step: &Step, region: &Region, phase: [usize; 2]) -> usize {
    let [_, phases] = interpolation.factor;
    let at_edge = |axis: usize, range: &std::ops::Range<usize>| {
        let before = interpolation.position(axis, phase[axis]) < 0;
        if before { range.start == 0 } else { range.end == step.walked[axis] }
    };
    let edges = [at_edge(0, &region.rows), at_edge(1, &region.columns)].map(usize::from);
    ((phase[0] * phases + phase[1]) * 2 + edges[0]) * 2 + edges[1]
}

/// Phase and edges of each variant, in order.
fn variants(interpolation: &Interpolation) -> impl Iterator<Item = ([usize; 2], [bool; 2])> {
    let [vertical, horizontal] = interpolation.factor;
    let phases = (0..vertical).flat_map(move |y| (0..horizontal).map(move |x| [y, x]));
    phases.flat_map(|phase| {
        [false, true].into_iter().flat_map(move |y| [false, true].map(move |x| (phase, [y, x])))
    })
}

/// The tiles of a step; `columns` are the channels of the columns of all of them.
pub(super) fn tiles(
    interpolation: &Interpolation,
    (step, name): (&Step, &str),
    input: &Vectors,
    columns: &[Option<usize>],
    config: &Config,
) -> Result<Tiles, CompileError> {
    let mut result = Tiles { tiles: Vec::new(), lists: Vec::new(), cut: Cut::Variants };
    let mut known: HashMap<Vec<Tap>, usize> = HashMap::new();
    for columns in columns.chunks(config.columns) {
        // One weight of 1 at every tap, to begin with.
        let (taps, identity) = operand(step, input, columns);
        let mut parts = Vec::new();
        for (phase, at_edge) in variants(interpolation) {
            let [rows, across] = [0, 1].map(|axis| weights(interpolation, axis, phase[axis], at_edge[axis]));
            let (taps, vectors) = weighted(&taps, &identity, |tap| rows[tap.dy] * across[tap.dx]);
            let words = schedule(&vectors, 0, config);
            check_capacity(name, words.len(), taps.len(), config)?;
            let next = result.lists.len();
            let list = *known.entry(taps.clone()).or_insert(next);
            if list == next {
                result.lists.push(taps);
            }
            let dense = words.is_implicit(config);
            parts.push(Part { list, words, second: 0, dense, gated: Vec::new() });
        }
        result.tiles.push(Tile { columns: columns.to_vec(), joined_list: parts[0].list, parts });
    }
    Ok(result)
}

/// The vectors whose tap has a weight, times that.
fn weighted(
    taps: &[Tap],
    vectors: &[VectorWeights],
    weight: impl Fn(&Tap) -> i8,
) -> (Vec<Tap>, Vec<VectorWeights>) {
    let all = taps.iter().zip(vectors).map(|(tap, vector)| (tap, vector, weight(tap)));
    let times = |(tap, vector, weight): (&Tap, &VectorWeights, i8)| {
        (*tap, vector.iter().map(|lanes| lanes.map(|lane| lane * weight)).collect())
    };
    all.filter(|&(.., weight)| weight != 0).map(times).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pleach_spec::network::Sampling;

    #[test]
    fn the_weights_of_two_times() {
        let of = |sampling, phase, at_edge| {
            weights(&Interpolation { factor: [2, 2], sampling }, 0, phase, at_edge)
        };
        assert_eq!([0, 1].map(|phase| of(Sampling::HalfPixel, phase, false)), [[1, 3, 0], [0, 3, 1]]);
        assert_eq!([0, 1].map(|phase| of(Sampling::HalfPixel, phase, true)), [[0, 4, 0]; 2]);
        assert_eq!([0, 1].map(|phase| of(Sampling::Asymmetric, phase, false)), [[0, 4, 0], [0, 2, 2]]);
    }
}
