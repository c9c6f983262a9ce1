//! The second rung of the ladder of truth: the fast model computes what the golden model says.

use pleach_sim::device::FastDevice;
use pleach_spec::Config;
use pleach_tests::{Limits, cases, chains, depth, device_output, golden_output};
use proptest::prelude::*;

fn configs() -> impl Strategy<Value = Config> {
    let base = prop_oneof![Just("mini"), Just("small"), Just("default")];
    let window =
        prop_oneof![3 => Just((16, 8)), 1 => Just((32, 8)), 1 => Just((16, 16)), 1 => Just((32, 16))];
    (base, window).prop_map(|(base, (window, chunk))| Config {
        window,
        chunk,
        ..Config::resolve(base).expect("a built-in configuration")
    })
}

proptest! {
    #![proptest_config(depth(96))]

    #[test]
    fn single_layers(case in cases(Limits::FULL), config in configs()) {
        let (output, _) = device_output(&case, &mut FastDevice::new(config));
        prop_assert_eq!(output, golden_output(&case));
    }

    #[test]
    fn chains_of_layers(case in chains(Limits::QUICK, 3), config in configs()) {
        let (output, _) = device_output(&case, &mut FastDevice::new(config));
        prop_assert_eq!(output, golden_output(&case));
    }
}
