//! The array under Verilator against a sum of products, with the exact cycle of every drained value.

mod support;

use pleach_hdl::array::{Array, drain_cycles};
use support::{Random, Verilated};

/// One sum for each PE: words on consecutive cycles, then idle cycles.
struct Tile {
    words: Vec<Word>,
    idle: usize,
}

/// What one cycle brings: a window for each row, a weight and a position for each column.
struct Word {
    windows: Vec<Vec<i8>>,
    weights: Vec<i8>,
    positions: Vec<usize>,
}

impl Tile {
    fn random(random: &mut Random, size: [usize; 3], words: usize, idle: usize) -> Self {
        let [rows, columns, window] = size;
        let byte = |random: &mut Random| match random.below(8) {
            0 => -128,
            1 => 127,
            _ => random.word() as i8,
        };
        let words = (0..words)
            .map(|_| Word {
                windows: (0..rows).map(|_| (0..window).map(|_| byte(random)).collect()).collect(),
                weights: (0..columns).map(|_| byte(random)).collect(),
                positions: (0..columns).map(|_| random.below(window)).collect(),
            })
            .collect();
        Self { words, idle }
    }

    fn sum(&self, row: usize, column: usize) -> i32 {
        self.words
            .iter()
            .map(|word| {
                i32::from(word.windows[row][word.positions[column]]) * i32::from(word.weights[column])
            })
            .sum()
    }
}

/// A word of the wavefront with what the sequencer knows about it.
struct Beat<'a> {
    word: &'a Word,
    first: bool,
    last: bool,
}

fn pack(bytes: &[i8]) -> Vec<u32> {
    bytes
        .chunks(4)
        .map(|four| u32::from_le_bytes([four[0] as u8, four[1] as u8, four[2] as u8, four[3] as u8]))
        .collect()
}

fn check<const WB: usize, const P: usize>(rows: usize, columns: usize, lengths: &[[usize; 2]]) {
    let name = format!("array{rows}x{columns}w{}", WB / 8);
    let mut random = Random::new(&name);
    let tiles: Vec<_> = lengths
        .iter()
        .map(|&[words, idle]| Tile::random(&mut random, [rows, columns, WB / 8], words, idle))
        .collect();
    let mut beats = Vec::new();
    for tile in &tiles {
        let end = tile.words.len() - 1;
        beats.extend(
            tile.words.iter().enumerate().map(|(i, word)| Some(Beat { word, first: i == 0, last: i == end })),
        );
        beats.extend((0..tile.idle).map(|_| None));
    }

    let cycles = beats.len() + drain_cycles(rows) + rows / 2 + columns;
    let beat = |cycle: usize, skew: usize| {
        cycle.checked_sub(skew).and_then(|at| beats.get(at)).and_then(Option::as_ref)
    };
    let inputs: Vec<_> = (0..cycles)
        .map(|cycle| {
            let mut values = Vec::new();
            for row in 0..rows {
                // Whatever is in a window in an idle cycle must not matter.
                values.push(match beat(cycle, row) {
                    Some(beat) => pack(&beat.word.windows[row]),
                    None => (0..WB / 32).map(|_| random.word()).collect(),
                });
            }
            let mut column = |value: fn(&Beat, usize) -> u32| {
                for c in 0..columns {
                    values.push(vec![beat(cycle, c).map_or(0, |beat| value(beat, c))]);
                }
            };
            column(|beat, c| u32::from(beat.word.weights[c] as u8));
            column(|beat, c| beat.word.positions[c] as u32);
            column(|beat, _| beat.first.into());
            column(|beat, _| beat.last.into());
            values
        })
        .collect();

    let outputs = Verilated::build(&mut Array::<WB, P>::new(rows, columns), &name).run(&inputs);

    // Between sums the buses carry anything: what is expected is expected to be there, and each bus once a cycle.
    let mut expected = vec![vec![[None; 2]; columns]; cycles];
    let mut sums = tiles.iter();
    for (cycle, _) in beats.iter().enumerate().filter(|(_, beat)| beat.as_ref().is_some_and(|b| b.last)) {
        let tile = sums.next().expect("a tile for each last word");
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            let at = cycle + drain_cycles(rows) + column + row / 2;
            let before = expected[at][column][row % 2].replace(tile.sum(row, column));
            assert_eq!(before, None, "the test itself collides");
        }
    }
    let mut compared = 0;
    for (cycle, (output, expected)) in outputs.iter().zip(&expected).enumerate() {
        for (column, expected) in expected.iter().enumerate() {
            for (parity, expected) in expected.iter().enumerate() {
                let Some(expected) = expected else { continue };
                let actual = output[parity * columns + column][0] as i32;
                assert_eq!(actual, *expected, "{name}, cycle {cycle}, column {column}, parity {parity}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, tiles.len() * rows * columns);
}

#[test]
fn tiles_of_any_length_come_out_in_their_cycles() {
    // The fourth and fifth are as close as the drain allows, the last two have gaps.
    let lengths = [[9, 0], [4, 0], [31, 0], [2, 0], [2, 0], [7, 5], [1, 3], [5, 0]];
    check::<128, 4>(4, 4, &lengths);
}

#[test]
fn back_to_back_at_the_minimum_spacing() {
    check::<256, 5>(6, 5, &[[3, 0]; 20]);
    check::<128, 4>(10, 2, &[[1, 4]; 12]);
    // A pair drains as fast as words come.
    check::<128, 4>(2, 3, &[[1, 0]; 20]);
}

#[test]
fn a_single_pair_is_an_array() {
    check::<128, 4>(2, 1, &[[1, 0], [1, 0], [2, 0], [1, 1], [6, 0]]);
}
