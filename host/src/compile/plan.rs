//! Which maps stay on the chip, and in which strips the others are computed.
//!
//! At first every map is to stay on the chip for as long as it is needed. Where that is too much, maps are given up one after
//! the other: those that nobody needs soon, then the largest. Steps between which maps would have to leave the chip are joined to
//! groups ([`super::group`]) where that costs fewer cycles.

use super::CompileError;
use super::buffer::{Buffer, rows_needed};
use super::group::{Forms, Rolled, StepRings};
use super::step::{Step, Steps};
use super::tile::{Cut, Tile, written_groups};
use pleach_spec::beats::beats_per_word;
use std::ops::Range;

/// Chunks of an output, or of a map that is added, that are on the chip at the same time: that of the pass under way, those
/// prepared ahead, and those that become free.
pub const CHUNKS: usize = 6;
/// About the cycles that a strip costs besides its words.
const STRIP_CYCLES: usize = 100;
/// All of the room on the chip.
const WHOLE: usize = 8;

/// The plan of one step.
#[derive(Clone, Debug, Default)]
pub struct StepPlan {
    /// Walked rows of each strip; empty where those before have made all that the next step of the group needs.
    pub strips: Vec<Range<usize>>,
    /// Phase rows that a strip needs at most, of each source.
    pub source_rows: Vec<usize>,
    /// Of each source the most vector groups of a chunk of tiles, if it is loaded chunk by chunk.
    pub streamed: Vec<Option<usize>>,
    /// Phase rows that a strip of the output has at most.
    pub output_rows: usize,
    /// The rings that it reads and writes.
    pub rings: StepRings,
}

/// The plan of all steps.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The last step at which each block is on the chip as a whole; from its birth on (the network's input: from its first
    /// reader on).
    pub until: Vec<Option<usize>>,
    /// Steps that are executed strip by strip, one after the other in each; most are alone.
    pub groups: Vec<Range<usize>>,
    /// The plan of each step.
    pub steps: Vec<StepPlan>,
}

/// Planning, with what it has decided so far.
pub struct Planner<'a> {
    /// What is planned.
    forms: &'a Forms<'a>,
    steps: &'a Steps<'a>,
    groups: Vec<Range<usize>>,
    until: Vec<Option<usize>>,
    /// Share of the room that the strips of the group of each step may take, of [`WHOLE`].
    share: Vec<usize>,
    /// Sources of each step.
    sources: Vec<Vec<usize>>,
    /// Of each of them, [`Tiles::streamed_groups`].
    ///
    /// [`Tiles::streamed_groups`]: super::tile::Tiles::streamed_groups
    streamed: Vec<Vec<Option<usize>>>,
}

/// Vectors that the strips of a group need.
struct Need {
    /// Rings, of which there is one.
    rings: usize,
    /// Strips that are loaded, of which there had better be two.
    strips: usize,
    /// What comes and goes with the tiles of a strip.
    chunks: usize,
    plans: Vec<StepPlan>,
}

/// Vectors that the strips of a step load.
#[derive(Default)]
struct Loads {
    all: usize,
    /// Those that must be there before the first pass of the strip.
    waited: usize,
    /// Those that have been loaded before.
    repeated: usize,
}

impl<'a> Planner<'a> {
    /// Everything stays on the chip, but an input that is read once.
    pub fn new(forms: &'a Forms<'a>) -> Self {
        let steps = forms.steps;
        let count = steps.steps.len();
        let sources: Vec<Vec<usize>> = steps.steps.iter().map(|step| step.sources()).collect();
        let each = steps.steps.iter().zip(forms.tiles).zip(&sources);
        let streamed = each.map(|((step, tiles), sources)| {
            (0..sources.len()).map(|source| tiles.streamed_groups(step, source, forms.config)).collect()
        });
        let streamed = streamed.collect();
        let mut planner = Self {
            forms,
            steps,
            groups: (0..count).map(|step| step..step + 1).collect(),
            until: Vec::new(),
            share: vec![WHOLE; count],
            sources,
            streamed,
        };
        planner.keep_all();
        planner
    }

