//! Groups of consecutive steps that are executed strip by strip, so that the maps between them never leave the chip.
//!
//! Of a map between two steps of a group there are only so many rows on the chip as a strip of its reader needs: a ring, in which
//! new rows take the place of those that nobody needs any more. So the rows that two strips of the reader have in common are
//! neither computed nor loaded twice. A pass must not go over the end of a ring: its rows are cut there ([`runs`]), and the gather
//! list says which taps are behind the end.

use super::buffer::rows_needed;
use super::region::Region;
use super::step::{Kernel, Step, Steps};
use super::tile::{Cut, Tiles};
use pleach_spec::layout::MapLayout;
use pleach_spec::{Config, timing};
use std::ops::Range;
use std::rc::Rc;

/// Cycles from the last word of a pass to the first of one that reads its results, about.
const RESULT_CYCLES: usize = 70;

/// A group cut into strips.
#[derive(Clone, Debug)]
pub struct Rolled {
    /// Walked rows of each strip of each step. A step may have nothing to do for the last ones.
    pub strips: Vec<Vec<Range<usize>>>,
    /// Phase rows of the ring behind each step but the last.
    pub rings: Vec<usize>,
    /// What the strips load is there until the last one, and each loads what is new: [`super::plan::StepPlan::growing`].
    pub growing: bool,
}

/// What the form of maps and tiles says of steps.
pub struct Forms<'a> {
    /// Steps and blocks.
    pub steps: &'a Steps<'a>,
    /// Tiles of each step.
    pub tiles: &'a [Rc<Tiles>],
    /// Form of each block.
    pub layouts: &'a [MapLayout],
    /// Regions of each step.
    pub regions: &'a [Vec<Region>],
    /// Configuration.
    pub config: &'a Config,
}

/// Ranges of so many rows, the last one shorter.
pub fn strips(total: usize, height: usize) -> impl Iterator<Item = Range<usize>> {
    (0..total).step_by(height).map(move |first| first..total.min(first + height))
}

impl Forms<'_> {
    /// True if a step may be in a group with others.
    pub fn can_roll(&self, step: usize) -> bool {
        let this = &self.steps.steps[step];
        self.tiles[step].cut == Cut::No
            && this.factor == [1, 1]
            && this.table.is_none()
            && this.gate().is_none()
            && self.regions[step].iter().all(|region| region.rows.len() == this.walked[0])
            && !matches!(this.kernel, Kernel::Average { .. })
    }

    /// True if nothing but the next step reads what a step, and no other, writes.
    pub fn feeds_next(&self, step: usize) -> bool {
        let this = &self.steps.steps[step];
        let block = &self.steps.blocks[this.output];
        block.readers == [step + 1] && !block.output && block.images.len() == this.batch.images
    }

    /// The strips of all steps of a group, if the last one's have so many rows.
    pub fn roll(&self, group: &Range<usize>, height: usize) -> Rolled {
        let last = &self.steps.steps[group.end - 1];
        let strips = vec![strips(last.walked[0], height).collect()];
        let mut rolled = Rolled { strips, rings: Vec::new(), growing: false };
        for writer in group.clone().rev().skip(1) {
            let (block, reader) = (self.steps.steps[writer].output, &self.steps.steps[writer + 1]);
            let number = reader.sources().iter().position(|&source| source == block).unwrap_or(0);
            let taps = self.tiles[writer + 1].rows_read(number);
            let split = self.layouts[block].split[0];
            let (mut end, mut ring, mut mine) = (0, 1, Vec::new());
            for strip in &rolled.strips[0] {
                let mut new = end..end;
                if !strip.is_empty() {
                    let rows = rows_needed(reader, split, strip, taps);
                    new.end = end.max((rows.end * split).min(self.steps.steps[writer].walked[0]));
                    ring = ring.max(new.end.div_ceil(split) - rows.start);
                }
                end = new.end;
                mine.push(new);
            }
            rolled.strips.insert(0, mine);
            rolled.rings.insert(0, ring);
        }
        rolled
    }

    /// The rings that a step of a rolled group reads and writes.
    pub fn rings(&self, group: &Range<usize>, rolled: &Rolled, step: usize) -> StepRings {
        let block = |at: usize| self.steps.steps[at].output;
        let before = (step > group.start).then(|| (block(step - 1), rolled.rings[step - 1 - group.start]));
        let sources = self.steps.steps[step].sources();
        let of_source = |source: &usize| before.filter(|(block, _)| block == source).map(|(_, rows)| rows);
        StepRings {
            sources: sources.iter().map(of_source).collect(),
            output: rolled.rings.get(step - group.start).copied(),
        }
    }

    /// About the cycles of a group: those of its words, and those in which nothing can be multiplied. `None` if a map in phases
    /// would have to be written from a row on that is not in the first phase.
    pub fn cycles(&self, group: &Range<usize>, rolled: &Rolled) -> Option<usize> {
        let mut cycles = 0;
        for (number, step) in group.clone().enumerate() {
            let (this, rings) = (&self.steps.steps[step], self.rings(group, rolled, step));
            let split = self.layouts[this.output].split[0];
            let each = self.words_per_tile(step);
            for strip in rolled.strips[number].iter().filter(|strip| !strip.is_empty()) {
                for run in runs(this, &self.tiles[step], self.layouts, &rings, strip.clone()) {
                    if group.len() > 1 && !run.start.is_multiple_of(split) {
                        return None;
                    }
                    cycles += this.pixel_tiles(run.len(), self.config) * each;
                }
                cycles += if number > 0 { RESULT_CYCLES } else { 0 };
            }
        }
        Some(cycles)
    }

    /// Cycles that a pixel tile takes in all tiles of output channels. WALK must keep up.
    pub fn words_per_tile(&self, step: usize) -> usize {
        let least = timing::tile_interval(self.config) as usize;
        self.tiles[step].tiles.iter().map(|tile| tile.words().max(least)).sum()
    }
}

