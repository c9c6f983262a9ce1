//! The Verilated accelerator as a device, driven through its register and memory ports.

use super::{Device, DeviceError, Vector};
use crate::fast::Counters;
use crate::rtl::{Model, Port, Verilate};
use pleach_spec::image::{Beat, beat_vector, beats, vector_beat};
use pleach_spec::program::Run;
use pleach_spec::register::{self, Region};
use pleach_spec::{Config, timing};

/// Cycles after which a run that is not done is given up; far beyond any that the buffers can hold.
const TIMEOUT_CYCLES: u64 = 1 << 32;

/// The ports of the top level.
struct Ports {
    reg_addr: Port,
    reg_wdata: Port,
    reg_write: Port,
    reg_rdata: Port,
    mem_addr: Port,
    mem_wdata: Port,
    mem_write: Port,
    mem_read: Port,
    mem_rdata: Port,
}

/// The RTL of a configuration under Verilator.
pub struct RtlDevice {
    config: Config,
    model: Model,
    ports: Ports,
    passes: u32,
}

impl RtlDevice {
    /// Generates the Verilog, builds the model (or takes it from the cache) and checks that it is what it should be.
    pub fn build(config: Config) -> Result<Self, DeviceError> {
        let verilog = pleach_hdl::top::verilog(&config)?;
        let library = Verilate::new(&verilog, pleach_hdl::top::NAME).build()?;
        let model = Model::new(&library);
        let ports = Ports {
            reg_addr: model.port("reg_addr")?,
            reg_wdata: model.port("reg_wdata")?,
            reg_write: model.port("reg_write")?,
            reg_rdata: model.port("reg_rdata")?,
            mem_addr: model.port("mem_addr")?,
            mem_wdata: model.port("mem_wdata")?,
            mem_write: model.port("mem_write")?,
            mem_read: model.port("mem_read")?,
            mem_rdata: model.port("mem_rdata")?,
        };
        let mut device = Self { config, model, ports, passes: 0 };
        device.check_identity()?;
        Ok(device)
    }

    fn check_identity(&mut self) -> Result<(), DeviceError> {
        let expected = [
            ("MAGIC", register::MAGIC, register::MAGIC_VALUE),
            ("VERSION", register::VERSION, register::CONTRACT_VERSION),
            ("FINGERPRINT", register::FINGERPRINT, self.config.fingerprint()),
        ];
        for (what, offset, expected) in expected {
            let found = self.read_register(offset);
            if found != expected {
                return Err(DeviceError::Identity {
                    config: self.config.name.clone(),
                    what,
                    found,
                    expected,
                });
            }
        }
        Ok(())
    }

    /// Cycles simulated so far, busy or not.
    pub fn simulated_cycles(&self) -> u64 {
        self.model.cycles()
    }

    fn read_register(&mut self, offset: u16) -> u32 {
        self.model.set(self.ports.reg_addr, u64::from(offset));
        self.model.step(timing::REGISTER_READ_LATENCY);
        self.model.get(self.ports.reg_rdata) as u32
    }

    fn write_register(&mut self, offset: u16, value: u32) {
        self.model.set(self.ports.reg_addr, u64::from(offset));
        self.model.set(self.ports.reg_wdata, u64::from(value));
        self.model.set(self.ports.reg_write, 1);
        self.model.step(1);
        self.model.set(self.ports.reg_write, 0);
    }

    fn write_beats(&mut self, beats: &[Beat]) {
        let inputs = [self.ports.mem_write, self.ports.mem_addr, self.ports.mem_wdata];
        let mut stimulus: Vec<u32> = Vec::with_capacity(beats.len() * 6 + 6);
        for (address, beat) in beats {
            stimulus.extend([1, *address]);
            stimulus.extend(beat);
        }
        // A last cycle without a write leaves the port idle.
        stimulus.extend([0; 6]);
        self.model.play(&inputs, &stimulus, &[]);
    }
}

impl Device for RtlDevice {
    fn config(&self) -> &Config {
        &self.config
    }

    fn load(&mut self, run: &Run) -> Result<(), DeviceError> {
        self.write_beats(&beats(run, &self.config)?);
        self.passes = run.passes.len() as u32;
        for first in [register::PASS_FIRST, register::WORD_FIRST, register::LOAD_FIRST] {
            self.write_register(first, 0);
        }
        self.write_register(register::PASS_COUNT, self.passes);
        Ok(())
    }

    fn run(&mut self) -> Result<Counters, DeviceError> {
        self.write_register(register::CONTROL, register::CONTROL_START);
        // The status of before the start is gone by the time this read comes back.
        self.read_register(register::STATUS);
        let done = register::STATUS_DONE;
        self.model.step(timing::REGISTER_READ_LATENCY);
        if self.model.run_until(self.ports.reg_rdata, done, done, TIMEOUT_CYCLES).is_none() {
            return Err(DeviceError::Timeout { cycles: TIMEOUT_CYCLES });
        }
        Ok(Counters {
            cycles: u64::from(self.read_register(register::CYCLES)),
            words: u64::from(self.read_register(register::WORDS)),
            stall_data: u64::from(self.read_register(register::STALL_DATA)),
            stall_drain: u64::from(self.read_register(register::STALL_DRAIN)),
            loads: u64::from(self.read_register(register::LOADS)),
        })
    }

    fn write(&mut self, address: usize, vectors: &[Vector]) -> Result<(), DeviceError> {
        let beat =
            |(index, vector)| (Region::Activation.address((address + index) as u32), vector_beat(vector));
        let beats: Vec<Beat> = vectors.iter().enumerate().map(beat).collect();
        self.write_beats(&beats);
        Ok(())
    }

    fn read(&mut self, address: usize, count: usize) -> Result<Vec<Vector>, DeviceError> {
        // The data of an address follow it by a fixed number of cycles: read on for as many.
        let latency = timing::MEMORY_READ_LATENCY as usize;
        let mut stimulus: Vec<u32> = Vec::with_capacity(2 * (count + latency));
        for index in 0..count {
            stimulus.extend([1, Region::Activation.address((address + index) as u32)]);
        }
        stimulus.extend(std::iter::repeat_n(0, 2 * latency));
        let inputs = [self.ports.mem_read, self.ports.mem_addr];
        let outputs = self.model.play(&inputs, &stimulus, &[self.ports.mem_rdata]);
        let beats = outputs.chunks_exact(4).skip(latency);
        Ok(beats.map(|beat| beat_vector(beat.try_into().expect("a chunk of four"))).collect())
    }
}
