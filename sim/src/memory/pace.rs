//! A repeatable memory: latency, bandwidth and refresh as a DRAM controller's data sheet would give them.
//!
//! Bursts are served in the order in which they are accepted. A read burst accepted in cycle n gives its first word in cycle
//! n + `latency` at the earliest. Words to write go into a buffer first. Words read and words written share the bandwidth: a
//! word moves in a cycle if the bucket holds `denominator` tokens, of which `numerator` flow in a cycle, at most two words'
//! worth in all. If a word could be read and one written, it is the turn of the kind that did not move last. The response to a
//! write comes `latency` cycles after the last word left the buffer. Nothing moves and no token flows in the first `refresh_cycles`
//! of every `refresh_interval`; addresses are accepted all the same.

mod flow;

use std::collections::VecDeque;

use super::{Burst, Moved, ReadWord, Schedule, Timing};
pub use flow::WordFlow;

/// Read bursts that can wait.
const READS: usize = 16;
/// Write bursts that can wait.
const WRITES: usize = 8;
/// Words of the write buffer.
const BUFFER: u32 = 16;

/// The figures of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryTiming {
    /// Cycles from the acceptance of a read address to the first word, at least 1.
    pub latency_cycles: u64,
    /// Words that move in `denominator` cycles.
    pub numerator: u32,
    /// Cycles in which `numerator` words move.
    pub denominator: u32,
    /// Cycles from one refresh to the next; 0: there is none.
    pub refresh_interval: u64,
    /// Cycles of a refresh.
    pub refresh_cycles: u64,
}

impl Default for MemoryTiming {
    /// A DDR3 or DDR4 controller at the accelerator's clock: 30 cycles, 90 % of the bus, refresh every 7.8 us at 200 MHz.
    fn default() -> Self {
        Self { latency_cycles: 30, numerator: 9, denominator: 10, refresh_interval: 1560, refresh_cycles: 40 }
    }
}

impl MemoryTiming {
    /// Cycles from the last refresh on, in the cycle behind one with so many.
    fn next_phase(&self, phase: u64) -> u64 {
        match phase + 1 {
            next if next == self.refresh_interval => 0,
            next => next,
        }
    }

    /// The memory refreshes so many cycles from the last refresh on.
    fn refreshes(&self, phase: u64) -> bool {
        self.refresh_interval > 0 && phase < self.refresh_cycles
    }
}

/// The state of such a memory.
#[derive(Clone, Debug)]
pub struct Pace {
    timing: MemoryTiming,
    /// The cycle whose outputs are computed next.
    cycle: u64,
    /// That cycle, from the last refresh on.
    refresh_phase: u64,
    tokens: u32,
    read_moved_last: bool,
    reads: VecDeque<Read>,
    writes: VecDeque<u32>,
    buffered: u32,
    responses: VecDeque<u64>,
    schedule: Schedule,
}

#[derive(Clone, Copy, Debug)]
struct Read {
    id: u8,
    address: u64,
    words: u32,
    ready: u64,
}

impl Pace {
    /// At cycle 0.
    pub fn new(timing: MemoryTiming) -> Self {
        Self {
            timing,
            cycle: 0,
            refresh_phase: 0,
            tokens: 0,
            read_moved_last: false,
            reads: VecDeque::with_capacity(READS),
            writes: VecDeque::with_capacity(WRITES),
            buffered: 0,
            responses: VecDeque::with_capacity(WRITES),
            schedule: Schedule::default(),
        }
    }

    /// What the slave drives now.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// True if nothing happens until the master begins something. Only time passes, see [`Pace::skip`].
    pub fn is_idle(&self) -> bool {
        self.reads.is_empty()
            && self.writes.is_empty()
            && self.buffered == 0
            && self.responses.is_empty()
            && self.schedule
                == Schedule { ar_ready: true, aw_ready: true, w_ready: true, read: None, response: false }
            && self.tokens == self.most_tokens()
    }

    /// Lets time pass while idle.
    pub fn skip(&mut self, cycles: u64) {
        self.cycle += cycles;
        if self.timing.refresh_interval > 0 {
            self.refresh_phase = self.cycle % self.timing.refresh_interval;
        }
    }

    fn most_tokens(&self) -> u32 {
        2 * self.timing.denominator
    }

    /// ARREADY of the cycle to come.
    pub fn takes_reads(&self) -> bool {
        self.reads.len() < READS
    }

    /// It can answer a burst in the cycle in which it accepts it.
    pub fn answers_at_once(&self) -> bool {
        self.timing.latency_cycles <= 1
    }

    /// A burst accepted in the cycle before `cycle`.
    fn push_read(&mut self, burst: &Burst, cycle: u64) {
        let ready = cycle - 1 + self.timing.latency_cycles;
        self.reads.push_back(Read { id: burst.id, address: burst.address, words: burst.words, ready });
    }

    /// The last word of the write burst at hand left the buffer in a cycle.
    fn end_write(&mut self, cycle: u64) {
        self.writes.pop_front();
        self.responses.push_back(cycle + self.timing.latency_cycles);
    }

    fn accept(&mut self, moved: &Moved) {
        if let Some(burst) = &moved.read {
            self.push_read(burst, self.cycle);
        }
        self.writes.extend(moved.write.map(|burst| burst.words));
        self.buffered += u32::from(moved.word.is_some());
        if moved.read_taken {
            self.schedule.read = None;
        }
        if moved.response_taken {
            self.schedule.response = false;
        }
    }

    fn move_word(&mut self, word_bytes: u64) {
        self.tokens = (self.tokens + self.timing.numerator).min(self.most_tokens());
        if self.tokens < self.timing.denominator {
            return;
        }
        let reads =
            self.schedule.read.is_none() && self.reads.front().is_some_and(|read| read.ready <= self.cycle);
        let writes = self.buffered > 0 && !self.writes.is_empty();
        if reads && !(writes && self.read_moved_last) {
            self.read(word_bytes);
        } else if writes {
            self.write();
        } else {
            return;
        }
        self.tokens -= self.timing.denominator;
    }

    fn read(&mut self, word_bytes: u64) {
        self.read_moved_last = true;
        let Some(read) = self.reads.front_mut() else { return };
        self.schedule.read = Some(ReadWord { id: read.id, address: read.address, last: read.words == 1 });
        read.address += word_bytes;
        read.words -= 1;
        if read.words == 0 {
            self.reads.pop_front();
        }
    }

    fn set_ready(&mut self) {
        self.schedule.ar_ready = self.takes_reads();
        self.schedule.aw_ready = self.writes.len() < WRITES;
        self.schedule.w_ready = self.buffered < BUFFER;
    }

    fn write(&mut self) {
        self.read_moved_last = false;
        self.buffered -= 1;
        let Some(words) = self.writes.front_mut() else { return };
        *words -= 1;
        if *words == 0 {
            self.end_write(self.cycle);
        }
    }
}

impl Timing for Pace {
    fn step(&mut self, moved: &Moved, word_bytes: u64) -> Schedule {
        self.cycle += 1;
        self.refresh_phase = self.timing.next_phase(self.refresh_phase);
        self.accept(moved);
        if !self.timing.refreshes(self.refresh_phase) {
            self.move_word(word_bytes);
        }
        if !self.schedule.response && self.responses.front().is_some_and(|&ready| ready <= self.cycle) {
            self.responses.pop_front();
            self.schedule.response = true;
        }
        self.set_ready();
        self.schedule
    }
}
