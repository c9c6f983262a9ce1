//! Every error of the contract on the Verilated accelerator: the right code, engine and command, the same as the fast model's
//! where that can tell, the interrupt, and a good run afterwards.

use crate::program::{Program, encode};
use crate::{exact, hostile, recovers};
use pleach_sim::memory::{DECERR, SLVERR};
use pleach_spec::VECTOR;
use pleach_spec::list::{Beat, Command, Compute, Engine, Image, Load, PassCommand, Store, Target};
use pleach_spec::register::{ENGINE_FETCH, ErrorCode, RunError};
use pleach_tests::pair::Pair;
use pleach_tests::random::Random;
use std::ops::Range;

const LOAD: u32 = Engine::Load as u32;
const STORE: u32 = Engine::Store as u32;

fn error(code: ErrorCode, engine: u32, command: u32) -> RunError {
    RunError { code, engine, command }
}

fn load(change: impl FnOnce(&mut Load)) -> Command {
    let mut load = Load { target: Target::Table as u32, count: 5, ..Load::default() };
    change(&mut load);
    Command::Load(load)
}

fn codebook(change: impl FnOnce(&mut Load)) -> Command {
    load(|load| {
        (load.target, load.count) = (Target::Codebook as u32, 1);
        change(load);
    })
}

fn store(change: impl FnOnce(&mut Store)) -> Command {
    let mut store = Store { count: 5, ..Store::default() };
    change(&mut store);
    Command::Store(store)
}

fn pass(wait: u32, signal: u32) -> Command {
    Command::Compute(PassCommand { head: Compute { kind: 0, wait, signal }, ..PassCommand::default() })
}

/// Runs a program that must end in this error on both models.
fn fails(pair: &mut Pair, image: &Image, data: &[[i8; VECTOR]], expected: RunError) {
    let mut fast = pair.fast(image, data);
    let timing = fast.timing();
    assert_eq!(timing.error, Some(expected), "the fast model");
    pair.start(image, data);
    let ending = pair.end(image.list.len());
    assert_eq!(ending.error, Some(expected), "the RTL");
    if pair.is_exact() {
        assert_eq!(ending.cycles, timing.memory_side.cycles, "{expected}");
    }
}

/// What no command may begin with, or where the list may not end.
fn illegal() -> Vec<(&'static str, Vec<Beat>)> {
    let head = |command: Command| encode(&[command])[0];
    let [load_head, store_head, pass_head] = [load(|_| ()), store(|_| ()), pass(0, 0)].map(head);
    let set = |mut beat: Beat, word: usize, bit: u32| {
        beat[word] |= 1 << bit;
        vec![beat]
    };
    vec![
        ("kind 0", vec![[0; 4]]),
        ("unknown kind", vec![[15, 0, 0, 0]]),
        ("a reserved bit of LOAD", set(load_head, 2, 20)),
        ("an upper reserved bit of LOAD", set(load_head, 3, 31)),
        ("a reserved bit of STORE", set(store_head, 0, 12)),
        ("an upper reserved bit of STORE", set(store_head, 2, 20)),
        ("a reserved bit of COMPUTE", [set(pass_head, 1, 0), vec![[0; 4]; 6]].concat()),
        ("no beats", encode(&[load(|load| load.count = 0)])),
        ("no vectors", encode(&[store(|store| store.count = 0)])),
        ("an unknown target", encode(&[load(|load| load.target = 7)])),
        ("a width of what is no weight", encode(&[load(|load| load.width = 2)])),
        ("a codebook with a width", encode(&[codebook(|load| load.width = 1)])),
        ("a codebook of two beats", encode(&[codebook(|load| load.count = 2)])),
        ("a codebook of no beat", encode(&[codebook(|load| load.count = 0)])),
        ("LOAD waits for itself", encode(&[load(|load| load.wait = 1)])),
        ("LOAD signals itself", encode(&[load(|load| load.signal = 1)])),
        ("COMPUTE waits for itself", encode(&[pass(2, 0)])),
        ("COMPUTE signals itself", encode(&[pass(0, 2)])),
        ("STORE waits for itself", encode(&[store(|store| store.wait = 4)])),
        ("STORE signals itself", encode(&[store(|store| store.signal = 4)])),
    ]
}

