//! The digits network of the examples through the whole front end: import, float executor, passes, int8.

use ndarray::{Array2, Array3};
use pleach_host::data::{DataSet, Sidecar, load};
use pleach_host::graph::{Graph, passes, run};
use pleach_host::import::{self, Model};
use pleach_host::quantize::{RangeMethod, calibrate, quantize};
use pleach_spec::network::{Layer, MapShape, Network};
use prost::Message;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

struct Digits {
    model: Model,
    sidecar: Sidecar,
    test: DataSet,
}

fn digits() -> Digits {
    let path = example("digits.onnx");
    let sidecar = Sidecar::beside(&path).unwrap();
    let test = open(sidecar.data.test.as_deref().unwrap(), &sidecar);
    Digits { model: import::load(&path, &BTreeMap::new()).unwrap(), sidecar, test }
}

fn open(path: &Path, sidecar: &Sidecar) -> DataSet {
    let shape = MapShape { channels: 1, height: 8, width: 8 };
    load(path, sidecar.expected(shape)).unwrap()
}

impl Digits {
    fn images(&self) -> Vec<Array3<f32>> {
        self.test.images(&self.sidecar.input).collect::<Result<_, _>>().unwrap()
    }

    /// Share of the test images that `classify` gets right, in percent.
    fn accuracy(&self, classify: impl Fn(&Array3<f32>) -> usize) -> f64 {
        let labels = self.test.labels.as_ref().unwrap();
        let images = self.images();
        let right = images.iter().zip(labels).filter(|(image, label)| classify(image) == **label).count();
        100.0 * right as f64 / labels.len() as f64
    }

    fn quantized(&self, graph: &Graph, method: RangeMethod) -> Network {
        let train = open(self.sidecar.data.calibrate.as_deref().unwrap(), &self.sidecar);
        let images = train.images(&self.sidecar.input).map(Result::unwrap);
        let mut calibration = calibrate(graph, images, &mut |_| ()).unwrap();
        calibration.method = method;
        quantize(graph, &calibration).unwrap()
    }
}

fn largest<T: PartialOrd + Copy>(values: impl IntoIterator<Item = T>) -> usize {
    let mut values = values.into_iter().enumerate();
    let first = values.next().unwrap();
    values.fold(first, |best, next| if next.1 > best.1 { next } else { best }).0
}

/// The quantized network in plain loops.
fn run_int8(network: &Network, image: &Array3<f32>) -> Vec<i8> {
    let input = network.tensors[network.input].quantization;
    let mut tensors: Vec<Vec<i8>> = vec![Vec::new(); network.tensors.len()];
    tensors[network.input] = image.iter().map(|&value| input.quantize(value)).collect();
    for layer in &network.layers {
        tensors[layer.output] = run_layer(network, layer, &tensors[layer.inputs[0]]);
    }
    tensors.swap_remove(network.outputs[0])
}

fn run_layer(network: &Network, layer: &Layer, x: &[i8]) -> Vec<i8> {
    let (input, output) = network.shapes(layer);
    let conv = layer.conv().unwrap();
    let (g, zero) = (conv.geometry, i32::from(network.tensors[layer.inputs[0]].quantization.zero_point));
    let in_per_group = input.channels / g.groups;
    let mut y = Vec::with_capacity(output.elements());
    for (o, requantize) in network.requantize(layer, conv).unwrap().iter().enumerate() {
        let first = o / (output.channels / g.groups) * in_per_group;
        for pixel in 0..output.pixels() {
            let (oy, ox) = (pixel / output.width, pixel % output.width);
            let mut sum = 0;
            for i in 0..in_per_group {
                for tap in 0..g.kernel[0] * g.kernel[1] {
                    let (ky, kx) = (tap / g.kernel[1], tap % g.kernel[1]);
                    let row = (oy * g.stride[0] + ky * g.dilation[0]).wrapping_sub(g.pads[0]);
                    let column = (ox * g.stride[1] + kx * g.dilation[1]).wrapping_sub(g.pads[1]);
                    if row < input.height && column < input.width {
                        let x = x[((first + i) * input.height + row) * input.width + column];
                        let w = conv.weights[(o * in_per_group + i) * g.kernel[0] * g.kernel[1] + tap];
                        sum += (i32::from(x) - zero) * i32::from(w);
                    }
                }
            }
            y.push(requantize.apply(sum));
        }
    }
    y
}

