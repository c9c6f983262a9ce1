//! Weights of few values: the results are those of golden, and what is loaded is less, by as much as the width says.

use pleach_host::compile::compile_list;
use pleach_host::device::{golden_maps, infer};
use pleach_sim::device::{Accelerator, FastAccelerator};
use pleach_sim::fast::Machine;
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use pleach_spec::list::{Command, Target};
use pleach_spec::network::{MapShape, Network};
use pleach_tests::networks::random_map;
use pleach_tests::random::Random;
use pleach_tests::zoo::digits;

/// A network with all weights mapped. If none becomes 0, words and multiplications are the same whatever the map.
fn mapped(network: &Network, value: impl Fn(i8) -> i8) -> Network {
    let mut network = network.clone();
    for conv in network.layers.iter_mut().filter_map(|layer| layer.conv_mut()) {
        for weight in &mut conv.weights {
            *weight = value(*weight);
        }
    }
    network
}

/// Quantized to so many bits, with a coarser scale: -8 to 7 for 4. Among these values are the 0 of idle columns and the 1 with
/// which a map that is added goes through the array.
fn rounded(network: &Network, bits: u32) -> Network {
    let step = 1i16 << (8 - bits);
    let mut network = mapped(network, |weight| match i16::from(weight).div_euclid(step) {
        0 => 1,
        level => level as i8,
    });
    for conv in network.layers.iter_mut().filter_map(|layer| layer.conv_mut()) {
        conv.weight_scales.iter_mut().for_each(|scale| *scale *= f32::from(step));
        conv.bias.iter_mut().for_each(|bias| *bias /= i32::from(step));
    }
    network
}

/// The last stage of a ResNet-18 for 224x224 pixels: what lies on maps of 7x7.
fn last_stage() -> Network {
    let mut network = pleach_tests::zoo::network("resnet18", 224, None);
    let shape = |tensor: usize, network: &Network| network.tensors[tensor].shape;
    let stage = MapShape { channels: 512, height: 7, width: 7 };
    let layers = std::mem::take(&mut network.layers);
    network.layers = layers.into_iter().filter(|layer| shape(layer.output, &network) == stage).collect();
    network.input = network.layers[0].inputs[0];
    network.outputs = vec![network.layers.last().expect("the stage has layers").output];
    network
}

/// What a network takes.
struct Cost {
    cycles: u64,
    bytes_read: u64,
    /// Beats of weights read.
    weights: u64,
}

fn cost(what: &str, network: &Network, config: &Config, memory: MemoryTiming) -> Cost {
    let program = compile_list(network, config).expect("it compiles");
    let weights = program.commands().expect("commands").into_iter().filter_map(|command| match command {
        Command::Load(load) if load.target == Target::Weight as u32 => Some(u64::from(load.beats_read())),
        _ => None,
    });
    let weights = weights.sum();
    let machine = Machine { config: config.clone(), memory, bases: [0, 1 << 32], watchdog_cycles: 0 };
    let mut accelerator = FastAccelerator::with_machine(machine);
    accelerator.load(&program.image).expect("it is a program");
    let input = random_map(network.tensors[network.input].shape, &mut Random(1));
    let (outputs, counters) = infer(&mut accelerator, &program, &input).expect("it runs");
    let maps = golden_maps(network, &input).expect("it computes");
    assert_eq!(outputs[0], maps[network.outputs[0]].as_slice().expect("in order"), "{what}");
    let bytes_read = counters.memory_side.bytes_read;
    let cycles = counters.compute.cycles;
    println!("{what}: {cycles} cycles, {bytes_read} bytes read, {} of them weights", 16 * weights);
    Cost { cycles, bytes_read, weights }
}

/// 8 bits against fewer, with the usual memory and with one of a quarter of its bandwidth.
fn narrower(name: &str, network: &Network, config: &Config) {
    let usual = MemoryTiming::default();
    let slow = MemoryTiming { denominator: 4 * usual.denominator, ..usual };
    let wide = mapped(network, |weight| if weight == 0 { 1 } else { weight });
    for (memory_name, memory) in [("usual", usual), ("slow", slow)] {
        let all = cost(&format!("{name}, {memory_name} memory, 8 bits"), &wide, config, memory);
        for bits in [4, 2] {
            let narrow = rounded(network, bits);
            let less = cost(&format!("{name}, {memory_name} memory, {bits} bits"), &narrow, config, memory);
            // Parts of layers that are too short to gain by it stay as they are.
            let expected = all.weights * u64::from(bits) / 8;
            assert!(less.weights <= expected + expected / 4, "{} beats of weights", less.weights);
            assert!(less.bytes_read < all.bytes_read);
            assert!(less.cycles <= all.cycles + all.cycles / 100, "{} cycles", less.cycles);
        }
    }
}

#[test]
fn the_digits_network() {
    let config = Config::resolve("default").expect("built in");
    narrower("digits", &digits(&config), &config);
}

#[test]
fn the_last_stage_of_a_resnet() {
    let config = Config::resolve("default").expect("built in");
    narrower("ResNet-18, last stage", &last_stage(), &config);
}
