//! The protobuf messages of ONNX.
//!
//! `onnx.proto` is `onnx-ml.proto` of the ONNX project, release 1.23.2 (Apache-2.0); `onnx.rs` was generated from it, and a
//! test of this crate checks that it still is what the generator makes. Users need neither protoc nor the generator.

#[allow(missing_docs, clippy::all)]
#[rustfmt::skip]
mod onnx;

pub use onnx::*;