    fn keep_all(&mut self) {
        let until = self.steps.blocks.iter().map(|block| match (block.writer, &block.readers[..]) {
            (None, [_]) => None,
            // Images of which each is read by other steps.
            (None, [first, ..]) if self.steps.steps[*first].batch.images < block.images.len() => None,
            (_, readers) => readers.last().copied(),
        });
        self.until = until.collect();
        self.share.fill(WHOLE);
    }

    /// A plan in which all that must be on the chip at the same time fits by its size.
    pub fn plan(&mut self) -> Result<Plan, CompileError> {
        let mut plans: Vec<StepPlan> = Vec::new();
        while plans.len() < self.steps.steps.len() {
            let group = self.group(plans.len());
            match self.strips(&group) {
                Some((cost, plan)) if self.is_wasteful(&group, cost, &plan) => {
                    self.until[self.steps.steps[group.end - 1].output] = None;
                }
                Some((_, plan)) => plans.extend(plan),
                None => {
                    // Steps before may have room again.
                    let first = self.give_up(&group)?;
                    plans.truncate(self.group(first).start);
                }
            }
        }
        Ok(Plan { until: self.until.clone(), groups: self.groups.clone(), steps: plans })
    }

    /// The group that a step is in.
    fn group(&self, step: usize) -> Range<usize> {
        let group = self.groups.iter().find(|group| group.contains(&step));
        group.cloned().unwrap_or(step..step + 1)
    }

    /// Joins steps between which a plan moves maps to the memory and back, where that costs fewer cycles. All else is to stay on
    /// the chip again. False if there are none.
    pub fn join(&mut self, plan: &Plan) -> bool {
        let count = self.steps.steps.len();
        let joins = |step: usize| {
            let block = self.steps.steps[step].output;
            self.forms.feeds_next(step)
                && self.until[block].is_none_or(|until| until <= step)
                && self.forms.can_roll(step)
                && self.forms.can_roll(step + 1)
        };
        let mut groups = Vec::new();
        let mut start = 0;
        while start < count {
            let end = (start + 1..count).find(|&step| !joins(step - 1)).unwrap_or(count);
            groups.extend(self.best_groups(start..end, plan));
            start = end;
        }
        let any = groups.len() < count;
        if any {
            self.groups = groups;
            self.keep_all();
        }
        any
    }

    /// The cheapest way to cut a chain of steps into groups.
    fn best_groups(&self, chain: Range<usize>, plan: &Plan) -> Vec<Range<usize>> {
        // Cycles and groups up to each step of the chain.
        let mut best: Vec<(usize, Vec<Range<usize>>)> = vec![(0, Vec::new())];
        for end in chain.start + 1..=chain.end {
            let candidates = (chain.start..end).rev().filter_map(|start| {
                let (before, groups) = &best[start - chain.start];
                let cycles = self.group_cycles(&(start..end), plan)?;
                let mut groups = groups.clone();
                groups.push(start..end);
                Some((before + cycles, groups))
            });
            let found = candidates.min_by_key(|(cycles, _)| *cycles);
            best.push(found.unwrap_or_default());
        }
        best.pop().map(|(_, groups)| groups).unwrap_or_default()
    }

    /// About the cycles of a group: what is multiplied, loaded and stored goes on at the same time.
    fn group_cycles(&self, group: &Range<usize>, plan: &Plan) -> Option<usize> {
        let alone = group.len() == 1;
        let words: usize =
            group.clone().flat_map(|step| &self.forms.tiles[step].tiles).map(|t| t.words()).sum();
        if !alone && words > self.forms.config.word_depth * 3 / 4 {
            return None;
        }
        let plans = match alone {
            true => vec![plan.steps[group.start].clone()],
            false => self.strips(group)?.1,
        };
        let rolled = Rolled {
            strips: plans.iter().map(|plan| plan.strips.clone()).collect(),
            rings: plans.iter().filter_map(|plan| plan.rings.output).collect(),
        };
        let compute = self.forms.cycles(group, &rolled)?;
        let mut load = words * 2;
        for (step, plan) in group.clone().zip(&plans) {
            load += self.loaded(step, plan, &plan.rings).all;
        }
        let output = self.steps.steps[group.end - 1].output;
        let store = if self.stays(output, group.end - 1) { 0 } else { self.written(group.end - 1) };
        // The first strip is waited for, and the last one is stored while nobody can load it yet.
        let strips = plans[0].strips.len();
        Some(compute.max(load).max(store) + (load + store) / strips)
    }