fn illegal_commands(pair: &mut Pair) {
    let mut random = Random(1);
    for (what, bad) in illegal() {
        eprintln!("{what}");
        let program = Program::passes(pair.config(), &mut random);
        let (image, command) = program.with_inserted(&bad, &mut random);
        fails(pair, &image, &program.data, error(ErrorCode::Illegal, ENGINE_FETCH, command));
        recovers(pair, &mut random);
    }
    for length in 1..7 {
        let program = Program::passes(pair.config(), &mut random);
        let mut beats = encode(&program.commands);
        beats.extend(&encode(&[pass(0, 0)])[..length]);
        let expected = error(ErrorCode::Illegal, ENGINE_FETCH, program.commands.len() as u32);
        fails(pair, &program.with_beats(beats), &program.data, expected);
        recovers(pair, &mut random);
    }
}

fn accesses_out_of_bounds(pair: &mut Pair) {
    let mut random = Random(2);
    let vectors = pair.config().activation_vectors() as u32;
    for case in 0..6 {
        let program = Program::passes(pair.config(), &mut random);
        // The list is one beat longer by the command that is put into it.
        let sizes = [program.image.model.len() as u32 + 1, program.image.data_vectors as u32];
        let ok = |segment: u32, source: u32| load(|load| (load.segment, load.source) = (segment, source));
        let (bad, engine) = match case {
            0 => (ok(0, sizes[0] - 4), LOAD),
            1 => (ok(1, sizes[1] - 4), LOAD),
            2 => (ok(1, u32::MAX), LOAD),
            3 => (load(|load| (load.target, load.address) = (0, vectors - 4)), LOAD),
            4 => (store(|store| store.target = sizes[1] - 4), STORE),
            _ => (store(|store| store.target = u32::MAX), STORE),
        };
        let (image, command) = program.with_inserted(&encode(&[bad]), &mut random);
        fails(pair, &image, &program.data, error(ErrorCode::Bounds, engine, command));
        recovers(pair, &mut random);
    }
    let Program { mut image, data, .. } = Program::passes(pair.config(), &mut random);
    image.list.end += 1;
    fails(pair, &image, &data, error(ErrorCode::Bounds, ENGINE_FETCH, 0));
    recovers(pair, &mut random);
}

/// The first command of an engine that touches a bus word in which these bytes are.
fn first_touching(pair: &Pair, program: &Program, engine: Engine, bytes: &Range<u64>) -> u32 {
    let word = pair.config().axi_bits as u64 / 8;
    let touches = |segment: u32, first: u32, count: u32| {
        let start = pair.bases()[segment as usize] + 16 * u64::from(first);
        let end = start + 16 * u64::from(count);
        start / word <= (bytes.end - 1) / word && bytes.start / word <= (end - 1) / word
    };
    let found = program.commands.iter().position(|command| match command {
        Command::Load(load) if engine == Engine::Load => {
            touches(load.segment, load.source, load.beats_read())
        }
        Command::Store(store) if engine == Engine::Store => touches(1, store.target, store.count),
        _ => false,
    });
    found.expect("a command that touches the bytes") as u32
}

/// Runs a program some of whose transfers fail.
fn fails_at(pair: &mut Pair, program: &Program, bytes: Range<u64>, response: u8) -> RunError {
    pair.rtl.memory().failing = vec![(bytes, response)];
    pair.start(&program.image, &program.data);
    let ending = pair.end(program.commands.len());
    pair.rtl.memory().failing.clear();
    ending.error.expect("an error")
}

fn error_responses(pair: &mut Pair) {
    let mut random = Random(3);
    for response in [SLVERR, DECERR].repeat(4) {
        let program = Program::passes(pair.config(), &mut random);
        let bases = pair.bases();
        let vector = |segment: usize, vector: u32| {
            let start = bases[segment] + 16 * u64::from(vector);
            start..start + 16
        };
        let middle = |random: &mut Random, engine: Engine| {
            let mut of_engine = program.commands.iter().filter(|command| command.engine() == engine);
            let count = of_engine.clone().count();
            // The last LOAD may share a bus word with the list.
            let place = random.below(count - usize::from(engine == Engine::Load));
            match of_engine.nth(place).expect("it was counted") {
                Command::Load(load) => vector(load.segment as usize, load.source + load.beats_read() / 2),
                Command::Store(store) => vector(1, store.target + store.count / 2),
                Command::Compute(_) => unreachable!("COMPUTE transfers nothing"),
            }
        };
        for (engine, code) in [(Engine::Load, ErrorCode::Read), (Engine::Store, ErrorCode::Write)] {
            let bytes = middle(&mut random, engine);
            let expected = error(code, engine as u32, first_touching(pair, &program, engine, &bytes));
            assert_eq!(fails_at(pair, &program, bytes, response), expected);
            recovers(pair, &mut random);
        }
        let place = random.below(program.commands.len());
        let beats = encode(&program.commands[..place]).len();
        let bytes = vector(0, (program.image.list.start + beats) as u32);
        let found = fails_at(pair, &program, bytes, response);
        assert_eq!((found.code, found.engine), (ErrorCode::Read, ENGINE_FETCH));
        assert!(found.command as usize <= place, "{found}, beyond {place}");
        recovers(pair, &mut random);
    }
}

