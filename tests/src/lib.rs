//! Random layers and networks for the tests across crates.

pub mod against_golden;
pub mod cost;
pub mod fuzz;
pub mod memories;
pub mod memory;
pub mod model_file;
pub mod networks;
pub mod onnx;
pub mod pair;
pub mod passes;
pub mod random;
pub mod suite;
pub mod vgg;
pub mod zoo;

use ndarray::Array3;
use pleach_host::compile::compile_list;
use pleach_host::device::infer;
use pleach_sim::device::{Accelerator, RunCounters};
use pleach_sim::golden;
use pleach_spec::network::{Conv, ConvGeometry, Kind, Layer, MapShape, Network, Tensor};
use pleach_spec::numerics::Quantization;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

/// Random cases of a test: `usual`, times `PLEACH_DEPTH` where that is set (`cargo xtask deep` does).
pub fn depth(usual: u32) -> ProptestConfig {
    ProptestConfig::with_cases(usual * deep().unwrap_or(1))
}

/// The value of `PLEACH_DEPTH`, by which tests go deeper than they usually do.
pub fn deep() -> Option<u32> {
    std::env::var("PLEACH_DEPTH").ok().and_then(|depth| depth.parse().ok())
}

/// Limits of the random layers.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest number of input and of output channels.
    pub channels: usize,
    /// Largest kernel size.
    pub kernel: usize,
    /// Largest height and width of the input map.
    pub map: usize,
}

impl Limits {
    /// What the issue asks for: channels 1..70, kernels 1..7.
    pub const FULL: Self = Self { channels: 70, kernel: 7, map: 14 };
    /// Smaller, for models that simulate every register.
    pub const QUICK: Self = Self { channels: 40, kernel: 5, map: 9 };
}

/// A network of one layer, and an input map for it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The network.
    pub network: Network,
    /// Input map `[channel][y][x]`.
    pub input: Vec<i8>,
}

/// int8 values: any, or only the extremes, which make the largest sums and saturate.
fn values(count: usize, density: u32, extreme: bool) -> impl Strategy<Value = Vec<i8>> {
    let nonzero = match extreme {
        true => prop_oneof![Just(-128i8), Just(127i8)].boxed(),
        false => any::<i8>().boxed(),
    };
    let value = (0u32..100, nonzero).prop_map(move |(d, v)| if d < density { v } else { 0 });
    prop::collection::vec(value, count)
}

fn geometry(limits: Limits) -> impl Strategy<Value = ConvGeometry> {
    let kernel = prop::array::uniform2(1..=limits.kernel);
    let stride = prop::array::uniform2(1usize..=3);
    let dilation = prop::array::uniform2(prop_oneof![4 => Just(1usize), 1 => Just(2usize)]);
    let pads = prop::array::uniform4(0usize..=3);
    (kernel, stride, dilation, pads).prop_map(|(kernel, stride, dilation, pads)| ConvGeometry {
        kernel,
        stride,
        dilation,
        pads: std::array::from_fn(|side| pads[side].min((kernel[side % 2] - 1) * dilation[side % 2])),
        groups: 1,
    })
}

/// Random single-layer networks within the limits: ragged channels, strides, dilations, paddings, groups, densities from 0 to
/// 100 %, channels and chunks without any weight, extreme values, saturation.
pub fn cases(limits: Limits) -> impl Strategy<Value = Case> {
    let channels = (1..=limits.channels, 1..=limits.channels);
    let size = prop::array::uniform2(1..=limits.map);
    let groups = prop_oneof![6 => Just(1usize), 1 => Just(2usize), 1 => Just(usize::MAX)];
    (channels, geometry(limits), size, groups)
        .prop_filter_map("the kernel fits", |(channels, mut geometry, size, groups)| {
            let (mut inputs, mut outputs) = channels;
            match groups {
                usize::MAX => outputs = inputs,
                groups => {
                    (inputs, outputs) = (inputs.next_multiple_of(groups), outputs.next_multiple_of(groups))
                }
            }
            geometry.groups = groups.min(inputs);
            let [height, width] = geometry.output(size)?;
            let input = MapShape { channels: inputs, height: size[0], width: size[1] };
            Some((geometry, input, MapShape { channels: outputs, height, width }))
        })
        .prop_flat_map(|(geometry, input, output)| {
            let density = prop_oneof![Just(0u32), 1u32..100, Just(100u32)];
            contents(geometry, input, output, density)
        })
}

