//! SCATTER under Verilator against the recurrences of `docs/src/microarchitecture.md`: every write of random passes, fast, slow
//! and partial ones, and the cycles in which passes are done.

mod support;

use pleach_hdl::control::scatter::Scatter;
use pleach_spec::command::Scatter as Command;
use pleach_spec::timing::{Pace, drain_interval, reset_cycles, result_latency, store_latency};
use pleach_spec::{Config, Record, VECTOR};
use support::Random;
use support::bench::{Bench, Cycle, Fetch};

const ADDRESS_MASK: i64 = (1 << 20) - 1;

/// A pass as SCATTER sees it.
struct Pass {
    command: Command,
    /// No results.
    partial: bool,
    tiles: usize,
}

impl Pass {
    fn random(random: &mut Random, config: &Config) -> Self {
        let step = |random: &mut Random| random.below(1 << 20) as i32 - (1 << 19);
        let partial = random.below(5) == 0;
        let pixels = 1 + random.below(if partial { config.rows } else { 6 * config.rows }) as u32;
        let lanes = VECTOR / config.columns.min(VECTOR);
        let command = Command {
            pixels,
            lane: (random.below(lanes) * config.columns) as u32,
            slow: u32::from(random.below(3) == 0),
            plane: if config.columns > VECTOR { step(random) } else { 0 },
            width: 1 + random.below(9) as u32,
            split_x: random.below(4) as u32,
            split_y: random.below(4) as u32,
            address: step(random),
            x_step: step(random),
            x_back: step(random),
            y_step: step(random),
            y_back: step(random),
        };
        Self { command, partial, tiles: pixels.div_ceil(config.rows as u32) as usize }
    }
}

/// What must come out in a cycle.
#[derive(Clone, Debug, Default, PartialEq)]
struct Expected {
    /// Address, bytes of the write of each port.
    writes: Vec<Option<(u32, u32)>>,
    /// Data of each port, where it was written in the cycle before.
    data: Vec<Option<Vec<u32>>>,
    ended: bool,
    done: bool,
}

struct Script<'a> {
    bench: &'a Bench,
    config: &'a Config,
    cycles: Vec<Cycle<'a>>,
    expected: Vec<Expected>,
}

impl<'a> Script<'a> {
    fn reach(&mut self, cycles: usize) {
        while self.cycles.len() < cycles {
            let ports = 2 * self.config.columns.div_ceil(VECTOR);
            let (writes, data) = (vec![None; ports], vec![None; ports]);
            self.cycles.push(self.bench.quiet());
            self.expected.push(Expected { writes, data, ..Default::default() });
        }
    }

    /// The results of a tile whose last word was issued in cycle `t`, and what is written of them.
    fn results(&mut self, t: usize, pass: &Pass, tile: usize, random: &mut Random) {
        let rows = self.config.rows;
        let start = t + result_latency(self.config) as usize;
        self.reach(start + rows + 2);
        let addresses: Vec<i64> = pass.command.addresses().skip(tile * rows).take(rows).collect();
        let ports = 2 * self.config.columns.div_ceil(VECTOR);
        for pair in 0..rows / 2 {
            self.cycles[start + pair].set("valid", 1);
            for port in 0..ports {
                let words: Vec<u32> = (0..4).map(|_| random.word()).collect();
                self.cycles[start + pair].set_words(&format!("activations${port}"), &words);
                let row = 2 * pair + port % 2;
                let Some(&address) = addresses.get(row) else { continue };
                let address = address + i64::from(pass.command.plane) * (port / 2) as i64;
                let cycle = start + if pass.command.slow == 1 { row } else { pair };
                let lanes = (1u32 << self.config.columns.min(VECTOR)) - 1;
                let write = ((address & ADDRESS_MASK) as u32, lanes << pass.command.lane);
                self.expected[cycle].writes[port] = Some(write);
                self.expected[cycle + 1].data[port] = Some(words);
            }
        }
    }

    fn end(&mut self, t: usize, pace: Pace) {
        let done = t + store_latency(self.config, pace) as usize;
        self.reach(done + 2);
        self.expected[done - 1].ended = true;
        self.expected[done].done = true;
    }

