//! The on-chip memories that tell COMPUTE what to do, as LOAD fills them, and the passes that are in them.

use pleach_spec::beats::{beat_vector, beats_per_word, unpack_positions, vector_beat};
use pleach_spec::codebook::Codebook;
use pleach_spec::command::{Combination, GatherEntry, Issue, Parameter};
use pleach_spec::list::{Beat, Load, PassCommand, Segment, Target};
use pleach_spec::pass::{Pass, SecondOperand, Tables};
use pleach_spec::stream::{Control, WordStream};
use pleach_spec::{Config, Record, VECTOR};
use std::sync::Arc;

/// All memories but the activation buffer.
#[derive(Clone)]
pub struct Memories {
    config: Config,
    /// `[word][column]`.
    weights: Vec<i8>,
    /// `[word][part]`, a beat for 16 columns.
    positions: Vec<Beat>,
    entries: Vec<GatherEntry>,
    /// `[entry][column]`.
    parameters: Vec<Beat>,
    codebook: Codebook,
    /// The tables of the lanes.
    tables: Arc<Tables>,
}

impl Memories {
    /// Memories of zeros.
    pub fn new(config: &Config) -> Self {
        Self {
            weights: vec![0; config.word_depth * config.columns],
            positions: vec![Beat::default(); config.word_depth * beats_per_word(config)],
            entries: vec![GatherEntry::default(); config.load_depth],
            parameters: vec![Beat::default(); config.pass_depth * config.columns],
            codebook: Codebook::default(),
            tables: Arc::default(),
            config: config.clone(),
        }
    }

    /// Executes a LOAD command, unless it is to the activation buffer; `None` if it reads what is not there.
    pub fn load_command(&mut self, load: &Load, model: &[Beat], data: &[[i8; VECTOR]]) -> Option<()> {
        let target = *Target::ALL.get(load.target as usize)?;
        let source = load.reads();
        if target == Target::Activation {
            let held = if load.segment == Segment::Data as u32 { data.len() } else { model.len() };
            return (source.end <= held).then_some(());
        }
        let address = load.address as usize;
        let from_data: Vec<Beat>;
        let beats = if load.segment == Segment::Data as u32 {
            from_data = data.get(source)?.iter().map(vector_beat).collect();
            &from_data
        } else {
            model.get(source)?
        };
        let beats = self.codebook.expand(beats, load.width, load.count as usize);
        self.load(target, address, &beats);
        Some(())
    }

    /// Writes beats from an address on, around the end of the memory. The activation buffer is not here.
    fn load(&mut self, target: Target, address: usize, beats: &[Beat]) {
        for (beat, at) in beats.iter().zip(address..) {
            self.write(target, at, beat);
        }
    }

    fn write(&mut self, target: Target, address: usize, beat: &Beat) {
        match target {
            Target::Activation => (),
            Target::Codebook => self.codebook = Codebook::from_beat(beat),
            Target::Weight => {
                let parts = beats_per_word(&self.config);
                let word = address / parts % self.config.word_depth;
                let first = word * self.config.columns + address % parts * VECTOR;
                let columns = self.config.columns.min(VECTOR);
                self.weights[first..first + columns].copy_from_slice(&beat_vector(beat)[..columns]);
            }
            Target::Position => *wrapped(&mut self.positions, address) = *beat,
            Target::List => *wrapped(&mut self.entries, address) = GatherEntry::unpack(beat),
            Target::Parameter => *wrapped(&mut self.parameters, address) = *beat,
            Target::Table => {
                let bytes = Arc::make_mut(&mut self.tables).0.as_flattened_mut();
                let first = address * VECTOR % bytes.len();
                bytes[first..first + VECTOR].copy_from_slice(&beat_vector(beat));
            }
        }
    }

    /// The tables of the lanes.
    pub fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// Some byte of the pass goes through a table.
    pub fn uses_tables(&self, command: &PassCommand) -> bool {
        let operands = if command.issue.second > 0 { 2 } else { 1 };
        let mut entries = (command.issue.parameter as usize..).take(operands);
        entries.any(|entry| self.records::<Parameter>(entry).iter().any(|parameter| parameter.table == 1))
    }

    /// A pass with what it finds in the memories. Nothing of it is checked.
    pub fn pass(&self, command: &PassCommand) -> Pass {
        Pass { words: self.words(&command.issue), ..self.pass_without_words(command) }
    }

    /// [`Memories::pass`] of which nobody will ask for the words.
    pub fn pass_without_words(&self, command: &PassCommand) -> Pass {
        let PassCommand { walk, gather, issue, scatter, .. } = *command;
        let entry = |index: usize| self.entries[(gather.base as usize + index) % self.entries.len()];
        Pass {
            layer: 0,
            walk,
            gather,
            issue,
            scatter,
            loads: (0..gather.count as usize).map(entry).collect(),
            words: WordStream::default(),
            parameters: self.records(issue.parameter as usize),
            second: (issue.second > 0).then(|| {
                let combinations: Vec<Combination> = self.records(issue.parameter as usize + 2);
                let parameters = self.records::<Parameter>(issue.parameter as usize + 1);
                // It is the same for all columns.
                SecondOperand { parameters, combination: combinations[0] }
            }),
        }
    }

    /// The record of each column in an entry of the parameter memory.
    fn records<T: Record>(&self, entry: usize) -> Vec<T> {
        let first = entry % self.config.pass_depth * self.config.columns;
        self.parameters[first..first + self.config.columns].iter().map(|beat| T::unpack(beat)).collect()
    }

    /// The words of a pass.
    pub fn words(&self, issue: &Issue) -> WordStream {
        let (count, columns) = (issue.count as usize, self.config.columns);
        let mut words = WordStream {
            weights: Vec::with_capacity(count * columns),
            positions: vec![0; count * columns],
            controls: Vec::with_capacity(count),
        };
        for (index, positions) in words.positions.chunks_exact_mut(columns).enumerate() {
            let word = (issue.base as usize + index) % self.config.word_depth;
            words.weights.extend_from_slice(&self.weights[word * columns..][..columns]);
            words.controls.push(match issue.dense {
                1 => {
                    positions.fill(WordStream::implicit_position(index, &self.config));
                    Control::implicit(index)
                }
                _ => self.word_positions(word, positions),
            });
        }
        // An idle column has position 0, whatever is in the memory.
        for (position, &weight) in words.positions.iter_mut().zip(&words.weights) {
            *position *= u8::from(weight != 0);
        }
        words
    }

    fn word_positions(&self, word: usize, positions: &mut [u8]) -> Control {
        let parts = beats_per_word(&self.config);
        unpack_positions(&self.positions[word * parts..][..parts], positions, &self.config)
    }
}

fn wrapped<T>(memory: &mut [T], address: usize) -> &mut T {
    let size = memory.len();
    &mut memory[address % size]
}
