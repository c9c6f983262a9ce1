//! Which strips a group of steps is executed in: those that cost the fewest cycles of all for which there is room.

use super::{AHEAD, CHUNKS, Planner, StepPlan};
use crate::compile::buffer::{Buffer, rows_needed};
use crate::compile::group::{Rolled, StepRings};
use crate::compile::tile::{Cut, Tile, written_groups};
use pleach_spec::beats::beats_per_word;
use std::ops::Range;

/// About the cycles that a strip costs besides its words.
const STRIP_CYCLES: usize = 100;

/// Vectors that the strips of a group need.
pub(super) struct Need {
    /// Rings, of which there is one.
    pub(super) rings: usize,
    /// Strips that are loaded, of which there had better be two.
    pub(super) strips: usize,
    /// What comes and goes with the tiles of a strip.
    pub(super) chunks: usize,
    pub(super) plans: Vec<StepPlan>,
}

/// Vectors that the strips of a step load.
#[derive(Default)]
pub(super) struct Loads {
    pub(super) all: usize,
    /// Those that must be there before the first pass of the strip.
    pub(super) waited: usize,
    /// Those of them that the first strip needs.
    pub(super) first: usize,
    /// Those that have been loaded before.
    pub(super) repeated: usize,
}

impl Planner<'_> {
    /// What a group needs that is cut in some way, with so many chunks of everything that comes and goes with them.
    pub(super) fn need(&self, group: &Range<usize>, rolled: &Rolled, chunks: usize) -> Need {
        let mut need = Need { rings: 0, strips: 0, chunks: 0, plans: Vec::new() };
        for (step, strips) in group.clone().zip(&rolled.strips) {
            let (this, tiles) = (&self.steps.steps[step], &self.forms.tiles[step]);
            let rings = self.forms.rings(group, rolled, step);
            let (mut source_rows, mut streamed) = (Vec::new(), Vec::new());
            let config = self.forms.config;
            let chunks = chunks.min(tiles.chunks(config));
            for (number, &block) in self.sources[step].iter().enumerate() {
                let (layout, taps) = (&self.forms.layouts[block], tiles.rows_read(number));
                let used = strips.iter().filter(|strip| !strip.is_empty());
                let needed = |strip| rows_needed(this, layout.split[0], strip, taps).len();
                let loaded = !self.stays(block, step) && rings.sources[number].is_none();
                let stream = self.streamed[step][number].filter(|_| loaded);
                let rows = match rolled.growing && stream.is_none() {
                    true => needed(&(0..this.walked[0])),
                    false => used.map(needed).max().unwrap_or(1),
                };
                source_rows.push(rows);
                let images = this.batch.within(&self.steps.blocks[block]);
                streamed.push(stream);
                match stream {
                    Some(groups) => {
                        need.chunks += chunks * Buffer::new(layout, images, 0..rows, 0..groups).vectors();
                    }
                    None if !loaded => {}
                    None => {
                        let groups = tiles.groups_read(number);
                        need.strips += Buffer::new(layout, images, 0..rows, groups).vectors();
                    }
                }
            }
            let layout = &self.forms.layouts[this.output];
            let images = this.batch.within(&self.steps.blocks[this.output]);
            let height = strips.iter().map(Range::len).max().unwrap_or(0);
            let output_rows = (height * this.factor[0]).min(layout.shape.height).div_ceil(layout.split[0]);
            match rings.output {
                Some(rows) => need.rings += Buffer::written(layout, images, 0..rows, config).vectors(),
                None if self.stays(this.output, step) => {}
                None => {
                    let buffer = Buffer::written(layout, images, 0..output_rows, config);
                    need.chunks += chunks * Buffer { groups: written_groups(0, config), ..buffer }.vectors();
                }
            }
            let (strips, growing) = (strips.clone(), rolled.growing);
            need.plans.push(StepPlan { strips, source_rows, streamed, output_rows, rings, growing });
        }
        need
    }

    /// Strips of a group that fit beside what is on the chip; twice, so that one is computed while the next is loaded and the last
    /// stored, if that can be.
    pub(super) fn strips(&self, group: &Range<usize>) -> Option<(usize, Vec<StepPlan>)> {
        let room = self.room(group)?;
        let this = &self.steps.steps[group.end - 1];
        let total = this.walked[0];
        // An enlarged map is split by its factor, or not at all.
        let unit = match this.factor {
            [1, 1] => self.forms.layouts[this.output].split[0],
            _ => 1,
        };
        let units = total.div_ceil(unit);
        let height = |units: usize| (units * unit).min(total);
        let fits = |units: usize, copies: usize, chunks: usize| {
            let need = self.need(group, &self.forms.roll(group, height(units)), chunks);
            need.rings + need.chunks + need.strips * copies <= room
        };
        let chunks = (1..=CHUNKS).rev().find(|&chunks| fits(1, 1, chunks))?;
        // The most units that fit: need grows with the height.
        let most = |copies: usize| {
            let (mut low, mut high) = (0, units);
            while low < high {
                let middle = (low + high).div_ceil(2);
                if fits(middle, copies, chunks) { low = middle } else { high = middle - 1 }
            }
            low
        };
        let (single, double) = (most(1), most(2));
        let heights = (1..=single).rev().map(|units| (height(units), units <= double));
        let even = heights.map(|(height, ahead)| (self.forms.roll(group, height), ahead));
        let two = (1..units).map(|units| {
            let first = height(units);
            Rolled { strips: vec![vec![0..first, first..total]], rings: Vec::new(), growing: true }
        });
        let whole = group.len() == 1 && single == units;
        let two = two.filter(|_| whole).map(|rolled| (rolled, false));
        let costs =
            even.chain(two).filter_map(|(rolled, ahead)| Some((self.cost(group, &rolled, ahead)?, rolled)));
        // Of equal ones the first and so the highest.
        let (cost, rolled) = costs.min_by_key(|(cost, _)| *cost)?;
        Some((cost, self.need(group, &rolled, chunks).plans))
    }

    /// What tells strips apart: about the cycles. `ahead` if a strip can be loaded while the one before is computed.
    fn cost(&self, group: &Range<usize>, rolled: &Rolled, ahead: bool) -> Option<usize> {
        let plans = self.need(group, rolled, 1).plans;
        let loads = group.clone().zip(&plans).map(|(step, plan)| self.loaded(step, plan, &plan.rings));
        let (maps, waited, first) = loads.fold((0, 0, 0), |(maps, waited, first), loads| {
            (maps + loads.all, waited + loads.waited, first + loads.first)
        });
        let strips = rolled.strips[0].len();
        let late = match (rolled.growing, ahead) {
            (true, _) => {
                first + (waited - first).saturating_sub(self.time_ahead(group.start, &rolled.strips[0][0]))
            }
            (false, true) => waited / strips,
            (false, false) => waited,
        };
        if group.len() > 1 {
            return Some(self.forms.cycles(group, rolled)? + late);
        }
        let tiles = &self.forms.tiles[group.start];
        let waiting = |tile: &Tile| (2 * tile.words()).saturating_sub(self.forms.config.word_depth);
        let waiting: usize = match tiles.cut {
            Cut::No | Cut::AtEnd => tiles.tiles.iter().map(waiting).sum(),
            Cut::Always | Cut::Variants => 0,
        };
        let cycles = |strip: &Range<usize>| {
            let (compute, beats) = self.alone(group.start, strip, strips);
            let maps = maps * strip.len() / self.steps.steps[group.start].walked[0];
            (compute + waiting).max((beats + maps) * 11 / 10)
        };
        let cycles: usize = rolled.strips[0].iter().map(cycles).sum();
        Some(cycles + late + strips * STRIP_CYCLES)
    }

    /// Cycles of the words of a step in one of so many strips, and the beats of words that are loaded for it.
    fn alone(&self, step: usize, strip: &Range<usize>, strips: usize) -> (usize, usize) {
        let (tiles, config) = (&self.forms.tiles[step], self.forms.config);
        let pixel_tiles = self.steps.steps[step].pixel_tiles(strip.len(), config);
        let words: usize = tiles.tiles.iter().map(Tile::words).sum();
        let parts = tiles.tiles.iter().flat_map(|tile| &tile.parts);
        let beats: usize = parts.map(|part| part.words.len() * if part.dense { 1 } else { 2 }).sum();
        // Words that stay for all strips are loaded once.
        let share = if words <= config.word_depth * 3 / 4 { strips } else { 1 };
        (pixel_tiles * self.forms.words_per_tile(step), beats * beats_per_word(config) / share)
    }

    /// Cycles that are left to load maps while the passes of a strip run with which those of the next are prepared.
    fn time_ahead(&self, step: usize, strip: &Range<usize>) -> usize {
        let tiles = &self.forms.tiles[step].tiles;
        let (cycles, words) = (self.alone(step, strip, 1).0, tiles.iter().map(Tile::words).sum::<usize>());
        // Passes whose words fit beside those of the one under way.
        let passes = (self.forms.config.word_depth * tiles.len() / words.max(1)).saturating_sub(1);
        let passes = passes.min(AHEAD).min(tiles.len());
        (cycles * passes / tiles.len()).saturating_sub(words * passes / tiles.len())
    }

    /// What the strips of a step load.
    pub(super) fn loaded(&self, step: usize, plan: &StepPlan, rings: &StepRings) -> Loads {
        let (this, tiles) = (&self.steps.steps[step], &self.forms.tiles[step]);
        let mut loads = Loads::default();
        for (number, &block) in self.sources[step].iter().enumerate() {
            if self.stays(block, step) || rings.sources[number].is_some() {
                continue;
            }
            let (layout, taps) = (&self.forms.layouts[block], tiles.rows_read(number));
            let rows = |strip| rows_needed(this, layout.split[0], strip, taps).len();
            let all = 0..this.walked[0];
            let whole = rows(&all);
            let streamed = plan.streamed[number].is_some();
            let sum: usize = match plan.growing && !streamed {
                true => whole,
                false => plan.strips.iter().filter(|strip| !strip.is_empty()).map(rows).sum(),
            };
            let row = layout.split[0] * layout.split[1] * layout.image_pitch() * this.batch.images;
            let row = row * tiles.groups_read(number).len();
            loads.all += sum * row;
            loads.waited += if streamed { 0 } else { sum * row };
            loads.first += if streamed { 0 } else { rows(&plan.strips[0]) * row };
            loads.repeated += sum.saturating_sub(whole) * row;
        }
        loads
    }
}
