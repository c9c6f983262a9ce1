//! The weight stream of a pass: its slot words, and the rules of the window that they keep. How they lie in memory is in
//! [`crate::beats`].

use crate::{Config, VECTOR};
use thiserror::Error;

/// `take` of a word: no chunk.
pub const TAKE_NONE: u8 = 0;
/// `take`: the low half of the staged vector.
pub const TAKE_LOW: u8 = 1;
/// `take`: the high half.
pub const TAKE_HIGH: u8 = 2;
/// `take`: the whole vector.
pub const TAKE_ALL: u8 = 3;

/// Control nibble of a slot word, see `command::WordControl` for its bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// Which chunks enter the window before the word multiplies: `TAKE_…`.
    pub take: u8,
    /// The staged vector is finished with.
    pub pop: bool,
    /// What is taken does not replace what the take before wrote: each byte becomes the greater of both.
    pub max: bool,
}

impl Control {
    /// The nibble.
    pub fn bits(self) -> u8 {
        self.take | u8::from(self.pop) << 2 | u8::from(self.max) << 3
    }

    /// Chunks that the word moves into the window.
    pub fn chunks(self, config: &Config) -> usize {
        match self.take {
            TAKE_NONE => 0,
            TAKE_ALL => config.chunks_per_vector(),
            _ => 1,
        }
    }

    /// From the nibble.
    pub fn from_bits(bits: u8) -> Self {
        Self { take: bits & 3, pop: bits & 4 != 0, max: bits & 8 != 0 }
    }

    /// The control of a word of a dense stream: every 16 words take a whole vector.
    pub fn implicit(word: usize) -> Self {
        match word.is_multiple_of(VECTOR) {
            true => Self { take: TAKE_ALL, pop: true, max: false },
            false => Self::default(),
        }
    }
}

/// The slot words of one pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WordStream {
    /// int8 weights `[word][column]`; 0 where a column idles.
    pub weights: Vec<i8>,
    /// Window positions `[word][column]`; 0 where a column idles.
    pub positions: Vec<u8>,
    /// Controls `[word]`.
    pub controls: Vec<Control>,
}

/// What is wrong with a stream.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StreamError {
    /// A rule of the window is broken.
    #[error("slot word {word}: {rule}")]
    Rule {
        /// Index of the word in the pass.
        word: usize,
        /// What is required.
        rule: &'static str,
    },
}

impl WordStream {
    /// Number of words.
    pub fn len(&self) -> usize {
        self.controls.len()
    }

    /// True if there is no word.
    pub fn is_empty(&self) -> bool {
        self.controls.is_empty()
    }

    /// Multiplications that are not by zero.
    pub fn nonzeros(&self) -> usize {
        self.weights.iter().filter(|&&w| w != 0).count()
    }

    /// The position that all columns of a word use in a dense stream: chunks follow each other around the window, and each of
    /// their channels takes one word.
    pub fn implicit_position(word: usize, config: &Config) -> u8 {
        (word % config.window) as u8
    }

    /// True if positions (where there is a weight) and controls are those of a dense stream, which need no memory.
    pub fn is_implicit(&self, config: &Config) -> bool {
        let words = self.weights.chunks(config.columns).zip(self.positions.chunks(config.columns));
        let fits = words.enumerate().all(|(word, (weights, positions))| {
            let implicit = Self::implicit_position(word, config);
            weights.iter().zip(positions).all(|(&w, &p)| w == 0 || p == implicit)
        });
        let mut controls = self.controls.iter().enumerate();
        fits && controls.all(|(word, &control)| control == Control::implicit(word))
    }

