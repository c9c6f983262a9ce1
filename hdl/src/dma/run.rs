//! Start and end of a run, and its errors.
//!
//! | port | width | |
//! |---|---|---|
//! | `start`, `stop`, `reset` | 1 | in, the host says so |
//! | `busy`, `next_active` | 1 | out, a run is under way; and, in the next cycle, has met no error yet |
//! | `active` | 1 | in, `next_active` of the cycle before |
//! | `began`, `ended` | 1 | out, the next cycle is the first of a run; this one is the last |
//! | `done`, `failed` | 1 | out, a run has ended; with an error |
//! | `code`, `engine`, `command` | 4, 2, 24 | out, of the first error |
//! | `watchdog` | 32 | in, cycles without a completed command, 0: no limit |
//! | `fetch_error`, `load_error`, `store_error`, with `..._code`, `..._command` | 1, 4, 24 | in, in order of precedence |
//! | `..._overflows`, `..._completed`, `..._completed_command` | 1, 1, 24 | in, tokens and completed commands of the engines |
//! | `commands` | 24 | in, handed out |
//! | `handed_out`, `fetch_waits` | 1 | in |
//! | `load_idle`, `load_empty`, `load_waits`, `store_...` | 1 | in |
//! | `no_pass`, `released`, `halted` | 1 | in, of the pass queue |
//! | `quiet` | 1 | in, no burst is under way |
//!
//! After an error the run goes on for [`DRAIN_CYCLES`] at least, in which COMPUTE is reset and runs dry, and until no burst is
//! under way. What the first error was is known a cycle after it. `active` is kept by those who need it, in many copies: it is
//! the reset of most. A soft reset is a stop after which nothing is told of the run: no error, no interrupt.

use pleach_spec::list::Engine;
use pleach_spec::register::{ENGINE_FETCH, ErrorCode};
use rust_hdl::prelude::*;

use crate::cells::Reg;

use super::{CODE, ORDINAL};

/// Cycles of the run after an error, at least, less one.
pub const DRAIN_CYCLES: u64 = 255;

