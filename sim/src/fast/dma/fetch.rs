//! FETCH: reads the command list and hands it out.

use pleach_spec::Record;
use pleach_spec::list::{self, Beat, Engine};
use pleach_spec::register::ErrorCode;

use super::read::{FETCH_ID, Request};
use super::{Fault, RunSetup, Shape};

/// Beats of the FIFO.
const FIFO: u32 = 64;
/// Bursts are cut at multiples of so many beats.
const BURST: u32 = 16;

/// Which queues have no place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queues {
    pub load_full: bool,
    pub store_full: bool,
    pub passes_full: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Adds base and offset.
    #[default]
    Locate,
    /// Compares with the size of the segment.
    Check,
    Run,
}

/// A command with its ordinal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ordered<T> {
    pub command: T,
    pub ordinal: u32,
}

/// The beat at the end of the FIFO, in a register.
#[derive(Clone, Copy, Debug)]
struct Stage {
    beat: Beat,
    legal: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Fetch {
    phase: Phase,
    /// Next beat to ask for: byte address / 16.
    address: u64,
    to_request: u32,
    /// Beats of the burst that is asked for; 0: not known yet.
    burst: u32,
    /// Beats asked for that have not left the FIFO.
    reserved: u32,
    to_receive: u32,
    lane: u32,
    /// Beats in the FIFO.
    received: u32,
    /// Beats that left the FIFO.
    staged: u32,
    stage: Option<Stage>,
    /// Beats not handed out.
    left: u32,
    /// Beat of a COMPUTE command that comes next.
    body: usize,
    /// Commands handed out.
    pub ordinal: u32,
}

pub(super) struct Inputs<'a> {
    pub active: bool,
    pub setup: &'a RunSetup,
    pub shape: &'a Shape,
    pub model: &'a [Beat],
    pub granted: bool,
    pub take: bool,
    pub queues: Queues,
}

#[derive(Default)]
pub(super) struct Outputs {
    pub error: Fault,
    pub load: Option<Ordered<list::Load>>,
    pub store: Option<Ordered<list::Store>>,
    /// The head of a COMPUTE command.
    pub pass: Option<Ordered<list::Compute>>,
    /// Its last beat.
    pub pass_written: bool,
    pub moved: bool,
}

impl Fetch {
    pub fn request(&self, active: bool) -> Option<Request> {
        let asks = active && self.burst > 0 && self.reserved + BURST <= FIFO;
        asks.then_some(Request { id: FETCH_ID, address: self.address, beats: self.burst })
    }

    /// Place of the next beat in a new word.
    pub fn lane(&self) -> u32 {
        self.lane
    }

    /// The next beat is the last of the list.
    pub fn ends(&self) -> bool {
        self.to_receive == 1
    }

    pub fn handed_out(&self) -> bool {
        self.phase == Phase::Run && self.left == 0
    }

    /// The next command has no place in its queue.
    pub fn waits(&self, queues: &Queues) -> bool {
        self.body == 0
            && self.stage.is_some_and(|stage| {
                stage.legal
                    && match stage.beat[0] & 15 {
                        list::KIND_LOAD => queues.load_full,
                        list::KIND_STORE => queues.store_full,
                        _ => queues.passes_full,
                    }
            })
    }

    /// Nothing changes until a beat comes or a queue has a place.
    pub fn stands_still(&self, queues: &Queues) -> bool {
        let asks_nothing = match self.burst {
            0 => self.to_request == 0,
            _ => self.reserved + BURST > FIFO,
        };
        let hands_out_nothing = match self.stage {
            None => self.received == 0,
            Some(_) => self.waits(queues),
        };
        self.phase == Phase::Run && asks_nothing && hands_out_nothing
    }

    /// It starts, it ends, or it may find an error.
    pub fn decides(&self) -> bool {
        let illegal = self.body == 0 && self.stage.is_some_and(|stage| !stage.legal);
        self.phase != Phase::Run || self.left == 1 || illegal
    }

