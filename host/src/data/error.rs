//! What can be wrong with a data set.

use miette::Diagnostic;
use pleach_spec::network::MapShape;
use std::path::{Path, PathBuf};

/// A data set that cannot be used, and why.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum DataError {
    /// A file or folder cannot be read.
    #[error("{}: cannot be read: {reason}", file.display())]
    #[diagnostic(code(pleach::data::read), help("check the path and its permissions"))]
    Read {
        /// The file.
        file: PathBuf,
        /// Why not.
        reason: std::io::Error,
    },
    /// A picture is scaled to less than the network needs.
    #[error("{}: with a shorter side of {side} pixels it does not cover {width}x{height}", file.display())]
    #[diagnostic(
        code(pleach::data::shorter_side),
        help("give [pictures] shorter_side in the model's .toml at least the size of the network's images")
    )]
    ShorterSide {
        /// The file.
        file: PathBuf,
        /// What the sidecar says.
        side: u32,
        /// Width of the network's images.
        width: u32,
        /// Their height.
        height: u32,
    },
    /// The file's name does not tell a format.
    #[error("{}: is in no known format", file.display())]
    #[diagnostic(
        code(pleach::data::unknown),
        help(
            "known are .npy, .npz, .png, .jpg, *images-idx3-ubyte (MNIST), *.bin (CIFAR-10), and folders of them"
        )
    )]
    Unknown {
        /// The file.
        file: PathBuf,
    },
    /// The file is not what its name says.
    #[error("{}: is not {format}: {reason}", file.display())]
    #[diagnostic(
        code(pleach::data::format),
        help("check that the file was copied whole and is not compressed (.gz)")
    )]
    Format {
        /// The file.
        file: PathBuf,
        /// What it should be.
        format: &'static str,
        /// What it is instead.
        reason: String,
    },
    /// The file is shorter or longer than its header says.
    #[error("{}: needs {expected} bytes of data, has {found}", file.display())]
    #[diagnostic(code(pleach::data::length), help("the file is truncated or damaged: copy it again"))]
    Length {
        /// The file.
        file: PathBuf,
        /// Bytes according to the header.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The images have another shape than the network's input.
    #[error("{}: has images of {found}, the network's input is {expected}", file.display())]
    #[diagnostic(
        code(pleach::data::shape),
        help(
            "convert the images to {expected} (channels x height x width), or give PNG files, which are scaled"
        )
    )]
    Shape {
        /// The file.
        file: PathBuf,
        /// Shape of the images.
        found: String,
        /// Shape of the network's input.
        expected: MapShape,
    },
    /// There are not as many labels as images.
    #[error("{}: {images} images, but {labels} labels", file.display())]
    #[diagnostic(
        code(pleach::data::labels),
        help("images and labels must be of the same data set, in the same order")
    )]
    Labels {
        /// The file of the images.
        file: PathBuf,
        /// Number of images.
        images: usize,
        /// Number of labels.
        labels: usize,
    },
    /// There is no image.
    #[error("{}: holds no image", file.display())]
    #[diagnostic(
        code(pleach::data::empty),
        help(
            "a folder may hold *images-idx3-ubyte, *.bin, pictures (.png, .jpg), or a sub-folder of pictures a class"
        )
    )]
    Empty {
        /// The file or folder.
        file: PathBuf,
    },
    /// A folder holds several data sets.
    #[error("{}: holds {count} data sets", file.display())]
    #[diagnostic(code(pleach::data::ambiguous), help("name one of its *images-idx3-ubyte files"))]
    Ambiguous {
        /// The folder.
        file: PathBuf,
        /// Number of files with images.
        count: usize,
    },
    /// A sub-folder is not called like a class.
    #[error("{}: '{name}' is not among the model's classes", file.display())]
    #[diagnostic(
        code(pleach::data::class),
        help("sub-folders must be called as [labels] names in the model's .toml has it: {classes}")
    )]
    Class {
        /// The folder.
        file: PathBuf,
        /// The sub-folder.
        name: String,
        /// The known classes.
        classes: String,
    },
    /// The normalisation is for another number of channels.
    #[error("{}: has images of {channels} channels, the normalisation has {values} values", file.display())]
    #[diagnostic(
        code(pleach::data::normalisation),
        help("give mean and std in [input] of the model's .toml one value, or one per channel")
    )]
    Normalisation {
        /// The file or folder of the images.
        file: PathBuf,
        /// Channels of the images.
        channels: usize,
        /// Values in the `.toml`.
        values: usize,
    },
}

impl DataError {
    /// A file that cannot be read.
    pub(super) fn read(file: &Path, reason: std::io::Error) -> Self {
        Self::Read { file: file.to_owned(), reason }
    }

    /// A file that is not what its name says.
    pub(super) fn format(file: &Path, format: &'static str, reason: impl ToString) -> Self {
        Self::Format { file: file.to_owned(), format, reason: reason.to_string() }
    }

    /// Images of another shape than `expected`.
    pub(super) fn shape(file: &Path, found: &[usize], expected: MapShape) -> Self {
        Self::Shape { file: file.to_owned(), found: crate::graph::join(found), expected }
    }
}
