//! `<model>.toml`: what an ONNX file does not say of its model.

use super::{Expected, Pictures};
use miette::Diagnostic;
use ndarray::{Array3, Axis};
use pleach_spec::network::MapShape;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// How a model wants its pixels, where its data is, and what its classes are called. All of it is optional.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sidecar {
    /// Normalisation.
    pub input: Input,
    /// What is done to pictures before.
    pub pictures: Pictures,
    /// Data sets.
    pub data: Data,
    /// Classes.
    pub labels: Labels,
}

/// Normalisation: `x = (pixel - mean) / std`, one value for all channels or one per channel.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// Subtracted from the pixel, which is 0 to 255.
    pub mean: Vec<f32>,
    /// Divides the difference.
    pub std: Vec<f32>,
}

/// Where data sets are.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Data {
    /// Images to calibrate on.
    pub calibrate: Option<PathBuf>,
    /// Images to run where none are named.
    pub test: Option<PathBuf>,
}

/// What the classes are called.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Labels {
    /// Names in the order of the network's outputs.
    pub names: Vec<String>,
}

/// A sidecar file that cannot be used.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum SidecarError {
    /// It is there, but cannot be read.
    #[error("{}: cannot be read: {reason}", file.display())]
    #[diagnostic(code(pleach::data::sidecar_read), help("check the file's permissions"))]
    Read {
        /// The file.
        file: PathBuf,
        /// Why not.
        reason: std::io::Error,
    },
    /// It is not TOML, or has an unknown key or a value of the wrong type.
    #[error("{}: {reason}", file.display())]
    #[diagnostic(
        code(pleach::data::sidecar_syntax),
        help(
            "known are [input] mean, std; [pictures] resize, shorter_side, fill; [data] calibrate, test; [labels] names"
        )
    )]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Where and what.
        reason: Box<toml::de::Error>,
    },
    /// The normalisation makes no sense.
    #[error("{}: [input] {reason}", file.display())]
    #[diagnostic(
        code(pleach::data::sidecar_input),
        help("x = (pixel - mean) / std: give each one value, or one per channel, std above zero")
    )]
    Input {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
}

impl Default for Input {
    /// Pixels become 0.0 to 1.0.
    fn default() -> Self {
        Self { mean: vec![0.0], std: vec![255.0] }
    }
}

impl Input {
    /// Normalises an image `[channels, height, width]`; where the values are for another number of channels, that of the
    /// image is returned.
    pub fn normalise(&self, mut pixels: Array3<f32>) -> Result<Array3<f32>, usize> {
        let channels = pixels.len_of(Axis(0));
        let fits = |values: &[f32]| values.len() == 1 || values.len() == channels;
        if !fits(&self.mean) || !fits(&self.std) {
            return Err(channels);
        }
        let of = |values: &[f32], channel: usize| values[channel.min(values.len() - 1)];
        for (channel, mut plane) in pixels.outer_iter_mut().enumerate() {
            let (mean, std) = (of(&self.mean, channel), of(&self.std, channel));
            plane.mapv_inplace(|pixel| (pixel - mean) / std);
        }
        Ok(pixels)
    }

    fn problem(&self) -> Option<&'static str> {
        if self.mean.is_empty() || self.std.is_empty() {
            return Some("mean and std must not be empty");
        }
        if !self.mean.iter().chain(&self.std).all(|value| value.is_finite()) {
            return Some("mean and std must be finite");
        }
        if self.std.iter().any(|&std| std <= 0.0) {
            return Some("std must be above zero");
        }
        None
    }
}

impl Sidecar {
    /// What images of a network that takes this shape are expected to be.
    pub fn expected(&self, shape: MapShape) -> Expected<'_> {
        Expected { shape, classes: &self.labels.names, pictures: self.pictures }
    }

    /// Reads the file beside a model, `digits.toml` beside `digits.onnx`; without one everything has its default.
    /// Relative paths in it are made relative to the working directory.
    ///
    /// # Errors
    /// A file that is there but cannot be used.
    pub fn beside(model: &Path) -> Result<Self, SidecarError> {
        let file = model.with_extension("toml");
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(reason) => return Err(SidecarError::Read { file, reason }),
        };
        let mut sidecar: Self = toml::from_str(&text)
            .map_err(|reason| SidecarError::Syntax { file: file.clone(), reason: Box::new(reason) })?;
        if let Some(reason) = sidecar.input.problem() {
            return Err(SidecarError::Input { file, reason });
        }
        let folder = model.parent().unwrap_or(Path::new(""));
        for path in [&mut sidecar.data.calibrate, &mut sidecar.data.test].into_iter().flatten() {
            *path = folder.join(&path);
        }
        Ok(sidecar)
    }
}
