//! The third rung of the ladder of truth: the RTL computes what the golden model says, in the cycles of the fast model,
//! counted by every counter it has.

use pleach_host::predict::machine;
use pleach_sim::device::{Accelerator, FastAccelerator, RtlAccelerator};
use pleach_sim::memory::MemoryTiming;
use pleach_sim::rtl::Behaviour;
use pleach_spec::Config;
use pleach_spec::network::ConvGeometry;
use pleach_tests::pair::mini;
use pleach_tests::vgg::{Pattern, layer};
use pleach_tests::{Case, Limits, cases, chains, deep, depth, golden_output, output, single_layer};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::cell::RefCell;

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

/// Checks random cases on one accelerator: nothing of a run may leak into the next.
fn check_all(cases: impl Strategy<Value = Case>, config: &Config, usual: u32) {
    let rtl = RefCell::new(accelerator(config));
    let checked = TestRunner::new(depth(usual)).run(&cases, |case| check(&case, &mut rtl.borrow_mut()));
    checked.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn single_layers() {
    check_all(cases(Limits { map: 9, ..Limits::FULL }), &mini(), 64);
}

#[test]
fn chains_of_layers() {
    check_all(chains(Limits::QUICK, 3), &mini(), 64);
}

/// A small configuration of an array: rows, columns, window, chunk, staging slots.
fn shaped([rows, columns, window, chunk, stage_depth]: [usize; 5]) -> Config {
    let name = format!("{rows}x{columns}w{window}g{chunk}s{stage_depth}");
    let activation_depth = 4096 / rows;
    let config = Config { name, rows, columns, window, chunk, stage_depth, activation_depth, ..mini() };
    config.check().expect("a valid configuration");
    config
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

#[test]
fn single_layers_on_16x16() {
    check_all(cases(Limits::QUICK), &Config::resolve("default").expect("built in"), 4);
}

/// Rectangular arrays, both windows, both chunks, and staging buffers so small that they are the limit.
#[test]
fn other_geometries() {
    // Each is a model to build.
    if deep().is_none() {
        return;
    }
    for shape in [[4, 2, 16, 8, 4], [4, 16, 16, 16, 4], [16, 2, 32, 8, 128], [8, 4, 32, 16, 8]] {
        let config = Config { activation_depth: mini().activation_depth, ..shaped(shape) };
        let mut rtl = accelerator(&config);
        for case in some_cases(Limits::QUICK, 20) {
            check(&case, &mut rtl).unwrap_or_else(|error| panic!("{}: {error}", config.name));
        }
    }
}
