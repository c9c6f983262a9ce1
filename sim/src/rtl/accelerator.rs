//! The Verilated accelerator with the memory behind its bus, as an [`Accelerator`].

use pleach_hdl::units::Unit;
use pleach_spec::beats::{beat_vector, vector_beat};
use pleach_spec::list::{Image, Start};
use pleach_spec::register::{self, RunError};
use pleach_spec::{Config, VECTOR};

use super::bus::{Master, Slave};
use super::{Checks, Model, Verilate};
use crate::device::{Accelerator, DeviceError, RunCounters, Vector};
use crate::fast::dma::DmaCounters;
use crate::fast::{Counters, Machine};
use crate::memory::{AxiMemory, Faults, Hostile, MemoryTiming, Pace, Region, Regions, Timing};

/// Cycles from the handshake of the write that starts a run to the first in which it is busy.
const START_CYCLES: usize = 1;
/// Cycles after which an answer on the register bus is given up.
const REGISTER_LIMIT: usize = 1000;

/// When the memory behind the bus does what.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// As the fast model's.
    Paced,
    /// As unpleasantly as AXI allows, see [`Hostile`].
    Hostile {
        /// Where the randomness comes from.
        seed: u64,
        /// In how many of 16 cycles a channel moves.
        eagerness: u32,
        /// What goes wrong.
        faults: Faults,
    },
}

/// The accelerator's RTL under Verilator.
pub struct RtlAccelerator {
    machine: Machine,
    behaviour: Behaviour,
    model: Model,
    slave: Slave,
    master: Master,
    memory: AxiMemory<Box<dyn Timing>>,
    image: Image,
    /// How the next run starts.
    start: Start,
    /// Cycles after which a run is given up.
    pub limit_cycles: u64,
}

impl RtlAccelerator {
    /// The accelerator of a machine, built or taken from the cache.
    pub fn new(machine: Machine, behaviour: Behaviour) -> Result<Self, DeviceError> {
        Self::with_checks(machine, behaviour, Checks::None)
    }

    /// The same with a choice of checks.
    pub fn with_checks(machine: Machine, behaviour: Behaviour, checks: Checks) -> Result<Self, DeviceError> {
        let verilog = Unit::Accelerator.verilog(&machine.config)?;
        let library = Verilate::new(&verilog, Unit::Accelerator.module()).checks(checks).build()?;
        Self::with_model(machine, behaviour, Model::new(&library))
    }

    /// The same with a model that exists.
    pub fn with_model(machine: Machine, behaviour: Behaviour, model: Model) -> Result<Self, DeviceError> {
        let memory =
            AxiMemory::new(machine.config.axi_bits, timing(&machine, &behaviour), Regions::default());
        let (slave, master) = (Slave::new(&model)?, Master::new(&model)?);
        let limit_cycles = u64::MAX;
        let (image, start) = (Image::default(), Start::Cold);
        Ok(Self { machine, behaviour, model, slave, master, memory, image, start, limit_cycles })
    }

    /// The model, for traces and for tests that look inside.
    pub fn model(&mut self) -> &mut Model {
        &mut self.model
    }

    /// The memory, to make transfers fail and to look for violations of the protocol.
    pub fn memory(&mut self) -> &mut AxiMemory<Box<dyn Timing>> {
        &mut self.memory
    }

    /// Changes the figures of the memory. They hold from the next run on.
    pub fn set_memory_timing(&mut self, timing: MemoryTiming) {
        self.machine.memory = timing;
    }

    /// Changes after how many cycles without a completed command a run is an error, from the next run on; 0: never.
    pub fn set_watchdog(&mut self, cycles: u32) {
        self.machine.watchdog_cycles = cycles;
    }

    /// The interrupt line.
    pub fn interrupt(&mut self) -> bool {
        self.slave.interrupt(&mut self.model)
    }

    /// One cycle of both.
    pub fn step(&mut self) {
        self.master.drive(&mut self.model, self.memory.signals());
        let signals = self.master.sample(&mut self.model);
        self.memory.step(&signals);
        self.model.step(1);
    }

