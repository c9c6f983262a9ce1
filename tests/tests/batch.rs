//! Batches: several images a run give, image by image, what golden gives for each.

use pleach_host::compile::{CompileError, batch_candidates, compile_batch};
use pleach_host::device::{golden_maps, infer_batch};
use pleach_sim::device::{Accelerator, FastAccelerator};
use pleach_sim::fast::Machine;
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use pleach_spec::executable::Executable;
use pleach_spec::layout::MapLayout;
use pleach_spec::network::{MapShape, Network};
use pleach_tests::depth;
use pleach_tests::networks::{Size, network, random_map, small_config};
use pleach_tests::random::Random;
use pleach_tests::zoo;
use proptest::prelude::*;

/// A program, if small memories hold everything.
fn program(compiled: Result<Executable, CompileError>) -> Result<Option<Executable>, String> {
    match compiled {
        Err(CompileError::Activations { .. } | CompileError::Pass { .. }) => Ok(None),
        other => other.map(Some).map_err(|error| format!("does not compile: {error}")),
    }
}

/// Runs batches of a network, the second of which lacks images; what differs from golden, if anything.
fn compare(
    network: &Network,
    program: &Executable,
    config: &Config,
    random: &mut Random,
) -> Result<(), String> {
    let images = program.batch();
    let mut accelerator = FastAccelerator::with_machine(Machine {
        config: config.clone(),
        memory: MemoryTiming::default(),
        bases: [0, 1 << 32],
        watchdog_cycles: 1 << 20,
    });
    accelerator.load(&program.image).map_err(|error| error.to_string())?;
    let shape = network.tensors[network.input].shape;
    for count in [images, images.div_ceil(2)] {
        let inputs: Vec<_> = (0..count).map(|_| random_map(shape, random)).collect();
        let (outputs, _) = infer_batch(&mut accelerator, program, &inputs)
            .map_err(|error| format!("does not run: {error}"))?;
        assert_eq!(outputs.len(), count);
        for (image, (input, outputs)) in inputs.iter().zip(&outputs).enumerate() {
            let maps = golden_maps(network, input).map_err(|error| error.to_string())?;
            for (&tensor, found) in network.outputs.iter().zip(outputs) {
                let different = maps[tensor].iter().zip(found).filter(|(a, b)| a != b).count();
                if different > 0 || maps[tensor].len() != found.len() {
                    return Err(format!("image {image}, tensor {tensor}: {different} bytes differ"));
                }
            }
        }
    }
    Ok(())
}

/// Rows of the images alternate, in each phase.
#[test]
fn the_maps_of_a_batch_are_packed_row_by_row() {
    let shape = MapShape { channels: 3, height: 5, width: 4 };
    let layout = MapLayout { shape, images: 3, base: 7, split: [2, 2], slots: vec![17, 2, 0], groups: 2 };
    let maps: Vec<_> = (0..3).map(|seed| random_map(shape, &mut Random(seed))).collect();
    let vectors = layout.pack(&maps);
    assert_eq!(vectors.len(), 2 * 4 * 3 * 3 * 2);
    assert_eq!(layout.unpack(&vectors), maps);
    let next = |image, y, x| layout.address(image, 0, y, x) - layout.base;
    assert_eq!([next(1, 0, 0), next(2, 0, 0), next(0, 2, 0), next(0, 0, 2)], [2, 4, 6, 1]);
}

proptest! {
    #![proptest_config(depth(256))]

    #[test]
    fn each_image_of_a_batch_is_what_golden_computes(
        seed in any::<u64>(), images in 2usize..6, layers in 1usize..14, channels in 1usize..60, side in 1usize..24,
    ) {
        let mut random = Random(seed);
        let config = small_config(&mut random);
        let network = network(Size { layers, channels, side }, &mut random);
        for candidate in batch_candidates(&network, images, &config).expect("the layers can be executed") {
            if let Some(program) = program(candidate).map_err(TestCaseError::fail)? {
                prop_assert_eq!(program.batch(), images);
                compare(&network, &program, &config, &mut random).map_err(TestCaseError::fail)?;
            }
        }
    }
}

#[test]
fn small_networks_of_the_zoo_in_batches_give_what_golden_gives() {
    let config = Config { activation_depth: 256, ..Config::resolve("default").expect("built in") };
    for (name, images) in [("resnet18", 3), ("mobilenetv2", 4), ("shufflenetv2", 2), ("yolo-tiny", 2)] {
        let network = zoo::network(name, 64, None);
        let program = compile_batch(&network, images, &config).expect("it fits");
        compare(&network, &program, &config, &mut Random(5))
            .unwrap_or_else(|problem| panic!("{name}: {problem}"));
    }
}
