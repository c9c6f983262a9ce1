//! The images a command works on, as int8 input maps.

use crate::data::{self, Expected, Input, Sidecar};
use crate::partition::{Session, Tensors};
use miette::Result;
use ndarray::Array3;
use pleach_spec::model_file::{ModelFile, Preprocessing};
use pleach_spec::network::MapShape;
use std::path::{Path, PathBuf};

/// Images, ready for the float network and for the accelerator.
pub struct Images {
    /// What the accelerator reads, `[channel][y][x]`: normalised images, or what this computer makes of them.
    pub float: Vec<Array3<f32>>,
    /// What this computer does before and behind the accelerator, where the model was compiled from a float one.
    pub session: Option<Session>,
    /// Tensors of the ONNX graph that are known of each image, where the model was compiled from a float one.
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
            let set = data::load(path, Expected { shape, classes: &model.labels })?;
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
        if let Some(session) = &images.session {
            for image in &mut images.float {
                let (tensors, entered) = session.entered(image)?;
                images.tensors.push(tensors);
                *image = entered;
            }
        }
        let quantized = |image: &Array3<f32>| image.iter().map(|&x| input.quantization.quantize(x)).collect();
        images.int8 = images.float.iter().map(quantized).collect();
        Ok(images)
    }
}

/// A diagonal gradient of pixels: an image that is always there.
fn sample(shape: MapShape) -> Array3<f32> {
    let MapShape { channels, height, width } = shape;
    let span = (height + width).saturating_sub(2).max(1) as f32;
    Array3::from_shape_fn((channels, height, width), |(c, y, x)| {
        ((y + x) as f32 / span * 255.0 + 40.0 * c as f32) % 256.0
    })
}
