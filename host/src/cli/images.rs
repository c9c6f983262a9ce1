//! The images a command works on, as int8 input maps.

use crate::data::{self, DataSet, Sidecar};
use crate::pipeline::normalised;
use miette::{Diagnostic, Result};
use ndarray::Array3;
use pleach_spec::model_file::{ModelFile, Preprocessing};
use pleach_spec::network::MapShape;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Images, ready for the float network and for the accelerator.
pub struct Images {
    /// Normalised images `[channel][y][x]`.
    pub float: Vec<Array3<f32>>,
    /// Quantized input maps.
    pub int8: Vec<Vec<i8>>,
    /// Class of each image, where known.
    pub labels: Option<Vec<usize>>,
    /// Where they come from, for people.
    pub source: String,
}

/// Images that do not fit the network.
#[derive(Debug, Error, Diagnostic)]
pub enum ImageError {
    /// Another shape.
    #[error("image {index} of {origin} is {found}, but the network's input `{input}` is {wanted} (channels x height x width)")]
    #[diagnostic(help("resize or convert the images, or import the model with another --shape"))]
    Shape {
        /// Position in the data set.
        index: usize,
        /// Where it comes from.
        origin: String,
        /// Its shape.
        found: String,
        /// Name of the input.
        input: String,
        /// Shape of the input.
        wanted: MapShape,
    },
}

impl Images {
    /// Loads `paths`; without any, the test images of the sidecar; without those, one made-up image.
    pub fn load(paths: &[PathBuf], model_path: &Path, model: &ModelFile) -> Result<Self> {
        let input = &model.network.tensors[model.network.input];
        let mut sets: Vec<DataSet> = paths.iter().map(|path| data::load(path)).collect::<Result<_, _>>()?;
        if sets.is_empty() {
            let test = Sidecar::beside(model_path)?.test();
            sets.push(match test {
                Some(path) => data::load(&path)?,
                None => sample(input.shape),
            });
        }
        for (set, (index, image)) in sets.iter().flat_map(|set| set.images.iter().enumerate().map(move |i| (set, i))) {
            let (channels, height, width) = image.dim();
            if (MapShape { channels, height, width }) != input.shape {
                let found = MapShape { channels, height, width }.to_string();
                let (origin, input_name) = (set.source.clone(), input.name.clone());
                return Err(ImageError::Shape { index, origin, found, input: input_name, wanted: input.shape }.into());
            }
        }
        let preprocessing = model.preprocessing.clone().unwrap_or_else(|| Preprocessing {
            mean: vec![0.0; input.shape.channels],
            std: vec![255.0; input.shape.channels],
        });
        let float: Vec<Array3<f32>> = sets.iter().flat_map(|set| normalised(set, &preprocessing)).collect();
        let quantized = |image: &Array3<f32>| image.iter().map(|&x| input.quantization.quantize(x)).collect();
        let labels: Option<Vec<Vec<usize>>> = sets.iter().map(|set| set.labels.clone()).collect();
        Ok(Self {
            int8: float.iter().map(quantized).collect(),
            float,
            labels: labels.map(|sets| sets.concat()),
            source: sets.iter().map(|set| set.source.clone()).collect::<Vec<_>>().join(", "),
        })
    }
}

/// A diagonal gradient: an image that is always there.
fn sample(shape: MapShape) -> DataSet {
    let MapShape { channels, height, width } = shape;
    let span = (height + width).saturating_sub(2).max(1) as f32;
    let image = Array3::from_shape_fn((channels, height, width), |(c, y, x)| {
        ((y + x) as f32 / span * 255.0 + 40.0 * c as f32) % 256.0
    });
    DataSet { images: vec![image], labels: None, source: "the built-in sample image (no --input was given)".into() }
}
