//! Three models of one machine: `golden` says what is right, `fast` what the hardware computes and when, `rtl` is the hardware.
//!
//! This crate knows nothing of ONNX, of training or of how programs are compiled.

pub mod device;
pub mod fast;
pub mod golden;
pub mod memory;
pub mod rtl;
