//! A compiled network: runs of passes, and where the maps lie in the activation buffer.

pub use crate::pass::{Pass, PassError, Run};

use crate::network::MapShape;
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
    /// A pass that the hardware cannot execute.
    #[error("run {run}, pass {pass}: {source}")]
    Pass {
        /// Index of the run.
        run: usize,
        /// Index of the pass in the run.
        pass: usize,
        /// What is wrong with it.
        source: PassError,
    },
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
                runs.push(Run { passes, tables: run.tables.clone() });
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
                let source = PassError::Rule("a run must have a pass");
                return Err(ProgramError::Pass { run: index, pass: 0, source });
            }
            capacity("passes", run.passes.len(), config.pass_depth)?;
            capacity("slot words", run.words(), config.word_depth)?;
            capacity("parameter entries", run.parameter_entries(), config.pass_depth)?;
            capacity("load list entries", run.loads(), config.load_depth)?;
            for (pass_index, pass) in run.passes.iter().enumerate() {
                let broken = |source| ProgramError::Pass { run: index, pass: pass_index, source };
                pass.check(config).map_err(broken)?;
                if pass.gather.after as usize > pass_index {
                    return Err(broken(PassError::Rule("a pass may only wait for passes before it")));
                }
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
