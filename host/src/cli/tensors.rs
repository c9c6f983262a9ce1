//! `host run` of a quantized model: arrays in, arrays out, in the types and shapes of its ONNX graph.

use super::output;
use crate::interface::{Element, Input, Interface, Output, Values};
use crate::npy;
use crate::pipeline::io_error;
use miette::{Diagnostic, IntoDiagnostic, Result};
use ndarray::ArrayD;
use ndarray_npy::{ReadableElement, read_npy};
use pleach_spec::model_file::ModelFile;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// An array that is no input of the model.
#[derive(Debug, Error, Diagnostic)]
pub enum TensorError {
    /// The file is no array.
    #[error("{}: {reason}", path.display())]
    #[diagnostic(help("write it with numpy.save: float32, int8 or uint8"))]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The array is of another type.
    #[error("{}: an array of {found}, but input '{input}' is {expected}", path.display())]
    #[diagnostic(help("convert it: numpy.save(path, array.astype(numpy.{expected}))"))]
    Type {
        /// The file.
        path: PathBuf,
        /// Its type.
        found: Element,
        /// The input.
        input: String,
        /// Its type.
        expected: Element,
    },
    /// The array has another shape.
    #[error("{}: an array of shape {found:?}, but input '{input}' has {expected}", path.display())]
    #[diagnostic(help("give an array of this shape"))]
    Shape {
        /// The file.
        path: PathBuf,
        /// Its shape.
        found: Vec<usize>,
        /// The input.
        input: String,
        /// Its shape.
        expected: String,
    },
    /// An input is not given, or given with a name that there is not.
    #[error("the model has the inputs {names}, but {given}")]
    #[diagnostic(help("give each of them once: --input NAME=PATH"))]
    Names {
        /// The inputs.
        names: String,
        /// What was given.
        given: String,
    },
    /// Inputs disagree about the batch.
    #[error("input '{input}' has a batch of {found}, another one of {expected}")]
    #[diagnostic(help("give arrays with the same first dimension"))]
    Batch {
        /// The input.
        input: String,
        /// Its batch.
        found: usize,
        /// That of the first one.
        expected: usize,
    },
}

/// A whole array: its batch (1 where the input has none) and its values.
struct Array {
    batch: usize,
    values: Values,
}

/// Whether what was given are arrays: `.npy` files, perhaps with the names of inputs.
pub fn are_arrays(given: &[PathBuf], interface: &Interface) -> bool {
    let is_array = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "npy") || named(path, interface).is_some()
    };
    !given.is_empty() && given.iter().all(is_array)
}

/// `NAME=PATH` with the name of an input.
fn named<'a>(given: &'a Path, interface: &Interface) -> Option<(&'a str, &'a Path)> {
    let text = given.to_str()?;
    let mut cuts = text.match_indices('=').map(|(at, _)| (&text[..at], Path::new(&text[at + 1..])));
    cuts.find(|(name, _)| interface.inputs.iter().any(|input| input.name == *name))
}

/// Bytes of the network's input for each image of a batch.
pub fn load(given: &[PathBuf], interface: &Interface) -> Result<Vec<Vec<i8>>> {
    let mut names: Vec<&str> = interface.inputs.iter().map(|input| input.name.as_str()).collect();
    names.dedup();
    let wrong = |given: String| TensorError::Names { names: format!("'{}'", names.join("', '")), given };
    let mut arrays: Vec<(&str, &Path)> = Vec::new();
    for path in given {
        let (name, path) = match (named(path, interface), &names[..]) {
            (Some(named), _) => named,
            (None, [only]) => (*only, path.as_path()),
            (None, _) => return Err(wrong(format!("{} has no name", path.display())).into()),
        };
        if arrays.iter().any(|(other, _)| *other == name) {
            return Err(wrong(format!("'{name}' is given twice")).into());
        }
        arrays.push((name, path));
    }
    let mut parts = Vec::new();
    for input in &interface.inputs {
        let path = arrays.iter().find(|(name, _)| *name == input.name).map(|(_, path)| *path);
        let path = path.ok_or_else(|| wrong(format!("'{}' is not given", input.name)))?;
        let array = read(path, input)?;
        let bytes = input.bytes(&array.values).ok_or_else(|| TensorError::Type {
            path: path.to_owned(),
            found: array.values.element(),
            input: input.name.clone(),
            expected: input.element,
        })?;
        parts.push((input, array.batch, bytes));
    }
    let expected = parts[0].1;
    if let Some((input, found, _)) = parts.iter().find(|(_, batch, _)| *batch != expected) {
        return Err(TensorError::Batch { input: input.name.clone(), found: *found, expected }.into());
    }
    let image = |index: usize| {
        let part = |(input, _, bytes): &(&Input, usize, Vec<i8>)| {
            let elements = input.elements();
            bytes[index * elements..(index + 1) * elements].to_vec()
        };
        parts.iter().flat_map(part).collect()
    };
    Ok((0..expected).map(image).collect())
}

