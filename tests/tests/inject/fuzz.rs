//! Lists that no compiler would write.

use crate::program::{Program, encode};
use crate::{exact, hostile, recovers};
use pleach_spec::list::{
    self, Beat, Command, Compute, Image, KIND_COMPUTE, KIND_LOAD, Load, PassCommand, Store, reserved_bits,
};
use pleach_tests::depth;
use pleach_tests::pair::Pair;
use pleach_tests::random::Random;

/// What the fast model can say of a damaged list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// How it ends, and when.
    Ending,
    /// Nothing: passes mean something else than they should, or engines do not wait for each other.
    Nothing,
}

/// Runs a damaged program: it ends, keeps the rules of the bus, and the next run is right.
fn survives(pair: &mut Pair, program: &Program, image: &Image, known: Known, random: &mut Random) {
    let mut fast = pair.fast(image, &program.data);
    let timing = fast.timing();
    pair.start(image, &program.data);
    let ending = pair.end(image.list.len());
    // A pass may be released before a LOAD ahead of it in the list is seen to be bad: then the model does not know what it does.
    if known == Known::Ending && pair.is_exact() && timing.regular {
        assert_eq!(ending.error, timing.error);
        assert_eq!(ending.cycles, timing.memory_side.cycles, "{:?}", ending.error);
    }
    recovers(pair, random);
}

fn any_beat(random: &mut Random) -> Beat {
    std::array::from_fn(|_| random.bits() as u32)
}

/// A beat that can begin a command, but for what its fields say.
fn any_head(kind: u32, random: &mut Random) -> Beat {
    let reserved = match kind {
        KIND_LOAD => reserved_bits::<Load>(),
        KIND_COMPUTE => reserved_bits::<Compute>(),
        _ => reserved_bits::<Store>(),
    };
    let mut beat = any_beat(random);
    for (word, reserved) in beat.iter_mut().zip(reserved) {
        *word &= !reserved;
    }
    beat[0] = beat[0] & !15 | kind;
    beat
}

/// A transfer of which each field is right more often than not.
fn transfer(program: &Program, random: &mut Random) -> Command {
    let likely = |usual: u32, random: &mut Random| match random.percent(97) {
        true => usual,
        false => random.bits() as u32,
    };
    let count = likely(1 + random.below(80) as u32, random) & 0xffff;
    let address = likely(random.below(1900) as u32, random) & 0xf_ffff;
    let tokens = |own: u32, random: &mut Random| match random.percent(15) {
        true => random.below(8) as u32 & !own,
        false => 0,
    };
    if random.percent(50) {
        let segment = random.below(2) as u32;
        let size = [program.image.model.len(), program.data.len()][segment as usize];
        let (wait, signal, target) = (0, tokens(1, random), random.below(6) as u32);
        let source = likely(random.below(size) as u32, random);
        Command::Load(Load { wait, signal, target, segment, count, source, address, ..Load::default() })
    } else {
        let target = likely(random.below(program.image.data_vectors) as u32, random);
        let (wait, signal) = (tokens(6, random), tokens(4, random));
        Command::Store(Store { wait, signal, count, target, address, ..Store::default() })
    }
}

/// Commands of LOAD and STORE alone: whatever they say, the fast model knows what becomes of it.
fn transfers(pair: &mut Pair) {
    let mut random = Random(21);
    for _ in 0..depth(24).cases {
        let program = Program::passes(pair.config(), &mut random);
        let count = 1 + random.below(60);
        let commands: Vec<_> = (0..count).map(|_| transfer(&program, &mut random)).collect();
        let image = program.with_commands(&commands);
        survives(pair, &program, &image, Known::Ending, &mut random);
    }
}

/// Beats without any sense, and with little.
fn random_beats(pair: &mut Pair) {
    let mut random = Random(22);
    for _ in 0..depth(16).cases {
        let program = Program::passes(pair.config(), &mut random);
        let mut beats = encode(&program.commands[..random.below(program.commands.len())]);
        for _ in 0..1 + random.below(20) {
            match random.below(10) {
                0 => beats.push(any_beat(&mut random)),
                1..=3 => beats.push(any_head(1 + random.below(3) as u32, &mut random)),
                4 => beats.extend(encode(&[Command::Compute(any_pass(&program, &mut random))])),
                _ => beats.extend(encode(&[transfer(&program, &mut random)])),
            }
        }
        survives(pair, &program, &program.with_beats(beats), Known::Nothing, &mut random);
    }
}

/// A pass of the program, some of whose beats come from another command or from nowhere.
fn any_pass(program: &Program, random: &mut Random) -> PassCommand {
    let passes: Vec<_> = program.commands.iter().filter(|c| matches!(c, Command::Compute(_))).collect();
    let mut beats = encode(&[*passes[random.below(passes.len())]]);
    let place = 1 + random.below(6);
    beats[place] = any_beat(random);
    match list::decode(&beats).as_deref() {
        Ok(&[Command::Compute(pass)]) => pass,
        other => unreachable!("a command is still one: {other:?}"),
    }
}

/// A program of either source.
fn program(pair: &Pair, random: &mut Random) -> Program {
    match random.percent(50) {
        true => Program::passes(pair.config(), random),
        false => Program::network(pair.config(), random),
    }
}

/// Bits that change anywhere in the list, or in what it loads.
fn flipped_bits(pair: &mut Pair) {
    let mut random = Random(23);
    for _ in 0..depth(32).cases {
        let program = program(pair, &mut random);
        let mut image = program.image.clone();
        for _ in 0..1 + random.below(5) {
            let beats = if random.percent(70) { image.list.clone() } else { 0..image.model.len() };
            let beat = beats.start + random.below(beats.len());
            image.model[beat][random.below(4)] ^= 1 << random.below(32);
        }
        survives(pair, &program, &image, Known::Nothing, &mut random);
    }
}

/// A list damaged in one place so that the fast model still knows what happens: commands refused, more waiting, a list cut short.
fn sharp_damage(pair: &mut Pair) {
    let mut random = Random(24);
    for _ in 0..depth(32).cases {
        let program = program(pair, &mut random);
        let mut commands = program.commands.clone();
        let place = random.below(commands.len());
        let (wait, signal) = commands[place].tokens();
        let own = 1 << commands[place].engine() as u32;
        match (random.below(4), &mut commands[place]) {
            (0, command) => command.set_tokens(wait | (1 << random.below(3)) & !own, signal),
            (1, Command::Load(load)) => load.source |= 1 << (20 + random.below(12)),
            (1, Command::Store(store)) => store.target |= 1 << (20 + random.below(12)),
            (2, Command::Load(load)) => load.count = 0,
            (2, Command::Store(store)) => store.count = 0,
            (_, command) => command.set_tokens(wait | own, signal),
        }
        let mut beats = encode(&commands);
        if random.percent(30) {
            beats.truncate(1 + random.below(beats.len()));
        }
        survives(pair, &program, &program.with_beats(beats), Known::Ending, &mut random);
    }
}

fn every_damage(pair: &mut Pair) {
    transfers(pair);
    random_beats(pair);
    flipped_bits(pair);
    sharp_damage(pair);
}

#[test]
fn with_the_memory_of_the_fast_model() {
    exact().for_each(|mut pair| every_damage(&mut pair));
}

#[test]
fn with_a_hostile_memory() {
    hostile().for_each(|mut pair| every_damage(&mut pair));
}
