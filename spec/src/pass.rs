//! A pass with everything that it finds in the on-chip memories: what a simulator executes and a test makes up.

use crate::command::{Combination, Gather, GatherEntry, Issue, Parameter, Scatter, Walk};
use crate::field::{FieldOverflow, Record};
use crate::numerics::{MAX_COMBINE_SHIFT, MAX_SHIFT};
use crate::stream::{StreamError, WordStream};
use crate::{Config, VECTOR};
use thiserror::Error;

/// One tile of output channels over the output pixels of a layer, or of a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Index of the layer in the network.
    pub layer: usize,
    /// Command of WALK.
    pub walk: Walk,
    /// Command of GATHER.
    pub gather: Gather,
    /// Command of ISSUE.
    pub issue: Issue,
    /// Command of SCATTER.
    pub scatter: Scatter,
    /// The gather list.
    pub loads: Vec<GatherEntry>,
    /// The slot words. Those of a dense pass have the positions and controls that the hardware makes up for them.
    pub words: WordStream,
    /// Requantization of each column; of the first operand where there are two.
    pub parameters: Vec<Parameter>,
    /// What becomes of the second operand, if there is one.
    pub second: Option<SecondOperand>,
}

/// Parameter entries of the second operand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecondOperand {
    /// Its requantization, of each column.
    pub parameters: Vec<Parameter>,
    /// How the two become one.
    pub combination: Combination,
}

/// The two tables of the lanes: entry `byte as u8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables(pub [[i8; 256]; 2]);

impl Default for Tables {
    fn default() -> Self {
        Self([[0; 256]; 2])
    }
}

/// Passes that are in the memories together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// In order of execution.
    pub passes: Vec<Pass>,
    /// Contents of the tables.
    pub tables: Tables,
}

/// Where a run begins in the memories that are used as rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Index of the first slot word.
    pub word: usize,
    /// Index of the first gather list entry.
    pub load: usize,
    /// First parameter entry.
    pub parameter: usize,
}