    pub fn step(&mut self, inputs: &Inputs) -> Outputs {
        let mut outputs = Outputs::default();
        let setup = inputs.setup;
        if !inputs.active {
            *self = Self::default();
            return outputs;
        }
        if !inputs.take && !inputs.granted && self.stands_still(&inputs.queues) {
            return outputs;
        }
        match self.phase {
            Phase::Locate => {
                self.address = setup.segments[0].base / 16 + u64::from(setup.list_offset);
                self.lane = inputs.shape.lane(self.address);
                (self.to_request, self.to_receive, self.left) =
                    (setup.list_beats, setup.list_beats, setup.list_beats);
                self.phase = Phase::Check;
                outputs.moved = true;
            }
            Phase::Check => {
                let end = u64::from(setup.list_offset) + u64::from(setup.list_beats);
                if end > u64::from(setup.segments[0].size) {
                    outputs.error = Some((ErrorCode::Bounds, 0));
                }
                self.phase = Phase::Run;
                outputs.moved = true;
            }
            Phase::Run => self.run(inputs, &mut outputs),
        }
        outputs
    }

    fn run(&mut self, inputs: &Inputs, outputs: &mut Outputs) {
        let leaves = self.stage.is_some() && !self.waits(&inputs.queues);
        if leaves {
            self.hand_out(outputs);
        }
        if self.received > 0 && (self.stage.is_none() || leaves) {
            let index = inputs.setup.list_offset as usize + self.staged as usize;
            let beat = inputs.model.get(index).copied().unwrap_or_default();
            self.stage = Some(Stage { beat, legal: is_legal(&beat) });
            self.received -= 1;
            self.reserved -= 1;
            self.staged += 1;
            outputs.moved = true;
        } else if leaves {
            self.stage = None;
        }
        if inputs.take {
            self.received += 1;
            self.to_receive -= 1;
            self.lane = 0;
        }
        if inputs.granted {
            self.address += u64::from(self.burst);
            self.to_request -= self.burst;
            self.reserved += self.burst;
            self.burst = 0;
        } else if self.burst == 0 && self.to_request > 0 {
            self.burst = (BURST - (self.address as u32 & (BURST - 1))).min(self.to_request);
            outputs.moved = true;
        }
        outputs.moved |= leaves;
    }

    fn hand_out(&mut self, outputs: &mut Outputs) {
        let Some(Stage { beat, legal }) = self.stage else { return };
        let illegal = Some((ErrorCode::Illegal, self.ordinal));
        self.left -= 1;
        let last = self.left == 0;
        if self.body > 0 {
            self.body += 1;
            if self.body == list::COMPUTE_BEATS {
                (self.body, self.ordinal, outputs.pass_written) = (0, self.ordinal + 1, true);
            } else if last {
                outputs.error = illegal;
            }
            return;
        }
        let ordinal = self.ordinal;
        match beat[0] & 15 {
            _ if !legal => outputs.error = illegal,
            list::KIND_LOAD => outputs.load = Some(Ordered { command: list::Load::unpack(&beat), ordinal }),
            list::KIND_STORE => {
                outputs.store = Some(Ordered { command: list::Store::unpack(&beat), ordinal })
            }
            _ => {
                outputs.pass = Some(Ordered { command: list::Compute::unpack(&beat), ordinal });
                self.body = 1;
                if last {
                    outputs.error = illegal;
                }
                return;
            }
        }
        self.ordinal += 1;
    }
}

/// Whether a beat can begin a command.
fn is_legal(beat: &Beat) -> bool {
    let mentions = |engine: Engine| beat[0] >> 4 & (1 << engine as u32 | 8 << engine as u32) != 0;
    match beat[0] & 15 {
        list::KIND_LOAD => {
            let rules = list::Load::unpack(beat).broken_rule();
            is_clear::<list::Load>(beat) && rules.is_none() && !mentions(Engine::Load)
        }
        list::KIND_STORE => is_clear::<list::Store>(beat) && beat[0] >> 16 > 0 && !mentions(Engine::Store),
        list::KIND_COMPUTE => is_clear::<list::Compute>(beat) && !mentions(Engine::Compute),
        _ => false,
    }
}

/// No reserved bit is set.
fn is_clear<T: Record>(beat: &Beat) -> bool {
    let reserved = const { list::reserved_bits::<T>() };
    beat.iter().zip(reserved).all(|(word, reserved)| word & reserved == 0)
}