fn read(path: &Path, input: &Input) -> Result<Array, TensorError> {
    let (dims, values) = if let Some((dims, values)) = typed::<f32>(path)? {
        (dims, Values::Float(values))
    } else if let Some((dims, values)) = typed::<i8>(path)? {
        (dims, Values::Int8(values))
    } else if let Some((dims, values)) = typed::<u8>(path)? {
        (dims, Values::Uint8(values))
    } else {
        let reason = "its elements are none of float32, int8 and uint8".to_owned();
        return Err(TensorError::Format { path: path.to_owned(), reason });
    };
    let batch = match (input.batched, dims.split_first()) {
        (true, Some((batch, rest))) if rest == input.dims && *batch > 0 => *batch,
        (false, _) if dims == input.dims => 1,
        _ => {
            let batch = if input.batched { "Nx" } else { "" };
            let expected = format!("{batch}{}", crate::graph::join(&input.dims));
            let (path, input) = (path.to_owned(), input.name.clone());
            return Err(TensorError::Shape { path, found: dims, input, expected });
        }
    };
    Ok(Array { batch, values })
}

/// Shape and elements of an array.
type Typed<T> = (Vec<usize>, Vec<T>);

/// Shape and elements of an array, `None` where they are of another type.
fn typed<T: ReadableElement + Clone>(path: &Path) -> Result<Option<Typed<T>>, TensorError> {
    let array = npy::typed(read_npy::<_, ArrayD<T>>(path));
    let array = array.map_err(|reason| TensorError::Format { path: path.to_owned(), reason })?;
    Ok(array.map(|array| (array.shape().to_vec(), array.iter().cloned().collect())))
}

/// Writes the outputs as `DIR/<name>.npy`, in their types and shapes. `images` holds what the model's program gave for each image.
pub fn write(folder: &Path, model: &ModelFile, interface: &Interface, images: &[Vec<Vec<i8>>]) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(io_error("create", folder))?;
    let exact = images.iter().map(|maps| interface.exact_maps(model, maps));
    let images: Vec<Vec<Vec<i8>>> = exact.collect::<Result<_, _>>().into_diagnostic()?;
    for (index, port) in interface.outputs.iter().enumerate() {
        let maps: Vec<Values> = images.iter().map(|maps| port.values(&maps[index])).collect();
        write_output(folder, port, &maps)?;
    }
    Ok(())
}

fn write_output(folder: &Path, port: &Output, images: &[Values]) -> Result<()> {
    let batch = port.batched.then_some(images.len());
    let dims: Vec<usize> = batch.into_iter().chain(port.dims.iter().copied()).collect();
    match port.element {
        Element::Float => save(folder, port, dims, images, |values| match values {
            Values::Float(values) => values.clone(),
            _ => Vec::new(),
        }),
        Element::Int8 => save(folder, port, dims, images, |values| match values {
            Values::Int8(values) => values.clone(),
            _ => Vec::new(),
        }),
        Element::Uint8 => save(folder, port, dims, images, |values| match values {
            Values::Uint8(values) => values.clone(),
            _ => Vec::new(),
        }),
    }
}

fn save<T: ndarray_npy::WritableElement>(
    folder: &Path,
    port: &Output,
    dims: Vec<usize>,
    images: &[Values],
    of: impl Fn(&Values) -> Vec<T>,
) -> Result<()> {
    let values: Vec<T> = images.iter().flat_map(of).collect();
    output::save(folder, &port.name, &ArrayD::from_shape_vec(dims, values).into_diagnostic()?)
}
