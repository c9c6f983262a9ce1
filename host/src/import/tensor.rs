//! Constants of the model: initializers, and the tensors of `Constant` nodes.

use super::error::TensorProblem;
use super::proto::TensorProto;
use super::proto::tensor_proto::{DataLocation, DataType};
use crate::graph::{MAX_ELEMENTS, join};
use ndarray::{ArrayD, IxDyn};
use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path};

/// The dimensions, none of them zero.
pub(super) fn dims(tensor: &TensorProto) -> Result<Vec<usize>, TensorProblem> {
    let wrong = || TensorProblem::Dims { dims: tensor.dims.clone() };
    let dims: Vec<usize> =
        tensor.dims.iter().map(|&dim| usize::try_from(dim)).collect::<Result<_, _>>().map_err(|_| wrong())?;
    match dims.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim)) {
        Some(1..=MAX_ELEMENTS) => Ok(dims),
        _ => Err(wrong()),
    }
}

/// A float tensor. `folder` is where the model lies, for data kept outside it. Values may be NaN or infinite.
pub(super) fn floats(tensor: &TensorProto, folder: &Path) -> Result<ArrayD<f32>, TensorProblem> {
    if !is(tensor, DataType::Float) {
        return Err(wrong_type(tensor, "FLOAT"));
    }
    let dims = dims(tensor)?;
    let values = match raw(tensor, &dims, 4, folder)? {
        Some(bytes) => words(&bytes).map(f32::from_le_bytes).collect(),
        None => tensor.float_data.clone(),
    };
    check_length(&dims, values.len())?;
    Ok(ArrayD::from_shape_vec(IxDyn(&dims), values).expect("the length was checked"))
}

/// [`floats`], all of them finite: what weights must be.
pub(super) fn finite_floats(tensor: &TensorProto, folder: &Path) -> Result<ArrayD<f32>, TensorProblem> {
    let values = floats(tensor, folder)?;
    match values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((index, &value)) => Err(TensorProblem::NotFinite { index, value }),
        None => Ok(values),
    }
}

/// An integer tensor of type INT64 or INT32, flattened.
pub(super) fn integers(tensor: &TensorProto, folder: &Path) -> Result<Vec<i64>, TensorProblem> {
    let dims = dims(tensor)?;
    let values: Vec<i64> = if is(tensor, DataType::Int64) {
        match raw(tensor, &dims, 8, folder)? {
            Some(bytes) => words(&bytes).map(i64::from_le_bytes).collect(),
            None => tensor.int64_data.clone(),
        }
    } else if is(tensor, DataType::Int32) {
        match raw(tensor, &dims, 4, folder)? {
            Some(bytes) => words(&bytes).map(|word| i64::from(i32::from_le_bytes(word))).collect(),
            None => tensor.int32_data.iter().map(|&value| i64::from(value)).collect(),
        }
    } else {
        return Err(wrong_type(tensor, "INT64"));
    };
    check_length(&dims, values.len())?;
    Ok(values)
}

/// Quantized values: a tensor of type INT8, UINT8 or INT32, flattened.
pub(super) fn quantized(tensor: &TensorProto, folder: &Path) -> Result<Vec<i32>, TensorProblem> {
    let dims = dims(tensor)?;
    let bytes = |of: fn(u8) -> i32| match raw(tensor, &dims, 1, folder)? {
        Some(bytes) => Ok(bytes.iter().map(|&byte| of(byte)).collect::<Vec<i32>>()),
        None => Ok(tensor.int32_data.clone()),
    };
    let values = if is(tensor, DataType::Int8) {
        bytes(|byte| i32::from(byte as i8))?
    } else if is(tensor, DataType::Uint8) {
        bytes(i32::from)?
    } else if is(tensor, DataType::Int32) {
        integers(tensor, folder)?.into_iter().map(|value| value as i32).collect()
    } else {
        return Err(wrong_type(tensor, "INT8, UINT8 or INT32"));
    };
    check_length(&dims, values.len())?;
    Ok(values)
}

/// The tensor with its data in itself.
pub(super) fn inside(tensor: &TensorProto, folder: &Path) -> Result<TensorProto, TensorProblem> {
    if tensor.data_location() != DataLocation::External {
        return Ok(tensor.clone());
    }
    let dims = dims(tensor)?;
    let size = element_size(tensor).ok_or_else(|| wrong_type(tensor, "a type of numbers"))?;
    let data = external(tensor, dims.iter().product::<usize>() * size, folder)?;
    Ok(TensorProto {
        raw_data: Some(data.into()),
        data_location: None,
        external_data: Vec::new(),
        ..tensor.clone()
    })
}

/// Bytes of an element, `None` for texts and what is packed.
fn element_size(tensor: &TensorProto) -> Option<usize> {
    match DataType::try_from(tensor.data_type?).ok()? {
        DataType::Int8 | DataType::Uint8 | DataType::Bool => Some(1),
        DataType::Int16 | DataType::Uint16 | DataType::Float16 | DataType::Bfloat16 => Some(2),
        DataType::Float | DataType::Int32 | DataType::Uint32 => Some(4),
        DataType::Double | DataType::Int64 | DataType::Uint64 => Some(8),
        _ => None,
    }
}

