//! A compiled network: runs of passes, and where the maps lie in the activation buffer.

use crate::command::{Gather, GatherEntry, Issue, Parameter, Scatter, Walk};
use crate::field::{FieldOverflow, Record};
use crate::network::MapShape;
use crate::numerics::{MAX_SHIFT, Requantize};
use crate::stream::{StreamError, WordStream};
use crate::{Config, VECTOR};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Where a map lies in the activation buffer, and in which order its pixels and channels do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapLayout {
    /// Shape of the map.
    pub shape: MapShape,
    /// Vector address of its first vector.
    pub base: usize,
    /// Phases `[vertical, horizontal]`: a map whose reader has stride s is written as s x s maps of every s-th pixel.
    pub split: [usize; 2],
    /// Slot of each channel: its vector group is `slot / 16`, its byte `slot % 16`.
    pub slots: Vec<u32>,
    /// Vector groups (channels / 16, rounded up; more where a tile of output channels is padded).
    pub groups: usize,
}

impl MapLayout {
    /// Vectors from a row of a phase to the next.
    pub fn pitch(&self) -> usize {
        self.shape.width.div_ceil(self.split[1])
    }

    /// Vectors of one phase of one group.
    pub fn phase_plane(&self) -> usize {
        self.shape.height.div_ceil(self.split[0]) * self.pitch()
    }

    /// Vectors of one group.
    pub fn plane(&self) -> usize {
        self.split[0] * self.split[1] * self.phase_plane()
    }

    /// Vectors of the whole map.
    pub fn vectors(&self) -> usize {
        self.groups * self.plane()
    }

    /// Vector address of a pixel in a group.
    pub fn address(&self, group: usize, y: usize, x: usize) -> usize {
        let phase = y % self.split[0] * self.split[1] + x % self.split[1];
        let within = y / self.split[0] * self.pitch() + x / self.split[1];
        self.base + group * self.plane() + phase * self.phase_plane() + within
    }

    /// `(address - base, byte)` of every element in `[channel][y][x]` order.
    pub fn places(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let MapShape { channels, height, width } = self.shape;
        (0..channels).flat_map(move |c| {
            let slot = self.slots[c] as usize;
            (0..height).flat_map(move |y| {
                (0..width).map(move |x| (self.address(slot / VECTOR, y, x) - self.base, slot % VECTOR))
            })
        })
    }

    /// Packs a map `[channel][y][x]` into vectors, from `base` on.
    pub fn pack(&self, values: &[i8]) -> Vec<[i8; VECTOR]> {
        let mut vectors = vec![[0; VECTOR]; self.vectors()];
        for (&value, (vector, byte)) in values.iter().zip(self.places()) {
            vectors[vector][byte] = value;
        }
        vectors
    }

    /// The inverse of [`MapLayout::pack`].
    pub fn unpack(&self, vectors: &[[i8; VECTOR]]) -> Vec<i8> {
        self.places().map(|(vector, byte)| vectors[vector][byte]).collect()
    }
}

/// One tile of output channels over all output pixels of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The load list.
    pub loads: Vec<GatherEntry>,
    /// The slot words.
    pub words: WordStream,
    /// Requantization of each column.
    pub parameters: Vec<Requantize>,
}

/// Passes that are in the memories together and run without the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// In order of execution.
    pub passes: Vec<Pass>,
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
}

/// A compiled network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Runs, in order. One where everything fits in the buffers.
    pub runs: Vec<Run>,
    /// Where each tensor of the network lies while it is alive, by tensor index.
    pub maps: Vec<MapLayout>,
}

/// Why a program cannot run on a configuration.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ProgramError {
    /// A memory is too small.
    #[error("run {run} needs {needed} {what}, but the configuration holds {held}")]
    Capacity {
        /// Index of the run.
        run: usize,
        /// Memory.
        what: &'static str,
        /// Entries needed.
        needed: usize,
        /// Entries there are.
        held: usize,
    },
    /// Counts in a pass disagree.
    #[error("run {run}, pass {pass}: {rule}")]
    Rule {
        /// Index of the run.
        run: usize,
        /// Index of the pass in the run.
        pass: usize,
        /// What is required.
        rule: &'static str,
    },
    /// The words of a pass break a rule.
    #[error("run {run}, pass {pass}: {source}")]
    Stream {
        /// Index of the run.
        run: usize,
        /// Index of the pass in the run.
        pass: usize,
        /// Which rule.
        source: StreamError,
    },
    /// A value does not fit its field.
    #[error(transparent)]
    Field(#[from] FieldOverflow),
}

