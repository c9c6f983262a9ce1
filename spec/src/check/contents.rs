//! What the on-chip memories hold that tell COMPUTE what to do.

use crate::beats::{beat_vector, beats_per_word, unpack_positions};
use crate::codebook::Codebook;
use crate::command::{Combination, GatherEntry};
use crate::list::{Beat, Load, PassCommand, Segment, Target};
use crate::pass::{Pass, SecondOperand};
use crate::stream::{Control, WordStream};
use crate::{Config, Record, VECTOR};
use std::ops::Range;

/// Weights none of which is known to be 0.
const ANY_WEIGHTS: Beat = [0x0101_0101; 4];

/// Beats of the tables.
const TABLE_BEATS: usize = 2 * 256 / VECTOR;

/// Which LOAD commands wrote some beats, by number: from each beat at which it is another one, so many beats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<(u32, u32)>);

/// A memory in beats, each with the number of the LOAD that wrote it.
#[derive(Debug)]
struct Beats {
    beats: Vec<Beat>,
    versions: Vec<u32>,
}

impl Beats {
    fn new(count: usize) -> Self {
        Self { beats: vec![Beat::default(); count], versions: vec![0; count] }
    }

    fn write(&mut self, first: usize, beats: &[Beat], version: u32) {
        for (at, beat) in (first..).zip(beats) {
            let at = at % self.beats.len();
            (self.beats[at], self.versions[at]) = (*beat, version);
        }
    }

    fn get(&self, at: usize) -> &Beat {
        &self.beats[at % self.beats.len()]
    }

    /// A number that changes with each load into a range.
    fn version(&self, first: usize, count: usize) -> u32 {
        let versions = (first..first + count).map(|at| self.versions[at % self.versions.len()]);
        versions.max().unwrap_or(0)
    }

    /// Appends where a range comes from.
    fn origins(&self, first: usize, count: usize, origins: &mut Origins) {
        for at in first..first + count {
            let version = self.versions[at % self.versions.len()];
            match origins.0.last_mut() {
                Some((last, beats)) if *last == version => *beats += 1,
                _ => origins.0.push((version, 1)),
            }
        }
    }
}

/// Everything that the check of a pass depends on: its command without tokens and `after`, and what it finds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PassKey(crate::command::Walk, crate::command::Issue, crate::command::Scatter, [u32; 7]);

/// The memories.
#[derive(Debug)]
pub struct Contents<'a> {
    config: &'a Config,
    weights: Beats,
    positions: Beats,
    entries: Beats,
    parameters: Beats,
    tables: Beats,
    codebook: Codebook,
}

impl<'a> Contents<'a> {
    /// Memories of zeros.
    pub fn new(config: &'a Config) -> Self {
        let words = config.word_depth * beats_per_word(config);
        Self {
            config,
            weights: Beats::new(words),
            positions: Beats::new(words),
            entries: Beats::new(config.load_depth),
            parameters: Beats::new(config.pass_depth * config.columns),
            tables: Beats::new(TABLE_BEATS),
            codebook: Codebook::default(),
        }
    }

    /// Executes a load (which has been checked) as far as passes depend on it. Each load has a number of its own, greater than
    /// those before.
    pub fn load(&mut self, load: &Load, number: u32, model: &[Beat]) {
        if load.segment != Segment::Model as u32 {
            if load.target == Target::Weight as u32 {
                // Maps as weights: what they will hold is not known, so all positions count as read.
                self.weights.write(load.address as usize, &vec![ANY_WEIGHTS; load.count as usize], number);
            }
            return;
        }
        let beats = &model[load.reads()];
        let memory = match Target::ALL[load.target as usize] {
            Target::Weight => &mut self.weights,
            Target::Position => &mut self.positions,
            Target::List => &mut self.entries,
            Target::Parameter => &mut self.parameters,
            Target::Table => &mut self.tables,
            Target::Codebook => {
                self.codebook = Codebook::from_beat(&beats[0]);
                return;
            }
            Target::Activation => return,
        };
        let beats = self.codebook.expand(beats, load.width, load.count as usize);
        memory.write(load.address as usize, &beats, number);
    }

