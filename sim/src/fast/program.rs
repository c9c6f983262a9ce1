//! What a list makes COMPUTE do, found out once: most lists can be executed again and again without another look at their words.

use super::compute::{Prepared, PreparedWords};
use super::memories::Memories;
use super::origins::{Origin, Origins};
use pleach_spec::list::{Beat, Command, PassCommand, Segment, Target};
use pleach_spec::{Config, VECTOR};
use std::collections::HashMap;

/// Words that were prepared, for the passes that have the same.
type Known = HashMap<Origin, PreparedWords>;

/// The passes of a list.
#[derive(Default)]
pub struct Program {
    /// In order, as far as the commands before them read what is there. `None` where one breaks the rules.
    passes: Vec<Option<Prepared>>,
    /// They depend on the model segment only, so that they are the same in every run.
    fixed: bool,
}

impl Program {
    /// Finds out what the passes of a list are, if the memories are empty and segment 1 holds `data`.
    pub fn new(config: &Config, commands: &[Command], model: &[Beat], data: &[[i8; VECTOR]]) -> Self {
        let (mut memories, mut origins) = (Memories::new(config), Origins::new(config));
        let mut known = Known::new();
        let mut program = Self { passes: Vec::new(), fixed: true };
        for command in commands {
            match command {
                Command::Load(load) => {
                    let to_buffer = load.target == Target::Activation as u32;
                    program.fixed &= to_buffer || load.segment == Segment::Model as u32;
                    if memories.load_command(load, model, data).is_none() {
                        program.fixed = false;
                        break;
                    }
                    origins.note(load);
                }
                Command::Compute(pass) => {
                    let origin = origins.of(pass, &memories);
                    program.fixed &= origin.is_some();
                    let prepared =
                        prepare(config, pass, &memories, origin.map(|origin| (&mut known, origin)));
                    program.passes.push(prepared);
                }
                Command::Store(_) => (),
            }
        }
        program
    }

    /// The passes, if they are the same in every run.
    pub fn fixed(&self) -> Option<&[Option<Prepared>]> {
        self.fixed.then_some(&self.passes)
    }

    /// Whether the hardware is made for the passes.
    pub fn regular(&self) -> Vec<bool> {
        self.passes.iter().map(Option::is_some).collect()
    }
}

/// A pass with what it finds in the memories; `None` if it breaks the rules of [`pleach_spec::pass::Pass::check`]. Its words may be
/// known.
pub fn prepare(
    config: &Config,
    command: &PassCommand,
    memories: &Memories,
    known: Option<(&mut Known, Origin)>,
) -> Option<Prepared> {
    let mut pass = memories.pass_without_words(command);
    pass.check_commands(config).ok()?;
    let mut new_words = || {
        pass.words = memories.words(&command.issue);
        pass.check_words(config).ok()?;
        PreparedWords::new(&pass, config)
    };
    let words = match known {
        None => new_words()?,
        Some((known, origin)) => match known.get(&origin) {
            Some(words) => words.clone(),
            None => known.entry(origin).or_insert(new_words()?).clone(),
        },
    };
    Some(Prepared::new(&pass, words, memories.tables(), config))
}
