//! Cycles in which nothing is decided: words come and go, and no command begins or ends, no burst is asked for, no token given.
//!
//! They are most of the cycles in which the memory side does anything. Each is a step of the same units as in [`Dma::step`],
//! without those that stand still.

use super::{Dma, load, read, store};
use crate::memory::{Moved, Timing};

impl Dma {
    /// Lets cycles pass up to the first in which something is decided, but at most `limit`, in which COMPUTE must complete no pass;
    /// returns how many. `banks` are those that SCATTER writes, so many cycles from now.
    pub fn stream(&mut self, limit: u64, mut banks: impl FnMut(u64) -> u64) -> u64 {
        let idle = !self.moved && self.memory.is_idle();
        if idle || !self.decides_nothing() {
            return 0;
        }
        let limit = limit.min(self.run.cycles_to_watchdog(self.setup.watchdog_cycles).saturating_sub(1));
        let mut passed = 0;
        while passed < limit && self.move_words(banks(passed)) {
            passed += 1;
            if !self.moved && self.memory.is_idle() {
                break;
            }
        }
        self.run.skip(passed);
        self.count_waiting(passed);
        if !self.load.is_idle() {
            self.counters.load_busy += passed as u32;
        }
        if !self.store.is_idle() {
            self.counters.store_busy += passed as u32;
        }
        passed
    }

    /// No unit but those that move words would change in the next cycle, nor does the run end.
    fn decides_nothing(&self) -> bool {
        let queues = self.queues();
        let works = !self.load.is_idle() || !self.store.is_idle();
        self.shape.halves == 1
            && self.run.is_steady()
            && (works || self.passes.situation(&self.tokens).released)
            && !self.passes.under_way()
            && !self.passes.may_start(&self.tokens)
            && self.read.asks_nothing()
            && self.load.stands_still(&self.tokens)
            && self.store.stands_still(&self.tokens)
            && self.fetch.stands_still(&queues)
    }

    /// One cycle, unless something is decided in it.
    fn move_words(&mut self, scatter_banks: u64) -> bool {
        let shape = self.shape;
        let bus = *self.memory.schedule();
        let offer = self.load.offer(true, &shape, scatter_banks);
        let head = self.read.head();
        let take = head == Some(1) && self.load.takes(&offer);
        let grant = self.store.grants(true, &shape, scatter_banks, offer.bank);
        let decides = bus.response
            || head == Some(0)
            || self.load.asks(self.read.outstanding)
            || self.load.decides(&offer, take)
            || self.store.decides(grant);
        if decides {
            return false;
        }
        let read_taken = bus.read.is_some() && self.read.ready();
        let wants_read = self.store.wants_read();
        let counters = &mut self.counters;
        counters.load_bus += u32::from(!self.load.is_idle() && !offer.valid);
        counters.load_bank += u32::from(offer.valid && offer.refused);
        counters.store_bus += u32::from(self.store.waits_for_bus(&bus));
        counters.store_bank += u32::from(wants_read && !grant);
        counters.bytes_read += if read_taken { shape.word_bytes } else { 0 };
        counters.bytes_written += if self.store.word_moves(&bus) { shape.word_bytes } else { 0 };

        let reader = read::Reader { takes: take, lane: self.load.lane(), ends: self.load.ends() };
        self.read.pop(true, &shape, &reader);
        let setup = &self.setup;
        self.load.move_beats(&load::Inputs {
            active: true,
            setup,
            shape: &shape,
            start: false,
            granted: false,
            take,
            offer,
        });
        let store = self.store.move_vectors(&store::Inputs {
            active: true,
            busy: true,
            setup,
            shape: &shape,
            start: false,
            read: grant,
            bus: &bus,
        });
        self.read.step(&shape, None, &bus, read_taken);
        self.moved = offer.valid || take || read_taken || store.moved;
        let moved = Moved { word: store.word_accepted, read_taken, ..Moved::default() };
        self.memory.step(&moved, shape.word_bytes);
        true
    }
}
