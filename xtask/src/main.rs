//! Development tasks: `cargo xtask test` is what CI runs.
use std::process::{Command, exit};

fn main() {
    let status = Command::new("cargo").args(["test", "--workspace"]).status().expect("cargo runs");
    exit(status.code().unwrap_or(1));
}
