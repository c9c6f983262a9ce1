//! The weight stream: a reader for each column of the array, with its part of the slot words.

mod column;
mod readers;

pub use column::Column;
pub use readers::Readers;