#[test]
fn the_float_executor_equals_onnx_runtime() {
    let digits = digits();
    let reference: Array2<f32> = ndarray_npy::read_npy(example("digits/reference-logits.npy")).unwrap();
    let optimised = passes::optimise(&digits.model.graph);
    assert_eq!(reference.nrows(), digits.test.len());
    for (image, expected) in digits.images().iter().zip(reference.outer_iter()) {
        for graph in [&digits.model.graph, &optimised] {
            let found = run(graph, image).unwrap();
            let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-4, "{worst}");
        }
    }
}

#[test]
fn the_float_accuracy_is_what_the_training_reached() {
    let digits = digits();
    let accuracy = digits.accuracy(|image| largest(run(&digits.model.graph, image).unwrap()));
    println!("float: {accuracy:.2} %");
    assert!(accuracy >= 97.0, "{accuracy}");
}

#[test]
fn int8_is_within_half_a_point_of_float() {
    let digits = digits();
    let graph = passes::optimise(&digits.model.graph);
    let float = digits.accuracy(|image| largest(run(&graph, image).unwrap()));
    for method in [RangeMethod::MinMax, RangeMethod::Percentile(99.99)] {
        let network = digits.quantized(&graph, method);
        let int8 = digits.accuracy(|image| largest(run_int8(&network, image)));
        println!("float {float:.2} %, int8 with {method:?} {int8:.2} %");
        assert!((float - int8).abs() <= 0.5, "{method:?}: float {float}, int8 {int8}");
    }
}

#[test]
fn int8_logits_are_near_the_float_ones() {
    let digits = digits();
    let graph = passes::optimise(&digits.model.graph);
    let network = digits.quantized(&graph, RangeMethod::MinMax);
    let step = network.tensors[network.outputs[0]].quantization;
    let (mut error, mut signal) = (0.0, 0.0);
    for image in digits.images() {
        let float = run(&graph, &image).unwrap();
        for (q, f) in run_int8(&network, &image).into_iter().zip(&float) {
            error += f64::from(step.dequantize(q) - f).powi(2);
            signal += f64::from(*f).powi(2);
        }
    }
    let snr = 10.0 * (signal / error).log10();
    println!("signal to quantization noise of the logits: {snr:.1} dB");
    assert!(snr > 25.0, "{snr}");
}

#[test]
fn pruned_weights_stay_exactly_zero() {
    let digits = digits();
    let mut graph = passes::optimise(&digits.model.graph);
    let untouched = graph.clone();
    for layer in graph.layers_mut() {
        layer.conv.weights.iter_mut().step_by(3).for_each(|weight| *weight = 0.0);
    }
    let network = digits.quantized(&graph, RangeMethod::MinMax);
    assert!(network.layers.iter().all(|layer| layer.weights().iter().step_by(3).all(|&weight| weight == 0)));
    let kept = |graph: &Graph| {
        graph.layers().flat_map(|layer| layer.conv.weights.to_owned()).filter(|&w| w != 0.0).count()
    };
    assert!(kept(&untouched) > kept(&graph), "a clone shares its weights only until one of them changes");
}

#[test]
fn the_network_is_one_layer_per_convolution() {
    let digits = digits();
    let network = digits.quantized(&passes::optimise(&digits.model.graph), RangeMethod::MinMax);
    let layers: Vec<String> = network
        .layers
        .iter()
        .map(|layer| {
            let (x, y) = network.shapes(layer);
            format!(
                "{} {} {x} -> {y}, kernel {:?}",
                layer.op,
                layer.name,
                layer.conv().unwrap().geometry.kernel
            )
        })
        .collect();
    assert_eq!(layers.len(), 5, "{layers:#?}");
    assert!(layers[0].starts_with("Conv conv1 1x8x8 -> "), "{}", layers[0]);
    assert!(
        layers[4].starts_with("Gemm fc ") && layers[4].ends_with("-> 10x1x1, kernel [4, 4]"),
        "{}",
        layers[4]
    );
    // Whatever follows a ReLU starts at zero.
    assert!(network.layers[..4].iter().all(|layer| layer.conv().unwrap().clamp == [-128, 127]));
    assert!(
        network.layers[..4].iter().all(|layer| network.tensors[layer.output].quantization.zero_point == -128)
    );
}

#[test]
fn the_protobuf_model_is_kept_to_the_byte() {
    let bytes = std::fs::read(example("digits.onnx")).unwrap();
    assert_eq!(digits().model.proto.encode_to_vec(), bytes);
}
