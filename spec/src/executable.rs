//! A compiled network as the whole accelerator runs it: the model segment with the command list, and where its maps lie in
//! segment 1.

use crate::layout::MapLayout;
use crate::list::{self, Command, Image, ListError, Segment, Start};

/// What is run for each batch of images: fill the input's place in segment 1, start, read the outputs' places.
#[derive(Clone, Debug, PartialEq)]
pub struct Executable {
    /// The model segment, the list in it, and the size of segment 1.
    pub image: Image,
    /// Where the network's input lies in segment 1 (`base` in vectors from its start).
    pub input: MapLayout,
    /// Where the network's outputs lie when the run has ended, in the order of the network.
    pub outputs: Vec<MapLayout>,
    /// For each command of the list, the index of the layer that it works for.
    pub owners: Vec<u32>,
}

/// What the commands of one layer amount to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// COMPUTE commands.
    pub passes: u64,
    /// Slot words issued: those of each pass times its pixel tiles.
    pub words: u64,
    /// Beats of 16 bytes that LOAD reads.
    pub load_beats: u64,
    /// Vectors of 16 bytes that STORE moves.
    pub store_beats: u64,
}

impl Executable {
    /// Images that a run computes.
    pub fn batch(&self) -> usize {
        self.input.images
    }

    /// The command list.
    pub fn commands(&self) -> Result<Vec<Command>, ListError> {
        self.commands_of(Start::Cold)
    }

    /// The command list of a run.
    pub fn commands_of(&self, start: Start) -> Result<Vec<Command>, ListError> {
        list::decode(self.image.beats_of(start))
    }

    /// The layer that each command of the list of a run works for.
    pub fn owners_of(&self, start: Start) -> Result<Vec<u32>, ListError> {
        if start == Start::Cold || self.image.warm.is_none() {
            return Ok(self.owners.clone());
        }
        let owned = list::commands(self.image.beats_of(Start::Cold)).zip(&self.owners);
        let kept = owned.filter(|(command, _)| !command.as_ref().is_ok_and(Command::loads_model));
        kept.map(|(command, &owner)| command.map(|_| owner)).collect()
    }

    /// Vectors of segment 1 up to the last one that the input, an output or a command uses.
    pub fn data_vectors(&self) -> Result<u64, ListError> {
        let commands = self.commands()?.into_iter().map(|command| match command {
            Command::Load(load) if load.segment == Segment::Data as u32 => load.reads().end as u64,
            Command::Store(store) => u64::from(store.target) + u64::from(store.count),
            _ => 0,
        });
        let maps = std::iter::once(&self.input).chain(&self.outputs);
        let maps = maps.map(|map| map.base.saturating_add(map.vectors()) as u64);
        Ok(commands.chain(maps).max().unwrap_or(0))
    }

    /// The work of each of `layers` layers. That of layers fused into another is counted there.
    pub fn work(&self, layers: usize) -> Result<Vec<Work>, ListError> {
        let mut work = vec![Work::default(); layers];
        for (command, &owner) in self.commands()?.iter().zip(&self.owners) {
            let Some(work) = work.get_mut(owner as usize) else { continue };
            match command {
                Command::Load(load) => work.load_beats += u64::from(load.beats_read()),
                Command::Store(store) => work.store_beats += u64::from(store.count),
                Command::Compute(pass) => {
                    work.passes += 1;
                    work.words += u64::from(pass.issue.count) * u64::from(pass.issue.tiles);
                }
            }
        }
        Ok(work)
    }
}
