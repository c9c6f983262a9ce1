//! Networks whose weights stay on the chip: the first run loads them, later ones do not, and both compute what golden does, in the
//! fast model and in the RTL, in the same cycles.

use pleach_host::compile::compile_list;
use pleach_host::device::{golden_maps, infer};
use pleach_sim::device::{Accelerator, FastAccelerator, RtlAccelerator, RunCounters};
use pleach_sim::fast::Machine;
use pleach_sim::rtl::Behaviour;
use pleach_spec::Config;
use pleach_spec::check::{Problem, check};
use pleach_spec::executable::Executable;
use pleach_spec::list::{self, Command, Start};
use pleach_spec::network::Network;
use pleach_spec::register;
use pleach_tests::depth;
use pleach_tests::memories::memories;
use pleach_tests::networks::{Size, network, random_map};
use pleach_tests::pair::{machine, mini};
use pleach_tests::random::Random;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::RefCell;

/// A random network that stays on the chip, with its program.
fn resident(config: &Config, random: &mut Random) -> Option<(Network, Executable)> {
    let layers = 1 + random.below(7);
    let network = network(Size { layers, channels: 24, side: 10 }, random);
    let program = compile_list(&network, config).ok()?;
    program.image.warm.is_some().then_some((network, program))
}

/// Runs another random image.
fn run(
    accelerator: &mut dyn Accelerator,
    (network, program): &(Network, Executable),
    seed: u64,
) -> Result<RunCounters, TestCaseError> {
    let input = random_map(network.tensors[network.input].shape, &mut Random(seed));
    let (outputs, counters) = infer(accelerator, program, &input).expect("the program is good");
    let maps = golden_maps(network, &input).expect("scales of the test are fine");
    for (&tensor, found) in network.outputs.iter().zip(&outputs) {
        let expected: Vec<i8> = maps[tensor].iter().copied().collect();
        prop_assert_eq!(found, &expected, "tensor {} of image {}", tensor, seed);
    }
    Ok(counters)
}

/// Cold, warm, warm; after a soft reset, and after the program has been loaded again, cold.
fn check_runs(
    rtl: &mut RtlAccelerator,
    machine: &Machine,
    case: &(Network, Executable),
    seed: u64,
) -> Result<(), TestCaseError> {
    let mut fast = FastAccelerator::with_machine(machine.clone());
    rtl.set_memory_timing(machine.memory);
    let image = &case.1.image;
    let mut all = Vec::new();
    for accelerator in [&mut fast as &mut dyn Accelerator, rtl] {
        accelerator.load(image).expect("the accelerator answers");
        let counters: Vec<RunCounters> =
            (0..3).map(|image| run(accelerator, case, seed ^ image)).collect::<Result<_, _>>()?;
        all.push(counters);
    }
    prop_assert_eq!(&all[0], &all[1], "counters of fast and RTL");
    let [cold, warm, again] = all[1][..] else { unreachable!("three runs") };
    prop_assert_eq!(warm, again);
    prop_assert!(warm.memory_side.bytes_read < cold.memory_side.bytes_read);
    rtl.write_register(register::CONTROL, register::CONTROL_RESET).expect("the RTL answers");
    while rtl.read_register(register::STATUS).expect("the RTL answers") & register::STATUS_BUSY != 0 {}
    prop_assert_eq!(run(rtl, case, seed ^ 3)?, cold, "after a soft reset");
    prop_assert_eq!(run(rtl, case, seed ^ 4)?, warm);
    rtl.load(image).expect("the RTL answers");
    prop_assert_eq!(run(rtl, case, seed ^ 5)?, cold, "after another load");
    Ok(())
}

#[test]
fn rtl_and_fast_agree_cold_and_warm() {
    let config = mini();
    let rtl = RtlAccelerator::new(machine(&config), Behaviour::Paced).expect("the model builds");
    let rtl = RefCell::new(rtl);
    let checked = TestRunner::new(depth(24)).run(&(any::<u64>(), memories(1..90)), |(seed, memory)| {
        let Some(case) = resident(&config, &mut Random(seed)) else { return Ok(()) };
        let machine = Machine { memory, ..machine(&config) };
        check_runs(&mut rtl.borrow_mut(), &machine, &case, seed)
    });
    checked.unwrap_or_else(|error| panic!("{error}"));
}

/// The program with another warm list.
fn with_warm(program: &Executable, commands: &[Command]) -> Executable {
    let mut program = program.clone();
    let first = program.image.model.len();
    program.image.model.extend(list::encode(commands).expect("fields fit"));
    program.image.warm = Some(first..program.image.model.len());
    program
}

proptest! {
    #![proptest_config(depth(64))]

    #[test]
    fn small_networks_stay_on_the_chip(seed in any::<u64>()) {
        let config = Config::resolve("small").expect("built in");
        let Some(case) = resident(&config, &mut Random(seed)) else { return Ok(()) };
        let mut fast = FastAccelerator::with_machine(machine(&config));
        fast.load(&case.1.image).expect("the model takes it");
        let counters: Vec<RunCounters> = (0..3).map(|image| run(&mut fast, &case, image)).collect::<Result<_, _>>()?;
        prop_assert_eq!(counters[1], counters[2]);
        let loads = case.1.commands_of(Start::Warm).expect("a list").iter().any(Command::loads_model);
        prop_assert!(!loads, "nothing is loaded again");
    }

    /// A warm list in which anything but the tokens differs is refused, and so is one that lacks them.
    #[test]
    fn other_warm_lists_are_refused(seed in any::<u64>()) {
        let (config, mut random) = (mini(), Random(seed));
        let Some((_, program)) = resident(&config, &mut random) else { return Ok(()) };
        check(&program, &config).unwrap();
        let good = program.commands_of(Start::Warm).expect("a list");
        let index = random.below(good.len());
        let refused = |commands: &[Command]| check(&with_warm(&program, commands), &config).map_err(|error| (error.start, error.problem));

        let mut less = good.clone();
        less.remove(index);
        prop_assert_eq!(refused(&less), Err((Start::Warm, Problem::OtherCommands)));
        let mut other = good.clone();
        match &mut other[index] {
            Command::Load(load) => load.source ^= 1,
            Command::Store(store) => store.address ^= 1,
            Command::Compute(pass) => pass.issue.base ^= 1,
        }
        prop_assert_eq!(refused(&other), Err((Start::Warm, Problem::OtherCommands)));
        let untied: Vec<Command> = good.iter().map(|command| { let mut command = *command; command.set_tokens(0, 0); command }).collect();
        if untied != good {
            prop_assert!(refused(&untied).is_err());
        }
    }

    /// A program whose first run overwrites what its passes need has no later runs without loads.
    #[test]
    fn what_has_been_overwritten_is_missed(seed in any::<u64>()) {
        let (config, mut random) = (Config { word_depth: 512, ..mini() }, Random(seed));
        let network = network(Size { layers: 8, channels: 40, side: 8 }, &mut random);
        let Ok(program) = compile_list(&network, &config) else { return Ok(()) };
        if program.image.warm.is_some() {
            return Ok(());
        }
        let mut kept = program.commands().expect("a list");
        kept.retain(|command| !command.loads_model());
        // Tokens for loads that are not there any more: whichever is found first, it is no list of this program.
        prop_assert!(check(&with_warm(&program, &kept), &config).is_err());
    }
}
