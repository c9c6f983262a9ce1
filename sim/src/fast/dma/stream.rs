//! Cycles in which nothing is decided: words come and go, bursts but the last of a command are asked for, and no command begins or
//! ends, no token is given.
//!
//! They are most of the cycles in which the memory side does anything. They take what moves out of the units, let it move, and put
//! it back: the memory's words, those in the FIFO of the read channel, and the beats of LOAD. STORE keeps its own, and bursts stay
//! where they are.
//!
//! Where a word is a beat, how many come in so many cycles is a division. Where LOAD takes several cycles for a word, all is soon as
//! it was a word before, and then it happens again and again until a burst or a command ends or the memory refreshes.

use super::load::Beats;
use super::read::{LOAD_BURSTS, LOAD_ID, LoadWords, Request};
use super::{Dma, store};
use crate::memory::{Schedule, WordFlow};

/// The banks that SCATTER writes.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScatterAhead {
    /// In the cycle that was asked for: bit *i* for bank *i*.
    pub banks: u64,
    /// Cycles from that one on in which it writes none.
    pub free_cycles: u64,
}

/// Everything that moves, but STORE.
#[derive(Clone, Copy)]
struct Flow {
    memory: WordFlow,
    words: LoadWords,
    beats: Beats,
    /// Something moved in the last cycle.
    moved: bool,
}

/// What becomes of LOAD's bursts in a cycle.
#[derive(Clone, Copy)]
struct BurstStep {
    /// LOAD finds out how long the next one is.
    cuts: bool,
    /// The one that is granted.
    granted: Option<Request>,
    /// The memory accepts one.
    accepted: bool,
}

/// Fewer cycles are not worth a thought.
const SHORT: u64 = 4;

/// What is counted meanwhile.
#[derive(Clone, Copy, Default)]
struct Counted {
    cycles: u64,
    load_bus: u32,
    load_bank: u32,
    store_bus: u32,
    store_bank: u32,
    words_read: u64,
    words_written: u64,
}

/// Lets what happened since `before` happen again as often as it does, in at most `limit` cycles.
fn repeat(flow: &mut Flow, counted: &mut Counted, before: &(Flow, Counted), limit: u64) {
    let (flow_before, counted_before) = before;
    let beats = flow.beats.incoming.since(&flow_before.beats.incoming);
    let undisturbed = counted.load_bank == counted_before.load_bank && flow.beats.begun;
    let same = flow.words == flow_before.words && flow.beats.held == flow_before.beats.held;
    let Some([read, entered]) = beats.filter(|_| undisturbed && same) else { return };
    let period = counted.cycles - counted_before.cycles;
    // The last beat is a decision.
    let left = |left: u32, each: u32| (left.saturating_sub(1)).checked_div(each).map_or(u64::MAX, u64::from);
    let incoming = &mut flow.beats.incoming;
    let times = flow.memory.repeats(&flow_before.memory).min(limit / period);
    let times = times.min(left(incoming.to_read, read)).min(left(incoming.left, entered));
    let count = times as u32;
    flow.memory.repeat(times, period);
    incoming.to_read -= count * read;
    incoming.left -= count * entered;
    incoming.address += count * entered;
    counted.cycles += times * period;
    counted.load_bus += count * (counted.load_bus - counted_before.load_bus);
    counted.words_read += times * (counted.words_read - counted_before.words_read);
}

