//! GATHER under Verilator against a plain model of `docs/src/microarchitecture.md`, cycle by cycle: random passes released at
//! random times, tiles that come late, vectors that are popped late, passes that wait for others to be done.

mod support;

use std::collections::VecDeque;

use pleach_hdl::control::gather::Gather;
use pleach_spec::command::{Gather as Command, GatherEntry};
use pleach_spec::timing::{FETCH_LATENCY, free_latency};
use pleach_spec::{Config, Record};
use support::Random;
use support::bench::{Bench, Cycle, Fetch};

const RESET: usize = 80;

/// A tile as WALK hands it over.
#[derive(Clone, Default)]
struct Tile {
    /// `need` of each class.
    needs: Vec<u32>,
    /// `address`, `ix`, `iy`, `class` of each row.
    rows: Vec<[u32; 4]>,
}

impl Tile {
    fn random(random: &mut Random, rows: usize) -> Self {
        let classes = 1 + random.below(rows);
        let row = |random: &mut Random| {
            let [address, ix, iy] = [20, 14, 14].map(|bits| random.below(1 << bits) as u32);
            [address, ix, iy, random.below(classes) as u32]
        };
        Self {
            needs: (0..classes).map(|_| random.below(rows) as u32).collect(),
            rows: (0..rows).map(|_| row(random)).collect(),
        }
    }
}

/// A bank read that must be issued.
#[derive(Clone, Debug, PartialEq)]
struct Read {
    class: u32,
    need: u32,
    offset: u32,
    taps: [u32; 2],
    map: [u32; 3],
    rows: Vec<[u32; 4]>,
}

/// What must come out in a cycle.
#[derive(Clone, Default)]
struct Expected {
    take: bool,
    read: Option<Read>,
    /// Staging slot of the vector that arrives.
    staged: Option<u32>,
}

struct Script<'a> {
    bench: &'a Bench,
    config: &'a Config,
    list: Vec<GatherEntry>,
    cycles: Vec<Cycle<'a>>,
    expected: Vec<Expected>,
}

/// The state of the model.
#[derive(Default)]
struct Model {
    pass: usize,
    tile_index: u32,
    tile: Option<Tile>,
    entry: u32,
    class: usize,
    /// Vectors begun, available, popped, and the cycles from which their slots are free.
    begun: usize,
    popped: usize,
    free_from: VecDeque<usize>,
    available_from: VecDeque<usize>,
    done: usize,
}

