//! The Verilated accelerator as a [`Device`]: its register port and its memory port.

use pleach_hdl::units::Unit;
use pleach_spec::image::{self, Beat, beat_vector, vector_beat};
use pleach_spec::pass::Run;
use pleach_spec::register::{self, Region};
use pleach_spec::{Config, VECTOR, timing};

use super::{Checks, Error, Model, Port, Verilate};
use crate::device::{Device, DeviceError, Vector};
use crate::fast::{self, Counters};

/// Cycles from an address on the memory port to what is there.
const MEM_READ_CYCLES: usize = timing::MEMORY_READ_LATENCY as usize;
/// 32-bit words of a beat.
const BEAT_WORDS: usize = VECTOR / 4;

/// The ports of the top level that the host drives.
#[derive(Clone, Copy)]
struct HostPorts {
    reg_addr: Port,
    reg_write: Port,
    reg_wdata: Port,
    reg_rdata: Port,
    mem_addr: Port,
    mem_write: Port,
    mem_read: Port,
    mem_wdata: Port,
    mem_rdata: Port,
}

/// The accelerator's RTL under Verilator.
pub struct RtlDevice {
    config: Config,
    model: Model,
    ports: HostPorts,
    /// Passes of the run that was loaded last.
    passes: u32,
    /// Cycles after which that run is given up.
    limit: u64,
}

impl RtlDevice {
    /// The accelerator of a configuration, built or taken from the cache.
    pub fn new(config: &Config) -> Result<Self, DeviceError> {
        Self::with_checks(config, Checks::None)
    }

    /// The same with a choice of checks.
    pub fn with_checks(config: &Config, checks: Checks) -> Result<Self, DeviceError> {
        let verilog = Unit::Top.verilog(config)?;
        let library = Verilate::new(&verilog, Unit::Top.module()).checks(checks).build()?;
        Ok(Self::with_model(config.clone(), Model::new(&library))?)
    }

    /// Drives a model that was built for `config` and has the host's ports.
    pub fn with_model(config: Config, model: Model) -> Result<Self, Error> {
        let ports = HostPorts {
            reg_addr: model.port("reg_addr")?,
            reg_write: model.port("reg_write")?,
            reg_wdata: model.port("reg_wdata")?,
            reg_rdata: model.port("reg_rdata")?,
            mem_addr: model.port("mem_addr")?,
            mem_write: model.port("mem_write")?,
            mem_read: model.port("mem_read")?,
            mem_wdata: model.port("mem_wdata")?,
            mem_rdata: model.port("mem_rdata")?,
        };
        Ok(Self { config, model, ports, passes: 0, limit: 0 })
    }

    /// The model, for traces and for tests that look inside.
    pub fn model(&mut self) -> &mut Model {
        &mut self.model
    }

    /// Writes a register.
    pub fn write_register(&mut self, offset: u16, value: u32) {
        let stimulus = [u32::from(offset), value, 1];
        self.model.play(&[self.ports.reg_addr, self.ports.reg_wdata, self.ports.reg_write], &stimulus, &[]);
        self.model.set(self.ports.reg_write, 0);
    }

    /// Reads a register.
    pub fn read_register(&mut self, offset: u16) -> u32 {
        self.model.set(self.ports.reg_addr, offset.into());
        self.model.step(timing::REGISTER_READ_LATENCY);
        self.model.get(self.ports.reg_rdata) as u32
    }

    /// Writes beats to consecutive addresses of the memory port.
    pub fn write_memory(&mut self, address: u32, beats: &[Beat]) {
        let stimulus: Vec<u32> = (address..)
            .zip(beats)
            .flat_map(|(address, beat)| [&[address, 1], beat.as_slice()].concat())
            .collect();
        self.model.play(&[self.ports.mem_addr, self.ports.mem_write, self.ports.mem_wdata], &stimulus, &[]);
        self.model.set(self.ports.mem_write, 0);
    }

    /// Reads beats from consecutive addresses of the memory port.
    pub fn read_memory(&mut self, address: u32, count: usize) -> Vec<Beat> {
        let reads = (address..).take(count).flat_map(|address| [address, 1]);
        let stimulus: Vec<u32> = reads.chain([0; 2 * MEM_READ_CYCLES]).collect();
        let ports = [self.ports.mem_addr, self.ports.mem_read];
        let response = self.model.play(&ports, &stimulus, &[self.ports.mem_rdata]);
        let beats = response.chunks_exact(BEAT_WORDS).skip(MEM_READ_CYCLES);
        beats.map(|beat| beat.try_into().expect("four words")).collect()
    }

    fn counters(&mut self) -> Counters {
        Counters {
            cycles: self.read_register(register::CYCLES).into(),
            words: self.read_register(register::WORDS).into(),
            stall_data: self.read_register(register::STALL_DATA).into(),
            stall_drain: self.read_register(register::STALL_DRAIN).into(),
            no_pass: self.read_register(register::NO_PASS).into(),
            bank_reads: self.read_register(register::LOADS).into(),
        }
    }

    fn check_identity(&mut self) -> Result<(), DeviceError> {
        let expected = [
            (register::MAGIC, "MAGIC", register::MAGIC_VALUE),
            (register::VERSION, "VERSION", register::CONTRACT_VERSION),
            (register::FINGERPRINT, "FINGERPRINT", self.config.fingerprint()),
        ];
        for (offset, what, expected) in expected {
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
}

impl Device for RtlDevice {
    fn config(&self) -> &Config {
        &self.config
    }

    fn load(&mut self, run: &Run) -> Result<(), DeviceError> {
        self.check_identity()?;
        for block in image::blocks(run, &self.config).expect("a checked program") {
            self.write_memory(block.address, &block.beats);
        }
        self.passes = run.passes.len() as u32;
        self.limit = 2 * fast::time_run(run, &self.config).total.cycles + 10_000;
        Ok(())
    }

    fn run(&mut self) -> Result<Counters, DeviceError> {
        let parameters = [(register::PASS_COUNT, self.passes), (register::CONTROL, register::CONTROL_START)];
        for (offset, value) in parameters {
            self.write_register(offset, value);
        }
        // STATUS forgets the run before while the first of these reads is on its way.
        self.read_register(register::STATUS);
        self.model.set(self.ports.reg_addr, register::STATUS.into());
        let done = register::STATUS_DONE;
        self.model
            .run_until(self.ports.reg_rdata, done, done, self.limit)
            .ok_or(DeviceError::Timeout { cycles: self.limit })?;
        Ok(self.counters())
    }

    fn write(&mut self, address: usize, vectors: &[Vector]) -> Result<(), DeviceError> {
        let beats: Vec<Beat> = vectors.iter().map(vector_beat).collect();
        self.write_memory(Region::Activation.address(address as u32), &beats);
        Ok(())
    }

    fn read(&mut self, address: usize, count: usize) -> Result<Vec<Vector>, DeviceError> {
        let beats = self.read_memory(Region::Activation.address(address as u32), count);
        Ok(beats.iter().map(beat_vector).collect())
    }
}