impl Dma {
    /// Lets cycles pass up to the first in which something is decided, but at most `limit`, in which COMPUTE must complete no pass;
    /// returns how many. `scatter` tells of the cycle that is so many from now.
    pub fn stream(&mut self, limit: u64, mut scatter: impl FnMut(u64) -> ScatterAhead) -> u64 {
        let idle = !self.moved && self.memory.is_idle();
        if idle || !self.decides_nothing() {
            return 0;
        }
        let Some(mut flow) = self.flow() else { return 0 };
        let limit = limit.min(self.run.cycles_to_watchdog(self.setup.watchdog_cycles).saturating_sub(1));
        let store_rests = self.store.rests();
        let mut counted = Counted::default();
        // A word of the bus, where LOAD takes several cycles for it.
        let period = u64::from(self.shape.lanes << flow.beats.incoming.width);
        let mut before = (period > 1).then_some((flow, counted));
        while counted.cycles < limit {
            let rest = self.bursts_rest();
            let bursts = if rest { None } else { self.burst_step() };
            if !rest && bursts.is_none() {
                break;
            }
            let ahead = match store_rests && !flow.beats.activation {
                true => ScatterAhead { banks: 0, free_cycles: u64::MAX },
                false => scatter(counted.cycles),
            };
            if store_rests && rest {
                let cycles =
                    self.skip_words(&mut flow, ahead.free_cycles.min(limit - counted.cycles), &mut counted);
                if cycles > 0 {
                    counted.cycles += cycles;
                    continue;
                }
                if let Some(before) =
                    before.as_mut().filter(|before| counted.cycles - before.1.cycles == period)
                {
                    let limit = ahead.free_cycles.min(limit - counted.cycles);
                    repeat(&mut flow, &mut counted, before, limit);
                    *before = (flow, counted);
                    continue;
                }
            }
            let decides_nothing = match store_rests {
                true => self.load_cycle(&mut flow, ahead.banks, false, &mut counted),
                false => self.load_and_store_cycle(&mut flow, ahead.banks, &mut counted),
            };
            if !decides_nothing {
                break;
            }
            counted.cycles += 1;
            if let Some(bursts) = &bursts {
                self.move_bursts(bursts, &mut flow);
                before = before.map(|_| (flow, counted));
            }
            if !flow.moved && flow.memory.is_idle() {
                break;
            }
            if !store_rests && self.store.rests() {
                break;
            }
        }
        if store_rests && self.store.waits_for_bus(self.memory.schedule()) {
            counted.store_bus = counted.cycles as u32;
        }
        if counted.cycles > 0 {
            self.finish(&flow, &counted);
        }
        counted.cycles
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
            && self.load.stands_still(&self.tokens)
            && self.store.stands_still(&self.tokens)
            && !self.store.decides(false)
            && self.fetch.stands_still(&queues)
    }

    /// What moves, if that is all there is.
    fn flow(&self) -> Option<Flow> {
        let memory = self.memory.words(LOAD_ID, self.shape.word_bytes)?;
        let (words, beats) = (self.read.loads()?, self.load.beats()?);
        Some(Flow { memory, words, beats, moved: true })
    }

    /// No burst is asked for in the next cycle, nor accepted, nor does LOAD find out how long one is.
    fn bursts_rest(&self) -> bool {
        self.read.asks_nothing() && self.load.bursts_rest(self.read.outstanding)
    }

    /// What becomes of them in it; `None` if something is decided.
    fn burst_step(&self) -> Option<BurstStep> {
        let ar_ready = self.memory.takes_reads();
        let request = self.load.request(self.read.outstanding < LOAD_BURSTS);
        let granted = request.filter(|_| self.read.grants(ar_ready));
        let accepted = ar_ready && !self.read.asks_nothing();
        let at_once = accepted && self.memory.answers_at_once();
        let decides = at_once || granted.is_some() && self.load.asks_for_last();
        (!decides).then_some(BurstStep { cuts: self.load.cuts(), granted, accepted })
    }

    /// The end of the cycle for them.
    fn move_bursts(&mut self, step: &BurstStep, flow: &mut Flow) {
        if let Some(burst) = self.read.pass_address(step.accepted) {
            flow.memory.accept(&mut self.memory, &burst);
        }
        if let Some(request) = &step.granted {
            self.read.ask(&self.shape, request);
            self.load.pass_burst();
        }
        if step.cuts {
            self.load.cut_burst();
        }
        flow.moved |= step.cuts || step.accepted || step.granted.is_some();
    }

    /// At most `limit` cycles, in which every word is written two cycles after it came, as fast as the memory is: how many.
    fn skip_words(&self, flow: &mut Flow, limit: u64, counted: &mut Counted) -> u64 {
        let Flow { memory, words, beats, .. } = flow;
        let incoming = &mut beats.incoming;
        let plain = self.shape.lanes == 1 && incoming.width == 0;
        if !plain || !beats.begun || incoming.left <= 3 || words.count() > 1 {
            return 0;
        }
        // Two words are on their way already, and the last beat is a decision.
        let cycles = memory.undisturbed(incoming.left - 3).min(limit);
        if cycles < SHORT {
            return 0;
        }
        let [on_bus, in_fifo, held] = [memory.offers(), words.any(), beats.held].map(u64::from);
        let came = |cycles_before: u64| memory.words_in(cycles - cycles_before);
        let taken = in_fifo + on_bus + came(2);
        counted.words_read += on_bus + came(1);
        counted.load_bus += (cycles - (held + in_fifo + on_bus + came(3))) as u32;
        beats.held = came(2) > came(3);
        words.set(came(1) > came(2));
        incoming.address += taken as u32;
        incoming.left -= taken as u32;
        incoming.to_read -= taken as u32;
        incoming.lane = if taken > 0 { 0 } else { incoming.lane };
        memory.skip(cycles);
        cycles
    }

