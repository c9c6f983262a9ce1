//! Dependences between commands, and the tokens that keep them.
//!
//! The order of the list is one in which the commands could be executed one after the other. What a command reads and writes is
//! compared with what those before it did, and where that was another engine, the command waits for a token of the last one
//! that matters, unless it is known to be complete already. Tokens of a pair of engines are thus taken in the order in which they
//! are given.

use pleach_spec::list::{self, Command, Engine};
use std::collections::BTreeMap;
use std::ops::Range;

/// Tokens of a pair of engines that are under way at most, but for those of commands that are in the list ahead of their takers.
/// Half of what a counter holds.
const TOKENS: usize = list::MAX_TOKENS as usize / 2;

/// A memory with addresses of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Activation buffer, in vectors.
    Activation = 0,
    /// Word buffer, in words.
    Word = 1,
    /// Gather list, in entries.
    List = 2,
    /// Parameters, in entries.
    Parameter = 3,
    /// Tables.
    Table = 4,
    /// Segment 1, in vectors.
    Data = 5,
}

/// What a command does to a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It looks.
    Read,
    /// It changes.
    Write,
}

/// An access of a command.
#[derive(Clone, Debug)]
pub struct Access {
    /// Where.
    pub memory: Memory,
    /// Addresses.
    pub range: Range<usize>,
    /// How.
    pub mode: Mode,
}

/// For each engine, how many of its commands must be complete.
type Clock = [u32; 3];

fn join(a: Clock, b: Clock) -> Clock {
    std::array::from_fn(|engine| a[engine].max(b[engine]))
}

/// Who used an address last.
#[derive(Clone, Copy, Debug, Default)]
struct Uses {
    write: Clock,
    /// Since the last write.
    reads: Clock,
}

/// The uses of a memory: ranges by start, each up to the next one.
#[derive(Debug)]
struct History(BTreeMap<usize, Uses>);

impl History {
    /// Makes a range begin at an address.
    fn split(&mut self, at: usize) {
        let (&start, &uses) = self.0.range(..=at).next_back().expect("ranges begin at 0");
        if start < at {
            self.0.insert(at, uses);
        }
    }

    /// Notes an access of command `ordinal` of an engine; returns which commands it must come after.
    fn access(&mut self, range: &Range<usize>, mode: Mode, engine: Engine, ordinal: u32) -> Clock {
        self.split(range.start);
        self.split(range.end);
        let mut after = Clock::default();
        match mode {
            Mode::Read => {
                for (_, uses) in self.0.range_mut(range.clone()) {
                    after = join(after, uses.write);
                    uses.reads[engine as usize] = ordinal + 1;
                }
            }
            Mode::Write => {
                let inside: Vec<usize> = self.0.range(range.clone()).map(|(&start, _)| start).collect();
                for start in inside {
                    let uses = self.0.remove(&start).expect("it was just found");
                    after = join(after, join(uses.write, uses.reads));
                }
                let mut uses = Uses::default();
                uses.write[engine as usize] = ordinal + 1;
                self.0.insert(range.start, uses);
            }
        }
        after
    }
}

/// The list as it grows.
#[derive(Debug)]
pub struct Scheduler {
    /// The commands.
    pub commands: Vec<Command>,
    /// Index in the list of each engine's commands.
    indices: [Vec<usize>; 3],
    /// What each command of each engine has waited for when it is complete, itself included.
    done: [Vec<Clock>; 3],
    /// Ordinals of the commands that take the tokens of each pair `[giver][taker]`, in order.
    takers: [[Vec<u32>; 3]; 3],
    /// What each engine's next command has waited for anyway.
    start: [Clock; 3],
    memories: [History; 6],
}

impl Default for Scheduler {
    fn default() -> Self {
        Self {
            commands: Vec::new(),
            indices: Default::default(),
            done: Default::default(),
            takers: Default::default(),
            start: Default::default(),
            memories: std::array::from_fn(|_| History(BTreeMap::from([(0, Uses::default())]))),
        }
    }
}

impl Scheduler {
    /// Appends a command with the tokens that it needs; `wait` and `signal` of it are set here. For a pass also `after`.
    pub fn push(&mut self, mut command: Command, accesses: &[Access]) {
        let engine = command.engine();
        let me = engine as usize;
        let ordinal = self.indices[me].len() as u32;
        let mut written = Clock::default();
        let mut needs = Clock::default();
        for Access { memory, range, mode } in accesses {
            let after = self.memories[*memory as usize].access(range, *mode, engine, ordinal);
            if (*memory, *mode) == (Memory::Activation, Mode::Read) {
                written = join(written, after);
            }
            needs = join(needs, after);
        }
        let wait = self.wait(me, join(needs, self.tokens_taken(me)));
        if let Command::Compute(pass) = &mut command {
            // Not far behind the pass itself, so that the comparison modulo 2^16 knows which is ahead.
            let after = written[me].max((ordinal + 1).saturating_sub(1 << 14));
            pass.gather.after = after & 0xffff;
        }
        command.set_tokens(wait, 0);
        let before = self.done[me].last().copied().unwrap_or_default();
        let mut done = join(self.start[me], before);
        done[me] = ordinal + 1;
        self.done[me].push(done);
        self.indices[me].push(self.commands.len());
        self.commands.push(command);
    }

    /// What the next command of an engine must come after so that the tokens that the engine has given do not pile up.
    fn tokens_taken(&self, me: usize) -> Clock {
        std::array::from_fn(|other| {
            let takers = &self.takers[me][other];
            takers.len().checked_sub(TOKENS).map_or(0, |late| takers[late] + 1)
        })
    }

    /// Makes the next command of an engine wait for others; returns which engines' tokens it takes.
    fn wait(&mut self, me: usize, needs: Clock) -> u32 {
        let clock_of = |done: &[Vec<Clock>; 3], other: usize| done[other][needs[other] as usize - 1];
        let mut others: Vec<usize> =
            (0..3).filter(|&other| other != me && needs[other] > self.start[me][other]).collect();
        if let [a, b] = others[..] {
            // One of two may have waited for the other.
            if clock_of(&self.done, a)[b] >= needs[b] {
                others = vec![a];
            } else if clock_of(&self.done, b)[a] >= needs[a] {
                others = vec![b];
            }
        }
        let mut wait = 0;
        for other in others {
            wait |= 1 << other;
            self.takers[other][me].push(self.indices[me].len() as u32);
            let source = &mut self.commands[self.indices[other][needs[other] as usize - 1]];
            let (source_wait, signal) = source.tokens();
            source.set_tokens(source_wait, signal | 1 << me);
            self.start[me] = join(self.start[me], clock_of(&self.done, other));
        }
        wait
    }
}
