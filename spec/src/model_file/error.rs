//! Why a `model.bin` is refused. Every message says what to do about it.

use std::path::PathBuf;
use thiserror::Error;

/// Why a `model.bin` cannot be read or written.
#[derive(Debug, Error)]
pub enum ModelFileError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// File.
        path: PathBuf,
        /// Reason.
        source: std::io::Error,
    },
    /// The file cannot be written. Whatever had its name before is untouched.
    #[error("cannot write {path}: {source}")]
    Write {
        /// File.
        path: PathBuf,
        /// Reason.
        source: std::io::Error,
    },
    /// What is in it is refused.
    #[error("{path}: {source}")]
    Format {
        /// File.
        path: PathBuf,
        /// Reason.
        source: FormatError,
    },
    /// The model is not one that could be read back, so it is not written.
    #[error("cannot write {path}: {source}")]
    Model {
        /// File.
        path: PathBuf,
        /// Reason.
        source: FormatError,
    },
}

/// Why bytes are not a `model.bin` that can be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FormatError {
    /// Another kind of file.
    #[error("this is not a model.bin: {found}; make one with `host compile MODEL -o model.bin`")]
    Foreign {
        /// What it is instead.
        found: String,
    },
    /// The file ends early.
    #[error("the file is truncated: {missing} bytes are missing from {part} on; copy or compile it again")]
    Truncated {
        /// Part of the file that is the first to be incomplete.
        part: String,
        /// Bytes missing up to the end of the file, as far as known.
        missing: u64,
    },
    /// There is something after the end.
    #[error("{extra} bytes follow the end of the model; copy or compile it again")]
    Trailing {
        /// Bytes too many.
        extra: u64,
    },
    /// A checksum does not match.
    #[error(
        "{part} is damaged: its CRC-32 is {found:08x}, expected {expected:08x}; copy or compile it again"
    )]
    Damaged {
        /// Part of the file.
        part: String,
        /// CRC of the bytes there are.
        found: u32,
        /// CRC in the file.
        expected: u32,
    },
    /// Bytes between the sections are not zero.
    #[error("the padding at byte {offset} is damaged: it must be 0; copy or compile it again")]
    Padding {
        /// Offset in the file.
        offset: usize,
    },
    /// A version that this program does not know.
    #[error(
        "it has version {found} of {what}, but this program knows version {known}; compile the model again with this program"
    )]
    Version {
        /// What has the version.
        what: &'static str,
        /// Version in the file.
        found: u32,
        /// The one version that can be read.
        known: u32,
    },
    /// Compiled for hardware with other values.
    #[error(
        "it was compiled for configuration `{compiled}`, which is not `{expected}`: {differences}; compile it with `--config {expected}`, or use a device of configuration `{compiled}`"
    )]
    Configuration {
        /// Name of the configuration in the file.
        compiled: String,
        /// Name of the configuration that is there.
        expected: String,
        /// `key = value here, value there` of every key that differs.
        differences: String,
    },
    /// Its parts contradict each other: the file was not written by Pleach, or by one with an error.
    #[error("section {section} is inconsistent: {reason}; compile the model again")]
    Inconsistent {
        /// Section.
        section: &'static str,
        /// Rule that is broken, and where.
        reason: String,
    },
    /// Larger than the format's 32-bit sizes allow.
    #[error("the model takes {bytes} bytes, but a model.bin holds less than 4 GiB; split the network")]
    TooLarge {
        /// Bytes it would take.
        bytes: u64,
    },
}
