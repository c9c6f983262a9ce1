//! The datapath under Verilator against `pleach_spec`: random slot words, runs of passes, stalls and bubbles, with the
//! exact cycle of every vector that leaves it.

mod support;

use pleach_hdl::datapath::Datapath;
use pleach_spec::command::Parameter;
use pleach_spec::numerics::{Multiplier, Requantize};
use pleach_spec::stream::{Control, TAKE_ALL, TAKE_HIGH, TAKE_LOW, TAKE_NONE, Window, WordStream};
use pleach_spec::timing::{LANE_LATENCY, drain_interval, free_latency};
use pleach_spec::{Config, Record, VECTOR};
use support::{Random, Verilated};

/// A pass: its words, what its tiles load, and how its sums are requantized.
struct Pass {
    words: WordStream,
    /// `[tile][vector][row][channel]`
    tiles: Vec<Vec<Vec<Vec<i8>>>>,
    /// `[column]`
    requantize: Vec<Requantize>,
}

impl Pass {
    fn random(random: &mut Random, config: &Config) -> Self {
        let vectors = 1 + random.below(6);
        let controls = controls(random, config, vectors);
        let (weights, positions) = operands(random, config, &controls);
        let words = WordStream { weights, positions, controls };
        words.check(vectors, config).expect("a valid stream");
        let mut vector = || (0..VECTOR).map(|_| random.word() as i8).collect::<Vec<_>>();
        let mut tile = || (0..vectors).map(|_| (0..config.rows).map(|_| vector()).collect()).collect();
        let tiles = vec![tile(), tile(), tile()];
        let requantize = (0..config.columns).map(|_| requantize(random)).collect();
        Self { words, tiles, requantize }
    }

    /// The vector of a row of a tile, with the bytes of fewer than 16 columns repeated.
    fn output(&self, tile: usize, row: usize, config: &Config) -> Vec<i8> {
        let columns = config.columns;
        let mut sums = vec![0i32; columns];
        let mut window = Window::new(config);
        for (word, control) in self.words.controls.iter().enumerate() {
            window.step(*control).expect("a valid stream");
            for (c, sum) in sums.iter_mut().enumerate() {
                let weight = self.words.weights[word * columns + c];
                if weight != 0 {
                    let (vectors, channel) =
                        window.content(self.words.positions[word * columns + c]).unwrap();
                    *sum += i32::from(weight) * i32::from(self.tiles[tile][vectors[0]][row][channel]);
                }
            }
        }
        (0..VECTOR).map(|i| self.requantize[i % columns].apply(sums[i % columns])).collect()
    }
}

/// Controls that take and pop `vectors` vectors, with words between that take nothing.
fn controls(random: &mut Random, config: &Config, vectors: usize) -> Vec<Control> {
    let mut controls = Vec::new();
    let idle = |controls: &mut Vec<Control>, random: &mut Random| {
        for _ in 0..random.below(3) {
            controls.push(Control { take: TAKE_NONE, pop: false, max: false });
        }
    };
    let halves = config.chunk < VECTOR;
    for _ in 0..vectors {
        match random.below(if halves { 4 } else { 1 }) {
            0 if !halves || config.slots() > 1 => {
                controls.push(Control { take: TAKE_ALL, pop: true, max: false })
            }
            1 => controls.push(Control { take: TAKE_LOW, pop: true, max: false }),
            2 => controls.push(Control { take: TAKE_HIGH, pop: true, max: false }),
            _ => {
                controls.push(Control { take: TAKE_LOW, pop: false, max: false });
                idle(&mut controls, random);
                controls.push(Control { take: TAKE_HIGH, pop: true, max: false });
            }
        }
        idle(&mut controls, random);
    }
    controls
}

