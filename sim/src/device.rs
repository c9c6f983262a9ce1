//! What a program runs on: the fast model, the Verilated RTL and, later, a board look the same from here.

use crate::fast::{self, Counters};
use pleach_spec::network::Network;
use pleach_spec::program::{Program, Run};
use pleach_spec::{Config, VECTOR};
use thiserror::Error;

/// One vector of the activation buffer.
pub type Vector = [i8; VECTOR];

/// Why a device failed.
#[derive(Debug, Error)]
pub enum DeviceError {
    /// The accelerator did not finish.
    #[error("the accelerator was still busy after {cycles} cycles")]
    Timeout {
        /// Cycles waited.
        cycles: u64,
    },
    /// The accelerator is not what was expected.
    #[error(
        "the device is not a Pleach accelerator of configuration `{config}`: {what} reads {found:#x}, expected {expected:#x}"
    )]
    Identity {
        /// Configuration of the program.
        config: String,
        /// Register.
        what: &'static str,
        /// Value read.
        found: u32,
        /// Value expected.
        expected: u32,
    },
}

/// An accelerator, real or simulated.
pub trait Device {
    /// Its configuration.
    fn config(&self) -> &Config;
    /// Writes commands, load lists, slot words and parameters of a run into its memories.
    fn load(&mut self, run: &Run) -> Result<(), DeviceError>;
    /// Executes the run that was loaded last.
    fn run(&mut self) -> Result<Counters, DeviceError>;
    /// Writes vectors into the activation buffer.
    fn write(&mut self, address: usize, vectors: &[Vector]) -> Result<(), DeviceError>;
    /// Reads vectors from the activation buffer.
    fn read(&mut self, address: usize, count: usize) -> Result<Vec<Vector>, DeviceError>;
}

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

/// A device with a network's program: inference from int8 map to int8 map.
pub struct Session<'a> {
    device: &'a mut dyn Device,
    network: &'a Network,
    program: &'a Program,
    /// Run that is in the device's memories; a program of one run is loaded once.
    loaded: Option<usize>,
}

impl<'a> Session<'a> {
    /// Connects the two; nothing is sent yet.
    pub fn new(device: &'a mut dyn Device, network: &'a Network, program: &'a Program) -> Self {
        Self { device, network, program, loaded: None }
    }

    /// Writes the input map `[channel][y][x]`.
    pub fn write_input(&mut self, input: &[i8]) -> Result<(), DeviceError> {
        let map = &self.program.maps[self.network.input];
        self.device.write(map.base, &map.pack(input))
    }

    /// Executes one run of the program.
    pub fn run(&mut self, index: usize) -> Result<Counters, DeviceError> {
        if self.loaded != Some(index) {
            self.device.load(&self.program.runs[index])?;
            self.loaded = Some(index);
        }
        self.device.run()
    }

    /// Reads a tensor, which must be alive, as `[channel][y][x]`.
    pub fn read(&mut self, tensor: usize) -> Result<Vec<i8>, DeviceError> {
        let map = &self.program.maps[tensor];
        Ok(map.unpack(&self.device.read(map.base, map.vectors())?))
    }

    /// The output map for an input map, and what it took.
    pub fn infer(&mut self, input: &[i8]) -> Result<(Vec<i8>, Counters), DeviceError> {
        self.write_input(input)?;
        let mut total = Counters::default();
        for index in 0..self.program.runs.len() {
            total += self.run(index)?;
        }
        Ok((self.read(self.network.output)?, total))
    }
}
