//! FETCH, LOAD, STORE, tokens and the memory, cycle for cycle as `pleach_hdl::dma` has them.
//!
//! One [`Dma::step`] is one clock cycle. The registers of the hardware are fields; what a step computes first are the signals of
//! the cycle, from the fields as they were at its beginning, and then the fields' next values. Contents are not simulated but for
//! the command list: where a beat of LOAD comes from and where a vector of STORE goes to is told in [`Actions`].
//!
//! | file | what |
//! |---|---|
//! | `read` | read address channel, read data FIFO, gearbox |
//! | `fetch` | the command list |
//! | `expand` | weights in fewer than 8 bits |
//! | `load` | commands of LOAD, on-chip writes |
//! | `store` | commands of STORE, bank reads, write channels |
//! | `tokens` | token counters and the pass queue |
//! | `run` | start, end, errors |
//! | `stream` | cycles in which nothing is decided |

mod expand;
mod fetch;
mod load;
mod read;
mod run;
mod store;
mod stream;
mod tokens;

use pleach_spec::Config;
use pleach_spec::list::{Beat, Target};
use pleach_spec::register::{ErrorCode, RunError};

use crate::memory::{MemoryTiming, Moved, Pace, Timing};
use fetch::Fetch;
use load::Load;
use read::ReadPort;
use run::Run;
use store::Store;
pub use stream::ScatterAhead;
use tokens::{Passes, Tokens};

/// Where a segment is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Byte address of its base, a multiple of 16.
    pub base: u64,
    /// Its size in vectors.
    pub size: u32,
}

/// What the host writes to the registers before a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunSetup {
    /// First beat of the list in segment 0.
    pub list_offset: u32,
    /// Beats of the list.
    pub list_beats: u32,
    /// The segments, by number.
    pub segments: [Place; 2],
    /// Cycles without a completed command that are an error; 0: no limit.
    pub watchdog_cycles: u32,
}

/// What COMPUTE does in a cycle, as the memory side sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ComputeSide {
    /// The oldest pass is done.
    pub done: bool,
    /// Banks that SCATTER writes: bit *i* for bank *i*.
    pub scatter_banks: u64,
}

/// A beat that LOAD writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadWrite {
    /// Memory.
    pub target: Target,
    /// Beat in that memory, not yet reduced modulo its size.
    pub address: u32,
    /// Number of the segment it comes from.
    pub segment: usize,
    /// Beat in that segment.
    pub source: u32,
    /// Ordinal of the command.
    pub command: u32,
}

/// A vector that STORE reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreRead {
    /// Vector address in the activation buffer.
    pub address: u32,
    /// Beat of segment 1 that it goes to.
    pub target: u32,
    /// Ordinal of the command.
    pub command: u32,
}

/// What the memory side does in a cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actions {
    /// The next pass is released.
    pub release: bool,
    /// A beat is written on chip (a beat of a table in the last of its 16 cycles).
    pub load: Option<LoadWrite>,
    /// A vector's bank read is granted.
    pub store: Option<StoreRead>,
    /// A command was completed: by LOAD, by COMPUTE, by STORE.
    pub completed: [Option<u32>; 3],
}

/// The counters of the register file that belong to the memory side, and CYCLES.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // Each is a register of `pleach_spec::register`, and documented there.
pub struct DmaCounters {
    pub cycles: u64,
    pub load_busy: u32,
    pub load_tokens: u32,
    pub load_bus: u32,
    pub load_bank: u32,
    pub store_busy: u32,
    pub store_tokens: u32,
    pub store_bus: u32,
    pub store_bank: u32,
    pub fetch_queue: u32,
    pub bytes_read: u64,
    pub bytes_written: u64,
}

/// What the units are built for.
#[derive(Clone, Copy, Debug)]
struct Shape {
    rows: u32,
    pass_depth: u32,
    activation_vectors: u32,
    /// Beats a bus word holds, at least 1.
    lanes: u32,
    /// Bus words a beat needs, at least 1.
    halves: u32,
    word_bytes: u64,
}

impl Shape {
    fn new(config: &Config) -> Self {
        Self {
            rows: config.rows as u32,
            pass_depth: config.pass_depth as u32,
            activation_vectors: config.activation_vectors() as u32,
            lanes: (config.axi_bits / 128).max(1) as u32,
            halves: (128 / config.axi_bits).max(1) as u32,
            word_bytes: config.axi_bits as u64 / 8,
        }
    }

    /// Place of a beat in its bus word.
    fn lane(&self, address: u64) -> u32 {
        address as u32 & (self.lanes - 1)
    }

    /// The bus words of a burst of `beats` from beat `address` on.
    fn words(&self, address: u64, beats: u32) -> u32 {
        (self.lane(address) + beats).div_ceil(self.lanes) * self.halves
    }

    fn bank(&self, address: u32) -> u32 {
        address & (self.rows - 1)
    }
}

