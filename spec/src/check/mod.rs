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

mod access;
mod contents;
mod history;
mod order;

use crate::Config;
use crate::executable::Executable;
use crate::list::{self, Command, Engine};
use access::{Accesses, Memory};
use contents::Contents;
use history::{History, Mode};
use order::{Clock, Order};
use std::collections::HashSet;
use thiserror::Error;

/// What is wrong with a list, and where.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("command {command} ({}, layer {layer}): {problem}", engine_name(*.engine))]
pub struct CheckError {
    /// Ordinal of the command in the list.
    pub command: usize,
    /// Engine that executes it.
    pub engine: Engine,
    /// Index of the layer that it works for.
    pub layer: u32,
    /// What is wrong.
    pub problem: Problem,
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
}

/// Checks a list for a configuration.
pub fn check(executable: &Executable, config: &Config) -> Result<(), CheckError> {
    let image = &executable.image;
    let owner = |command: usize| executable.owners.get(command).copied().unwrap_or(0);
    let commands = decode(executable)?;
    let error = |command: usize, problem: Problem| {
        let engine = commands.get(command).map_or(Engine::Load, Command::engine);
        CheckError { command, engine, layer: owner(command), problem }
    };
    let order = Order::new(&commands, config).map_err(|(command, problem)| error(command, problem))?;
    let mut checker = Checker {
        commands: &commands,
        order: &order,
        contents: Contents::new(config),
        accesses: Accesses::new(config, image),
        histories: Memory::ALL.map(|_| History::default()),
        checked: HashSet::new(),
        config,
    };
    let input = &executable.input;
    checker.histories[Memory::Data as usize].fill(input.base..input.base + input.vectors());
    for &command in &order.execution {
        checker.command(command, &image.model).map_err(|problem| error(command, problem))?;
    }
    for output in &executable.outputs {
        let range = output.base..output.base + output.vectors();
        let last = commands.len().saturating_sub(1);
        if range.end > image.data_vectors {
            let bounds =
                access::bounds(Memory::Data, range.start as u64, range.end as u64, image.data_vectors);
            return Err(error(last, bounds));
        }
    }
    Ok(())
}

fn decode(executable: &Executable) -> Result<Vec<Command>, CheckError> {
    let image = &executable.image;
    let failed = |problem| CheckError { command: 0, engine: Engine::Load, layer: 0, problem };
    let beats = image.model.get(image.list.clone());
    let beats = beats.ok_or_else(|| failed(Problem::List("the list is not in the model segment".into())))?;
    let commands = list::decode(beats).map_err(|error| failed(Problem::List(error.to_string())))?;
    let again = list::encode(&commands).map_err(|error| failed(Problem::List(error.to_string())))?;
    if again != beats {
        return Err(failed(Problem::List("reserved bits of a command are set".into())));
    }
    if executable.owners.len() != commands.len() {
        return Err(failed(Problem::Owners));
    }
    Ok(commands)
}

struct Checker<'a> {
    commands: &'a [Command],
    order: &'a Order,
    contents: Contents<'a>,
    accesses: Accesses<'a>,
    histories: [History; 8],
    /// Passes that were found good, by everything that the check looks at.
    checked: HashSet<contents::PassKey>,
    config: &'a Config,
}

impl Checker<'_> {
    fn command(&mut self, index: usize, model: &[list::Beat]) -> Result<(), Problem> {
        let (start, ordinal) = (self.order.start[index], self.order.ordinal[index]);
        match &self.commands[index] {
            Command::Load(load) => {
                let accesses = self.accesses.load(load)?;
                self.orders(index, start, &accesses, false)?;
                self.contents.load(load, model);
            }
            Command::Store(store) => {
                let accesses = self.accesses.store(store)?;
                self.orders(index, start, &accesses, false)?;
            }
            Command::Compute(command) => {
                // Words, entries and parameters first: the others are only known with them.
                let fixed = self.accesses.memories(command)?;
                self.orders(index, start, &fixed, true)?;
                let pass = self.contents.pass(command);
                let key = self.contents.key(command);
                if !self.checked.contains(&key) {
                    pass.check(self.config).map_err(Problem::Pass)?;
                    self.checked.insert(key);
                }
                let tables = self.accesses.tables(&pass);
                self.orders(index, start, &tables, true)?;
                let maps = self.accesses.maps(&pass)?;
                // Reads of the buffer come after the passes that are done then.
                let mut reads = start;
                reads[Engine::Compute as usize] =
                    done_before(ordinal, pass.gather.after).ok_or(Problem::Deadlock)?;
                self.orders(index, reads, &maps.reads, true)?;
                self.orders(index, start, &maps.writes, true)?;
            }
        }
        Ok(())
    }

    /// Notes accesses, and requires that they are ordered after all before.
    fn orders(
        &mut self,
        index: usize,
        start: Clock,
        accesses: &[access::Access],
        written: bool,
    ) -> Result<(), Problem> {
        let engine = self.commands[index].engine();
        let ordinal = self.order.ordinal[index];
        for access in accesses {
            let history = &mut self.histories[access.memory as usize];
            // LOAD reads segment 1, where there must be something; STORE may store gaps.
            let written = written || engine == Engine::Load;
            if access.mode == Mode::Read
                && written
                && let Some(address) = history.unwritten(&access.range)
            {
                return Err(Problem::Unwritten { memory: access.memory.name(), address });
            }
            let conflict = history.access(&access.range, access.mode, engine, ordinal, start);
            if let Some((address, engine, other)) = conflict {
                let other = self.order.of_engine[engine][other as usize];
                return Err(Problem::Race { memory: access.memory.name(), address, other });
            }
        }
        Ok(())
    }
}

/// Passes that are done when a pass that waits for `after` of them reads, modulo 2^16. `None` if it waits for itself or later ones,
/// and so for ever.
fn done_before(ordinal: u32, after: u32) -> Option<u32> {
    let back = (ordinal as u16).wrapping_sub(after as u16);
    (back < 1 << 15).then(|| ordinal.saturating_sub(u32::from(back)))
}
