//! The Verilated accelerator beside the fast one: the same list on both.

use crate::passes::{self, list};
use crate::random::Random;
use pleach_sim::device::{Accelerator, FastAccelerator, RtlAccelerator};
use pleach_sim::fast::Machine;
use pleach_sim::memory::MemoryTiming;
use pleach_sim::rtl::Behaviour;
use pleach_spec::list::Image;
use pleach_spec::register::{self, RunError};
use pleach_spec::{Config, VECTOR};

/// Cycles that a run may go on after an error: COMPUTE runs dry, and the bursts under way end.
const DRAIN_CYCLES: u64 = 20_000;

/// A small accelerator whose activations fit into short lists.
pub fn mini() -> Config {
    Config { activation_depth: 512, ..Config::resolve("mini").expect("built in") }
}

/// An accelerator with the usual memory; its segments are at addresses that need 64 bits, one of them not a multiple of a bus word.
pub fn machine(config: &Config) -> Machine {
    Machine {
        config: config.clone(),
        memory: MemoryTiming::default(),
        bases: [0x1_0000_0400, 0x9_0000_0010],
        watchdog_cycles: 1 << 20,
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The error in the registers.
    pub error: Option<RunError>,
    /// Cycles in which it was busy.
    pub cycles: u64,
}

/// Both, and what they have in common.
pub struct Pair {
    /// The RTL.
    pub rtl: RtlAccelerator,
    /// What no program writes is in its memories as in those of the RTL, unless a program was damaged.
    fast: FastAccelerator,
    machine: Machine,
    behaviour: Behaviour,
}

impl Pair {
    /// Builds the RTL, or takes it from the cache.
    pub fn new(machine: Machine, behaviour: Behaviour) -> Self {
        let rtl = RtlAccelerator::new(machine.clone(), behaviour.clone()).expect("the model builds");
        let fast = FastAccelerator::with_machine(machine.clone());
        Self { rtl, fast, machine, behaviour }
    }

    /// The configuration of both.
    pub fn config(&self) -> &Config {
        &self.machine.config
    }

    /// Where the segments are.
    pub fn bases(&self) -> [u64; 2] {
        self.machine.bases
    }

    /// True if the memory behind the RTL keeps the time of the fast model's.
    pub fn is_exact(&self) -> bool {
        matches!(self.behaviour, Behaviour::Paced)
    }

    /// Gives both another memory; a hostile one stays as it is.
    pub fn set_memory_timing(&mut self, timing: MemoryTiming) {
        self.machine.memory = timing;
        self.rtl.set_memory_timing(timing);
        self.fast = FastAccelerator::with_machine(self.machine.clone());
    }

    /// Gives both another watchdog.
    pub fn set_watchdog(&mut self, cycles: u32) {
        self.machine.watchdog_cycles = cycles;
        self.rtl.set_watchdog(cycles);
        self.fast = FastAccelerator::with_machine(self.machine.clone());
    }

    /// A new fast accelerator that has loaded a program.
    pub fn fast(&self, image: &Image, data: &[[i8; VECTOR]]) -> FastAccelerator {
        let mut fast = FastAccelerator::with_machine(self.machine.clone());
        fast.load(image).expect("a list for the fast model");
        fast.write(0, data).expect("segment 1 holds the data");
        fast
    }

    /// Puts a program into the RTL's memory and starts it.
    pub fn start(&mut self, image: &Image, data: &[[i8; VECTOR]]) {
        self.rtl.load(image).expect("the RTL answers");
        self.rtl.write(0, data).expect("segment 1 holds the data");
        self.rtl.start().expect("the RTL answers");
    }

    /// Runs a good program on both: so many vectors of segment 1 are then equal, and, with an exact memory, all counters.
    pub fn compare(&mut self, image: &Image, data: &[[i8; VECTOR]], vectors: usize) {
        let run = |accelerator: &mut dyn Accelerator| {
            accelerator.load(image).expect("the accelerator answers");
            accelerator.write(0, data).expect("segment 1 holds the data");
            let counters = accelerator.run().expect("the program is good");
            (accelerator.read(0, vectors).expect("segment 1 holds them"), counters)
        };
        let (expected, expected_counters) = run(&mut self.fast);
        let (found, counters) = run(&mut self.rtl);
        let different = found.iter().zip(&expected).position(|(a, b)| a != b);
        assert_eq!(different, None, "first vector of segment 1 that differs");
        if self.is_exact() {
            assert_eq!(counters, expected_counters);
        }
        self.check_protocol();
    }

    /// Compares random passes as a list.
    pub fn compare_random(&mut self, passes: usize, random: &mut Random) {
        let case = passes::run(passes, random.bits(), self.config());
        let program = list::list(&case, self.config(), random);
        // Behind the activations are results that races decide.
        self.compare(&program.image, &case.activations, 2 * case.activations.len());
    }

    /// The RTL has kept the rules of AXI and has written nothing but segment 1.
    pub fn check_protocol(&mut self) {
        assert_eq!(self.rtl.memory().violations(), [] as [String; 0]);
    }

    /// Waits for the end of a run of so many commands: no longer than the watchdog allows. Interrupt and status must tell it.
    pub fn end(&mut self, commands: usize) -> Ending {
        let limit = (commands as u64 + 1) * u64::from(self.machine.watchdog_cycles) + DRAIN_CYCLES;
        let mut waited = 0;
        while !self.rtl.interrupt() {
            assert!(waited < limit, "the run has not ended after {limit} cycles");
            self.rtl.step();
            waited += 1;
        }
        let error = self.rtl.error().expect("the RTL answers");
        let (status, interrupts) = match error {
            None => (register::STATUS_DONE, register::INTERRUPT_DONE),
            Some(_) => (
                register::STATUS_DONE | register::STATUS_ERROR,
                register::INTERRUPT_DONE | register::INTERRUPT_ERROR,
            ),
        };
        assert_eq!(self.read_register(register::STATUS), status, "{error:?}");
        assert_eq!(self.read_register(register::INTERRUPT_STATUS), interrupts, "{error:?}");
        self.rtl.write_register(register::INTERRUPT_STATUS, interrupts).expect("the RTL answers");
        let cycles = self.rtl.counters().expect("the RTL answers").compute.cycles;
        assert!(!self.rtl.interrupt(), "the interrupt was acknowledged");
        self.check_protocol();
        Ending { error, cycles }
    }

    /// Resets the RTL and waits until it is as after power-up.
    pub fn soft_reset(&mut self) {
        self.rtl.write_register(register::CONTROL, register::CONTROL_RESET).expect("the RTL answers");
        let mut reads = 0;
        while self.read_register(register::STATUS) & register::STATUS_BUSY != 0 {
            assert!(reads < DRAIN_CYCLES, "the reset does not end");
            reads += 1;
        }
        for offset in [register::STATUS, register::ERROR, register::ERROR_COMMAND, register::INTERRUPT_STATUS]
        {
            assert_eq!(self.read_register(offset), 0, "register {offset:#x} after a soft reset");
        }
        assert!(!self.rtl.interrupt());
        self.check_protocol();
    }

    /// Reads a register of the RTL.
    pub fn read_register(&mut self, offset: u16) -> u32 {
        self.rtl.read_register(offset).expect("the RTL answers")
    }
}
