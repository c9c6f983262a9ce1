//! The host side of Pleach: from an ONNX file to what the accelerator runs, and running it.
//!
//! A folder a stage, each knowing only those before it:
//!
//! - [`import`]: ONNX file -> protobuf model (kept whole) and float graph;
//! - [`interface`]: what goes into a quantized model and comes out of it, in ONNX's types;
//! - [`exact`]: what this computer computes again of a quantized model, for ONNX Runtime's last bits;
//! - [`graph`]: the float graph, its executor, and the passes that fold it;
//! - [`data`]: images, labels, and how a model wants its pixels;
//! - [`cpu`]: what runs on this computer instead, by tract;
//! - [`partition`]: which nodes of a float model run there, and which on the accelerator;
//! - [`prune`]: zeroes weights so that cycles are saved;
//! - [`quantize`]: calibration, and float graph -> [`pleach_spec::network::Network`];
//! - [`export`]: quantized network -> QDQ ONNX;
//! - [`compile`]: quantized network -> program of the accelerator;
//! - [`predict`]: its clock cycles, layer by layer;
//! - [`pipeline`]: all of these in a row;
//! - [`zoo`]: well-known networks as ONNX files, with made-up weights;
//! - [`operators`]: which operators run where, and in which forms;
//! - [`device`], [`report`], [`cli`]: running it, and telling about it.

pub mod cli;
pub mod compile;
pub mod cpu;
pub mod data;
pub mod device;
pub mod exact;
pub mod export;
pub mod graph;
pub mod import;
pub mod interface;
mod npy;
pub mod operators;
pub mod partition;
pub mod pipeline;
pub mod predict;
pub mod prune;
pub mod quantize;
pub mod report;
pub mod zoo;
