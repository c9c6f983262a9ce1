//! Batches: several images a run give, image by image, what golden gives for each.

use pleach_host::compile::{batch_candidates, compile_batch};
use pleach_spec::Config;
use pleach_spec::layout::MapLayout;
use pleach_spec::network::MapShape;
use pleach_tests::against_golden::{compare, if_it_fits};
use pleach_tests::depth;
use pleach_tests::networks::{Size, network, random_map, small_config};
use pleach_tests::random::Random;
use pleach_tests::zoo;
use proptest::prelude::*;

/// Images of two runs: a full batch, and one that lacks images.
fn some_lacking(images: usize) -> [usize; 2] {
    [images, images.div_ceil(2)]
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
            if let Some(program) = if_it_fits(candidate).map_err(TestCaseError::fail)? {
                prop_assert_eq!(program.batch(), images);
                compare(&network, &program, &config, &some_lacking(images), &mut random).map_err(TestCaseError::fail)?;
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
        compare(&network, &program, &config, &some_lacking(images), &mut Random(5))
            .unwrap_or_else(|problem| panic!("{name}: {problem}"));
    }
}
