//! The host side of Pleach: from an ONNX file to what the accelerator runs.
//!
//! A folder a stage, each knowing only those before it:
//!
//! - [`import`]: ONNX file -> protobuf model (kept whole) and float graph;
//! - [`graph`]: the float graph, its executor, and the passes that bring it to convolutions only;
//! - [`quantize`]: calibration, and float graph -> [`pleach_spec::network::Network`];
//! - [`compile`]: network -> schedule of the array;
//! - [`data`]: images, labels, and how a model wants its pixels.

pub mod compile;
pub mod data;
pub mod graph;
pub mod import;
pub mod quantize;
