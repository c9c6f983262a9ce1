//! STORE: vectors from the banks into a FIFO, and from there in bursts to the bus. A burst is announced when all of it is in the
//! FIFO, so that nothing holds the write channel up.

use std::collections::VecDeque;

use pleach_spec::list::{self, Engine};
use pleach_spec::register::ErrorCode;
use pleach_spec::timing::BANK_READ_LATENCY;

use super::fetch::Ordered;
use super::load::{BURST, QUEUE};
use super::read::Request;
use super::tokens::Tokens;
use super::{Fault, RunSetup, Shape, StoreRead};
use crate::memory::{Burst, Schedule};

/// Vectors of the FIFO.
const FIFO: u32 = 128;
/// Write bursts under way.
const BURSTS: usize = 4;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    Check,
    Run,
}

/// A burst whose response has not come.
#[derive(Clone, Copy, Debug)]
struct Unanswered {
    /// The last of its command.
    last: bool,
    signal: u32,
    command: u32,
}

/// The word on the write channel.
#[derive(Clone, Copy, Debug)]
struct Word {
    last: bool,
    /// A bus of 64 bits: the upper half is on it.
    upper: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    queue: VecDeque<Ordered<list::Store>>,
    state: State,
    current: Option<Ordered<list::Store>>,
    /// The next bank read.
    read: StoreRead,
    to_read: u32,
    /// Next vector of a burst: byte address / 16.
    address: u64,
    left: u32,
    /// Vectors of the burst that comes next; 0: not known yet.
    burst: u32,
    /// Bank reads granted, the youngest in bit 0.
    reads: u64,
    /// Vectors asked for that have not left the FIFO.
    reserved: u32,
    /// Vectors in the FIFO that belong to no burst yet.
    unassigned: u32,
    announced: Option<Burst>,
    /// Bursts whose words are not all on the bus: vectors, and the place of the first in its word.
    bursts: VecDeque<(u32, u32)>,
    unanswered: VecDeque<Unanswered>,
    /// Vectors of the burst at hand that have left the FIFO, and the place of the next.
    sent: u32,
    lane: u32,
    word: Option<Word>,
}

pub(super) struct Inputs<'a> {
    pub active: bool,
    pub busy: bool,
    pub setup: &'a RunSetup,
    pub shape: &'a Shape,
    pub start: bool,
    /// The bank read is granted.
    pub read: bool,
    pub bus: &'a Schedule,
}

#[derive(Default)]
pub(super) struct Outputs {
    pub error: Fault,
    /// `wait` of the command that starts.
    pub wait: u32,
    pub read: Option<StoreRead>,
    /// `signal` and ordinal of the command that is complete.
    pub completed: Option<(u32, u32)>,
    pub address_accepted: Option<Burst>,
    /// A word crosses; true for the last of a burst.
    pub word_accepted: Option<bool>,
    pub moved: bool,
}

impl Store {
    pub fn push(&mut self, command: Ordered<list::Store>) {
        self.queue.push_back(command);
    }

    pub fn queue_full(&self) -> bool {
        self.queue.len() == QUEUE
    }

    pub fn queue_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// No command is under way.
    pub fn is_idle(&self) -> bool {
        self.state == State::Idle && self.unanswered.is_empty()
    }

    /// No burst is under way.
    pub fn quiet(&self) -> bool {
        self.unanswered.is_empty() && self.announced.is_none() && self.word.is_none()
    }

    fn has_tokens(&self, tokens: &Tokens) -> bool {
        self.queue.front().is_some_and(|next| tokens.has(Engine::Store, next.command.wait))
    }

    /// The next command waits for tokens.
    pub fn waits(&self, tokens: &Tokens) -> bool {
        self.state == State::Idle && !self.queue.is_empty() && !self.has_tokens(tokens)
    }

    pub fn may_start(&self, active: bool, tokens: &Tokens) -> bool {
        active && self.state == State::Idle && self.has_tokens(tokens)
    }

