//! The contract of Pleach: what hardware, simulators and host must agree on, defined once.
//!
//! This crate knows nothing of ONNX, of simulation or of rust-hdl.

pub mod network;
pub mod numerics;
