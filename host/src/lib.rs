//! The host side of Pleach: from an ONNX file to what the accelerator runs, and running it.
//!
//! A folder a stage, each knowing only those before it:
//!
//! - [`import`]: ONNX file -> protobuf model (kept whole) and float graph;
//! - [`graph`]: the float graph, its executor, and the passes that bring it to convolutions only;
//! - [`prune`]: zeroes weights so that cycles are saved;
//! - [`compile`]: quantized network -> program of the accelerator.

pub mod compile;
pub mod graph;
pub mod import;
pub mod prune;
