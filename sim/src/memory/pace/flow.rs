//! The words of bursts on their way, apart from everything else that a memory keeps.

use super::{BUFFER, MemoryTiming, Pace};
use crate::memory::{ReadWord, Schedule};

/// The words of the bursts at hand, as long as none of these bursts ends, no response comes, and no word of another ID. (A read
/// burst ends when its last word is taken.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordFlow {
    timing: MemoryTiming,
    cycle: u64,
    refresh_phase: u64,
    tokens: u32,
    read_moved_last: bool,
    /// A word is on the read channel.
    offers: bool,
    /// It is the last of its burst, behind which the next one is at hand.
    last: bool,
    /// Words of the read burst at hand, and when the first may come.
    reads: u32,
    reads_ready: u64,
    /// It has another ID.
    foreign: bool,
    /// Words of the write burst at hand.
    writes: u32,
    buffered: u32,
    /// When the next response comes.
    response: u64,
}

impl WordFlow {
    /// A word is on the read channel.
    pub fn offers(&self) -> bool {
        self.offers
    }

    /// A word to write is accepted.
    pub fn accepts(&self) -> bool {
        self.buffered < BUFFER
    }

    /// Nothing happens until the master begins something.
    pub fn is_idle(&self) -> bool {
        let bursts = self.reads > 0 || self.writes > 0 || self.buffered > 0 || self.response < u64::MAX;
        !bursts && !self.offers && self.tokens == 2 * self.timing.denominator
    }

    /// Words that come in so many cycles if each is taken at once, up to [`WordFlow::undisturbed`].
    pub fn words_in(&self, cycles: u64) -> u64 {
        let MemoryTiming { numerator, denominator, .. } = self.timing;
        (u64::from(self.tokens) + cycles * u64::from(numerator)) / u64::from(denominator)
    }

    /// Cycles in which words are read as the bandwidth has it, but not more than `words`, nor the last of the burst; 0 if something
    /// else counts as well.
    pub fn undisturbed(&self, words: u32) -> u64 {
        let MemoryTiming { numerator, denominator, refresh_cycles, .. } = self.timing;
        let reads_only =
            self.reads > 0 && !self.foreign && self.reads_ready <= self.cycle && self.buffered == 0;
        let no_backlog = self.tokens < denominator && numerator <= denominator;
        if self.last || !reads_only || !no_backlog || self.refresh_phase < refresh_cycles {
            return 0;
        }
        let words = words.min(self.reads - 1);
        let tokens = (u64::from(words) + 1) * u64::from(denominator) - 1 - u64::from(self.tokens);
        (tokens / u64::from(numerator)).min(self.until_event())
    }

    /// Cycles before the one in which the memory refreshes or a response comes.
    fn until_event(&self) -> u64 {
        let until_refresh = match self.timing.refresh_interval {
            0 => u64::MAX,
            interval => interval - 1 - self.refresh_phase,
        };
        until_refresh.min(self.response.saturating_sub(self.cycle + 1))
    }

    /// Lets so many cycles pass in which every word is taken at once; at most [`WordFlow::undisturbed`].
    pub fn skip(&mut self, cycles: u64) {
        let before_last = self.words_in(cycles - 1);
        let words = self.words_in(cycles);
        let tokens = u64::from(self.tokens) + cycles * u64::from(self.timing.numerator);
        self.tokens = (tokens - words * u64::from(self.timing.denominator)) as u32;
        self.cycle += cycles;
        self.refresh_phase += cycles;
        self.reads -= words as u32;
        self.read_moved_last |= words > 0;
        self.offers = words > before_last;
    }

    /// How often what happened since `before` happens again, a word read in each such period, before anything else does; 0 if it is
    /// not all as it was then.
    pub fn repeats(&self, before: &Self) -> u64 {
        let Self { cycle, refresh_phase, reads, timing, .. } = *self;
        let period = cycle - before.cycle;
        let as_before = Self { cycle, refresh_phase, reads, ..*before };
        let refreshed =
            before.refresh_phase < timing.refresh_cycles || refresh_phase != before.refresh_phase + period;
        if *self != as_before || reads + 1 != before.reads || refreshed {
            return 0;
        }
        (self.until_event() / period).min(u64::from(reads - 1))
    }

