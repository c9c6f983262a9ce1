//! `.npy` files: an attempt to read one as an array of some type, and one that is written whole or not at all.

use crate::pipeline::io_error;
use miette::Result;
use ndarray::{ArrayBase, Data, Dimension};
use ndarray_npy::{ReadNpyError, WritableElement, WriteNpyError, WriteNpyExt};
use pleach_spec::write_whole;
use std::io;
use std::path::Path;

/// What was read, `None` where its elements are of another type, or what is wrong with the file.
pub fn typed<A>(read: Result<A, ReadNpyError>) -> Result<Option<A>, String> {
    match read {
        Ok(array) => Ok(Some(array)),
        Err(ReadNpyError::WrongDescriptor(_)) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// Writes an array, whole or not at all.
///
/// # Errors
/// The file system.
pub fn save<S, D>(path: &Path, array: &ArrayBase<S, D>) -> Result<()>
where
    S: Data<Elem: WritableElement>,
    D: Dimension,
{
    write_whole(path, |file| {
        array.write_npy(file).map_err(|error| match error {
            WriteNpyError::Io(error) => error,
            error => io::Error::other(error),
        })
    })
    .map_err(io_error("write", path))?;
    Ok(())
}
