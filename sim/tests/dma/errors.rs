//! Every error of the contract, and that the machine works on after it.

use pleach_sim::memory::{DECERR, Faults, Hostile, MemoryTiming, Pace, SLVERR, Timing};
use pleach_spec::list::{self, Beat, Command, Compute, Engine, Load, PassCommand, Store};
use pleach_spec::register::{self, ENGINE_FETCH, ErrorCode, RunError};

use crate::bench::{Bench, Watch};
use crate::lists::{self, DATA_VECTORS, MODEL_VECTORS, Random};
use crate::{WIDTHS, config};

const LOAD: u32 = Engine::Load as u32;
const COMPUTE: u32 = Engine::Compute as u32;
const STORE: u32 = Engine::Store as u32;

fn exact(axi_bits: usize, random: &mut Random) -> Bench<Pace> {
    let timing = MemoryTiming::default();
    Bench::new(&config(axi_bits), Pace::new(timing), Watch::Cycles(timing), random)
}

fn error(code: ErrorCode, engine: u32, command: u32) -> RunError {
    RunError { code, engine, command }
}

fn encode(commands: &[Command]) -> Vec<Beat> {
    list::encode(commands).expect("fits")
}

fn load(change: impl FnOnce(&mut Load)) -> Command {
    let mut load = Load { target: 3, count: 5, ..Default::default() };
    change(&mut load);
    Command::Load(load)
}

/// Five beats of weights that are stored in fewer bits.
fn narrow(source: u32, width: u32) -> Command {
    load(|load| (load.target, load.source, load.width) = (1, source, width))
}

fn store(change: impl FnOnce(&mut Store)) -> Command {
    let mut store = Store { target: DATA_VECTORS / 2, count: 5, ..Default::default() };
    change(&mut store);
    Command::Store(store)
}

fn pass(wait: u32, signal: u32) -> Command {
    Command::Compute(PassCommand { head: Compute { kind: 0, wait, signal }, ..Default::default() })
}

/// A random list runs as if nothing had been.
fn recovers<T: Timing>(bench: &mut Bench<T>, random: &mut Random, watch: Watch) {
    bench.watch = watch;
    let list = lists::random(random, &bench.config.clone());
    bench.run(&list, random).expect("no error");
    bench.finish();
}

/// Runs a list whose first command is good and which must end in this error, in RTL and in the model.
fn fails(bench: &mut Bench<Pace>, list: &[Beat], expected: RunError) {
    bench.expects_nothing = true;
    assert_eq!(bench.run_beats(list), Err(expected));
    bench.expects_nothing = false;
}

#[test]
fn illegal_commands() {
    let mut random = Random::new(1);
    let mut bench = exact(128, &mut random);
    let good = encode(&[load(|_| ()), store(|_| ())]);
    let bad_beats: Vec<(&str, Vec<Beat>)> = vec![
        ("unknown kind", vec![[15, 0, 0, 0]]),
        ("kind 0", vec![[0, 0, 0, 0]]),
        ("a reserved bit of LOAD", vec![[encode(&[load(|_| ())])[0][0], 0, 1 << 20, 0]]),
        ("an upper reserved bit of LOAD", vec![[encode(&[load(|_| ())])[0][0], 0, 0, 1 << 31]]),
        ("a reserved bit of STORE", vec![[encode(&[store(|_| ())])[0][0] | 1 << 12, 0, 0, 0]]),
        ("a reserved bit of COMPUTE", [vec![[2, 1, 0, 0]], vec![[0; 4]; 6]].concat()),
        ("no beats", encode(&[load(|load| load.count = 0)])),
        ("no vectors", encode(&[store(|store| store.count = 0)])),
        ("unknown target", encode(&[load(|load| load.target = 7)])),
        ("a width of what is no weight", encode(&[load(|load| load.width = 1)])),
        (
            "a codebook with a width",
            encode(&[load(|load| (load.target, load.count, load.width) = (6, 1, 3))]),
        ),
        ("a codebook of two beats", encode(&[load(|load| (load.target, load.count) = (6, 2))])),
        ("a codebook of no beat", encode(&[load(|load| (load.target, load.count) = (6, 0))])),
        ("a long codebook", encode(&[load(|load| (load.target, load.count) = (6, 257))])),
        ("LOAD waits for itself", encode(&[load(|load| load.wait = 1)])),
        ("LOAD signals itself", encode(&[load(|load| load.signal = 1)])),
        ("COMPUTE waits for itself", encode(&[pass(2, 0)])),
        ("COMPUTE signals itself", encode(&[pass(0, 2)])),
        ("STORE waits for itself", encode(&[store(|store| store.wait = 4)])),
        ("STORE signals itself", encode(&[store(|store| store.signal = 4)])),
        ("the list ends after a head", encode(&[pass(0, 0)])[..1].to_vec()),
        ("the list ends inside", encode(&[pass(0, 0)])[..6].to_vec()),
    ];
    for (what, bad) in bad_beats {
        eprintln!("{what}");
        let list = [good.clone(), bad].concat();
        fails(&mut bench, &list, error(ErrorCode::Illegal, ENGINE_FETCH, 2));
    }
    let watch = bench.watch;
    recovers(&mut bench, &mut random, watch);
}

