//! LOAD: commands in order, bursts of several commands under way, one beat a cycle on chip.

use std::collections::VecDeque;

use pleach_spec::list::{self, Engine, Target};
use pleach_spec::register::ErrorCode;

use super::expand::Incoming;
use super::fetch::Ordered;
use super::read::{LOAD_BURSTS, LOAD_ID, Request};
use super::tokens::Tokens;
use super::{Fault, LoadWrite, RunSetup, Shape};

/// Commands that can wait.
pub(super) const QUEUE: usize = 16;
/// Commands whose data can be under way beside the one that is written.
const RECORDS: usize = 4;
/// Bursts are cut at multiples of so many beats.
pub(super) const BURST: u32 = 64;
/// Cycles for a beat of a table.
const TABLE_CYCLES: u32 = 16;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    Check,
    Bursts,
}

/// A command whose data is under way.
#[derive(Clone, Copy, Debug)]
struct Under {
    incoming: Incoming,
    /// Its first beat written.
    first: LoadWrite,
    signal: u32,
}

impl Under {
    /// The beat before the next one that gets in front of the memories.
    fn before_next(&self) -> LoadWrite {
        let index = self.incoming.address.wrapping_sub(self.first.address).wrapping_sub(1);
        let LoadWrite { address, source, .. } = self.first;
        LoadWrite {
            address: address.wrapping_add(index),
            source: source.wrapping_add(index >> self.incoming.width),
            ..self.first
        }
    }
}

/// A beat in front of the on-chip memories.
#[derive(Clone, Copy, Debug)]
struct Held {
    write: LoadWrite,
    last: bool,
    signal: u32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Load {
    queue: VecDeque<Ordered<list::Load>>,
    state: State,
    current: Option<Ordered<list::Load>>,
    /// Next beat to ask for: byte address / 16.
    address: u64,
    left: u32,
    /// Beats of the burst that is asked for; 0: not known yet.
    burst: u32,
    records: VecDeque<Under>,
    receiving: Option<Under>,
    held: Option<Held>,
    table_cycle: u32,
    /// The command of the last beat that was written.
    written: Option<u32>,
}

/// Beats of a command on their way on chip, as long as it neither begins nor ends there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beats {
    /// They are for the activation buffer.
    pub activation: bool,
    /// One of them has been written.
    pub begun: bool,
    /// One is in front of the memories: that before the next one.
    pub held: bool,
    /// The others.
    pub incoming: Incoming,
}

impl Beats {
    /// None is in front of the memories or waits to become several.
    pub fn rest(&self) -> bool {
        !self.held && !self.incoming.waits()
    }
}

/// The beat in front of the on-chip memories in this cycle.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Offer {
    pub valid: bool,
    /// It is written, or the last byte of it.
    pub done: bool,
    /// An activation bank did not grant it.
    pub refused: bool,
    /// The activation bank that it is written to.
    pub bank: Option<u32>,
}

pub(super) struct Inputs<'a> {
    pub active: bool,
    pub setup: &'a RunSetup,
    pub shape: &'a Shape,
    pub start: bool,
    pub granted: bool,
    pub take: bool,
    pub offer: Offer,
}

#[derive(Default)]
pub(super) struct Outputs {
    pub error: Fault,
    /// `wait` of the command that starts.
    pub wait: u32,
    pub written: Option<LoadWrite>,
    /// `signal` and ordinal of the command that is complete.
    pub completed: Option<(u32, u32)>,
    pub moved: bool,
}

impl Load {
    pub fn push(&mut self, command: Ordered<list::Load>) {
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
        self.state == State::Idle
            && self.records.is_empty()
            && self.receiving.is_none()
            && self.held.is_none()
    }

    fn has_tokens(&self, tokens: &Tokens) -> bool {
        self.queue.front().is_some_and(|next| tokens.has(Engine::Load, next.command.wait))
    }

    /// The next command waits for tokens.
    pub fn waits(&self, tokens: &Tokens) -> bool {
        self.state == State::Idle && !self.queue.is_empty() && !self.has_tokens(tokens)
    }

    pub fn may_start(&self, active: bool, tokens: &Tokens) -> bool {
        active && self.state == State::Idle && self.records.len() < RECORDS && self.has_tokens(tokens)
    }

    pub fn request(&self, allowed: bool) -> Option<Request> {
        let asks = allowed && self.burst > 0;
        asks.then_some(Request { id: LOAD_ID, address: self.address, beats: self.burst })
    }

    /// Place of the next beat in a new word.
    pub fn lane(&self) -> u32 {
        self.receiving.map_or(0, |under| under.incoming.lane)
    }

    /// The next beat is the last of its command.
    pub fn ends(&self) -> bool {
        self.receiving.is_some_and(|under| under.incoming.to_read == 1)
    }

    pub fn offer(&self, active: bool, shape: &Shape, scatter_banks: u64) -> Offer {
        let Some(held) = self.held.filter(|_| active) else { return Offer::default() };
        let bank = shape.bank(held.write.address);
        let blocked = scatter_banks >> bank & 1 == 1;
        let activation = held.write.target == Target::Activation;
        Offer {
            valid: true,
            done: match held.write.target {
                Target::Activation => !blocked,
                Target::Table => self.table_cycle == TABLE_CYCLES - 1,
                _ => true,
            },
            refused: activation && blocked,
            bank: (activation && !blocked).then_some(bank),
        }
    }

    /// It can take a beat.
    pub fn takes(&self, offer: &Offer) -> bool {
        let free = self.held.is_none() || offer.done;
        self.receiving.is_some_and(|under| under.incoming.ready(free))
    }

