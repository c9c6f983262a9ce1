//! What commands read and write.

use super::Problem;
use super::history::Mode;
use crate::beats::beats_per_word;
use crate::command::ADDRESS_BITS;
use crate::list::{Image, Load, PassCommand, Segment, Store, Target};
use crate::pass::Pass;
use crate::{Config, VECTOR};
use std::ops::Range;

/// A memory, in beats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Activation buffer.
    Activation = 0,
    /// Weights.
    Weight = 1,
    /// Positions.
    Position = 2,
    /// Gather list.
    List = 3,
    /// Parameters.
    Parameter = 4,
    /// Tables.
    Table = 5,
    /// Codebook.
    Codebook = 6,
    /// Segment 1.
    Data = 7,
}

impl Memory {
    /// All memories, by number.
    pub const ALL: [Self; 8] = [
        Self::Activation,
        Self::Weight,
        Self::Position,
        Self::List,
        Self::Parameter,
        Self::Table,
        Self::Codebook,
        Self::Data,
    ];

    /// For messages, in front of an address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Activation => "vector",
            Self::Weight => "weight beat",
            Self::Position => "position beat",
            Self::List => "gather list entry",
            Self::Parameter => "parameter beat",
            Self::Table => "table beat",
            Self::Codebook => "codebook",
            Self::Data => "vector of segment 1",
        }
    }
}

/// Beats of a table.
const TABLE_BEATS: usize = 256 / VECTOR;

/// An access to consecutive addresses.
#[derive(Clone, Debug)]
pub struct Access {
    /// Where.
    pub memory: Memory,
    /// Addresses.
    pub range: Range<usize>,
    /// How.
    pub mode: Mode,
}

/// What a pass does to the activation buffer.
#[derive(Clone, Debug, Default)]
pub struct Maps {
    /// What it reads.
    pub reads: Vec<Access>,
    /// What it writes.
    pub writes: Vec<Access>,
}

/// Sizes of the memories, and what was found last.
#[derive(Debug)]
pub struct Accesses<'a> {
    config: &'a Config,
    model_beats: usize,
    sizes: [usize; 8],
}

/// The error of an access outside of a memory.
pub fn bounds(memory: Memory, first: u64, end: u64, held: usize) -> Problem {
    Problem::Bounds { memory: memory.name(), first, end, held: held as u64 }
}

impl<'a> Accesses<'a> {
    /// For the memories of a configuration and of an image.
    pub fn new(config: &'a Config, image: &Image) -> Self {
        let words = config.word_depth * beats_per_word(config);
        let parameters = config.pass_depth * config.columns;
        let (vectors, data) = (config.activation_vectors(), image.data_vectors);
        let sizes = [vectors, words, words, config.load_depth, parameters, 2 * TABLE_BEATS, 1, data];
        Self { config, model_beats: image.model.len(), sizes }
    }

    fn size(&self, memory: Memory) -> usize {
        self.sizes[memory as usize]
    }

    /// An access that must stay inside of its memory.
    fn straight(&self, memory: Memory, first: u32, count: u32, mode: Mode) -> Result<Access, Problem> {
        let (start, end) = (u64::from(first), u64::from(first) + u64::from(count));
        match end <= self.size(memory) as u64 {
            true => Ok(Access { memory, range: start as usize..end as usize, mode }),
            false => Err(bounds(memory, start, end, self.size(memory))),
        }
    }

    /// An access around the end of a memory; not more than all of it.
    fn ring(&self, memory: Memory, first: usize, count: usize, mode: Mode) -> Result<Vec<Access>, Problem> {
        let size = self.size(memory);
        if count > size {
            return Err(bounds(memory, first as u64, (first + count) as u64, size));
        }
        let first = first % size;
        let straight = count.min(size - first);
        let ranges = [first..first + straight, 0..count - straight];
        let used = ranges.into_iter().filter(|range| !range.is_empty());
        Ok(used.map(|range| Access { memory, range, mode }).collect())
    }

