//! Outputs of a run as `.npy` files, and reports as JSON.

use crate::npy;
use crate::pipeline::io_error;
use crate::report::Page;
use miette::{IntoDiagnostic, Result};
use ndarray::{Array, Array4, Dimension};
use ndarray_npy::WritableElement;
use pleach_spec::model_file::ModelFile;
use pleach_spec::network::Tensor;
use pleach_spec::write_whole;
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// Prints a report as one JSON object on stdout.
pub fn print_json(report: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(report).into_diagnostic()?);
    Ok(())
}

/// Writes a file, whole or not at all.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    write_whole(path, |file| file.write_all(bytes)).map_err(io_error("write", path))?;
    Ok(())
}

/// Writes a page, whole or not at all.
pub fn write_page(path: &Path, page: &Page) -> Result<()> {
    write_bytes(path, page.to_html().as_bytes())?;
    eprintln!("report: {}", path.display());
    Ok(())
}

/// Writes each of the network's outputs, dequantized, as `DIR/<name>.npy` of shape `[images, channels, height, width]`; each file
/// whole or not at all. `images` holds the output maps of each image.
pub fn write(folder: &Path, model: &ModelFile, images: &[Vec<Vec<i8>>]) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(io_error("create", folder))?;
    for (index, &tensor) in model.network.outputs.iter().enumerate() {
        let maps = images.iter().map(|outputs| outputs[index].as_slice());
        write_tensor(folder, &model.network.tensors[tensor], maps)?;
    }
    Ok(())
}

fn write_tensor<'a>(
    folder: &Path,
    tensor: &Tensor,
    maps: impl ExactSizeIterator<Item = &'a [i8]>,
) -> Result<()> {
    let shape = (maps.len(), tensor.shape.channels, tensor.shape.height, tensor.shape.width);
    let values = maps.flatten().map(|&q| tensor.quantization.dequantize(q)).collect();
    let array: Array4<f32> = Array4::from_shape_vec(shape, values).into_diagnostic()?;
    save(folder, &tensor.name, &array)
}

/// Writes an array as `DIR/<name>.npy`, whole or not at all.
pub fn save<T: WritableElement, D: Dimension>(folder: &Path, name: &str, array: &Array<T, D>) -> Result<()> {
    npy::save(&folder.join(format!("{}.npy", file_name(name))), array)
}

/// The tensor's name with characters outside `[A-Za-z0-9._-]` replaced.
pub fn file_name(tensor: &str) -> String {
    tensor.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn names_become_file_names() {
        assert_eq!(file_name("model/logits:0"), "model_logits_0");
    }
}
