//! Cycles of a command list, exactly: the memory side is stepped, and COMPUTE is asked for each pass as it is released.
//!
//! COMPUTE needs no steps: when a pass is done and when it writes which banks is known in the cycle of its release. While
//! nothing moves on the memory side, time jumps to the end of the next pass.

use super::Counters;
use super::dma::{Actions, ComputeSide, Dma, DmaCounters, Place, RunSetup};
use super::memories::Memories;
use super::timing::{BankWrites, ComputeTiming};
use crate::memory::MemoryTiming;
use pleach_spec::list::{Beat, Command, Image, PassCommand};
use pleach_spec::register::RunError;
use pleach_spec::{Config, VECTOR};
use std::collections::VecDeque;
use std::ops::Range;

/// What a list runs on and within which limits.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The accelerator.
    pub config: Config,
    /// The memory behind it.
    pub memory: MemoryTiming,
    /// Where the segments are: byte addresses, multiples of 16.
    pub bases: [u64; 2],
    /// Cycles without a completed command that are an error; 0: no limit.
    pub watchdog_cycles: u32,
}

/// When a command was executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommandTiming {
    /// Cycle of the first beat written or vector read on chip; of COMPUTE the release.
    pub start: u64,
    /// Cycle in which it was complete.
    pub end: u64,
}

/// Timing of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListTiming {
    /// COMPUTE's counters.
    pub compute: Counters,
    /// The counters of the memory side.
    pub memory_side: DmaCounters,
    /// The first error.
    pub error: Option<RunError>,
    /// The run ends. If not, a pass waits for ever, and there is no watchdog.
    pub ends: bool,
    /// Every pass released was one that the hardware is made for. If not, the hardware may do with it what it likes, and the model
    /// lets it wait for ever.
    pub regular: bool,
    /// The commands, `None` where one was not completed.
    pub commands: Vec<Option<CommandTiming>>,
}

/// The passes of a list in order, with what is in the memories when they run.
struct Passes<'a> {
    memories: Memories,
    commands: std::slice::Iter<'a, Command>,
    model: &'a [Beat],
    data: &'a [[i8; VECTOR]],
}

impl Passes<'_> {
    fn next(&mut self) -> Option<PassCommand> {
        loop {
            match self.commands.next()? {
                Command::Load(load) => self.memories.load_command(load, self.model, self.data)?,
                Command::Compute(pass) => return Some(*pass),
                Command::Store(_) => (),
            }
        }
    }
}

/// COMPUTE as the memory side sees it.
struct ComputeSchedule<'a> {
    passes: Passes<'a>,
    timing: ComputeTiming,
    /// A pass waits for ever, and all after it do.
    hangs: bool,
    /// None broke the rules so far.
    regular: bool,
    done: VecDeque<u64>,
    writes: VecDeque<BankWrites>,
    counters: Counters,
    config: &'a Config,
}

impl ComputeSchedule<'_> {
    fn side(&mut self, cycle: u64) -> ComputeSide {
        let done = self.done.front() == Some(&cycle);
        if done {
            self.done.pop_front();
        }
        self.forget_writes_before(cycle);
        let banks =
            self.writes.front().filter(|writes| writes.cycle == cycle).map_or(0, |writes| writes.banks);
        ComputeSide { done, scatter_banks: banks }
    }

    fn forget_writes_before(&mut self, cycle: u64) {
        while self.writes.front().is_some_and(|writes| writes.cycle < cycle) {
            self.writes.pop_front();
        }
    }

    fn release(&mut self, cycle: u64) {
        let pass = self.passes.next().map(|command| self.passes.memories.pass(&command));
        self.regular &= pass.as_ref().is_some_and(|pass| pass.check(self.config).is_ok());
        let pass = pass.filter(|_| !self.hangs && self.regular);
        let timing = pass.as_ref().and_then(|pass| self.timing.pass(pass, cycle));
        match (pass, timing) {
            (Some(pass), Some(timing)) => {
                self.counters += timing.counters;
                self.done.push_back(timing.done);
                self.writes.extend(self.timing.writes(&pass));
            }
            _ => self.hangs = true,
        }
    }
}

