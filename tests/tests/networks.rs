//! Whole networks of all kinds of layers: the command list on the fast accelerator against the golden model.

use pleach_host::compile::compile_list;
use pleach_host::pipeline::{Options, compile_onnx};
use pleach_spec::Config;
use pleach_spec::list::{Command, Segment, Target};
use pleach_spec::network::{
    Conv, ConvGeometry, Interpolation, Kind, Layer, MapShape, Network, Pool, Sampling, Tensor,
};
use pleach_spec::numerics::Quantization;
use pleach_tests::against_golden::{self, if_it_fits};
use pleach_tests::depth;
use pleach_tests::networks::{Size, network, small_config};
use pleach_tests::random::Random;
use pleach_tests::zoo::digits_file;
use proptest::prelude::*;

/// Runs a network both ways, if small memories hold everything; what differs, if anything.
fn compare(network: &Network, config: &Config, random: &mut Random) -> Result<(), String> {
    // The second image finds the weights on the chip, if they stay there.
    match if_it_fits(compile_list(network, config))? {
        Some(program) => against_golden::compare(network, &program, config, &[1, 1], random),
        None => Ok(()),
    }
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
    for (name, speedup) in [("mini", None), ("mini", Some(4.0)), ("default", None), ("default", Some(4.0))] {
        let config = Config::resolve(name).unwrap();
        let options = Options { speedup, ..Options::new(config.clone()) };
        let model = compile_onnx(&digits_file(), &options, &mut |_, _, _| ()).unwrap().model;
        for seed in 0..3 {
            compare(&model.network, &config, &mut Random(seed)).unwrap();
        }
    }
}

/// A convolution whose input is added to its output.
fn residual() -> Network {
    let mut random = Random(1);
    let shape = MapShape { channels: 40, height: 7, width: 7 };
    let quantization = Quantization { scale: 0.05, zero_point: 3 };
    let tensor = |name: &str| Tensor { name: name.into(), shape, quantization };
    let conv = Conv {
        geometry: ConvGeometry { kernel: [3; 2], stride: [1; 2], dilation: [1; 2], pads: [1; 4], groups: 1 },
        weights: (0..40 * 40 * 9).map(|_| random.of(1..=50) as i8).collect(),
        weight_scales: vec![0.0001; 40],
        bias: vec![0; 40],
        clamp: [-128, 127],
        channel_order: Vec::new(),
    };
    let layer =
        Layer { name: "conv".into(), op: "Conv".into(), inputs: vec![0], output: 1, kind: Kind::Conv(conv) };
    let add = Layer {
        name: "add".into(),
        op: "Add".into(),
        inputs: vec![0, 1],
        output: 2,
        kind: Kind::Add { clamp: [-128, 127] },
    };
    Network {
        name: "net".into(),
        tensors: ["x", "y", "z"].map(tensor).into(),
        layers: vec![layer, add],
        input: 0,
        outputs: vec![2],
    }
}

/// 16 to 96 to 24 channels: pointwise, depthwise, pointwise, on maps of which the wide ones do not fit.
fn bottleneck() -> Network {
    let mut random = Random(3);
    let quantization = Quantization { scale: 0.05, zero_point: 3 };
    let tensor = |name: &str, channels: usize, side: usize| Tensor {
        name: name.into(),
        shape: MapShape { channels, height: side, width: side },
        quantization,
    };
    let tensors =
        vec![tensor("x", 16, 56), tensor("wide", 96, 56), tensor("half", 96, 28), tensor("y", 24, 28)];
    let mut conv = |index: usize, kernel: usize, stride: usize, groups: usize| {
        let (inputs, outputs) = (tensors[index].shape.channels, tensors[index + 1].shape.channels);
        let pad = kernel / 2;
        let weights = outputs * inputs / groups * kernel * kernel;
        Layer {
            name: format!("conv{index}"),
            op: "Conv".into(),
            inputs: vec![index],
            output: index + 1,
            kind: Kind::Conv(Conv {
                geometry: ConvGeometry {
                    kernel: [kernel; 2],
                    stride: [stride; 2],
                    dilation: [1; 2],
                    pads: [pad; 4],
                    groups,
                },
                weights: (0..weights).map(|_| random.of(1..=50) as i8).collect(),
                weight_scales: vec![0.001; outputs],
                bias: vec![0; outputs],
                clamp: [-128, 127],
                channel_order: Vec::new(),
            }),
        }
    };
    let layers = vec![conv(0, 1, 1, 1), conv(1, 3, 2, 96), conv(2, 1, 1, 1)];
    Network { name: "net".into(), tensors, layers, input: 0, outputs: vec![3] }
}

