//! ISSUE under Verilator against a plain model of `docs/src/microarchitecture.md`, cycle by cycle: random passes of all kinds
//! released at random times, vectors that come late.

mod support;

use pleach_hdl::control::issue::Issue;
use pleach_spec::command::Issue as Command;
use pleach_spec::stream::{Control, TAKE_ALL, TAKE_HIGH, TAKE_LOW};
use pleach_spec::timing::{Pace, drain_interval};
use pleach_spec::{Config, Record};
use support::Random;
use support::bench::{Bench, Cycle, Fetch, Response};

const RESET: usize = 8;

/// A word that must be issued.
#[derive(Clone, Debug, PartialEq)]
struct Word {
    address: u32,
    first: bool,
    last: bool,
    /// The implicit position of a dense word.
    position: Option<u32>,
    /// What it takes: `take`, `take_max`, window slot, staging slot.
    take: Option<[u32; 4]>,
    pop: bool,
    /// Entry and kind.
    drain: Option<[u32; 2]>,
    leaves: bool,
    pass_end: bool,
}

impl Word {
    fn of(response: &Response<'_>) -> Option<Self> {
        let is = |port: &str| response.get(port) == 1;
        let take = ["take", "take_max", "window_slot", "stage_slot"].map(|port| response.get(port));
        is("word_valid").then(|| Self {
            address: response.get("word_address"),
            first: is("word_first"),
            last: is("word_last"),
            position: is("word_dense").then(|| response.get("word_position")),
            take: (take[0] != 0).then_some(take),
            pop: is("pop"),
            drain: is("word_last").then(|| ["drain_entry", "drain_kind"].map(|port| response.get(port))),
            leaves: is("drain"),
            pass_end: is("pass_end"),
        })
    }
}

/// What a cycle without a word is.
#[derive(Clone, Debug, PartialEq)]
enum Expected {
    Word(Word),
    StallData,
    StallDrain,
    NoPass,
}

#[derive(Default)]
struct Model {
    pass: usize,
    tile: u32,
    word: u32,
    chunk: usize,
    staged: usize,
    popped: usize,
    /// First cycle in which an operand may end.
    drained: usize,
}

/// A pass with its controls, which lie in the control memory from `base` on.
struct Pass {
    command: Command,
    controls: Vec<Control>,
}

impl Pass {
    fn random(random: &mut Random, config: &Config) -> Self {
        let count = 1 + random.below(24) as u32;
        let dense = random.below(3) == 0;
        let single = random.below(3) == 0;
        let partial = single && random.below(2) == 0;
        let second = match !partial && count > 1 && random.below(2) == 0 {
            true => 1 + random.below(count as usize - 1) as u32,
            false => 0,
        };
        let command = Command {
            count,
            dense: dense.into(),
            partial: partial.into(),
            accumulate: u32::from(single && random.below(2) == 0),
            slow: u32::from(random.below(3) == 0),
            tiles: if single { 1 } else { 1 + random.below(4) as u32 },
            base: random.below(config.word_depth) as u32,
            second,
            parameter: random.below(1 << 12) as u32,
        };
        let mut control = |word: u32| match (dense, random.below(5)) {
            (true, _) => Control::implicit(word as usize),
            _ if word == 0 => Control { take: TAKE_ALL, pop: random.below(2) == 0, max: false },
            (_, 0) => Control { take: TAKE_ALL, pop: true, max: random.below(2) == 0 },
            (_, 1) => Control { take: TAKE_LOW, pop: false, max: random.below(2) == 0 },
            (_, 2) => Control { take: TAKE_HIGH, pop: true, max: random.below(2) == 0 },
            _ => Control::default(),
        };
        Self { command, controls: (0..count).map(&mut control).collect() }
    }
}

impl Model {
    /// One cycle of ISSUE with a pass.
    fn step(&mut self, pass: &Pass, cycle: usize, config: &Config) -> Expected {
        let Pass { command, controls } = pass;
        let control = controls[self.word as usize];
        if control.take != 0 && self.staged == self.popped {
            return Expected::StallData;
        }
        let ends_first = self.word + 1 == command.count - command.second;
        let ends_tile = self.word + 1 == command.count;
        let ends = ends_first || ends_tile;
        if ends && cycle < self.drained {
            return Expected::StallDrain;
        }
        let starts = self.word == 0 || command.second > 0 && self.word == command.count - command.second;
        let chunks = control.chunks(config);
        let slot = (self.chunk + config.slots() - if control.max { chunks } else { 0 }) % config.slots();
        let second = ends && command.second > 0 && ends_tile;
        let kind = if second { 2 } else { u32::from(command.second > 0) };
        let last = ends && command.partial == 0;
        let taken = [
            u32::from(control.take),
            control.max.into(),
            slot as u32,
            (self.popped % config.stage_depth) as u32,
        ];
        let word = Word {
            address: (command.base + self.word) & 0xffff,
            first: starts && (command.accumulate == 0 || self.word > 0),
            last,
            position: (command.dense == 1).then(|| self.word % config.window as u32),
            take: (control.take != 0).then_some(taken),
            pop: control.pop,
            drain: last.then(|| [(command.parameter + u32::from(second)) & 0xfff, kind]),
            leaves: last && kind != 1,
            pass_end: ends_tile && self.tile + 1 == command.tiles,
        };
        if !control.max {
            self.chunk = (self.chunk + chunks) % config.slots();
        }
        self.popped += usize::from(control.pop);
        if ends {
            self.drained = cycle + drain_interval(config, Pace::from(command.slow)) as usize;
        }
        self.word += 1;
        if ends_tile {
            (self.word, self.chunk, self.tile) = (0, 0, self.tile + 1);
        }
        if word.pass_end {
            (self.tile, self.pass) = (0, self.pass + 1);
        }
        Expected::Word(word)
    }
}

