//! The weight stream of a pass: slot words in memory form, and their packed form in `model.bin`.
//!
//! Packed, a stream is up to three blocks, see [`PACKED_BLOCKS`]: dense streams need 8 bits a weight, sparse ones 8 + log2 W.

use crate::{Config, VECTOR};
use thiserror::Error;

/// The blocks of a packed stream of n words, in order, each padded with zeros to 16 bytes: name, size, contents. For the
/// documentation.
pub const PACKED_BLOCKS: [(&str, &str, &str); 3] = [
    ("weights", "n * C", "int8 weights: column c of word i is byte i * C + c"),
    (
        "controls",
        "ceil(n / 2)",
        "control nibbles (see WordControl): that of word i in byte i div 2, of an even i in the low half",
    ),
    (
        "positions",
        "n * ceil(C * log2 W / 8)",
        "encoding 1 only: window positions, those of a word from a byte boundary on, column c in bits c * log2 W up; 0 where the weight is 0. Encoding 0: the position of word i is i mod W",
    ),
];

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

/// How positions are stored in a packed stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Encoding {
    /// Every column uses the same position, which is not stored: see [`WordStream::implicit_position`].
    Dense = 0,
    /// A position a column and word.
    Sparse = 1,
}

/// What is wrong with a packed or unpacked stream.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StreamError {
    /// Unknown encoding number.
    #[error("unknown stream encoding {0}")]
    Encoding(u32),
    /// A rule of the window is broken.
    #[error("slot word {word}: {rule}")]
    Rule {
        /// Index of the word in the pass.
        word: usize,
        /// What is required.
        rule: &'static str,
    },
}

fn padded(bytes: usize) -> usize {
    bytes.next_multiple_of(VECTOR)
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

    /// The denser encoding that can hold this stream.
    pub fn encoding(&self, config: &Config) -> Encoding {
        if self.is_implicit(config) { Encoding::Dense } else { Encoding::Sparse }
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

    /// Bytes of the packed form of `words` words.
    pub fn packed_bytes(words: usize, encoding: Encoding, config: &Config) -> usize {
        let positions = match encoding {
            Encoding::Dense => 0,
            Encoding::Sparse => padded(words * position_bytes(config)),
        };
        padded(words * config.columns) + padded(words.div_ceil(2)) + positions
    }

    /// Packs the stream.
    pub fn pack(&self, encoding: Encoding, config: &Config) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.weights.iter().map(|&w| w as u8).collect();
        bytes.resize(padded(bytes.len()), 0);
        bytes.extend(
            self.controls
                .chunks(2)
                .map(|pair| pair[0].bits() | pair.get(1).map_or(0, |control| control.bits() << 4)),
        );
        bytes.resize(padded(bytes.len()), 0);
        if encoding == Encoding::Sparse {
            for positions in self.positions.chunks(config.columns) {
                bytes.extend(pack_positions(positions, config));
            }
            bytes.resize(padded(bytes.len()), 0);
        }
        bytes
    }

    /// Unpacks `words` words from exactly [`WordStream::packed_bytes`] bytes.
    pub fn unpack(bytes: &[u8], words: usize, encoding: Encoding, config: &Config) -> Self {
        let (weights, rest) = bytes.split_at(padded(words * config.columns));
        let (nibbles, positions) = rest.split_at(padded(words.div_ceil(2)));
        let weights: Vec<i8> = weights[..words * config.columns].iter().map(|&b| b as i8).collect();
        let nibble = |word: usize| Control::from_bits(nibbles[word / 2] >> (word % 2 * 4));
        let controls: Vec<Control> = (0..words).map(nibble).collect();
        let mut all_positions = match encoding {
            Encoding::Dense => (0..words)
                .flat_map(|word| std::iter::repeat_n(Self::implicit_position(word, config), config.columns))
                .collect(),
            Encoding::Sparse => positions
                .chunks(position_bytes(config))
                .take(words)
                .flat_map(|packed| unpack_positions(packed, config))
                .collect::<Vec<u8>>(),
        };
        // An idle column has position 0, so that equal streams are equal in memory.
        for (position, &weight) in all_positions.iter_mut().zip(&weights) {
            if weight == 0 {
                *position = 0;
            }
        }
        Self { weights, positions: all_positions, controls }
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
            for (&weight, &position) in self.weights[columns.clone()].iter().zip(&self.positions[columns]) {
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

fn position_bytes(config: &Config) -> usize {
    (config.columns * config.position_bits()).div_ceil(8)
}

fn pack_positions(positions: &[u8], config: &Config) -> Vec<u8> {
    let bits = config.position_bits();
    let mut packed = vec![0u8; position_bytes(config)];
    for (column, &position) in positions.iter().enumerate() {
        for bit in (0..bits).filter(|bit| position >> bit & 1 == 1) {
            let at = column * bits + bit;
            packed[at / 8] |= 1 << (at % 8);
        }
    }
    packed
}

fn unpack_positions(packed: &[u8], config: &Config) -> Vec<u8> {
    let bits = config.position_bits();
    let bit = |at: usize| packed[at / 8] >> (at % 8) & 1;
    (0..config.columns).map(|column| (0..bits).map(|b| bit(column * bits + b) << b).sum()).collect()
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

    /// Vectors, whose greatest is meant if there are several, and channel at a position, if this tile has written it.
    pub fn content(&self, position: u8) -> Option<(&[usize], usize)> {
        let position = usize::from(position);
        let chunk = self.slots.get(position / self.config.chunk)?.as_ref()?;
        Some((&chunk.vectors, chunk.channel + position % self.config.chunk))
    }
}
