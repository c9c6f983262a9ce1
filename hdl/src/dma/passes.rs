//! The passes between dispatch and done: when each is released, and what it signals.
//!
//! | port | width | |
//! |---|---|---|
//! | `active` | 1 | in; otherwise there are none |
//! | `push`, `command` | 1, 108 | in, a COMPUTE command begins: its head and its ordinal |
//! | `entry` | 12 | in, the ring entry of its beats |
//! | `written` | 1 | in, its last beat is written |
//! | `from_load`, `from_store` | 1 | in, there is a token |
//! | `take_load`, `take_store` | 1 | out, it is taken |
//! | `pass_release` | 1 | out, the oldest unreleased pass may begin |
//! | `done` | 1 | in, the oldest released pass is done |
//! | `completed`, `signal`, `completed_command` | 1, 3, 24 | out, what that means, in the same cycle |
//! | `full` | 1 | out, as many passes as the rings have entries |
//! | `none`, `released`, `halted` | 1 | out, no pass at all; some in COMPUTE; none that could be released |
//!
//! ```text
//! cycle      w     w+1    w+2    w+3
//! written    1
//! pass_release                   1 (at the earliest)
//! ```

use rust_hdl::prelude::*;

use crate::cells::{Ram, Reg};
use crate::control::PASS;

use super::{COMMAND, ORDINAL};

/// Bits of a number of passes: from 0 to 4096.
const COUNT: usize = PASS + 1;

/// See the module.
#[derive(Debug, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct Passes {
    pub clock: Signal<In, Clock>,
    pub active: [Signal<In, Bit>; 2],
    pub push: Signal<In, Bit>,
    pub command: Signal<In, Bits<COMMAND>>,
    pub entry: Signal<In, Bits<PASS>>,
    pub written: Signal<In, Bit>,
    pub from_load: Signal<In, Bit>,
    pub from_store: Signal<In, Bit>,
    pub take_load: Signal<Out, Bit>,
    pub take_store: Signal<Out, Bit>,
    pub pass_release: Signal<Out, Bit>,
    pub done: Signal<In, Bit>,
    pub completed: Signal<Out, Bit>,
    pub signal: Signal<Out, Bits<3>>,
    pub completed_command: Signal<Out, Bits<ORDINAL>>,
    pub full: Signal<Out, Bit>,
    pub none: Signal<Out, Bit>,
    pub released: Signal<Out, Bit>,
    pub halted: Signal<Out, Bit>,

    // `wait` by ring entry, read for the next release; `signal` and ordinal, read for the next done.
    waits: Ram<PASS, 3>,
    signals: Ram<PASS, 27>,
    next_release: Reg<Bits<PASS>>,
    next_done: Reg<Bits<PASS>>,
    written_1: Reg<Bit>,
    written_2: Reg<Bit>,
    ready: Reg<Bits<COUNT>>,
    under_way: Reg<Bits<COUNT>>,
    in_compute: Reg<Bits<COUNT>>,
    // Whether there are any of each: much depends on that.
    some_ready: Reg<Bit>,
    some_under_way: Reg<Bit>,
    some_in_compute: Reg<Bit>,

    has_tokens: Signal<Local, Bit>,
    may_release: Signal<Local, Bit>,
    releases: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    release_pointer: Signal<Local, Bits<PASS>>,
    done_pointer: Signal<Local, Bits<PASS>>,
    depth: Constant<Bits<COUNT>>,
}

impl Passes {
    /// For rings of `depth` entries.
    pub fn new(depth: usize) -> Self {
        Self {
            clock: Default::default(),
            active: Default::default(),
            push: Default::default(),
            command: Default::default(),
            entry: Default::default(),
            written: Default::default(),
            from_load: Default::default(),
            from_store: Default::default(),
            take_load: Default::default(),
            take_store: Default::default(),
            pass_release: Default::default(),
            done: Default::default(),
            completed: Default::default(),
            signal: Default::default(),
            completed_command: Default::default(),
            full: Default::default(),
            none: Default::default(),
            released: Default::default(),
            halted: Default::default(),
            waits: Ram::new(depth),
            signals: Ram::new(depth),
            next_release: Default::default(),
            next_done: Default::default(),
            written_1: Default::default(),
            written_2: Default::default(),
            ready: Default::default(),
            under_way: Default::default(),
            in_compute: Default::default(),
            some_ready: Default::default(),
            some_under_way: Default::default(),
            some_in_compute: Default::default(),
            has_tokens: Default::default(),
            may_release: Default::default(),
            releases: Default::default(),
            ends: Default::default(),
            release_pointer: Default::default(),
            done_pointer: Default::default(),
            depth: Constant::new((depth as u64).into()),
        }
    }
}

