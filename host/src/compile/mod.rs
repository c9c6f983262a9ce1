//! The compiler: from a quantized network to the program of the accelerator.
//!
//! There may be several images: `portions` says which steps compute them one by one, `batch` how all of them go through a step.
//!
//! In order: `step` lowers and fuses layers, `slots` decides which channels share a tile, `tile` makes the slot words with
//! `schedule`, `region` cuts output maps, `maps` lays maps out in segment 1, `plan` decides what stays on the chip, with `group` which
//! steps are executed strip by strip together, `emit` makes the command list, with tokens by `depend`. `accelerator` calls them, and has the list checked.

mod accelerator;
mod batch;
mod buffer;
mod depend;
mod emit;
mod error;
mod group;
mod maps;
mod memory;
mod plan;
mod portions;
mod region;
pub mod schedule;
mod slots;
mod step;
mod tile;

pub use accelerator::{Traced, batch_candidates, compile_batch, compile_list, compile_traced};
pub use error::CompileError;

use pleach_spec::network::Network;

/// The same network with every weight there: what a machine that skips no zeros would have to compute.
pub fn dense_reference(network: &Network) -> Network {
    let mut dense = network.clone();
    for layer in &mut dense.layers {
        for weight in layer.conv_mut().into_iter().flat_map(|conv| &mut conv.weights) {
            *weight |= i8::from(*weight == 0);
        }
    }
    dense
}