/// Steps whose maps do not fit on the chip are executed strip by strip: the widest map is not stored, and no row is loaded twice.
#[test]
fn the_map_between_the_steps_of_a_group_stays_on_the_chip() {
    let network = bottleneck();
    for activation_depth in [256, 512] {
        let config = Config { activation_depth, ..Config::resolve("default").unwrap() };
        let program = compile_list(&network, &config).unwrap();
        let (mut loaded, mut stored) = (0, 0);
        for command in program.commands().unwrap() {
            match command {
                Command::Load(load) if load.segment == Segment::Data as u32 => loaded += load.count,
                Command::Store(store) => stored += store.count,
                _ => {}
            }
        }
        let (input, half, output) = (56 * 56, 6 * 28 * 28, 2 * 28 * 28);
        assert!(loaded <= input + half && stored <= half + output, "{loaded} loaded, {stored} stored");
        compare(&network, &config, &mut Random(4)).unwrap();
    }
}

/// Words of more than half a buffer: all at once but for the last pixels, where each half is executed by itself.
#[test]
fn long_words_are_halved_at_the_last_pixels() {
    let network = residual();
    let config = Config { word_depth: 512, ..Config::resolve("default").unwrap() };
    let program = compile_list(&network, &config).unwrap();
    let passes = program.commands().unwrap().into_iter().filter_map(|command| match command {
        Command::Compute(pass) => Some((pass.issue.tiles, pass.issue.partial, pass.issue.accumulate)),
        _ => None,
    });
    assert_eq!(passes.collect::<Vec<_>>(), [(3, 0, 0), (1, 1, 0), (1, 0, 1)].repeat(3));
    compare(&network, &config, &mut Random(2)).unwrap();
}

/// Found by `cargo xtask bench-networks` on MobileNetV2 with random zeros: both tiles add from the same vectors, and so by the same
/// list, but in places of their own, of which a list names one.
#[test]
fn tiles_that_add_from_the_same_vectors_share_no_list_of_chunks() {
    let mut random = Random(4);
    let shape = MapShape { channels: 32, height: 28, width: 28 };
    let quantization = Quantization { scale: 0.05, zero_point: 3 };
    let tensor = |name: &str| Tensor { name: name.into(), shape, quantization };
    let mut conv = |name: &str, input: usize, channel_order: Vec<u32>| Layer {
        name: name.into(),
        op: "Conv".into(),
        inputs: vec![input],
        output: input + 1,
        kind: Kind::Conv(Conv {
            geometry: ConvGeometry {
                kernel: [1; 2],
                stride: [1; 2],
                dilation: [1; 2],
                pads: [0; 4],
                groups: 1,
            },
            weights: (0..32 * 32).map(|_| random.of(1..=50) as i8).collect(),
            weight_scales: vec![0.0001; 32],
            bias: vec![0; 32],
            clamp: [-128, 127],
            channel_order,
        }),
    };
    // Even channels, then odd ones.
    let apart = (0..32).map(|at| at % 16 * 2 + at / 16).collect();
    let layers = vec![
        conv("first", 0, Vec::new()),
        conv("second", 1, apart),
        Layer {
            name: "add".into(),
            op: "Add".into(),
            inputs: vec![0, 2],
            output: 3,
            kind: Kind::Add { clamp: [-128, 127] },
        },
    ];
    let tensors = ["x", "y", "z", "sum"].map(tensor).into();
    let network = Network { name: "net".into(), tensors, layers, input: 0, outputs: vec![3] };
    for activation_depth in [16, 32, 64, 128] {
        let config = Config { activation_depth, ..Config::resolve("default").unwrap() };
        compare(&network, &config, &mut Random(2)).unwrap();
    }
}

#[test]
fn errors_name_the_layer_and_what_is_too_large() {
    let config = Config { activation_depth: 16, ..Config::resolve("mini").unwrap() };
    let error = compile_list(&residual(), &config).unwrap_err().to_string();
    assert!(error.starts_with("layer `conv` needs "), "{error}");
    assert!(error.ends_with(" activation vectors at once, but configuration `mini` holds 64"), "{error}");
}