/// Weights, a third of them zero, on positions that hold something.
fn operands(random: &mut Random, config: &Config, controls: &[Control]) -> (Vec<i8>, Vec<u8>) {
    let mut window = Window::new(config);
    let (mut weights, mut positions) = (Vec::new(), Vec::new());
    for control in controls {
        window.step(*control).expect("valid controls");
        let filled: Vec<u8> = (0..config.window as u8).filter(|&p| window.content(p).is_some()).collect();
        for _ in 0..config.columns {
            let weight = if random.below(3) == 0 { 0 } else { random.word() as i8 };
            weights.push(weight);
            positions.push(if weight == 0 { 0 } else { filled[random.below(filled.len())] });
        }
    }
    (weights, positions)
}

fn requantize(random: &mut Random) -> Requantize {
    let mut clamp = [random.word() as i8, random.word() as i8];
    clamp.sort_unstable();
    Requantize {
        bias: random.word() as i32 >> 16,
        factor: Multiplier::from_scale(0.0005 + random.below(1000) as f32 * 0.000_01).expect("a scale"),
        zero_point: random.word() as i8 >> 1,
        low: clamp[0],
        high: clamp[1],
    }
}

/// The inputs of one cycle.
#[derive(Clone, Default)]
struct Inputs {
    word_valid: bool,
    word_first: bool,
    word_last: bool,
    word_address: usize,
    take: u8,
    window_slot: usize,
    take_slot: usize,
    pass_end: bool,
    busy: bool,
    pass_first: usize,
    stage_write: bool,
    stage_slot: usize,
    stage_data: Vec<Vec<i8>>,
    word_write: bool,
    word_entry: usize,
    word_beat: usize,
    parameter_write: bool,
    parameter_entry: usize,
    parameter_column: usize,
    memory_data: [u32; 4],
}

impl Inputs {
    /// What an idle cycle may carry: anything where it must not matter.
    fn idle(random: &mut Random, config: &Config) -> Self {
        Self {
            word_first: random.below(2) == 0,
            word_last: random.below(2) == 0,
            word_address: random.below(1 << 16),
            window_slot: random.below(config.slots()),
            take_slot: random.below(config.stage_depth),
            stage_slot: random.below(config.stage_depth),
            stage_data: vec![vec![random.word() as i8; VECTOR]; config.rows],
            word_beat: random.below(2),
            parameter_column: random.below(config.columns),
            memory_data: [random.word(); 4],
            ..Self::default()
        }
    }

    /// In the order of the ports.
    fn values(&self) -> Vec<Vec<u32>> {
        let number = |value: usize| vec![value as u32];
        let flag = |value: bool| vec![u32::from(value)];
        let mut values = vec![
            flag(self.word_valid),
            flag(self.word_first),
            flag(self.word_last),
            number(self.word_address),
            number(self.take.into()),
            number(self.window_slot),
            number(self.take_slot),
            flag(self.pass_end),
            flag(self.busy),
            number(self.pass_first),
        ];
        values.extend(self.stage_data.iter().map(|_| flag(self.stage_write)));
        values.push(number(self.stage_slot));
        values.extend(self.stage_data.iter().map(|row| beat(row).to_vec()));
        values.extend([
            flag(self.word_write),
            number(self.word_entry),
            number(self.word_beat),
            flag(self.parameter_write),
            number(self.parameter_entry),
            number(self.parameter_column),
            self.memory_data.to_vec(),
        ]);
        values
    }
}

/// 16 bytes as a beat.
fn beat(bytes: &[i8]) -> [u32; 4] {
    std::array::from_fn(|word| {
        (0..4)
            .fold(0, |value, i| value | u32::from(bytes.get(4 * word + i).map_or(0, |&b| b as u8)) << (8 * i))
    })
}

/// Plays the engines: fills the memories, then issues words as ISSUE would while vectors arrive as from GATHER.
struct Player<'a> {
    config: &'a Config,
    random: Random,
    inputs: Vec<Inputs>,
    /// Cycle and content of each vector that must come out.
    expected: Vec<(usize, Vec<i8>)>,
    last_issue: Option<usize>,
}

