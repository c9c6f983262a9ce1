//! The list checker: proves of a command list, without running it, that every execution that the tokens allow has the same
//! result, ends, and stays inside of its memories.
//!
//! It looks at the decoded list and at what the list loads, and at nothing of how the list was made:
//!
//! - `order` executes the list once with the smallest queues the hardware may have. Whether that ends does not depend on who is
//!   quick, so a list that ends here always ends. It gives every command its clocks: how many commands of each engine are
//!   complete for sure when it starts, and when it ends.
//! - `access` says what each command reads and writes, `history` who did so before: two accesses to an address, one of them a
//!   write, must be in an order that the clocks prove.
//! - `contents` keeps what the small on-chip memories hold, so that each pass can be checked by itself
//!   ([`crate::pass::Pass::check`]) and its reads be known.
//! - `warm` compares the list of later runs with that of the first: it must find what that one left, and leave the same.

mod access;
mod contents;
mod history;
mod order;
mod warm;

use crate::Config;
use crate::executable::Executable;
use crate::list::{self, Command, Engine, Start};
use access::{Accesses, Memory};
use contents::{Contents, Origins};
use history::{History, Mode};
use order::{Clock, Order};
use std::collections::HashSet;
use thiserror::Error;

/// What is wrong with a list, and where.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("command {command}{} ({}, layer {layer}): {problem}", list_name(*.start), engine_name(*.engine))]
pub struct CheckError {
    /// Of which list.
    pub start: Start,
    /// Ordinal of the command in the list.
    pub command: usize,
    /// Engine that executes it.
    pub engine: Engine,
    /// Index of the layer that it works for.
    pub layer: u32,
    /// What is wrong.
    pub problem: Problem,
}

fn list_name(start: Start) -> &'static str {
    match start {
        Start::Cold => "",
        Start::Warm => " of the warm list",
    }
}

fn engine_name(engine: Engine) -> &'static str {
    match engine {
        Engine::Load => "LOAD",
        Engine::Compute => "COMPUTE",
        Engine::Store => "STORE",
    }
}

/// A rule that a command breaks.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Problem {
    /// The beats are no commands.
    #[error("{0}")]
    List(String),
    /// The list names another number of layers than of commands.
    #[error("there must be a layer for every command")]
    Owners,
    /// It waits for or signals itself, counts nothing, or names what there is not.
    #[error("{0}")]
    Illegal(&'static str),
    /// An access outside of a memory.
    #[error("it accesses {memory} {first}..{end}, but there are {held}")]
    Bounds {
        /// Memory and unit.
        memory: &'static str,
        /// First address.
        first: u64,
        /// Behind the last one.
        end: u64,
        /// Addresses there are.
        held: u64,
    },
    /// A pass that the hardware cannot execute.
    #[error("{0}")]
    Pass(crate::pass::PassError),
    /// Nothing can go on.
    #[error(
        "it can never start: a token is missing, a queue is full of commands that wait for later ones, or a pass waits for itself"
    )]
    Deadlock,
    /// Tokens that nobody takes.
    #[error("{count} tokens of it and those before for {} are never taken", engine_name(*.taker))]
    LeftOver {
        /// Engine that does not take them.
        taker: Engine,
        /// How many.
        count: usize,
    },
    /// A token counter may overflow.
    #[error("there may be {count} tokens for {}, but a counter holds {}", engine_name(*.taker), list::MAX_TOKENS)]
    TokenOverflow {
        /// Engine that takes them.
        taker: Engine,
        /// How many.
        count: usize,
    },
    /// Two accesses in no order.
    #[error("its access to {memory} {address} is not ordered after that of command {other}")]
    Race {
        /// Memory and unit.
        memory: &'static str,
        /// An address that both access.
        address: usize,
        /// The other command.
        other: usize,
    },
    /// A read of what nobody wrote.
    #[error("it reads {memory} {address}, which nothing has written")]
    Unwritten {
        /// Memory and unit.
        memory: &'static str,
        /// The address.
        address: usize,
    },
    /// The list of later runs does other things than that of the first.
    #[error("the warm list must be the list without its loads from the model segment, and here it is not")]
    OtherCommands,
    /// A pass of a later run finds something else than in the first.
    #[error("the run before has overwritten words, entries, parameters or tables of the pass")]
    Overwritten,
    /// A later run changes what the next one needs.
    #[error("a warm run leaves other words, entries, parameters or tables on the chip than it finds")]
    OtherContents,
}

