//! Damaged files for the readers: `cargo xtask fuzz --minutes N`.
//!
//! The work is done by a program of its own, which a file that takes too much memory or time ends; it is then started again behind
//! that file.

use crate::process::{cargo, command, run};
use crate::{Failure, root};
use std::path::Path;

/// What the program says of itself: the number of a case, CPU milliseconds, files accepted and refused, panics.
type Progress = [u64; 5];

/// More findings than these are not looked for.
const MOST_FINDINGS: usize = 50;

/// Reads damaged files for so many minutes of CPU time, from the case `first` on. Fails if there is a finding.
pub fn run_for(minutes: u64, first: u64) -> Result<(), Failure> {
    let folder = root().join("target/fuzz");
    let program = build()?;
    let (mut next, mut milliseconds) = (first, 0);
    let mut totals = [0; 3];
    let mut findings: Vec<u64> = Vec::new();
    while milliseconds < minutes * 60_000 && findings.len() < MOST_FINDINGS {
        let seconds = (minutes * 60_000 - milliseconds).div_ceil(1000);
        let arguments = [next.to_string(), seconds.to_string()];
        let status = command(&program).arg(&folder).args(arguments).status();
        let status = status.map_err(|error| format!("cannot start the fuzzer: {error}"))?;
        let Some([number, took, counts @ ..]) = progress(&folder) else {
            return Err("the fuzzer died before its first case".to_owned());
        };
        totals.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
        milliseconds += took;
        next = number + 1;
        match status.code() {
            Some(0) => break,
            // Panics, which it has named.
            Some(1) => findings.push(number),
            _ => {
                println!("case {number} ends the program ({status})");
                findings.push(number);
            }
        }
    }
    let [accepted, refused, panics] = totals;
    println!(
        "{} cases in {} CPU minutes: {accepted} accepted, {refused} refused, {panics} panics, {} findings",
        next - first,
        milliseconds / 60_000,
        findings.len()
    );
    match findings.is_empty() {
        true => Ok(()),
        false => Err("there are findings; `cargo xtask fuzz --case NUMBER` shows one again".to_owned()),
    }
}

/// One case again. The file stays in `target/fuzz`.
pub fn case(number: u64) -> Result<(), Failure> {
    run(command(build()?).arg(root().join("target/fuzz")).arg(number.to_string()))
}

/// The program, with the checks of debug builds.
fn build() -> Result<std::path::PathBuf, Failure> {
    run(cargo().args(["build", "--bin", "fuzz"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    Ok(target.join("debug/fuzz"))
}

fn progress(folder: &Path) -> Option<Progress> {
    let bytes = std::fs::read(folder.join("progress")).ok()?;
    let mut words =
        bytes.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")));
    let mut next = || words.next();
    Some([next()?, next()?, next()?, next()?, next()?])
}