fn reset<'a>(bench: &'a Bench, cycles: &mut Vec<Cycle<'a>>) {
    for _ in 0..RESET {
        let mut inputs = bench.quiet();
        inputs.set("reset", 1);
        cycles.push(inputs);
    }
}

/// A run after a reset: inputs, and what must come out from the first cycle after the reset on.
fn script<'a>(
    bench: &'a Bench,
    config: &Config,
    passes: &[Pass],
    random: &mut Random,
    hurry: usize,
) -> (Vec<Cycle<'a>>, Vec<Expected>) {
    let mut cycles = Vec::new();
    reset(bench, &mut cycles);
    let packed = passes.iter().map(|pass| pass.command.pack().expect("fits")).collect();
    let mut fetch = Fetch::new(packed, config.pass_depth, 4);
    let mut model = Model::default();
    let mut expected = Vec::new();
    let mut releases = Vec::new();
    // Words of the passes whose controls were written, and of the pass under way.
    let (mut written, mut controls) = (0, 0);
    while model.pass < passes.len() {
        let cycle = cycles.len();
        let mut inputs = bench.quiet();
        // The next pass's controls are written when the one before it is through: they may lie in the same place.
        if written <= model.pass {
            let pass = &passes[written];
            if pass.command.dense == 0 && controls < pass.controls.len() {
                let entry = (pass.command.base as usize + controls) % config.word_depth;
                inputs.set("control_write", 1).set("control_entry", entry as u32);
                inputs.set("control_data", i64::from(pass.controls[controls].bits()));
                controls += 1;
            } else {
                (written, controls) = (written + 1, 0);
            }
        }
        if written > fetch.released && fetch.drive(cycle, model.pass, &mut inputs, random) {
            releases.push(cycle);
        }
        let running = releases.get(model.pass).is_some_and(|&release| release < cycle);
        expected.push(match running {
            true => model.step(&passes[model.pass], cycle, config),
            false => Expected::NoPass,
        });
        if model.staged - model.popped < config.stage_depth - 1 && random.below(hurry) == 0 {
            inputs.set("staged", 1);
            model.staged += 1;
        }
        cycles.push(inputs);
    }
    (cycles, expected)
}

fn check(responses: &[Response<'_>], expected: &[Expected]) {
    for (cycle, (response, expected)) in responses[RESET..].iter().zip(expected).enumerate() {
        let reasons = ["stall_data", "stall_drain", "no_pass"].map(|port| response.get(port));
        let found = match (Word::of(response), reasons) {
            (Some(word), [0, 0, 0]) => Expected::Word(word),
            (None, [1, 0, 0]) => Expected::StallData,
            (None, [0, 1, 0]) => Expected::StallDrain,
            (None, [0, 0, 1]) => Expected::NoPass,
            other => panic!("cycle {cycle} after the reset: {other:?}"),
        };
        assert_eq!(found, *expected, "cycle {cycle} after the reset");
    }
}

#[test]
fn words_are_issued_as_soon_as_vector_and_drain_allow() {
    let mini = Config::resolve("mini").expect("built in");
    let mini = Config { pass_depth: 8, word_depth: 64, stage_depth: 4, ..mini };
    for (rows, window, chunk) in [(4, 16, 8), (8, 32, 8), (4, 32, 16), (16, 16, 16)] {
        let config = Config { rows, window, chunk, ..mini.clone() };
        let name = format!("issue_{rows}_{window}_{chunk}");
        let bench = Bench::new(&mut Issue::new(&config), &name);
        let mut random = Random::new(&name);
        for hurry in [1, 2, 8] {
            let passes: Vec<_> = (0..60).map(|_| Pass::random(&mut random, &config)).collect();
            let (mut cycles, expected) = script(&bench, &config, &passes, &mut random, hurry);
            check(&bench.run(&cycles), &expected);
            cycles.truncate(RESET + random.below(cycles.len() - RESET));
            let cut = cycles.len();
            let (again, expected) = script(&bench, &config, &passes, &mut random, hurry);
            cycles.extend(again);
            check(&bench.run(&cycles)[cut..], &expected);
        }
    }
}
