//! Which maps stay on the chip, and in which strips the others are computed.
//!
//! At first every map is to stay on the chip for as long as it is needed. Where that is too much, maps are given up one after
//! the other: those that nobody needs soon, then the largest.

use super::CompileError;
use super::buffer::{Buffer, rows_needed};
use super::step::Steps;
use super::tile::Tiles;
use pleach_spec::Config;
use pleach_spec::layout::MapLayout;
use std::ops::Range;

/// All of the room on the chip.
const WHOLE: usize = 8;

/// The plan of one step.
#[derive(Clone, Debug, Default)]
pub struct StepPlan {
    /// Walked rows of each strip.
    pub strips: Vec<Range<usize>>,
    /// Phase rows that a strip needs at most, of each source.
    pub source_rows: Vec<usize>,
    /// Phase rows that a strip of the output has at most.
    pub output_rows: usize,
}

/// The plan of all steps.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The last step at which each block is on the chip as a whole; from its birth on (the network's input: from its first
    /// reader on).
    pub until: Vec<Option<usize>>,
    /// The plan of each step.
    pub steps: Vec<StepPlan>,
}

/// Everything that planning needs to know.
pub struct Planner<'a> {
    /// Steps and blocks.
    pub steps: &'a Steps<'a>,
    /// Tiles of each step.
    pub tiles: &'a [Tiles],
    /// Form of each block.
    pub layouts: &'a [MapLayout],
    /// Configuration.
    pub config: &'a Config,
    until: Vec<Option<usize>>,
    /// Share of the room that the strips of each step may take, of [`WHOLE`].
    share: Vec<usize>,
    /// Sources of each step.
    sources: Vec<Vec<usize>>,
}

/// Vectors that the strips of a step need.
struct Need {
    vectors: usize,
    source_rows: Vec<usize>,
    output_rows: usize,
}

impl<'a> Planner<'a> {
    /// Everything stays on the chip, but an input that is read once.
    pub fn new(
        steps: &'a Steps<'a>,
        tiles: &'a [Tiles],
        layouts: &'a [MapLayout],
        config: &'a Config,
    ) -> Self {
        let until = steps.blocks.iter().map(|block| match (block.writer, &block.readers[..]) {
            (None, [_]) => None,
            (_, readers) => readers.last().copied(),
        });
        let until = until.collect();
        let sources = steps.steps.iter().map(|step| step.sources()).collect();
        Self { steps, tiles, layouts, config, until, share: vec![WHOLE; steps.steps.len()], sources }
    }

    /// A plan in which all that must be on the chip at the same time fits by its size.
    pub fn plan(&mut self) -> Result<Plan, CompileError> {
        let mut plans = Vec::new();
        let mut step = 0;
        while step < self.steps.steps.len() {
            match self.strips(step) {
                Some(plan) if self.is_wasteful(step, &plan) => {
                    self.until[self.steps.steps[step].output] = None;
                }
                Some(plan) => {
                    plans.push(plan);
                    step += 1;
                }
                None => {
                    // Steps before may have room again.
                    step = self.give_up(step)?;
                    plans.truncate(step);
                }
            }
        }
        Ok(Plan { until: self.until.clone(), steps: plans })
    }

    /// After the strips of a step did not fit, because the room is in pieces: less for them, or fewer maps beside them.
    pub fn tighten(&mut self, step: usize) -> Result<(), CompileError> {
        while self.share[step] > 1 {
            self.share[step] -= 1;
            if self.strips(step).is_some() {
                return Ok(());
            }
        }
        self.give_up(step).map(drop)
    }

    /// First step at which a block takes room on the chip if it stays there.
    fn birth(&self, block: usize) -> usize {
        let block = &self.steps.blocks[block];
        block.writer.unwrap_or_else(|| block.readers.first().copied().unwrap_or(0))
    }

    /// Blocks that are on the chip as a whole at a step.
    fn alive(&self, step: usize) -> impl Iterator<Item = usize> {
        (0..self.until.len()).filter(move |&block| {
            self.until[block].is_some_and(|until| self.birth(block) <= step && step <= until)
        })
    }

    fn whole(&self, block: usize) -> usize {
        let layout = &self.layouts[block];
        let rows = layout.shape.height.div_ceil(layout.split[0]);
        match self.steps.blocks[block].writer {
            Some(_) => Buffer::written(layout, 0..rows, self.config).vectors(),
            None => Buffer::new(layout, 0..rows, 0..layout.groups).vectors(),
        }
    }

    fn room(&self, step: usize) -> Option<usize> {
        let whole: usize = self.alive(step).map(|block| self.whole(block)).sum();
        self.config.activation_vectors().checked_sub(whole).map(|room| room * self.share[step] / WHOLE)
    }

    /// What strips of so many walked rows need.
    fn need(&self, step: usize, height: usize) -> Need {
        let (this, plan) = (&self.steps.steps[step], &self.tiles[step]);
        let stays = |block: usize| self.until[block].is_some_and(|until| step <= until);
        let mut need = Need { vectors: 0, source_rows: Vec::new(), output_rows: 0 };
        for (number, &block) in self.sources[step].iter().enumerate() {
            let layout = &self.layouts[block];
            let strips = strips(this.walked[0], height);
            let taps = plan.rows_read(number);
            let rows = strips.map(|strip| rows_needed(this, layout.split[0], &strip, taps).len()).max();
            let rows = rows.unwrap_or(1);
            need.source_rows.push(rows);
            if !stays(block) {
                let groups = plan.groups_read(number);
                need.vectors += Buffer::new(layout, 0..rows, groups).vectors();
            }
        }
        let layout = &self.layouts[this.output];
        need.output_rows = (height * this.factor[0]).min(layout.shape.height).div_ceil(layout.split[0]);
        if !stays(this.output) {
            need.vectors += Buffer::written(layout, 0..need.output_rows, self.config).vectors();
        }
        need
    }

