//! Random command lists.

use pleach_spec::Config;
use pleach_spec::list::{Command, Compute, Engine, Load, PassCommand, Store, Target};

/// Vectors of segment 0 that LOAD reads; the command list lies behind them.
pub const MODEL_VECTORS: u32 = 700;
/// Vectors of segment 1: the first half is read, the second half written.
pub const DATA_VECTORS: u32 = 1000;

/// Repeatable random numbers (xorshift).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn word(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as u32
    }

    pub fn below(&mut self, limit: u32) -> u32 {
        self.word() % limit
    }
}

/// A LOAD of a few or many beats.
pub fn load(random: &mut Random, config: &Config) -> Load {
    let count = 1 + if random.below(3) == 0 { random.below(300) } else { random.below(12) };
    let target = random.below(Target::ALL.len() as u32);
    let (count, width) = match Target::ALL[target as usize] {
        Target::Table => (count.min(5), 0),
        Target::Codebook => (1, 0),
        Target::Weight => (count, random.below(4)),
        _ => (count, 0),
    };
    let segment = random.below(2);
    let source = random.below([MODEL_VECTORS, DATA_VECTORS / 2][segment as usize] - count);
    let address = match Target::ALL[target as usize] {
        Target::Activation => random.below(config.activation_vectors() as u32 - count),
        _ => random.below(1 << 14),
    };
    Load { count, target, width, segment, source, address, ..Default::default() }
}

/// A STORE of a few or many vectors.
pub fn store(random: &mut Random, config: &Config) -> Store {
    let count = 1 + if random.below(3) == 0 { random.below(300) } else { random.below(12) };
    let target = DATA_VECTORS / 2 + random.below(DATA_VECTORS / 2 - count);
    let address = random.below(config.activation_vectors() as u32 - count);
    Store { count, target, address, ..Default::default() }
}

/// A pass whose beats are of no meaning.
pub fn pass(random: &mut Random) -> PassCommand {
    let mut pass = PassCommand { head: Compute::default(), ..Default::default() };
    (pass.walk.pixels, pass.walk.width) = (random.below(1 << 24), random.below(1 << 12));
    (pass.walk.ix, pass.gather.count) = (random.below(100) as i32 - 50, random.below(1 << 16));
    (pass.issue.base, pass.scatter.y_back) = (random.below(1 << 16), random.below(1 << 19) as i32);
    pass
}

/// A list that ends: it takes only tokens that were given before.
pub fn random(random: &mut Random, config: &Config) -> Vec<Command> {
    let mut tokens = [[0; 3]; 3];
    let count = 1 + random.below(60);
    // What the codebook holds is known from the list alone.
    let (target, source) = (Target::Codebook as u32, random.below(MODEL_VECTORS));
    let book = Load { target, source, count: 1, ..Default::default() };
    let others = (0..count).map(|_| next(random, config, &mut tokens));
    std::iter::once(Command::Load(book)).chain(others).collect()
}

fn next(random: &mut Random, config: &Config, tokens: &mut [[u32; 3]; 3]) -> Command {
    let mut command = match random.below(5) {
        0 | 1 => Command::Load(load(random, config)),
        2 | 3 => Command::Compute(pass(random)),
        _ => Command::Store(store(random, config)),
    };
    let engine = command.engine() as usize;
    let (mut wait, mut signal) = (0, 0);
    for other in Engine::ALL.map(|other| other as usize).into_iter().filter(|&other| other != engine) {
        if tokens[other][engine] > 0 && random.below(2) == 0 {
            tokens[other][engine] -= 1;
            wait |= 1 << other;
        }
        if random.below(2) == 0 {
            tokens[engine][other] += 1;
            signal |= 1 << other;
        }
    }
    command.set_tokens(wait, signal);
    command
}
