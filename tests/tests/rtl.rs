//! The third rung of the ladder of truth: the RTL computes what the golden model says, in the cycles of the fast model,
//! counted by every counter it has.

use pleach_hdl::units::Unit;
use pleach_host::predict::machine;
use pleach_sim::device::{Accelerator, Device, DeviceError, FastAccelerator, FastDevice, RtlAccelerator};
use pleach_sim::memory::MemoryTiming;
use pleach_sim::rtl::Behaviour;
use pleach_sim::rtl::{Model, RtlDevice, Verilate};
use pleach_spec::network::ConvGeometry;
use pleach_spec::{Config, VECTOR, register};
use pleach_tests::passes;
use pleach_tests::random::Random;
use pleach_tests::vgg::{Pattern, layer};
use pleach_tests::{Case, Limits, cases, chains, deep, depth, golden_output, output, single_layer};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

fn mini() -> Config {
    Config::resolve("mini").expect("built in")
}

fn device(config: &Config) -> RtlDevice {
    RtlDevice::new(config).expect("the model builds")
}

fn accelerator(config: &Config) -> RtlAccelerator {
    RtlAccelerator::new(machine(config, MemoryTiming::default()), Behaviour::Paced).expect("the model builds")
}

fn check(case: &Case, accelerator: &mut RtlAccelerator) -> Result<(), TestCaseError> {
    let config = accelerator.config().clone();
    let (found, counters) = output(case, accelerator);
    let (expected, expected_counters) = output(case, &mut FastAccelerator::new(config));
    prop_assert_eq!(counters, expected_counters);
    prop_assert_eq!(&found, &expected);
    prop_assert_eq!(found, golden_output(case));
    Ok(())
}

/// Always the same cases, for tests that are about something else.
fn some_cases(limits: Limits, count: usize) -> Vec<Case> {
    let mut runner = TestRunner::deterministic();
    let strategy = cases(limits);
    (0..count).map(|_| strategy.new_tree(&mut runner).expect("cases are plenty").current()).collect()
}

proptest! {
    #![proptest_config(depth(64))]

    #[test]
    fn single_layers(case in cases(Limits { map: 9, ..Limits::FULL })) {
        check(&case, &mut accelerator(&mini()))?;
    }

    #[test]
    fn chains_of_layers(case in chains(Limits::QUICK, 3)) {
        check(&case, &mut accelerator(&mini()))?;
    }
}

/// A run of random passes on both models.
fn check_passes(count: usize, seed: u64, device: &mut RtlDevice) -> Result<(), TestCaseError> {
    let config = device.config().clone();
    let case = passes::run(count, seed, &config);
    let mut fast = FastDevice::new(config);
    let mut results = Vec::new();
    for device in [&mut fast as &mut dyn Device, device] {
        device.write(0, &case.activations).expect("the device works");
        device.load(&case.run).expect("the device works");
        let counters = device.run().expect("the device works");
        results.push((counters, device.read(0, case.activations.len()).expect("the device works")));
    }
    prop_assert_eq!(results[0].0, results[1].0);
    prop_assert!(results[0].1 == results[1].1, "the activations differ");
    Ok(())
}

/// Shapes of arrays: rows, columns, window, chunk, staging slots.
const SHAPES: [[usize; 5]; 6] = [
    [4, 4, 16, 8, 16],
    [4, 2, 16, 16, 4],
    [8, 16, 32, 8, 8],
    [4, 32, 16, 8, 16],
    [8, 32, 32, 16, 4],
    [64, 2, 16, 8, 32],
];

/// A small configuration of a shape.
fn shaped([rows, columns, window, chunk, stage_depth]: [usize; 5]) -> Config {
    let name = format!("{rows}x{columns}w{window}g{chunk}s{stage_depth}");
    let activation_depth = 4096 / rows;
    let config = Config { name, rows, columns, window, chunk, stage_depth, activation_depth, ..mini() };
    config.check().expect("a valid configuration");
    config
}

/// Maxima, second operands, tables, sums over several passes, dense words, slow passes, any addresses.
#[test]
fn passes_of_every_kind() {
    for shape in SHAPES {
        let config = shaped(shape);
        // One device for all: nothing of a run may leak into the next.
        let mut device = device(&config);
        let mut random = Random(1);
        for case in 0..24 * deep().unwrap_or(1) {
            let (count, seed) = (1 + random.below(6), random.bits());
            check_passes(count, seed, &mut device).unwrap_or_else(|error| {
                panic!("{}: case {case} ({count} passes, seed {seed}): {error}", config.name)
            });
        }
    }
}

/// Channels in and out, geometry, height and width, density in percent.
type Fixed = (usize, usize, ConvGeometry, [usize; 2], u32);

fn same(kernel: usize) -> ConvGeometry {
    ConvGeometry { pads: [kernel / 2; 4], ..ConvGeometry::valid([kernel; 2]) }
}

