//! The read channels: one address register for FETCH (ID 0) and LOAD (ID 1), a FIFO of words, the gearbox to beats.

use super::Shape;
use crate::memory::{Burst, Schedule};

/// Read bursts under way up to which LOAD may ask for one more.
pub(super) const LOAD_BURSTS: u32 = 8;
/// ID of LOAD's bursts.
pub(super) const LOAD_ID: u8 = 1;
/// ID of FETCH's bursts.
pub(super) const FETCH_ID: u8 = 0;
/// Words of the FIFO.
const WORDS: u8 = 4;
/// AxBURST: INCR.
const INCR: u8 = 1;

/// A burst that an engine asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub id: u8,
    /// First beat: byte address / 16.
    pub address: u64,
    pub beats: u32,
}

impl Request {
    pub fn burst(&self, shape: &Shape) -> Burst {
        Burst {
            id: self.id,
            address: (self.address - u64::from(shape.lane(self.address))) * 16,
            words: shape.words(self.address, self.beats),
            size: shape.word_bytes.ilog2() as u8,
            kind: INCR,
        }
    }
}

/// What decides whether the word at the head of the FIFO is finished with.
pub(super) struct Reader {
    /// It takes a beat.
    pub takes: bool,
    /// Place of its next beat, if that is in a new word.
    pub lane: u32,
    /// The beat is its last.
    pub ends: bool,
}

/// The FIFO, and the gearbox behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// Words in the FIFO.
    count: u8,
    /// Bit *i*: the *i*-th is LOAD's.
    of_load: u8,
    /// Next beat of the word at the head, if `begun`.
    position: u32,
    begun: bool,
}

impl Words {
    /// RREADY.
    pub fn ready(&self) -> bool {
        self.count < WORDS
    }

    /// ID of the word that beats can be taken of.
    pub fn head(&self) -> Option<u8> {
        (self.count > 0).then_some(self.of_load & 1)
    }

    /// How many there are, if all are LOAD's.
    pub fn loads(&self) -> Option<u8> {
        (self.of_load == (1 << self.count) - 1).then_some(self.count)
    }

    /// There is one of LOAD, of a single beat, or none.
    pub fn set_loads(&mut self, any: bool) {
        (self.count, self.of_load, self.begun) = (any.into(), any.into(), false);
    }

    /// One comes.
    pub fn push(&mut self, id: u8) {
        self.of_load |= (id & LOAD_ID) << self.count;
        self.count += 1;
    }

    /// A beat is taken. `first_lane`: its place, if it is the first of a word; `ends`: it is the last of what the reader wants.
    pub fn take(&mut self, shape: &Shape, first_lane: u32, ends: bool) {
        let lane = if self.begun { self.position } else { first_lane };
        self.begun = lane + 1 < shape.lanes && !ends;
        if self.begun {
            self.position = lane + 1;
        } else {
            self.drop_head();
        }
    }

    fn drop_head(&mut self) {
        self.count -= 1;
        self.of_load >>= 1;
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct ReadPort {
    address: Option<Burst>,
    /// Bursts granted whose last word has not come.
    pub outstanding: u32,
    pub words: Words,
    /// A bus of 64 bits: the lower half of a word is there.
    half: [bool; 2],
}

impl ReadPort {
    /// No burst waits for the memory to accept it.
    pub fn asks_nothing(&self) -> bool {
        self.address.is_none()
    }

    /// No burst is under way.
    pub fn quiet(&self) -> bool {
        self.outstanding == 0
    }

    /// A burst that is asked for in this cycle is granted.
    pub fn grants(&self, ar_ready: bool) -> bool {
        self.address.is_none() || ar_ready
    }

    /// The burst that the memory accepts.
    pub fn pass_address(&mut self, ar_ready: bool) -> Option<Burst> {
        self.address.take_if(|_| ar_ready)
    }

    /// A burst is granted.
    pub fn ask(&mut self, shape: &Shape, request: &Request) {
        self.address = Some(request.burst(shape));
        self.outstanding += 1;
    }

    /// The gearbox; true if a beat was taken or a word dropped.
    pub fn pop(&mut self, active: bool, shape: &Shape, reader: &Reader) -> bool {
        if !active {
            self.words.begun = false;
            let any = self.words.head().is_some();
            if any {
                self.words.drop_head();
            }
            return any;
        }
        if reader.takes {
            self.words.take(shape, reader.lane, reader.ends);
        }
        reader.takes
    }

    /// The address and data channels; `taken` if a word crosses in this cycle. Returns the burst that the memory accepts.
    pub fn step(
        &mut self,
        shape: &Shape,
        granted: Option<Request>,
        bus: &Schedule,
        taken: bool,
    ) -> Option<Burst> {
        let accepted = self.pass_address(bus.ar_ready);
        if let Some(request) = granted {
            self.ask(shape, &request);
        }
        if let Some(word) = bus.read.filter(|_| taken) {
            let half = &mut self.half[usize::from(word.id & 1)];
            *half = shape.halves == 2 && !*half;
            if !*half {
                self.words.push(word.id);
            }
            self.outstanding -= u32::from(word.last);
        }
        accepted
    }
}