    /// The loads that wrote what a pass finds, `tables` among it.
    pub fn origins(&self, command: &PassCommand, tables: &[Range<usize>]) -> Origins {
        let (columns, parts) = (self.config.columns, beats_per_word(self.config));
        let PassCommand { gather, issue, .. } = command;
        let (word, words) = (issue.base as usize * parts, issue.count as usize * parts);
        let entries = if issue.second > 0 { 3 } else { 1 };
        let mut origins = Origins::default();
        self.weights.origins(word, words, &mut origins);
        if issue.dense == 0 {
            self.positions.origins(word, words, &mut origins);
        }
        self.entries.origins(gather.base as usize, gather.count as usize, &mut origins);
        self.parameters.origins(issue.parameter as usize * columns, entries * columns, &mut origins);
        for table in tables {
            self.tables.origins(table.start, table.len(), &mut origins);
        }
        origins
    }

    /// The loads that wrote each beat of all memories.
    pub fn all_origins(&self) -> Origins {
        let mut origins = Origins::default();
        for memory in [&self.weights, &self.positions, &self.entries, &self.parameters, &self.tables] {
            memory.origins(0, memory.versions.len(), &mut origins);
        }
        origins
    }

    /// A pass with what it finds.
    pub fn pass(&self, command: &PassCommand) -> Pass {
        let PassCommand { walk, gather, issue, scatter, .. } = *command;
        let entries = (0..gather.count as usize).map(|index| self.entries.get(gather.base as usize + index));
        let parameter = issue.parameter as usize;
        Pass {
            layer: 0,
            walk,
            gather,
            issue,
            scatter,
            loads: entries.map(|beat| GatherEntry::unpack(beat)).collect(),
            words: self.words(command),
            parameters: self.records(parameter),
            second: (issue.second > 0).then(|| {
                let combination = self.parameters.get((parameter + 2) * self.config.columns);
                let combination = Combination::unpack(combination);
                SecondOperand { parameters: self.records(parameter + 1), combination }
            }),
        }
    }

    /// What two passes have in common that are both good or both bad.
    pub fn key(&self, command: &PassCommand) -> PassKey {
        let PassCommand { walk, gather, issue, scatter, .. } = *command;
        let (columns, parts) = (self.config.columns, beats_per_word(self.config));
        let (word, words) = (issue.base as usize * parts, issue.count as usize * parts);
        let entries = if issue.second > 0 { 3 } else { 1 };
        let versions = [
            gather.base,
            gather.count,
            gather.in_width.max(gather.in_height),
            self.weights.version(word, words),
            if issue.dense == 1 { 0 } else { self.positions.version(word, words) },
            self.entries.version(gather.base as usize, gather.count as usize),
            self.parameters.version(issue.parameter as usize * columns, entries * columns),
        ];
        PassKey(walk, issue, scatter, versions)
    }

    fn records<T: Record>(&self, entry: usize) -> Vec<T> {
        let first = entry * self.config.columns;
        (first..first + self.config.columns).map(|at| T::unpack(self.parameters.get(at))).collect()
    }

    fn words(&self, command: &PassCommand) -> WordStream {
        let (columns, parts) = (self.config.columns, beats_per_word(self.config));
        let (base, count) = (command.issue.base as usize, command.issue.count as usize);
        let mut stream = WordStream::default();
        let mut positions = vec![0; columns];
        for index in 0..count {
            let beats = (0..parts).map(|part| (base + index) * parts + part);
            for part in beats.clone() {
                let width = columns.min(VECTOR);
                stream.weights.extend(&beat_vector(self.weights.get(part))[..width]);
            }
            if command.issue.dense == 1 {
                positions.fill(WordStream::implicit_position(index, self.config));
                stream.controls.push(Control::implicit(index));
            } else {
                let beats: Vec<Beat> = beats.map(|part| *self.positions.get(part)).collect();
                stream.controls.push(unpack_positions(&beats, &mut positions, self.config));
            }
            // An idle column has position 0, whatever is in the memory.
            let weights = &stream.weights[index * columns..];
            stream.positions.extend(positions.iter().zip(weights).map(|(&p, &w)| if w == 0 { 0 } else { p }));
        }
        stream
    }
}