#[test]
fn fixed_layers_on_16x16() {
    let fixed: [Fixed; 10] = [
        (16, 16, same(3), [7, 7], 100),
        (37, 50, same(3), [6, 9], 25),
        (64, 32, same(1), [8, 8], 10),
        (3, 24, ConvGeometry { stride: [2, 2], ..same(7) }, [17, 17], 100),
        (20, 20, ConvGeometry { stride: [2, 2], ..same(3) }, [9, 11], 50),
        (20, 20, ConvGeometry { stride: [3, 3], ..same(5) }, [13, 13], 50),
        (40, 10, ConvGeometry::valid([4, 4]), [4, 4], 30),
        (
            18,
            18,
            ConvGeometry { dilation: [2, 2], pads: [2; 4], ..ConvGeometry::valid([3, 3]) },
            [10, 10],
            60,
        ),
        (48, 48, ConvGeometry { groups: 48, ..same(3) }, [8, 8], 100),
        (33, 17, same(3), [5, 5], 0),
    ];
    let mut rtl = accelerator(&Config::resolve("default").expect("built in"));
    for (index, (inputs, outputs, geometry, size, density)) in fixed.into_iter().enumerate() {
        let case = single_layer(inputs, outputs, geometry, size, density, index as u64);
        check(&case, &mut rtl).unwrap_or_else(|error| panic!("fixed layer {index}: {error}"));
    }
}

/// The layer the figures refer to, on 16x16: dense and a quarter of it, 2.4 million cycles. Only where depth is asked for.
#[test]
fn a_vgg_layer_on_16x16() {
    if deep().is_none() {
        return;
    }
    let mut rtl = accelerator(&Config::resolve("default").expect("built in"));
    for pattern in [Pattern::Dense, Pattern::OfSixteen(4)] {
        let (network, input) = layer(pattern);
        let case = Case { network, input };
        check(&case, &mut rtl).unwrap_or_else(|error| panic!("{pattern:?}: {error}"));
    }
}

proptest! {
    #![proptest_config(depth(4))]

    #[test]
    fn single_layers_on_16x16(case in cases(Limits::QUICK)) {
        check(&case, &mut accelerator(&Config::resolve("default").expect("built in")))?;
    }
}

/// Rectangular arrays, both windows, both chunks, and staging buffers so small that they are the limit.
#[test]
fn other_geometries() {
    for shape in [[4, 2, 16, 8, 4], [4, 16, 16, 16, 4], [16, 2, 32, 8, 128], [8, 4, 32, 16, 8]] {
        let config = Config { activation_depth: mini().activation_depth, ..shaped(shape) };
        // One accelerator for all: nothing of a run may leak into the next.
        let mut rtl = accelerator(&config);
        for case in some_cases(Limits::QUICK, 20) {
            check(&case, &mut rtl).unwrap_or_else(|error| panic!("{}: {error}", config.name));
        }
    }
}

#[test]
fn a_reset_ends_a_run_and_the_next_run_is_right() {
    let mut device = device(&mini());
    check_passes(4, 3, &mut device).unwrap();
    for cycles in [1, 30, 60, 100, 200] {
        device.write_register(register::CONTROL, register::CONTROL_START);
        assert_eq!(device.read_register(register::STATUS), register::STATUS_BUSY);
        device.model().step(cycles);
        device.write_register(register::CONTROL, register::CONTROL_RESET);
        assert_eq!(device.read_register(register::STATUS), 0);
        check_passes(4, 3, &mut device).unwrap();
    }
}

#[test]
fn the_activation_buffer_reads_back_what_was_written() {
    let config = mini();
    let mut device = device(&config);
    let vectors: Vec<[i8; VECTOR]> = (0..config.activation_vectors())
        .map(|address| std::array::from_fn(|byte| (address * 31 + byte * 7 + (address >> 8)) as i8))
        .collect();
    device.write(0, &vectors).unwrap();
    assert_eq!(device.read(0, vectors.len()).unwrap(), vectors);
    assert_eq!(device.read(5, 3).unwrap(), vectors[5..8]);
}

#[test]
fn registers_read_back_what_they_hold_and_no_more() {
    let config = mini();
    let mut device = device(&config);
    for register in register::REGISTERS {
        let before = device.read_register(register.offset);
        device.write_register(register.offset, 0x1234_5678 & !register::CONTROL_START);
        let after = device.read_register(register.offset);
        match (register.name, register.writable) {
            ("CONTROL", _) => assert_eq!(after, 0),
            (_, true) => assert_eq!(after, 0x5678, "{}", register.name),
            (_, false) => assert_eq!(after, before, "{}", register.name),
        }
    }
    assert_eq!(device.read_register(register::GEOMETRY), 0x0810_0404);
    assert_eq!(device.read_register(0x40), 0, "no register");
}

#[test]
fn hardware_of_another_configuration_is_refused() {
    let verilog = Unit::Top.verilog(&mini()).unwrap();
    let model = Model::new(&Verilate::new(&verilog, Unit::Top.module()).build().unwrap());
    let other = Config { name: "other".into(), stage_depth: 32, ..mini() };
    let mut device = RtlDevice::with_model(other, model).unwrap();
    let error = device.load(&Default::default()).unwrap_err();
    assert!(matches!(error, DeviceError::Identity { what: "FINGERPRINT", .. }), "{error}");
}
