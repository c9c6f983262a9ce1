//! Whole networks of all kinds of layers: the command list on the fast accelerator against the golden model.

use ndarray::Array3;
use pleach_host::compile::{CompileError, compile_list};
use pleach_sim::device::{Accelerator, FastAccelerator};
use pleach_sim::fast::{Machine, Memories};
use pleach_sim::golden;
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use pleach_spec::executable::Executable;
use pleach_spec::list::Command;
use pleach_spec::network::Network;
use pleach_tests::depth;
use pleach_tests::networks::{Size, network, random_map, small_config};
use pleach_tests::random::Random;
use proptest::prelude::*;

/// Runs a network both ways; what differs, if anything.
fn compare(network: &Network, config: &Config, random: &mut Random) -> Result<(), String> {
    if std::env::var("SHOW").is_ok() {
        eprintln!("CASE");
    }
    let program = match compile_list(network, config) {
        // Small memories do not hold everything.
        Err(e @ (CompileError::Activations { .. } | CompileError::Pass { .. })) => {
            if std::env::var("SHOW").is_ok() {
                eprintln!("SKIP {e}");
            }
            return Ok(());
        }
        other => other.map_err(|error| format!("does not compile: {error}"))?,
    };
    let shape = network.tensors[network.input].shape;
    let input = random_map(shape, random);
    passes_keep_the_rules(&program, config)?;
    let mut accelerator = FastAccelerator::with_machine(Machine {
        config: config.clone(),
        memory: MemoryTiming::default(),
        bases: [0, 1 << 32],
        watchdog_cycles: 1 << 20,
    });
    accelerator.load(&program.image).map_err(|error| error.to_string())?;
    accelerator.write(program.input.base, &program.input.pack(&input)).map_err(|error| error.to_string())?;
    accelerator.run().map_err(|error| format!("does not run: {error}"))?;
    let input =
        Array3::from_shape_vec((shape.channels, shape.height, shape.width), input).expect("its shape");
    let maps = golden::run(network, input).map_err(|error| error.to_string())?;
    for (&tensor, layout) in network.outputs.iter().zip(&program.outputs) {
        let vectors = accelerator.read(layout.base, layout.vectors()).map_err(|error| error.to_string())?;
        let found = layout.unpack(&vectors);
        let expected: Vec<i8> = maps[tensor].iter().copied().collect();
        let different = found.iter().zip(&expected).filter(|(a, b)| a != b).count();
        if different > 0 {
            return Err(format!("tensor {tensor}: {different} of {} bytes differ", expected.len()));
        }
    }
    Ok(())
}

fn passes_keep_the_rules(program: &Executable, config: &Config) -> Result<(), String> {
    let mut memories = Memories::new(config);
    for (index, command) in program.commands().map_err(|e| e.to_string())?.into_iter().enumerate() {
        match command {
            Command::Load(load) => drop(memories.load_command(&load, &program.image.model, &[])),
            Command::Compute(pass) => {
                let checked = memories.pass(&pass).check(config);
                checked.map_err(|error| format!("command {index}: {error} {pass:?}"))?;
            }
            Command::Store(_) => (),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(depth(256))]

    #[test]
    fn networks_compute_what_golden_does(
        seed in any::<u64>(), layers in 1usize..14, channels in 1usize..60, side in 1usize..24,
    ) {
        let mut random = Random(seed);
        let config = small_config(&mut random);
        let network = network(Size { layers, channels, side }, &mut random);
        compare(&network, &config, &mut random).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn debug_one() {
    let v: Vec<u64> =
        std::env::var("CASE").unwrap_or_default().split(',').filter_map(|s| s.parse().ok()).collect();
    if v.len() < 4 {
        return;
    }
    let mut random = Random(v[0]);
    let config = small_config(&mut random);
    let network =
        network(Size { layers: v[1] as usize, channels: v[2] as usize, side: v[3] as usize }, &mut random);
    println!("{config:?}");
    for (i, t) in network.tensors.iter().enumerate() {
        println!("{i} {} {:?}", t.shape, t.quantization);
    }
    for l in &network.layers {
        let mut l = l.clone();
        if let Some(c) = l.conv_mut() {
            c.weights.clear();
            c.bias.clear();
            c.weight_scales.clear();
        }
        println!("{l:?}");
    }
    println!("outputs {:?}", network.outputs);
    let program = compile_list(&network, &config).unwrap();
    for (i, c) in program.commands().unwrap().iter().enumerate().take(300) {
        println!("{i} [{}] {c:?}", program.owners[i]);
    }
    let mut accelerator = FastAccelerator::with_machine(Machine {
        config: config.clone(),
        memory: MemoryTiming::default(),
        bases: [0, 1 << 32],
        watchdog_cycles: 1 << 20,
    });
    accelerator.load(&program.image).unwrap();
    for (i, t) in accelerator.timing().commands.iter().enumerate() {
        println!("{i} {t:?}");
    }
    compare(&network, &config, &mut random).unwrap();
}