fn too_many_tokens(pair: &mut Pair) {
    let mut random = Random(4);
    for engine in Engine::ALL {
        let program = Program::passes(pair.config(), &mut random);
        let whole = |pass: &&PassCommand| pass.issue.partial == 0 && pass.issue.accumulate == 0;
        let mut giving = match engine {
            Engine::Load => load(|load| load.count = 1),
            Engine::Store => store(|store| store.count = 1),
            Engine::Compute => {
                let passes = program.commands.iter().filter_map(|command| match command {
                    Command::Compute(pass) => Some(pass),
                    _ => None,
                });
                match passes.filter(whole).min_by_key(|pass| pass.issue.count * pass.issue.tiles) {
                    Some(&pass) => Command::Compute(pass),
                    None => continue,
                }
            }
        };
        let other = (engine as u32 + 1 + random.below(2) as u32) % 3;
        giving.set_tokens(0, 1 << other);
        let (good, first) = (&program.commands, program.commands.len() as u32);
        let as_many_as_there_may_be = program.with_commands(&[good.as_slice(), &[giving; 255]].concat());
        pair.compare(&as_many_as_there_may_be, &program.data, program.data.len());
        let too_many = program.with_commands(&[good.as_slice(), &[giving; 256]].concat());
        fails(pair, &too_many, &program.data, error(ErrorCode::Tokens, engine as u32, first + 255));
        recovers(pair, &mut random);
    }
}

fn deadlocks(pair: &mut Pair) {
    let mut random = Random(5);
    let program = Program::passes(pair.config(), &mut random);
    let first = program.commands.len() as u32;
    let cases = [
        (vec![load(|load| load.wait = 2)], 1),
        (vec![pass(4, 0)], 1),
        (vec![load(|_| ()), store(|store| store.wait = 3), pass(1, 4)], 3),
        // More commands than the queue has places, and the one that would help behind them.
        ([vec![load(|load| load.wait = 2); 17], vec![pass(0, 1)]].concat(), 16),
        ([vec![store(|store| store.wait = 1); 17], vec![load(|load| load.signal = 4)]].concat(), 16),
    ];
    for (case, handed_out) in cases {
        let image = program.with_commands(&[program.commands.as_slice(), &case].concat());
        let expected = error(ErrorCode::Deadlock, ENGINE_FETCH, first + handed_out);
        fails(pair, &image, &program.data, expected);
        recovers(pair, &mut random);
    }
}

fn a_pass_that_is_never_done(pair: &mut Pair) {
    let mut random = Random(6);
    for _ in 0..3 {
        let program = Program::passes(pair.config(), &mut random);
        let mut commands = program.commands.clone();
        let passes = commands.iter_mut().filter_map(|command| match command {
            Command::Compute(pass) => Some(pass),
            _ => None,
        });
        let mut passes: Vec<_> = passes.collect();
        let place = random.below(passes.len());
        // It waits for itself.
        passes[place].gather.after = place as u32 + 1;
        let expected = error(ErrorCode::Watchdog, ENGINE_FETCH, commands.len() as u32);
        fails(pair, &program.with_commands(&commands), &program.data, expected);
        recovers(pair, &mut random);
    }
}

fn every_error(pair: &mut Pair) {
    illegal_commands(pair);
    accesses_out_of_bounds(pair);
    error_responses(pair);
    too_many_tokens(pair);
    deadlocks(pair);
    a_pass_that_is_never_done(pair);
}

#[test]
fn with_the_memory_of_the_fast_model() {
    for mut pair in exact() {
        every_error(&mut pair);
    }
}

#[test]
fn with_a_hostile_memory() {
    for mut pair in hostile() {
        every_error(&mut pair);
    }
}