/// Why the hardware cannot execute a pass.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PassError {
    /// A rule of the contract is broken.
    #[error("{0}")]
    Rule(&'static str),
    /// A rule of the window is broken.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// A value does not fit its field.
    #[error(transparent)]
    Field(#[from] FieldOverflow),
}

/// Refuses the first rule that is not kept.
fn kept(mut rules: impl Iterator<Item = Rule>) -> Result<(), PassError> {
    match rules.find(|(kept, _)| !kept) {
        Some((_, rule)) => Err(PassError::Rule(rule)),
        None => Ok(()),
    }
}

impl Run {
    /// Slot words of all passes.
    pub fn words(&self) -> usize {
        self.passes.iter().map(|pass| pass.words.len()).sum()
    }

    /// Gather list entries of all passes.
    pub fn loads(&self) -> usize {
        self.passes.iter().map(|pass| pass.loads.len()).sum()
    }

    /// Parameter entries of all passes.
    pub fn parameter_entries(&self) -> usize {
        self.passes.iter().map(Pass::parameter_entries).sum()
    }

    /// Tells the passes where their words, entries and parameters lie: one after the other, around the ends of the memories.
    pub fn place(&mut self, config: &Config, first: Placement) {
        let mut next = first;
        for pass in &mut self.passes {
            pass.issue.base = (next.word % config.word_depth) as u32;
            pass.gather.base = (next.load % config.load_depth) as u32;
            pass.issue.parameter = (next.parameter % config.pass_depth) as u32;
            next.word += pass.words.len();
            next.load += pass.loads.len();
            next.parameter += pass.parameter_entries();
        }
    }
}

/// Columns or rows of an input map: up to here a position left of it is, as an unsigned 14-bit number, outside of it.
pub const LARGEST_MAP: u32 = 8192;

/// A rule and whether it is kept.
type Rule = (bool, &'static str);

impl Pass {
    /// Entries of the parameter memory that the pass uses.
    pub fn parameter_entries(&self) -> usize {
        if self.second.is_some() { 3 } else { 1 }
    }

    /// Refuses what the hardware is not made for: it would compute something else, or wait for ever.
    pub fn check(&self, config: &Config) -> Result<(), PassError> {
        self.check_commands(config)?;
        self.check_words(config)
    }

    /// The part of [`Pass::check`] that needs no words.
    pub fn check_commands(&self, config: &Config) -> Result<(), PassError> {
        self.fields_fit()?;
        let rules = self.geometry_rules(config).into_iter().chain(self.issue_rules(config));
        kept(rules.chain(self.parameter_rules(config)))?;
        if self.issue.partial == 0 && !self.banks_differ(config) {
            return Err(PassError::Rule("vectors written in one cycle must lie in different banks"));
        }
        Ok(())
    }

    /// The rest of [`Pass::check`]: of the commands it depends on the number of loads and of words, `second` and `dense`.
    pub fn check_words(&self, config: &Config) -> Result<(), PassError> {
        kept(self.word_rules(config).into_iter())?;
        Ok(self.words.check(self.loads.len(), config)?)
    }

    fn fields_fit(&self) -> Result<(), FieldOverflow> {
        self.walk.pack()?;
        self.gather.pack()?;
        self.issue.pack()?;
        self.scatter.pack()?;
        for entry in &self.loads {
            entry.pack()?;
        }
        let second = self.second.iter().flat_map(|second| &second.parameters);
        for parameter in self.parameters.iter().chain(second) {
            parameter.pack()?;
        }
        if let Some(second) = &self.second {
            second.combination.pack()?;
        }
        Ok(())
    }

    fn geometry_rules(&self, config: &Config) -> [Rule; 8] {
        let tiles = (self.walk.pixels as usize).div_ceil(config.rows);
        let counts = [self.walk.tiles, self.gather.tiles, self.issue.tiles];
        let (lane, plane) = (self.scatter.lane as usize, self.scatter.plane);
        [
            (self.walk.pixels > 0, "a pass must have a pixel"),
            (
                self.walk.width > 0 && self.walk.width == self.scatter.width,
                "the output width must be the same for WALK and SCATTER",
            ),
            (
                self.walk.pixels == self.scatter.pixels,
                "the number of pixels must be the same for WALK and SCATTER",
            ),
            (counts.iter().all(|&count| count as usize == tiles), "tiles must be ceil(pixels / rows)"),
            (
                self.gather.in_width.max(self.gather.in_height) <= LARGEST_MAP,
                "input maps must be at most 8192 pixels wide and high",
            ),
            (lane + config.columns.min(VECTOR) <= VECTOR, "the columns must fit in the vector"),
            (lane.is_multiple_of(config.columns), "lane must be a multiple of the columns"),
            (plane == 0 || config.columns > VECTOR, "plane must be 0 where the columns fit in a vector"),
        ]
    }

    fn issue_rules(&self, config: &Config) -> [Rule; 6] {
        let issue = &self.issue;
        [
            (
                !self.loads.is_empty() && self.gather.count as usize == self.loads.len(),
                "GATHER must count the load list",
            ),
            (self.loads.len() <= config.load_depth, "the entries must fit in the gather list memory"),
            (issue.second < issue.count, "the first operand must have a word"),
            (issue.slow == self.scatter.slow, "`slow` must be the same for ISSUE and SCATTER"),
            (
                issue.partial == 0 || issue.tiles == 1 && issue.second == 0,
                "a partial pass must have one tile and one operand",
            ),
            (issue.accumulate == 0 || issue.tiles == 1, "an accumulating pass must have one tile"),
        ]
    }

    fn word_rules(&self, config: &Config) -> [Rule; 5] {
        let words = self.words.len();
        [
            (words > 0 && self.issue.count as usize == words, "ISSUE must count the slot words"),
            (
                self.words.weights.len() == words * config.columns,
                "there must be one weight a word and column",
            ),
            (
                self.words.positions.len() == words * config.columns,
                "there must be one position a word and column",
            ),
            (words <= config.word_depth, "the slot words must fit in the word buffer"),
            (
                self.issue.dense == 0 || self.words.is_implicit(config),
                "the words of a dense pass must have implicit positions and controls",
            ),
        ]
    }

    fn parameter_rules(&self, config: &Config) -> [Rule; 5] {
        let second = self.second.as_ref();
        let all = || self.parameters.iter().chain(second.iter().flat_map(|s| &s.parameters));
        let columns = |parameters: &[Parameter]| parameters.len() == config.columns;
        [
            (
                columns(&self.parameters) && second.is_none_or(|s| columns(&s.parameters)),
                "there must be one parameter a column",
            ),
            (
                second.is_some() == (self.issue.second > 0),
                "there must be parameters for a second operand where there is one",
            ),
            (all().all(|p| (1..=u32::from(MAX_SHIFT)).contains(&p.shift)), "shifts must be 1 to 62"),
            (
                all().all(|p| p.low <= p.high)
                    && second.is_none_or(|s| s.combination.low <= s.combination.high),
                "the lower clamp must not be above the upper one",
            ),
            (
                second.is_none_or(|s| (1..=u32::from(MAX_COMBINE_SHIFT)).contains(&s.combination.shift)),
                "the shift of a combination must be 1 to 40",
            ),
        ]
    }

    /// Marks the pass slow where two rows a cycle would meet in a bank.
    pub fn choose_pace(&mut self, config: &Config) {
        self.set_slow(0);
        let slow = u32::from(!self.banks_differ(config));
        self.set_slow(slow);
    }

    fn set_slow(&mut self, slow: u32) {
        self.issue.slow = slow;
        self.scatter.slow = slow;
    }

    /// True if all vectors that SCATTER writes in one cycle lie in different banks.
    fn banks_differ(&self, config: &Config) -> bool {
        let planes: &[i32] = if config.columns > VECTOR { &[0, self.scatter.plane] } else { &[0] };
        let rows = if self.scatter.slow == 1 { 1 } else { 2 };
        let mask = config.rows as i64 - 1;
        let addresses: Vec<i64> = self.scatter.addresses().collect();
        // Pixel tiles have an even number of rows, so no pair crosses two of them.
        addresses.chunks(rows).all(|pair| {
            let vectors = pair.iter().flat_map(|&a| planes.iter().map(move |&plane| a + i64::from(plane)));
            let (banks, count) = vectors.fold((0u64, 0), |(banks, n), at| (banks | 1 << (at & mask), n + 1));
            banks.count_ones() == count
        })
    }
}
