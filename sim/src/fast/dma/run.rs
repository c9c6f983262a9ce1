//! Start and end of a run, and its errors.

use pleach_spec::list::Engine;
use pleach_spec::register::{ENGINE_FETCH, ErrorCode, RunError};

use super::Fault;
use super::tokens::PassSituation;

/// Cycles in which nothing can happen before the one in which that is called a deadlock.
const STUCK_CYCLES: u32 = 16;
/// Cycles that a run goes on at least after an error, so that COMPUTE runs dry.
const DRAIN_CYCLES: u32 = 255;

/// Errors of a cycle; the first in this order is kept.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Errors {
    pub fetch: Fault,
    pub load: Fault,
    pub store: Fault,
    pub tokens: Option<(u32, ErrorCode, u32)>,
}

/// An engine: no command under way, none in the queue, the next one waits for tokens.
pub(super) type EngineSituation = (bool, bool, bool);

/// The cycle as the end of a run and a deadlock depend on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Situation {
    /// FETCH hands out nothing: all is handed out, or the next command has no place in its queue.
    pub halted: Option<Halted>,
    /// No burst is under way.
    pub quiet: bool,
    /// Commands handed out.
    pub commands: u32,
    pub watchdog_cycles: u32,
}

/// The engines, while FETCH hands out nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Halted {
    /// All commands are handed out.
    pub handed_out: bool,
    pub load: EngineSituation,
    pub store: EngineSituation,
    pub passes: PassSituation,
}

impl Halted {
    fn finished(&self) -> bool {
        let ended = |(idle, empty, _): EngineSituation| idle && empty;
        self.handed_out && ended(self.load) && ended(self.store) && self.passes.none
    }

    fn stuck(&self) -> bool {
        let halted = |(idle, empty, waits): EngineSituation| idle && (empty || waits);
        halted(self.load)
            && halted(self.store)
            && !self.passes.released
            && (self.passes.none_ready || self.passes.waits)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    busy: bool,
    stopping: bool,
    stop: bool,
    error: Option<RunError>,
    drained: u32,
    /// Cycles since a command was completed.
    quiet_cycles: u32,
    stuck_cycles: u32,
}

impl Run {
    pub fn start(&mut self) {
        *self = Self { busy: true, ..Self::default() };
    }

    pub fn stop(&mut self) {
        self.stop = true;
    }

    pub fn busy(&self) -> bool {
        self.busy
    }

    /// Engines work.
    pub fn active(&self) -> bool {
        self.busy && !self.stopping
    }

    pub fn error(&self) -> Option<RunError> {
        self.error
    }

    /// Engines work, and nobody stops them.
    pub fn is_steady(&self) -> bool {
        self.active() && !self.stop && !self.is_stuck()
    }

    pub fn is_stuck(&self) -> bool {
        self.stuck_cycles > 0
    }

    pub fn cycles_to_watchdog(&self, watchdog_cycles: u32) -> u64 {
        match watchdog_cycles {
            0 => u64::MAX,
            limit => u64::from(limit.saturating_sub(self.quiet_cycles)),
        }
    }

    pub fn skip(&mut self, cycles: u64) {
        self.quiet_cycles = self.quiet_cycles.wrapping_add(cycles as u32);
    }

    pub fn step(&mut self, situation: &Situation, errors: &Errors, completed: bool) {
        let stop = std::mem::take(&mut self.stop);
        if !self.busy {
            return;
        }
        if self.stopping {
            self.busy = !(situation.quiet && self.drained == DRAIN_CYCLES);
            self.drained = (self.drained + 1).min(DRAIN_CYCLES);
            return;
        }
        let finished = situation.halted.is_some_and(|halted| halted.finished());
        let stuck = !finished && situation.halted.is_some_and(|halted| halted.stuck());
        self.error = self.first_error(situation, errors, stop);
        self.stopping = self.error.is_some();
        self.busy = self.stopping || !finished;
        self.quiet_cycles = if completed { 0 } else { self.quiet_cycles.wrapping_add(1) };
        self.stuck_cycles = if stuck { self.stuck_cycles + 1 } else { 0 };
    }

    fn first_error(&self, situation: &Situation, errors: &Errors, stop: bool) -> Option<RunError> {
        let of = |engine: u32, (code, command): (ErrorCode, u32)| RunError { code, engine, command };
        let of_run = |happens: bool, code| happens.then(|| of(ENGINE_FETCH, (code, situation.commands)));
        let watchdog = situation.watchdog_cycles != 0 && self.quiet_cycles == situation.watchdog_cycles;
        let fetch = errors.fetch.map(|fault| of(ENGINE_FETCH, fault));
        fetch
            .or_else(|| errors.load.map(|fault| of(Engine::Load as u32, fault)))
            .or_else(|| errors.store.map(|fault| of(Engine::Store as u32, fault)))
            .or_else(|| errors.tokens.map(|(engine, code, command)| RunError { code, engine, command }))
            .or_else(|| of_run(self.stuck_cycles == STUCK_CYCLES, ErrorCode::Deadlock))
            .or_else(|| of_run(watchdog, ErrorCode::Watchdog))
            .or_else(|| of_run(stop, ErrorCode::Stopped))
    }
}
