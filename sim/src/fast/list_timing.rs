//! Cycles of a command list, exactly: the memory side is stepped where something is decided, and COMPUTE is asked for each pass as
//! it is released.
//!
//! COMPUTE needs no steps: when a pass is done and when it writes which banks is known in the cycle of its release. While
//! nothing moves on the memory side, time jumps to the end of the next pass; while only words move, they move in one loop.

use super::Counters;
use super::controls::Controls;
use super::dma::{Actions, ComputeSide, Dma, DmaCounters, Place, RunSetup, ScatterAhead};
use super::program::Program;
use super::timing::{BankWrites, ComputeTiming, Steps, Tiles};
use crate::memory::MemoryTiming;
use pleach_spec::list::{self, Beat, Command, Image, PassCommand, Start};
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

/// The passes of a list in order, with the controls that are in the word buffer when they run.
struct Passes<'a> {
    controls: Controls,
    commands: std::slice::Iter<'a, Command>,
    model: &'a [Beat],
    data: &'a [[i8; VECTOR]],
    /// Whether the hardware is made for each of them; `None`: it is for all.
    regular: Option<&'a [bool]>,
    count: usize,
}

impl Passes<'_> {
    /// The next one, and whether the hardware is made for it.
    fn next(&mut self) -> Option<(PassCommand, bool)> {
        loop {
            match self.commands.next()? {
                Command::Load(load) => self.controls.load_command(load, self.model, self.data)?,
                Command::Compute(pass) => {
                    let regular =
                        self.regular.is_none_or(|all| all.get(self.count).copied().unwrap_or(false));
                    self.count += 1;
                    return Some((*pass, regular));
                }
                Command::Store(_) => (),
            }
        }
    }
}

/// COMPUTE as the memory side sees it.
struct ComputeSchedule<'a> {
    passes: Passes<'a>,
    timing: ComputeTiming,
    steps: Steps,
    /// A pass waits for ever, and all after it do.
    hangs: bool,
    /// None broke the rules so far.
    regular: bool,
    done: VecDeque<u64>,
    writes: VecDeque<BankWrites>,
    counters: Counters,
}

impl ComputeSchedule<'_> {
    fn side(&mut self, cycle: u64) -> ComputeSide {
        let done = self.done.front() == Some(&cycle);
        if done {
            self.done.pop_front();
        }
        ComputeSide { done, scatter_banks: self.scatter(cycle).banks }
    }

    /// What SCATTER writes from a cycle on; earlier ones are not asked for any more.
    fn scatter(&mut self, cycle: u64) -> ScatterAhead {
        while self.writes.front().is_some_and(|writes| writes.cycle < cycle) {
            self.writes.pop_front();
        }
        match self.writes.front() {
            Some(writes) if writes.cycle == cycle => ScatterAhead { banks: writes.banks, free_cycles: 0 },
            Some(writes) => ScatterAhead { banks: 0, free_cycles: writes.cycle - cycle },
            None => ScatterAhead { banks: 0, free_cycles: u64::MAX },
        }
    }

    fn release(&mut self, cycle: u64) {
        let next = self.passes.next();
        self.regular &= next.is_some_and(|(_, regular)| regular);
        let pass = next.filter(|_| !self.hangs && self.regular).map(|(pass, _)| pass);
        let timing = pass.and_then(|pass| {
            self.passes.controls.steps(&pass.issue, &mut self.steps);
            self.timing.command(&pass, &self.steps, cycle)
        });
        match (pass, timing) {
            (Some(pass), Some(timing)) => {
                self.counters += timing.counters;
                self.done.push_back(timing.done);
                self.timing.writes(&pass.issue, &pass.scatter, |writes| self.writes.push_back(writes));
            }
            _ => self.hangs = true,
        }
    }

    /// Cycles from this one on in which no pass is done.
    fn cycles_to_done(&self, cycle: u64) -> u64 {
        self.done.front().map_or(u64::MAX, |done| done.saturating_sub(cycle))
    }
}

/// How a list is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stepping {
    /// Every cycle by itself: slow, and what the other must equal.
    EveryCycle,
    /// Time jumps to where something happens.
    Events,
}

/// Times a program. `commands` are those of its list; `data` is segment 1 when the run begins, which only matters to a list that
/// loads words, entries or commands from there.
pub fn time_list(
    image: &Image,
    commands: &[Command],
    data: &[[i8; VECTOR]],
    machine: &Machine,
) -> ListTiming {
    let regular = Program::new(&machine.config, commands, &image.model, data).regular();
    let list = List { image, commands, data, start: Start::Cold };
    time_passes(&list, machine, Some(&regular), Stepping::Events)
}

/// Times a run of a program that computes nothing and is not looked at: its lists must be such that [`pleach_spec::check`] accepts
/// them. What [`time_list`] gives for it, many times as fast.
pub fn cycles_only(image: &Image, commands: &[Command], start: Start, machine: &Machine) -> ListTiming {
    let data = vec![[0; VECTOR]; image.data_vectors];
    time_passes(&List { image, commands, data: &data, start }, machine, None, Stepping::Events)
}

/// What is timed.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    /// The program.
    pub image: &'a Image,
    /// The commands of the list that runs.
    pub commands: &'a [Command],
    /// Segment 1.
    pub data: &'a [[i8; VECTOR]],
    /// Whether it is the first run: which of the lists of the program runs, and what it finds.
    pub start: Start,
}

/// [`time_list`] for any run, and for passes of which it is known whether the hardware is made for them; `None`: it is for all.
pub fn time_passes(
    list: &List,
    machine: &Machine,
    regular: Option<&[bool]>,
    stepping: Stepping,
) -> ListTiming {
    let config = &machine.config;
    let List { image, commands, data, start } = *list;
    let mut dma = Dma::new(config, machine.memory);
    dma.start(&setup(image, start, machine));
    let tiles = if stepping == Stepping::EveryCycle { Tiles::OneByOne } else { Tiles::Together };
    let controls = match start {
        Start::Cold => Controls::new(config),
        Start::Warm => {
            let before = list::commands(image.beats_of(Start::Cold)).map_while(Result::ok);
            Controls::left_by(before, config, &image.model, data)
        }
    };
    let passes = Passes { controls, commands: commands.iter(), model: &image.model, data, regular, count: 0 };
    let mut compute = ComputeSchedule {
        passes,
        timing: ComputeTiming::with_tiles(config, tiles),
        steps: Steps::default(),
        hangs: false,
        regular: true,
        done: VecDeque::new(),
        writes: VecDeque::new(),
        counters: Counters::default(),
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
        let until_done = compute.cycles_to_done(cycle);
        if stepping == Stepping::Events {
            cycle += dma.stream(&image.model, until_done, |passed| compute.scatter(cycle + passed));
        }
        let idle = dma.idle_cycles().min(compute.cycles_to_done(cycle));
        if idle == u64::MAX {
            // A pass waits for ever, and nobody watches.
            break;
        }
        if stepping == Stepping::Events {
            dma.skip(idle);
            cycle += idle;
        }
    }
    finish(&dma, &compute, log.commands)
}

fn setup(image: &Image, start: Start, machine: &Machine) -> RunSetup {
    let place = |segment: usize, vectors: usize| Place { base: machine.bases[segment], size: vectors as u32 };
    let Range { start, end } = image.list_of(start);
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
