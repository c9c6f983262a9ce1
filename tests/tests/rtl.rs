//! The third rung of the ladder of truth: the RTL computes what the golden model says, in the cycles of the fast model.

use pleach_sim::device::FastDevice;
use pleach_sim::rtl::RtlDevice;
use pleach_spec::Config;
use pleach_tests::{Case, Limits, cases, chains, device_output, golden_output};
use proptest::prelude::*;

fn check(case: &Case, config: &Config) -> Result<(), TestCaseError> {
    let mut device = RtlDevice::new(config).expect("the model builds");
    let (output, counters) = device_output(case, &mut device);
    let (expected, expected_counters) = device_output(case, &mut FastDevice::new(config.clone()));
    prop_assert_eq!(counters, expected_counters);
    prop_assert_eq!(&output, &expected);
    prop_assert_eq!(output, golden_output(case));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn single_layers(case in cases(Limits::QUICK)) {
        check(&case, &Config::resolve("mini").unwrap())?;
    }

    #[test]
    fn chains_of_layers(case in chains(Limits::QUICK, 3)) {
        check(&case, &Config::resolve("mini").unwrap())?;
    }
}
