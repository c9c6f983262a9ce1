//! Random passes: everything that the commands can say, also what no compiler would.

pub mod clock;
pub mod list;
pub mod reference;
mod stream;

use crate::random::Random;
use pleach_spec::command::{Combination, Gather, GatherEntry, Issue, Parameter, Scatter, Walk};
use pleach_spec::pass::{Pass, Placement, Run, SecondOperand, Tables};
use pleach_spec::{Config, VECTOR};
use reference::Activations;

/// The activation buffer is used as so many regions: of each pass, one is read and another written.
const REGIONS: usize = 4;

/// A run, and what is in the activation buffer before it.
#[derive(Clone, Debug)]
pub struct RunCase {
    /// The passes.
    pub run: Run,
    /// All vectors.
    pub activations: Activations,
}

/// A random run of about so many passes.
pub fn run(passes: usize, seed: u64, config: &Config) -> RunCase {
    let mut random = Random(seed);
    let mut run = Run { passes: Vec::new(), tables: tables(&mut random) };
    let mut writers = [0; REGIONS];
    while run.passes.len() < passes {
        // A chain of partial passes, of which the last one drains.
        let chain = if random.percent(25) { 2 + random.below(2) } else { 1 };
        let mut pixels = None;
        for link in 0..chain {
            let mut pass = Maker { random: &mut random, config, chain: (link, chain), pixels }
                .pass(&mut writers, run.passes.len());
            pass.choose_pace(config);
            pass.check(config).expect("the generator keeps the rules");
            pixels = Some(pass.walk.pixels);
            run.passes.push(pass);
        }
    }
    // Often near the ends of the memories, so that the passes wrap.
    let mut place = |depth: usize| match random.percent(40) {
        true => depth - 1 - random.below(depth.min(30)),
        false => random.below(depth),
    };
    let first = Placement {
        word: place(config.word_depth),
        load: place(config.load_depth),
        parameter: place(config.pass_depth),
    };
    run.place(config, first);
    let vector = |random: &mut Random| std::array::from_fn(|_| random.byte());
    let activations = (0..config.activation_vectors()).map(|_| vector(&mut random)).collect();
    RunCase { run, activations }
}

fn tables(random: &mut Random) -> Tables {
    Tables(std::array::from_fn(|_| std::array::from_fn(|_| random.byte())))
}

/// Makes one pass.
struct Maker<'a> {
    random: &'a mut Random,
    config: &'a Config,
    /// Which pass of how many that add to the same sums.
    chain: (usize, usize),
    /// Pixels of the passes before it in the chain.
    pixels: Option<u32>,
}

