//! The memory behind the accelerator's AXI4 master, stepped once a clock cycle.
//!
//! [`AxiMemory::step`] is given what the master drives in cycle *n* and returns what the slave drives in cycle *n* + 1. All its
//! outputs are registers: what they are in cycle *n* + 1 depends on the inputs of cycles up to *n*. In cycle 0 they are
//! [`SlaveSignals::default`]: ready for nothing, offering nothing.
//!
//! | part | what |
//! |---|---|
//! | [`signals`] | the channels, as values |
//! | [`pace`] | when things move: [`MemoryTiming`] is exact and repeatable, the same for the fast model and for RTL |
//! | [`hostile`] | when things move: as unpleasantly as AXI allows, from a seed |
//! | [`regions`] | what is stored where |
//! | [`checker`] | what the master does wrong |

pub mod checker;
pub mod hostile;
pub mod pace;
pub mod regions;
pub mod signals;

use std::collections::VecDeque;

pub use checker::Checker;
pub use hostile::{Faults, Hostile};
pub use pace::{MemoryTiming, Pace, WordFlow};
pub use regions::{Region, Regions};
pub use signals::{Burst, MAX_WORD_BYTES, MasterSignals, ReadBeat, SlaveSignals, Word, WriteBeat};

/// Response of a read or write: OKAY.
pub const OKAY: u8 = 0;
/// Response of a read or write: the slave failed.
pub const SLVERR: u8 = 2;

/// Response of a read or write: there is no slave at the address.
pub const DECERR: u8 = 3;

/// A word that the slave puts on the read channel: which one, not what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadWord {
    /// ID of the burst.
    pub id: u8,
    /// Byte address of the word.
    pub address: u64,
    /// The burst's last.
    pub last: bool,
}

/// What the timing of a memory decides for the next cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// A read address is accepted.
    pub ar_ready: bool,
    /// A write address is accepted.
    pub aw_ready: bool,
    /// A word is accepted.
    pub w_ready: bool,
    /// The word on the read channel.
    pub read: Option<ReadWord>,
    /// A response is on the write response channel; whose, is the caller's to know: responses come in order.
    pub response: bool,
}

/// What moved in a cycle: handshakes of the master with the slave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// A read burst was accepted.
    pub read: Option<Burst>,
    /// A write burst was accepted.
    pub write: Option<Burst>,
    /// A word to write was accepted; true for the last of its burst.
    pub word: Option<bool>,
    /// The word on the read channel was taken.
    pub read_taken: bool,
    /// The response was taken.
    pub response_taken: bool,
}

/// When a memory does what.
pub trait Timing {
    /// What the slave drives in cycle *n* + 1, after what moved in cycle *n*.
    fn step(&mut self, moved: &Moved, word_bytes: u64) -> Schedule;
}

/// A memory with contents, timing and a checker of its master.
pub struct AxiMemory<T> {
    /// What is stored.
    pub regions: Regions,
    /// Byte addresses at which transfers fail, and with which response.
    pub failing: Vec<(std::ops::Range<u64>, u8)>,
    timing: T,
    word_bytes: u64,
    checker: Checker,
    signals: SlaveSignals,
    writes: VecDeque<Burst>,
    words: VecDeque<WriteBeat>,
    /// Response to the burst that is written, as far as it is known.
    response: u8,
    responses: VecDeque<u8>,
}

impl<T: Timing + ?Sized> Timing for Box<T> {
    fn step(&mut self, moved: &Moved, word_bytes: u64) -> Schedule {
        (**self).step(moved, word_bytes)
    }
}

impl<T: Timing> AxiMemory<T> {
    /// A memory for a data bus of `bus_bits`.
    pub fn new(bus_bits: usize, timing: T, regions: Regions) -> Self {
        let word_bytes = bus_bits as u64 / 8;
        Self {
            regions,
            failing: Vec::new(),
            timing,
            word_bytes,
            checker: Checker::new(word_bytes),
            signals: SlaveSignals::default(),
            writes: VecDeque::new(),
            words: VecDeque::new(),
            response: OKAY,
            responses: VecDeque::new(),
        }
    }

    /// Begins anew at cycle 0 with the same contents. No burst may be under way.
    pub fn restart(&mut self, timing: T) {
        self.timing = timing;
        self.signals = SlaveSignals::default();
    }

    /// What the slave drives in the cycle whose inputs the next [`AxiMemory::step`] takes.
    pub fn signals(&self) -> &SlaveSignals {
        &self.signals
    }

    /// What the master did wrong so far.
    pub fn violations(&self) -> &[String] {
        self.checker.violations()
    }

    /// True while bursts are neither finished nor given up.
    pub fn busy(&self) -> bool {
        self.checker.outstanding() > 0
    }

    /// One cycle.
    pub fn step(&mut self, master: &MasterSignals) -> &SlaveSignals {
        self.checker.step(master, &self.signals, &self.regions);
        let moved = Moved {
            read: master.ar.filter(|_| self.signals.ar_ready),
            write: master.aw.filter(|_| self.signals.aw_ready),
            word: master.w.as_ref().filter(|_| self.signals.w_ready).map(|beat| beat.last),
            read_taken: self.signals.r.is_some() && master.r_ready,
            response_taken: self.signals.b.is_some() && master.b_ready,
        };
        self.writes.extend(moved.write);
        if let (Some(_), Some(beat)) = (moved.word, &master.w) {
            self.words.push_back(beat.clone());
        }
        self.commit();

        let Schedule { ar_ready, aw_ready, w_ready, read, response } =
            self.timing.step(&moved, self.word_bytes);
        (self.signals.ar_ready, self.signals.aw_ready, self.signals.w_ready) = (ar_ready, aw_ready, w_ready);
        if self.signals.r.is_none() || moved.read_taken {
            self.signals.r = read.map(|word| ReadBeat {
                id: word.id,
                data: self.regions.word(word.address, self.word_bytes),
                response: self.response_at(word.address),
                last: word.last,
            });
        }
        if self.signals.b.is_none() || moved.response_taken {
            self.signals.b = if response { self.responses.pop_front() } else { None };
        }
        &self.signals
    }

    fn response_at(&self, address: u64) -> u8 {
        let touched =
            |range: &std::ops::Range<u64>| range.start < address + self.word_bytes && address < range.end;
        self.failing.iter().find(|(range, _)| touched(range)).map_or(OKAY, |&(_, response)| response)
    }

    /// Stores what is there of the oldest burst; a response belongs to it once it is whole.
    fn commit(&mut self) {
        while let Some(burst) = self.writes.front_mut()
            && let Some(beat) = self.words.pop_front()
        {
            let address = burst.address;
            burst.address += self.word_bytes;
            burst.words -= 1;
            let whole = burst.words == 0;
            self.regions.store(address, &beat, self.word_bytes);
            self.response = self.response.max(self.response_at(address));
            if whole {
                self.writes.pop_front();
                self.responses.push_back(std::mem::replace(&mut self.response, OKAY));
            }
        }
    }
}