    /// Accesses of a LOAD command.
    pub fn load(&self, load: &Load) -> Result<Vec<Access>, Problem> {
        if let Some(rule) = load.broken_rule() {
            return Err(Problem::Illegal(rule));
        }
        let target = Target::ALL[load.target as usize];
        let mut accesses = Vec::new();
        if load.width != 0 {
            accesses.push(self.straight(Memory::Codebook, 0, 1, Mode::Read)?);
        }
        if load.segment == Segment::Data as u32 {
            if !matches!(target, Target::Activation | Target::Weight) || load.width != 0 {
                return Err(Problem::Illegal(
                    "segment 1 holds maps, which are activations or weights of 8 bits",
                ));
            }
            accesses.push(self.straight(Memory::Data, load.source, load.beats_read(), Mode::Read)?);
        } else {
            let reads = load.reads();
            if reads.end > self.model_beats {
                let (first, end) = (reads.start as u64, reads.end as u64);
                let (memory, held) = ("beat of the model segment", self.model_beats as u64);
                return Err(Problem::Bounds { memory, first, end, held });
            }
        }
        let (address, count) = (load.address as usize, load.count as usize);
        let ring = |memory| self.ring(memory, address, count, Mode::Write);
        match target {
            Target::Activation => {
                accesses.push(self.straight(Memory::Activation, load.address, load.count, Mode::Write)?);
            }
            Target::Weight => accesses.extend(ring(Memory::Weight)?),
            Target::Position => accesses.extend(ring(Memory::Position)?),
            Target::List => accesses.extend(ring(Memory::List)?),
            Target::Parameter => accesses.extend(ring(Memory::Parameter)?),
            Target::Table => accesses.extend(ring(Memory::Table)?),
            Target::Codebook => accesses.extend(ring(Memory::Codebook)?),
        }
        Ok(accesses)
    }

    /// Accesses of a STORE command.
    pub fn store(&self, store: &Store) -> Result<Vec<Access>, Problem> {
        if store.count == 0 {
            return Err(Problem::Illegal("it moves nothing"));
        }
        Ok(vec![
            self.straight(Memory::Activation, store.address, store.count, Mode::Read)?,
            self.straight(Memory::Data, store.target, store.count, Mode::Write)?,
        ])
    }

    /// Words, entries and parameters of a pass.
    pub fn memories(&self, command: &PassCommand) -> Result<Vec<Access>, Problem> {
        let (issue, gather) = (&command.issue, &command.gather);
        let (parts, columns) = (beats_per_word(self.config), self.config.columns);
        let (word, words) = (issue.base as usize * parts, issue.count as usize * parts);
        let entries = if issue.second > 0 { 3 } else { 1 };
        let mut accesses = self.ring(Memory::Weight, word, words, Mode::Read)?;
        if issue.dense == 0 {
            accesses.extend(self.ring(Memory::Position, word, words, Mode::Read)?);
        }
        let parameter = issue.parameter as usize * columns;
        accesses.extend(self.ring(Memory::Parameter, parameter, entries * columns, Mode::Read)?);
        accesses.extend(self.ring(Memory::List, gather.base as usize, gather.count as usize, Mode::Read)?);
        Ok(accesses)
    }

    /// Tables that the parameters of a pass name.
    pub fn tables(&self, pass: &Pass) -> Vec<Access> {
        let second = pass.second.iter().flat_map(|second| &second.parameters);
        let parameters: Vec<_> = pass.parameters.iter().chain(second).filter(|p| p.table == 1).collect();
        let banks = (0..2).filter(|&bank| parameters.iter().any(|p| p.bank as usize == bank));
        banks
            .map(|bank| Access {
                memory: Memory::Table,
                range: bank * TABLE_BEATS..(bank + 1) * TABLE_BEATS,
                mode: Mode::Read,
            })
            .collect()
    }