    /// Passes after a reset.
    fn passes(&mut self, passes: &[Pass], random: &mut Random) {
        let from = self.cycles.len();
        self.reach(from + reset_cycles(self.config) as usize);
        self.cycles[from..].iter_mut().for_each(|cycle| {
            cycle.set("reset", 1);
        });
        let packed = passes.iter().map(|pass| pass.command.pack().expect("fits")).collect();
        let mut fetch = Fetch::new(packed, self.config.pass_depth, 8);
        let mut cycle = self.cycles.len();
        // The first cycle in which an operand may end, and whether one has ended.
        let mut next = cycle;
        let (mut pass, mut tile) = (0, 0);
        let mut released = Vec::new();
        while pass < passes.len() {
            self.reach(cycle + 1);
            let inputs = &mut self.cycles[cycle];
            if fetch.drive(cycle, pass.saturating_sub(1), inputs, random) {
                released.push(cycle);
            }
            let current = &passes[pass];
            let pace = Pace::from(current.command.slow);
            let begun = released.get(pass).is_some_and(|&release| release < cycle);
            if begun && cycle >= next && random.below(4) != 0 {
                let last = tile + 1 == current.tiles;
                inputs.set("drain", !current.partial);
                inputs.set("pass_end", last);
                if !current.partial {
                    self.results(cycle, current, tile, random);
                }
                if last {
                    self.end(cycle, pace);
                }
                next = cycle + drain_interval(self.config, pace) as usize;
                (pass, tile) = if last { (pass + 1, 0) } else { (pass, tile + 1) };
            }
            cycle += 1;
        }
    }

    fn check(&self, from: usize) {
        let responses = self.bench.run(&self.cycles);
        for (cycle, (response, expected)) in responses.iter().zip(&self.expected).enumerate().skip(from) {
            for (port, (write, data)) in expected.writes.iter().zip(&expected.data).enumerate() {
                let written = response.get(&format!("write${port}")) == 1;
                let found =
                    written.then(|| (response.get(&format!("address${port}")), response.get("bytes")));
                assert_eq!(found, *write, "write {port} in cycle {cycle}");
                if let Some(data) = data {
                    assert_eq!(response.words(&format!("data${port}")), data, "data {port} in cycle {cycle}");
                }
            }
            assert_eq!(response.get("ended"), u32::from(expected.ended), "end of a pass in cycle {cycle}");
            assert_eq!(response.get("done"), u32::from(expected.done), "pass done in cycle {cycle}");
        }
    }
}

fn config(rows: usize, columns: usize) -> Config {
    Config { rows, columns, pass_depth: 8, ..Config::resolve("mini").expect("built in") }
}

#[test]
fn writes_go_where_the_command_says_and_when_the_pace_says() {
    for (rows, columns) in [(4, 2), (8, 4), (4, 16), (16, 32)] {
        let config = config(rows, columns);
        let name = format!("scatter_{rows}x{columns}");
        let bench = Bench::new(&mut Scatter::new(&config), &name);
        let mut random = Random::new(&name);
        let mut script = Script { bench: &bench, config: &config, cycles: Vec::new(), expected: Vec::new() };
        let passes: Vec<_> = (0..60).map(|_| Pass::random(&mut random, &config)).collect();
        script.passes(&passes, &mut random);
        script.check(1);
    }
}

#[test]
fn a_reset_forgets_passes_and_results() {
    let config = config(4, 4);
    let bench = Bench::new(&mut Scatter::new(&config), "scatter_4x4");
    let mut random = Random::new("scatter reset");
    for _ in 0..20 {
        let mut script = Script { bench: &bench, config: &config, cycles: Vec::new(), expected: Vec::new() };
        let passes: Vec<_> = (0..10).map(|_| Pass::random(&mut random, &config)).collect();
        script.passes(&passes, &mut random);
        let reset = reset_cycles(&config) as usize;
        let cut = reset + random.below(script.cycles.len() - reset);
        script.cycles.truncate(cut);
        script.expected.truncate(cut);
        script.passes(&passes, &mut random);
        script.check(cut + reset);
    }
}