impl Player<'_> {
    fn write_words(&mut self, words: &WordStream, first: usize) {
        let (columns, bits) = (self.config.columns, self.config.position_bits());
        for word in 0..words.len() {
            let range = word * columns..(word + 1) * columns;
            let packed = words.positions[range.clone()]
                .iter()
                .enumerate()
                .fold(0u128, |packed, (c, &position)| packed | u128::from(position) << (bits * c));
            let positions = std::array::from_fn(|i| (packed >> (32 * i)) as u32);
            for (word_beat, memory_data) in [beat(&words.weights[range]), positions].into_iter().enumerate() {
                let word_entry = (first + word) % self.config.word_depth;
                let idle = Inputs::idle(&mut self.random, self.config);
                self.inputs.push(Inputs { word_write: true, word_entry, word_beat, memory_data, ..idle });
            }
        }
    }

    fn write_parameters(&mut self, pass: &Pass, entry: usize) {
        for (parameter_column, requantize) in pass.requantize.iter().enumerate() {
            let record = Parameter::from(*requantize).pack().expect("in range");
            let idle = Inputs::idle(&mut self.random, self.config);
            self.inputs.push(Inputs {
                parameter_write: true,
                parameter_entry: entry % self.config.pass_depth,
                parameter_column,
                memory_data: record.try_into().expect("a beat"),
                ..idle
            });
        }
    }

    fn idle(&mut self, cycles: usize) {
        for _ in 0..cycles {
            self.inputs.push(Inputs::idle(&mut self.random, self.config));
        }
    }

    /// One run: `stalls` of 8 cycles bring no vector, `bubbles` of 8 no word.
    fn run(&mut self, passes: &[Pass], word_first: usize, pass_first: usize, stalls: usize, bubbles: usize) {
        let config = self.config;
        let mut first = word_first;
        for (i, pass) in passes.iter().enumerate() {
            self.write_words(&pass.words, first);
            self.write_parameters(pass, pass_first + i);
            first += pass.words.len();
        }
        for _ in 0..config.columns + 2 {
            let idle = Inputs::idle(&mut self.random, config);
            self.inputs.push(Inputs { pass_first, ..idle });
        }
        let mut feed = Feed::new(passes);
        let mut first = word_first;
        for pass in passes {
            for tile in 0..pass.tiles.len() {
                self.tile(pass, tile, first, &mut feed, [stalls, bubbles]);
            }
            let end = self.inputs.last_mut().expect("a word");
            end.pass_end = true;
            first += pass.words.len();
        }
        let tail = 7 + 2 * config.rows + LANE_LATENCY as usize + config.columns;
        for _ in 0..tail {
            let idle = Inputs::idle(&mut self.random, config);
            self.inputs.push(Inputs { busy: true, pass_first, ..idle });
        }
        self.idle(3);
    }

    fn tile(&mut self, pass: &Pass, tile: usize, first: usize, feed: &mut Feed, rates: [usize; 2]) {
        let config = self.config;
        let mut slot = 0;
        for (word, control) in pass.words.controls.iter().enumerate() {
            let last = word + 1 == pass.words.len();
            loop {
                let now = self.inputs.len();
                let mut inputs = Inputs { busy: true, ..Inputs::idle(&mut self.random, config) };
                let available = feed.available();
                feed.stage(&mut inputs, &mut self.random, config, now, rates[0]);
                let drained = self.last_issue.is_none_or(|at| now >= at + drain_interval(config) as usize);
                let ready = (control.take == TAKE_NONE || available) && (!last || drained);
                if !ready || self.random.below(8) < rates[1] {
                    self.inputs.push(inputs);
                    continue;
                }
                self.inputs.push(Inputs {
                    word_valid: true,
                    word_first: word == 0,
                    word_last: last,
                    word_address: (first + word) % config.word_depth,
                    take: control.take,
                    window_slot: slot,
                    take_slot: feed.popped % config.stage_depth,
                    ..inputs
                });
                if control.pop {
                    feed.pop(now + free_latency(config) as usize);
                }
                break;
            }
            slot = (slot + control.chunks(config)) % config.slots();
        }
        let issue = self.inputs.len() - 1;
        self.last_issue = Some(issue);
        let out = issue + 7 + config.rows + LANE_LATENCY as usize + config.columns - 1;
        self.expected.extend((0..config.rows).map(|row| (out + row, pass.output(tile, row, config))));
    }
}