    /// Lets `times` periods of so many cycles pass, up to [`WordFlow::repeats`].
    pub fn repeat(&mut self, times: u64, period: u64) {
        self.cycle += times * period;
        self.refresh_phase += times * period;
        self.reads -= times as u32;
    }

    /// Goes on to the next cycle, if a word was taken from the read channel, and one accepted to be written; false, and all is as it
    /// was, if a burst ends in it or a response comes.
    pub fn step(&mut self, taken: bool, accepted: bool) -> bool {
        let MemoryTiming { numerator, denominator, refresh_interval, refresh_cycles, .. } = self.timing;
        let cycle = self.cycle + 1;
        let refresh_phase = match self.refresh_phase + 1 {
            phase if phase == refresh_interval => 0,
            phase => phase,
        };
        if taken && self.last || self.response <= cycle {
            return false;
        }
        let offers = self.offers && !taken;
        let buffered = self.buffered + u32::from(accepted);
        let refreshes = refresh_interval > 0 && refresh_phase < refresh_cycles;
        if !refreshes {
            let tokens = (self.tokens + numerator).min(2 * denominator);
            let reads = !offers && self.reads > 0 && self.reads_ready <= cycle;
            let writes = buffered > 0 && self.writes > 0;
            let moves = tokens >= denominator && (reads || writes);
            let read = reads && !(writes && self.read_moved_last);
            let ends = if read { self.reads == 1 || self.foreign } else { self.writes == 1 };
            if moves && ends {
                return false;
            }
            self.tokens = tokens - if moves { denominator } else { 0 };
            self.read_moved_last = if moves { read } else { self.read_moved_last };
            self.reads -= u32::from(moves && read);
            self.writes -= u32::from(moves && !read);
            self.offers = offers || moves && read;
            self.buffered = buffered - u32::from(moves && !read);
        } else {
            (self.offers, self.buffered) = (offers, buffered);
        }
        (self.cycle, self.refresh_phase) = (cycle, refresh_phase);
        true
    }
}

impl Pace {
    /// The words of the bursts at hand; `None` if on the read channel is one of another ID than `id`, or if there is a response.
    pub fn words(&self, id: u8) -> Option<WordFlow> {
        let Schedule { read, response, .. } = self.schedule;
        if response || read.is_some_and(|word| word.id != id) {
            return None;
        }
        let reads = self.reads.front();
        Some(WordFlow {
            timing: self.timing,
            cycle: self.cycle,
            refresh_phase: self.refresh_phase,
            tokens: self.tokens,
            read_moved_last: self.read_moved_last,
            offers: read.is_some(),
            last: read.is_some_and(|word| word.last),
            reads: reads.map_or(0, |read| read.words),
            reads_ready: reads.map_or(0, |read| read.ready),
            foreign: reads.is_some_and(|read| read.id != id),
            writes: self.writes.front().copied().unwrap_or(0),
            buffered: self.buffered,
            response: self.responses.front().copied().unwrap_or(u64::MAX),
        })
    }

    /// Takes over what became of its words.
    pub fn set_words(&mut self, flow: &WordFlow, word_bytes: u64) {
        (self.cycle, self.refresh_phase, self.tokens) = (flow.cycle, flow.refresh_phase, flow.tokens);
        (self.read_moved_last, self.buffered) = (flow.read_moved_last, flow.buffered);
        self.schedule.w_ready = flow.accepts();
        if !flow.offers {
            self.schedule.read = None;
        }
        if let Some(read) = self.reads.front_mut().filter(|read| read.words > flow.reads) {
            read.address += u64::from(read.words - flow.reads) * word_bytes;
            read.words = flow.reads;
            if flow.offers {
                let address = read.address - word_bytes;
                self.schedule.read = Some(ReadWord { id: read.id, address, last: false });
            }
        }
        if let Some(words) = self.writes.front_mut() {
            *words = flow.writes;
        }
    }
}
