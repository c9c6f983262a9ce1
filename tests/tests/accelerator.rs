//! The Verilated accelerator against the fast one: command lists through AXI, every byte and every counter.

use pleach_hdl::units::Unit;
use pleach_host::compile::{CompileError, compile_list};
use pleach_sim::device::{Accelerator, DeviceError, RtlAccelerator};
use pleach_sim::memory::{Faults, MemoryTiming};
use pleach_sim::rtl::{Behaviour, Model, Verilate};
use pleach_spec::list::Image;
use pleach_spec::{Config, VECTOR};
use pleach_tests::networks::{Size, network, random_map};
use pleach_tests::pair::{Pair, machine, mini};
use pleach_tests::random::Random;
use pleach_tests::{deep, depth};

fn random_lists(pair: &mut Pair, count: u32) {
    for seed in 0..u64::from(count) {
        let mut random = Random(seed * 77 + 5);
        let passes = 1 + random.below(6);
        pair.compare_random(passes, &mut random);
    }
}

/// Any memory that a data sheet could promise, slow and fast.
fn memory_timing(random: &mut Random) -> MemoryTiming {
    let [numerator, denominator] = [[1, 1], [9, 10], [3, 4], [1, 2], [1, 3], [1, 4]][random.below(6)];
    let latency_cycles = if random.percent(40) { 1 + random.below(8) } else { 1 + random.below(200) } as u64;
    let refresh_interval = if random.percent(60) { 60 + random.below(2000) as u64 } else { 0 };
    MemoryTiming {
        latency_cycles,
        numerator,
        denominator,
        refresh_interval,
        refresh_cycles: 1 + random.below(50) as u64,
    }
}

fn lists_on_any_memory(pair: &mut Pair, count: u32) {
    let mut random = Random(91);
    for _ in 0..count {
        pair.set_memory_timing(memory_timing(&mut random));
        let passes = 1 + random.below(6);
        pair.compare_random(passes, &mut random);
    }
}

#[test]
fn random_passes_as_lists() {
    random_lists(&mut Pair::new(machine(&mini()), Behaviour::Paced), depth(24).cases);
}

#[test]
fn slow_and_fast_memories() {
    lists_on_any_memory(&mut Pair::new(machine(&mini()), Behaviour::Paced), depth(24).cases);
}

#[test]
fn a_hostile_memory_changes_no_bit() {
    let behaviour = Behaviour::Hostile { seed: 1, eagerness: 6, faults: Faults::default() };
    random_lists(&mut Pair::new(machine(&mini()), behaviour), depth(16).cases);
}

fn random_networks(pair: &mut Pair, count: u32) {
    let mut compiled = 0;
    for seed in 0..u64::from(count) {
        let mut random = Random(seed * 991 + 3);
        let size =
            Size { layers: 1 + random.below(8), channels: 1 + random.below(40), side: 1 + random.below(14) };
        let network = network(size, &mut random);
        let program = match compile_list(&network, pair.config()) {
            Err(CompileError::Activations { .. } | CompileError::Pass { .. }) => continue,
            other => other.unwrap(),
        };
        compiled += 1;
        let shape = network.tensors[network.input].shape;
        let mut data = vec![[0; VECTOR]; program.image.data_vectors];
        let packed = program.input.pack(&random_map(shape, &mut random));
        data[program.input.base..][..packed.len()].copy_from_slice(&packed);
        pair.compare(&program.image, &data, data.len());
    }
    assert!(compiled > 0);
}

#[test]
fn networks() {
    let config = Config { activation_depth: 128, word_depth: 1024, ..mini() };
    random_networks(&mut Pair::new(machine(&config), Behaviour::Paced), depth(24).cases);
}

/// Arrays: rows, columns, window, chunk, staging slots, bits of the bus.
const SHAPES: [[usize; 6]; 9] = [
    [4, 32, 16, 8, 16, 512],
    [4, 4, 16, 8, 16, 64],
    [4, 2, 16, 16, 4, 256],
    [8, 16, 32, 8, 8, 64],
    [8, 8, 16, 8, 16, 128],
    [64, 2, 16, 8, 32, 512],
    [16, 4, 16, 16, 128, 64],
    [8, 32, 32, 16, 4, 128],
    [16, 16, 16, 16, 16, 512],
];

/// Maxima, second operands, tables, sums over several passes, dense words, slow passes, any addresses: on all arrays, buses and
/// memories.
#[test]
fn other_geometries() {
    // Each is a model to build.
    if deep().is_none() {
        return;
    }
    for [rows, columns, window, chunk, stage_depth, axi_bits] in SHAPES {
        let activation_depth = 4096 / rows;
        let config =
            Config { rows, columns, window, chunk, stage_depth, axi_bits, activation_depth, ..mini() };
        config.check().expect("a valid configuration");
        let mut pair = Pair::new(machine(&config), Behaviour::Paced);
        random_lists(&mut pair, depth(12).cases);
        lists_on_any_memory(&mut pair, depth(12).cases);
        random_networks(&mut pair, depth(6).cases);
        let behaviour = Behaviour::Hostile { seed: 2, eagerness: 10, faults: Faults::default() };
        random_lists(&mut Pair::new(machine(&config), behaviour), depth(4).cases);
    }
}

#[test]
fn hardware_of_another_configuration_is_refused() {
    let verilog = Unit::Accelerator.verilog(&mini()).expect("it generates");
    let library = Verilate::new(&verilog, Unit::Accelerator.module()).build().expect("it builds");
    let other = Config { name: "other".into(), stage_depth: 32, ..mini() };
    let mut rtl = RtlAccelerator::with_model(machine(&other), Behaviour::Paced, Model::new(&library))
        .expect("the ports are the same");
    let error = rtl.load(&Image::default()).expect_err("it is another accelerator");
    assert!(matches!(error, DeviceError::Identity { what: "FINGERPRINT", .. }), "{error}");
}
