//! Random passes, and what they give by the functions of `pleach_spec`.

use pleach_spec::command::Parameter;
use pleach_spec::numerics::{Combine, Multiplier, Operand, Requantize};
use pleach_spec::stream::{Control, TAKE_NONE, Window, WordStream};
use pleach_spec::timing::Pace;
use pleach_spec::{Config, VECTOR};

use crate::support::Random;

/// A byte for each byte, twice.
pub type Tables = [[i8; 256]; 2];

/// A number for each row and column.
pub type Grid<T> = Vec<Vec<T>>;

/// A pass: its words, what its tiles load, and what becomes of its sums.
pub struct Pass {
    pub words: WordStream,
    /// Positions are implicit.
    pub dense: bool,
    /// Words of the second operand, if there is one.
    pub second: usize,
    /// The next pass goes on with the sums.
    pub partial: bool,
    /// The sums of the pass before go on.
    pub accumulate: bool,
    pub pace: Pace,
    /// `[tile][vector][row][channel]`
    pub tiles: Vec<Vec<Grid<i8>>>,
    /// `[operand][column]`
    pub parameters: [Vec<Parameter>; 2],
    pub combine: Combine,
}

impl Pass {
    /// `before` is partial or not, which this one must know.
    pub fn random(random: &mut Random, config: &Config, before: Option<&Self>) -> Self {
        let dense = random.below(4) == 0;
        let words = if dense { dense_words(random, config) } else { sparse_words(random, config) };
        let vectors = words.controls.iter().filter(|control| control.pop).count();
        words.check(vectors, config).expect("a valid stream");
        let accumulate = before.is_some_and(|before| before.partial);
        let partial = random.below(4) == 0;
        let second = match random.below(2) {
            1 if !partial && words.len() > 1 => 1 + random.below(words.len() - 1),
            _ => 0,
        };
        let tiles = if partial || accumulate { 1 } else { 3 };
        let byte = |random: &mut Random| random.word() as i8;
        let mut vector = || (0..VECTOR).map(|_| byte(random)).collect::<Vec<_>>();
        let mut tile = || (0..vectors).map(|_| (0..config.rows).map(|_| vector()).collect()).collect();
        let tiles = (0..tiles).map(|_| tile()).collect();
        let pace = Pace::from(random.below(2) as u32);
        let mut operand = || (0..config.columns).map(|_| parameter(random)).collect();
        let parameters = [operand(), operand()];
        let combine = combination(random);
        Self { words, dense, second, partial, accumulate, pace, tiles, parameters, combine }
    }

    /// Words of the first operand.
    fn first(&self) -> usize {
        self.words.len() - self.second
    }

    /// Whether a word clears the sums.
    pub fn clears(&self, word: usize) -> bool {
        word == 0 && !self.accumulate || word == self.first()
    }

    /// Whether a word ends an operand: there is a least distance to the one before, drained or not.
    pub fn ends(&self, word: usize) -> bool {
        word + 1 == self.first() || word + 1 == self.words.len()
    }

    /// Which operand a word belongs to.
    pub fn operand(&self, word: usize) -> usize {
        usize::from(word >= self.first())
    }

    /// Lets the words of a tile go by; what leaves the lanes in the end, by row and column.
    pub fn run(
        &self,
        tile: usize,
        sums: &mut Grid<i32>,
        tables: &Tables,
        config: &Config,
    ) -> Option<Grid<i8>> {
        let mut window = Window::new(config);
        let mut kept = None;
        for (word, control) in self.words.controls.iter().enumerate() {
            window.step(*control).expect("a valid stream");
            if self.clears(word) {
                sums.iter_mut().flatten().for_each(|sum| *sum = 0);
            }
            self.accumulate(word, &self.tiles[tile], &window, sums);
            if self.ends(word) && !self.partial {
                let second = self.requantize(self.operand(word), sums, tables);
                kept = Some(match kept {
                    None => second,
                    Some(first) => combined(&self.combine, &first, &second),
                });
            }
        }
        kept
    }

    fn accumulate(&self, word: usize, vectors: &[Grid<i8>], window: &Window, sums: &mut Grid<i32>) {
        for (row, sums) in sums.iter_mut().enumerate() {
            let columns = sums.len();
            for (c, sum) in sums.iter_mut().enumerate() {
                let at = word * columns + c;
                let weight = self.words.weights[at];
                if weight != 0 {
                    let (sources, channel) =
                        window.content(self.words.positions[at]).expect("a valid stream");
                    let greatest = sources.iter().map(|&vector| vectors[vector][row][channel]).max();
                    *sum += i32::from(weight) * i32::from(greatest.expect("a source"));
                }
            }
        }
    }