    /// Writes a register.
    pub fn write_register(&mut self, offset: u16, value: u32) -> Result<(), DeviceError> {
        if offset == register::CONTROL && value & register::CONTROL_RESET != 0 {
            self.start = Start::Cold;
        }
        self.slave.begin_write(&mut self.model, offset, value);
        for _ in 0..REGISTER_LIMIT {
            let answered = self.slave.write_answered(&mut self.model);
            self.step();
            if answered {
                return Ok(());
            }
        }
        Err(DeviceError::Timeout { cycles: REGISTER_LIMIT as u64 })
    }

    /// Reads a register.
    pub fn read_register(&mut self, offset: u16) -> Result<u32, DeviceError> {
        self.slave.begin_read(&mut self.model, offset);
        for _ in 0..REGISTER_LIMIT {
            let answer = self.slave.read_answer(&mut self.model);
            self.step();
            if let Some(value) = answer {
                return Ok(value);
            }
        }
        Err(DeviceError::Timeout { cycles: REGISTER_LIMIT as u64 })
    }

    /// Writes all that a run needs into the registers and starts it.
    pub fn start(&mut self) -> Result<(), DeviceError> {
        let [model, data] = self.machine.bases;
        // Unless this run ends well, the next one cannot rely on it.
        let list = self.image.list_of(std::mem::take(&mut self.start));
        for (offset, value) in [
            (register::LIST_OFFSET, list.start as u32),
            (register::LIST_BEATS, list.end.saturating_sub(list.start) as u32),
            (register::MODEL_BASE_LOW, model as u32),
            (register::MODEL_BASE_HIGH, (model >> 32) as u32),
            (register::MODEL_SIZE, self.image.model.len() as u32),
            (register::DATA_BASE_LOW, data as u32),
            (register::DATA_BASE_HIGH, (data >> 32) as u32),
            (register::DATA_SIZE, self.image.data_vectors as u32),
            (register::WATCHDOG, self.machine.watchdog_cycles),
            (register::INTERRUPT_ENABLE, register::INTERRUPT_DONE),
            (register::INTERRUPT_STATUS, u32::MAX),
        ] {
            self.write_register(offset, value)?;
        }
        self.slave.begin_write(&mut self.model, register::CONTROL, register::CONTROL_START);
        while !self.slave.write_taken(&mut self.model) {
            self.step();
        }
        for _ in 0..START_CYCLES {
            self.step();
        }
        // The fast model's memory begins with the run.
        if matches!(self.behaviour, Behaviour::Paced) {
            self.memory.restart(timing(&self.machine, &self.behaviour));
        }
        Ok(())
    }

    /// Waits for the interrupt at the end of a run.
    pub fn wait(&mut self) -> Result<(), DeviceError> {
        let mut cycles = 0;
        while !self.interrupt() {
            if cycles == self.limit_cycles {
                return Err(DeviceError::Timeout { cycles });
            }
            self.step();
            cycles += 1;
        }
        self.write_register(register::INTERRUPT_STATUS, u32::MAX)
    }

    /// The error that the registers show.
    pub fn error(&mut self) -> Result<Option<RunError>, DeviceError> {
        let code = self.read_register(register::ERROR)?;
        Ok(RunError::decode(code, self.read_register(register::ERROR_COMMAND)?))
    }

    /// All counters.
    pub fn counters(&mut self) -> Result<RunCounters, DeviceError> {
        let mut wide = |low, high| -> Result<u64, DeviceError> {
            Ok(u64::from(self.read_register(low)?) | u64::from(self.read_register(high)?) << 32)
        };
        let cycles = wide(register::CYCLES_LOW, register::CYCLES_HIGH)?;
        let bytes_read = wide(register::BYTES_READ_LOW, register::BYTES_READ_HIGH)?;
        let bytes_written = wide(register::BYTES_WRITTEN_LOW, register::BYTES_WRITTEN_HIGH)?;
        let mut narrow = |offset| self.read_register(offset);
        let compute = Counters {
            cycles,
            words: narrow(register::WORDS)?.into(),
            stall_data: narrow(register::STALL_DATA)?.into(),
            stall_drain: narrow(register::STALL_DRAIN)?.into(),
            no_pass: narrow(register::NO_PASS)?.into(),
            bank_reads: narrow(register::BANK_READS)?.into(),
        };
        let memory_side = DmaCounters {
            cycles,
            load_busy: narrow(register::LOAD_BUSY)?,
            load_tokens: narrow(register::LOAD_TOKENS)?,
            load_bus: narrow(register::LOAD_BUS)?,
            load_bank: narrow(register::LOAD_BANK)?,
            store_busy: narrow(register::STORE_BUSY)?,
            store_tokens: narrow(register::STORE_TOKENS)?,
            store_bus: narrow(register::STORE_BUS)?,
            store_bank: narrow(register::STORE_BANK)?,
            fetch_queue: narrow(register::FETCH_QUEUE)?,
            bytes_read,
            bytes_written,
        };
        Ok(RunCounters { compute, memory_side })
    }