/// Checks the lists of a program for a configuration.
pub fn check(executable: &Executable, config: &Config) -> Result<(), CheckError> {
    let commands = decode(executable, Start::Cold)?;
    let cold = List { executable, start: Start::Cold, commands: &commands, owners: &executable.owners };
    if executable.owners.len() != commands.len() {
        return Err(cold.error(0, Problem::Owners));
    }
    let left = cold.check(Checker::new(executable, config))?;
    cold.outputs()?;
    match executable.image.warm {
        Some(_) => warm::check(&cold, left),
        None => Ok(()),
    }
}

fn decode(executable: &Executable, start: Start) -> Result<Vec<Command>, CheckError> {
    let image = &executable.image;
    let list = List { executable, start, commands: &[], owners: &[] };
    let failed = |problem| list.error(0, problem);
    let beats = image.model.get(image.list_of(start));
    let beats = beats.ok_or_else(|| failed(Problem::List("the list is not in the model segment".into())))?;
    let commands = list::decode(beats).map_err(|error| failed(Problem::List(error.to_string())))?;
    let again = list::encode(&commands).map_err(|error| failed(Problem::List(error.to_string())))?;
    if again != beats {
        return Err(failed(Problem::List("reserved bits of a command are set".into())));
    }
    Ok(commands)
}

/// A list of a program.
struct List<'a> {
    executable: &'a Executable,
    start: Start,
    commands: &'a [Command],
    /// Layer of each command.
    owners: &'a [u32],
}

impl List<'_> {
    fn error(&self, command: usize, problem: Problem) -> CheckError {
        let engine = self.commands.get(command).map_or(Engine::Load, Command::engine);
        let layer = self.owners.get(command).copied().unwrap_or(0);
        CheckError { start: self.start, command, engine, layer, problem }
    }

    /// Executes the list on what is on the chip; returns what is there then.
    fn check<'a>(&self, mut checker: Checker<'a>) -> Result<Checker<'a>, CheckError> {
        let order = Order::new(self.commands, checker.config);
        let order = order.map_err(|(command, problem)| self.error(command, problem))?;
        for &command in &order.execution {
            let checked = checker.command(self.commands, &order, command);
            checked.map_err(|problem| self.error(command, problem))?;
        }
        Ok(checker)
    }

    /// The outputs must lie in segment 1.
    fn outputs(&self) -> Result<(), CheckError> {
        let held = self.executable.image.data_vectors;
        for output in &self.executable.outputs {
            let range = output.base..output.base + output.vectors();
            if range.end > held {
                let last = self.commands.len().saturating_sub(1);
                let bounds = access::bounds(Memory::Data, range.start as u64, range.end as u64, held);
                return Err(self.error(last, bounds));
            }
        }
        Ok(())
    }
}

struct Checker<'a> {
    executable: &'a Executable,
    contents: Contents<'a>,
    accesses: Accesses<'a>,
    histories: [History; 8],
    /// Passes that were found good, by everything that the check looks at.
    checked: HashSet<contents::PassKey>,
    /// The run that is checked.
    start: Start,
    /// Number of each load of a warm run, by its ordinal.
    numbers: Vec<u32>,
    /// For each pass of the first run, where what it finds comes from; only for programs that have a warm list.
    found: Vec<Origins>,
    config: &'a Config,
}

impl<'a> Checker<'a> {
    fn new(executable: &'a Executable, config: &'a Config) -> Self {
        let mut checker = Self {
            executable,
            contents: Contents::new(config),
            accesses: Accesses::new(config, &executable.image),
            histories: Memory::ALL.map(|_| History::default()),
            checked: HashSet::new(),
            start: Start::Cold,
            numbers: Vec::new(),
            found: Vec::new(),
            config,
        };
        checker.new_image();
        checker
    }

