//! The images a command works on, as int8 input maps.

use crate::data::{self, Expected, Input, Pictures, Sidecar};
use crate::interface::Interface;
use crate::partition::{self, Session, Tensors};
use miette::Result;
use ndarray::Array3;
use pleach_spec::model_file::{ModelFile, Preprocessing};
use pleach_spec::network::MapShape;
use std::path::{Path, PathBuf};

/// Images, ready for the float network and for the accelerator.
pub struct Images {
    /// What the accelerator reads, `[channel][y][x]`: normalised images, or what this computer makes of them.
    pub float: Vec<Array3<f32>>,
    /// What this computer does before and behind the accelerator, where the model has a plan.
    pub session: Option<Session>,
    /// Tensors of the ONNX graph that are known of each image, where the model has a plan.
    pub tensors: Vec<Tensors>,
    /// Quantized input maps.
    pub int8: Vec<Vec<i8>>,
    /// Class of each image, where known.
    pub labels: Option<Vec<usize>>,
    /// Where they come from, for people.
    pub source: String,
}

impl Images {
    /// Loads `paths`; without any, the test images of the sidecar; without those, one made-up image.
    pub fn load(paths: &[PathBuf], model_path: &Path, model: &ModelFile) -> Result<Self> {
        let input = &model.network.tensors[model.network.input];
        let session = Session::of(model)?;
        let shape = session.as_ref().map_or(Ok(input.shape), |session| session.plan().image_shape())?;
        let plan = session.as_ref().and_then(|session| session.plan().preprocessing.clone());
        let preprocessing = model.preprocessing.clone().or(plan).unwrap_or_else(|| Preprocessing {
            mean: vec![0.0; shape.channels],
            std: vec![255.0; shape.channels],
        });
        let normalisation = Input { mean: preprocessing.mean, std: preprocessing.std };
        let test = Sidecar::beside(model_path)?.data.test;
        let paths = if paths.is_empty() { test.as_slice() } else { paths };
        let mut images = Self {
            float: Vec::new(),
            session,
            tensors: Vec::new(),
            int8: Vec::new(),
            labels: Some(Vec::new()),
            source: String::new(),
        };
        for path in paths {
            let set =
                data::load(path, Expected { shape, classes: &model.labels, pictures: Pictures::of(model) })?;
            for image in set.images(&normalisation) {
                images.float.push(image?);
            }
            images.labels = images.labels.zip(set.labels).map(|(all, new)| [all, new].concat());
        }
        images.source = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        if paths.is_empty() {
            let image = normalisation.normalise(sample(shape));
            images.float.push(image.expect("there is a value for each channel"));
            images.labels = None;
            images.source = "the built-in sample (no --input was given)".into();
        }
        match (&images.session, Interface::of(model)) {
            (Some(session), Some(interface)) => {
                images.tensors = images.float.iter().map(|image| session.given(image)).collect();
                images.int8 = entered(session, &interface, &mut images.tensors)?;
                return Ok(images);
            }
            (Some(session), None) => {
                for image in &mut images.float {
                    let (tensors, entered) = session.entered(image)?;
                    images.tensors.push(tensors);
                    *image = entered;
                }
            }
            (None, _) => {}
        }
        images.quantize(model);
        Ok(images)
    }

    /// Arrays for the inputs of a model with a plan, `NAME=PATH`.
    pub fn arrays(given: &[PathBuf], model: &ModelFile, session: Session) -> Result<Self> {
        let mut tensors = partition::samples(given, &session.plan().inputs)?;
        let (mut float, mut int8) = (Vec::new(), Vec::new());
        match Interface::of(model) {
            Some(interface) => int8 = entered(&session, &interface, &mut tensors)?,
            None => {
                float = tensors.iter_mut().map(|tensors| session.map(tensors)).collect::<Result<_, _>>()?
            }
        }
        let source = given.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        let mut images = Self { float, session: Some(session), tensors, int8, labels: None, source };
        if images.int8.is_empty() {
            images.quantize(model);
        }
        Ok(images)
    }

    fn quantize(&mut self, model: &ModelFile) {
        let quantization = model.network.tensors[model.network.input].quantization;
        let quantized = |image: &Array3<f32>| image.iter().map(|&x| quantization.quantize(x)).collect();
        self.int8 = self.float.iter().map(quantized).collect();
    }
}

/// The accelerator's input map for each image of a quantized model, of which this computer may run a part.
fn entered(session: &Session, interface: &Interface, images: &mut [Tensors]) -> Result<Vec<Vec<i8>>> {
    let bytes = |tensors: &mut Tensors| Ok(partition::input_bytes(interface, Some(session), tensors)?);
    images.iter_mut().map(bytes).collect()
}

/// A diagonal gradient of pixels: an image that is always there.
fn sample(shape: MapShape) -> Array3<f32> {
    let MapShape { channels, height, width } = shape;
    let span = (height + width).saturating_sub(2).max(1) as f32;
    Array3::from_shape_fn((channels, height, width), |(c, y, x)| {
        ((y + x) as f32 / span * 255.0 + 40.0 * c as f32) % 256.0
    })
}
