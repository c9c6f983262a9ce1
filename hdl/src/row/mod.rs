//! The rows' side of the array: staging of loaded vectors, and the windows of activations.

mod rows;
mod unit;
mod window;

pub use rows::Rows;
pub use unit::Row;
pub use window::Window;
