//! The order of the passes, and how often each thing that they load is used.

use super::Input;
use crate::compile::region::Region;

/// One pass.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Step.
    pub step: usize,
    /// Strip of the step.
    pub strip: usize,
    /// Tile of output channels.
    pub tile: usize,
    /// Which copy of an enlarged map, counted along rows.
    pub shift: usize,
    /// Index into the regions of the strip.
    pub region: usize,
    /// Part of the sum.
    pub part: usize,
    /// The last pass of the tile in this strip.
    pub ends_tile: bool,
    /// The last pass of the strip.
    pub ends_strip: bool,
    /// The last pass of the step.
    pub ends_step: bool,
}

/// Over which passes something stays on the chip, once loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of the step.
    Step,
    /// Those of a strip.
    Strip,
    /// One.
    Pass,
}

/// What is known of a step as a whole.
#[derive(Debug)]
struct StepOrder {
    /// Regions of each strip, in walked pixels.
    regions: Vec<Vec<Region>>,
    /// Copies of each result.
    shifts: usize,
    words: Scope,
    lists: Scope,
    parameters: Scope,
}

/// All passes.
#[derive(Debug)]
pub struct Order {
    turns: Vec<Turn>,
    steps: Vec<StepOrder>,
}

/// Entries of the parameter memory that are used at most: as each pass loads an entry at least, this also bounds how many tokens
/// LOAD can be ahead of COMPUTE.
pub fn parameter_limit(pass_depth: usize) -> usize {
    pass_depth.min(192)
}

impl Order {
    /// Strip by strip, in each tile by tile.
    pub fn new(input: &Input) -> Self {
        let steps: Vec<_> = (0..input.steps.steps.len()).map(|step| StepOrder::new(input, step)).collect();
        let mut turns = Vec::new();
        for (step, order) in steps.iter().enumerate() {
            for (strip, regions) in order.regions.iter().enumerate() {
                for (tile, parts) in input.tiles[step].tiles.iter().map(|tile| tile.parts.len()).enumerate() {
                    let first = turns.len();
                    for shift in 0..order.shifts {
                        for (region, part) in (0..regions.len()).flat_map(|r| (0..parts).map(move |p| (r, p)))
                        {
                            let ends = false;
                            let (ends_tile, ends_strip, ends_step) = (ends, ends, ends);
                            turns.push(Turn {
                                step,
                                strip,
                                tile,
                                shift,
                                region,
                                part,
                                ends_tile,
                                ends_strip,
                                ends_step,
                            });
                        }
                    }
                    debug_assert!(turns.len() > first, "a tile has a pass");
                    let last_tile = tile + 1 == input.tiles[step].tiles.len();
                    let last_strip = strip + 1 == order.regions.len();
                    let last = turns.last_mut().expect("a tile has a pass");
                    last.ends_tile = true;
                    last.ends_strip = last_tile;
                    last.ends_step = last_tile && last_strip;
                }
            }
        }
        Self { turns, steps }
    }

    /// Passes.
    pub fn len(&self) -> usize {
        self.turns.len()
    }

    /// A pass.
    pub fn turn(&self, turn: usize) -> &Turn {
        &self.turns[turn]
    }

    /// The region that a pass computes.
    pub fn region(&self, turn: usize) -> &Region {
        let Turn { step, strip, region, .. } = self.turns[turn];
        &self.steps[step].regions[strip][region]
    }

    /// Passes of each tile and part in a strip, or in all of them; only those of regions with a number of averaged pixels, if one
    /// is given.
    fn passes(&self, step: usize, strip: Option<usize>, count: Option<usize>) -> usize {
        let order = &self.steps[step];
        let strips = order.regions.iter().enumerate().filter(|(n, _)| strip.is_none_or(|strip| strip == *n));
        let regions = strips.flat_map(|(_, regions)| regions);
        regions.filter(|region| count.is_none_or(|count| region.count == count)).count() * order.shifts
    }

    /// The scope as a number that is the same for all passes in it, and the uses of something that `each` of them use.
    fn uses(&self, turn: usize, scope: Scope, each: usize, count: Option<usize>) -> (usize, usize) {
        let Turn { step, strip, .. } = self.turns[turn];
        match scope {
            Scope::Step => (0, each * self.passes(step, None, count)),
            Scope::Strip => (1 + strip, each * self.passes(step, Some(strip), count)),
            Scope::Pass => (turn, 1),
        }
    }

    /// Scope number and uses of the words of a pass.
    pub fn word_uses(&self, turn: usize) -> (usize, usize) {
        self.uses(turn, self.steps[self.turns[turn].step].words, 1, None)
    }

    /// Scope number and uses of the gather list of a pass.
    pub fn list_uses(&self, turn: usize, input: &Input, list: usize) -> (usize, usize) {
        let step = self.turns[turn].step;
        let parts = input.tiles[step].tiles.iter().flat_map(|tile| &tile.parts);
        let each = parts.filter(|part| part.list == list).count();
        self.uses(turn, self.steps[step].lists, each, None)
    }

    /// Scope number and uses of the parameters of a pass.
    pub fn parameter_uses(&self, turn: usize, input: &Input) -> (usize, usize) {
        let Turn { step, tile, .. } = self.turns[turn];
        let parts = input.tiles[step].tiles[tile].parts.len();
        self.uses(turn, self.steps[step].parameters, parts, Some(self.region(turn).count))
    }

    /// Passes of a step.
    pub fn step_passes(&self, step: usize, input: &Input) -> usize {
        let parts: usize = input.tiles[step].tiles.iter().map(|tile| tile.parts.len()).sum();
        parts * self.passes(step, None, None)
    }
}

impl StepOrder {
    fn new(input: &Input, step: usize) -> Self {
        let (this, tiles, config) = (&input.steps.steps[step], &input.tiles[step], input.config);
        let strips = &input.plan.steps[step].strips;
        let clip = |rows: &std::ops::Range<usize>| {
            let regions = input.regions[step].iter().filter_map(|region| {
                let rows = region.rows.start.max(rows.start)..region.rows.end.min(rows.end);
                (!rows.is_empty()).then(|| Region { rows, ..region.clone() })
            });
            regions.collect()
        };
        let regions: Vec<Vec<Region>> = strips.iter().map(clip).collect();
        let shifts = this.factor[0] * this.factor[1];
        let words: usize = tiles.tiles.iter().flat_map(|tile| &tile.parts).map(|part| part.words.len()).sum();
        let lists: usize = tiles.lists.iter().map(Vec::len).sum();
        let one_part = tiles.tiles.iter().all(|tile| tile.parts.len() == 1);
        let operands = if this.second.is_some() { 3 } else { 1 };
        let mut counts: Vec<usize> = input.regions[step].iter().map(|region| region.count).collect();
        counts.sort_unstable();
        counts.dedup();
        let limit = parameter_limit(config.pass_depth) / 2;
        let scope = |step: bool, strip: bool| match (step, strip) {
            (true, _) => Scope::Step,
            (_, true) => Scope::Strip,
            _ => Scope::Pass,
        };
        // A list names places on the chip; with several maps these differ from strip to strip.
        let one_source = this.sources().len() == 1;
        Self {
            regions,
            shifts,
            words: scope(words <= config.word_depth * 3 / 4, one_part),
            lists: scope(one_source && lists <= config.load_depth / 2, lists <= config.load_depth / 2),
            parameters: scope(
                tiles.tiles.len() * counts.len() * operands <= limit,
                counts.len() * operands <= limit,
            ),
        }
    }
}
