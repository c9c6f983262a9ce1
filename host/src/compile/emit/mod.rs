//! From the plan to the command list.
//!
//! Passes are *prepared* in order, ahead of being emitted: their maps, words, entries and parameters get places on the chip, and
//! what must be loaded is queued. How far ahead is decided by the room there is. What a pass was the last to use becomes free for
//! loads only [`DELAY`] passes later in the list, so that FETCH, which goes through the list in order and waits with a load for
//! that pass, has handed out the passes behind it.
//!
//! Where words, entries, parameters and tables of all passes fit on the chip together, nothing of them is ever overwritten, and a
//! second list grows beside the first, without their loads: that of every run but the first.

mod image;
mod onchip;
mod order;
mod pass;
mod prepare;

use super::CompileError;
use super::depend::{Access, Scheduler};
use super::plan::{AHEAD, Plan};
use super::region::Region;
use super::step::{Step, Steps};
use super::tile::Tiles;
use image::Model;
use onchip::OnChip;
use order::{Order, Turn};
use pass::Prepared;
use pleach_spec::Config;
use pleach_spec::codebook::Codebook;
use pleach_spec::layout::MapLayout;
use pleach_spec::list::{Command, Image, Load};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// Passes in the list between the last use of something and a load that overwrites it.
const DELAY: usize = 2;
/// Loads between two passes at most, besides those that the next one needs: behind more than LOAD's queue holds, FETCH would wait
/// with the pass.
const LOADS_BETWEEN: usize = 12;

/// What the list is made of.
pub struct Input<'a> {
    /// Steps and blocks.
    pub steps: &'a Steps<'a>,
    /// Tiles of each step.
    pub tiles: &'a [Rc<Tiles>],
    /// Regions of each step.
    pub regions: &'a [Vec<Region>],
    /// Where each block is in segment 1.
    pub layouts: &'a [MapLayout],
    /// Whether it is there.
    pub stored: &'a [bool],
    /// Strips, and what stays on the chip.
    pub plan: &'a Plan,
    /// How long what passes need besides maps stays on the chip.
    pub stay: Stay,
    /// Configuration.
    pub config: &'a Config,
}

/// How long words, entries, parameters and tables stay on the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// From image to image.
    Always,
    /// Until something else needs the room.
    Needed,
}

/// Why there is no list.
pub enum Failure {
    /// What is to stay on the chip always does not fit.
    Stay,
    /// A step finds no room on the chip.
    Room {
        /// Index of the step.
        step: usize,
    },
    /// There is none for this network.
    Error(CompileError),
}

impl From<CompileError> for Failure {
    fn from(error: CompileError) -> Self {
        Self::Error(error)
    }
}

/// A command list with all that it loads, and the layer that each command works for.
pub struct Emitted {
    /// The image; `data_vectors` is left 0.
    pub image: Image,
    /// Layer of each command.
    pub owners: Vec<u32>,
}

/// A load that is to be emitted before a pass.
struct PendingLoad {
    load: Load,
    accesses: Vec<Access>,
    turn: usize,
    owner: u32,
}

/// A command of the list, without its tokens.
struct Unordered {
    command: Command,
    accesses: Vec<Access>,
    owner: u32,
}

/// The list as it grows.
struct Emitter<'a> {
    input: &'a Input<'a>,
    order: Order,
    chip: OnChip,
    model: Model<'a>,
    loads: VecDeque<PendingLoad>,
    /// Tokens come when the list is complete: many that are begun never are.
    commands: Vec<Unordered>,
    /// A codebook for all weights of a step, for those asked for so far, and its width.
    codebooks: HashMap<usize, Option<(Codebook, u32)>>,
    /// Beat of the codebook that the last load of one brings.
    codebook: Option<usize>,
    /// Phase rows of each block that the list has stored, of all images.
    stored_rows: Vec<usize>,
    /// About the cycle in which LOAD is done with the list so far.
    load_time: usize,
    /// The same of COMPUTE.
    compute_time: usize,
}

