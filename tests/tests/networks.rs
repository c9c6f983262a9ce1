//! Whole networks of all kinds of layers: the command list on the fast accelerator against the golden model.

use ndarray::Array3;
use pleach_host::compile::{CompileError, compile_list};
use pleach_host::pipeline::{Options, compile_onnx};
use pleach_sim::device::{Accelerator, FastAccelerator};
use pleach_sim::fast::Machine;
use pleach_sim::golden;
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use pleach_spec::network::Network;
use pleach_tests::depth;
use pleach_tests::networks::{Size, network, random_map, small_config};
use pleach_tests::random::Random;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// Runs a network both ways; what differs, if anything.
fn compare(network: &Network, config: &Config, random: &mut Random) -> Result<(), String> {
    let program = match compile_list(network, config) {
        // Small memories do not hold everything.
        Err(CompileError::Activations { .. } | CompileError::Pass { .. }) => return Ok(()),
        other => other.map_err(|error| format!("does not compile: {error}"))?,
    };
    let shape = network.tensors[network.input].shape;
    let input = random_map(shape, random);
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
fn the_digits_network_computes_what_golden_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/digits.onnx");
    for (name, speedup) in [("mini", None), ("mini", Some(4.0)), ("default", None), ("default", Some(4.0))] {
        let config = Config::resolve(name).unwrap();
        let (shapes, calibration) = (BTreeMap::new(), None);
        let options = Options { config: config.clone(), shapes, calibration, speedup };
        let model = compile_onnx(&path, &options, &mut |_, _, _| ()).unwrap().model;
        for seed in 0..3 {
            compare(&model.network, &config, &mut Random(seed)).unwrap();
        }
    }
}
