//! Tensors of all types from and to `.npy` files.

use super::CpuError;
use crate::pipeline::io_error;
use miette::{IntoDiagnostic, Result};
use ndarray::ArrayD;
use ndarray_npy::{ReadNpyError, ReadableElement, WritableElement, WriteNpyExt, read_npy as read};
use std::path::Path;
use tract_onnx::prelude::{Datum, DatumType, Tensor};

/// numpy's name of an element type.
pub fn element_name(datum: DatumType) -> &'static str {
    match datum.unquantized() {
        DatumType::Bool => "bool",
        DatumType::U8 => "uint8",
        DatumType::U16 => "uint16",
        DatumType::U32 => "uint32",
        DatumType::U64 => "uint64",
        DatumType::I8 => "int8",
        DatumType::I16 => "int16",
        DatumType::I32 => "int32",
        DatumType::I64 | DatumType::TDim => "int64",
        DatumType::F16 => "float16",
        DatumType::F32 => "float32",
        DatumType::F64 => "float64",
        _ => "no numbers",
    }
}

/// Reads an array of any type that numpy and ONNX have in common, but for float16.
///
/// # Errors
/// [`CpuError::Array`].
pub fn read_npy(path: &Path) -> Result<Tensor, CpuError> {
    let readers = [
        typed::<f32>,
        typed::<f64>,
        typed::<i8>,
        typed::<u8>,
        typed::<i16>,
        typed::<u16>,
        typed::<i32>,
        typed::<u32>,
        typed::<i64>,
        typed::<u64>,
        typed::<bool>,
    ];
    for reader in readers {
        if let Some(tensor) = reader(path)? {
            return Ok(tensor);
        }
    }
    let reason = "its elements are of a type that cannot be read".to_owned();
    Err(CpuError::Array { path: path.to_owned(), reason })
}

fn typed<T: ReadableElement + Datum>(path: &Path) -> Result<Option<Tensor>, CpuError> {
    match read::<_, ArrayD<T>>(path) {
        Ok(array) => {
            let values: Vec<T> = array.iter().cloned().collect();
            let dims = array.shape().to_vec();
            Ok(Some(ArrayD::from_shape_vec(dims, values).expect("as many as before").into()))
        }
        Err(ReadNpyError::WrongDescriptor(_)) => Ok(None),
        Err(error) => Err(CpuError::Array { path: path.to_owned(), reason: error.to_string() }),
    }
}

/// Writes a tensor, whole or not at all.
///
/// # Errors
/// An element type that `.npy` files do not have, or the file system.
pub fn save_npy(path: &Path, tensor: &Tensor) -> Result<()> {
    match tensor.datum_type().unquantized() {
        DatumType::Bool => save::<bool>(path, tensor),
        DatumType::U8 => save::<u8>(path, tensor),
        DatumType::U16 => save::<u16>(path, tensor),
        DatumType::U32 => save::<u32>(path, tensor),
        DatumType::U64 => save::<u64>(path, tensor),
        DatumType::I8 => save::<i8>(path, tensor),
        DatumType::I16 => save::<i16>(path, tensor),
        DatumType::I32 => save::<i32>(path, tensor),
        DatumType::I64 => save::<i64>(path, tensor),
        DatumType::TDim => {
            save::<i64>(path, &*tensor.cast_to::<i64>().map_err(|error| failed(path, &error))?)
        }
        DatumType::F16 => save::<f32>(path, &*tensor.cast_to::<f32>().map_err(|error| failed(path, &error))?),
        DatumType::F32 => save::<f32>(path, tensor),
        DatumType::F64 => save::<f64>(path, tensor),
        other => {
            let reason = format!("an output of {other:?} cannot be written");
            Err(CpuError::Array { path: path.to_owned(), reason }.into())
        }
    }
}

fn failed(path: &Path, error: &impl std::fmt::Display) -> CpuError {
    CpuError::Array { path: path.to_owned(), reason: error.to_string() }
}

fn save<T: WritableElement + Datum>(path: &Path, tensor: &Tensor) -> Result<()> {
    let view = tensor.to_plain_array_view::<T>().map_err(|error| failed(path, &error))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io_error("write in", folder))?;
    view.write_npy(file.as_file_mut()).into_diagnostic()?;
    file.persist(path).map_err(|error| io_error("write", path)(error.error))?;
    Ok(())
}
