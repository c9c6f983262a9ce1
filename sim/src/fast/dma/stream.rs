//! Cycles in which nothing is decided: words come and go, bursts but the last of a command are asked for, FETCH fills queues, and no
//! command begins or ends, no token is given.
//!
//! They are most of the cycles in which the memory side does anything. They take what moves out of the units, let it move, and put
//! it back: the memory's words, those in the FIFO of the read channel, and the beats of LOAD. STORE and FETCH keep their own, and
//! bursts stay where they are.
//!
//! Where a word is a beat, how many come in so many cycles is a division. Where LOAD takes several cycles for a word, all is soon as
//! it was a word before, and then it happens again and again until a burst or a command ends or the memory refreshes.

use super::load::Beats;
use super::read::{FETCH_ID, LOAD_BURSTS, LOAD_ID, Request, Words};
use super::{Dma, fetch};
use crate::memory::WordFlow;
use pleach_spec::list::Beat;

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
    words: Words,
    beats: Beats,
    /// Something moved in the last cycle.
    moved: bool,
}

/// What becomes of read bursts in a cycle.
#[derive(Clone, Copy, Default)]
struct BurstStep {
    /// LOAD finds out how long its next one is.
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
    /// So many of them are in the counters of what waits.
    waited: u64,
    load_bus: u32,
    load_bank: u32,
    store_bus: u32,
    store_bank: u32,
    words_read: u64,
    words_written: u64,
}

