//! Networks of the zoo with generated weights, quantized.

use ndarray::{Array3, ArrayView3, Axis};
use pleach_host::graph::passes;
use pleach_host::import;
use pleach_host::quantize::{calibrate, quantize};
use pleach_host::zoo::{Architecture, MEAN, Options, STD};
use pleach_spec::network::Network;

/// Images that the activations are calibrated on.
const IMAGES: usize = 2;

/// A network of the zoo. `width` is the channel multiplier where the network has one.
///
/// # Panics
/// If there is none of this name.
pub fn network(name: &str, size: usize, width: Option<f64>) -> Network {
    let defaults = Options::default();
    let options = Options { size: Some(size), width: width.unwrap_or(defaults.width), ..defaults };
    let architecture = Architecture::named(name).expect("a network of the zoo");
    let generated = architecture.generate(&options).expect("it can be made");
    let normalised = |image: ArrayView3<u8>| {
        Array3::from_shape_fn(image.dim(), |(c, y, x)| (f32::from(image[(c, y, x)]) - MEAN[c]) / STD[c])
    };
    let images: Vec<_> = generated.images.axis_iter(Axis(0)).take(IMAGES).map(normalised).collect();
    let float = passes::optimise(&import::graph(&generated.model).expect("it can be imported"));
    let calibration = calibrate(&float, images.into_iter(), &mut |_| ()).expect("it computes");
    quantize(&float, &calibration).expect("it can be quantized")
}