    /// A cycle of the memory and LOAD; false, and all is as it was, if something is decided in it. `accepted`: STORE sends a word.
    fn load_cycle(
        &mut self,
        flow: &mut Flow,
        scatter_banks: u64,
        accepted: bool,
        counted: &mut Counted,
    ) -> bool {
        let Flow { memory, words, beats, moved } = flow;
        let held = beats.held;
        let blocked = held && beats.activation && scatter_banks >> self.held_bank(beats) & 1 == 1;
        let incoming = &mut beats.incoming;
        let take = words.any() && incoming.ready(!blocked);
        let enters = incoming.enters(take, !blocked);
        if take && incoming.to_read == 1 || enters && incoming.left == 1 || held && !beats.begun {
            return false;
        }
        let read_taken = memory.offers() && words.ready();
        let ends_burst = read_taken && memory.offers_last();
        if !memory.step(&mut self.memory, read_taken, accepted) {
            return false;
        }
        self.read.outstanding -= u32::from(ends_burst);
        *moved = held || take || read_taken || accepted || incoming.waits();
        if take {
            words.take(&self.shape, incoming.lane);
        }
        incoming.step(take, !blocked);
        beats.held = enters || blocked;
        if read_taken {
            words.push();
        }
        counted.load_bus += u32::from(!held);
        counted.load_bank += u32::from(blocked);
        counted.words_read += u64::from(read_taken);
        true
    }

    /// The same with STORE.
    fn load_and_store_cycle(&mut self, flow: &mut Flow, scatter_banks: u64, counted: &mut Counted) -> bool {
        let bus = Schedule { w_ready: flow.memory.accepts(), ..*self.memory.schedule() };
        let held_bank = (flow.beats.held && flow.beats.activation).then(|| self.held_bank(&flow.beats));
        let load_bank = held_bank.filter(|bank| scatter_banks >> bank & 1 == 0);
        let grant = self.store.grants(true, &self.shape, scatter_banks, load_bank);
        if self.store.decides(grant) {
            return false;
        }
        let (accepted, waits) = (self.store.word_moves(&bus), self.store.waits_for_bus(&bus));
        if !self.load_cycle(flow, scatter_banks, accepted, counted) {
            return false;
        }
        counted.store_bus += u32::from(waits);
        counted.store_bank += u32::from(self.store.wants_read() && !grant);
        counted.words_written += u64::from(accepted);
        let outputs = self.store.move_vectors(&store::Inputs {
            active: true,
            busy: true,
            setup: &self.setup,
            shape: &self.shape,
            start: false,
            read: grant,
            bus: &bus,
        });
        flow.moved |= outputs.moved;
        true
    }

    /// The bank of the beat in front of the activation buffer.
    fn held_bank(&self, beats: &Beats) -> u32 {
        self.shape.bank(beats.incoming.address.wrapping_sub(1))
    }

    /// Puts back what moved, and counts.
    fn finish(&mut self, flow: &Flow, counted: &Counted) {
        let cycles = counted.cycles as u32;
        self.memory.set_words(&flow.memory);
        self.read.set_loads(&flow.words);
        self.load.set_beats(&flow.beats);
        self.moved = flow.moved;
        self.run.skip(counted.cycles);
        self.count_waiting(counted.cycles);
        let counters = &mut self.counters;
        if !self.load.is_idle() {
            counters.load_busy += cycles;
            counters.load_bus += counted.load_bus;
        }
        if !self.store.is_idle() {
            counters.store_busy += cycles;
        }
        counters.store_bus += counted.store_bus;
        counters.load_bank += counted.load_bank;
        counters.store_bank += counted.store_bank;
        counters.bytes_read += counted.words_read * self.shape.word_bytes;
        counters.bytes_written += counted.words_written * self.shape.word_bytes;
    }
}
