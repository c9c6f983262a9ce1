//! Running other programs.

use crate::{Failure, root};
use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// A command that runs in the folder of the workspace.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// The cargo that started this task.
pub fn cargo() -> Command {
    let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Set by `cargo run` for this program; another cargo must not take them for its own.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH"] {
        cargo.env_remove(name);
    }
    cargo
}

/// Runs a command whose output people see; fails if it does.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{}` failed ({status})", shown(command))),
        Err(error) => Err(format!("cannot start `{name}`: {error}")),
    }
}

/// Runs a command and returns what it wrote to stdout; `None` if it cannot be started or fails.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a command and returns what it wrote to stdout; people see what it says on stderr.
pub fn output_with_errors(command: &mut Command) -> Result<String, Failure> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    match output {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => Err(format!("`{}` failed ({})", shown(command), output.status)),
        Err(error) => Err(format!("cannot start `{}`: {error}", command.get_program().to_string_lossy())),
    }
}

/// A command as one would type it.
fn shown(command: &Command) -> String {
    let name = |word: &OsStr| {
        let path = std::path::Path::new(word);
        let short = path.strip_prefix(root()).unwrap_or(path);
        short.to_string_lossy().into_owned()
    };
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program).chain(command.get_args()).map(name).collect::<Vec<_>>().join(" ")
}