/// The memory side.
#[derive(Clone, Debug)]
pub struct Dma {
    shape: Shape,
    setup: RunSetup,
    memory: Pace,
    read: ReadPort,
    fetch: Fetch,
    load: Load,
    store: Store,
    tokens: Tokens,
    passes: Passes,
    run: Run,
    counters: DmaCounters,
    /// Something but time and counters changed in the last step.
    moved: bool,
}

impl Dma {
    /// After power-up.
    pub fn new(config: &Config, timing: MemoryTiming) -> Self {
        Self {
            shape: Shape::new(config),
            setup: RunSetup::default(),
            memory: Pace::new(timing),
            read: ReadPort::default(),
            fetch: Fetch::default(),
            load: Load::default(),
            store: Store::default(),
            tokens: Tokens::default(),
            passes: Passes::default(),
            run: Run::default(),
            counters: DmaCounters::default(),
            moved: true,
        }
    }

    /// Makes the next cycle the first of a run. Ignored while busy.
    pub fn start(&mut self, setup: &RunSetup) {
        if !self.run.busy() {
            self.setup = *setup;
            self.counters = DmaCounters::default();
            self.run.start();
            self.moved = true;
        }
    }

    /// Makes the next cycle one in which the host stops the run.
    pub fn stop(&mut self) {
        self.run.stop();
        self.moved = true;
    }

    /// A run is going on, or what a failed one began.
    pub fn busy(&self) -> bool {
        self.run.busy()
    }

    /// COMPUTE is kept in its state after power-up.
    pub fn resets_compute(&self) -> bool {
        !self.run.active()
    }

    /// The first error of the run.
    pub fn error(&self) -> Option<RunError> {
        self.run.error()
    }

    /// The counters of the run.
    pub fn counters(&self) -> &DmaCounters {
        &self.counters
    }

    /// Cycles from now in which nothing happens but that time passes, as long as COMPUTE completes no pass; `u64::MAX` for ever.
    pub fn idle_cycles(&self) -> u64 {
        match self.moved || !self.memory.is_idle() || !self.run.active() || self.run.is_stuck() {
            true => 0,
            false => match self.run.cycles_to_watchdog(self.setup.watchdog_cycles) {
                u64::MAX => u64::MAX,
                cycles => cycles.saturating_sub(1),
            },
        }
    }

    /// Lets so many cycles pass at once; at most [`Dma::idle_cycles`].
    pub fn skip(&mut self, cycles: u64) {
        debug_assert!(cycles <= self.idle_cycles(), "{cycles} cycles are not idle");
        self.memory.skip(cycles);
        self.run.skip(cycles);
        self.count_waiting(cycles);
    }

    /// Counts cycles in which nothing changes that waits for something.
    fn count_waiting(&mut self, cycles: u64) {
        let queues = self.queues();
        let counters = &mut self.counters;
        counters.cycles += cycles;
        let count = |counter: &mut u32, waits: bool| *counter += if waits { cycles as u32 } else { 0 };
        count(&mut counters.load_tokens, self.load.waits(&self.tokens));
        count(&mut counters.store_tokens, self.store.waits(&self.tokens));
        count(&mut counters.fetch_queue, self.fetch.waits(&queues));
    }

    fn queues(&self) -> fetch::Queues {
        fetch::Queues {
            load_full: self.load.queue_full(),
            store_full: self.store.queue_full(),
            passes_full: self.passes.full(self.shape.pass_depth),
        }
    }