    /// First step at which a block takes room on the chip if it stays there.
    fn birth(&self, block: usize) -> usize {
        let block = &self.steps.blocks[block];
        block.writer.unwrap_or_else(|| block.readers.first().copied().unwrap_or(0))
    }

    fn stays(&self, block: usize, step: usize) -> bool {
        self.until[block].is_some_and(|until| step <= until)
    }

    /// The maps between the steps of a group.
    fn inner(&self, group: &Range<usize>) -> impl Iterator<Item = usize> {
        (group.start..group.end - 1).map(|step| self.steps.steps[step].output)
    }

    /// Blocks that are on the chip as a whole at some step of a group.
    fn alive(&self, group: &Range<usize>) -> impl Iterator<Item = usize> {
        (0..self.until.len()).filter(move |&block| {
            self.until[block].is_some_and(|until| self.birth(block) < group.end && group.start <= until)
                && !self.inner(group).any(|inner| inner == block)
        })
    }

    fn whole(&self, block: usize) -> usize {
        let layout = &self.forms.layouts[block];
        let rows = layout.shape.height.div_ceil(layout.split[0]);
        match self.steps.blocks[block].writer {
            Some(_) => Buffer::written(layout, 0..layout.images, 0..rows, self.forms.config).vectors(),
            None => Buffer::new(layout, 0..layout.images, 0..rows, 0..layout.groups).vectors(),
        }
    }

    /// Vectors that a step writes.
    fn written(&self, step: usize) -> usize {
        let Step { output, batch, .. } = self.steps.steps[step];
        self.whole(output) * batch.images / self.forms.layouts[output].images
    }

    fn room(&self, group: &Range<usize>) -> Option<usize> {
        let whole: usize = self.alive(group).map(|block| self.whole(block)).sum();
        let room = self.forms.config.activation_vectors().checked_sub(whole);
        room.map(|room| room * self.share[group.start] / WHOLE)
    }