    pub fn wants_read(&self) -> bool {
        self.state == State::Run && self.to_read > 0 && self.reserved < FIFO
    }

    /// A bank read is granted; `load_bank` is the bank that LOAD writes.
    pub fn grants(&self, active: bool, shape: &Shape, scatter_banks: u64, load_bank: Option<u32>) -> bool {
        let bank = shape.bank(self.read.address);
        active && self.wants_read() && scatter_banks >> bank & 1 == 0 && load_bank != Some(bank)
    }

    /// Something is for the bus, and the bus does not move.
    pub fn waits_for_bus(&self, aw_ready: bool, w_ready: bool) -> bool {
        self.announced.is_some() && !aw_ready
            || self.word.is_some() && !w_ready
            || self.state == State::Idle
                && !self.unanswered.is_empty()
                && self.bursts.is_empty()
                && self.word.is_none()
    }

    /// A word crosses on the write channel.
    pub fn word_moves(&self, w_ready: bool) -> bool {
        self.word.is_some() && w_ready
    }

    /// Its commands stand still but for a burst that it may announce.
    pub fn stands_still(&self, tokens: &Tokens) -> bool {
        self.announced.is_none()
            && match self.state {
                State::Idle => !self.may_start(true, tokens),
                State::Check => false,
                State::Run => self.burst > 0,
            }
    }

    /// There is nothing that it has to do, unless the next command may start.
    fn does_nothing(&self) -> bool {
        self.is_idle() && self.rests() && self.announced.is_none()
    }

    /// It has nothing to read or to send, and waits for answers at most.
    pub fn rests(&self) -> bool {
        !self.wants_read() && self.reads == 0 && self.word.is_none() && self.bursts.is_empty()
    }

    /// A burst is announced in the cycle, or the bank read that is granted is the first of a command.
    pub fn decides(&self, grant: bool) -> bool {
        let announces = self.burst > 0 && self.unassigned >= self.burst && self.unanswered.len() < BURSTS;
        let begins = || self.current.is_none_or(|current| self.to_read == current.command.count);
        announces || grant && begins()
    }

    /// A cycle that is none of these, and without an answer: only vectors move. `read`: a bank read is granted. True if something did.
    pub fn move_vectors(&mut self, shape: &Shape, read: bool, w_ready: bool) -> bool {
        let moved = self.wants_read() || self.reads != 0;
        let sent = self.send(shape, w_ready);
        self.arrive(read);
        if read {
            self.read_on();
        }
        moved || sent
    }

    pub fn step(&mut self, inputs: &Inputs) -> Outputs {
        if inputs.active && self.does_nothing() && !inputs.start {
            return Outputs::default();
        }
        // A vector that arrives in this cycle can make a burst in the next.
        let mut outputs = Outputs { moved: self.wants_read() || self.reads != 0, ..Default::default() };
        let announces = inputs.active
            && self.burst > 0
            && self.unassigned >= self.burst
            && (self.announced.is_none() || inputs.bus.aw_ready)
            && self.unanswered.len() < BURSTS;
        outputs.address_accepted = self.announced.filter(|_| inputs.bus.aw_ready);
        if inputs.bus.aw_ready {
            self.announced = None;
        }
        self.answer(inputs, &mut outputs);
        outputs.word_accepted = self.word_to_pass(inputs.shape, inputs.bus.w_ready);
        outputs.moved |= self.send(inputs.shape, inputs.bus.w_ready);
        self.arrive(inputs.read);
        if announces {
            self.announce(inputs.shape);
        }
        match inputs.active {
            true => self.issue(inputs, announces, &mut outputs),
            false => (self.state, self.burst, self.queue) = (State::Idle, 0, VecDeque::new()),
        }
        if !inputs.busy {
            (self.reads, self.reserved, self.unassigned) = (0, 0, 0);
        }
        outputs.moved |= announces || inputs.start || inputs.read;
        outputs
    }

