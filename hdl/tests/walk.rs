//! WALK under Verilator against the recurrences of `docs/src/microarchitecture.md`: every tile of runs of random passes, the
//! cycles in which it is full, and the needs of its rotation classes.

mod support;

use pleach_hdl::control::walk::Walk;
use pleach_spec::command::Walk as Command;
use pleach_spec::{Config, Record};
use support::{Random, Verilated};

const ADDRESS_MASK: i64 = (1 << 20) - 1;
const POSITION_MASK: i64 = (1 << 14) - 1;
/// Cycles of idleness before a run, in which the commands are written and the first one is fetched.
const SETTLING: usize = 4;

/// What a row of a tile must hold.
#[derive(Clone, Copy)]
struct Place {
    address: i64,
    ix: i64,
    iy: i64,
    active: bool,
}

/// The inputs of one cycle.
#[derive(Clone, Copy, Default)]
struct Inputs {
    idle: bool,
    passes: u32,
    first: u32,
    write: [bool; 2],
    entry: u32,
    data: [u32; 4],
    take: bool,
}

impl Inputs {
    fn words(&self) -> Vec<Vec<u32>> {
        let [low, high] = self.write.map(u32::from);
        let one = |word| vec![word];
        vec![
            one(self.idle.into()),
            one(self.passes),
            one(self.first),
            one(low),
            one(high),
            one(self.entry),
            self.data.to_vec(),
            one(self.take.into()),
        ]
    }
}

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

/// The places of all tiles of a pass.
fn places(command: &Command, rows: usize) -> Vec<Vec<Place>> {
    let mut place =
        Place { address: command.address.into(), ix: command.ix.into(), iy: command.iy.into(), active: true };
    let mut x = 0;
    let mut pixel = 0;
    let mut next = || {
        place.active = pixel < command.pixels;
        let current = place;
        if place.active {
            pixel += 1;
            x += 1;
            if x == command.width {
                x = 0;
                place.address += i64::from(command.y_jump);
                place.ix = command.ix.into();
                place.iy += i64::from(command.stride_y);
            } else {
                place.address += i64::from(command.x_step);
                place.ix += i64::from(command.stride_x);
            }
        }
        current
    };
    (0..command.tiles).map(|_| (0..rows).map(|_| next()).collect()).collect()
}

/// The class of each row, and the need of each class.
fn classes(tile: &[Place]) -> (Vec<u32>, Vec<u32>) {
    let rows = tile.len() as i64;
    let need = |row: usize| (tile[row].address - row as i64).rem_euclid(rows) as u32;
    let mut classes = vec![0];
    let mut needs = vec![need(0)];
    for (row, place) in tile.iter().enumerate().skip(1) {
        if place.active && need(row) != need(row - 1) {
            needs.push(need(row));
        }
        classes.push(needs.len() as u32 - 1);
    }
    (classes, needs)
}

/// A run of `passes` passes from entry `first` on; `eager` takes every tile in the first cycle possible.
fn check_run(rows: usize, passes: usize, first: usize, eager: bool) {
    let config = Config { rows, pass_depth: 16, ..Config::resolve("mini").expect("built in") };
    let name = format!("walk_{rows}");
    let mut random = Random::new(&format!("{name} {passes} {first} {eager}"));
    let commands: Vec<_> = (0..passes).map(|_| random_command(&mut random, rows)).collect();
    let tiles: Vec<_> = commands.iter().flat_map(|command| places(command, rows)).collect();

    let base = Inputs { idle: true, passes: passes as u32, first: first as u32, ..Default::default() };
    let mut inputs = Vec::new();
    for (index, command) in commands.iter().enumerate() {
        let words = command.pack().expect("fits");
        for beat in 0..2 {
            let data = words[4 * beat..][..4].try_into().expect("four words");
            let entry = ((first + index) % config.pass_depth) as u32;
            inputs.push(Inputs { write: [beat == 0, beat == 1], entry, data, ..base });
        }
    }
    inputs.extend([base; SETTLING]);
    let start = inputs.len();
    let mut full_from = Vec::new();
    let mut taken = Vec::new();
    let mut full = rows;
    for _ in &tiles {
        let take = full + if eager { 0 } else { random.below(2 * rows) };
        full_from.push(full);
        taken.push(take);
        full = take + rows;
    }
    let end = taken[taken.len() - 1] + rows + 3;
    inputs.extend((0..end).map(|cycle| Inputs { idle: false, take: taken.contains(&cycle), ..base }));

    let model = Verilated::build(&mut Walk::new(&config), &name);
    let stimulus: Vec<_> = inputs.iter().map(Inputs::words).collect();
    let response = model.run(&stimulus);
    let at = |cycle: usize, port: usize| response[start + cycle][port][0];
    let needs_port = 2 + 4 * rows;
    let mut written = vec![0; rows];
    for cycle in 0..end {
        let waiting = full_from.iter().zip(&taken).any(|(&from, &take)| (from..=take).contains(&cycle));
        assert_eq!(at(cycle, 0), u32::from(waiting), "full in cycle {cycle}");
        if let Some(index) = taken.iter().position(|&take| take == cycle) {
            let (classes, needs) = classes(&tiles[index]);
            assert_eq!(at(cycle, 1) as usize, needs.len() - 1, "classes of tile {index}");
            assert_eq!(written[..needs.len()], needs, "needs of tile {index}");
            for (row, place) in tiles[index].iter().enumerate().filter(|(_, place)| place.active) {
                let found = [0, 1, 2, 3].map(|field| at(cycle, 2 + field * rows + row));
                let expected = [
                    (place.address & ADDRESS_MASK) as u32,
                    (place.ix & POSITION_MASK) as u32,
                    (place.iy & POSITION_MASK) as u32,
                    classes[row],
                ];
                assert_eq!(found, expected, "tile {index}, row {row}");
            }
        }
        if at(cycle, needs_port) == 1 {
            written[at(cycle, needs_port + 1) as usize] = at(cycle, needs_port + 2);
        }
    }
}

#[test]
fn tiles_are_full_as_soon_as_they_can_be_and_wait_until_they_are_taken() {
    for rows in [2, 4, 8] {
        for first in [0, 3, 12, 15] {
            check_run(rows, 9, first, true);
            check_run(rows, 9, first, false);
        }
    }
}
