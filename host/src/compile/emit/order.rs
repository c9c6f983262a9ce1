//! The order of the passes, and how often each thing that they load is used.

use super::{Input, Stay};
use crate::compile::group::{rounds_ahead, runs};
use crate::compile::region::Region;
use crate::compile::step::{Kernel, Step};
use crate::compile::tile::interpolate::variant;
use crate::compile::tile::{Cut, Tile, Tiles};
use std::ops::Range;

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
    scopes: Scopes,
    /// Tiles of which each gather list is the joined one, and parts that it belongs to.
    list_users: Vec<[usize; 2]>,
    /// Blocks that it reads.
    sources: Vec<usize>,
}

/// How long what is loaded stays, the same for all steps of a group: the rings become free in order, so that what stays must not
/// be behind what goes.
#[derive(Clone, Copy, Debug)]
struct Scopes {
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
    /// Group by group, in each strip by strip, in each step by step, in each tile by tile.
    pub fn new(input: &Input) -> Self {
        let mut steps = Vec::new();
        let mut turns = Vec::new();
        for group in &input.plan.groups {
            let scopes = Scopes::new(input, group);
            steps.extend(group.clone().map(|step| StepOrder::new(input, step, scopes)));
            for strip in 0..input.plan.steps[group.start].strips.len() {
                for step in group.clone() {
                    turns.extend(steps[step].strip_turns(input, step, strip));
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

    /// The blocks that a step reads.
    pub fn sources(&self, step: usize) -> &[usize] {
        &self.steps[step].sources
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

    /// How long what a pass loads stays.
    fn scopes(&self, turn: usize) -> &Scopes {
        &self.steps[self.turns[turn].step].scopes
    }

    /// A scope as a number that is the same for all passes in it.
    fn number(&self, turn: usize, scope: Scope) -> usize {
        match scope {
            Scope::Step => 0,
            Scope::Strip => 1 + self.turns[turn].strip,
            Scope::Pass => turn,
        }
    }

    /// The uses of something in a scope: `each` of a region.
    fn uses(&self, turn: usize, scope: Scope, each: impl Fn(&Region) -> usize) -> usize {
        let Turn { step, strip, .. } = self.turns[turn];
        match scope {
            Scope::Step => self.sum(step, None, each),
            Scope::Strip => self.sum(step, Some(strip), each),
            Scope::Pass => 1,
        }
    }

    /// Scope number of the words of a part.
    pub fn word_scope(&self, turn: usize) -> usize {
        self.number(turn, self.scopes(turn).words)
    }

    /// Uses of the words of a part in their scope.
    pub fn word_uses(&self, turn: usize) -> usize {
        self.uses(turn, self.scopes(turn).words, |_| 1)
    }

    /// Scope number of the gather list of a pass.
    pub fn list_scope(&self, turn: usize) -> usize {
        self.number(turn, self.scopes(turn).lists)
    }

    /// Uses of the gather list of a pass in its scope.
    pub fn list_uses(&self, turn: usize, list: usize) -> usize {
        let Turn { step, .. } = self.turns[turn];
        let lists = self.region(turn).lists;
        let [joined, single] = self.steps[step].list_users[list];
        let each = |region: &Region| match (region.lists == lists, region.joined) {
            (false, _) => 0,
            (true, true) => joined,
            (true, false) => single,
        };
        self.uses(turn, self.scopes(turn).lists, each)
    }

    /// Scope number of the parameters of a pass.
    pub fn parameter_scope(&self, turn: usize) -> usize {
        self.number(turn, self.scopes(turn).parameters)
    }

    /// Uses of the parameters of a pass in their scope.
    pub fn parameter_uses(&self, turn: usize, input: &Input) -> usize {
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
        self.uses(turn, self.scopes(turn).parameters, each)
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
    /// The passes of a strip.
    fn strip_turns(&self, input: &Input, step: usize, strip: usize) -> Vec<Turn> {
        let tiles = &input.tiles[step].tiles;
        let later = &self.regions[strip + 1..];
        let mut turns = Vec::new();
        for (tile, parts) in tiles.iter().map(|tile| tile.parts.len()).enumerate() {
            turns.extend(self.tile_turns(&input.steps.steps[step], [step, strip, tile], parts));
            if let Some(last) = turns.last_mut() {
                last.ends_tile = true;
                last.ends_strip = tile + 1 == tiles.len();
                last.ends_step = last.ends_strip && later.iter().all(Vec::is_empty);
            }
        }
        turns
    }

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
                    Kernel::Scale(_) if parts > 1 => place.images.clone(),
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

    fn new(input: &Input, step: usize, scopes: Scopes) -> Self {
        let (this, plan) = (&input.steps.steps[step], &input.plan.steps[step]);
        let mut lists: Vec<Vec<i64>> = Vec::new();
        let mut cut = |rows: &Range<usize>| -> Vec<Region> {
            let mut regions = Vec::new();
            for region in &input.regions[step] {
                let rows = region.rows.start.max(rows.start)..region.rows.end.min(rows.end);
                for rows in runs(this, &input.tiles[step], input.layouts, &plan.rings, rows) {
                    let ahead =
                        rounds_ahead(this, &input.tiles[step], input.layouts, &plan.rings, rows.start);
                    let number = lists.iter().position(|known| *known == ahead).unwrap_or(lists.len());
                    if number == lists.len() {
                        lists.push(ahead);
                    }
                    regions.push(Region { rows, lists: number, ..region.clone() });
                }
            }
            regions
        };
        let regions = plan.strips.iter().map(&mut cut).collect();
        let mut list_users = vec![[0; 2]; input.tiles[step].lists.len()];
        for tile in &input.tiles[step].tiles {
            list_users[tile.joined_list][0] += 1;
            tile.parts.iter().for_each(|part| list_users[part.list][1] += 1);
        }
        let shifts = this.factor[0] * this.factor[1];
        Self { regions, shifts, scopes, list_users, sources: this.sources() }
    }
}

impl Scopes {
    fn new(input: &Input, group: &Range<usize>) -> Self {
        let config = input.config;
        let all = |each: &dyn Fn(usize) -> usize| group.clone().map(each).sum::<usize>();
        let words = all(&|step| input.tiles[step].tiles.iter().map(Tile::words).sum());
        // Of lists in rings there are three at most.
        let rings = if group.len() > 1 { 3 } else { 1 };
        let lists = rings * all(&|step| input.tiles[step].lists.iter().map(Vec::len).sum());
        let entries = |step: usize| {
            let mut counts: Vec<usize> = input.regions[step].iter().map(|region| region.count).collect();
            counts.sort_unstable();
            counts.dedup();
            counts.len() * if input.steps.steps[step].second.is_some() { 3 } else { 1 }
        };
        let limit = config.pass_depth / 2;
        let scope = |step: bool, strip: bool| match (step, strip) {
            (true, _) => Scope::Step,
            (_, true) => Scope::Strip,
            _ => Scope::Pass,
        };
        // A list names places on the chip; with several maps these differ from strip to strip.
        let one_source = group.clone().all(|step| input.steps.steps[step].sources().len() == 1);
        let any = |cut: Cut| group.clone().any(|step| input.tiles[step].cut == cut);
        // Which of its variants a pass uses depends on the pass.
        let variants = any(Cut::Variants);
        let short = !variants && lists <= config.load_depth / 2;
        if input.stay == Stay::Always {
            let lists = scope(one_source, true);
            return Self { words: Scope::Step, lists, parameters: Scope::Step };
        }
        Self {
            words: scope(!variants && words <= config.word_depth * 3 / 4, !variants && !any(Cut::Always)),
            lists: scope(one_source && short, short),
            parameters: scope(
                all(&|step| input.tiles[step].tiles.len() * entries(step)) <= limit,
                all(&entries) <= limit,
            ),
        }
    }
}
