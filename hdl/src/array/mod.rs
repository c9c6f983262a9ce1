//! The systolic array: R x C processing elements, weights from above, windows from the left, sums out at the bottom.

mod grid;
mod pe;

pub use grid::{Array, drain_cycles};
pub use pe::Pe;