impl Program {
    /// The same passes with a run for each layer (several where a layer already has several), so that every map can be looked
    /// at when it has been written.
    pub fn by_layer(&self) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        for run in &self.runs {
            for passes in run.passes.chunk_by(|a, b| a.layer == b.layer) {
                let mut passes = passes.to_vec();
                for pass in &mut passes {
                    pass.gather.after = 0;
                }
                runs.push(Run { passes });
            }
        }
        Self { runs, maps: self.maps.clone() }
    }

    /// Checks everything the hardware relies on, so that no program from a file can hang or derail a device.
    pub fn check(&self, config: &Config) -> Result<(), ProgramError> {
        for (index, run) in self.runs.iter().enumerate() {
            let capacity = |what, needed, held| match needed <= held {
                true => Ok(()),
                false => Err(ProgramError::Capacity { run: index, what, needed, held }),
            };
            if run.passes.is_empty() {
                return Err(ProgramError::Rule { run: index, pass: 0, rule: "a run must have a pass" });
            }
            capacity("passes", run.passes.len(), config.pass_depth)?;
            capacity("slot words", run.words(), config.word_depth)?;
            capacity("load list entries", run.loads(), config.load_depth)?;
            for (pass_index, pass) in run.passes.iter().enumerate() {
                let rule = pass.broken_rule(pass_index, config)?;
                if let Some(rule) = rule {
                    return Err(ProgramError::Rule { run: index, pass: pass_index, rule });
                }
                let stream = pass.words.check(pass.loads.len(), config);
                stream.map_err(|source| ProgramError::Stream { run: index, pass: pass_index, source })?;
            }
        }
        let vectors = self.maps.iter().map(|map| map.base + map.vectors()).max().unwrap_or(0);
        match vectors <= config.activation_vectors() {
            true => Ok(()),
            false => Err(ProgramError::Capacity {
                run: 0,
                what: "activation vectors",
                needed: vectors,
                held: config.activation_vectors(),
            }),
        }
    }
}

/// Columns or rows of an input map: up to here a position left of it is, as an unsigned 14-bit number, outside of it.
const LARGEST_MAP: u32 = 8192;

impl Pass {
    fn broken_rule(&self, index: usize, config: &Config) -> Result<Option<&'static str>, FieldOverflow> {
        self.walk.pack()?;
        self.gather.pack()?;
        self.issue.pack()?;
        self.scatter.pack()?;
        for entry in &self.loads {
            entry.pack()?;
        }
        for &parameter in &self.parameters {
            Parameter::from(parameter).pack()?;
        }
        let tiles = (self.walk.pixels as usize).div_ceil(config.rows);
        let counts = [self.walk.tiles, self.gather.tiles, self.issue.tiles];
        let last_byte = self.scatter.lane as usize + config.columns.min(VECTOR);
        let words = self.words.len();
        let rules = [
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
                !self.loads.is_empty() && self.gather.count as usize == self.loads.len(),
                "GATHER must count the load list",
            ),
            (words > 0 && self.issue.count as usize == words, "ISSUE must count the slot words"),
            (
                self.words.weights.len() == words * config.columns,
                "there must be one weight a word and column",
            ),
            (
                self.words.positions.len() == words * config.columns,
                "there must be one position a word and column",
            ),
            (self.parameters.len() == config.columns, "there must be one parameter a column"),
            (self.gather.after as usize <= index, "a pass may only wait for passes before it"),
            (last_byte <= VECTOR, "the columns must fit in the vector"),
            (
                self.parameters.iter().all(|p| (1..=MAX_SHIFT).contains(&p.factor.shift)),
                "shifts must be 1 to 62",
            ),
            (
                self.parameters.iter().all(|p| p.low <= p.high),
                "the lower clamp must not be above the upper one",
            ),
            (
                (self.scatter.lane as usize).is_multiple_of(config.columns),
                "lane must be a multiple of the columns",
            ),
            (
                self.gather.in_width.max(self.gather.in_height) <= LARGEST_MAP,
                "input maps must be at most 8192 pixels wide and high",
            ),
        ];
        Ok(rules.into_iter().find(|(kept, _)| !kept).map(|(_, rule)| rule))
    }
}
