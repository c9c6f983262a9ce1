//! SCATTER under Verilator against the recurrences of `docs/src/microarchitecture.md`: every write of runs of random passes, and
//! the cycles in which passes count as stored.

mod support;

use pleach_hdl::control::scatter::Scatter;
use pleach_spec::command::Scatter as Command;
use pleach_spec::{Config, Record};
use support::{Random, Verilated};

const ADDRESS_MASK: i64 = (1 << 20) - 1;
/// Cycles of idleness before a run, in which the first command is fetched.
const SETTLING: usize = 4;

fn random_command(random: &mut Random, config: &Config) -> Command {
    let pixels = 1 + random.below(6 * config.rows) as u32;
    let step = |random: &mut Random| random.below(1 << 20) as i32 - (1 << 19);
    Command {
        pixels,
        lane: (random.below(16 / config.columns) * config.columns) as u32,
        slow: 0,
        tiles: pixels.div_ceil(config.rows as u32),
        width: 1 + random.below(9) as u32,
        split_x: random.below(3) as u32,
        split_y: random.below(3) as u32,
        address: step(random),
        x_step: step(random),
        x_back: step(random),
        y_step: step(random),
        y_back: step(random),
    }
}

/// The vector address of each pixel of a pass.
fn addresses(command: &Command) -> Vec<i64> {
    let (mut row_start, mut address) = (i64::from(command.address), i64::from(command.address));
    let (mut x, mut px, mut py) = (0, 0, 0);
    let next = |_| {
        let current = address & ADDRESS_MASK;
        if x == command.width - 1 {
            let last = py == command.split_y;
            row_start += i64::from(if last { command.y_back } else { command.y_step });
            py = if last { 0 } else { py + 1 };
            (address, x, px) = (row_start, 0, 0);
        } else {
            let last = px == command.split_x;
            address += i64::from(if last { command.x_back } else { command.x_step });
            px = if last { 0 } else { px + 1 };
            x += 1;
        }
        current
    };
    (0..command.pixels).map(next).collect()
}

/// One cycle of inputs, in port order: idle, first, the writes of two beats, entry, data, valid, vector.
fn cycle(
    idle: bool,
    first: usize,
    write: Option<(usize, usize, &[u32])>,
    valid: Option<u32>,
) -> Vec<Vec<u32>> {
    let (beat, entry, data) =
        write.map_or((2, 0, vec![0; 4]), |(beat, entry, data)| (beat, entry, data.to_vec()));
    let vector = (0..4).map(|word| valid.unwrap_or(0).wrapping_mul(0x9e37_79b9) ^ word).collect();
    vec![
        vec![idle.into()],
        vec![first as u32],
        vec![u32::from(beat == 0)],
        vec![u32::from(beat == 1)],
        vec![entry as u32],
        data,
        vec![valid.is_some().into()],
        vector,
    ]
}

fn check_run(columns: usize, rows: usize, passes: usize, first: usize) {
    let config = Config { rows, columns, pass_depth: 16, ..Config::resolve("mini").expect("built in") };
    let name = format!("store_{rows}x{columns}");
    let mut random = Random::new(&format!("{name} {passes} {first}"));
    let commands: Vec<_> = (0..passes).map(|_| random_command(&mut random, &config)).collect();

    let mut inputs = Vec::new();
    for (index, command) in commands.iter().enumerate() {
        let words = command.pack().expect("fits");
        for beat in 0..2 {
            let entry = (first + index) % config.pass_depth;
            inputs.push(cycle(true, first, Some((beat, entry, &words[4 * beat..][..4])), None));
        }
    }
    // Results while idle are of a run that was given up.
    inputs.extend((0..SETTLING as u32).map(|result| cycle(true, first, None, Some(result))));
    inputs.extend([cycle(false, first, None, None), cycle(false, first, None, None)]);

    // (write, address, bytes) of each cycle from the first result on, and the passes stored in it.
    let mut expected = Vec::new();
    let start = inputs.len();
    let mut stored = 0;
    for command in &commands {
        let addresses = addresses(command);
        let bytes = ((1u32 << columns) - 1) << command.lane;
        for tile in 0..command.tiles as usize {
            for _ in 0..random.below(4) {
                inputs.push(cycle(false, first, None, None));
                expected.push((None, stored));
            }
            for row in 0..rows {
                inputs.push(cycle(false, first, None, Some(inputs.len() as u32)));
                let address = addresses.get(tile * rows + row);
                expected.push((address.map(|&address| (address as u32, bytes)), stored));
            }
        }
        stored += 1;
    }
    inputs.push(cycle(false, first, None, None));
    expected.push((None, stored));

    let model = Verilated::build(&mut Scatter::new(&config), &name);
    let response = model.run(&inputs);
    for (index, outputs) in response.iter().enumerate() {
        let (write, stored) = index.checked_sub(start).map_or((None, 0), |index| expected[index]);
        let found = (outputs[0][0] == 1).then(|| (outputs[1][0], outputs[3][0]));
        assert_eq!(found, write, "cycle {index}");
        assert_eq!(outputs[2], inputs[index][7], "data in cycle {index}");
        assert_eq!(outputs[4][0], stored, "passes stored in cycle {index}");
        if let Some(next) = response.get(index + 1) {
            assert_eq!(outputs[5], next[4], "passes stored after cycle {index}");
        }
    }
}

#[test]
fn writes_go_where_the_command_says() {
    for (columns, rows) in [(2, 8), (4, 4), (16, 2)] {
        for first in [0, 3, 12, 15] {
            check_run(columns, rows, 9, first);
        }
    }
}