impl Script<'_> {
    fn commands(&self, random: &mut Random, count: usize) -> Vec<Command> {
        let mut command = |pass: usize| Command {
            count: 1 + random.below(5) as u32,
            base: random.below(self.config.load_depth) as u32,
            tiles: 1 + random.below(4) as u32,
            in_width: random.below(1 << 13) as u32,
            in_height: random.below(1 << 13) as u32,
            after: if random.below(3) == 0 { pass as u32 } else { pass.saturating_sub(3) as u32 },
            pad: random.below(256) as i32 - 128,
        };
        (0..count).map(&mut command).collect()
    }

    fn run(&mut self, commands: &[Command], random: &mut Random) {
        for _ in 0..RESET {
            let mut inputs = self.bench.quiet();
            inputs.set("reset", 1);
            self.cycles.push(inputs);
            self.expected.push(Expected::default());
        }
        for (index, entry) in self.list.iter().enumerate() {
            let mut inputs = self.bench.quiet();
            inputs.set("list_write", 1).set("list_entry", index as u32);
            inputs.set_words("list_data", &entry.pack().expect("fits"));
            self.cycles.push(inputs);
            self.expected.push(Expected::default());
        }
        let packed = commands.iter().map(|command| command.pack().expect("fits")).collect();
        let mut fetch = Fetch::new(packed, self.config.pass_depth, 10);
        let mut model = Model::default();
        // WALK: tiles handed over; the one that waits and the needs of it that are not written yet.
        let mut walked = 0;
        let total: u32 = commands.iter().map(|command| command.tiles).sum();
        let mut released_tiles = 0;
        let mut waiting: Option<Tile> = None;
        let mut needs: VecDeque<(u32, u32)> = VecDeque::new();
        while model.pass < commands.len() {
            let cycle = self.cycles.len();
            let mut inputs = self.bench.quiet();
            let may_walk = walked < released_tiles;
            if fetch.drive(cycle, model.pass, &mut inputs, random) {
                released_tiles += commands[fetch.released - 1].tiles;
            }
            if waiting.is_none() && may_walk && random.below(3) == 0 {
                let tile = Tile::random(random, self.config.rows);
                needs = tile.needs.iter().enumerate().map(|(class, &need)| (class as u32, need)).collect();
                waiting = Some(tile);
                walked += 1;
            }
            let full = waiting.is_some() && needs.is_empty();
            for _ in 0..1 + random.below(2) {
                let Some((class, need)) = needs.pop_front() else { break };
                let parity = class % 2;
                inputs
                    .set(&format!("need_write${parity}"), 1)
                    .set(&format!("need_class${parity}"), class / 2);
                inputs.set(&format!("need${parity}"), need);
            }
            if let (true, Some(tile)) = (full, &waiting) {
                for i in 0..=self.config.rows {
                    inputs.set(&format!("full${i}"), 1);
                }
                inputs.set("classes", tile.needs.len() as u32 - 1);
                for (row, record) in tile.rows.iter().enumerate() {
                    for (field, &value) in ["address", "ix", "iy", "class"].iter().zip(record) {
                        inputs.set(&format!("{field}${row}"), value);
                    }
                }
            }
            let available = model.available_from.iter().filter(|&&from| from <= cycle).count();
            if model.popped < available && random.below(3) == 0 {
                inputs.set("pop", 1);
                model.popped += 1;
                model.free_from.push_back(cycle + free_latency(self.config) as usize);
            }
            let done = model.done;
            if model.done < model.pass && random.below(12) == 0 {
                inputs.set("ended", 1);
                model.done += 1;
            }
            let expected = self.step(&mut model, commands, cycle, done, full.then_some(&mut waiting));
            self.cycles.push(inputs);
            self.expected.push(expected);
        }
        assert_eq!(walked, total);
        for _ in 0..FETCH_LATENCY {
            self.cycles.push(self.bench.quiet());
            self.expected.push(Expected::default());
        }
        for (vector, &from) in model.available_from.iter().enumerate() {
            self.expected[from - 1].staged = Some((vector % self.config.stage_depth) as u32);
        }
    }

    /// One cycle of GATHER; `full` is the tile that waits.
    fn step(
        &self,
        model: &mut Model,
        commands: &[Command],
        cycle: usize,
        done: usize,
        full: Option<&mut Option<Tile>>,
    ) -> Expected {
        let mut expected = Expected::default();
        let command = &commands[model.pass];
        let freed = model.free_from.iter().filter(|&&from| from <= cycle).count();
        let room = model.class > 0 || model.begun - freed < self.config.stage_depth;
        let mut tile_done = false;
        if let Some(tile) = &model.tile
            && done >= command.after as usize
            && room
        {
            let index = (command.base + model.entry) as usize % self.config.load_depth;
            let entry = &self.list[index];
            expected.read = Some(Read {
                class: model.class as u32,
                need: tile.needs[model.class],
                offset: entry.offset as u32 & 0xf_ffff,
                taps: [entry.dy, entry.dx],
                map: [command.in_width, command.in_height, command.pad as u32 & 255],
                rows: tile.rows.clone(),
            });
            model.begun += usize::from(model.class == 0);
            model.class += 1;
            if model.class == tile.needs.len() {
                model.class = 0;
                model.available_from.push_back(cycle + FETCH_LATENCY as usize);
                model.entry += 1;
                tile_done = model.entry == command.count;
            }
        }
        if tile_done {
            (model.entry, model.tile) = (0, None);
            model.tile_index += 1;
            if model.tile_index == command.tiles {
                (model.tile_index, model.pass) = (0, model.pass + 1);
            }
        }
        if let (None, Some(waiting)) = (&model.tile, full) {
            expected.take = true;
            model.tile = waiting.take();
        }
        expected
    }

    fn check(&self, from: usize) {
        let rows = self.config.rows;
        let responses = self.bench.run(&self.cycles);
        for (cycle, (response, expected)) in responses.iter().zip(&self.expected).enumerate().skip(from) {
            let row = |row: usize| {
                ["address", "ix", "iy", "class"].map(|field| response.get(&format!("row_{field}${row}")))
            };
            let read = (response.get("issue") == 1).then(|| Read {
                class: response.get("issue_class"),
                need: response.get("issue_need"),
                offset: response.get("offset"),
                taps: [response.get("dy"), response.get("dx")],
                map: ["in_width", "in_height", "pad"].map(|port| response.get(port)),
                rows: (0..rows).map(row).collect(),
            });
            assert_eq!(read, expected.read, "read in cycle {cycle}");
            for i in 0..=rows {
                let take = response.get(&format!("take${i}"));
                assert_eq!(take, u32::from(expected.take), "take {i} in cycle {cycle}");
            }
            let staged = (response.get("staged") == 1).then(|| response.get("stage_slot"));
            assert_eq!(staged, expected.staged, "vector staged in cycle {cycle}");
        }
    }
}

fn entries(random: &mut Random, count: usize) -> Vec<GatherEntry> {
    let mut entry = |_| GatherEntry {
        offset: random.below(1 << 20) as i32 - (1 << 19),
        dy: random.below(64) as u32,
        dx: random.below(64) as u32,
    };
    (0..count).map(&mut entry).collect()
}

#[test]
fn reads_are_issued_as_soon_as_tile_slot_and_dependency_allow() {
    for rows in [4, 8] {
        let base = Config::resolve("mini").expect("built in");
        let config = Config { rows, pass_depth: 8, load_depth: 16, stage_depth: 4, ..base };
        let name = format!("gather_{rows}");
        let bench = Bench::new(&mut Gather::new(&config), &name);
        let mut random = Random::new(&name);
        for _ in 0..4 {
            let list = entries(&mut random, config.load_depth);
            let mut script =
                Script { bench: &bench, config: &config, list, cycles: Vec::new(), expected: Vec::new() };
            let commands = script.commands(&mut random, 40);
            script.run(&commands, &mut random);
            // Another run after a reset that comes in the middle of the first.
            let cut = script.cycles.len() - random.below(200);
            script.cycles.truncate(cut);
            script.expected.truncate(cut);
            script.check(RESET);
            script.run(&commands, &mut random);
            script.check(cut + RESET);
        }
    }
}
