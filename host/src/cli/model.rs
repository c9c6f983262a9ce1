//! The arguments that say which model, for which hardware; the same for all commands.

use super::memory::MemoryArgs;
use super::progress::Bar;
use crate::pipeline::{self, Compiled, Options};
use clap::Args;
use miette::{Diagnostic, IntoDiagnostic, Result};
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use pleach_spec::layout::LARGEST_BATCH;
use pleach_spec::model_file::{MAGIC, ModelFile};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use thiserror::Error;

/// Which model, and how it is compiled.
#[derive(Debug, Args)]
pub struct ModelArgs {
    /// Network: an .onnx file, compiled on the fly, or a compiled .bin
    pub model: PathBuf,
    /// Accelerator: a built-in configuration (default, small, mini) or a TOML file
    #[arg(long, value_name = "NAME|FILE")]
    pub config: Option<String>,
    /// Calibration images [default: those named in the .toml beside the model]; for several inputs .npy, NAME=PATH
    #[arg(long, value_name = "[NAME=]PATH")]
    pub data: Vec<PathBuf>,
    /// Slot-prune until the words cost 1/X of the dense ones
    #[arg(long, value_name = "X")]
    pub speedup: Option<f64>,
    /// Images that a run computes at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=LARGEST_BATCH as i64))]
    pub batch: Option<u16>,
    /// Shape of an input the file leaves open, for example image=1x3x224x224
    #[arg(long = "shape", value_name = "NAME=SHAPE", value_parser = parse_shape)]
    pub shapes: Vec<(String, Vec<usize>)>,
}

/// Arguments that do not go together.
#[derive(Debug, Error, Diagnostic)]
pub enum ModelError {
    /// A compiled model cannot be changed.
    #[error("`{path}` is compiled already: --{option} has no effect on it")]
    #[diagnostic(help("leave the option out, or give the .onnx file"))]
    Compiled {
        /// The file.
        path: String,
        /// The option.
        option: &'static str,
    },
    /// Its integers are to stay.
    #[error("`{path}` is quantized already: --speedup would change its integers")]
    #[diagnostic(help("prune the float model"))]
    Quantized {
        /// The file.
        path: String,
    },
}

/// A model that is ready to run.
pub enum Loaded {
    /// From ONNX.
    Onnx(Box<Compiled>),
    /// From a `model.bin`, or from ONNX that was quantized already: there is no float network beside it.
    Bin(Box<ModelFile>),
}

impl Loaded {
    /// What runs.
    pub fn model(&self) -> &ModelFile {
        match self {
            Self::Onnx(compiled) => &compiled.model,
            Self::Bin(model) => model,
        }
    }
}

impl ModelArgs {
    /// Loads the model, compiling it if it is ONNX. Cycles are predicted for a memory.
    pub fn load(&self, memory: &MemoryArgs) -> Result<Loaded> {
        let config = self.config.as_deref().map(Config::resolve).transpose().into_diagnostic()?;
        if self.is_compiled() {
            return self.load_bin(config.as_ref(), memory);
        }
        let config = config.map_or_else(|| Config::resolve("default").into_diagnostic(), Ok)?;
        let options = Options {
            memory: memory.timing(&config),
            config,
            shapes: self.shapes.iter().cloned().collect::<BTreeMap<_, _>>(),
            calibration: self.data.clone(),
            speedup: self.speedup,
            batch: self.batch.unwrap_or(1).into(),
        };
        let bar = Bar::new();
        let quantized = pipeline::compile_quantized(&self.model, &options, &mut |step, done, of| {
            bar.show(step, done, of);
        })?;
        if let Some(model) = quantized {
            return match self.speedup {
                None => Ok(Loaded::Bin(Box::new(model))),
                Some(_) => Err(ModelError::Quantized { path: self.model.display().to_string() }.into()),
            };
        }
        let compiled =
            pipeline::compile_onnx(&self.model, &options, &mut |step, done, of| bar.show(step, done, of))?;
        Ok(Loaded::Onnx(Box::new(compiled)))
    }

    /// By its name, or else by its first bytes.
    pub fn is_compiled(&self) -> bool {
        let mut head = [0; MAGIC.len()];
        let read = std::fs::File::open(&self.model).and_then(|mut file| file.read_exact(&mut head));
        self.model.extension().is_some_and(|extension| extension == "bin") || read.is_ok() && head == MAGIC
    }

    fn load_bin(&self, config: Option<&Config>, memory: &MemoryArgs) -> Result<Loaded> {
        let given = [
            ("speedup", self.speedup.is_some()),
            ("batch", self.batch.is_some()),
            ("data", !self.data.is_empty()),
            ("shape", !self.shapes.is_empty()),
        ];
        if let Some(&(option, _)) = given.iter().find(|(_, given)| *given) {
            return Err(ModelError::Compiled { path: self.model.display().to_string(), option }.into());
        }
        let mut model = ModelFile::read(&self.model, config).into_diagnostic()?;
        // What the file predicts is for the usual memory.
        let memory = memory.timing(&model.config);
        if memory != MemoryTiming::default() {
            let bar = Bar::new();
            pipeline::predict(&mut model, memory, &mut |step, done, of| bar.show(step, done, of))?;
        }
        Ok(Loaded::Bin(Box::new(model)))
    }
}

pub(super) fn parse_shape(text: &str) -> Result<(String, Vec<usize>), String> {
    let (name, shape) = text.split_once('=').ok_or("expected NAME=SHAPE, for example image=1x3x224x224")?;
    let sizes =
        shape.split('x').map(|size| size.parse::<usize>().map_err(|_| format!("`{size}` is not a size")));
    Ok((name.to_owned(), sizes.collect::<Result<_, _>>()?))
}
