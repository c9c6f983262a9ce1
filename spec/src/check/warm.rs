//! The list of later runs, given that of the first.
//!
//! It is the same list without the loads from the model segment. Each load keeps the number that it has in the first run, so that
//! numbers say where each beat on the chip comes from. If every pass finds what it found in the first run, and the same is there
//! afterwards as before, then every run is as good as the first.

use super::access::Memory;
use super::{CheckError, Checker, List, Problem, decode};
use crate::list::{Command, Start};

/// Checks the warm list of a program whose cold list has been found good, and has left what `checker` says.
pub fn check(cold: &List, mut checker: Checker) -> Result<(), CheckError> {
    let executable = cold.executable;
    let commands = decode(executable, Start::Warm)?;
    let kept = |command: &&Command| !command.loads_model();
    let owned = cold.commands.iter().zip(cold.owners).filter(|(command, _)| kept(command));
    let owners: Vec<u32> = owned.map(|(_, &owner)| owner).collect();
    let warm = List { executable, start: Start::Warm, commands: &commands, owners: &owners };

    let expected: Vec<Command> = cold.commands.iter().filter(kept).map(unordered).collect();
    let found: Vec<Command> = commands.iter().map(unordered).collect();
    if found != expected {
        let differs = found.iter().zip(&expected).position(|(found, expected)| found != expected);
        let first = differs.unwrap_or(found.len().min(expected.len()));
        return Err(warm.error(first, Problem::OtherCommands));
    }

    let loads = cold.commands.iter().filter(|command| matches!(command, Command::Load(_)));
    let numbered = loads.zip(1..).filter(|(command, _)| kept(command));
    checker.numbers = numbered.map(|(_, number)| number).collect();
    checker.start = Start::Warm;
    for memory in Memory::ALL {
        checker.histories[memory as usize].end_run();
    }
    checker.new_image();
    let before = checker.contents.all_origins();
    let checker = warm.check(checker)?;
    match checker.contents.all_origins() == before {
        true => Ok(()),
        false => Err(warm.error(commands.len().saturating_sub(1), Problem::OtherContents)),
    }
}

/// A command without what orders it.
fn unordered(command: &Command) -> Command {
    let mut command = *command;
    command.set_tokens(0, 0);
    if let Command::Compute(pass) = &mut command {
        pass.gather.after = 0;
    }
    command
}
