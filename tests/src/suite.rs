//! What a Verilated accelerator has to pass, whatever its configuration: command lists through AXI, every byte and every counter
//! as the fast model's.

use crate::networks::{Size, network, random_map};
use crate::pair::{Pair, machine};
use crate::random::Random;
use pleach_host::compile::{CompileError, compile_batch};
use pleach_sim::memory::{Faults, MemoryTiming};
use pleach_sim::rtl::Behaviour;
use pleach_spec::{Config, VECTOR};

/// All of it with `cases` lists of each kind, half as many networks, and a third on a hostile memory.
pub fn suite(config: &Config, cases: u32) {
    let mut pair = Pair::new(machine(config), Behaviour::Paced);
    random_lists(&mut pair, cases);
    lists_on_any_memory(&mut pair, cases);
    random_networks(&mut pair, cases.div_ceil(2));
    let behaviour = Behaviour::Hostile { seed: 2, eagerness: 10, faults: Faults::default() };
    random_lists(&mut Pair::new(machine(config), behaviour), cases.div_ceil(3));
}

/// Random passes.
pub fn random_lists(pair: &mut Pair, count: u32) {
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

/// Random passes, each time with another memory.
pub fn lists_on_any_memory(pair: &mut Pair, count: u32) {
    let mut random = Random(91);
    for _ in 0..count {
        pair.set_memory_timing(memory_timing(&mut random));
        let passes = 1 + random.below(6);
        pair.compare_random(passes, &mut random);
    }
}

/// Random networks, compiled.
///
/// # Panics
/// Where the two differ, as all of these, or if none of the networks fits into the configuration.
pub fn random_networks(pair: &mut Pair, count: u32) {
    let mut compiled = 0;
    for seed in 0..u64::from(count) {
        let mut random = Random(seed * 991 + 3);
        let size =
            Size { layers: 1 + random.below(8), channels: 1 + random.below(40), side: 1 + random.below(14) };
        let network = network(size, &mut random);
        let images = [1, 1, 2, 3][random.below(4)];
        let program = match compile_batch(&network, images, pair.config()) {
            Err(CompileError::Activations { .. } | CompileError::Pass { .. }) => continue,
            other => other.unwrap(),
        };
        compiled += 1;
        let shape = network.tensors[network.input].shape;
        let mut data = vec![[0; VECTOR]; program.image.data_vectors];
        let maps: Vec<_> = (0..images).map(|_| random_map(shape, &mut random)).collect();
        let packed = program.input.pack(&maps);
        data[program.input.base..][..packed.len()].copy_from_slice(&packed);
        pair.compare(&program.image, &data, data.len());
    }
    assert!(compiled > 0);
}
