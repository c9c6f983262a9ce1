//! Well-known networks as ONNX files, with made-up weights that behave as trained ones do.
//!
//! What a network costs depends on its shapes, and int8 on how its values spread, not on what it was trained for. Weights are
//! random with the scales of He et al. (2015), each channel with a scale of its own; batch normalizations have the statistics of
//! generated images, so that activations stay in range from the first layer to the last. A network is a file here and an entry in
//! [`ARCHITECTURES`].

mod builder;
mod fold;
mod googlenet;
mod images;
mod mobilenet_v1;
mod mobilenet_v2;
mod random;
mod resnet;
mod shufflenet_v2;
mod squeezenet;
mod vgg;
mod yolo_tiny;

use crate::graph::{BatchStatistics, RunError, settle_batch_norms};
use crate::import::proto::{ModelProto, TensorProto};
use crate::import::{self, ImportError};
use builder::{PARAMETERS, STATISTICS};
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
pub const ARCHITECTURES: [Architecture; 9] = [
    Architecture {
        name: "googlenet",
        doc: "GoogLeNet, Szegedy et al. 2015",
        size: 224,
        least_size: 32,
        scalable: false,
        build: googlenet::googlenet,
    },
    Architecture {
        name: "mobilenetv1",
        doc: "MobileNetV1, Howard et al. 2017",
        size: 224,
        least_size: 32,
        scalable: true,
        build: mobilenet_v1::mobilenet_v1,
    },
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
    Architecture {
        name: "resnet50",
        doc: "ResNet-50, He et al. 2016",
        size: 224,
        least_size: 32,
        scalable: false,
        build: resnet::resnet50,
    },
    Architecture {
        name: "shufflenetv2",
        doc: "ShuffleNetV2 1.0, Ma et al. 2018",
        size: 224,
        least_size: 32,
        scalable: false,
        build: shufflenet_v2::shufflenet_v2,
    },
    Architecture {
        name: "squeezenet",
        doc: "SqueezeNet 1.1, Iandola et al. 2016",
        size: 224,
        least_size: 32,
        scalable: false,
        build: squeezenet::squeezenet,
    },
    Architecture {
        name: "vgg16",
        doc: "VGG-16, Simonyan and Zisserman 2015",
        size: 224,
        least_size: 32,
        scalable: false,
        build: vgg::vgg16,
    },
    Architecture {
        name: "yolo-tiny",
        doc: "YOLOv3-tiny, Redmon and Farhadi 2018",
        size: 416,
        least_size: 32,
        scalable: false,
        build: yolo_tiny::yolo_tiny,
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

/// What a network costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Multiply-accumulates of convolutions and fully connected layers, padding included.
    pub macs: u64,
    /// Trained values: weights, biases, and the scales and shifts of batch normalizations.
    pub parameters: u64,
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
    #[diagnostic(help("mobilenetv1 and mobilenetv2 have widths from {} to {}, all others 1 only", WIDTHS.start(), WIDTHS.end()))]
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
        let mut model = self.unsettled(options)?;
        fold::fold(&mut model);
        Ok(model)
    }

    /// Multiply-accumulates of convolutions and fully connected layers, and trained parameters.
    ///
    /// # Errors
    /// A size or a width that it cannot have.
    pub fn cost(&self, options: &Options) -> Result<Cost, ZooError> {
        let model = self.model(options)?;
        let graph = import::graph(&model)?;
        let macs =
            graph.layers().map(|layer| (layer.conv.weights.len() * layer.output.pixels()) as u64).sum();
        let trained = |constant: &&TensorProto| {
            let name = constant.name();
            PARAMETERS.iter().any(|suffix| name.ends_with(suffix))
        };
        let constants = model.graph.iter().flat_map(|graph| &graph.initializer).filter(trained);
        let parameters = constants.map(|constant| constant.dims.iter().product::<i64>() as u64).sum();
        Ok(Cost { macs, parameters })
    }

    /// The model before the normalizations that stand for biases are folded.
    fn unsettled(&self, options: &Options) -> Result<ModelProto, ZooError> {
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
        let mut model = self.unsettled(options)?;
        let size = options.size.unwrap_or(self.size);
        // Not the numbers that the weights are made of.
        let mut random = Random::new(!options.seed);
        let images: Vec<Array3<u8>> = (0..IMAGES).map(|_| images::image(size, &mut random)).collect();
        let normalised: Vec<Array3<f32>> = images.iter().take(STATISTICS_IMAGES).map(normalise).collect();
        let mut graph = import::graph(&model)?;
        for statistics in settle_batch_norms(&mut graph, &normalised)? {
            store(&mut model, &statistics);
        }
        fold::fold(&mut model);
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

    /// Parameters are those of torchvision's table of models (GoogLeNet without its auxiliary classifiers; MobileNetV1: the 4.2 M of
    /// its paper; YOLOv3-tiny: the 35,434,956 bytes of darknet's weight file, less 20 of header and 6,368 statistics). Multiply-
    /// accumulates agree with the GFLOPS of torchvision's table (15.47, 1.81, 4.09, 0.30, 0.14, 0.35, 1.50), the 569 M of
    /// MobileNetV1's paper, and half the 5.56 G that darknet's page has for YOLOv3-tiny.
    #[test]
    fn networks_cost_what_is_published() {
        for (name, macs, parameters) in [
            ("vgg16", 15_470_264_320, 138_357_544),
            ("resnet18", 1_814_073_344, 11_689_512),
            ("resnet50", 4_089_184_256, 25_557_032),
            ("mobilenetv1", 568_740_352, 4_231_976),
            ("mobilenetv2", 300_774_272, 3_504_872),
            ("shufflenetv2", 144_907_992, 2_278_604),
            ("squeezenet", 349_151_936, 1_235_496),
            ("googlenet", 1_498_376_192, 6_624_904),
            ("yolo-tiny", 2_782_480_896, 8_852_366),
        ] {
            let found = Architecture::named(name).unwrap().cost(&Options::default()).unwrap();
            assert_eq!(found, Cost { macs, parameters }, "{name}");
        }
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
