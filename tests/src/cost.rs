//! What a network costs on an accelerator, by the fast model's cycles.

use pleach_host::compile::compile_batch;
use pleach_host::predict::timing;
use pleach_sim::fast::{ListTiming, Machine};
use pleach_spec::list::Start;
use pleach_spec::network::{Layer, Network};

/// Cycles of a run that is not the first, and what they go by with.
pub struct Cost {
    /// Clock cycles of the whole.
    pub cycles: u64,
    /// Clock cycles of the convolutions.
    pub conv_cycles: u64,
    /// Clock cycles of the fully connected layers.
    pub full_cycles: u64,
    /// Traffic and stalls.
    pub timing: ListTiming,
}

impl Cost {
    /// Of one image.
    ///
    /// # Errors
    /// As [`Cost::of_batch`].
    pub fn of(network: &Network, machine: &Machine) -> Result<Self, String> {
        Self::of_batch(network, 1, machine)
    }

    /// Compiles a network for so many images a run, and counts.
    ///
    /// # Errors
    /// A network that cannot be compiled for the accelerator, or a list that it does not finish.
    pub fn of_batch(network: &Network, images: usize, machine: &Machine) -> Result<Self, String> {
        let program = compile_batch(network, images, &machine.config).map_err(|error| error.to_string())?;
        let (layers, timing) = timing(&program, network.layers.len(), Start::Warm, machine)
            .map_err(|error| error.to_string())?;
        let of = |kept: &dyn Fn(&Layer) -> bool| -> u64 {
            let layers = network.layers.iter().zip(&layers).filter(|(layer, _)| kept(layer));
            layers.map(|(_, cycles)| cycles).sum()
        };
        Ok(Self {
            cycles: timing.compute.cycles,
            conv_cycles: of(&is_conv),
            full_cycles: of(&|layer| layer.conv().is_some() && !is_conv(layer)),
            timing,
        })
    }
}

/// Whether a layer is a convolution, and not a fully connected one.
pub fn is_conv(layer: &Layer) -> bool {
    layer.op == "Conv"
}

/// Multiply-accumulates of the layers that are kept.
pub fn macs(network: &Network, kept: impl Fn(&Layer) -> bool) -> u64 {
    network.layers.iter().filter(|layer| kept(layer)).map(|layer| network.macs(layer)).sum()
}

/// Share of the multipliers' cycles that do a multiply-accumulate of a dense network, in percent.
pub fn utilisation(macs: u64, cycles: u64, machine: &Machine) -> f64 {
    100.0 * macs as f64 / (machine.config.multipliers() as u64 * cycles.max(1)) as f64
}
