//! Networks of the zoo, quantized, as command lists: the fast accelerator against the golden model.

use pleach_host::compile::compile_list;
use pleach_host::device::{golden_maps, infer};
use pleach_host::zoo::ARCHITECTURES;
use pleach_sim::device::{Accelerator, FastAccelerator};
use pleach_spec::Config;
use pleach_tests::networks::random_map;
use pleach_tests::random::Random;
use pleach_tests::zoo::network;
use std::time::Instant;

/// Compiles and runs; returns the share of the multipliers that work, over all cycles.
fn utilisation(name: &str, size: usize, config: &Config) -> f64 {
    let network = network(name, size, None);
    let start = Instant::now();
    let program = compile_list(&network, config).unwrap();
    println!("{name} {size} on {}: compiled in {:?}", config.name, start.elapsed());
    let mut accelerator = FastAccelerator::new(config.clone());
    let shape = network.tensors[network.input].shape;
    let input = random_map(shape, &mut Random(1));
    accelerator.load(&program.image).unwrap();
    let (outputs, counters) = infer(&mut accelerator, &program, &input).unwrap();
    if size < 100 {
        let maps = golden_maps(&network, &input).unwrap();
        for (&tensor, found) in network.outputs.iter().zip(&outputs) {
            assert!(maps[tensor].iter().eq(found), "{name}: an output differs");
        }
    }
    let macs: u64 = network.layers.iter().map(|layer| network.macs(layer)).sum();
    println!("{:?}", counters.compute);
    macs as f64 / (config.multipliers() as u64 * counters.compute.cycles) as f64
}

#[test]
fn small_images_give_what_golden_gives() {
    for config in ["mini", "default"] {
        let config = Config { activation_depth: 256, ..Config::resolve(config).unwrap() };
        for name in ["resnet18", "mobilenetv2"] {
            utilisation(name, 64, &config);
        }
    }
}

#[test]
fn every_network_gives_what_golden_gives() {
    let config = Config::resolve("default").unwrap();
    for network in &ARCHITECTURES {
        utilisation(network.name, 64, &config);
    }
}

#[test]
fn full_size_images_keep_the_array_busy() {
    let config = Config::resolve("default").unwrap();
    for (name, least) in [("resnet18", 0.91), ("mobilenetv2", 0.75)] {
        let found = utilisation(name, 224, &config);
        assert!(found > least, "{name}: {found}");
    }
}
