//! The ONNX project's own tests, as `tests/conformance/onnx/export.py` writes them: a model, its inputs and the outputs that it must have.

mod case;
mod compare;
mod cpu;
mod float;
mod quantized;
mod report;

pub use case::{Batch, Case, Cases, Part};
pub use report::Report;

use compare::Comparison;
use pleach_host::import;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// What became of a case on one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All outputs are as stored.
    Passed,
    /// Another result, and which.
    Failed(String),
    /// An error, and what it says.
    Refused(String),
}

/// What became of a case.
#[derive(Clone, Debug)]
pub struct Outcomes {
    /// The whole model on this computer: `host run --device cpu`.
    pub cpu: Outcome,
    /// As a part of a user's file: what the accelerator has an operator for by its models, in float or in int8, the rest on
    /// this computer.
    pub network: Outcome,
}

impl Outcomes {
    /// Of both devices: wrong on none, right on one at least.
    pub fn together(&self) -> Outcome {
        match (&self.cpu, &self.network) {
            (Outcome::Failed(reason), _) => Outcome::Failed(format!("on the CPU: {reason}")),
            (_, Outcome::Failed(reason)) => Outcome::Failed(format!("as a network: {reason}")),
            (Outcome::Passed, _) | (_, Outcome::Passed) => Outcome::Passed,
            (Outcome::Refused(cpu), Outcome::Refused(network)) => {
                Outcome::Refused(format!("as a network: {network}; on the CPU: {cpu}"))
            }
        }
    }
}

/// Runs a case that lies in `folder`.
pub fn run(folder: &Path, case: &Case) -> Outcomes {
    let outcome = |work: &dyn Fn() -> miette::Result<Comparison>| outcome(folder, work);
    Outcomes {
        cpu: outcome(&|| cpu::run(folder, case)),
        network: outcome(&|| match &case.network {
            Some(part) => network(folder, case, part),
            None => Err(miette::miette!("has no tensor that could be a network's input")),
        }),
    }
}

fn network(folder: &Path, case: &Case, part: &Part) -> miette::Result<Comparison> {
    let path = case.network_path(folder);
    let proto = import::read_whole(&path)?;
    match import::is_quantized(&proto) {
        true => quantized::run(folder, case, part, &path),
        false => float::run(folder, case, part, &path, &proto),
    }
}

/// A panic is a failure: whatever a file says, there must be an error. Texts have no paths of this computer.
fn outcome(folder: &Path, work: impl FnOnce() -> miette::Result<Comparison>) -> Outcome {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(Comparison::Equal)) => Outcome::Passed,
        Ok(Ok(Comparison::Different(reason))) => Outcome::Failed(reason),
        Ok(Err(error)) => Outcome::Refused(chain(&error).replace(&format!("{}/", folder.display()), "")),
        Err(_) => Outcome::Failed("panics".to_owned()),
    }
}

fn chain(error: &miette::Report) -> String {
    error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