    /// One cycle. `model` is what segment 0 holds.
    pub fn step(&mut self, model: &[Beat], compute: &ComputeSide) -> Actions {
        let active = self.run.active();
        let shape = self.shape;
        let bus = *self.memory.schedule();
        let queues = self.queues();
        let mut actions = Actions::default();
        self.moved = self.passes.under_way();

        // Signals of this cycle.
        let load_offer = self.load.offer(active, &shape, compute.scatter_banks);
        let store_grant = self.store.grants(active, &shape, compute.scatter_banks, load_offer.bank);
        let read_head = self.read.words.head();
        let take_fetch = active && read_head == Some(read::FETCH_ID);
        let take_load = active && read_head == Some(read::LOAD_ID) && self.load.takes(&load_offer);
        let load_ok = self.load.may_start(active, &self.tokens);
        let store_ok = self.store.may_start(active, &self.tokens);
        let release = active && self.passes.may_start(&self.tokens);
        let fetch_request = self.fetch.request(active);
        let load_request = self.load.request(active && self.read.outstanding < read::LOAD_BURSTS);
        let granted = self.read.grants(bus.ar_ready);
        let grant_fetch = granted && fetch_request.is_some();
        let grant_load = granted && load_request.is_some() && fetch_request.is_none();
        let situation = self.situation(&queues);
        self.count(active, &queues, &load_offer, store_grant, &bus);

        // Next values: producers after consumers, so that each sees the state before.
        let mut moved = Moved {
            read_taken: bus.read.is_some() && self.read.words.ready(),
            response_taken: bus.response,
            ..Default::default()
        };
        let reader = match read_head {
            Some(read::LOAD_ID) => {
                read::Reader { takes: take_load, lane: self.load.lane(), ends: self.load.ends() }
            }
            _ => read::Reader { takes: take_fetch, lane: self.fetch.lane(), ends: self.fetch.ends() },
        };
        self.moved |= self.read.pop(active, &shape, &reader);
        let mut errors = run::Errors::default();

        let load = self.load.step(&load::Inputs {
            active,
            setup: &self.setup,
            shape: &shape,
            start: load_ok,
            granted: grant_load,
            take: take_load,
            offer: load_offer,
        });
        errors.load = load.error;
        actions.load = load.written;
        actions.completed[0] = load.completed.map(|(_, command)| command);
        let store = self.store.step(&store::Inputs {
            active,
            busy: self.run.busy(),
            setup: &self.setup,
            shape: &shape,
            start: store_ok,
            read: store_grant,
            bus: &bus,
        });
        errors.store = store.error;
        actions.store = store.read;
        actions.completed[2] = store.completed.map(|(_, command)| command);
        (moved.write, moved.word) = (store.address_accepted, store.word_accepted);

        let done = if active && compute.done { self.passes.done() } else { None };
        actions.completed[1] = done.map(|(_, command)| command);
        actions.release = release;
        let taken = [
            if load_ok { load.wait } else { 0 },
            if release { self.passes.wait() } else { 0 },
            if store_ok { store.wait } else { 0 },
        ];
        let given = [load.completed, done, store.completed];
        errors.tokens = self.tokens.step(active, taken, given);

        let fetch = self.fetch.step(&fetch::Inputs {
            active,
            setup: &self.setup,
            shape: &shape,
            model,
            granted: grant_fetch,
            take: take_fetch,
            queues,
        });
        errors.fetch = fetch.error;
        self.hand_over(active, &fetch, release);

        self.moved |=
            load.moved || store.moved || fetch.moved || release || compute.done || load_ok || store_ok;
        self.moved |= self.passes.under_way() || moved.read_taken || moved.response_taken;
        let request = fetch_request.or(load_request).filter(|_| granted);
        moved.read = self.read.step(&shape, request, &bus, moved.read_taken);
        self.moved |= moved.read.is_some() || request.is_some();

        let completed = actions.completed.iter().any(Option::is_some);
        self.run.step(&situation, &errors, completed);
        self.memory.step(&moved, shape.word_bytes);
        actions
    }

    /// Puts what FETCH hands out into the queues; `release`: the next pass leaves its own.
    fn hand_over(&mut self, active: bool, fetch: &fetch::Outputs, release: bool) {
        if let Some(command) = fetch.load {
            self.load.push(command);
        }
        if let Some(command) = fetch.store {
            self.store.push(command);
        }
        self.passes.step(active, fetch.pass, fetch.pass_written, release);
    }

    /// The cycle as the end of the run depends on it.
    fn situation(&self, queues: &fetch::Queues) -> run::Situation {
        let (handed_out, fetch_waits) = (self.fetch.handed_out(), self.fetch.waits(queues));
        run::Situation {
            halted: (handed_out || fetch_waits).then(|| run::Halted {
                handed_out,
                load: (self.load.is_idle(), self.load.queue_empty(), self.load.waits(&self.tokens)),
                store: (self.store.is_idle(), self.store.queue_empty(), self.store.waits(&self.tokens)),
                passes: self.passes.situation(&self.tokens),
            }),
            quiet: self.read.quiet() && self.store.quiet(),
            commands: self.fetch.ordinal,
            watchdog_cycles: self.setup.watchdog_cycles,
        }
    }

    fn count(
        &mut self,
        active: bool,
        queues: &fetch::Queues,
        load: &load::Offer,
        store_grant: bool,
        bus: &crate::memory::Schedule,
    ) {
        let counters = &mut self.counters;
        if self.run.busy() {
            counters.cycles += 1;
        }
        let count = |counter: &mut u32, happens: bool| *counter += u32::from(active && happens);
        count(&mut counters.load_busy, !self.load.is_idle());
        count(&mut counters.load_tokens, self.load.waits(&self.tokens));
        count(&mut counters.load_bus, !self.load.is_idle() && !load.valid);
        count(&mut counters.load_bank, load.valid && load.refused);
        count(&mut counters.store_busy, !self.store.is_idle());
        count(&mut counters.store_tokens, self.store.waits(&self.tokens));
        count(&mut counters.store_bus, self.store.waits_for_bus(bus.aw_ready, bus.w_ready));
        count(&mut counters.store_bank, self.store.wants_read() && !store_grant);
        count(&mut counters.fetch_queue, self.fetch.waits(queues));
        if bus.read.is_some() && self.read.words.ready() {
            counters.bytes_read += self.shape.word_bytes;
        }
        if self.store.word_moves(bus.w_ready) {
            counters.bytes_written += self.shape.word_bytes;
        }
    }
}

/// An error of an engine in this cycle: what, and at which command.
type Fault = Option<(ErrorCode, u32)>;
