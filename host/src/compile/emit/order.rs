//! The order of the passes, and how often each thing that they load is used.

use super::Input;
use crate::compile::region::Region;
use crate::compile::step::{Kernel, Step};
use crate::compile::tile::interpolate::variant;
use crate::compile::tile::{Cut, Tile, Tiles};

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
    /// Part of the sum, or variant; the first of all where the region executes them joined.
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

impl Order {
    /// Strip by strip, in each tile by tile.
    pub fn new(input: &Input) -> Self {
        let steps: Vec<_> = (0..input.steps.steps.len()).map(|step| StepOrder::new(input, step)).collect();
        let mut turns = Vec::new();
        for (step, order) in steps.iter().enumerate() {
            let tiles = &input.tiles[step].tiles;
            for strip in 0..order.regions.len() {
                for (tile, parts) in tiles.iter().map(|tile| tile.parts.len()).enumerate() {
                    turns.extend(order.tile_turns(&input.steps.steps[step], [step, strip, tile], parts));
                    if let Some(last) = turns.last_mut() {
                        last.ends_tile = true;
                        last.ends_strip = tile + 1 == tiles.len();
                        last.ends_step = last.ends_strip && strip + 1 == order.regions.len();
                    }
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

    /// The sum over the regions of a strip, or of all, with their copies in an enlarged map.
    fn sum(&self, step: usize, strip: Option<usize>, each: impl Fn(&Region) -> usize) -> usize {
        let order = &self.steps[step];
        let strips = order.regions.iter().enumerate().filter(|(n, _)| strip.is_none_or(|strip| strip == *n));
        strips.flat_map(|(_, regions)| regions).map(each).sum::<usize>() * order.shifts
    }

    /// The scope as a number that is the same for all passes in it, and the uses of something in it: `each` of a region.
    fn uses(&self, turn: usize, scope: Scope, each: impl Fn(&Region) -> usize) -> (usize, usize) {
        let Turn { step, strip, .. } = self.turns[turn];
        match scope {
            Scope::Step => (0, self.sum(step, None, each)),
            Scope::Strip => (1 + strip, self.sum(step, Some(strip), each)),
            Scope::Pass => (turn, 1),
        }
    }

    /// Scope number and uses of the words of a part.
    pub fn word_uses(&self, turn: usize) -> (usize, usize) {
        self.uses(turn, self.steps[self.turns[turn].step].words, |_| 1)
    }

    /// Scope number and uses of the gather list of a pass.
    pub fn list_uses(&self, turn: usize, input: &Input, list: usize) -> (usize, usize) {
        let Turn { step, .. } = self.turns[turn];
        let tiles = &input.tiles[step].tiles;
        let joined = tiles.iter().filter(|tile| tile.joined_list == list).count();
        let single = tiles.iter().flat_map(|tile| &tile.parts).filter(|part| part.list == list).count();
        let each = |region: &Region| if region.joined { joined } else { single };
        self.uses(turn, self.steps[step].lists, each)
    }

    /// Scope number and uses of the parameters of a pass.
    pub fn parameter_uses(&self, turn: usize, input: &Input) -> (usize, usize) {
        let Turn { step, tile, .. } = self.turns[turn];
        let parts = executed(&input.tiles[step], tile);
        let count = self.region(turn).count;
        let each = |region: &Region| match region.count == count {
            true => {
                if region.joined {
                    1
                } else {
                    parts
                }
            }
            false => 0,
        };
        self.uses(turn, self.steps[step].parameters, each)
    }

    /// Passes of a step.
    pub fn step_passes(&self, step: usize, input: &Input) -> usize {
        let tiles = &input.tiles[step].tiles;
        let parts: usize = (0..tiles.len()).map(|tile| executed(&input.tiles[step], tile)).sum();
        self.sum(step, None, |region| if region.joined { tiles.len() } else { parts })
    }
}

/// Parts of a tile that the passes of a region execute one by one.
fn executed(tiles: &Tiles, tile: usize) -> usize {
    if tiles.cut == Cut::Variants { 1 } else { tiles.tiles[tile].parts.len() }
}

impl StepOrder {
    /// The passes of a tile in a strip.
    fn tile_turns(&self, this: &Step, [step, strip, tile]: [usize; 3], parts: usize) -> Vec<Turn> {
        let (ends_tile, ends_strip, ends_step) = (false, false, false);
        let mut turns = Vec::new();
        for shift in 0..self.shifts {
            for (region, place) in self.regions[strip].iter().enumerate() {
                let passes = match &this.kernel {
                    Kernel::Interpolate(interpolation) => {
                        let phase = [shift / this.factor[1], shift % this.factor[1]];
                        let variant = variant(interpolation, this, place, phase);
                        variant..variant + 1
                    }
                    _ => 0..if place.joined { 1 } else { parts },
                };
                turns.extend(passes.map(|part| Turn {
                    step,
                    strip,
                    tile,
                    shift,
                    region,
                    part,
                    ends_tile,
                    ends_strip,
                    ends_step,
                }));
            }
        }
        turns
    }

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
        let words: usize = tiles.tiles.iter().map(Tile::words).sum();
        let lists: usize = tiles.lists.iter().map(Vec::len).sum();
        let operands = if this.second.is_some() { 3 } else { 1 };
        let mut counts: Vec<usize> = input.regions[step].iter().map(|region| region.count).collect();
        counts.sort_unstable();
        counts.dedup();
        let limit = config.pass_depth / 2;
        let scope = |step: bool, strip: bool| match (step, strip) {
            (true, _) => Scope::Step,
            (_, true) => Scope::Strip,
            _ => Scope::Pass,
        };
        // A list names places on the chip; with several maps these differ from strip to strip.
        let (variants, short) =
            (tiles.cut == Cut::Variants, tiles.cut != Cut::Variants && lists <= config.load_depth / 2);
        let one_source = this.sources().len() == 1;
        Self {
            regions,
            shifts,
            // Which of its variants a pass uses depends on the pass.
            words: scope(
                !variants && words <= config.word_depth * 3 / 4,
                !variants && tiles.cut != Cut::Always,
            ),
            lists: scope(one_source && short, short),
            parameters: scope(
                tiles.tiles.len() * counts.len() * operands <= limit,
                counts.len() * operands <= limit,
            ),
        }
    }
}