    /// What a pass (which has been checked) reads and writes of the activation buffer.
    pub fn maps(&self, pass: &Pass) -> Result<Maps, Problem> {
        let reads = self.vectors(reads(pass), Mode::Read)?;
        let writes = match pass.issue.partial {
            1 => Vec::new(),
            _ => self.vectors(self.writes(pass), Mode::Write)?,
        };
        Ok(Maps { reads, writes })
    }

    /// Joins what lies beside each other.
    fn vectors(&self, mut ranges: Vec<Range<i64>>, mode: Mode) -> Result<Vec<Access>, Problem> {
        ranges.sort_unstable_by_key(|range| range.start);
        let held = self.size(Memory::Activation);
        let mut accesses: Vec<Access> = Vec::new();
        for range in ranges {
            if range.start < 0 || range.end > held as i64 {
                return Err(bounds(Memory::Activation, range.start.max(0) as u64, range.end as u64, held));
            }
            let range = range.start as usize..range.end as usize;
            match accesses.last_mut() {
                Some(last) if last.range.end >= range.start => last.range.end = last.range.end.max(range.end),
                _ => accesses.push(Access { memory: Memory::Activation, range, mode }),
            }
        }
        Ok(accesses)
    }

    fn writes(&self, pass: &Pass) -> Vec<Range<i64>> {
        let planes: &[i64] =
            if self.config.columns > VECTOR { &[0, i64::from(pass.scatter.plane)] } else { &[0] };
        let mut ranges: Vec<Range<i64>> = Vec::new();
        for plane in planes {
            for address in pass.scatter.addresses() {
                let address = wrapped(address + plane);
                match ranges.last_mut() {
                    Some(last) if last.end == address => last.end += 1,
                    _ => ranges.push(address..address + 1),
                }
            }
        }
        ranges
    }
}

fn wrapped(address: i64) -> i64 {
    address.rem_euclid(1 << ADDRESS_BITS)
}

/// The vectors that the taps of a pass read, row by row. Of a row that is not read in consecutive vectors everything between the
/// first and the last.
fn reads(pass: &Pass) -> Vec<Range<i64>> {
    let (walk, gather) = (&pass.walk, &pass.gather);
    let width = i64::from(walk.width.max(1));
    let mut ranges = Vec::new();
    for entry in &pass.loads {
        let (mut row, mut left) = (0, i64::from(walk.pixels));
        while left > 0 {
            let pixels = left.min(width);
            let y = i64::from(walk.iy) + row * i64::from(walk.stride_y) + i64::from(entry.dy);
            let columns = covered(
                i64::from(walk.ix) + i64::from(entry.dx),
                i64::from(walk.stride_x),
                i64::from(gather.in_width),
                pixels,
            );
            if (0..i64::from(gather.in_height)).contains(&y) && !columns.is_empty() {
                let row_step = i64::from(walk.y_jump) + (width - 1) * i64::from(walk.x_step);
                let start = i64::from(walk.address) + row * row_step + i64::from(entry.offset);
                let at = |x: i64| wrapped(start + x * i64::from(walk.x_step));
                let (first, last) = (at(columns.start), at(columns.end - 1));
                ranges.push(first.min(last)..first.max(last) + 1);
            }
            row += 1;
            left -= pixels;
        }
    }
    ranges
}

/// The pixels of a row whose tap lies on the map: `0 <= first + x * stride < width`.
fn covered(first: i64, stride: i64, width: i64, pixels: i64) -> Range<i64> {
    if stride == 0 {
        return if (0..width).contains(&first) { 0..pixels } else { 0..0 };
    }
    let start = if first >= 0 { 0 } else { (-first + stride - 1) / stride };
    let end = if first >= width { 0 } else { (width - first + stride - 1) / stride };
    start.min(pixels)..end.clamp(start.min(pixels), pixels)
}