impl Logic for Passes {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, next_release, next_done, ready, under_way, in_compute);
        dff_setup!(self, clock, some_ready, some_under_way, some_in_compute);
        clock!(self, clock, waits, signals, written_1, written_2);
        self.waits.write_enable.next = self.push.val();
        self.waits.write_address.next = self.entry.val();
        self.waits.write_data.next = self.command.val().get_bits::<3>(4);
        self.signals.write_enable.next = self.push.val();
        self.signals.write_address.next = self.entry.val();
        self.signals.write_data.next = bit_cast::<27, 3>(self.command.val().get_bits::<3>(7))
            | (bit_cast::<27, 24>(self.command.val().get_bits::<24>(84)) << 3);

        self.has_tokens.next = (!self.waits.read_data.val().get_bit(0) | self.from_load.val())
            & (!self.waits.read_data.val().get_bit(2) | self.from_store.val());
        self.may_release.next = self.some_ready.q.val() & self.has_tokens.val();
        self.releases.next = self.active[0].val() & self.may_release.val();
        self.ends.next = self.active[0].val() & self.done.val();
        self.pass_release.next = self.active[1].val() & self.may_release.val();
        self.take_load.next = self.releases.val() & self.waits.read_data.val().get_bit(0);
        self.take_store.next = self.releases.val() & self.waits.read_data.val().get_bit(2);
        self.completed.next = self.ends.val();
        self.signal.next = self.signals.read_data.val().get_bits::<3>(0);
        self.completed_command.next = self.signals.read_data.val().get_bits::<24>(3);

        self.release_pointer.next = self.next_release.q.val();
        self.done_pointer.next = self.next_done.q.val();
        if self.releases.val() {
            self.release_pointer.next = self.next_release.q.val() + 1;
        }
        if self.ends.val() {
            self.done_pointer.next = self.next_done.q.val() + 1;
        }
        self.next_release.d.next = self.release_pointer.val();
        self.next_done.d.next = self.done_pointer.val();
        self.waits.read_address.next = self.release_pointer.val();
        self.signals.read_address.next = self.done_pointer.val();

        self.written_1.d.next = self.active[0].val() & self.written.val();
        self.written_2.d.next = self.active[0].val() & self.written_1.q.val();
        if self.written_2.q.val() & !self.releases.val() {
            self.ready.d.next = self.ready.q.val() + 1;
            self.some_ready.d.next = true;
        }
        if !self.written_2.q.val() & self.releases.val() {
            self.ready.d.next = self.ready.q.val() - 1;
            self.some_ready.d.next = self.ready.q.val() != 1;
        }
        if self.push.val() & !self.ends.val() {
            self.under_way.d.next = self.under_way.q.val() + 1;
            self.some_under_way.d.next = true;
        }
        if !self.push.val() & self.ends.val() {
            self.under_way.d.next = self.under_way.q.val() - 1;
            self.some_under_way.d.next = self.under_way.q.val() != 1;
        }
        if self.releases.val() & !self.ends.val() {
            self.in_compute.d.next = self.in_compute.q.val() + 1;
            self.some_in_compute.d.next = true;
        }
        if !self.releases.val() & self.ends.val() {
            self.in_compute.d.next = self.in_compute.q.val() - 1;
            self.some_in_compute.d.next = self.in_compute.q.val() != 1;
        }
        self.full.next = self.under_way.q.val() == self.depth.val();
        self.none.next = !self.some_under_way.q.val();
        self.released.next = self.some_in_compute.q.val();
        self.halted.next = !self.some_ready.q.val() | !self.has_tokens.val();
        if !self.active[0].val() {
            self.next_release.d.next = 0.into();
            self.next_done.d.next = 0.into();
            self.ready.d.next = 0.into();
            self.some_ready.d.next = false;
            self.under_way.d.next = 0.into();
            self.some_under_way.d.next = false;
            self.in_compute.d.next = 0.into();
            self.some_in_compute.d.next = false;
        }
    }
}
