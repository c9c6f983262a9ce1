//! NumPy arrays: `.npy` holds images, `.npz` images and labels.

use super::{DataError, DataSet, Images};
use crate::npy::typed;
use ndarray::ArrayD;
use ndarray_npy::{NpzReader, ReadNpzError, ReadableElement};
use pleach_spec::network::MapShape;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Reads images.
pub(super) fn load_npy(path: &Path, shape: MapShape) -> Result<DataSet, DataError> {
    let images = images(path, shape, &mut Npy(path))?;
    Ok(DataSet { source: path.to_owned(), labels: None, images })
}

/// Reads the arrays `images` and, where it is there, `labels`.
pub(super) fn load_npz(path: &Path, shape: MapShape) -> Result<DataSet, DataError> {
    let file = File::open(path).map_err(|error| DataError::read(path, error))?;
    let foreign = |error: ReadNpzError| DataError::format(path, "an .npz file", error);
    let mut archive = NpzReader::new(BufReader::new(file)).map_err(foreign)?;
    let names = archive.names().map_err(foreign)?;
    let has = |wanted: &str| names.iter().any(|name| name.trim_end_matches(".npy") == wanted);
    if !has("images") {
        let reason = format!("it has no array 'images', only {}", names.join(", "));
        return Err(DataError::format(path, "a set of images", reason));
    }
    let images = images(path, shape, &mut Npz { archive: &mut archive, name: "images" })?;
    let labels = if has("labels") {
        Some(labels(path, &mut Npz { archive: &mut archive, name: "labels" })?)
    } else {
        None
    };
    Ok(DataSet { source: path.to_owned(), labels, images })
}

/// Something that can be read as an array of `T`; `None` where it is of another type.
trait Source {
    fn array<T: ReadableElement>(&mut self) -> Result<Option<ArrayD<T>>, String>;
}

struct Npy<'a>(&'a Path);

impl Source for Npy<'_> {
    fn array<T: ReadableElement>(&mut self) -> Result<Option<ArrayD<T>>, String> {
        typed(ndarray_npy::read_npy(self.0))
    }
}

struct Npz<'a> {
    archive: &'a mut NpzReader<BufReader<File>>,
    name: &'static str,
}

impl Source for Npz<'_> {
    fn array<T: ReadableElement>(&mut self) -> Result<Option<ArrayD<T>>, String> {
        match self.archive.by_name(self.name) {
            Ok(array) => Ok(Some(array)),
            Err(ReadNpzError::Npy(error)) => typed(Err(error)),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn images(path: &Path, shape: MapShape, source: &mut impl Source) -> Result<Images, DataError> {
    let failed = |reason: String| DataError::format(path, "a NumPy array of images", reason);
    if let Some(array) = source.array::<u8>().map_err(failed)? {
        let bytes = flat(path, shape, array)?;
        return Ok(Images::Pixels { shape, bytes });
    }
    if let Some(array) = source.array::<f32>().map_err(failed)? {
        let values = flat(path, shape, array)?;
        return Ok(Images::Floats { shape, values });
    }
    if let Some(array) = source.array::<f64>().map_err(failed)? {
        let values = flat(path, shape, array.mapv(|value| value as f32))?;
        return Ok(Images::Floats { shape, values });
    }
    if let Some(array) = source.array::<i64>().map_err(failed)? {
        let pixels = array.iter().map(|&value| u8::try_from(value)).collect::<Result<Vec<u8>, _>>();
        let pixels = pixels.map_err(|_| failed("it has integers outside 0 to 255".to_owned()))?;
        let bytes =
            flat(path, shape, ArrayD::from_shape_vec(array.raw_dim(), pixels).expect("as many as before"))?;
        return Ok(Images::Pixels { shape, bytes });
    }
    Err(failed("its elements are none of uint8, int64, float32 and float64".to_owned()))
}

fn labels(path: &Path, source: &mut impl Source) -> Result<Vec<usize>, DataError> {
    let failed = |reason: String| DataError::format(path, "a NumPy array of labels", reason);
    let integers: Vec<i64> = if let Some(array) = source.array::<i64>().map_err(failed)? {
        array.into_iter().collect()
    } else if let Some(array) = source.array::<i32>().map_err(failed)? {
        array.into_iter().map(i64::from).collect()
    } else if let Some(array) = source.array::<u8>().map_err(failed)? {
        array.into_iter().map(i64::from).collect()
    } else {
        return Err(failed("its elements are none of uint8, int32 and int64".to_owned()));
    };
    let positive = integers.into_iter().map(usize::try_from).collect::<Result<_, _>>();
    positive.map_err(|_| failed("it has negative labels".to_owned()))
}

/// The elements in the order `[image][channel][row][column]`, where the shape is that of images.
fn flat<T: Copy>(path: &Path, shape: MapShape, array: ArrayD<T>) -> Result<Vec<T>, DataError> {
    let image = [shape.channels, shape.height, shape.width];
    let dims = array.shape();
    let fits = match *dims {
        [_, ref one @ ..] if *one == image => true,
        ref one if *one == image => true,
        // A vector, or an image of one channel, may go without the dimensions that are 1.
        [_, height, width] | [height, width] if [1, height, width] == image => true,
        [_, channels] | [channels] if [channels, 1, 1] == image => true,
        _ => false,
    };
    if fits { Ok(array.iter().copied().collect()) } else { Err(DataError::shape(path, dims, shape)) }
}
