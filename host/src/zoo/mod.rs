//! Well-known networks as ONNX files, with made-up weights that behave as trained ones do.
//!
//! What a network costs depends on its shapes, and int8 on how its values spread, not on what it was trained for. Weights are
//! random with the scales of He et al. (2015), each channel with a scale of its own; batch normalizations have the statistics of
//! generated images, so that activations stay in range from the first layer to the last. A network is a file here and an entry in
//! [`ARCHITECTURES`].

mod builder;
mod images;
mod mobilenet_v2;
mod random;
mod resnet;

use crate::graph::{BatchStatistics, RunError, settle_batch_norms};
use crate::import::proto::{ModelProto, TensorProto};
use crate::import::{self, ImportError};
use builder::STATISTICS;
use miette::Diagnostic;
use ndarray::{Array3, Array4, Axis, stack};
use random::Random;
use thiserror::Error;

/// How images are normalised: mean and standard deviation of ImageNet's, for pixels from 0 to 255.
pub const MEAN: [f32; 3] = [123.675, 116.28, 103.53];
/// See [`MEAN`].
pub const STD: [f32; 3] = [58.395, 57.12, 57.375];

/// Images that come with a network, to calibrate the quantizer on.
const IMAGES: usize = 16;
/// How many of them batch normalizations are estimated on.
const STATISTICS_IMAGES: usize = 8;

/// A network that can be made.
pub struct Architecture {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, and where from.
    pub doc: &'static str,
    /// Height and width of its images, where nothing else is said.
    pub size: usize,
    /// All its strides together: its images must not be smaller.
    pub least_size: usize,
    /// Whether its channels can be scaled.
    pub scalable: bool,
    /// Makes it, given size, width and seed; batch normalizations have no statistics yet.
    build: fn(usize, f64, u64) -> ModelProto,
}

/// All networks.
pub const ARCHITECTURES: [Architecture; 2] = [
    Architecture {
        name: "mobilenetv2",
        doc: "MobileNetV2, Sandler et al. 2018",
        size: 224,
        least_size: 32,
        scalable: true,
        build: mobilenet_v2::mobilenet_v2,
    },
    Architecture {
        name: "resnet18",
        doc: "ResNet-18, He et al. 2016",
        size: 224,
        least_size: 32,
        scalable: false,
        build: resnet::resnet18,
    },
];

/// Sizes beyond it are a mistake.
const LARGEST_SIZE: usize = 2048;
/// Widths beyond them are a mistake.
const WIDTHS: std::ops::RangeInclusive<f64> = 0.05..=4.0;

/// What can be chosen of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Height and width of its images; `None` for the usual.
    pub size: Option<usize>,
    /// Factor of its channels.
    pub width: f64,
    /// Seed of its weights.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { size: None, width: 1.0, seed: 1 }
    }
}

/// A network, and images to calibrate it on.
pub struct Generated {
    /// The model.
    pub model: ModelProto,
    /// Pixels `[images, 3, size, size]`.
    pub images: Array4<u8>,
}

/// Why a network cannot be made.
#[derive(Debug, Error, Diagnostic)]
pub enum ZooError {
    /// There is none of that name.
    #[error("there is no network '{name}'")]
    #[diagnostic(help("there are {}", ARCHITECTURES.map(|network| network.name).join(", ")))]
    Unknown {
        /// The name.
        name: String,
    },
    /// Images of that size make no sense for it.
    #[error("{name} cannot have images of {size}x{size}")]
    #[diagnostic(help("a --size from {least} to {LARGEST_SIZE} is possible"))]
    Size {
        /// The network.
        name: &'static str,
        /// The size asked for.
        size: usize,
        /// Smallest size.
        least: usize,
    },
    /// Its channels cannot be scaled that way.
    #[error("{name} cannot have a width of {width}")]
    #[diagnostic(help("mobilenetv2 has widths from {} to {}, all others 1 only", WIDTHS.start(), WIDTHS.end()))]
    Width {
        /// The network.
        name: &'static str,
        /// The width asked for.
        width: f64,
    },
    /// The model is none that we can read ourselves.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Import(#[from] ImportError),
    /// The model does not run.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Run(#[from] RunError),
}

