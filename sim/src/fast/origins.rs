//! Which LOAD commands filled what a pass finds in the memories.

use super::memories::Memories;
use pleach_spec::beats::beats_per_word;
use pleach_spec::command::Issue;
use pleach_spec::list::{Load, PassCommand, Target};
use pleach_spec::{Config, VECTOR};

/// Beats of both tables.
const TABLE_BEATS: usize = 2 * 256 / VECTOR;

/// For each beat of the memories the command that filled it, counted from 1; 0: none did.
pub struct Origins {
    columns: usize,
    beats_per_word: usize,
    commands: u32,
    /// A command filled the codebook.
    codebook: bool,
    weights: Vec<u32>,
    positions: Vec<u32>,
    entries: Vec<u32>,
    parameters: Vec<u32>,
    tables: Vec<u32>,
}

/// Where the words of a pass come from: passes that agree in it have the same words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    issue: Issue,
    vectors: u32,
    /// The latest command that filled some of the words. If there was none after it, they are still the same.
    latest: u32,
}

impl Origins {
    /// Nothing is filled.
    pub fn new(config: &Config) -> Self {
        let beats_per_word = beats_per_word(config);
        Self {
            columns: config.columns,
            beats_per_word,
            commands: 0,
            codebook: false,
            weights: vec![0; config.word_depth * beats_per_word],
            positions: vec![0; config.word_depth * beats_per_word],
            entries: vec![0; config.load_depth],
            parameters: vec![0; config.pass_depth * config.columns],
            tables: vec![0; TABLE_BEATS],
        }
    }

    /// A command was executed.
    pub fn note(&mut self, load: &Load) {
        let memory = match Target::ALL.get(load.target as usize) {
            Some(Target::Weight) => &mut self.weights,
            Some(Target::Position) => &mut self.positions,
            Some(Target::List) => &mut self.entries,
            Some(Target::Parameter) => &mut self.parameters,
            Some(Target::Table) => &mut self.tables,
            Some(Target::Codebook) => {
                self.codebook = true;
                return;
            }
            Some(Target::Activation) | None => return,
        };
        self.commands += 1;
        // Indices into a codebook that no command filled say nothing.
        let origin = if load.width == 0 || self.codebook { self.commands } else { 0 };
        let size = memory.len();
        for at in (load.address as usize..).take((load.count as usize).min(size)) {
            memory[at % size] = origin;
        }
    }

    /// Of the words of a pass; `None` if it finds something that no command filled.
    pub fn of(&self, pass: &PassCommand, memories: &Memories) -> Option<Origin> {
        let beats = self.beats_per_word;
        let words =
            |memory| latest(memory, pass.issue.base as usize * beats, pass.issue.count as usize * beats);
        let mut origin = words(&self.weights)?;
        if pass.issue.dense == 0 {
            origin = origin.max(words(&self.positions)?);
        }
        latest(&self.entries, pass.gather.base as usize, pass.gather.count as usize)?;
        let parameters = if pass.issue.second > 0 { 3 } else { 1 };
        latest(&self.parameters, pass.issue.parameter as usize * self.columns, parameters * self.columns)?;
        if memories.uses_tables(pass) {
            latest(&self.tables, 0, TABLE_BEATS)?;
        }
        // What else is said of the words in `pass` does not change them.
        let issue = Issue { parameter: 0, slow: 0, tiles: 0, partial: 0, accumulate: 0, ..pass.issue };
        Some(Origin { issue, vectors: pass.gather.count, latest: origin })
    }
}

/// The latest command that filled some of these beats; `None` if one was not filled.
fn latest(memory: &[u32], first: usize, count: usize) -> Option<u32> {
    let first = first % memory.len();
    let (until_end, around) = (count.min(memory.len() - first), count.saturating_sub(memory.len() - first));
    let parts = [&memory[first..first + until_end], &memory[..around.min(memory.len())]];
    let mut filled = parts.into_iter().flatten().copied();
    let first = filled.next()?;
    let (least, greatest) = filled.fold((first, first), |(a, b), load| (a.min(load), b.max(load)));
    (least > 0).then_some(greatest)
}
