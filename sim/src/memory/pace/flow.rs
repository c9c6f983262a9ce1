//! The words of bursts on their way, apart from everything else that a memory keeps.

use super::{BUFFER, MemoryTiming, Pace, Read};
use crate::memory::{Burst, ReadWord, Schedule};

/// The words of the bursts at hand, as long as no response comes. The bursts behind them stay in the memory that the flow was taken
/// out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordFlow {
    timing: MemoryTiming,
    word_bytes: u64,
    cycle: u64,
    refresh_phase: u64,
    tokens: u32,
    read_moved_last: bool,
    /// A word is on the read channel.
    offers: bool,
    /// It is the last of its burst: that at hand is the next.
    last: bool,
    /// Its ID, or that of the word before.
    offered_id: u8,
    /// Words of the read burst at hand, and when the first may come.
    reads: u32,
    reads_ready: u64,
    reads_id: u8,
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

    /// The word on the read channel is the last of its burst.
    pub fn offers_last(&self) -> bool {
        self.last
    }

    /// ID of the word on the read channel.
    pub fn offered_id(&self) -> u8 {
        self.offered_id
    }

    /// The words on the read channel and of the burst at hand have this ID.
    pub fn is_all_of(&self, id: u8) -> bool {
        (!self.offers || self.offered_id == id) && (self.reads == 0 || self.reads_id == id)
    }

    /// Words that come in so many cycles if each is taken at once, up to [`WordFlow::undisturbed`].
    pub fn words_in(&self, cycles: u64) -> u64 {
        let MemoryTiming { numerator, denominator, .. } = self.timing;
        ((self.usable_tokens() + cycles * u64::from(numerator)) / u64::from(denominator)).min(cycles)
    }

    /// The tokens, as if the next cycle brought as many as any other also where the bucket is full.
    fn usable_tokens(&self) -> u64 {
        let MemoryTiming { numerator, denominator, .. } = self.timing;
        self.tokens.min((2 * denominator).saturating_sub(numerator)).into()
    }

    /// Cycles in which words are read as the bandwidth has it, but not more than `words`, nor the last of the burst; 0 if something
    /// else counts as well.
    pub fn undisturbed(&self, words: u32) -> u64 {
        let MemoryTiming { numerator, denominator, refresh_cycles, .. } = self.timing;
        let reads_only = self.reads > 0 && self.reads_ready <= self.cycle && self.buffered == 0;
        if self.last || !reads_only || numerator > denominator || self.refresh_phase < refresh_cycles {
            return 0;
        }
        // Behind them comes the first word too many.
        let next = u64::from(words.min(self.reads - 1)) + 1;
        let tokens = (next * u64::from(denominator)).saturating_sub(self.usable_tokens());
        (tokens.div_ceil(numerator.into()).max(next) - 1).min(self.until_event())
    }

    /// Cycles before the next word moves, if none is on its way and the master begins nothing, up to the next beginning or end of a
    /// refresh; 0 if that is not so.
    pub fn rest(&self) -> u64 {
        if self.offers || self.buffered > 0 || self.reads == 0 && self.response == u64::MAX {
            return 0;
        }
        let MemoryTiming { numerator, denominator, refresh_interval, refresh_cycles, .. } = self.timing;
        let phase = self.timing.next_phase(self.refresh_phase);
        let to_response = self.response.saturating_sub(self.cycle + 1);
        if self.timing.refreshes(phase) {
            return to_response.min(refresh_cycles - phase);
        }
        let to_refresh = if refresh_interval > 0 { refresh_interval - phase } else { u64::MAX };
        let to_word = match self.reads {
            0 => u64::MAX,
            _ => {
                let tokens = u64::from(denominator.saturating_sub(self.tokens));
                let to_tokens = tokens.div_ceil(numerator.into()).saturating_sub(1);
                to_tokens.max(self.reads_ready.saturating_sub(self.cycle + 1))
            }
        };
        to_response.min(to_refresh).min(to_word)
    }

    /// Lets so many cycles pass; at most [`WordFlow::rest`].
    pub fn pass(&mut self, cycles: u64) {
        let MemoryTiming { numerator, denominator, refresh_interval, .. } = self.timing;
        if !self.timing.refreshes(self.timing.next_phase(self.refresh_phase)) {
            let tokens = u64::from(self.tokens) + cycles * u64::from(numerator);
            self.tokens = tokens.min(2 * u64::from(denominator)) as u32;
        }
        self.cycle += cycles;
        self.refresh_phase += cycles;
        if self.refresh_phase >= refresh_interval {
            self.refresh_phase -= refresh_interval;
        }
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
        let tokens = self.usable_tokens() + cycles * u64::from(self.timing.numerator);
        self.tokens = (tokens - words * u64::from(self.timing.denominator)) as u32;
        self.cycle += cycles;
        self.refresh_phase += cycles;
        self.reads -= words as u32;
        self.read_moved_last |= words > 0;
        self.offers = words > before_last;
        self.offered_id = self.reads_id;
    }

    /// How often what happened since `before` happens again, a word read in each such period, before anything else does; 0 if it is
    /// not all as it was then.
    pub fn repeats(&self, before: &Self) -> u64 {
        let Self { cycle, refresh_phase, reads, timing, .. } = *self;
        let period = cycle - before.cycle;
        let as_before = Self { cycle, refresh_phase, reads, ..*before };
        let refreshed =
            before.refresh_phase < timing.refresh_cycles || refresh_phase != before.refresh_phase + period;
        if *self != as_before || reads == 0 || reads + 1 != before.reads || refreshed {
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
    /// was, if a response comes in it.
    pub fn step(&mut self, pace: &mut Pace, taken: bool, accepted: bool) -> bool {
        let MemoryTiming { numerator, denominator, .. } = self.timing;
        let (cycle, refresh_phase) = (self.cycle + 1, self.timing.next_phase(self.refresh_phase));
        if self.response <= cycle {
            return false;
        }
        let offers = self.offers && !taken;
        let buffered = self.buffered + u32::from(accepted);
        let (mut read, mut written) = (false, false);
        if !self.timing.refreshes(refresh_phase) {
            let tokens = (self.tokens + numerator).min(2 * denominator);
            let reads = !offers && self.reads > 0 && self.reads_ready <= cycle;
            let writes = buffered > 0 && self.writes > 0;
            let moves = tokens >= denominator && (reads || writes);
            read = moves && reads && !(writes && self.read_moved_last);
            written = moves && !read;
            self.tokens = tokens - if moves { denominator } else { 0 };
            self.read_moved_last = if moves { read } else { self.read_moved_last };
        }
        (self.cycle, self.refresh_phase) = (cycle, refresh_phase);
        self.offers = offers || read;
        self.last &= offers;
        self.buffered = buffered - u32::from(written);
        if read {
            self.offered_id = self.reads_id;
            self.reads -= 1;
            if self.reads == 0 {
                self.end_read(pace);
            }
        }
        if written {
            self.writes -= 1;
            if self.writes == 0 {
                self.end_write(pace);
            }
        }
        true
    }

    /// A read burst that the memory accepted in the cycle that is over. What it could not answer in that one, see
    /// [`Pace::answers_at_once`].
    pub fn accept(&mut self, pace: &mut Pace, burst: &Burst) {
        pace.push_read(burst, self.cycle);
        if pace.reads.len() == 1 {
            self.set_read(pace.reads.front());
        }
    }

    /// Makes a burst the one at hand.
    fn set_read(&mut self, read: Option<&Read>) {
        self.reads = read.map_or(0, |read| read.words);
        self.reads_ready = read.map_or(0, |read| read.ready);
        self.reads_id = read.map_or(0, |read| read.id);
    }

    /// The last word of the read burst at hand is on the read channel.
    fn end_read(&mut self, pace: &mut Pace) {
        let Some(read) = pace.reads.pop_front() else { return };
        let address = read.address + u64::from(read.words - 1) * self.word_bytes;
        pace.schedule.read = Some(ReadWord { id: read.id, address, last: true });
        self.last = true;
        self.set_read(pace.reads.front());
    }

    /// The last word of the write burst at hand left the buffer.
    fn end_write(&mut self, pace: &mut Pace) {
        pace.end_write(self.cycle);
        self.writes = pace.writes.front().copied().unwrap_or(0);
        self.response = pace.responses.front().copied().unwrap_or(u64::MAX);
    }
}

impl Pace {
    /// The words of the bursts at hand; `None` if there is a response.
    pub fn words(&self, word_bytes: u64) -> Option<WordFlow> {
        let Schedule { read, response, .. } = self.schedule;
        if response {
            return None;
        }
        let mut flow = WordFlow {
            timing: self.timing,
            word_bytes,
            cycle: self.cycle,
            refresh_phase: self.refresh_phase,
            tokens: self.tokens,
            read_moved_last: self.read_moved_last,
            offers: read.is_some(),
            last: read.is_some_and(|word| word.last),
            offered_id: read.map_or(0, |word| word.id),
            reads: 0,
            reads_ready: 0,
            reads_id: 0,
            writes: self.writes.front().copied().unwrap_or(0),
            buffered: self.buffered,
            response: self.responses.front().copied().unwrap_or(u64::MAX),
        };
        flow.set_read(self.reads.front());
        Some(flow)
    }

    /// Takes over what became of its words.
    pub fn set_words(&mut self, flow: &WordFlow) {
        (self.cycle, self.refresh_phase, self.tokens) = (flow.cycle, flow.refresh_phase, flow.tokens);
        (self.read_moved_last, self.buffered) = (flow.read_moved_last, flow.buffered);
        if !flow.offers {
            self.schedule.read = None;
        }
        if let Some(read) = self.reads.front_mut().filter(|read| read.words > flow.reads) {
            read.address += u64::from(read.words - flow.reads) * flow.word_bytes;
            read.words = flow.reads;
            if flow.offers {
                let address = read.address - flow.word_bytes;
                self.schedule.read = Some(ReadWord { id: read.id, address, last: false });
            }
        }
        if let Some(words) = self.writes.front_mut() {
            *words = flow.writes;
        }
        self.set_ready();
    }
}