/// Random weights, biases, scales and activations for a layer.
fn contents(
    geometry: ConvGeometry,
    input: MapShape,
    output: MapShape,
    density: impl Strategy<Value = u32>,
) -> impl Strategy<Value = Case> {
    let [height, width] = geometry.kernel;
    let weights = output.channels * input.channels / geometry.groups * height * width;
    let values = (density, prop::bool::weighted(0.2)).prop_flat_map(move |(density, extreme)| {
        (
            values(weights, density, extreme),
            values(input.elements(), 100, extreme),
            prop::collection::vec(-5000i32..5000, output.channels),
            prop::collection::vec(1.0e-4f32..0.02, output.channels),
        )
    });
    let points = (any::<i8>(), any::<i8>(), any::<bool>());
    (values, points).prop_map(move |((weights, map, bias, scales), (x, y, relu))| {
        let tensor = |name: &str, shape, scale, zero_point| Tensor {
            name: name.into(),
            shape,
            quantization: Quantization { scale, zero_point },
        };
        let kind = Kind::Conv(Conv {
            geometry,
            weights,
            weight_scales: scales,
            bias,
            clamp: [if relu { y } else { -128 }, 127],
            channel_order: Vec::new(),
        });
        let layer = Layer { name: "layer".into(), op: "Conv".into(), inputs: vec![0], output: 1, kind };
        let tensors = vec![tensor("x", input, 0.5, x), tensor("y", output, 0.75, y)];
        let network =
            Network { name: "case".into(), tensors, layers: vec![layer], input: 0, outputs: vec![1] };
        Case { network, input: map }
    })
}

/// A layer with given geometry and random contents that depend on `seed` only.
pub fn single_layer(
    inputs: usize,
    outputs: usize,
    geometry: ConvGeometry,
    size: [usize; 2],
    density: u32,
    seed: u64,
) -> Case {
    let [height, width] = geometry.output(size).expect("the kernel fits");
    let input = MapShape { channels: inputs, height: size[0], width: size[1] };
    let output = MapShape { channels: outputs, height, width };
    let mut runner = runner(seed);
    contents(geometry, input, output, Just(density)).new_tree(&mut runner).expect("no filter").current()
}

/// A source of random values that depends on `seed` only.
fn runner(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRunner::new_with_rng(Default::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// A random network of a chain of layers, to test what lies between layers.
pub fn chains(limits: Limits, layers: usize) -> impl Strategy<Value = Case> {
    (cases(limits), prop::collection::vec(any::<u64>(), layers - 1)).prop_map(move |(mut case, seeds)| {
        for seed in seeds {
            append_layer(&mut case.network, limits, seed);
        }
        case
    })
}

/// Appends a random layer that fits the network's output.
fn append_layer(network: &mut Network, limits: Limits, seed: u64) {
    let mut runner = runner(seed);
    let input = network.outputs[0];
    let shape = network.tensors[input].shape;
    let strategy = (geometry(limits), 1..=limits.channels, 0u32..=100);
    let (geometry, channels, density) = loop {
        let drawn = strategy.new_tree(&mut runner).expect("no filter").current();
        if drawn.0.output([shape.height, shape.width]).is_some() {
            break drawn;
        }
    };
    let [height, width] = geometry.output([shape.height, shape.width]).expect("it was tried");
    let count = channels * shape.channels * geometry.kernel[0] * geometry.kernel[1];
    let weights = values(count, density, false).new_tree(&mut runner).expect("no filter").current();
    let mut layer = network.layers[0].clone();
    layer.name = format!("layer{}", network.layers.len());
    (layer.inputs, layer.output) = (vec![input], network.tensors.len());
    layer.kind = Kind::Conv(Conv {
        geometry,
        weights,
        weight_scales: vec![0.003; channels],
        bias: (0..channels as i32).map(|c| c * 37 - 300).collect(),
        clamp: [-128, 127],
        channel_order: Vec::new(),
    });
    let quantization = network.tensors[input].quantization;
    let shape = MapShape { channels, height, width };
    network.tensors.push(Tensor { name: format!("y{}", layer.output), shape, quantization });
    network.outputs = vec![layer.output];
    network.layers.push(layer);
}

/// The golden output of a case.
pub fn golden_output(case: &Case) -> Vec<i8> {
    let MapShape { channels, height, width } = case.network.tensors[case.network.input].shape;
    let input =
        Array3::from_shape_vec((channels, height, width), case.input.clone()).expect("the input's shape");
    let maps = golden::run(&case.network, input).expect("scales of the test are fine");
    maps[case.network.outputs[0]].iter().copied().collect()
}

/// Compiles and runs a case on an accelerator.
pub fn output(case: &Case, accelerator: &mut dyn Accelerator) -> (Vec<i8>, RunCounters) {
    let program = compile_list(&case.network, accelerator.config()).expect("the case fits");
    accelerator.load(&program.image).expect("the accelerator works");
    let (mut outputs, counters) = infer(accelerator, &program, &case.input).expect("the accelerator works");
    (outputs.swap_remove(0), counters)
}