    /// Strips of a step that fit beside what is on the chip; twice, so that one is computed while the next is loaded and the last
    /// stored, if that can be.
    fn strips(&self, step: usize) -> Option<StepPlan> {
        let room = self.room(step)?;
        let this = &self.steps.steps[step];
        let total = this.walked[0];
        // An enlarged map is split by its factor, or not at all.
        let unit = match this.factor {
            [1, 1] => self.layouts[this.output].split[0],
            _ => 1,
        };
        let units = total.div_ceil(unit);
        let fits =
            |units: usize, copies: usize| self.need(step, (units * unit).min(total)).vectors * copies <= room;
        let copies = [2, 1].into_iter().find(|&copies| fits(1, copies))?;
        // The most units that fit: need grows with the height.
        let (mut low, mut high) = (1, units);
        while low < high {
            let middle = (low + high).div_ceil(2);
            if fits(middle, copies) { low = middle } else { high = middle - 1 }
        }
        let height = self.best_height(step, unit, low);
        let need = self.need(step, height);
        Some(StepPlan {
            strips: strips(total, height).collect(),
            source_rows: need.source_rows,
            output_rows: need.output_rows,
        })
    }

    /// True if the rows that strips have in common make more traffic than storing and loading the output would, which stays on
    /// the chip and leaves little room to them.
    fn is_wasteful(&self, step: usize, plan: &StepPlan) -> bool {
        let this = &self.steps.steps[step];
        if self.until[this.output].is_none() {
            return false;
        }
        let repeated: usize = self.sources[step]
            .iter()
            .enumerate()
            .filter(|&(_, &block)| self.until[block].is_none_or(|until| until < step))
            .map(|(number, &block)| {
                let (layout, taps) = (&self.layouts[block], self.tiles[step].rows_read(number));
                let rows = |strip| rows_needed(this, layout.split[0], strip, taps).len();
                let loaded: usize = plan.strips.iter().map(rows).sum();
                let all = rows(&(0..this.walked[0]));
                let row = layout.plane() / layout.shape.height.div_ceil(layout.split[0]).max(1);
                loaded.saturating_sub(all) * row * self.tiles[step].groups_read(number).len()
            })
            .sum();
        repeated > 2 * self.whole(this.output)
    }

    /// Of the heights that fit, the one with the fewest pixel tiles; a strip costs as much as two of them.
    fn best_height(&self, step: usize, unit: usize, most: usize) -> usize {
        let this = &self.steps.steps[step];
        let [total, width] = this.walked;
        let cost = |height: usize| -> usize {
            strips(total, height).map(|strip| (strip.len() * width).div_ceil(self.config.rows) + 2).sum()
        };
        let heights = (1..=most).rev().map(|units| (units * unit).min(total));
        heights.min_by_key(|&height| cost(height)).unwrap_or(total)
    }

    /// Takes a map off the chip that is there at a step. Returns the first step for which that changes something.
    fn give_up(&mut self, step: usize) -> Result<usize, CompileError> {
        let uses =
            |block: usize| self.sources[step].contains(&block) || self.steps.steps[step].output == block;
        let next = |block: usize| self.steps.blocks[block].readers.iter().find(|&&r| r > step).copied();
        let idle = self.alive(step).filter(|&block| !uses(block)).max_by_key(|&block| next(block));
        let largest = || self.alive(step).max_by_key(|&block| (self.whole(block), block));
        let Some(block) = idle.or_else(largest) else { return Err(self.too_large(step)) };
        let before = self.steps.blocks[block].readers.iter().rev().find(|&&reader| reader < step);
        let birth = self.birth(block);
        self.until[block] = before.copied().filter(|_| birth < step);
        self.share[step] = WHOLE;
        Ok(birth.min(step))
    }

    fn too_large(&self, step: usize) -> CompileError {
        let unit = self.layouts[self.steps.steps[step].output].split[0];
        CompileError::Activations {
            layer: self.steps.name(step),
            needed: self.need(step, unit.min(self.steps.steps[step].walked[0])).vectors,
            config: self.config.name.clone(),
            held: self.config.activation_vectors(),
        }
    }

    /// Whether each block must be in segment 1: read by the host, or at a step at which it is
    /// not on the chip, or as weights.
    pub fn stored(steps: &Steps, plan: &Plan) -> Vec<bool> {
        let missed = |block: usize| {
            let served = |reader: usize| plan.until[block].is_some_and(|until| reader <= until);
            steps.blocks[block].readers.iter().any(|&reader| !served(reader))
        };
        let kept = |block: usize| steps.blocks[block].output || steps.blocks[block].writer.is_none();
        let gates: Vec<usize> = steps.steps.iter().filter_map(|step| step.gate()).collect();
        let weights = |block: usize| gates.contains(&block);
        (0..steps.blocks.len()).map(|block| kept(block) || missed(block) || weights(block)).collect()
    }
}

/// Ranges of so many rows, the last one shorter.
fn strips(total: usize, height: usize) -> impl Iterator<Item = Range<usize>> {
    (0..total).step_by(height).map(move |first| first..total.min(first + height))
}
