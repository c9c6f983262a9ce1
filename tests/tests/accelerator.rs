//! The Verilated accelerator against the fast one: command lists through AXI, every byte and every counter.

use pleach_host::compile::{CompileError, compile_list};
use pleach_sim::device::{Accelerator, FastAccelerator, RtlAccelerator};
use pleach_sim::fast::Machine;
use pleach_sim::memory::{Faults, MemoryTiming};
use pleach_sim::rtl::Behaviour;
use pleach_spec::list::Image;
use pleach_spec::{Config, VECTOR};
use pleach_tests::networks::{Size, network, random_map};
use pleach_tests::passes::{self, list};
use pleach_tests::random::Random;
use pleach_tests::{deep, depth};

fn machine(config: &Config) -> Machine {
    Machine {
        config: config.clone(),
        memory: MemoryTiming::default(),
        bases: [0x1_0000_0400, 0x9_0000_0010],
        watchdog_cycles: 1 << 20,
    }
}

fn mini() -> Config {
    Config { activation_depth: 512, ..Config::resolve("mini").expect("built in") }
}

/// What must be equal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Equal {
    Bytes,
    BytesAndCounters,
}

/// Runs a program on both with the same segment 1, and compares so many vectors of it.
fn compare(
    image: &Image,
    data: &[[i8; VECTOR]],
    vectors: usize,
    (rtl, fast): (&mut RtlAccelerator, &mut FastAccelerator),
    equal: Equal,
) {
    let run = |accelerator: &mut dyn Accelerator| {
        accelerator.load(image).unwrap();
        accelerator.write(0, data).unwrap();
        let counters = accelerator.run().unwrap();
        (accelerator.read(0, vectors).unwrap(), counters)
    };
    let (expected, expected_counters) = run(fast);
    let (found, counters) = run(rtl);
    let different = found.iter().zip(&expected).position(|(a, b)| a != b);
    assert_eq!(different, None, "first vector of segment 1 that differs");
    if equal == Equal::BytesAndCounters {
        assert_eq!(counters, expected_counters);
    }
    assert_eq!(rtl.memory().violations(), [] as [String; 0]);
}

fn random_lists(config: &Config, rtl: &mut RtlAccelerator, count: u32, equal: Equal) {
    let mut fast = FastAccelerator::with_machine(machine(config));
    for seed in 0..u64::from(count) {
        let mut random = Random(seed * 77 + 5);
        let case = passes::run(1 + random.below(6), random.bits(), config);
        let program = list::list(&case, config, &mut random);
        // Behind the activations are results that races decide.
        let vectors = 2 * case.activations.len();
        compare(&program.image, &case.activations, vectors, (rtl, &mut fast), equal);
    }
}

#[test]
fn random_passes_as_lists() {
    let config = mini();
    let mut rtl = RtlAccelerator::new(machine(&config), Behaviour::Paced).unwrap();
    random_lists(&config, &mut rtl, depth(24).cases, Equal::BytesAndCounters);
}

#[test]
fn a_hostile_memory_changes_no_bit() {
    let config = mini();
    let behaviour = Behaviour::Hostile { seed: 1, eagerness: 6, faults: Faults::default() };
    let mut rtl = RtlAccelerator::new(machine(&config), behaviour).unwrap();
    random_lists(&config, &mut rtl, depth(16).cases, Equal::Bytes);
}

#[test]
fn random_networks() {
    let config = Config { activation_depth: 128, word_depth: 1024, ..mini() };
    let mut rtl = RtlAccelerator::new(machine(&config), Behaviour::Paced).unwrap();
    let mut fast = FastAccelerator::with_machine(machine(&config));
    let mut compiled = 0;
    for seed in 0..u64::from(depth(24).cases) {
        let mut random = Random(seed * 991 + 3);
        let size =
            Size { layers: 1 + random.below(8), channels: 1 + random.below(40), side: 1 + random.below(14) };
        let network = network(size, &mut random);
        let program = match compile_list(&network, &config) {
            Err(CompileError::Activations { .. } | CompileError::Pass { .. }) => continue,
            other => other.unwrap(),
        };
        compiled += 1;
        let shape = network.tensors[network.input].shape;
        let mut data = vec![[0; VECTOR]; program.image.data_vectors];
        let packed = program.input.pack(&random_map(shape, &mut random));
        data[program.input.base..][..packed.len()].copy_from_slice(&packed);
        compare(&program.image, &data, data.len(), (&mut rtl, &mut fast), Equal::BytesAndCounters);
    }
    assert!(compiled > 0);
}

#[test]
fn other_geometries() {
    if deep().is_none() {
        return;
    }
    for (rows, columns, window, chunk, axi_bits) in [
        (8, 8, 16, 8, 64),
        (4, 16, 32, 8, 256),
        (8, 32, 16, 8, 512),
        (8, 32, 32, 16, 128),
        (16, 16, 16, 16, 512),
    ] {
        let config = Config { rows, columns, window, chunk, axi_bits, ..mini() };
        let mut rtl = RtlAccelerator::new(machine(&config), Behaviour::Paced).unwrap();
        random_lists(&config, &mut rtl, 8, Equal::BytesAndCounters);
    }
}
