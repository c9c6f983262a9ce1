//! Tensors of all types from and to `.npy` files.

use super::CpuError;
use crate::interface::Values;
use crate::npy;
use miette::Result;
use ndarray::ArrayD;
use ndarray_npy::{ReadableElement, WritableElement, read_npy as read};
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
    let array = npy::typed(read::<_, ArrayD<T>>(path)).map_err(|reason| failed(path, &reason))?;
    Ok(array.map(|array| array.as_standard_layout().into_owned().into()))
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

/// The values of a tensor of floats or bytes, `None` for another type.
pub fn values(tensor: &Tensor) -> Option<Values> {
    match tensor.datum_type().unquantized() {
        DatumType::F32 => Some(Values::Float(of(tensor)?)),
        DatumType::I8 => Some(Values::Int8(of(tensor)?)),
        DatumType::U8 => Some(Values::Uint8(of(tensor)?)),
        _ => None,
    }
}

fn of<T: Datum + Copy>(tensor: &Tensor) -> Option<Vec<T>> {
    Some(tensor.to_plain_array_view::<T>().ok()?.iter().copied().collect())
}

/// A tensor of the values, `None` where the shape has another number of elements.
pub fn tensor(dims: &[usize], values: &Values) -> Option<Tensor> {
    match values {
        Values::Float(values) => Tensor::from_shape(dims, values),
        Values::Int8(values) => Tensor::from_shape(dims, values),
        Values::Uint8(values) => Tensor::from_shape(dims, values),
    }
    .ok()
}

fn failed(path: &Path, error: &impl std::fmt::Display) -> CpuError {
    CpuError::Array { path: path.to_owned(), reason: error.to_string() }
}

fn save<T: WritableElement + Datum>(path: &Path, tensor: &Tensor) -> Result<()> {
    let view = tensor.to_plain_array_view::<T>().map_err(|error| failed(path, &error))?;
    npy::save(path, &view)
}
