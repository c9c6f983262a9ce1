//! Learned rounding is nearer to the float layer than nearest rounding, and the same every time.

use super::*;
use crate::graph::testing::{conv, image, map};
use crate::graph::{Clamp, run};
use crate::quantize::{Noise, calibrate, grids};

/// Two convolutions, one of them depthwise, and a classifier.
fn graph() -> Graph {
    let mut graph = Graph::new("net", "x", map(6, 8, 8));
    let first = Conv { clamp: Clamp::RELU, ..conv(24, [6, 3, 3], 1) };
    let a = graph.push("first", Op::Conv(first), graph.input(), "a").unwrap();
    let mut depthwise = conv(24, [1, 3, 3], 2);
    depthwise.geometry.groups = 24;
    let b = graph.push("depthwise", Op::Conv(depthwise), a, "b").unwrap();
    graph.push("last", Op::Conv(conv(10, [24, 4, 4], 3)), b, "y").unwrap();
    graph
}

fn images(seeds: std::ops::Range<u64>) -> Vec<Array3<f32>> {
    seeds.map(|seed| image([6, 8, 8], seed)).collect()
}

#[test]
fn unseen_images_come_nearer_to_float_and_levels_are_kept() {
    let graph = graph();
    let seen = images(0..200);
    let calibration = calibrate(&graph, seen.iter().cloned(), &mut |_| ()).unwrap();
    for codebooks in [false, true] {
        let bits = graph.layers().map(|layer| (layer.name.to_owned(), 2)).collect();
        let grids = grids(&graph, &bits, codebooks);
        let mut options = Options { grids, ..Options::default() };
        let nearest = quantize_with(&graph, &calibration, &options).unwrap();
        let settings = AdaRound { iterations: 300, seed: 1 };
        let mut told = Vec::new();
        let learn = |told: &mut Vec<usize>| {
            adaround(&graph, &calibration, &options, &seen, settings, &mut |done, _| told.push(done)).unwrap()
        };
        let rounding = learn(&mut told);
        assert_eq!(told, [1, 2, 3]);
        assert_eq!(learn(&mut Vec::new()), rounding);
        options.rounding = rounding;
        let learned = quantize_with(&graph, &calibration, &options).unwrap();
        for (layer, before) in learned.layers.iter().zip(&nearest.layers) {
            let (layer, before) = (layer.conv().unwrap(), before.conv().unwrap());
            assert_eq!(layer.weight_scales, before.weight_scales);
            assert!(layer.weights.iter().all(|number| before.weights.contains(number)));
        }
        let [nearest, learned] = [nearest, learned].map(|network| {
            let emulation = Emulation::new(&graph, &network, 8);
            let mut noise = Noise::default();
            for image in images(1000..1040) {
                noise +=
                    Noise::between(&run(&graph, &image).unwrap(), &emulation.outputs(&image).unwrap()[0]);
            }
            noise.decibels()
        });
        assert!(learned > nearest + 0.5, "codebooks {codebooks}: {learned} dB instead of {nearest} dB");
    }
}