/// An inverted bottleneck with squeeze and excitation, enlarged and added to a larger map, as in a feature pyramid.
fn pyramid() -> Network {
    let mut random = Random(3);
    let mut tensors: Vec<Tensor> = Vec::new();
    let mut layers: Vec<Layer> = Vec::new();
    let shape = |channels, side| MapShape { channels, height: side, width: side };
    let mut tensor = |shape: MapShape, zero_point: i8| {
        let quantization = Quantization { scale: 0.05, zero_point };
        tensors.push(Tensor { name: format!("t{}", tensors.len()), shape, quantization });
        tensors.len() - 1
    };
    let mut conv = |inputs: usize, channels: usize, kernel: usize, stride: usize, groups: usize| {
        let pads = [kernel / 2; 4];
        let geometry =
            ConvGeometry { kernel: [kernel; 2], stride: [stride; 2], dilation: [1; 2], pads, groups };
        let count = channels * (inputs / groups) * kernel * kernel;
        Kind::Conv(Conv {
            geometry,
            weights: (0..count).map(|_| random.of(-60..=60) as i8).collect(),
            weight_scales: vec![0.004; channels],
            bias: vec![100; channels],
            clamp: [-128, 127],
            channel_order: Vec::new(),
        })
    };
    let sigmoid = (0..=255u8).map(|byte| (f32::from(byte as i8) / 20.0).exp());
    let sigmoid = sigmoid.map(|power| (255.0 * power / (1.0 + power) - 128.0) as i8).collect();
    let pool = Pool::global([6; 2]);
    let enlarge = Interpolation { factor: [2; 2], sampling: Sampling::HalfPixel };
    let input = tensor(shape(20, 12), 5);
    let mut layer = |op: &str, inputs: Vec<usize>, shape: MapShape, zero_point: i8, kind: Kind| {
        let output = tensor(shape, zero_point);
        layers.push(Layer { name: format!("{op}{output}"), op: op.into(), inputs, output, kind });
        output
    };
    let expanded = layer("Conv", vec![input], shape(40, 12), -128, conv(20, 40, 1, 1, 1));
    let depthwise = layer("Conv", vec![expanded], shape(40, 6), -128, conv(40, 40, 3, 2, 40));
    let average = Kind::AveragePool { pool, count_include_pad: false };
    let squeezed = layer("GlobalAveragePool", vec![depthwise], shape(40, 1), -128, average);
    let reduced = layer("Conv", vec![squeezed], shape(10, 1), 3, conv(40, 10, 1, 1, 1));
    let restored = layer("Conv", vec![reduced], shape(40, 1), 0, conv(10, 40, 1, 1, 1));
    let gate = layer("Sigmoid", vec![restored], shape(40, 1), -128, Kind::Unary { table: sigmoid });
    let scaled = layer("Mul", vec![depthwise, gate], shape(40, 6), -128, Kind::Scale);
    let projected = layer("Conv", vec![scaled], shape(20, 6), 7, conv(40, 20, 1, 1, 1));
    let enlarged = layer("Resize", vec![projected], shape(20, 12), 7, Kind::Interpolate(enlarge));
    let sum = layer("Add", vec![enlarged, input], shape(20, 12), 0, Kind::Add { clamp: [-128, 127] });
    Network { name: "pyramid".into(), tensors, layers, input, outputs: vec![sum] }
}

#[test]
fn a_pyramid_with_squeeze_and_excitation_computes_what_golden_does() {
    let network = pyramid();
    for (columns, window) in [(4, 16), (8, 16), (16, 16), (32, 16), (32, 32)] {
        let config = Config { columns, window, activation_depth: 512, ..Config::resolve("mini").unwrap() };
        let program = compile_list(&network, &config).unwrap();
        let gates = program.commands().unwrap().into_iter().filter(|command| match command {
            Command::Load(load) => {
                load.segment == Segment::Data as u32 && load.target == Target::Weight as u32
            }
            _ => false,
        });
        // A gate with the vector, and one with each half of the constant 128, for each vector of up to 16 columns.
        assert_eq!(gates.count(), 3 * 40usize.div_ceil(columns.min(16)), "{columns} columns");
        for seed in 0..3 {
            compare(&network, &config, &mut Random(seed)).unwrap();
        }
    }
}

/// A global pooling of 65,536 channels.
fn many_channels(height: usize) -> Network {
    let quantization = Quantization { scale: 0.05, zero_point: 3 };
    let tensor = |name: &str, height: usize| {
        let shape = MapShape { channels: 1 << 16, height, width: 1 };
        Tensor { name: name.into(), shape, quantization }
    };
    let kind = Kind::AveragePool { pool: Pool::global([height, 1]), count_include_pad: false };
    Network {
        name: "many".into(),
        tensors: vec![tensor("x", height), tensor("y", 1)],
        layers: vec![Layer {
            name: "pool".into(),
            op: "GlobalAveragePool".into(),
            inputs: vec![0],
            output: 1,
            kind,
        }],
        input: 0,
        outputs: vec![1],
    }
}

/// Found by fuzzing: each tile looked through all channels, so that this took minutes.
#[test]
fn a_map_of_very_many_channels_is_refused_without_delay() {
    let refused = compile_list(&many_channels(4), &Config::resolve("mini").unwrap());
    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("`pool` needs 16385 activation vectors"), "{refused}");
}

/// Found by fuzzing: each pass looked through all tiles, so that this took minutes.
#[test]
fn a_map_of_very_many_channels_that_fits_computes_what_golden_does() {
    compare(&many_channels(2), &Config::resolve("mini").unwrap(), &mut Random(1)).unwrap();
}
