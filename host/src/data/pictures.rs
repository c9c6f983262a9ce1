//! PNG and JPEG files.

use super::{DataError, DataSet, Expected, Images, Pictures, entries, extension};
use ndarray::Array3;
use pleach_spec::network::MapShape;
use std::path::{Path, PathBuf};

/// Whether a file is called like a picture.
pub(super) fn is_picture(path: &Path) -> bool {
    matches!(extension(path).as_str(), "png" | "jpg" | "jpeg")
}

/// A single picture.
pub(super) fn one(path: &Path, expected: Expected<'_>) -> DataSet {
    let images = files(vec![path.to_owned()], expected);
    DataSet { source: path.to_owned(), labels: None, images }
}

/// A folder of pictures, or of sub-folders of pictures: one a class, numbered as in `expected.classes`, or in alphabetical
/// order where no classes are known.
pub(super) fn folder(path: &Path, inside: &[PathBuf], expected: Expected<'_>) -> Result<DataSet, DataError> {
    let folders: Vec<&PathBuf> = inside.iter().filter(|entry| entry.is_dir()).collect();
    let (paths, labels) = if folders.is_empty() {
        (pictures_in(inside), None)
    } else {
        let (mut paths, mut labels) = (Vec::new(), Vec::new());
        for (position, &class_folder) in folders.iter().enumerate() {
            let label = class_of(path, class_folder, position, expected.classes)?;
            let pictures = pictures_in(&entries(class_folder)?);
            labels.extend(pictures.iter().map(|_| label));
            paths.extend(pictures);
        }
        (paths, Some(labels))
    };
    Ok(DataSet { source: path.to_owned(), labels, images: files(paths, expected) })
}

fn files(paths: Vec<PathBuf>, expected: Expected<'_>) -> Images {
    Images::Files { shape: expected.shape, paths, pictures: expected.pictures }
}

/// A picture in the shape of the network's input, pixels 0 to 255, grey for one channel, RGB for three.
pub(super) fn read(path: &Path, shape: MapShape, pictures: Pictures) -> Result<Array3<f32>, DataError> {
    let opened = image::ImageReader::open(path).map_err(|error| DataError::read(path, error))?;
    let foreign =
        |error: &dyn std::fmt::Display| DataError::format(path, "a PNG or JPEG picture", error.to_string());
    let guessed = opened.with_guessed_format().map_err(|error| DataError::read(path, error))?;
    let picture = guessed.decode().map_err(|error| foreign(&error))?;
    let size = (u32::try_from(shape.width), u32::try_from(shape.height));
    let (Ok(width), Ok(height)) = size else { return Err(DataError::shape(path, &[], shape)) };
    let picture = pictures.resized(picture, [width, height]).ok_or_else(|| DataError::ShorterSide {
        file: path.to_owned(),
        side: pictures.shorter_side.unwrap_or_default(),
        width,
        height,
    })?;
    let bytes = match shape.channels {
        1 => picture.into_luma8().into_raw(),
        3 => picture.into_rgb8().into_raw(),
        _ => return Err(DataError::shape(path, &[3, shape.height, shape.width], shape)),
    };
    // Pictures have the channels innermost.
    Ok(Array3::from_shape_fn((shape.channels, shape.height, shape.width), |(c, y, x)| {
        f32::from(bytes[(y * shape.width + x) * shape.channels + c])
    }))
}

fn pictures_in(paths: &[PathBuf]) -> Vec<PathBuf> {
    paths.iter().filter(|path| is_picture(path)).cloned().collect()
}

fn class_of(path: &Path, folder: &Path, position: usize, classes: &[String]) -> Result<usize, DataError> {
    if classes.is_empty() {
        return Ok(position);
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    classes.iter().position(|class| *class == name).ok_or_else(|| DataError::Class {
        file: path.to_owned(),
        name: name.into_owned(),
        classes: classes.join(", "),
    })
}
