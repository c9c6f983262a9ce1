//! Arrays in `.npy` files for the inputs of a graph, `NAME=PATH` on the command line.

use super::plan::Plan;
use super::session::Tensors;
use crate::cpu::{self, Port, Tensor};
use miette::{Diagnostic, Result};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What cannot be given to a graph.
#[derive(Debug, Error, Diagnostic)]
enum ArrayError {
    /// No array for an input, or one too many.
    #[error("the model has the inputs {names}, but {given}")]
    #[diagnostic(help("give each of them once as NAME=PATH, with .npy files"))]
    Names { names: String, given: String },
    /// Arrays of different numbers of images.
    #[error("the array for '{input}' holds {images} images, another one {others}")]
    #[diagnostic(help("give as many of each, along the first axis"))]
    Batch { input: String, images: usize, others: usize },
}

/// The path behind `NAME=`.
fn after_name<'a>(given: &'a Path, name: &str) -> Option<&'a Path> {
    Some(Path::new(given.to_str()?.strip_prefix(name)?.strip_prefix('=')?))
}

/// Whether a path has the name of an input before it.
pub fn is_named(given: &Path, ports: &[Port]) -> bool {
    ports.iter().any(|port| after_name(given, &port.name).is_some())
}

/// Whether what was given are arrays for the inputs of a plan: with their names, or of a quantized model `.npy` files.
pub fn are_arrays(given: &[PathBuf], plan: &Plan, quantized: bool) -> bool {
    let is_array = |path: &PathBuf| {
        let plain = path.extension().is_some_and(|extension| extension == "npy");
        is_named(path, &plan.inputs) || quantized && plain
    };
    !given.is_empty() && given.iter().all(is_array)
}

/// The array of each input, `NAME=PATH`; of the only input also without its name.
///
/// # Errors
/// An input without an array, an array too many, or one that cannot be read.
pub fn arrays(given: &[PathBuf], ports: &[Port]) -> Result<Vec<Tensor>> {
    let names =
        || format!("'{}'", ports.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join("', '"));
    let wrong = |given: String| ArrayError::Names { names: names(), given };
    if given.len() > ports.len() {
        return Err(wrong(format!("{} were given", given.len())).into());
    }
    let array = |port: &Port| {
        let path = match (given, ports) {
            ([only], [_]) => Some(after_name(only, &port.name).unwrap_or(only)),
            (given, _) => given.iter().find_map(|path| after_name(path, &port.name)),
        };
        let path = path.ok_or_else(|| wrong(format!("'{}' is not given", port.name)))?;
        Ok(cpu::read_npy(path)?)
    };
    ports.iter().map(array).collect()
}

/// The tensors of each image, for arrays `NAME=PATH` of one or more images.
///
/// # Errors
/// As [`arrays`], and arrays of different numbers of images.
pub fn samples(given: &[PathBuf], ports: &[Port]) -> Result<Vec<Tensors>> {
    let mut samples: Vec<Tensors> = Vec::new();
    for (port, array) in ports.iter().zip(arrays(given, ports)?) {
        let images = port.images(&array)?;
        samples.resize_with(if samples.is_empty() { images.len() } else { samples.len() }, Tensors::new);
        if images.len() != samples.len() {
            let (input, images, others) = (port.name.clone(), images.len(), samples.len());
            return Err(ArrayError::Batch { input, images, others }.into());
        }
        for (sample, image) in samples.iter_mut().zip(images) {
            sample.insert(port.name.clone(), image);
        }
    }
    Ok(samples)
}
