//! The second rung of the ladder of truth: the fast model computes what the golden model says.

use pleach_sim::device::{Accelerator, FastAccelerator};
use pleach_sim::fast;
use pleach_spec::Config;
use pleach_tests::passes::{self, reference};
use pleach_tests::random::Random;
use pleach_tests::{Limits, cases, chains, depth, golden_output, output};
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

/// Arrays of other shapes, with little activation memory.
fn shapes() -> impl Strategy<Value = Config> {
    let rows = prop_oneof![Just(4usize), Just(8), Just(64)];
    let columns = prop_oneof![Just(2usize), Just(4), Just(16), Just(32)];
    (configs(), rows, columns).prop_map(|(config, rows, columns)| Config {
        rows,
        columns,
        activation_depth: 8192 / rows,
        ..config
    })
}

proptest! {
    #![proptest_config(depth(96))]

    #[test]
    fn single_layers(case in cases(Limits::FULL), config in configs()) {
        let (output, _) = output(&case, &mut FastAccelerator::new(config));
        prop_assert_eq!(output, golden_output(&case));
    }

    #[test]
    fn chains_of_layers(case in chains(Limits::QUICK, 3), config in configs()) {
        let (output, _) = output(&case, &mut FastAccelerator::new(config));
        prop_assert_eq!(output, golden_output(&case));
    }

    #[test]
    fn passes_of_every_kind((count, seed, config) in (1usize..8, any::<u64>(), shapes())) {
        let mut case = passes::run(count, seed, &config);
        let mut expected = case.activations.clone();
        reference::execute(&case.run, &config, &mut expected);
        fast::execute(&case.run, &config, &mut case.activations);
        prop_assert!(case.activations == expected);
    }

    #[test]
    fn command_lists((count, seed, config) in (1usize..8, any::<u64>(), shapes())) {
        let case = passes::run(count, seed, &config);
        let list = passes::list::list(&case, &config, &mut Random(seed));
        let mut expected = case.activations.clone();
        reference::execute(&case.run, &config, &mut expected);
        let mut accelerator = FastAccelerator::new(config);
        accelerator.load(&list.image).unwrap();
        accelerator.write(list.before, &case.activations).unwrap();
        let counters = accelerator.run().unwrap();
        prop_assert!(accelerator.read(list.after, expected.len()).unwrap() == expected);
        let words: u64 = case.run.passes.iter().map(|pass| u64::from(pass.issue.count * pass.issue.tiles)).sum();
        prop_assert_eq!(counters.compute.words, words);
    }
}
