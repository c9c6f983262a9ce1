//! WALK under Verilator against the recurrences of `docs/src/microarchitecture.md`: every tile of random passes that are
//! released at random times, the cycles in which it is full, and the needs of its rotation classes.

mod support;

use pleach_hdl::control::walk::Walk;
use pleach_spec::command::{Position, Walk as Command};
use pleach_spec::{Config, Record};
use support::Random;
use support::bench::{Bench, Cycle, Fetch, Response};

const ADDRESS_MASK: i64 = (1 << 20) - 1;
const POSITION_MASK: i32 = (1 << 14) - 1;
/// Cycles of a reset.
const RESET: usize = 4;

fn random_command(random: &mut Random, rows: usize) -> Command {
    let pixels = 1 + random.below(6 * rows) as u32;
    let step = |random: &mut Random| random.below(1 << 20) as i32 - (1 << 19);
    let near = |random: &mut Random| random.below(4) as i32;
    Command {
        pixels,
        tiles: pixels.div_ceil(rows as u32),
        width: 1 + random.below(7) as u32,
        stride_x: random.below(16) as u32,
        stride_y: random.below(16) as u32,
        address: step(random),
        x_step: if random.below(2) == 0 { 1 } else { near(random) },
        y_jump: if random.below(2) == 0 { 1 } else { step(random) },
        ix: -near(random),
        iy: -near(random),
    }
}

/// The class of each active row, and the need of each class.
fn classes(tile: &[Position], rows: usize) -> (Vec<u32>, Vec<u32>) {
    let need = |row: usize| (tile[row].address - row as i64).rem_euclid(rows as i64) as u32;
    let mut classes = vec![0];
    let mut needs = vec![need(0)];
    for row in 1..tile.len() {
        if need(row) != need(row - 1) {
            needs.push(need(row));
        }
        classes.push(needs.len() as u32 - 1);
    }
    (classes, needs)
}

/// A tile of the expected sequence: its pixels, and the cycles in which it is full, the last of which takes it.
struct Tile {
    pixels: Vec<Position>,
    full: std::ops::RangeInclusive<usize>,
}

/// The inputs of a run that begins with a reset, and the tiles that must come; `patience` is how long tiles wait at most.
fn stimulate<'a>(
    bench: &'a Bench,
    config: &Config,
    commands: &[Command],
    patience: usize,
    random: &mut Random,
) -> (Vec<Cycle<'a>>, Vec<Tile>) {
    let rows = config.rows;
    let packed = commands.iter().map(|command| command.pack().expect("fits")).collect();
    let mut fetch = Fetch::new(packed, config.pass_depth, 1 + 4 * patience);
    let mut cycles = Vec::new();
    for _ in 0..RESET {
        let mut inputs = bench.quiet();
        inputs.set("reset", 1);
        cycles.push(inputs);
    }
    let mut tiles: Vec<Tile> = Vec::new();
    let mut releases = Vec::new();
    // Pass, tile of it; the cycle from which its first pair of records may be pushed.
    let (mut pass, mut index, mut free) = (0, 0, 0);
    let mut pending: Option<Tile> = None;
    while pass < commands.len() {
        let cycle = cycles.len();
        let mut inputs = bench.quiet();
        if fetch.drive(cycle, pass, &mut inputs, random) {
            releases.push(cycle);
        }
        if pending.is_none() && releases.get(pass).is_some_and(|&release| release < cycle) {
            let start = free.max(releases[pass] + 1);
            let pixels = commands[pass].positions().skip(index * rows).take(rows).collect();
            let full = start + rows / 2;
            pending = Some(Tile { pixels, full: full..=full + random.below(patience + 1) });
        }
        if let Some(tile) = pending.take_if(|tile| *tile.full.end() == cycle) {
            for i in 0..=rows {
                inputs.set(&format!("take${i}"), 1);
            }
            tiles.push(tile);
            free = cycle;
            index += 1;
            if index == commands[pass].tiles as usize {
                (pass, index) = (pass + 1, 0);
            }
            // The next tile may begin in this very cycle.
            if releases.get(pass).is_some_and(|&release| release < cycle) {
                let pixels = commands[pass].positions().skip(index * rows).take(rows).collect();
                let full = cycle + rows / 2;
                pending = Some(Tile { pixels, full: full..=full + random.below(patience + 1) });
            }
        }
        cycles.push(inputs);
    }
    cycles.extend(vec![bench.quiet(); 3]);
    (cycles, tiles)
}

fn check(responses: &[Response<'_>], tiles: &[Tile], rows: usize) {
    let mut written = vec![0; rows];
    for (cycle, response) in responses.iter().enumerate().skip(RESET) {
        let full = tiles.iter().any(|tile| tile.full.contains(&cycle));
        for i in 0..=rows {
            assert_eq!(response.get(&format!("full${i}")), u32::from(full), "full {i} in cycle {cycle}");
        }
        if let Some(tile) = tiles.iter().find(|tile| *tile.full.end() == cycle) {
            let (classes, needs) = classes(&tile.pixels, rows);
            assert_eq!(response.get("classes") as usize, needs.len() - 1, "classes in cycle {cycle}");
            assert_eq!(written[..needs.len()], needs, "needs in cycle {cycle}");
            for (row, pixel) in tile.pixels.iter().enumerate() {
                let found =
                    ["address", "ix", "iy", "class"].map(|field| response.get(&format!("{field}${row}")));
                let [ix, iy] = [pixel.ix, pixel.iy].map(|position| (position & POSITION_MASK) as u32);
                let expected = [(pixel.address & ADDRESS_MASK) as u32, ix, iy, classes[row]];
                assert_eq!(found, expected, "cycle {cycle}, row {row}");
            }
        }
        for parity in 0..2 {
            if response.get(&format!("need_write${parity}")) == 1 {
                let class = 2 * response.get(&format!("need_class${parity}")) as usize + parity;
                written[class] = response.get(&format!("need${parity}"));
            }
        }
    }
}

#[test]
fn tiles_are_full_as_soon_as_they_can_be_and_wait_until_they_are_taken() {
    for rows in [4, 8, 16, 32] {
        let config = Config { rows, pass_depth: 4, ..Config::resolve("mini").expect("built in") };
        let name = format!("walk_{rows}");
        let bench = Bench::new(&mut Walk::new(&config), &name);
        let mut random = Random::new(&name);
        for patience in [0, 2, 3 * rows] {
            let commands: Vec<_> = (0..20).map(|_| random_command(&mut random, rows)).collect();
            let (cycles, tiles) = stimulate(&bench, &config, &commands, patience, &mut random);
            check(&bench.run(&cycles), &tiles, rows);
        }
    }
}

#[test]
fn a_reset_in_the_middle_of_a_pass_forgets_all_passes() {
    let config = Config { pass_depth: 4, ..Config::resolve("mini").expect("built in") };
    let bench = Bench::new(&mut Walk::new(&config), "walk_reset");
    let mut random = Random::new("walk reset");
    for _ in 0..20 {
        let commands: Vec<_> = (0..6).map(|_| random_command(&mut random, config.rows)).collect();
        let (mut cycles, _) = stimulate(&bench, &config, &commands, 2, &mut random);
        cycles.truncate(RESET + random.below(cycles.len() - RESET));
        let start = cycles.len();
        let (again, tiles) = stimulate(&bench, &config, &commands, 2, &mut random);
        cycles.extend(again);
        check(&bench.run(&cycles)[start..], &tiles, config.rows);
    }
}