/// See the module.
#[derive(Debug, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct Run {
    pub clock: Signal<In, Clock>,
    pub start: Signal<In, Bit>,
    pub stop: Signal<In, Bit>,
    pub reset: Signal<In, Bit>,
    pub busy: Signal<Out, Bit>,
    pub active: Signal<In, Bit>,
    pub next_active: Signal<Out, Bit>,
    pub began: Signal<Out, Bit>,
    pub ended: Signal<Out, Bit>,
    pub done: Signal<Out, Bit>,
    pub failed: Signal<Out, Bit>,
    pub code: Signal<Out, Bits<CODE>>,
    pub engine: Signal<Out, Bits<2>>,
    pub command: Signal<Out, Bits<ORDINAL>>,
    pub watchdog: Signal<In, Bits<32>>,
    pub fetch_error: Signal<In, Bit>,
    pub fetch_code: Signal<In, Bits<CODE>>,
    pub load_error: Signal<In, Bit>,
    pub load_code: Signal<In, Bits<CODE>>,
    pub load_command: Signal<In, Bits<ORDINAL>>,
    pub store_error: Signal<In, Bit>,
    pub store_code: Signal<In, Bits<CODE>>,
    pub store_command: Signal<In, Bits<ORDINAL>>,
    pub load_overflows: Signal<In, Bit>,
    pub load_completed: Signal<In, Bit>,
    pub load_completed_command: Signal<In, Bits<ORDINAL>>,
    pub compute_overflows: Signal<In, Bit>,
    pub compute_completed: Signal<In, Bit>,
    pub compute_completed_command: Signal<In, Bits<ORDINAL>>,
    pub store_overflows: Signal<In, Bit>,
    pub store_completed: Signal<In, Bit>,
    pub store_completed_command: Signal<In, Bits<ORDINAL>>,
    pub commands: Signal<In, Bits<ORDINAL>>,
    pub handed_out: Signal<In, Bit>,
    pub fetch_waits: Signal<In, Bit>,
    pub load_idle: Signal<In, Bit>,
    pub load_empty: Signal<In, Bit>,
    pub load_waits: Signal<In, Bit>,
    pub store_idle: Signal<In, Bit>,
    pub store_empty: Signal<In, Bit>,
    pub store_waits: Signal<In, Bit>,
    pub no_pass: Signal<In, Bit>,
    pub released: Signal<In, Bit>,
    pub halted: Signal<In, Bit>,
    pub quiet: Signal<In, Bit>,

    running: Reg<Bit>,
    stopping: Reg<Bit>,
    resetting: Reg<Bit>,
    has_ended: Reg<Bit>,
    error_code: Reg<Bits<CODE>>,
    error_engine: Reg<Bits<2>>,
    error_command: Reg<Bits<ORDINAL>>,
    drained: Reg<Bits<8>>,
    // Cycles since a command was completed, and cycles in which nothing could happen.
    uneventful: Reg<Bits<32>>,
    stuck_cycles: Reg<Bits<4>>,
    deadlocked: Reg<Bit>,

    // What may have been an error in the cycle before.
    was_error: Reg<Bit>,
    was_timeout: Reg<Bit>,
    was_deadlock: Reg<Bit>,
    was_store_overflow: Reg<Bit>,
    was_compute_overflow: Reg<Bit>,
    was_load_overflow: Reg<Bit>,
    was_store_error: Reg<Bit>,
    was_load_error: Reg<Bit>,
    was_fetch_error: Reg<Bit>,
    was_store_code: Reg<Bits<CODE>>,
    was_load_code: Reg<Bits<CODE>>,
    was_fetch_code: Reg<Bits<CODE>>,
    were_commands: Reg<Bits<ORDINAL>>,
    was_store_completed: Reg<Bits<ORDINAL>>,
    was_compute_completed: Reg<Bits<ORDINAL>>,
    was_load_completed: Reg<Bits<ORDINAL>>,
    was_store_command: Reg<Bits<ORDINAL>>,
    was_load_command: Reg<Bits<ORDINAL>>,

    works: Signal<Local, Bit>,
    timeout: Signal<Local, Bit>,
    finished: Signal<Local, Bit>,
    stuck: Signal<Local, Bit>,
    abandoned: Signal<Local, Bit>,
    starts: Signal<Local, Bit>,
    dry: Signal<Local, Bit>,
    error: Signal<Local, Bit>,
    fetch: Constant<Bits<2>>,
    load: Constant<Bits<2>>,
    compute: Constant<Bits<2>>,
    store: Constant<Bits<2>>,
    tokens_code: Constant<Bits<CODE>>,
    deadlock_code: Constant<Bits<CODE>>,
    watchdog_code: Constant<Bits<CODE>>,
    stopped_code: Constant<Bits<CODE>>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            start: Default::default(),
            stop: Default::default(),
            reset: Default::default(),
            busy: Default::default(),
            active: Default::default(),
            next_active: Default::default(),
            began: Default::default(),
            ended: Default::default(),
            done: Default::default(),
            failed: Default::default(),
            code: Default::default(),
            engine: Default::default(),
            command: Default::default(),
            watchdog: Default::default(),
            fetch_error: Default::default(),
            fetch_code: Default::default(),
            load_error: Default::default(),
            load_code: Default::default(),
            load_command: Default::default(),
            store_error: Default::default(),
            store_code: Default::default(),
            store_command: Default::default(),
            load_overflows: Default::default(),
            load_completed: Default::default(),
            load_completed_command: Default::default(),
            compute_overflows: Default::default(),
            compute_completed: Default::default(),
            compute_completed_command: Default::default(),
            store_overflows: Default::default(),
            store_completed: Default::default(),
            store_completed_command: Default::default(),
            commands: Default::default(),
            handed_out: Default::default(),
            fetch_waits: Default::default(),
            load_idle: Default::default(),
            load_empty: Default::default(),
            load_waits: Default::default(),
            store_idle: Default::default(),
            store_empty: Default::default(),
            store_waits: Default::default(),
            no_pass: Default::default(),
            released: Default::default(),
            halted: Default::default(),
            quiet: Default::default(),
            running: Default::default(),
            stopping: Default::default(),
            resetting: Default::default(),
            has_ended: Default::default(),
            error_code: Default::default(),
            error_engine: Default::default(),
            error_command: Default::default(),
            drained: Default::default(),
            uneventful: Default::default(),
            stuck_cycles: Default::default(),
            was_error: Default::default(),
            was_timeout: Default::default(),
            was_deadlock: Default::default(),
            was_store_overflow: Default::default(),
            was_compute_overflow: Default::default(),
            was_load_overflow: Default::default(),
            was_store_error: Default::default(),
            was_load_error: Default::default(),
            was_fetch_error: Default::default(),
            was_store_code: Default::default(),
            was_load_code: Default::default(),
            was_fetch_code: Default::default(),
            were_commands: Default::default(),
            was_store_completed: Default::default(),
            was_compute_completed: Default::default(),
            was_load_completed: Default::default(),
            was_store_command: Default::default(),
            was_load_command: Default::default(),
            deadlocked: Default::default(),
            works: Default::default(),
            timeout: Default::default(),
            finished: Default::default(),
            stuck: Default::default(),
            abandoned: Default::default(),
            starts: Default::default(),
            dry: Default::default(),
            error: Default::default(),
            fetch: Constant::new(u64::from(ENGINE_FETCH).into()),
            load: Constant::new((Engine::Load as u64).into()),
            compute: Constant::new((Engine::Compute as u64).into()),
            store: Constant::new((Engine::Store as u64).into()),
            tokens_code: Constant::new((ErrorCode::Tokens as u64).into()),
            deadlock_code: Constant::new((ErrorCode::Deadlock as u64).into()),
            watchdog_code: Constant::new((ErrorCode::Watchdog as u64).into()),
            stopped_code: Constant::new((ErrorCode::Stopped as u64).into()),
        }
    }
}

