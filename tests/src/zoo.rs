//! Networks of the zoo with generated weights, quantized, dense and with zeros.

use crate::random::Random;
use ndarray::{Array3, ArrayView3, Axis};
use pleach_host::graph::{Graph, Op, passes};
use pleach_host::import;
use pleach_host::pipeline::{self, compile_onnx};
use pleach_host::prune::{PruneError, slot_prune};
use pleach_host::quantize::{Calibration, calibrate, quantize};
use pleach_host::zoo::{Architecture, MEAN, Options, STD};
use pleach_sim::fast::Machine;
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use pleach_spec::network::Network;
use std::path::{Path, PathBuf};

/// Images that the activations are calibrated on.
const IMAGES: usize = 2;

/// How much of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// What is before the first change of a map into a vector: not the fully connected layers.
    Maps,
}

/// A network before it is pruned or quantized.
pub struct Prepared {
    float: Graph,
    calibration: Calibration,
}

impl Prepared {
    /// Makes and calibrates a network of the zoo; without a size, images have the usual one.
    ///
    /// # Panics
    /// If there is none of this name.
    pub fn new(name: &str, options: &Options, part: Part) -> Self {
        let architecture = Architecture::named(name).expect("a network of the zoo");
        let generated = architecture.generate(options).expect("it can be made");
        let normalised = |image: ArrayView3<u8>| {
            Array3::from_shape_fn(image.dim(), |(c, y, x)| (f32::from(image[(c, y, x)]) - MEAN[c]) / STD[c])
        };
        let images: Vec<_> = generated.images.axis_iter(Axis(0)).take(IMAGES).map(normalised).collect();
        let mut float = import::graph(&generated.model).expect("it can be imported");
        let flatten = float.nodes().iter().find(|node| matches!(node.op, Op::Flatten));
        if let (Part::Maps, Some(flatten)) = (part, flatten) {
            float.set_outputs(vec![flatten.inputs[0]]);
        }
        let float = passes::optimise(&float);
        let calibration = calibrate(&float, images.into_iter(), &mut |_| ()).expect("it computes");
        Self { float, calibration }
    }

    /// With all its weights.
    ///
    /// # Panics
    /// If it cannot be quantized.
    pub fn dense(&self) -> Network {
        quantize(&self.float, &self.calibration).expect("it can be quantized")
    }

    /// Slot-pruned. Weights that are left are not rescaled, which changes what is computed, but not in how many cycles.
    ///
    /// # Errors
    /// The speed-up is out of reach.
    ///
    /// # Panics
    /// If it cannot be quantized.
    pub fn slots(&self, config: &Config, speedup: f64) -> Result<Network, PruneError> {
        let mut graph = self.float.clone();
        let moments = |tensor: &str| -> Vec<f32> {
            let statistics = self.calibration.tensor(tensor).expect("all tensors were calibrated");
            statistics.channels.iter().map(|channel| channel.second_moment() as f32).collect()
        };
        let pruned = slot_prune(&mut graph, &moments, config, speedup)?;
        let mut network = quantize(&graph, &self.calibration).expect("it can be quantized");
        for layer in &mut network.layers {
            let order = pruned.orders.get(&layer.name).cloned().unwrap_or_default();
            if let Some(conv) = layer.conv_mut() {
                conv.channel_order = order;
            }
        }
        Ok(network)
    }
}

/// The accelerator that figures refer to: 250 MHz and 12.8 GB/s, four of five words of a 512-bit bus, with refreshes.
///
/// # Panics
/// If there is no configuration `default`.
pub fn machine() -> Machine {
    let config = Config { axi_bits: 512, clock_mhz: 250, ..Config::resolve("default").expect("built in") };
    let memory = MemoryTiming {
        latency_cycles: 40,
        numerator: 4,
        denominator: 5,
        refresh_interval: 1950,
        refresh_cycles: 40,
    };
    Machine { config, memory, bases: [0, 1 << 32], watchdog_cycles: 1 << 24 }
}

/// The network with so many percent of its weights, chosen at random, set to zero; the first layer and those with groups stay as
/// they are.
pub fn random_zeros(network: &Network, percent: u32) -> Network {
    let mut network = network.clone();
    let mut random = Random(80);
    let convs = network.layers.iter_mut().filter_map(|layer| layer.conv_mut());
    for conv in convs.skip(1).filter(|conv| conv.geometry.groups == 1) {
        for weight in &mut conv.weights {
            if random.percent(percent) {
                *weight = 0;
            }
        }
    }
    network
}

/// The network of handwritten digits that comes with the repository.
pub fn digits_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/digits.onnx")
}

/// The network of handwritten digits, quantized.
///
/// # Panics
/// If it cannot be compiled for that configuration.
pub fn digits(config: &Config) -> Network {
    let options = pipeline::Options::new(config.clone());
    compile_onnx(&digits_file(), &options, &mut |_, _, _| ()).expect("it compiles").model.network
}

/// A network of the zoo. `width` is the channel multiplier where the network has one.
///
/// # Panics
/// If there is none of this name.
pub fn network(name: &str, size: usize, width: Option<f64>) -> Network {
    let defaults = Options::default();
    let options = Options { size: Some(size), width: width.unwrap_or(defaults.width), ..defaults };
    Prepared::new(name, &options, Part::Whole).dense()
}
