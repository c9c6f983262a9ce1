//! The contract of Pleach: what hardware, simulators and host must agree on, defined once.
//!
//! This crate knows nothing of ONNX, of simulation or of rust-hdl.

pub mod beats;
pub mod check;
pub mod codebook;
pub mod command;
pub mod config;
pub mod executable;
mod field;
pub mod layout;
pub mod list;
pub mod model_file;
pub mod network;
pub mod numerics;
pub mod pass;
pub mod register;
pub mod stream;
pub mod timing;
mod whole;

pub use config::{Config, VECTOR};
pub use field::{Field, FieldOverflow, Record};
pub use whole::write_whole;