#[test]
fn accesses_out_of_bounds() {
    for axi_bits in [64, 512] {
        let mut random = Random::new(2);
        let mut bench = exact(axi_bits, &mut random);
        let model_size = bench.setup.segments[0].size;
        let vectors = bench.config.activation_vectors() as u32;
        let ok = |source: u32, segment: u32| load(|load| (load.source, load.segment) = (source, segment));
        let cases = [
            (ok(model_size - 4, 0), LOAD),
            (ok(DATA_VECTORS - 4, 1), LOAD),
            (ok(u32::MAX, 1), LOAD),
            (load(|load| (load.target, load.address) = (0, vectors - 4)), LOAD),
            (narrow(model_size - 2, 1), LOAD),
            (narrow(model_size - 1, 2), LOAD),
            (narrow(model_size, 3), LOAD),
            (narrow(u32::MAX, 2), LOAD),
            (store(|store| store.target = DATA_VECTORS - 4), STORE),
            (store(|store| store.target = u32::MAX), STORE),
        ];
        for (bad, engine) in cases {
            let list = encode(&[pass(0, 0), bad]);
            fails(&mut bench, &list, error(ErrorCode::Bounds, engine, 1));
        }
        for (source, width) in [(model_size - 3, 1), (model_size - 2, 2), (model_size - 1, 3)] {
            let book = load(|load| (load.target, load.count) = (6, 1));
            bench.run(&[book, narrow(source, width)], &mut random).expect("no error");
        }
        // The last beats of all are in bounds.
        let ends = [
            ok(model_size - 5, 0),
            ok(DATA_VECTORS - 5, 1),
            load(|load| (load.target, load.address) = (0, vectors - 5)),
        ];
        bench.run(&ends, &mut random).expect("no error");
        bench.run(&[store(|store| store.target = DATA_VECTORS - 5)], &mut random).expect("no error");

        let offset = std::mem::replace(&mut bench.setup.list_offset, model_size - 3);
        fails(&mut bench, &[[0; 4]; 4], error(ErrorCode::Bounds, ENGINE_FETCH, 0));
        bench.setup.list_offset = offset;
        let watch = bench.watch;
        recovers(&mut bench, &mut random, watch);
    }
}

#[test]
fn error_responses() {
    for axi_bits in WIDTHS {
        let mut random = Random::new(3);
        let mut bench = exact(axi_bits, &mut random);
        let watch = std::mem::replace(&mut bench.watch, Watch::Nothing);
        let at = |bench: &Bench<Pace>, segment: usize, vector: u32| {
            let first = bench.setup.segments[segment].base + 16 * u64::from(vector);
            first..first + 16
        };
        let loads =
            [load(|load| load.count = 90), load(|load| (load.source, load.count) = (200, 90)), pass(0, 0)];
        // Beyond the error the list goes on, so that bursts are under way.
        let list = encode(&[loads.as_slice(), &[load(|load| load.source = 100)]].concat());

        bench.memory.failing = vec![(at(&bench, 0, 260), SLVERR)];
        assert_eq!(bench.run_beats(&list), Err(error(ErrorCode::Read, LOAD, 1)));
        bench.memory.failing = vec![(at(&bench, 0, MODEL_VECTORS + 100), DECERR)];
        let long = encode(&[load(|_| ()); 150]);
        let Err(found) = bench.run_beats(&long) else { panic!("no error") };
        assert_eq!((found.code, found.engine), (ErrorCode::Read, ENGINE_FETCH));
        assert!((96..=100).contains(&found.command), "{found}");

        bench.memory.failing = vec![(at(&bench, 1, DATA_VECTORS / 2 + 70), SLVERR)];
        let stores = [store(|_| ()), store(|store| store.count = 200), store(|_| ())];
        assert_eq!(bench.run_beats(&encode(&stores)), Err(error(ErrorCode::Write, STORE, 1)));
        bench.memory.failing.clear();
        // The model did not run along; a new one would be at another place of the refresh interval.
        let contents = if let Watch::Cycles(_) = watch { Watch::Contents } else { watch };
        recovers(&mut bench, &mut random, contents);
    }
}

#[test]
fn too_many_tokens() {
    let mut random = Random::new(4);
    let mut bench = exact(256, &mut random);
    let giving = |engine: u32| match engine {
        LOAD => load(|load| (load.count, load.signal) = (1, 2)),
        COMPUTE => pass(0, 4),
        _ => store(|store| (store.count, store.signal) = (1, 3)),
    };
    for engine in [LOAD, COMPUTE, STORE] {
        bench.run(&[giving(engine); 255], &mut random).expect("as many as there may be");
        fails(&mut bench, &encode(&[giving(engine); 256]), error(ErrorCode::Tokens, engine, 255));
    }
    let watch = bench.watch;
    recovers(&mut bench, &mut random, watch);
}

