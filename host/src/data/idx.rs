//! IDX, the format of MNIST: a big-endian header of magic number and dimensions, then bytes.

use super::{DataError, DataSet, Images};
use pleach_spec::network::MapShape;
use std::path::{Path, PathBuf};

const IMAGES: [&str; 2] = ["images-idx3-ubyte", "images.idx3-ubyte"];
const LABELS: [&str; 2] = ["labels-idx1-ubyte", "labels.idx1-ubyte"];
/// Third byte of the magic number: unsigned bytes.
const UNSIGNED_BYTE: u8 = 8;

/// Whether a file is called as MNIST's image files are.
pub(super) fn is_images(path: &Path) -> bool {
    labels_beside(path).is_some()
}

/// Reads images and, if the file is there, their labels.
pub(super) fn load(path: &Path, shape: MapShape) -> Result<DataSet, DataError> {
    let ([_, height, width], bytes) = read::<3>(path)?;
    if [1, height, width] != [shape.channels, shape.height, shape.width] {
        return Err(DataError::shape(path, &[1, height, width], shape));
    }
    let labels = labels_beside(path).filter(|labels| labels.exists());
    let labels = labels.map(|labels| read::<1>(&labels)).transpose()?;
    let labels = labels.map(|(_, bytes)| bytes.into_iter().map(usize::from).collect());
    Ok(DataSet { source: path.to_owned(), labels, images: Images::Pixels { shape, bytes } })
}

/// Where the labels of an image file are, `None` if its name is not that of one.
fn labels_beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let replaced =
        |(images, labels): (&str, &str)| name.strip_suffix(images).map(|stem| format!("{stem}{labels}"));
    IMAGES.into_iter().zip(LABELS).find_map(replaced).map(|labels| path.with_file_name(labels))
}

/// The dimensions and the bytes of a file of rank `N`.
fn read<const N: usize>(path: &Path) -> Result<([usize; N], Vec<u8>), DataError> {
    let bytes = std::fs::read(path).map_err(|error| DataError::read(path, error))?;
    let header = 4 + 4 * N;
    let magic = [0, 0, UNSIGNED_BYTE, N as u8];
    if bytes.get(..4) != Some(&magic) {
        let found = &bytes[..bytes.len().min(4)];
        let reason = format!("it begins with {found:02x?} instead of {magic:02x?}");
        return Err(DataError::format(path, "an IDX file of that kind", reason));
    }
    let Some((head, body)) = bytes.split_at_checked(header) else {
        return Err(DataError::format(path, "an IDX file", "it ends within its header"));
    };
    let mut dims = [0; N];
    for (dim, word) in dims.iter_mut().zip(head[4..].chunks_exact(4)) {
        *dim = u32::from_be_bytes(word.try_into().expect("chunks of four")) as usize;
    }
    let expected = dims.iter().fold(1u64, |product, &dim| product.saturating_mul(dim as u64));
    if expected != body.len() as u64 {
        return Err(DataError::Length { file: path.to_owned(), expected, found: body.len() as u64 });
    }
    Ok((dims, body.to_vec()))
}