/// Times a program. `commands` are those of its list; `data` is segment 1 when the run begins, which only matters to a list that
/// loads words, entries or commands from there.
pub fn time_list(
    image: &Image,
    commands: &[Command],
    data: &[[i8; VECTOR]],
    machine: &Machine,
) -> ListTiming {
    let config = &machine.config;
    let mut dma = Dma::new(config, machine.memory);
    dma.start(&setup(image, machine));
    let mut compute = ComputeSchedule {
        passes: Passes {
            memories: Memories::new(config),
            commands: commands.iter(),
            model: &image.model,
            data,
        },
        timing: ComputeTiming::new(config),
        hangs: false,
        regular: true,
        done: VecDeque::new(),
        writes: VecDeque::new(),
        counters: Counters::default(),
        config,
    };
    let mut log = Log::new(commands);
    let mut cycle = 0;
    while dma.busy() {
        let actions = dma.step(&image.model, &compute.side(cycle));
        log.note(&actions, cycle);
        if actions.release {
            compute.release(cycle);
        }
        cycle += 1;
        let next_done = compute.done.front().copied();
        let idle = dma.idle_cycles().min(next_done.map_or(u64::MAX, |done| done.saturating_sub(cycle)));
        if idle == u64::MAX {
            // A pass waits for ever, and nobody watches.
            break;
        }
        dma.skip(idle);
        cycle += idle;
    }
    finish(&dma, &compute, log.commands)
}

fn setup(image: &Image, machine: &Machine) -> RunSetup {
    let place = |segment: usize, vectors: usize| Place { base: machine.bases[segment], size: vectors as u32 };
    let Range { start, end } = image.list;
    RunSetup {
        list_offset: start as u32,
        list_beats: end.saturating_sub(start) as u32,
        segments: [place(0, image.model.len()), place(1, image.data_vectors)],
        watchdog_cycles: machine.watchdog_cycles,
    }
}

fn finish(dma: &Dma, schedule: &ComputeSchedule, commands: Vec<Option<CommandTiming>>) -> ListTiming {
    let memory_side = *dma.counters();
    let mut compute = schedule.counters;
    compute.cycles = memory_side.cycles;
    // What is left are the cycles before the first pass, between passes and after the last.
    let busy = compute.words + compute.stall_data + compute.stall_drain;
    compute.no_pass = compute.cycles.saturating_sub(busy);
    let (error, ends, regular) = (dma.error(), !dma.busy(), schedule.regular);
    ListTiming { compute, memory_side, error, ends, regular, commands }
}

/// Remembers when commands begin and end.
struct Log {
    commands: Vec<Option<CommandTiming>>,
    starts: Vec<Option<u64>>,
    /// Ordinals of the passes that were not released.
    passes: VecDeque<usize>,
}

impl Log {
    fn new(commands: &[Command]) -> Self {
        let passes =
            commands.iter().enumerate().filter(|(_, command)| matches!(command, Command::Compute(_)));
        Self {
            commands: vec![None; commands.len()],
            starts: vec![None; commands.len()],
            passes: passes.map(|(index, _)| index).collect(),
        }
    }

    fn note(&mut self, actions: &Actions, cycle: u64) {
        if actions.release
            && let Some(pass) = self.passes.pop_front()
        {
            self.start(pass, cycle);
        }
        let transfers = [actions.load.map(|write| write.command), actions.store.map(|read| read.command)];
        for command in transfers.into_iter().flatten() {
            self.start(command as usize, cycle);
        }
        for command in actions.completed.into_iter().flatten() {
            if let Some(entry) = self.commands.get_mut(command as usize) {
                let start = self.starts[command as usize].unwrap_or(cycle);
                *entry = Some(CommandTiming { start, end: cycle });
            }
        }
    }

    fn start(&mut self, command: usize, cycle: u64) {
        if let Some(start) = self.starts.get_mut(command) {
            start.get_or_insert(cycle);
        }
    }
}
