//! `cargo xtask networks`, `bench-networks`, `bench-resnet50` and `bench-batches`: the networks of the zoo at full size.

use crate::process::{self, cargo};
use crate::{Failure, page};
use std::process::Command;

/// Runs them all, and compares with golden.
pub fn run() -> Result<(), Failure> {
    process::run(&mut program("networks"))
}

/// Measures them all, and writes the table.
pub fn bench() -> Result<(), Failure> {
    let table = process::output_with_errors(&mut program("bench_networks"))?;
    page::write_table("docs/src/networks.md", "bench-networks", &table)
}

/// Measures some in batches, and writes their table.
pub fn bench_batches() -> Result<(), Failure> {
    let table = process::output_with_errors(&mut program("bench_batches"))?;
    page::write_table("docs/src/networks.md", "bench-batches", &table)
}

/// Measures ResNet-50 on several arrays, and writes the table.
pub fn bench_resnet50() -> Result<(), Failure> {
    let table = process::output_with_errors(&mut program("bench_resnet50"))?;
    page::write_table("docs/src/networks.md", "bench-resnet50", &table)
}

fn program(name: &str) -> Command {
    let mut command = cargo();
    command.args(["run", "--release", "--bin", name]);
    command
}