/// At most `limit` cycles in which no word is on its way: how many.
fn skip_nothing(flow: &mut Flow, limit: u64, counted: &mut Counted) -> u64 {
    let cycles = flow.memory.rest().min(limit);
    if cycles > 0 {
        flow.memory.pass(cycles);
        flow.moved = false;
        counted.load_bus += cycles as u32;
    }
    cycles
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
    /// returns how many. `model` is what segment 0 holds, `scatter` tells of the cycle that is so many from now.
    pub fn stream(
        &mut self,
        model: &[Beat],
        limit: u64,
        mut scatter: impl FnMut(u64) -> ScatterAhead,
    ) -> u64 {
        let idle = !self.moved && self.memory.is_idle();
        if idle || !self.decides_nothing() {
            return 0;
        }
        let Some(mut flow) = self.flow() else { return 0 };
        let limit = limit.min(self.run.cycles_to_watchdog(self.setup.watchdog_cycles).saturating_sub(1));
        let store_rests = self.store.rests();
        let mut fetch_rests = self.fetch.stands_still(&self.queues());
        let mut counted = Counted::default();
        // A word of the bus, where LOAD takes several cycles for it.
        let period = u64::from(self.shape.lanes << flow.beats.incoming.width);
        let mut before = if period > 1 { Some((flow, counted)) } else { None };
        while counted.cycles < limit {
            let bursts_rest = fetch_rests && self.bursts_rest();
            let Some(bursts) = (if bursts_rest { Some(BurstStep::default()) } else { self.burst_step() })
            else {
                break;
            };
            let ahead = match store_rests && !flow.beats.activation {
                true => ScatterAhead { banks: 0, free_cycles: u64::MAX },
                false => scatter(counted.cycles),
            };
            let steady = store_rests && bursts_rest && flow.memory.is_all_of(LOAD_ID);
            if let Some(words) = flow.words.loads().filter(|_| steady) {
                let limit = ahead.free_cycles.min(limit - counted.cycles);
                let cycles = match words == 0 && flow.beats.rest() {
                    true => skip_nothing(&mut flow, limit, &mut counted),
                    false => self.skip_words(&mut flow, words, limit, &mut counted),
                };
                if cycles > 0 {
                    counted.cycles += cycles;
                    continue;
                }
                if let Some(before) =
                    before.as_mut().filter(|before| counted.cycles - before.1.cycles == period)
                {
                    repeat(&mut flow, &mut counted, before, limit);
                    *before = (flow, counted);
                    continue;
                }
            }
            let take_fetch = flow.words.head() == Some(FETCH_ID);
            let fetches = take_fetch || !fetch_rests;
            if fetches && self.fetch.decides() {
                break;
            }
            let decides_nothing = match store_rests {
                true => self.load_cycle(&mut flow, ahead.banks, false, &mut counted),
                false => self.load_and_store_cycle(&mut flow, ahead.banks, &mut counted),
            };
            if !decides_nothing {
                break;
            }
            counted.cycles += 1;
            if !bursts_rest {
                self.move_bursts(&bursts, &mut flow);
            }
            if fetches {
                self.wait(&mut counted);
                let granted = bursts.granted.is_some_and(|request| request.id == FETCH_ID);
                if self.fetch_cycle(model, take_fetch, granted, &mut flow) {
                    break;
                }
                fetch_rests = self.fetch.stands_still(&self.queues());
            }
            if let Some(before) = before.as_mut().filter(|_| !bursts_rest || fetches) {
                *before = (flow, counted);
            }
            let nothing_moves = !flow.moved && flow.memory.is_idle();
            if nothing_moves || !store_rests && self.store.rests() {
                break;
            }
        }
        // Neither a word nor a burst waits: the last answer does.
        if store_rests && self.store.waits_for_bus(true, true) {
            counted.store_bus = counted.cycles as u32;
        }
        if counted.cycles > 0 {
            self.finish(&flow, &mut counted);
        }
        counted.cycles
    }

    /// No unit but those that move words would change in the next cycle, nor does the run end.
    fn decides_nothing(&self) -> bool {
        let works = !self.load.is_idle() || !self.store.is_idle();
        self.shape.halves == 1
            && self.run.is_steady()
            && (works || self.passes.situation(&self.tokens).released)
            && !self.passes.may_start(&self.tokens)
            && !self.store.decides(false)
            && self.starts_nothing()
    }

    /// No command begins in the next cycle, nor is a pass on its way.
    fn starts_nothing(&self) -> bool {
        !self.passes.under_way()
            && self.load.stands_still(&self.tokens)
            && self.store.stands_still(&self.tokens)
    }

    /// What moves, if that is all there is.
    fn flow(&self) -> Option<Flow> {
        let (memory, beats) = (self.memory.words(self.shape.word_bytes)?, self.load.beats()?);
        Some(Flow { memory, words: self.read.words, beats, moved: true })
    }

    /// LOAD asks for no burst in the next cycle, none is accepted, nor does LOAD find out how long one is.
    fn bursts_rest(&self) -> bool {
        self.read.asks_nothing() && self.load.bursts_rest(self.read.outstanding)
    }

    /// What becomes of bursts in it; `None` if something is decided.
    fn burst_step(&self) -> Option<BurstStep> {
        let ar_ready = self.memory.takes_reads();
        let fetch = self.fetch.request(true);
        let load = self.load.request(self.read.outstanding < LOAD_BURSTS);
        let granted = fetch.or(load).filter(|_| self.read.grants(ar_ready));
        let accepted = ar_ready && !self.read.asks_nothing();
        let at_once = accepted && self.memory.answers_at_once();
        let last = granted.is_some_and(|request| request.id == LOAD_ID) && self.load.asks_for_last();
        (!at_once && !last).then_some(BurstStep { cuts: self.load.cuts(), granted, accepted })
    }

    /// The end of the cycle for them.
    fn move_bursts(&mut self, step: &BurstStep, flow: &mut Flow) {
        if let Some(burst) = self.read.pass_address(step.accepted) {
            flow.memory.accept(&mut self.memory, &burst);
        }
        if let Some(request) = &step.granted {
            self.read.ask(&self.shape, request);
            if request.id == LOAD_ID {
                self.load.pass_burst();
            }
        }
        if step.cuts {
            self.load.cut_burst();
        }
        flow.moved |= step.cuts || step.accepted || step.granted.is_some();
    }

    /// The end of the cycle for FETCH, which takes a beat or was granted a burst; true if something may begin in the next.
    fn fetch_cycle(&mut self, model: &[Beat], take: bool, granted: bool, flow: &mut Flow) -> bool {
        if take {
            flow.words.take(&self.shape, self.fetch.lane(), self.fetch.ends());
        }
        let outputs = self.fetch.step(&fetch::Inputs {
            active: true,
            setup: &self.setup,
            shape: &self.shape,
            model,
            granted,
            take,
            queues: self.queues(),
        });
        self.hand_over(true, &outputs, false);
        flow.moved |= outputs.moved || take;
        !self.starts_nothing()
    }

    /// At most `limit` cycles, in which every word is written two cycles after it came, as fast as the memory is: how many.
    /// `in_fifo`: words in the FIFO.
    fn skip_words(&self, flow: &mut Flow, in_fifo: u8, limit: u64, counted: &mut Counted) -> u64 {
        let Flow { memory, words, beats, .. } = flow;
        let incoming = &mut beats.incoming;
        let plain = self.shape.lanes == 1 && incoming.width == 0;
        if !plain || !beats.begun || incoming.left <= 3 || in_fifo > 1 {
            return 0;
        }
        // Two words are on their way already, and the last beat is a decision.
        let cycles = memory.undisturbed(incoming.left - 3).min(limit);
        if cycles < SHORT {
            return 0;
        }
        let [on_bus, held] = [memory.offers(), beats.held].map(u64::from);
        let in_fifo = u64::from(in_fifo);
        let came = |cycles_before: u64| memory.words_in(cycles - cycles_before);
        let taken = in_fifo + on_bus + came(2);
        counted.words_read += on_bus + came(1);
        counted.load_bus += (cycles - (held + in_fifo + on_bus + came(3))) as u32;
        beats.held = came(2) > came(3);
        words.set_loads(came(1) > came(2));
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
        let take = words.head() == Some(LOAD_ID) && incoming.ready(!blocked);
        let enters = incoming.enters(take, !blocked);
        if take && incoming.to_read == 1 || enters && incoming.left == 1 || held && !beats.begun {
            return false;
        }
        let read_taken = memory.offers() && words.ready();
        let (ends_burst, id) = (read_taken && memory.offers_last(), memory.offered_id());
        if !memory.step(&mut self.memory, read_taken, accepted) {
            return false;
        }
        self.read.outstanding -= u32::from(ends_burst);
        *moved = held || take || read_taken || accepted || incoming.waits();
        if take {
            words.take(&self.shape, incoming.lane, false);
        }
        incoming.step(take, !blocked);
        beats.held = enters || blocked;
        if read_taken {
            words.push(id);
        }
        counted.load_bus += u32::from(!held);
        counted.load_bank += u32::from(blocked);
        counted.words_read += u64::from(read_taken);
        true
    }

    /// The same with STORE.
    fn load_and_store_cycle(&mut self, flow: &mut Flow, scatter_banks: u64, counted: &mut Counted) -> bool {
        let w_ready = flow.memory.accepts();
        let held_bank = (flow.beats.held && flow.beats.activation).then(|| self.held_bank(&flow.beats));
        let load_bank = held_bank.filter(|bank| scatter_banks >> bank & 1 == 0);
        let grant = self.store.grants(true, &self.shape, scatter_banks, load_bank);
        if self.store.decides(grant) {
            return false;
        }
        let (accepted, waits) = (self.store.word_moves(w_ready), self.store.waits_for_bus(true, w_ready));
        if !self.load_cycle(flow, scatter_banks, accepted, counted) {
            return false;
        }
        counted.store_bus += u32::from(waits);
        counted.store_bank += u32::from(self.store.wants_read() && !grant);
        counted.words_written += u64::from(accepted);
        flow.moved |= self.store.move_vectors(&self.shape, grant, w_ready);
        true
    }

    /// The bank of the beat in front of the activation buffer.
    fn held_bank(&self, beats: &Beats) -> u32 {
        self.shape.bank(beats.incoming.address.wrapping_sub(1))
    }

    /// Counts what waited so far.
    fn wait(&mut self, counted: &mut Counted) {
        self.count_waiting(counted.cycles - counted.waited);
        counted.waited = counted.cycles;
    }

    /// Puts back what moved, and counts.
    fn finish(&mut self, flow: &Flow, counted: &mut Counted) {
        let cycles = counted.cycles as u32;
        self.memory.set_words(&flow.memory);
        self.read.words = flow.words;
        self.load.set_beats(&flow.beats);
        self.moved = flow.moved;
        self.run.skip(counted.cycles);
        self.wait(counted);
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
