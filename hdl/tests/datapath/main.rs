//! The datapath under Verilator against `pleach_spec`: random slot words, dense and sparse, with maxima, second operands,
//! tables and sums over several passes, stalls and bubbles; with the exact cycle of every pair of vectors that leaves it.

mod inputs;
mod pass;
mod player;
#[path = "../support/mod.rs"]
mod support;

use inputs::Inputs;
use pass::Pass;
use player::{Pattern, Player};
use pleach_hdl::datapath::Datapath;
use pleach_spec::Config;
use pleach_spec::timing::Pace;
use support::Verilated;

/// Patterns of runs; the second wraps around the word buffer.
const PATTERNS: [Pattern; 4] = [
    Pattern { word_first: 0, stalls: 0, bubbles: 0 },
    Pattern { word_first: 400, stalls: 4, bubbles: 0 },
    Pattern { word_first: 77, stalls: 0, bubbles: 3 },
    Pattern { word_first: 5, stalls: 0, bubbles: 0 },
];

/// Which of the rarer things the passes of a test must have shown.
#[derive(Default)]
struct Shown {
    max: bool,
    dense: bool,
    second: bool,
    accumulate: bool,
    second_of_accumulated: bool,
    slow: bool,
    table: bool,
}

impl Shown {
    fn note(&mut self, pass: &Pass) {
        self.max |= pass.words.controls.iter().any(|control| control.max && control.take != 0);
        self.dense |= pass.dense;
        self.second |= pass.second > 0;
        self.accumulate |= pass.accumulate;
        self.second_of_accumulated |= pass.accumulate && pass.second > 0;
        self.slow |= pass.pace == Pace::Slow;
        self.table |= pass.parameters.iter().flatten().any(|parameter| parameter.table == 1);
    }

    fn all(&self) -> bool {
        let Self { max, dense, second, accumulate, second_of_accumulated, slow, table } = *self;
        max && dense && second && accumulate && second_of_accumulated && slow && table
    }
}

/// Some passes, the last of which completes its sums.
fn passes(player: &mut Player, config: &Config, shown: &mut Shown) -> Vec<Pass> {
    let mut passes: Vec<Pass> = Vec::new();
    for _ in 0..10 {
        let pass = Pass::random(&mut player.random, config, passes.last());
        shown.note(&pass);
        passes.push(pass);
    }
    passes.last_mut().expect("ten").partial = false;
    passes
}

fn check(rows: usize, columns: usize, window: usize, chunk: usize) {
    let name = format!("datapath{rows}x{columns}w{window}g{chunk}");
    let config = Config {
        rows,
        columns,
        window,
        chunk,
        word_depth: 512,
        pass_depth: 32,
        stage_depth: 4,
        ..Config::resolve("mini").expect("built in")
    };
    config.check().expect("a valid configuration");
    let mut player = Player::new(&config, &name);
    let mut shown = Shown::default();
    player.idle(20);
    for pattern in &PATTERNS {
        player.write_tables();
        let passes = passes(&mut player, &config, &mut shown);
        player.run(&passes, pattern);
    }
    assert!(shown.all(), "the passes are not varied enough");

    let inputs: Vec<_> = player.inputs.iter().map(Inputs::values).collect();
    let outputs = match window {
        16 => Verilated::build(&mut Datapath::<128, 4>::new(&config), &name),
        _ => Verilated::build(&mut Datapath::<256, 5>::new(&config), &name),
    }
    .run(&inputs);

    let mut expected = vec![None; outputs.len()];
    for (cycle, ports) in player.expected {
        assert_eq!(expected[cycle].replace(ports), None, "the test itself collides");
    }
    for (cycle, (output, expected)) in outputs.iter().zip(expected).enumerate() {
        let (valid, activations) = output.split_last().expect("outputs");
        let actual = (valid[0] == 1).then(|| activations.to_vec());
        assert_eq!(actual, expected, "{name}, cycle {cycle}");
    }
}

#[test]
fn windows_of_sixteen_in_halves() {
    check(4, 4, 16, 8);
}

#[test]
fn windows_of_thirty_two_in_halves() {
    check(4, 8, 32, 8);
}

#[test]
fn chunks_of_whole_vectors() {
    check(8, 4, 16, 16);
    check(4, 2, 32, 16);
}

#[test]
fn sixteen_columns() {
    check(8, 16, 16, 8);
}

#[test]
fn vectors_of_two_parts() {
    check(4, 32, 16, 8);
    check(4, 32, 32, 16);
}
