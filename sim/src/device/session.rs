//! A program on a device.

use super::{Device, DeviceError};
use crate::fast::Counters;
use pleach_spec::network::Network;
use pleach_spec::program::Program;

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

    /// The output maps for an input map, in the order of the network's outputs, and what it took.
    pub fn infer(&mut self, input: &[i8]) -> Result<(Vec<Vec<i8>>, Counters), DeviceError> {
        self.write_input(input)?;
        let mut total = Counters::default();
        for index in 0..self.program.runs.len() {
            total += self.run(index)?;
        }
        let outputs = self.network.outputs.iter().map(|&output| self.read(output));
        Ok((outputs.collect::<Result<_, _>>()?, total))
    }
}
