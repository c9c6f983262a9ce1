//! The recurrences of the fast model give the cycles that the rules of the contract give when they are applied cycle by cycle.

use pleach_host::compile::compile_list;
use pleach_sim::fast::{ComputeTiming, List, Machine, Stepping, cycles_only, time_list, time_passes};
use pleach_spec::list::{self, Start};
use pleach_spec::{Config, VECTOR};
use pleach_tests::depth;
use pleach_tests::memories::memories;
use pleach_tests::networks::{Size, network, small_config};
use pleach_tests::passes::{self, clock};
use pleach_tests::random::Random;
use proptest::prelude::*;
use std::collections::BTreeMap;

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
            let mut writes = BTreeMap::new();
            timing.writes(&pass.issue, &pass.scatter, |written| {
                writes.insert(written.cycle, written.banks);
            });
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

fn machines() -> impl Strategy<Value = Machine> {
    let bus = prop_oneof![Just(64usize), Just(128), Just(256), Just(512)];
    (shapes(), bus, memories(1..60), any::<bool>()).prop_map(|(config, axi_bits, memory, watched)| Machine {
        config: Config { axi_bits, ..config },
        memory,
        bases: [0x4000, 1 << 33],
        watchdog_cycles: if watched { 1 << 16 } else { 0 },
    })
}

proptest! {
    #![proptest_config(depth(96))]

    /// Jumping from event to event, tiles that are alike taken together, gives every counter that stepping gives, and every command
    /// the same cycles.
    #[test]
    fn lists_step_by_step((count, seed, machine) in (1usize..8, any::<u64>(), machines())) {
        let case = passes::run(count, seed, &machine.config);
        let image = passes::list::list(&case, &machine.config, &mut Random(seed)).image;
        let commands = list::decode(&image.model[image.list.clone()]).expect("it is a list");
        let data = vec![[0; VECTOR]; image.data_vectors];
        let list = List { image: &image, commands: &commands, data: &data, start: Start::Cold };
        let stepped = time_passes(&list, &machine, None, Stepping::EveryCycle);
        prop_assert!(stepped.ends);
        prop_assert_eq!(&time_list(&image, &commands, &data, &machine), &stepped);
        prop_assert_eq!(&cycles_only(&image, &commands, Start::Cold, &machine), &stepped);
    }

    #[test]
    fn networks_step_by_step(seed in any::<u64>(), memory in memories(1..60), layers in 1usize..8, side in 8usize..40) {
        let mut random = Random(seed);
        let config = small_config(&mut random);
        let network = network(Size { layers, channels: 24, side }, &mut random);
        // Small memories do not hold everything.
        let Ok(program) = compile_list(&network, &config) else { return Ok(()) };
        let machine = Machine { config, memory, bases: [0, 1 << 32], watchdog_cycles: 0 };
        let image = &program.image;
        let data = vec![[0; VECTOR]; image.data_vectors];
        for start in [Start::Cold, Start::Warm] {
            let commands = program.commands_of(start).expect("it is a list");
            let list = List { image, commands: &commands, data: &data, start };
            let stepped = time_passes(&list, &machine, None, Stepping::EveryCycle);
            prop_assert_eq!(&cycles_only(image, &commands, start, &machine), &stepped);
        }
    }
}