    /// Checks the rules that the hardware relies on; `loads` is the number of vectors the pass loads.
    pub fn check(&self, loads: usize, config: &Config) -> Result<(), StreamError> {
        let error = |word, rule| Err(StreamError::Rule { word, rule });
        let mut window = Window::new(config);
        for (word, control) in self.controls.iter().enumerate() {
            if word == 0 && control.take == TAKE_NONE {
                return error(word, "the first word of a tile must take a chunk");
            }
            if let Err(rule) = window.step(*control) {
                return error(word, rule);
            }
            let columns = word * config.columns..(word + 1) * config.columns;
            let columns = || self.weights[columns.clone()].iter().zip(&self.positions[columns.clone()]);
            // Most words keep both rules for reasons that are quickly seen, without a branch for each column.
            let clean = |weight: i8, position: u8| {
                usize::from(position) < config.window && (weight != 0 || position == 0)
            };
            let all_clean = columns().fold(true, |all, (&weight, &position)| all & clean(weight, position));
            if all_clean && window.is_full() {
                continue;
            }
            for (&weight, &position) in columns() {
                if weight == 0 && position != 0 {
                    return error(word, "a column without a weight must have position 0");
                }
                if weight != 0 && window.content(position).is_none() {
                    return error(word, "a weight reads a window position that this tile has not written");
                }
            }
        }
        match window.popped == loads && window.taken == 0 {
            true => Ok(()),
            false => error(self.len(), "every loaded vector must be popped exactly once"),
        }
    }
}

/// What the window of a row holds while the words of a tile go by: the reference for everything that reads streams.
pub struct Window<'a> {
    config: &'a Config,
    /// Chunk slots.
    slots: Vec<Option<Chunk>>,
    next: usize,
    taken: u8,
    /// Vectors popped so far.
    pub popped: usize,
}

/// A chunk in the window: the greatest of some vectors of the pass (one, unless a word took with `max`), from a channel on.
#[derive(Clone, Debug)]
struct Chunk {
    vectors: Vec<usize>,
    channel: usize,
}

impl<'a> Window<'a> {
    /// The window at the start of a tile: nothing in it is of use.
    pub fn new(config: &'a Config) -> Self {
        Self { config, slots: vec![None; config.slots()], next: 0, taken: 0, popped: 0 }
    }

    /// Applies the control of a word, before its multiplications are looked at.
    pub fn step(&mut self, control: Control) -> Result<(), &'static str> {
        if control.take > TAKE_ALL {
            return Err("there is no such chunk to take");
        }
        if control.take & self.taken != 0 || control.take == TAKE_LOW && self.taken & TAKE_HIGH != 0 {
            return Err("a chunk is taken twice, or the low one after the high one");
        }
        if self.config.chunks_per_vector() == 1 && !matches!(control.take, TAKE_NONE | TAKE_ALL) {
            return Err("half a vector is taken, but a chunk is a whole one");
        }
        if control.take == TAKE_ALL && self.config.chunks_per_vector() > self.config.slots() {
            return Err("two chunks are taken, but the window holds one");
        }
        self.write(control)?;
        self.taken |= control.take;
        if control.pop {
            if self.taken == 0 {
                return Err("a vector is popped of which nothing was taken");
            }
            self.popped += 1;
            self.taken = 0;
        }
        Ok(())
    }

    /// Chunks enter. With `max` they go to the slots behind the pointer, which stays.
    fn write(&mut self, control: Control) -> Result<(), &'static str> {
        let slots = self.slots.len();
        if control.max {
            self.next = (self.next + slots - control.chunks(self.config)) % slots;
        }
        for (bit, channel) in [(TAKE_LOW, 0), (TAKE_HIGH, self.config.chunk)] {
            if control.take & bit == 0 || channel >= VECTOR {
                continue;
            }
            let slot = &mut self.slots[self.next];
            self.next = (self.next + 1) % slots;
            match slot {
                Some(chunk) if control.max && chunk.channel == channel => chunk.vectors.push(self.popped),
                _ if control.max => return Err("the greatest is asked of a chunk that is not there"),
                _ => *slot = Some(Chunk { vectors: vec![self.popped], channel }),
            }
        }
        Ok(())
    }

    /// This tile has written every position.
    fn is_full(&self) -> bool {
        self.slots.iter().all(Option::is_some)
    }

    /// Vectors, whose greatest is meant if there are several, and channel at a position, if this tile has written it.
    pub fn content(&self, position: u8) -> Option<(&[usize], usize)> {
        let position = usize::from(position);
        let chunk = self.slots.get(position / self.config.chunk)?.as_ref()?;
        Some((&chunk.vectors, chunk.channel + position % self.config.chunk))
    }
}
