//! Import, analyse, prune, quantize, compile and run networks on the Pleach accelerator.

pub mod compile;
