//! The fast model as a device.

use super::{Device, DeviceError, Vector};
use crate::fast::{self, Counters};
use pleach_spec::pass::Run;
use pleach_spec::{Config, VECTOR};

/// The fast model as a device.
pub struct FastDevice {
    config: Config,
    activations: fast::Activations,
    run: Run,
    counters: Counters,
}

impl FastDevice {
    /// A machine with an activation buffer of zeros.
    pub fn new(config: Config) -> Self {
        let activations = vec![[0; VECTOR]; config.activation_vectors()];
        Self { config, activations, run: Run::default(), counters: Counters::default() }
    }
}

impl Device for FastDevice {
    fn config(&self) -> &Config {
        &self.config
    }

    fn load(&mut self, run: &Run) -> Result<(), DeviceError> {
        self.run = run.clone();
        self.counters = fast::time_run(run, &self.config).total;
        Ok(())
    }

    fn run(&mut self) -> Result<Counters, DeviceError> {
        fast::execute(&self.run, &self.config, &mut self.activations);
        Ok(self.counters)
    }

    fn write(&mut self, address: usize, vectors: &[Vector]) -> Result<(), DeviceError> {
        self.activations[address..address + vectors.len()].copy_from_slice(vectors);
        Ok(())
    }

    fn read(&mut self, address: usize, count: usize) -> Result<Vec<Vector>, DeviceError> {
        Ok(self.activations[address..address + count].to_vec())
    }
}