    /// What a group needs that is cut in some way, with so many chunks of everything that comes and goes with them.
    fn need(&self, group: &Range<usize>, rolled: &Rolled, chunks: usize) -> Need {
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
                let rows = used.map(|strip| rows_needed(this, layout.split[0], strip, taps).len()).max();
                let rows = rows.unwrap_or(1);
                source_rows.push(rows);
                let loaded = !self.stays(block, step) && rings.sources[number].is_none();
                let stream = self.streamed[step][number].filter(|_| loaded);
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
            need.plans.push(StepPlan { strips: strips.clone(), source_rows, streamed, output_rows, rings });
        }
        need
    }

    /// Strips of a group that fit beside what is on the chip; twice, so that one is computed while the next is loaded and the last
    /// stored, if that can be.
    fn strips(&self, group: &Range<usize>) -> Option<(usize, Vec<StepPlan>)> {
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
        let best = heights.filter_map(|(height, ahead)| Some((self.cost(group, height, ahead)?, height)));
        // Of equal ones the first and so the highest.
        let (cost, height) = best.min_by_key(|(cost, _)| *cost)?;
        Some((cost, self.need(group, &self.forms.roll(group, height), chunks).plans))
    }

    /// What tells heights apart: about the cycles. `ahead` if a strip can be loaded while the one before is computed.
    fn cost(&self, group: &Range<usize>, height: usize, ahead: bool) -> Option<usize> {
        let rolled = self.forms.roll(group, height);
        let plans = self.need(group, &rolled, 1).plans;
        let loads = group.clone().zip(&plans).map(|(step, plan)| self.loaded(step, plan, &plan.rings));
        let (maps, waited) =
            loads.fold((0, 0), |(maps, waited), loads| (maps + loads.all, waited + loads.waited));
        let strips = rolled.strips[0].len();
        let late = if ahead { waited / strips } else { waited };
        if group.len() > 1 {
            return Some(self.forms.cycles(group, &rolled)? + late);
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

    /// What the strips of a step load.
    fn loaded(&self, step: usize, plan: &StepPlan, rings: &StepRings) -> Loads {
        let (this, tiles) = (&self.steps.steps[step], &self.forms.tiles[step]);
        let mut loads = Loads::default();
        for (number, &block) in self.sources[step].iter().enumerate() {
            if self.stays(block, step) || rings.sources[number].is_some() {
                continue;
            }
            let (layout, taps) = (&self.forms.layouts[block], tiles.rows_read(number));
            let rows = |strip| rows_needed(this, layout.split[0], strip, taps).len();
            let sum: usize = plan.strips.iter().filter(|strip| !strip.is_empty()).map(rows).sum();
            let row = layout.split[0] * layout.split[1] * layout.image_pitch() * this.batch.images;
            let row = row * tiles.groups_read(number).len();
            loads.all += sum * row;
            loads.waited += if plan.streamed[number].is_some() { 0 } else { sum * row };
            loads.repeated += sum.saturating_sub(rows(&(0..this.walked[0]))) * row;
        }
        loads
    }

    /// True if an output that stays on the chip leaves so little room to the strips that storing and loading it would cost less:
    /// than the rows that strips have in common, or than what they cost more than others.
    fn is_wasteful(&mut self, group: &Range<usize>, cost: usize, plan: &[StepPlan]) -> bool {
        let output = self.steps.steps[group.end - 1].output;
        let Some(until) = self.until[output] else { return false };
        if plan[0].strips.len() > 1 {
            self.until[output] = None;
            let other = self.strips(group);
            self.until[output] = Some(until);
            if other.is_some_and(|(other, _)| other + self.written(group.end - 1) < cost) {
                return true;
            }
        }
        let repeated = |(step, plan): (usize, &StepPlan)| self.loaded(step, plan, &plan.rings).repeated;
        let repeated: usize = group.clone().zip(plan).map(repeated).sum();
        repeated > 2 * self.written(group.end - 1)
    }

    /// Takes a map off the chip that is there at a group, or takes the group apart. Returns the first step for which that changes
    /// something.
    fn give_up(&mut self, group: &Range<usize>) -> Result<usize, CompileError> {
        let uses = |block: usize| {
            group.clone().any(|step| self.sources[step].contains(&block))
                || self.steps.steps[group.end - 1].output == block
        };
        let next = |block: usize| self.steps.blocks[block].readers.iter().find(|&&r| r >= group.end).copied();
        let idle = self.alive(group).filter(|&block| !uses(block)).max_by_key(|&block| next(block));
        let largest = || self.alive(group).max_by_key(|&block| (self.whole(block), block));
        let Some(block) = idle.or_else(largest) else { return self.take_apart(group) };
        let before = self.steps.blocks[block].readers.iter().rev().find(|&&reader| reader < group.start);
        let birth = self.birth(block);
        self.until[block] = before.copied().filter(|_| birth < group.start);
        self.share[group.start] = WHOLE;
        Ok(birth.min(group.start))
    }

    /// The steps of a group are executed one by one, and the maps between them stored.
    fn take_apart(&mut self, group: &Range<usize>) -> Result<usize, CompileError> {
        if group.len() == 1 {
            return Err(self.too_large(group.start));
        }
        let inner: Vec<usize> = self.inner(group).collect();
        for block in inner {
            self.until[block] = None;
        }
        let at = self.groups.iter().position(|other| other == group).unwrap_or(0);
        self.share[group.start] = WHOLE;
        self.groups.splice(at..at + 1, group.clone().map(|step| step..step + 1));
        Ok(group.start)
    }

    fn too_large(&self, step: usize) -> CompileError {
        let this = &self.steps.steps[step];
        let unit = self.forms.layouts[this.output].split[0].min(this.walked[0]);
        let group = step..step + 1;
        let need = self.need(&group, &self.forms.roll(&group, unit), 1);
        CompileError::Activations {
            layer: self.steps.name(step),
            needed: need.strips + need.chunks,
            config: self.forms.config.name.clone(),
            held: self.forms.config.activation_vectors(),
        }
    }

    /// After the strips of a step did not fit, because the room is in pieces: less for them, or fewer maps beside them.
    pub fn tighten(&mut self, step: usize) -> Result<(), CompileError> {
        let group = self.group(step);
        while self.share[group.start] > 1 {
            self.share[group.start] -= 1;
            if self.strips(&group).is_some() {
                return Ok(());
            }
        }
        self.give_up(&group).map(drop)
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