    fn answer(&mut self, inputs: &Inputs, outputs: &mut Outputs) {
        if !inputs.bus.response {
            return;
        }
        if let Some(burst) = self.unanswered.pop_front() {
            outputs.completed = (burst.last && inputs.active).then_some((burst.signal, burst.command));
        }
    }

    /// The word that crosses in this cycle, all of it: whether it is the last of its burst.
    fn word_to_pass(&self, shape: &Shape, w_ready: bool) -> Option<bool> {
        let word = self.word.as_ref().filter(|_| w_ready)?;
        Some(word.last && (word.upper || shape.halves == 1))
    }

    /// The write channel and the gearbox in front of it; true if something moved.
    fn send(&mut self, shape: &Shape, w_ready: bool) -> bool {
        let mut moved = false;
        if let Some(word) = self.word.as_mut() {
            if !w_ready {
                return false;
            }
            moved = true;
            let ends = word.upper || shape.halves == 1;
            word.upper = true;
            if !ends {
                return true;
            }
        }
        self.word = None;
        let Some(&(beats, first_lane)) = self.bursts.front() else { return moved };
        let lane = if self.sent == 0 { first_lane } else { self.lane };
        self.sent += 1;
        self.reserved -= 1;
        let last = self.sent == beats;
        if last {
            self.bursts.pop_front();
            self.sent = 0;
        }
        if last || lane + 1 == shape.lanes {
            self.word = Some(Word { last, upper: false });
            self.lane = 0;
        } else {
            self.lane = lane + 1;
        }
        true
    }

    /// `read`: a bank read is granted.
    fn arrive(&mut self, read: bool) {
        let mask = (1 << BANK_READ_LATENCY) - 1;
        self.unassigned += (self.reads >> (BANK_READ_LATENCY - 1)) as u32 & 1;
        self.reads = (self.reads << 1 | u64::from(read)) & mask;
        self.reserved += u32::from(read);
    }

    fn announce(&mut self, shape: &Shape) {
        let Some(Ordered { command, ordinal }) = self.current else { return };
        let request = Request { id: 0, address: self.address, beats: self.burst };
        self.announced = Some(request.burst(shape));
        self.bursts.push_back((self.burst, shape.lane(self.address)));
        let last = self.left == self.burst;
        self.unanswered.push_back(Unanswered { last, signal: command.signal, command: ordinal });
        self.unassigned -= self.burst;
    }

    /// A bank read is granted: which.
    fn read_on(&mut self) -> StoreRead {
        let read = self.read;
        self.read.address = (self.read.address + 1) & ((1 << 20) - 1);
        self.read.target += 1;
        self.to_read -= 1;
        read
    }

    fn issue(&mut self, inputs: &Inputs, announced: bool, outputs: &mut Outputs) {
        match (self.state, self.current) {
            (State::Check, Some(Ordered { command, ordinal })) => {
                outputs.moved = true;
                let place = inputs.setup.segments[1];
                self.address = place.base / 16 + u64::from(command.target);
                self.read = StoreRead { address: command.address, target: command.target, command: ordinal };
                (self.to_read, self.left, self.state) = (command.count, command.count, State::Run);
                if u64::from(command.target) + u64::from(command.count) > u64::from(place.size) {
                    outputs.error = Some((ErrorCode::Bounds, ordinal));
                }
            }
            (State::Run, _) => {
                outputs.read = inputs.read.then(|| self.read_on());
                if announced {
                    self.address += u64::from(self.burst);
                    self.left -= self.burst;
                    self.burst = 0;
                    if self.left == 0 {
                        self.state = State::Idle;
                    }
                } else if self.burst == 0 {
                    self.burst = (BURST - (self.address as u32 & (BURST - 1))).min(self.left);
                    outputs.moved = true;
                }
            }
            (State::Idle, _) if inputs.start => {
                self.current = self.queue.pop_front();
                self.state = State::Check;
                outputs.wait = self.current.map_or(0, |next| next.command.wait);
            }
            _ => (),
        }
    }
}