impl Logic for Run {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            running,
            stopping,
            resetting,
            has_ended,
            error_code,
            error_engine,
            error_command,
            drained,
            uneventful,
            stuck_cycles
        );
        clock!(
            self,
            clock,
            was_error,
            was_timeout,
            was_deadlock,
            was_store_overflow,
            was_compute_overflow,
            was_load_overflow
        );
        clock!(
            self,
            clock,
            was_store_error,
            was_load_error,
            was_fetch_error,
            was_store_code,
            was_load_code,
            was_fetch_code
        );
        clock!(
            self,
            clock,
            were_commands,
            was_store_completed,
            was_compute_completed,
            was_load_completed,
            was_store_command,
            was_load_command
        );
        self.works.next = self.active.val();
        clock!(self, clock, deadlocked);
        self.finished.next = self.handed_out.val()
            & self.load_idle.val()
            & self.load_empty.val()
            & self.store_idle.val()
            & self.store_empty.val()
            & self.no_pass.val();
        self.stuck.next = (self.handed_out.val() | self.fetch_waits.val())
            & self.load_idle.val()
            & (self.load_empty.val() | self.load_waits.val())
            & self.store_idle.val()
            & (self.store_empty.val() | self.store_waits.val())
            & !self.released.val()
            & self.halted.val();

        // Told a cycle later, as it has come a long way.
        self.deadlocked.d.next =
            self.works.val() & self.stuck.val() & !self.finished.val() & self.stuck_cycles.q.val().all();

        // Whether there is an error.
        self.timeout.next = self.watchdog.val().any() & (self.uneventful.q.val() == self.watchdog.val());
        self.error.next = self.works.val()
            & (self.stop.val()
                | self.reset.val()
                | self.timeout.val()
                | self.deadlocked.q.val()
                | self.store_overflows.val()
                | self.compute_overflows.val()
                | self.load_overflows.val()
                | self.store_error.val()
                | self.load_error.val()
                | self.fetch_error.val());

        // One cycle later, which: the first error, the most important last.
        self.was_error.d.next = self.error.val();
        self.was_timeout.d.next = self.timeout.val();
        self.was_deadlock.d.next = self.deadlocked.q.val();
        self.was_store_overflow.d.next = self.store_overflows.val();
        self.was_compute_overflow.d.next = self.compute_overflows.val();
        self.was_load_overflow.d.next = self.load_overflows.val();
        self.was_store_error.d.next = self.store_error.val();
        self.was_load_error.d.next = self.load_error.val();
        self.was_fetch_error.d.next = self.fetch_error.val();
        self.was_store_code.d.next = self.store_code.val();
        self.was_load_code.d.next = self.load_code.val();
        self.was_fetch_code.d.next = self.fetch_code.val();
        self.were_commands.d.next = self.commands.val();
        self.was_store_completed.d.next = self.store_completed_command.val();
        self.was_compute_completed.d.next = self.compute_completed_command.val();
        self.was_load_completed.d.next = self.load_completed_command.val();
        self.was_store_command.d.next = self.store_command.val();
        self.was_load_command.d.next = self.load_command.val();
        if self.was_error.q.val() {
            self.error_code.d.next = self.stopped_code.val();
            self.error_engine.d.next = self.fetch.val();
            self.error_command.d.next = self.were_commands.q.val();
            if self.was_timeout.q.val() {
                self.error_code.d.next = self.watchdog_code.val();
            }
            if self.was_deadlock.q.val() {
                self.error_code.d.next = self.deadlock_code.val();
            }
            if self.was_store_overflow.q.val() {
                self.error_code.d.next = self.tokens_code.val();
                self.error_engine.d.next = self.store.val();
                self.error_command.d.next = self.was_store_completed.q.val();
            }
            if self.was_compute_overflow.q.val() {
                self.error_code.d.next = self.tokens_code.val();
                self.error_engine.d.next = self.compute.val();
                self.error_command.d.next = self.was_compute_completed.q.val();
            }
            if self.was_load_overflow.q.val() {
                self.error_code.d.next = self.tokens_code.val();
                self.error_engine.d.next = self.load.val();
                self.error_command.d.next = self.was_load_completed.q.val();
            }
            if self.was_store_error.q.val() {
                self.error_code.d.next = self.was_store_code.q.val();
                self.error_engine.d.next = self.store.val();
                self.error_command.d.next = self.was_store_command.q.val();
            }
            if self.was_load_error.q.val() {
                self.error_code.d.next = self.was_load_code.q.val();
                self.error_engine.d.next = self.load.val();
                self.error_command.d.next = self.was_load_command.q.val();
            }
            if self.was_fetch_error.q.val() {
                self.error_code.d.next = self.was_fetch_code.q.val();
                self.error_engine.d.next = self.fetch.val();
                self.error_command.d.next = self.were_commands.q.val();
            }
        }

        self.abandoned.next = self.resetting.q.val() | self.reset.val();
        self.starts.next = !self.running.q.val() & self.start.val() & !self.reset.val();
        self.dry.next =
            !self.works.val() & self.running.q.val() & self.drained.q.val().all() & self.quiet.val();
        self.began.next = self.starts.val();
        self.ended.next = (self.works.val() & self.finished.val() & !self.error.val())
            | (self.dry.val() & !self.abandoned.val());
        self.next_active.next =
            self.starts.val() | (self.works.val() & !self.finished.val() & !self.error.val());
        if self.reset.val() & self.running.q.val() {
            self.resetting.d.next = true;
        }
        if self.works.val() {
            self.drained.d.next = 0.into();
            self.uneventful.d.next = self.uneventful.q.val() + 1;
            if self.load_completed.val() | self.compute_completed.val() | self.store_completed.val() {
                self.uneventful.d.next = 0.into();
            }
            self.stuck_cycles.d.next = 0.into();
            if self.stuck.val() & !self.finished.val() {
                self.stuck_cycles.d.next = self.stuck_cycles.q.val() + 1;
            }
            if self.error.val() {
                self.stopping.d.next = true;
            } else if self.finished.val() {
                self.running.d.next = false;
                self.has_ended.d.next = true;
            }
        } else if self.running.q.val() {
            if !self.drained.q.val().all() {
                self.drained.d.next = self.drained.q.val() + 1;
            }
            if self.dry.val() {
                self.running.d.next = false;
                self.stopping.d.next = false;
                self.has_ended.d.next = !self.abandoned.val();
                self.resetting.d.next = false;
                if self.abandoned.val() {
                    self.error_code.d.next = 0.into();
                    self.error_engine.d.next = 0.into();
                    self.error_command.d.next = 0.into();
                }
            }
        } else {
            if self.reset.val() {
                self.has_ended.d.next = false;
                self.error_code.d.next = 0.into();
                self.error_engine.d.next = 0.into();
                self.error_command.d.next = 0.into();
            } else if self.start.val() {
                self.running.d.next = true;
                self.has_ended.d.next = false;
                self.error_code.d.next = 0.into();
                self.uneventful.d.next = 0.into();
                self.stuck_cycles.d.next = 0.into();
            }
        }
        self.busy.next = self.running.q.val();
        self.done.next = self.has_ended.q.val();
        self.failed.next = self.error_code.q.val().any() & !self.resetting.q.val();
        self.code.next = 0.into();
        self.engine.next = 0.into();
        self.command.next = 0.into();
        if self.failed.val() {
            self.code.next = self.error_code.q.val();
            self.engine.next = self.error_engine.q.val();
            self.command.next = self.error_command.q.val();
        }
    }
}