/// Phase rows of the rings around a step; `None` where a map is not in a ring.
#[derive(Clone, Debug, Default)]
pub struct StepRings {
    /// Of each source.
    pub sources: Vec<Option<usize>>,
    /// Of the output.
    pub output: Option<usize>,
}

/// How often the taps and the results of a walked row have gone around their rings.
fn rounds(step: &Step, tiles: &Tiles, layouts: &[MapLayout], rings: &StepRings, row: usize) -> Vec<i64> {
    let mut rounds = Vec::new();
    for ((number, block), ring) in step.sources().into_iter().enumerate().zip(&rings.sources) {
        let (low, high) = tiles.rows_read(number);
        let of = |dy: usize| ring.map_or(0, |ring| round(step, layouts[block].split[0], ring, row, dy));
        rounds.extend((low..=high).map(of));
    }
    let split = layouts[step.output].split[0];
    rounds.push(rings.output.map_or(0, |ring| (row / split / ring) as i64));
    rounds
}

/// How often a tap has gone around the ring that it reads, at a walked row. Of rows in the padding the next one on the map.
pub fn round(step: &Step, split: usize, ring: usize, row: usize, dy: usize) -> i64 {
    let tap = (row * step.window.stride[0] + dy).saturating_sub(step.window.pads[0]);
    (tap.min(step.input[0] - 1) / split / ring) as i64
}

/// The longest ranges of walked rows in which no tap and no result goes over the end of a ring.
pub fn runs(
    step: &Step,
    tiles: &Tiles,
    layouts: &[MapLayout],
    rings: &StepRings,
    rows: Range<usize>,
) -> Vec<Range<usize>> {
    if rings.output.is_none() && rings.sources.iter().all(Option::is_none) {
        return if rows.is_empty() { Vec::new() } else { vec![rows] };
    }
    let rounds: Vec<_> = rows.map(|row| (row, rounds(step, tiles, layouts, rings, row))).collect();
    rounds.chunk_by(|a, b| a.1 == b.1).map(|run| run[0].0..run[run.len() - 1].0 + 1).collect()
}

/// How many rounds the taps of a walked row are ahead of the row itself: what the gather list of a run depends on. Beside other
/// maps, which are as far away from the ring as it says, also the round of the row.
pub fn rounds_ahead(
    step: &Step,
    tiles: &Tiles,
    layouts: &[MapLayout],
    rings: &StepRings,
    row: usize,
) -> Vec<i64> {
    let mut ahead = Vec::new();
    for ((number, block), ring) in step.sources().into_iter().enumerate().zip(&rings.sources) {
        let (Some(ring), split, (low, high)) = (*ring, layouts[block].split[0], tiles.rows_read(number))
        else {
            continue;
        };
        let here = (row * step.window.stride[0] / split / ring) as i64;
        ahead.extend((low..=high).map(|dy| round(step, split, ring, row, dy) - here));
        if rings.sources.len() > 1 {
            ahead.push(here);
        }
    }
    ahead
}