    /// Maps of an image before are of no use: only the input is there.
    fn new_image(&mut self) {
        self.histories[Memory::Activation as usize] = History::default();
        let input = &self.executable.input;
        let data = &mut self.histories[Memory::Data as usize];
        *data = History::default();
        data.fill(input.base..input.base + input.vectors());
    }

    fn command(&mut self, commands: &[Command], order: &Order, index: usize) -> Result<(), Problem> {
        let (start, ordinal) = (order.start[index], order.ordinal[index]);
        let at = At { order, engine: commands[index].engine(), ordinal };
        match &commands[index] {
            Command::Load(load) => {
                let accesses = self.accesses.load(load)?;
                self.orders(&at, start, &accesses, false)?;
                let number = self.numbers.get(ordinal as usize).copied().unwrap_or(ordinal + 1);
                self.contents.load(load, number, &self.executable.image.model);
            }
            Command::Store(store) => {
                let accesses = self.accesses.store(store)?;
                self.orders(&at, start, &accesses, false)?;
            }
            Command::Compute(command) => {
                // Words, entries and parameters first: the others are only known with them.
                let fixed = self.accesses.memories(command)?;
                self.orders(&at, start, &fixed, true)?;
                let pass = self.contents.pass(command);
                let tables = self.accesses.tables(&pass);
                self.orders(&at, start, &tables, true)?;
                if self.executable.image.warm.is_some() {
                    let tables: Vec<_> = tables.into_iter().map(|access| access.range).collect();
                    self.finds(ordinal, self.contents.origins(command, &tables))?;
                }
                if self.start == Start::Cold && self.checked.insert(self.contents.key(command)) {
                    pass.check(self.config).map_err(Problem::Pass)?;
                }
                let maps = self.accesses.maps(&pass)?;
                // Reads of the buffer come after the passes that are done then.
                let mut reads = start;
                reads[Engine::Compute as usize] =
                    done_before(ordinal, pass.gather.after).ok_or(Problem::Deadlock)?;
                self.orders(&at, reads, &maps.reads, true)?;
                self.orders(&at, start, &maps.writes, true)?;
            }
        }
        Ok(())
    }

    /// Notes what a pass of the first run finds; one of a later run must find the same, and so is as good.
    fn finds(&mut self, ordinal: u32, origins: Origins) -> Result<(), Problem> {
        if self.start == Start::Cold {
            self.found.push(origins);
            return Ok(());
        }
        match self.found.get(ordinal as usize) == Some(&origins) {
            true => Ok(()),
            false => Err(Problem::Overwritten),
        }
    }

    /// Notes accesses, and requires that they are ordered after all before.
    fn orders(
        &mut self,
        at: &At,
        start: Clock,
        accesses: &[access::Access],
        written: bool,
    ) -> Result<(), Problem> {
        for access in accesses {
            let history = &mut self.histories[access.memory as usize];
            // LOAD reads segment 1, where there must be something; STORE may store gaps.
            let written = written || at.engine == Engine::Load;
            if access.mode == Mode::Read
                && written
                && let Some(address) = history.unwritten(&access.range)
            {
                return Err(Problem::Unwritten { memory: access.memory.name(), address });
            }
            let conflict = history.access(&access.range, access.mode, at.engine, at.ordinal, start);
            if let Some((address, engine, other)) = conflict {
                let other = at.order.of_engine[engine][other as usize];
                return Err(Problem::Race { memory: access.memory.name(), address, other });
            }
        }
        Ok(())
    }
}

/// A command in its list.
struct At<'a> {
    order: &'a Order,
    engine: Engine,
    ordinal: u32,
}

/// Passes that are done when a pass that waits for `after` of them reads, modulo 2^16. `None` if it waits for itself or later ones,
/// and so for ever.
fn done_before(ordinal: u32, after: u32) -> Option<u32> {
    let back = (ordinal as u16).wrapping_sub(after as u16);
    (back < 1 << 15).then(|| ordinal.saturating_sub(u32::from(back)))
}
