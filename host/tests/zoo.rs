//! Networks of the zoo through import, calibration and quantization: int8 stays near float in every layer.

use ndarray::{Array3, Axis};
use pleach_host::graph::{Graph, passes, run};
use pleach_host::import;
use pleach_host::quantize::{Noise, calibrate, noise, quantize};
use pleach_host::zoo::{ARCHITECTURES, Architecture, MEAN, Options, STD};
use pleach_sim::golden;
use pleach_spec::network::Network;

fn normalised(image: ndarray::ArrayView3<u8>) -> Array3<f32> {
    Array3::from_shape_fn(image.dim(), |(c, y, x)| (f32::from(image[(c, y, x)]) - MEAN[c]) / STD[c])
}

struct Quantized {
    float: Graph,
    network: Network,
    /// Images that were not calibrated on.
    images: Vec<Array3<f32>>,
}

fn quantized(name: &str, options: &Options) -> Quantized {
    let generated = Architecture::named(name).unwrap().generate(options).unwrap();
    let mut images: Vec<_> = generated.images.axis_iter(Axis(0)).map(normalised).collect();
    let float = passes::optimise(&import::graph(&generated.model).unwrap());
    let unseen = images.split_off(12);
    let calibration = calibrate(&float, images.into_iter(), &mut |_| ()).unwrap();
    let network = quantize(&float, &calibration).unwrap();
    Quantized { float, network, images: unseen }
}

/// The least signal to noise ratio of any layer, in decibels, and that of the output.
fn check(name: &str, options: &Options) -> (f64, f64) {
    let Quantized { float, network, images } = quantized(name, options);
    let mut total = vec![Noise::default(); network.tensors.len()];
    for image in &images {
        let x = &network.tensors[network.input].quantization;
        let maps = golden::run(&network, image.mapv(|value| x.quantize(value))).unwrap();
        let found = noise(&float, &network, image, &maps).unwrap();
        total.iter_mut().zip(found).for_each(|(total, noise)| *total += noise);
        let logits = run(&float, image).unwrap();
        assert_eq!(logits.len(), network.tensors[network.outputs[0]].shape.elements());
    }
    for layer in &network.layers {
        println!("{:>6.1} dB {} {}", total[layer.output].decibels(), layer.op, layer.name);
    }
    let least =
        network.layers.iter().map(|layer| total[layer.output].decibels()).fold(f64::INFINITY, f64::min);
    (least, total[network.outputs[0]].decibels())
}

#[test]
fn resnet18_in_int8_is_near_float() {
    let (least, output) = check("resnet18", &Options { size: Some(64), ..Options::default() });
    assert!(least > 24.0 && output > 28.0, "least {least} dB, output {output} dB");
}

#[test]
fn mobilenetv2_in_int8_is_near_float() {
    let (least, output) = check("mobilenetv2", &Options { size: Some(96), width: 0.35, seed: 1 });
    assert!(least > 12.0 && output > 18.0, "least {least} dB, output {output} dB");
}

#[test]
fn every_node_of_a_residual_network_becomes_a_layer() {
    let Quantized { network, .. } = quantized("resnet18", &Options { size: Some(32), ..Options::default() });
    let count = |op: &str| network.layers.iter().filter(|layer| layer.op == op).count();
    let counts = ["Conv", "MaxPool", "Add", "GlobalAveragePool", "Gemm"].map(count);
    assert_eq!(counts, [20, 1, 8, 1, 1]);
    assert_eq!(network.layers.len(), 31, "batch normalizations and ReLUs are part of them");
}

/// Of VGG-16 alone the fully connected layers are a hundred million weights.
#[test]
fn every_pass_keeps_what_each_network_computes() {
    for network in ARCHITECTURES.iter().filter(|network| network.name != "vgg16") {
        let options = Options { size: Some(network.least_size), ..Options::default() };
        let imported = import::graph(&network.model(&options).unwrap()).unwrap();
        let told = passes::check(&imported).unwrap_or_else(|changed| panic!("{}: {changed}", network.name));
        assert_eq!(told.len(), passes::ALL.len(), "{}", network.name);
    }
}
