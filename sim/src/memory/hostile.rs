//! A memory as unpleasant as AXI allows: every channel stalls at random, bursts of different IDs overtake each other and their
//! words mix, words to write may be accepted before their address. All from a seed.

use std::collections::VecDeque;
use std::ops::Range;

use super::{Burst, Moved, ReadWord, Schedule, Timing};

/// What such a memory does wrong on request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Byte addresses of bursts that are accepted and never answered.
    pub silent: Vec<Range<u64>>,
    /// Cycles from the beginning in which bursts are accepted and none is answered.
    pub asleep_cycles: u64,
}

/// The state of such a memory.
#[derive(Clone, Debug)]
pub struct Hostile {
    random: u64,
    /// Of 16 cycles, in how many a channel moves.
    eagerness: u32,
    faults: Faults,
    reads: [VecDeque<Burst>; 2],
    /// Words left of the bursts to write, and whether they are answered.
    writes: VecDeque<(u32, bool)>,
    /// Words accepted whose address is not known yet, or whose turn has not come.
    words: u32,
    responses: u32,
    cycle: u64,
    schedule: Schedule,
}

impl Hostile {
    /// `eagerness` of 1 to 16: in how many of 16 cycles a channel moves, on average.
    pub fn new(seed: u64, eagerness: u32, faults: Faults) -> Self {
        Self {
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            eagerness,
            faults,
            reads: Default::default(),
            writes: VecDeque::new(),
            words: 0,
            responses: 0,
            cycle: 0,
            schedule: Schedule::default(),
        }
    }

    fn draw(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 20) as u32
    }

    fn moves(&mut self) -> bool {
        self.draw() % 16 < self.eagerness
    }

    fn answers(&self, burst: &Burst) -> bool {
        !self.faults.silent.iter().any(|range| range.contains(&burst.address))
    }

    fn accept(&mut self, moved: &Moved) {
        if let Some(burst) = moved.read.filter(|burst| self.answers(burst)) {
            self.reads[usize::from(burst.id & 1)].push_back(burst);
        }
        if let Some(burst) = moved.write {
            let answers = self.answers(&burst);
            self.writes.push_back((burst.words, answers));
        }
        self.words += u32::from(moved.word.is_some());
        while self.words > 0 && !self.writes.is_empty() {
            self.words -= 1;
            let (left, answers) = &mut self.writes[0];
            *left -= 1;
            if *left == 0 {
                self.responses += u32::from(*answers);
                self.writes.pop_front();
            }
        }
        if moved.read_taken {
            self.schedule.read = None;
        }
        if moved.response_taken {
            self.schedule.response = false;
        }
    }

    fn read(&mut self, word_bytes: u64) {
        let first = (self.draw() & 1) as usize;
        let Some(reads) = [first, 1 - first].into_iter().find(|&id| !self.reads[id].is_empty()) else {
            return;
        };
        let burst = &mut self.reads[reads][0];
        self.schedule.read = Some(ReadWord { id: burst.id, address: burst.address, last: burst.words == 1 });
        burst.address += word_bytes;
        burst.words -= 1;
        if burst.words == 0 {
            self.reads[reads].pop_front();
        }
    }
}

impl Timing for Hostile {
    fn step(&mut self, moved: &Moved, word_bytes: u64) -> Schedule {
        self.accept(moved);
        self.cycle += 1;
        let awake = self.cycle > self.faults.asleep_cycles;
        if awake && self.schedule.read.is_none() && self.moves() {
            self.read(word_bytes);
        }
        if awake && !self.schedule.response && self.responses > 0 && self.moves() {
            self.responses -= 1;
            self.schedule.response = true;
        }
        (self.schedule.ar_ready, self.schedule.aw_ready, self.schedule.w_ready) =
            (self.moves(), self.moves(), self.moves());
        self.schedule
    }
}