/// The vectors of a run on their way to the staging buffers.
struct Feed {
    vectors: Vec<Vec<Vec<i8>>>,
    begun: usize,
    popped: usize,
    /// When the slot of each popped vector is free.
    free_at: Vec<usize>,
}

impl Feed {
    fn new(passes: &[Pass]) -> Self {
        let vectors = passes.iter().flat_map(|pass| pass.tiles.iter().flatten().cloned()).collect();
        Self { vectors, begun: 0, popped: 0, free_at: Vec::new() }
    }

    /// Whether a vector was staged in an earlier cycle and is not popped.
    fn available(&self) -> bool {
        self.begun > self.popped
    }

    fn stage(
        &mut self,
        inputs: &mut Inputs,
        random: &mut Random,
        config: &Config,
        now: usize,
        stalls: usize,
    ) {
        let freed = self.free_at.iter().filter(|&&at| at <= now).count();
        if self.begun < self.vectors.len()
            && self.begun - freed < config.stage_depth
            && random.below(8) >= stalls
        {
            inputs.stage_write = true;
            inputs.stage_slot = self.begun % config.stage_depth;
            inputs.stage_data = self.vectors[self.begun].clone();
            self.begun += 1;
        }
    }

    fn pop(&mut self, free_at: usize) {
        self.popped += 1;
        self.free_at.push(free_at);
    }
}

fn check(rows: usize, columns: usize, window: usize, chunk: usize) {
    let name = format!("datapath{rows}x{columns}w{window}g{chunk}");
    let config = Config {
        rows,
        columns,
        window,
        chunk,
        word_depth: 256,
        pass_depth: 4,
        stage_depth: 4,
        ..Config::resolve("mini").expect("built in")
    };
    config.check().expect("a valid configuration");
    let mut player = Player {
        config: &config,
        random: Random::new(&name),
        inputs: Vec::new(),
        expected: Vec::new(),
        last_issue: None,
    };
    player.idle(20);
    for (word_first, pass_first, stalls, bubbles) in
        [(0, 0, 0, 0), (200, 2, 4, 0), (77, 3, 0, 3), (5, 1, 0, 0)]
    {
        let passes: Vec<_> = (0..4).map(|_| Pass::random(&mut player.random, &config)).collect();
        player.run(&passes, word_first, pass_first, stalls, bubbles);
    }

    let inputs: Vec<_> = player.inputs.iter().map(Inputs::values).collect();
    let outputs = match window {
        16 => Verilated::build(&mut Datapath::<128, 4>::new(&config), &name),
        _ => Verilated::build(&mut Datapath::<256, 5>::new(&config), &name),
    }
    .run(&inputs);

    let mut expected = vec![None; outputs.len()];
    for (cycle, vector) in &player.expected {
        assert_eq!(expected[*cycle].replace(beat(vector).to_vec()), None, "the test itself collides");
    }
    for (cycle, (output, expected)) in outputs.iter().zip(expected).enumerate() {
        let actual = (output[1][0] == 1).then(|| output[0].clone());
        assert_eq!(actual, expected, "{name}, cycle {cycle}");
    }
}

#[test]
fn windows_of_sixteen_in_halves() {
    check(4, 4, 16, 8);
}

#[test]
fn windows_of_thirty_two_in_halves() {
    check(2, 8, 32, 8);
}

#[test]
fn chunks_of_whole_vectors() {
    check(8, 2, 16, 16);
    check(2, 4, 32, 16);
}

#[test]
fn sixteen_columns() {
    check(4, 16, 16, 8);
}
