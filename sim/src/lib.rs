//! Simulators of the Pleach accelerator.

pub mod rtl;