/// A tensor of the given dimensions that holds the value of `one` everywhere.
pub(super) fn repeated(
    one: &TensorProto,
    given: Vec<i64>,
    folder: &Path,
) -> Result<TensorProto, TensorProblem> {
    let sized = TensorProto { dims: given, data_type: one.data_type, ..TensorProto::default() };
    let count: usize = dims(&sized)?.iter().product();
    if is(one, DataType::Float) {
        let values = floats(one, folder)?;
        let value = values.first().copied().unwrap_or_default();
        return Ok(TensorProto { float_data: vec![value; count], ..sized });
    }
    let value = integers(one, folder)?.first().copied().unwrap_or_default();
    Ok(match is(one, DataType::Int64) {
        true => TensorProto { int64_data: vec![value; count], ..sized },
        false => TensorProto { int32_data: vec![value as i32; count], ..sized },
    })
}

/// Whether a boolean scalar is true.
pub(super) fn flag(tensor: &TensorProto, folder: &Path) -> Result<bool, TensorProblem> {
    if !is(tensor, DataType::Bool) {
        return Err(wrong_type(tensor, "BOOL"));
    }
    let dims = dims(tensor)?;
    let first = match raw(tensor, &dims, 1, folder)? {
        Some(bytes) => bytes.first().map(|&byte| byte != 0),
        None => tensor.int32_data.first().map(|&value| value != 0),
    };
    first.ok_or_else(|| TensorProblem::Length { dims: join(&dims), expected: 1, found: 0 })
}

/// Name of an element type, as ONNX spells it.
pub(super) fn type_name(code: i32) -> String {
    DataType::try_from(code).map_or_else(|_| format!("number {code}"), |known| known.as_str_name().to_owned())
}

// Not through the generated getter: that gives the default for codes that it does not know.
pub(super) fn is(tensor: &TensorProto, expected: DataType) -> bool {
    tensor.data_type == Some(expected as i32)
}

fn wrong_type(tensor: &TensorProto, expected: &'static str) -> TensorProblem {
    TensorProblem::Type { found: type_name(tensor.data_type.unwrap_or_default()), expected }
}

fn check_length(dims: &[usize], found: usize) -> Result<(), TensorProblem> {
    let expected = dims.iter().product();
    if found == expected { Ok(()) } else { Err(TensorProblem::Length { dims: join(dims), expected, found }) }
}

fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.chunks_exact(N).map(|chunk| chunk.try_into().expect("chunks are that long"))
}

/// The raw little-endian bytes, `None` where the values are in a typed field.
fn raw<'a>(
    tensor: &'a TensorProto,
    dims: &[usize],
    element: usize,
    folder: &Path,
) -> Result<Option<Cow<'a, [u8]>>, TensorProblem> {
    let expected = dims.iter().product::<usize>() * element;
    let bytes: Cow<'a, [u8]> = if tensor.data_location() == DataLocation::External {
        external(tensor, expected, folder)?.into()
    } else {
        match &tensor.raw_data {
            Some(bytes) => bytes.as_ref().into(),
            None => return Ok(None),
        }
    };
    if bytes.len() == expected {
        Ok(Some(bytes))
    } else {
        let expected = expected / element;
        Err(TensorProblem::Length { dims: join(dims), expected, found: bytes.len() / element })
    }
}

fn external(tensor: &TensorProto, expected: usize, folder: &Path) -> Result<Vec<u8>, TensorProblem> {
    let entry = |key: &str| {
        let entry = tensor.external_data.iter().find(|entry| entry.key() == key);
        entry.map(|entry| entry.value().to_owned())
    };
    let location = entry("location").unwrap_or_default();
    let fail = |reason: String| TensorProblem::External { location: location.clone(), reason };
    // A model must not be able to read any file of the machine.
    let inside = Path::new(&location)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if location.is_empty() || !inside {
        return Err(fail("the location must be a relative path inside the model's folder".to_owned()));
    }
    let number = |key: &str, default: u64| match entry(key) {
        Some(text) => text.parse().map_err(|_| fail(format!("its {key} '{text}' is not a number"))),
        None => Ok(default),
    };
    let (offset, length) = (number("offset", 0)?, number("length", expected as u64)?);
    if length != expected as u64 {
        return Err(fail(format!("its length is {length} bytes, the dimensions need {expected}")));
    }
    let mut file = File::open(folder.join(&location)).map_err(|error| fail(error.to_string()))?;
    let available = file.metadata().map_err(|error| fail(error.to_string()))?.len();
    if offset.checked_add(length).is_none_or(|end| end > available) {
        return Err(fail(format!("{length} bytes at {offset} are needed, the file has {available}")));
    }
    let mut bytes = vec![0; expected];
    let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(&mut bytes));
    read.map_err(|error| fail(error.to_string()))?;
    Ok(bytes)
}
