//! The recurrences of the fast model give the cycles that the rules of the contract give when they are applied cycle by cycle.

use pleach_sim::fast::ComputeTiming;
use pleach_spec::Config;
use pleach_tests::depth;
use pleach_tests::passes::{self, clock};
use pleach_tests::random::Random;
use proptest::prelude::*;

fn shapes() -> impl Strategy<Value = Config> {
    let rows = prop_oneof![Just(4usize), Just(8), Just(32)];
    let columns = prop_oneof![Just(2usize), Just(32)];
    let window = prop_oneof![Just((16, 8)), Just((32, 16))];
    let stage_depth = prop_oneof![Just(4usize), Just(8), Just(32)];
    (rows, columns, window, stage_depth).prop_map(|(rows, columns, (window, chunk), stage_depth)| Config {
        rows,
        columns,
        window,
        chunk,
        stage_depth,
        activation_depth: 4096 / rows,
        ..Config::resolve("mini").expect("built in")
    })
}

/// Release cycles: one a cycle, or with pauses, sometimes longer than a pass takes.
fn releases(count: usize, random: &mut Random) -> Vec<u64> {
    let pause = [1, 30, 1000][random.below(3)];
    let mut cycle = random.below(20) as u64;
    let mut next = || {
        cycle += 1 + random.below(pause) as u64;
        cycle
    };
    (0..count).map(|_| next()).collect()
}

proptest! {
    #![proptest_config(depth(128))]

    #[test]
    fn cycles_and_stalls((count, seed, config) in (1usize..8, any::<u64>(), shapes())) {
        let run = passes::run(count, seed, &config).run;
        let released = releases(run.passes.len(), &mut Random(seed));
        let mut timing = ComputeTiming::new(&config);
        let expected = clock::run(&run.passes, &released, &config);
        for ((pass, &released), expected) in run.passes.iter().zip(&released).zip(expected) {
            let pass_timing = timing.pass(pass, released).expect("it waits for passes before it");
            let writes = timing.writes(pass).into_iter().map(|writes| (writes.cycle, writes.banks)).collect();
            let counters = pass_timing.counters;
            let observed = clock::Observed {
                done: pass_timing.done,
                words: counters.words,
                stall_data: counters.stall_data,
                stall_drain: counters.stall_drain,
                no_pass: counters.no_pass,
                writes,
            };
            prop_assert_eq!(observed, expected);
            let parts = counters.words + counters.stall_data + counters.stall_drain + counters.no_pass;
            prop_assert_eq!(counters.cycles, parts);
        }
    }
}