    fn requantize(&self, operand: usize, sums: &Grid<i32>, tables: &Tables) -> Grid<i8> {
        let byte = |sum: &i32, parameter: &Parameter| {
            let byte = Requantize::from(*parameter).apply(*sum);
            match parameter.table {
                0 => byte,
                _ => tables[parameter.bank as usize][usize::from(byte as u8)],
            }
        };
        let row =
            |row: &Vec<i32>| row.iter().zip(&self.parameters[operand]).map(|(s, p)| byte(s, p)).collect();
        sums.iter().map(row).collect()
    }
}

fn combined(combine: &Combine, first: &Grid<i8>, second: &Grid<i8>) -> Grid<i8> {
    let bytes = |(first, second): (&Vec<i8>, &Vec<i8>)| {
        first.iter().zip(second).map(|(&first, &second)| combine.apply(first, second)).collect()
    };
    first.iter().zip(second).map(bytes).collect()
}

/// Words that take and pop some vectors in any way that is allowed.
fn sparse_words(random: &mut Random, config: &Config) -> WordStream {
    let controls = controls(random, config);
    let mut window = Window::new(config);
    let (mut weights, mut positions) = (Vec::new(), Vec::new());
    for control in &controls {
        window.step(*control).expect("valid controls");
        let filled: Vec<u8> = (0..config.window as u8).filter(|&p| window.content(p).is_some()).collect();
        for _ in 0..config.columns {
            let weight = weight(random);
            weights.push(weight);
            positions.push(if weight == 0 { 0 } else { filled[random.below(filled.len())] });
        }
    }
    WordStream { weights, positions, controls }
}

/// Words of a dense stream, not always a whole number of vectors.
fn dense_words(random: &mut Random, config: &Config) -> WordStream {
    let words = 1 + random.below(2 * VECTOR);
    let weights: Vec<i8> = (0..words * config.columns).map(|_| weight(random)).collect();
    let position = |at: usize| match weights[at] {
        0 => 0,
        _ => WordStream::implicit_position(at / config.columns, config),
    };
    let positions = (0..weights.len()).map(position).collect();
    WordStream { positions, controls: (0..words).map(Control::implicit).collect(), weights }
}

/// A third of them zero.
fn weight(random: &mut Random) -> i8 {
    if random.below(3) == 0 { 0 } else { random.word() as i8 }
}

fn controls(random: &mut Random, config: &Config) -> Vec<Control> {
    let vectors = 1 + random.below(6);
    let mut controls: Vec<Control> = Vec::new();
    loop {
        let bits = random.below(16) as u8;
        let control = Control::from_bits(bits);
        if controls.is_empty() && control.take == TAKE_NONE {
            continue;
        }
        let mut window = Window::new(config);
        let earlier = controls.iter().try_for_each(|control| window.step(*control));
        earlier.expect("only valid controls are kept");
        if window.step(control).is_ok() {
            controls.push(control);
            if window.popped == vectors {
                return controls;
            }
        }
    }
}

fn clamp(random: &mut Random) -> [i8; 2] {
    let mut clamp = [random.word() as i8, random.word() as i8];
    clamp.sort_unstable();
    if random.below(2) == 0 { [i8::MIN, i8::MAX] } else { clamp }
}

fn parameter(random: &mut Random) -> Parameter {
    let [low, high] = clamp(random);
    let requantize = Requantize {
        bias: random.word() as i32 >> 16,
        factor: Multiplier::from_scale(0.0005 + random.below(1000) as f32 * 0.000_01).expect("a scale"),
        zero_point: random.word() as i8 >> 1,
        low,
        high,
    };
    let [table, bank] = [(); 2].map(|()| random.below(2) as u32);
    Parameter { table, bank, ..requantize.into() }
}

fn combination(random: &mut Random) -> Combine {
    let [low, high] = clamp(random);
    let mut operand = || Operand { multiplier: random.word() >> 8, zero_point: random.word() as i8 };
    let operands = [operand(), operand()];
    let shift = if random.below(4) == 0 { 1 + random.below(40) } else { 23 + random.below(3) } as u8;
    Combine { operands, shift, zero_point: random.word() as i8, low, high }
}