impl Architecture {
    /// The network of that name.
    ///
    /// # Errors
    /// [`ZooError::Unknown`].
    pub fn named(name: &str) -> Result<&'static Self, ZooError> {
        let found = ARCHITECTURES.iter().find(|network| network.name == name);
        found.ok_or_else(|| ZooError::Unknown { name: name.to_owned() })
    }

    /// The model with its weights; batch normalizations still have mean 0 and variance 1.
    ///
    /// # Errors
    /// A size or a width that it cannot have.
    pub fn model(&self, options: &Options) -> Result<ModelProto, ZooError> {
        let size = options.size.unwrap_or(self.size);
        let name = self.name;
        if !(self.least_size..=LARGEST_SIZE).contains(&size) {
            return Err(ZooError::Size { name, size, least: self.least_size });
        }
        let width = options.width;
        if !(if self.scalable { WIDTHS.contains(&width) } else { width == 1.0 }) {
            return Err(ZooError::Width { name, width });
        }
        Ok((self.build)(size, width, options.seed))
    }

    /// The whole network, with statistics and images.
    ///
    /// # Errors
    /// A size or a width that it cannot have.
    pub fn generate(&self, options: &Options) -> Result<Generated, ZooError> {
        let mut model = self.model(options)?;
        let size = options.size.unwrap_or(self.size);
        // Not the numbers that the weights are made of.
        let mut random = Random::new(!options.seed);
        let images: Vec<Array3<u8>> = (0..IMAGES).map(|_| images::image(size, &mut random)).collect();
        let normalised: Vec<Array3<f32>> = images.iter().take(STATISTICS_IMAGES).map(normalise).collect();
        let mut graph = import::graph(&model)?;
        for statistics in settle_batch_norms(&mut graph, &normalised)? {
            store(&mut model, &statistics);
        }
        let views: Vec<_> = images.iter().map(|image| image.view()).collect();
        let images = stack(Axis(0), &views).expect("all images have one size");
        Ok(Generated { model, images })
    }
}

fn normalise(image: &Array3<u8>) -> Array3<f32> {
    Array3::from_shape_fn(image.dim(), |(c, y, x)| (f32::from(image[(c, y, x)]) - MEAN[c]) / STD[c])
}

/// Writes the statistics of a batch normalization into the model.
fn store(model: &mut ModelProto, statistics: &BatchStatistics) {
    let constants: &mut [TensorProto] = model.graph.as_mut().map_or(&mut [], |graph| &mut graph.initializer);
    for (suffix, values) in STATISTICS.into_iter().zip([&statistics.mean, &statistics.variance]) {
        let name = format!("{}.{suffix}", statistics.node);
        if let Some(constant) = constants.iter_mut().find(|constant| constant.name() == name) {
            constant.raw_data =
                Some(values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>().into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Multiply-accumulates of convolutions and fully connected layers, and trained parameters.
    fn cost(name: &str, options: &Options) -> (usize, i64) {
        let model = Architecture::named(name).unwrap().model(options).unwrap();
        let graph = import::graph(&model).unwrap();
        let macs = graph.layers().map(|layer| layer.conv.weights.len() * layer.output.pixels()).sum();
        let trained = |constant: &&TensorProto| {
            let name = constant.name();
            !STATISTICS.iter().any(|suffix| name.ends_with(suffix)) && name.contains('.')
        };
        let constants = &model.graph.as_ref().unwrap().initializer;
        (macs, constants.iter().filter(trained).map(|constant| constant.dims.iter().product::<i64>()).sum())
    }

    #[test]
    fn networks_cost_what_is_published() {
        assert_eq!(cost("resnet18", &Options::default()), (1_814_073_344, 11_689_512));
        assert_eq!(cost("mobilenetv2", &Options::default()), (300_774_272, 3_504_872));
    }

    #[test]
    fn sizes_and_widths_that_cannot_be_are_refused() {
        let error = |name: &str, size, width| {
            let options = Options { size, width, seed: 1 };
            Architecture::named(name).unwrap().model(&options).unwrap_err().to_string()
        };
        assert_eq!(error("resnet18", Some(16), 1.0), "resnet18 cannot have images of 16x16");
        assert_eq!(error("resnet18", None, 0.5), "resnet18 cannot have a width of 0.5");
        assert_eq!(error("mobilenetv2", None, 0.0), "mobilenetv2 cannot have a width of 0");
        assert_eq!(Architecture::named("lenet").err().unwrap().to_string(), "there is no network 'lenet'");
    }

    #[test]
    fn a_seed_makes_the_same_weights_and_another_seed_others() {
        let of = |seed| {
            let options = Options { size: Some(32), width: 0.1, seed };
            Architecture::named("mobilenetv2").unwrap().model(&options).unwrap()
        };
        assert_eq!(of(3), of(3));
        assert_ne!(of(3), of(4));
    }
}
