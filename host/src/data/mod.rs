//! Images, labels, and how a model wants its pixels.
//!
//! Formats: MNIST's IDX, CIFAR-10's binary files, NumPy's `.npy` and `.npz`, PNG and JPEG files and folders of them.

mod cifar;
mod error;
mod idx;
mod npy;
mod pictures;
mod resize;
mod sidecar;

pub use error::DataError;
pub use resize::{Pictures, Resize};
pub use sidecar::{Data, Input, Labels, Sidecar, SidecarError};

use ndarray::Array3;
use pleach_spec::network::MapShape;
use std::path::{Path, PathBuf};

/// Images and, where they are known, their classes.
#[derive(Debug)]
pub struct DataSet {
    /// Where the images are from.
    pub source: PathBuf,
    /// Class of each image.
    pub labels: Option<Vec<usize>>,
    images: Images,
}

/// Images as they are stored: what fits the memory as bytes, pictures on the disk until they are asked for.
#[derive(Debug)]
enum Images {
    /// Pixels 0 to 255, `[image][channel][row][column]`.
    Pixels { shape: MapShape, bytes: Vec<u8> },
    /// Values that are already normalised, in the same order.
    Floats { shape: MapShape, values: Vec<f32> },
    /// PNG and JPEG files, scaled to the shape when they are read.
    Files { shape: MapShape, paths: Vec<PathBuf>, pictures: Pictures },
}

/// What the network should be fed with.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Shape of one image.
    pub shape: MapShape,
    /// Names of the classes, which may also be those of sub-folders; may be empty.
    pub classes: &'a [String],
    /// What is done to pictures.
    pub pictures: Pictures,
}

/// Opens a data set; which format it is in is seen from the names:
///
/// - `*images-idx3-ubyte`, or a folder with one such file: IDX, with labels from `*labels-idx1-ubyte` beside it;
/// - `*.bin`, or a folder of such files: CIFAR-10;
/// - `*.npy`: `[N, C, H, W]` or `[C, H, W]` (of one channel also without C), integers as pixels, floats as normalised values;
/// - `*.npz`, or a folder with one such file: arrays `images` and, optionally, `labels`;
/// - `*.png`, `*.jpg`, `*.jpeg`, or a folder with such files, or with one sub-folder of them a class.
///
/// Pictures get the expected size as `expected.pictures` says; other formats must have it.
///
/// # Errors
/// Every [`DataError`] names the file.
pub fn load(path: &Path, expected: Expected<'_>) -> Result<DataSet, DataError> {
    let is_folder = std::fs::metadata(path).map_err(|error| DataError::read(path, error))?.is_dir();
    let set = if is_folder { load_folder(path, expected)? } else { load_file(path, expected)? };
    match &set.labels {
        Some(labels) if labels.len() != set.len() => {
            Err(DataError::Labels { file: path.to_owned(), images: set.len(), labels: labels.len() })
        }
        _ if set.is_empty() => Err(DataError::Empty { file: path.to_owned() }),
        _ => Ok(set),
    }
}

fn load_file(path: &Path, expected: Expected<'_>) -> Result<DataSet, DataError> {
    let shape = expected.shape;
    match extension(path).as_str() {
        "npy" => npy::load_npy(path, shape),
        "npz" => npy::load_npz(path, shape),
        "bin" => cifar::load(path, &[path.to_owned()], shape),
        _ if pictures::is_picture(path) => Ok(pictures::one(path, expected)),
        _ if idx::is_images(path) => idx::load(path, shape),
        _ => Err(DataError::Unknown { file: path.to_owned() }),
    }
}

fn load_folder(path: &Path, expected: Expected<'_>) -> Result<DataSet, DataError> {
    let entries = entries(path)?;
    let binaries: Vec<PathBuf> = entries.iter().filter(|entry| extension(entry) == "bin").cloned().collect();
    let archives: Vec<&PathBuf> = entries.iter().filter(|entry| extension(entry) == "npz").collect();
    let idx: Vec<&PathBuf> = entries.iter().filter(|entry| idx::is_images(entry)).collect();
    match idx[..] {
        [images] => idx::load(images, expected.shape),
        [] if archives.len() == 1 => npy::load_npz(archives[0], expected.shape),
        [] if !binaries.is_empty() => cifar::load(path, &binaries, expected.shape),
        [] => pictures::folder(path, &entries, expected),
        _ => Err(DataError::Ambiguous { file: path.to_owned(), count: idx.len() }),
    }
}

/// What a folder holds, sorted, hidden files left out.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let read = |error| DataError::read(folder, error);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        let entry = entry.map_err(read)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            entries.push(entry.path());
        }
    }
    entries.sort();
    Ok(entries)
}

/// The extension in small letters, empty without one.
fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

impl DataSet {
    /// Number of images.
    pub fn len(&self) -> usize {
        match &self.images {
            Images::Pixels { shape, bytes } => bytes.len() / shape.elements().max(1),
            Images::Floats { shape, values } => values.len() / shape.elements().max(1),
            Images::Files { paths, .. } => paths.len(),
        }
    }

    /// Whether there is no image. [`load`] refuses that.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Image `index` as the network wants it, `[channels, height, width]`: pixels normalised by `input`, values that are
    /// normalised already as they are.
    ///
    /// # Errors
    /// A picture that cannot be read, or a normalisation for another number of channels.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn image(&self, index: usize, input: &Input) -> Result<Array3<f32>, DataError> {
        let pixels = match &self.images {
            Images::Floats { shape, values } => return Ok(slice(values, *shape, index, |value| value)),
            Images::Pixels { shape, bytes } => slice(bytes, *shape, index, f32::from),
            Images::Files { shape, paths, pictures } => pictures::read(&paths[index], *shape, *pictures)?,
        };
        input.normalise(pixels).map_err(|channels| DataError::Normalisation {
            file: self.source.clone(),
            channels,
            values: input.mean.len().max(input.std.len()),
        })
    }

    /// All images in order, each read when it is asked for.
    pub fn images<'a>(
        &'a self,
        input: &'a Input,
    ) -> impl ExactSizeIterator<Item = Result<Array3<f32>, DataError>> + 'a {
        (0..self.len()).map(move |index| self.image(index, input))
    }
}

fn slice<T: Copy>(data: &[T], shape: MapShape, index: usize, convert: impl Fn(T) -> f32) -> Array3<f32> {
    let n = shape.elements();
    let values = data[index * n..(index + 1) * n].iter().map(|&value| convert(value)).collect();
    Array3::from_shape_vec((shape.channels, shape.height, shape.width), values)
        .expect("as long as the shape says")
}