    fn check_identity(&mut self) -> Result<(), DeviceError> {
        let fingerprint = self.machine.config.fingerprint();
        let expected = [
            (register::MAGIC, "MAGIC", register::MAGIC_VALUE),
            (register::VERSION, "VERSION", register::CONTRACT_VERSION),
            (register::FINGERPRINT, "FINGERPRINT", fingerprint),
        ];
        for (offset, what, expected) in expected {
            let found = self.read_register(offset)?;
            if found != expected {
                let config = self.machine.config.name.clone();
                return Err(DeviceError::Identity { config, what, found, expected });
            }
        }
        Ok(())
    }

    fn data(&mut self, vector: usize, count: usize) -> Result<&mut [u8], DeviceError> {
        let bytes = match self.memory.regions.0.get_mut(1) {
            Some(region) => region.bytes.as_mut_slice(),
            None => &mut [],
        };
        let held = bytes.len() / VECTOR;
        match vector.checked_add(count) {
            Some(end) if end <= held => Ok(&mut bytes[vector * VECTOR..end * VECTOR]),
            _ => Err(DeviceError::Range { vector, count, held }),
        }
    }
}

fn timing(machine: &Machine, behaviour: &Behaviour) -> Box<dyn Timing> {
    match behaviour {
        Behaviour::Paced => Box::new(Pace::new(machine.memory)),
        Behaviour::Hostile { seed, eagerness, faults } => {
            Box::new(Hostile::new(*seed, *eagerness, faults.clone()))
        }
    }
}

impl Accelerator for RtlAccelerator {
    fn config(&self) -> &Config {
        &self.machine.config
    }

    fn load(&mut self, image: &Image) -> Result<(), DeviceError> {
        self.check_identity()?;
        let [model, data] = self.machine.bases;
        let program = image.model.iter().flatten().flat_map(|word| word.to_le_bytes()).collect();
        self.memory.regions = Regions(vec![
            Region { base: model, bytes: program, writable: false },
            Region { base: data, bytes: vec![0; image.data_vectors * VECTOR], writable: true },
        ]);
        self.image.clone_from(image);
        self.start = Start::Cold;
        Ok(())
    }

    fn write(&mut self, vector: usize, vectors: &[Vector]) -> Result<(), DeviceError> {
        let bytes = self.data(vector, vectors.len())?;
        for (place, vector) in bytes.chunks_mut(VECTOR).zip(vectors) {
            for (bytes, word) in place.chunks_mut(4).zip(vector_beat(vector)) {
                bytes.copy_from_slice(&word.to_le_bytes());
            }
        }
        Ok(())
    }

    fn read(&mut self, vector: usize, count: usize) -> Result<Vec<Vector>, DeviceError> {
        let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("four bytes"));
        let bytes = self.data(vector, count)?;
        let beats =
            bytes.chunks(VECTOR).map(|v| [word(&v[..4]), word(&v[4..8]), word(&v[8..12]), word(&v[12..])]);
        Ok(beats.map(|beat| beat_vector(&beat)).collect())
    }

    fn run(&mut self) -> Result<RunCounters, DeviceError> {
        self.start()?;
        self.wait()?;
        match self.error()? {
            Some(error) => Err(DeviceError::Run(error)),
            None => {
                self.start = self.image.next_start();
                self.counters()
            }
        }
    }
}
