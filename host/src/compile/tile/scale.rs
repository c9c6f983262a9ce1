//! Tiles of products of a map with a gate, `Σ (x - zx) * (g - zg)`: the array multiplies by weights, and the gate map, which
//! passes have computed and stored, *is* the weights of slot words, byte for byte.
//!
//! Multiplied out, the sum is `x * g - zx * g - zg * x + zx * zg`: a word of gates on the vector; words of gates on the constant
//! `-zx`, which is what a tap outside of the map reads; static words of `-zg` on the vector; and the bias. A number that is
//! no int8, the 128 of a zero point -128, is taken in two halves. A pass whose tiles have few words waits for the drain anyway, so
//! that the words beyond the first one cost little.

use super::{Cut, Gated, Part, Tap, Tile, Tiles};
use crate::compile::step::Scale;
use pleach_spec::stream::{Control, TAKE_ALL, WordStream};
use pleach_spec::{Config, VECTOR};

/// A column outside of the map: the walk of such a step stands still on a map of one pixel.
const OUTSIDE: usize = 1;

/// Int8 values with the sum `-zero_point`; none for 0.
pub fn negated(zero_point: i8) -> Vec<i8> {
    match zero_point {
        0 => Vec::new(),
        i8::MIN => vec![64; 2],
        other => vec![-other],
    }
}

/// The slot of the gate that scales the channel in a slot of the output: lane c of a vector is the weight of column c.
pub fn gate_slot(slot: u32, config: &Config) -> u32 {
    let columns = config.columns as u32;
    slot / columns * columns.next_multiple_of(VECTOR as u32) + slot % columns
}

/// The tiles of a step; `columns` are the channels of the columns of all of them. Several images have variants of their own: the
/// same words, but for the gates.
pub(super) fn tiles(scale: &Scale, images: usize, columns: &[Option<usize>], config: &Config) -> Tiles {
    let cut = if images > 1 { Cut::Variants } else { Cut::No };
    let mut result = Tiles { tiles: Vec::new(), lists: Vec::new(), cut };
    for (tile, columns) in columns.chunks(config.columns).enumerate() {
        let mut words = Words::new(tile * config.columns % VECTOR, config);
        let vectors = columns.iter().rposition(Option::is_some).map_or(1, |last| last / VECTOR + 1);
        let group = tile * config.columns / VECTOR;
        let mut taps = Vec::new();
        for vector in 0..vectors {
            taps.push(Tap { source: 0, group: group + vector, dy: 0, dx: 0 });
            words.vector(vector, &negated(scale.gate_zero));
        }
        let constants = negated(scale.zero).len();
        if constants > 0 {
            taps.push(Tap { source: 0, group, dy: 0, dx: OUTSIDE });
            words.constant(vectors, constants);
        }
        let gate_group = gate_slot((tile * config.columns) as u32, config) as usize / VECTOR;
        let part = |image: usize| {
            let gate = |&(word, beat): &(usize, usize)| Gated { word, beat, image, group: gate_group + beat };
            let (gated, words) = (words.gated.iter().map(gate).collect(), words.stream.clone());
            Part { list: tile, second: 0, dense: false, gated, words }
        };
        let parts = (0..images).map(part).collect();
        result.tiles.push(Tile { columns: columns.to_vec(), joined_list: tile, parts });
        result.lists.push(taps);
    }
    result
}

/// The words of a tile as they come about.
struct Words<'a> {
    config: &'a Config,
    /// Lane of the first column in its vector.
    lane: usize,
    /// Vectors that have entered the window.
    taken: usize,
    stream: WordStream,
    /// Word and beat of what the gate takes the place of.
    gated: Vec<(usize, usize)>,
}

impl<'a> Words<'a> {
    fn new(lane: usize, config: &'a Config) -> Self {
        Self { config, lane, taken: 0, stream: WordStream::default(), gated: Vec::new() }
    }

    /// A vector by the gates of its columns, and by numbers.
    fn vector(&mut self, vector: usize, numbers: &[i8]) {
        self.gated.push((self.stream.len(), vector));
        let beats = vector..vector + 1;
        self.word(beats.clone(), 1, true);
        for &number in numbers {
            self.word(beats.clone(), number, false);
        }
        self.taken += 1;
    }

    /// The constant by all gates, so many times.
    fn constant(&mut self, beats: usize, times: usize) {
        for time in 0..times {
            let word = self.stream.len();
            self.gated.extend((0..beats).map(|beat| (word, beat)));
            self.word(0..beats, 1, time == 0);
        }
        self.taken += 1;
    }

    /// A word of a weight for the columns of some beats.
    fn word(&mut self, beats: std::ops::Range<usize>, weight: i8, takes: bool) {
        let take = if takes { Control { take: TAKE_ALL, pop: true, max: false } } else { Control::default() };
        self.stream.controls.push(take);
        let window = self.taken * VECTOR % self.config.window;
        for column in 0..self.config.columns {
            let works = beats.contains(&(column / VECTOR));
            let position = window + (self.lane + column) % VECTOR;
            self.stream.weights.push(if works { weight } else { 0 });
            self.stream.positions.push(if works { position as u8 } else { 0 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_point_is_negated_in_int8() {
        for zero_point in i8::MIN..=i8::MAX {
            let sum: i32 = negated(zero_point).into_iter().map(i32::from).sum();
            assert_eq!(sum, -i32::from(zero_point));
        }
    }

    #[test]
    fn each_tile_finds_its_gates_in_vectors_of_its_own() {
        let of = |columns| {
            let config = Config { columns, ..Config::resolve("mini").unwrap() };
            [0, 3, 4, 17, 40].map(|slot| gate_slot(slot, &config))
        };
        assert_eq!(of(4), [0, 3, 16, 65, 160]);
        assert_eq!(of(16), [0, 3, 4, 17, 40]);
        assert_eq!(of(32), [0, 3, 4, 17, 40]);
    }
}