/// Makes the list.
pub fn emit(input: &Input) -> Result<Emitted, Failure> {
    let mut emitter = Emitter {
        input,
        order: Order::new(input),
        chip: OnChip::new(input),
        model: Model::new(input.config),
        loads: VecDeque::new(),
        commands: Vec::new(),
        codebooks: HashMap::new(),
        codebook: None,
        stored_rows: input
            .steps
            .blocks
            .iter()
            .map(|b| if b.writer.is_none() { usize::MAX } else { 0 })
            .collect(),
        load_time: 0,
        compute_time: 0,
    };
    let turns = emitter.order.len();
    let mut prepared: VecDeque<Prepared> = VecDeque::new();
    for turn in 0..turns {
        emitter.chip.release(turn);
        loop {
            let next = turn + prepared.len();
            if next >= turns || next > turn + AHEAD {
                break;
            }
            match emitter.prepare(next)? {
                Some(pass) => prepared.push_back(pass),
                None if next > turn => break,
                None if emitter.chip.release_all() => {}
                None => return Err(Failure::Room { step: emitter.order.turn(next).step }),
            }
        }
        let pass = prepared.pop_front().expect("the next pass is prepared or an error");
        let issue = &pass.command.issue;
        emitter.emit_loads(turn, issue.count as usize * issue.tiles as usize);
        emitter.emit_pass(turn, pass);
    }
    emitter.finish().map_err(Failure::Error)
}

impl Emitter<'_> {
    /// Emits the loads that a pass of so many cycles needs, and those for later ones that LOAD has time for while it is executed.
    fn emit_loads(&mut self, turn: usize, cycles: usize) {
        while let Some(load) = self.loads.pop_front_if(|load| load.turn <= turn) {
            self.emit_load(load);
        }
        let start = self.compute_time.max(self.load_time);
        self.compute_time = start + cycles;
        for _ in 0..LOADS_BETWEEN {
            if self.load_time >= self.compute_time {
                break;
            }
            let Some(load) = self.loads.pop_front() else { break };
            self.emit_load(load);
        }
        // It waits for the pass if it has nothing else to do.
        self.load_time = self.load_time.max(start);
    }

    fn emit_load(&mut self, PendingLoad { load, accesses, owner, .. }: PendingLoad) {
        // A beat a cycle.
        self.load_time += load.count as usize;
        self.push(Command::Load(load), accesses, owner);
    }

    fn push(&mut self, command: Command, accesses: Vec<Access>, owner: u32) {
        self.commands.push(Unordered { command, accesses, owner });
    }

    fn emit_pass(&mut self, turn: usize, pass: Prepared) {
        let Turn { step, .. } = *self.order.turn(turn);
        let owner = self.owner(step);
        self.push(Command::Compute(pass.command), pass.accesses, owner);
        for (store, accesses) in pass.stores {
            self.push(Command::Store(store), accesses, owner);
        }
        let Step { output, batch, .. } = self.input.steps.steps[step];
        let last = batch.within(&self.input.steps.blocks[output]).end == self.input.layouts[output].images;
        if self.order.turn(turn).ends_strip && last {
            self.stored_rows[output] = pass.rows_done;
        }
        self.chip.leave(turn, &self.order, self.input, &pass.held);
    }

    fn owner(&self, step: usize) -> u32 {
        self.input.steps.steps[step].layer as u32
    }

    fn finish(self) -> Result<Emitted, CompileError> {
        let loads_model = |unordered: &Unordered| unordered.command.loads_model();
        let cold = scheduled(self.commands.iter());
        // The list of later runs, where everything stays. A program that loads nothing is the same in every run.
        let differs = self.input.stay == Stay::Always && self.commands.iter().any(loads_model);
        let warm = differs.then(|| scheduled(self.commands.iter().filter(|command| !loads_model(command))));
        let image = self.model.finish(&cold, warm.as_deref())?;
        Ok(Emitted { image, owners: self.commands.iter().map(|unordered| unordered.owner).collect() })
    }
}

/// The commands with the tokens that they need.
fn scheduled<'a>(commands: impl Iterator<Item = &'a Unordered>) -> Vec<Command> {
    let mut scheduler = Scheduler::default();
    for Unordered { command, accesses, .. } in commands {
        scheduler.push(*command, accesses);
    }
    scheduler.commands
}
