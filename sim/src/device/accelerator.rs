//! The whole accelerator: what a command list runs on.

use super::{DeviceError, Vector};
use crate::fast::dma::DmaCounters;
use crate::fast::{Counters, Interpreter, List, ListTiming, Machine, Stepping, time_passes};
use crate::memory::MemoryTiming;
use pleach_spec::Config;
use pleach_spec::list::{Command, Image, Segment, Start, Target};

/// What the counters say after a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounters {
    /// Those of COMPUTE, and the cycles.
    pub compute: Counters,
    /// Those of FETCH, LOAD and STORE.
    pub memory_side: DmaCounters,
}

/// An accelerator with its memory, real or simulated.
pub trait Accelerator {
    /// Its configuration.
    fn config(&self) -> &Config;
    /// Puts a program into segment 0 and makes segment 1 as large as it says.
    fn load(&mut self, image: &Image) -> Result<(), DeviceError>;
    /// Writes vectors to segment 1, from a vector on.
    fn write(&mut self, vector: usize, vectors: &[Vector]) -> Result<(), DeviceError>;
    /// Reads vectors of segment 1.
    fn read(&mut self, vector: usize, count: usize) -> Result<Vec<Vector>, DeviceError>;
    /// Executes the list of the program: that of warm runs, if the program has one and the run before it was a good one of it.
    fn run(&mut self) -> Result<RunCounters, DeviceError>;
}

/// The fast model as an accelerator.
pub struct FastAccelerator {
    machine: Machine,
    interpreter: Interpreter,
    image: Image,
    /// How the next run starts.
    start: Start,
    /// Of the list of such a run.
    timing: Option<ListTiming>,
}

impl FastAccelerator {
    /// An accelerator with the usual memory and no watchdog.
    pub fn new(config: Config) -> Self {
        Self::with_machine(Machine {
            config,
            memory: MemoryTiming::default(),
            bases: [0, 1 << 32],
            watchdog_cycles: 0,
        })
    }

    /// An accelerator in a given environment.
    pub fn with_machine(machine: Machine) -> Self {
        let interpreter = Interpreter::new(&machine.config);
        Self { machine, interpreter, image: Image::default(), start: Start::Cold, timing: None }
    }

    /// Timing of the next run, command for command. Computed once: it does not depend on what the maps hold.
    pub fn timing(&mut self) -> &ListTiming {
        let (interpreter, start) = (&self.interpreter, self.start);
        self.timing.get_or_insert_with(|| {
            let (commands, data) = (interpreter.commands(start), interpreter.data());
            let regular = interpreter.regular_passes();
            let list = List { image: &self.image, commands, data, start };
            time_passes(&list, &self.machine, Some(&regular), Stepping::Events)
        })
    }

    /// Segment 1 holds words, entries, parameters or tables: then the next run may take another time than the last.
    fn time_depends_on_data(&self) -> bool {
        self.interpreter.commands(self.start).iter().any(|command| match command {
            Command::Load(load) => {
                load.segment == Segment::Data as u32 && load.target != Target::Activation as u32
            }
            _ => false,
        })
    }

    /// Decides how the next run starts.
    fn begin(&mut self, start: Start) {
        if start != self.start {
            self.timing = None;
        }
        self.start = start;
    }

    fn range(&self, vector: usize, count: usize) -> Result<std::ops::Range<usize>, DeviceError> {
        let held = self.interpreter.data().len();
        match vector.checked_add(count) {
            Some(end) if end <= held => Ok(vector..end),
            _ => Err(DeviceError::Range { vector, count, held }),
        }
    }
}

impl Accelerator for FastAccelerator {
    fn config(&self) -> &Config {
        &self.machine.config
    }

    fn load(&mut self, image: &Image) -> Result<(), DeviceError> {
        self.interpreter.load(image);
        self.image.clone_from(image);
        self.begin(Start::Cold);
        self.timing = None;
        Ok(())
    }

    fn write(&mut self, vector: usize, vectors: &[Vector]) -> Result<(), DeviceError> {
        let range = self.range(vector, vectors.len())?;
        self.interpreter.data_mut()[range].copy_from_slice(vectors);
        Ok(())
    }

    fn read(&mut self, vector: usize, count: usize) -> Result<Vec<Vector>, DeviceError> {
        let range = self.range(vector, count)?;
        Ok(self.interpreter.data()[range].to_vec())
    }

    fn run(&mut self) -> Result<RunCounters, DeviceError> {
        if self.time_depends_on_data() {
            self.timing = None;
        }
        let ListTiming { compute, memory_side, error, ends, .. } = *self.timing();
        self.interpreter.run(self.start);
        let good = error.is_none() && ends;
        self.begin(if good { self.image.next_start() } else { Start::Cold });
        match error {
            Some(error) => Err(DeviceError::Run(error)),
            None if !ends => Err(DeviceError::Timeout { cycles: memory_side.cycles }),
            None => Ok(RunCounters { compute, memory_side }),
        }
    }
}
