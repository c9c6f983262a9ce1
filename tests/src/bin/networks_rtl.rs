//! Whole networks on the Verilated 16 x 16 accelerator: every bit as golden's, every counter as the fast model's. Minutes, and
//! so only on demand: `cargo xtask networks-rtl`.

use pleach_host::compile::compile_list;
use pleach_host::device::{golden_maps, infer};
use pleach_sim::device::{Accelerator, FastAccelerator, RtlAccelerator};
use pleach_sim::rtl::Behaviour;
use pleach_spec::network::Network;
use pleach_tests::networks::random_map;
use pleach_tests::random::Random;
use pleach_tests::zoo::{self, machine};
use std::time::Instant;

/// Runs a network on golden, fast and RTL, and prints a line of the table.
fn check(name: &str, network: &Network, rtl: &mut RtlAccelerator) {
    let machine = machine();
    let program = compile_list(network, &machine.config).unwrap();
    let shape = network.tensors[network.input].shape;
    let input = random_map(shape, &mut Random(7));
    let run = |accelerator: &mut dyn Accelerator| {
        accelerator.load(&program.image).unwrap();
        let start = Instant::now();
        let (outputs, counters) = infer(accelerator, &program, &input).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        (outputs, counters, seconds)
    };
    let (fast_outputs, fast_counters, fast_seconds) =
        run(&mut FastAccelerator::with_machine(machine.clone()));
    let (rtl_outputs, rtl_counters, rtl_seconds) = run(rtl);
    assert_eq!(rtl_counters, fast_counters, "{name}: counters");
    assert_eq!(rtl.memory().violations(), [] as [String; 0]);
    let maps = golden_maps(network, &input).unwrap();
    for (index, (&tensor, rtl_output)) in network.outputs.iter().zip(&rtl_outputs).enumerate() {
        let expected = maps[tensor].as_slice().unwrap();
        assert!(rtl_output == expected, "{name}: output {index} of RTL differs from golden");
        assert!(fast_outputs[index] == expected, "{name}: output {index} of fast differs from golden");
    }
    let macs: u64 = network.layers.iter().map(|layer| network.macs(layer)).sum();
    let cycles = rtl_counters.compute.cycles;
    let utilisation = 100.0 * macs as f64 / (machine.config.multipliers() as u64 * cycles) as f64;
    let bytes = rtl_counters.memory_side.bytes_read + rtl_counters.memory_side.bytes_written;
    println!(
        "| {name} | {macs} | {cycles} | {utilisation:.1} % | {:.1} MB | {fast_seconds:.2} s | {rtl_seconds:.0} s | {:.0} |",
        bytes as f64 / 1e6,
        cycles as f64 / rtl_seconds / 1e3,
    );
}

fn main() {
    let mut rtl = RtlAccelerator::new(machine(), Behaviour::Paced).unwrap();
    println!(
        "| network | MACs | cycles, fast = RTL | utilisation of the whole | memory traffic | fast | RTL | kcycle/s |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    check("digits", &zoo::digits(&machine().config), &mut rtl);
    check("MobileNetV2 0.35, 96 x 96", &zoo::network("mobilenetv2", 96, Some(0.35)), &mut rtl);
    check("ResNet-18, 224 x 224", &zoo::network("resnet18", 224, None), &mut rtl);
}
