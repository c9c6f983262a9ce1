//! CIFAR-10's binary files: records of one byte label and 3 x 32 x 32 bytes of pixels.

use super::{DataError, DataSet, Images};
use pleach_spec::network::MapShape;
use std::path::{Path, PathBuf};

const SHAPE: MapShape = MapShape { channels: 3, height: 32, width: 32 };
const CLASSES: u8 = 10;

/// Reads `files` one after the other; `source` is what the user named.
pub(super) fn load(source: &Path, files: &[PathBuf], shape: MapShape) -> Result<DataSet, DataError> {
    if shape != SHAPE {
        return Err(DataError::shape(source, &[SHAPE.channels, SHAPE.height, SHAPE.width], shape));
    }
    let named = |prefix: &str| {
        files
            .iter()
            .any(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)))
    };
    if named("data_batch") && named("test_batch") {
        return Err(DataError::format(
            source,
            "one data set",
            "it holds training and test images: name one of its files",
        ));
    }
    let (mut bytes, mut labels) = (Vec::new(), Vec::new());
    for file in files {
        let content = std::fs::read(file).map_err(|error| DataError::read(file, error))?;
        let records = content.chunks_exact(1 + SHAPE.elements());
        if content.is_empty() || !records.remainder().is_empty() {
            let reason = format!(
                "{} bytes are no multiple of the record length {}",
                content.len(),
                1 + SHAPE.elements()
            );
            return Err(DataError::format(file, "a CIFAR-10 file", reason));
        }
        for record in records {
            let (label, pixels) = record.split_first().expect("records are not empty");
            if *label >= CLASSES {
                return Err(DataError::format(file, "a CIFAR-10 file", format!("it has a label {label}")));
            }
            labels.push(usize::from(*label));
            bytes.extend_from_slice(pixels);
        }
    }
    Ok(DataSet { source: source.to_owned(), labels: Some(labels), images: Images::Pixels { shape, bytes } })
}
