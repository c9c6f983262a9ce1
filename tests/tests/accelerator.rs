//! The Verilated accelerator against the fast one: command lists through AXI, every byte and every counter.

use pleach_hdl::units::Unit;
use pleach_sim::device::{Accelerator, DeviceError, RtlAccelerator};
use pleach_sim::memory::Faults;
use pleach_sim::rtl::{Behaviour, Model, Verilate};
use pleach_spec::Config;
use pleach_spec::list::Image;
use pleach_tests::pair::{Pair, machine, mini};
use pleach_tests::suite::{lists_on_any_memory, random_lists, random_networks, suite};
use pleach_tests::{deep, depth};

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
        suite(&config, depth(12).cases);
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