impl Maker<'_> {
    /// `writers`: for each region, the passes that must be done before it is read. `index`: of the pass in its run.
    fn pass(&mut self, writers: &mut [u32; REGIONS], index: usize) -> Pass {
        let source = self.random.below(REGIONS);
        let target = (source + 1 + self.random.below(REGIONS - 1)) % REGIONS;
        let (width, pixels) = self.pixels();
        let tiles = pixels.div_ceil(self.config.rows as u32);
        let mut pass = Pass { walk: Walk { pixels, tiles, width, ..Walk::default() }, ..Pass::default() };
        self.words(&mut pass);
        self.sources(&mut pass, source);
        pass.gather.after = writers[source];
        self.targets(&mut pass, target);
        self.results(&mut pass);
        writers[target] = index as u32 + 1;
        pass
    }

    /// Width of a row and number of pixels.
    fn pixels(&mut self) -> (u32, u32) {
        let random = &mut self.random;
        let width = random.of(1..=9) as u32;
        let pixels = match (self.pixels, self.chain.1) {
            (Some(pixels), _) => pixels,
            (None, 1) => random.of(1..=40) as u32,
            (None, _) => 1 + random.below(self.config.rows) as u32,
        };
        (width, pixels)
    }

    fn words(&mut self, pass: &mut Pass) {
        let (link, chain) = self.chain;
        let loads = 1 + self.random.below(8);
        let dense = self.random.percent(30);
        pass.words = match dense {
            true => stream::dense(loads, self.random, self.config),
            false => stream::sparse(loads, self.random, self.config),
        };
        if self.random.percent(50) {
            stream::round(&mut pass.words, self.random);
        }
        let count = pass.words.len();
        let second = link + 1 == chain && count > 1 && self.random.percent(40);
        pass.issue = Issue {
            count: count as u32,
            dense: u32::from(dense),
            partial: u32::from(link + 1 < chain),
            accumulate: u32::from(link > 0),
            tiles: pass.walk.tiles,
            second: if second { 1 + self.random.below((count - 1).min(20)) as u32 } else { 0 },
            ..Issue::default()
        };
        let entry = |random: &mut Random| GatherEntry {
            offset: random.of(0..=20),
            dy: random.below(4) as u32,
            dx: random.below(4) as u32,
        };
        pass.loads = (0..loads).map(|_| entry(self.random)).collect();
    }

    fn sources(&mut self, pass: &mut Pass, region: usize) {
        let random = &mut self.random;
        pass.walk.stride_x = random.of(1..=3) as u32;
        pass.walk.stride_y = random.of(1..=3) as u32;
        pass.walk.x_step = if random.percent(50) { 1 } else { random.of(-1..=4) };
        pass.walk.y_jump = random.of(-4..=12);
        pass.walk.ix = random.of(-3..=1);
        pass.walk.iy = random.of(-3..=1);
        pass.gather = Gather {
            count: pass.loads.len() as u32,
            tiles: pass.walk.tiles,
            in_width: random.of(1..=20) as u32,
            in_height: random.of(1..=20) as u32,
            pad: i32::from(random.byte()),
            ..Gather::default()
        };
        let addresses = pass.walk.positions().map(|position| position.address);
        pass.walk.address = fit(addresses, 20, region, random, self.config);
    }

    fn targets(&mut self, pass: &mut Pass, region: usize) {
        let random = &mut self.random;
        let columns = self.config.columns;
        let lanes = VECTOR.div_ceil(columns);
        let phases = random.percent(30);
        pass.scatter = Scatter {
            pixels: pass.walk.pixels,
            lane: (random.below(lanes) * columns % VECTOR) as u32,
            width: pass.walk.width,
            split_x: if phases { random.below(3) as u32 } else { 0 },
            split_y: if phases { random.below(3) as u32 } else { 0 },
            x_step: if random.percent(50) { 1 } else { random.of(-2..=5) },
            x_back: if random.percent(70) { 1 } else { random.of(-4..=4) },
            y_step: random.of(-4..=10),
            y_back: random.of(-4..=10),
            ..Scatter::default()
        };
        if columns > VECTOR {
            // Behind all vectors of the other half, and in another bank.
            let (low, high) = bounds(pass.scatter.addresses());
            let (rows, span) = (self.config.rows as i32, high - low + 1);
            pass.scatter.plane = (span as u32).next_multiple_of(rows as u32) as i32 + random.of(1..=rows - 1);
        }
        pass.scatter.address = fit(pass.scatter.addresses(), pass.scatter.plane, region, random, self.config);
    }

    fn results(&mut self, pass: &mut Pass) {
        let columns = self.config.columns;
        let tables = self.random.percent(30);
        let mut parameters = || (0..columns).map(|_| parameter(tables, self.random)).collect();
        pass.parameters = parameters();
        if pass.issue.second > 0 {
            let parameters = parameters();
            pass.second = Some(SecondOperand { parameters, combination: combination(self.random) });
        }
    }
}

/// The least and the greatest of some addresses and 0.
fn bounds(addresses: impl Iterator<Item = i64>) -> (i32, i32) {
    let (low, high) = addresses.fold((0, 0), |(low, high), at| (at.min(low), at.max(high)));
    (low as i32, high as i32)
}

/// Where a walk over `addresses`, and up to `beyond` further, must begin to stay in a region.
fn fit(
    addresses: impl Iterator<Item = i64>,
    beyond: i32,
    region: usize,
    random: &mut Random,
    config: &Config,
) -> i32 {
    let (low, high) = bounds(addresses);
    let high = high + beyond;
    let size = (config.activation_vectors() / REGIONS) as i32;
    let room = size - (high - low);
    assert!(room > 0, "a region of {size} vectors is too small for {low}..={high}");
    region as i32 * size - low + random.of(0..=room - 1)
}

fn clamp(random: &mut Random) -> (i32, i32) {
    if random.percent(60) {
        return (-128, 127);
    }
    let (a, b) = (i32::from(random.byte()), i32::from(random.byte()));
    (a.min(b), a.max(b))
}

fn parameter(tables: bool, random: &mut Random) -> Parameter {
    let (low, high) = clamp(random);
    Parameter {
        bias: random.of(-40_000..=40_000),
        multiplier: (random.bits() & 0xff_ffff) as u32,
        shift: if random.percent(90) { random.of(24..=36) } else { random.of(1..=62) } as u32,
        zero_point: i32::from(random.byte()),
        low,
        high,
        table: u32::from(tables && random.percent(80)),
        bank: random.below(2) as u32,
    }
}

fn combination(random: &mut Random) -> Combination {
    let (low, high) = clamp(random);
    Combination {
        first_multiplier: (random.bits() & 0xff_ffff) as u32,
        first_zero_point: i32::from(random.byte()),
        second_multiplier: (random.bits() & 0xff_ffff) as u32,
        second_zero_point: i32::from(random.byte()),
        zero_point: i32::from(random.byte()),
        low,
        high,
        shift: if random.percent(80) { random.of(22..=26) } else { random.of(1..=40) } as u32,
    }
}