    pub fn step(&mut self, inputs: &Inputs) -> Outputs {
        let mut outputs = Outputs::default();
        if !inputs.active {
            *self = Self::default();
            return outputs;
        }
        if self.is_idle() && !inputs.start {
            return outputs;
        }
        let was_receiving = self.receiving.is_some();
        outputs.moved = self.receiving.is_some_and(|under| under.incoming.waits());
        self.write(inputs, &mut outputs);
        self.receive(inputs);
        if !was_receiving && let Some(under) = self.records.pop_front() {
            self.receiving = Some(under);
            outputs.moved = true;
        }
        self.issue(inputs, &mut outputs);
        outputs.moved |= inputs.start || inputs.granted || inputs.take || inputs.offer.valid;
        outputs
    }

    fn write(&mut self, inputs: &Inputs, outputs: &mut Outputs) {
        let Some(held) = self.held else { return };
        if inputs.offer.done {
            outputs.written = Some(held.write);
            self.written = Some(held.write.command);
            outputs.completed = held.last.then_some((held.signal, held.write.command));
            (self.held, self.table_cycle) = (None, 0);
        } else if held.write.target == Target::Table {
            self.table_cycle += 1;
        }
    }

    fn receive(&mut self, inputs: &Inputs) {
        let Some(under) = self.receiving.as_mut() else { return };
        let free = self.held.is_none();
        let enters = under.incoming.enters(inputs.take, free);
        under.incoming.step(inputs.take, free);
        if !enters {
            return;
        }
        let last = under.incoming.left == 0;
        self.held = Some(Held { write: under.before_next(), last, signal: under.signal });
        if last {
            self.receiving = None;
        }
    }

    fn issue(&mut self, inputs: &Inputs, outputs: &mut Outputs) {
        match (self.state, self.current) {
            (State::Check, Some(Ordered { command, ordinal })) => {
                outputs.moved = true;
                if let Some(under) = self.locate(&command, ordinal, inputs) {
                    self.records.push_back(under);
                    (self.state, self.left) = (State::Bursts, command.beats_read());
                } else {
                    outputs.error = Some((ErrorCode::Bounds, ordinal));
                }
            }
            (State::Bursts, _) if inputs.granted => {
                self.pass_burst();
                if self.left == 0 {
                    self.state = State::Idle;
                }
            }
            (State::Bursts, _) if self.burst == 0 => {
                self.cut_burst();
                outputs.moved = true;
            }
            (State::Idle, _) if inputs.start => {
                self.current = self.queue.pop_front();
                self.state = State::Check;
                outputs.wait = self.current.map_or(0, |next| next.command.wait);
            }
            _ => (),
        }
    }

    /// The burst that was asked for is granted: on to the next.
    pub fn pass_burst(&mut self) {
        self.address += u64::from(self.burst);
        self.left -= self.burst;
        self.burst = 0;
    }

    /// Finds out how long the next burst is.
    pub fn cut_burst(&mut self) {
        self.burst = (BURST - (self.address as u32 & (BURST - 1))).min(self.left);
    }

    /// It does not know how long its next burst is, and finds out in the cycle.
    pub fn cuts(&self) -> bool {
        self.state == State::Bursts && self.burst == 0
    }

    /// The burst that it asks for is the last of its command.
    pub fn asks_for_last(&self) -> bool {
        self.burst == self.left
    }

    /// Its commands stand still but for their bursts.
    pub fn stands_still(&self, tokens: &Tokens) -> bool {
        match self.state {
            State::Idle => !self.may_start(true, tokens),
            State::Check => false,
            State::Bursts => true,
        }
    }

    /// Its bursts stand still, if so many are under way.
    pub fn bursts_rest(&self, outstanding: u32) -> bool {
        self.state != State::Bursts || self.burst > 0 && outstanding >= LOAD_BURSTS
    }

    /// The beats of the command at hand; `None` if one of a table or the last one is in front of the memories, or the first one of a
    /// command, or if the next command begins.
    pub fn beats(&self) -> Option<Beats> {
        let Some(under) = self.receiving else {
            let rests = self.held.is_none() && self.records.is_empty();
            return rests.then(Beats::default);
        };
        let LoadWrite { target, command, .. } = under.first;
        let begun = self.written == Some(command);
        let plain = |held: &Held| held.write.command == command && !held.last && begun;
        if target == Target::Table || !self.held.as_ref().is_none_or(plain) {
            return None;
        }
        Some(Beats {
            activation: target == Target::Activation,
            begun,
            held: self.held.is_some(),
            incoming: under.incoming,
        })
    }

    /// Takes over what became of them.
    pub fn set_beats(&mut self, beats: &Beats) {
        let Some(under) = &mut self.receiving else { return };
        under.incoming = beats.incoming;
        let held = || Held { write: under.before_next(), last: false, signal: under.signal };
        self.held = beats.held.then(held);
    }

    /// The command as it is received, if it stays inside of its segment and of the activation buffer.
    fn locate(&mut self, command: &list::Load, ordinal: u32, inputs: &Inputs) -> Option<Under> {
        let segment = command.segment as usize;
        let place = inputs.setup.segments[segment];
        self.address = place.base / 16 + u64::from(command.source);
        let target = Target::ALL[command.target as usize];
        let past = u64::from(command.source) + u64::from(command.beats_read()) > u64::from(place.size)
            || target == Target::Activation
                && command.address + command.count > inputs.shape.activation_vectors;
        let first =
            LoadWrite { target, address: command.address, segment, source: command.source, command: ordinal };
        let lane = inputs.shape.lane(self.address);
        let incoming =
            Incoming::new(command.address, command.beats_read(), command.count, lane, command.width);
        (!past).then_some(Under { incoming, first, signal: command.signal })
    }
}