#[test]
fn deadlocks() {
    let mut random = Random::new(5);
    let mut bench = exact(128, &mut random);
    let cases = [
        vec![load(|load| load.wait = 2)],
        vec![pass(0, 0), pass(4, 0)],
        vec![load(|_| ()), store(|store| store.wait = 3), pass(1, 4)],
        // More commands than the queue has places, and the one that would help behind them.
        [vec![load(|load| load.wait = 2); 17], vec![pass(0, 1)]].concat(),
        [vec![pass(4, 0); 9], vec![store(|store| store.signal = 2)]].concat(),
    ];
    for (case, handed_out) in cases.into_iter().zip([1, 2, 3, 16, 8]) {
        fails(&mut bench, &encode(&case), error(ErrorCode::Deadlock, ENGINE_FETCH, handed_out));
    }
    let watch = bench.watch;
    recovers(&mut bench, &mut random, watch);
}

#[test]
fn a_pass_that_is_never_done_is_seen_by_the_watchdog() {
    let mut random = Random::new(6);
    let mut bench = exact(128, &mut random);
    (bench.hangs, bench.setup.watchdog_cycles) = (true, 3000);
    let list = encode(&[load(|_| ()), pass(0, 0), load(|load| load.wait = 2)]);
    fails(&mut bench, &list, error(ErrorCode::Watchdog, ENGINE_FETCH, 3));
    (bench.hangs, bench.setup.watchdog_cycles) = (false, 0);
    let watch = bench.watch;
    recovers(&mut bench, &mut random, watch);
}

#[test]
fn a_memory_that_never_answers_is_told_while_the_run_cannot_end() {
    let mut random = Random::new(7);
    let faults = Faults { silent: std::iter::once(0..u64::MAX).collect(), ..Faults::default() };
    let mut bench = Bench::new(&config(128), Hostile::new(7, 12, faults), Watch::Nothing, &mut random);
    bench.setup.watchdog_cycles = 500;
    bench.start(&encode(&[load(|_| ())]));
    for _ in 0..2000 {
        bench.step();
    }
    assert_eq!(bench.read(register::STATUS), register::STATUS_BUSY | register::STATUS_ERROR);
    assert_eq!(bench.read(register::ERROR), ErrorCode::Watchdog as u32 | ENGINE_FETCH << 8);
    assert_eq!(bench.read(register::INTERRUPT_STATUS), register::INTERRUPT_ERROR);
}

#[test]
fn stop_and_reset_with_transactions_under_way() {
    for axi_bits in WIDTHS {
        let mut random = Random::new(8);
        let memory = Hostile::new(8, 7, Faults::default());
        let mut bench = Bench::new(&config(axi_bits), memory, Watch::Nothing, &mut random);
        for attempt in 0..24 {
            let list = lists::random(&mut random, &bench.config.clone());
            bench.watch = Watch::Nothing;
            bench.start(&encode(&[list.as_slice(), &[pass(0, 0)]].concat()));
            bench.hangs = attempt % 3 > 0;
            for _ in 0..random.below(1500) {
                bench.step();
            }
            if attempt % 2 == 0 {
                bench.write(register::CONTROL, register::CONTROL_STOP);
                let ended = bench.end();
                assert!(
                    ended.is_ok() && !bench.hangs
                        || ended.is_err_and(|error| error.code == ErrorCode::Stopped)
                );
            } else {
                bench.write(register::CONTROL, register::CONTROL_RESET);
                while bench.read(register::STATUS) & register::STATUS_BUSY != 0 {}
                assert_eq!(bench.read(register::STATUS), 0);
                assert_eq!(bench.read(register::ERROR), 0);
                bench.write(register::INTERRUPT_STATUS, u32::MAX);
            }
            bench.hangs = false;
            recovers(&mut bench, &mut random, Watch::Contents);
        }
    }
}

#[test]
fn registers_tell_what_was_built() {
    let mut random = Random::new(9);
    let mut bench = exact(512, &mut random);
    let config = bench.config.clone();
    for (offset, value) in [
        (register::MAGIC, u32::from_le_bytes(*b"PLCH")),
        (register::VERSION, register::CONTRACT_VERSION),
        (register::BUILD_HASH, 0x1234_5678),
        (
            register::GEOMETRY,
            (config.rows | config.columns << 8 | config.window << 16 | config.chunk << 24) as u32,
        ),
        (register::FINGERPRINT, config.fingerprint()),
        (register::ACTIVATION_DEPTH, config.activation_depth as u32),
        (register::PASS_DEPTH, config.pass_depth as u32),
        (register::AXI_BITS, 512),
        (register::CLOCK_MHZ, config.clock_mhz),
        (register::CONTROL, 0),
        (register::STATUS, 0),
        (0xfc, 0),
        (0x104, 0),
    ] {
        assert_eq!(bench.read(offset), value, "register at {offset:#x}");
    }
    for (index, register) in register::REGISTERS.iter().enumerate().filter(|(_, register)| register.writable)
    {
        let held = [register::CONTROL, register::INTERRUPT_ENABLE, register::INTERRUPT_STATUS];
        if !held.contains(&register.offset) {
            bench.write(register.offset, 0x8765_0000 + index as u32);
            assert_eq!(bench.read(register.offset), 0x8765_0000 + index as u32, "{}", register.name);
        }
    }
}
