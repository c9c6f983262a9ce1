//! The list checker refuses lists that were good and are damaged.

use pleach_host::compile::compile_list;
use pleach_spec::check::{Problem, check};
use pleach_spec::executable::Executable;
use pleach_spec::list::{self, Command, Segment};
use pleach_spec::{Config, list::Engine};
use pleach_tests::depth;
use pleach_tests::networks::{Size, network, small_config};
use pleach_tests::random::Random;
use proptest::prelude::*;

/// A good list for a random network, with its commands.
fn good(random: &mut Random) -> Option<(Config, Executable, Vec<Command>)> {
    let config = small_config(random);
    let network = network(Size { layers: 4, channels: 40, side: 16 }, random);
    let program = compile_list(&network, &config).ok()?;
    let commands = program.commands().ok()?;
    // A network that only moves channels needs none.
    (!commands.is_empty()).then_some((config, program, commands))
}

/// The program with other commands.
fn with(program: &Executable, commands: &[Command]) -> Executable {
    let mut program = program.clone();
    let beats = list::encode(commands).expect("fields fit");
    program.owners.resize(commands.len(), 0);
    program.image.warm = None;
    program.image.model.truncate(program.image.list.start);
    program.image.model.extend(beats);
    program.image.list.end = program.image.model.len();
    program
}

/// Pairs of giver and taker of a token: the n-th signal belongs to the n-th wait.
fn tokens(commands: &[Command]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for giver in Engine::ALL {
        for taker in Engine::ALL {
            let of =
                |engine: Engine| (0..commands.len()).filter(move |&index| commands[index].engine() == engine);
            let gives = of(giver).filter(|&index| commands[index].tokens().1 >> taker as u32 & 1 == 1);
            let takes = of(taker).filter(|&index| commands[index].tokens().0 >> giver as u32 & 1 == 1);
            pairs.extend(gives.zip(takes));
        }
    }
    pairs
}

proptest! {
    #![proptest_config(depth(128))]

    #[test]
    fn a_flipped_token_bit_is_refused(seed in any::<u64>()) {
        let mut random = Random(seed);
        let Some((config, program, mut commands)) = good(&mut random) else { return Ok(()) };
        check(&program, &config).unwrap();
        let index = random.below(commands.len());
        let (wait, signal) = commands[index].tokens();
        let bit = 1 << random.below(3);
        let (wait, signal) = if random.percent(50) { (wait ^ bit, signal) } else { (wait, signal ^ bit) };
        commands[index].set_tokens(wait, signal);
        prop_assert!(check(&with(&program, &commands), &config).is_err());
    }

    #[test]
    fn the_first_token_of_a_load_is_needed(seed in any::<u64>()) {
        let mut random = Random(seed);
        let Some((config, program, commands)) = good(&mut random) else { return Ok(()) };
        let pairs: Vec<_> = tokens(&commands)
            .into_iter()
            .filter(|&(giver, taker)| {
                (commands[giver].engine(), commands[taker].engine()) == (Engine::Load, Engine::Compute)
            })
            .collect();
        // Without the first, the first pass may find nothing there.
        let (giver, taker) = pairs[0];
        let mut damaged = commands.clone();
        let (wait, signal) = damaged[giver].tokens();
        damaged[giver].set_tokens(wait, signal & !(1 << Engine::Compute as u32));
        let (wait, signal) = damaged[taker].tokens();
        damaged[taker].set_tokens(wait & !(1 << Engine::Load as u32), signal);
        prop_assert!(check(&with(&program, &damaged), &config).is_err());
    }

    #[test]
    fn an_address_outside_of_its_memory_is_refused(seed in any::<u64>()) {
        let mut random = Random(seed);
        let Some((config, program, mut commands)) = good(&mut random) else { return Ok(()) };
        let index = random.below(commands.len());
        let beyond = config.activation_vectors() as u32;
        match &mut commands[index] {
            Command::Load(load) if load.target == 0 => load.address += beyond,
            // Gates come from among the maps.
            Command::Load(load) if load.segment == Segment::Data as u32 => {
                load.source = program.image.data_vectors as u32;
            }
            Command::Load(load) => load.source = program.image.model.len() as u32,
            Command::Store(store) if random.percent(50) => store.address += beyond,
            Command::Store(store) => store.target += program.image.data_vectors as u32,
            // Partial passes write nothing.
            Command::Compute(pass) if pass.issue.partial == 1 => return Ok(()),
            Command::Compute(pass) => pass.scatter.address += beyond as i32,
        }
        let changed = with(&program, &commands);
        let error = check(&changed, &config).unwrap_err();
        prop_assert!(matches!(error.problem, Problem::Bounds { .. }), "{error}");
        prop_assert_eq!((error.command, error.layer), (index, changed.owners[index]));
    }

    #[test]
    fn a_missing_load_is_refused(seed in any::<u64>()) {
        let mut random = Random(seed);
        let Some((config, program, mut commands)) = good(&mut random) else { return Ok(()) };
        // The first load of each memory cannot be missed, but for that of a map whose padding alone is read.
        let target = 1 + random.below(6) as u32;
        let first = commands.iter().position(|c| matches!(c, Command::Load(load) if load.target == target));
        let Some(first) = first else { return Ok(()) };
        // One without tokens, so that those of the others still fit.
        prop_assume!(commands[first].tokens() == (0, 0));
        commands.remove(first);
        let error = check(&with(&program, &commands), &config).unwrap_err();
        prop_assert!(matches!(error.problem, Problem::Unwritten { .. } | Problem::Pass(_)), "{error}");
    }

    #[test]
    fn any_damage_is_survived(seed in any::<u64>(), flips in 1usize..6) {
        let mut random = Random(seed);
        let Some((config, mut program, _)) = good(&mut random) else { return Ok(()) };
        for _ in 0..flips {
            let beat = program.image.list.start + random.below(program.image.list.len());
            program.image.model[beat][random.below(4)] ^= 1 << random.below(32);
        }
        // Good or not: it must not panic.
        drop(check(&program, &config));
    }
}

#[test]
fn a_list_that_waits_for_what_is_behind_it_is_a_deadlock() {
    let mut random = Random(3);
    let (config, program, mut commands) = (0..100).find_map(|_| good(&mut random)).expect("one compiles");
    // More loads than the queue holds wait for a pass behind them.
    let (index, pass) = commands
        .iter()
        .enumerate()
        .find_map(|(index, command)| match command {
            Command::Compute(pass) => Some((index, *pass)),
            _ => None,
        })
        .expect("there is a pass");
    let load = commands[0];
    let waiting = std::iter::repeat_n(load, 20).map(|mut load| {
        load.set_tokens(1 << Engine::Compute as u32, 0);
        load
    });
    commands.splice(0..0, waiting);
    let mut signalling = pass;
    signalling.head.signal |= 1;
    commands[index + 20] = Command::Compute(signalling);
    let error = check(&with(&program, &commands), &config).unwrap_err();
    assert_eq!((error.command, error.problem.clone()), (0, Problem::Deadlock), "{error}");
}
