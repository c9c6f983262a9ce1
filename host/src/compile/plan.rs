//! Which maps stay on the chip, and in which strips the others are computed.
//!
//! At first every map is to stay on the chip for as long as it is needed. Where that is too much, maps are given up one after
//! the other: those that nobody needs soon, then the largest. Steps between which maps would have to leave the chip are joined to
//! groups ([`super::group`]) where that costs fewer cycles.

mod strips;

use super::CompileError;
use super::buffer::Buffer;
use super::group::{Forms, Rolled, StepRings};
use super::step::{Step, Steps};
use std::ops::Range;

/// Chunks of an output, or of a map that is added, that are on the chip at the same time: that of the pass under way, those
/// prepared ahead, and those that become free.
pub const CHUNKS: usize = 6;
/// Passes that are prepared ahead at most.
pub const AHEAD: usize = 64;
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
    /// The maps that strips load come into one place, row by row: no strip gives room back before the last one, and each loads
    /// what those before have not.
    pub growing: bool,
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
                Some((cost, plan)) => match self.wasteful(&group, cost, &plan) {
                    Some(block) => {
                        let first = self.leave_out(block, &group);
                        plans.truncate(self.group(first).start);
                    }
                    None => plans.extend(plan),
                },
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
            growing: plans[0].growing,
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

    /// A map that stays on the chip and leaves so little room to the strips that storing and loading it would cost less: than the
    /// rows that strips have in common, or than what they cost more than others. It is the output, or one that is only added and
    /// can come chunk by chunk.
    fn wasteful(&mut self, group: &Range<usize>, cost: usize, plan: &[StepPlan]) -> Option<usize> {
        let output = self.steps.steps[group.end - 1].output;
        if plan[0].strips.len() > 1 {
            let sources = group.clone().flat_map(|step| {
                let added = self.sources[step].iter().zip(&self.streamed[step]);
                added.filter(|(_, streamed)| streamed.is_some()).map(|(&block, _)| block)
            });
            let inner: Vec<usize> = self.inner(group).collect();
            let blocks: Vec<usize> = sources.filter(|block| !inner.contains(block)).chain([output]).collect();
            for block in blocks {
                let Some(until) = self.until[block].take() else { continue };
                let other = self.strips(group);
                self.until[block] = Some(until);
                let moved = if block == output { self.written(group.end - 1) } else { self.whole(block) };
                if other.is_some_and(|(other, _)| other + moved < cost) {
                    return Some(block);
                }
            }
        }
        let repeated = |(step, plan): (usize, &StepPlan)| self.loaded(step, plan, &plan.rings).repeated;
        let repeated: usize = group.clone().zip(plan).map(repeated).sum();
        (self.until[output].is_some() && repeated > 2 * self.written(group.end - 1)).then_some(output)
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
        self.share[group.start] = WHOLE;
        Ok(self.leave_out(block, group))
    }

    /// Takes a map off the chip from a group on. Returns the first step for which that changes something.
    fn leave_out(&mut self, block: usize, group: &Range<usize>) -> usize {
        let before = self.steps.blocks[block].readers.iter().rev().find(|&&reader| reader < group.start);
        let birth = self.birth(block);
        self.until[block] = before.copied().filter(|_| birth < group.start);
        birth.min(group.start)
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
