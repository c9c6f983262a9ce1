//! The command line: what the user says, and which stage does it.

mod compile;
mod cpu;
mod cycles;
mod images;
mod loss;
mod memory;
mod model;
mod output;
mod progress;
mod quantize;
mod run;
pub mod tensors;
mod verify;
mod zoo;

use clap::{Parser, Subcommand};
use miette::Result;

/// Prune neural networks and run them on a systolic array that skips the zeros.
#[derive(Debug, Parser)]
#[command(name = "host", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a network on images and report accuracy, cycles and where they go
    Run(run::Args),
    /// Quantize, prune and compile a network into a model.bin
    Compile(compile::Args),
    /// Quantize a float network, into ONNX that other tools run too
    Quantize(quantize::Args),
    /// Compare the golden model, the fast model and the RTL, layer by layer
    Verify(verify::Args),
    /// Write a well-known network as an ONNX file, with made-up weights and images
    Zoo(zoo::Args),
}

impl Cli {
    /// Does what was asked. Results go to stdout, everything else to stderr.
    ///
    /// # Errors
    /// Whatever went wrong, with the file, the layer and a way out.
    pub fn execute(self) -> Result<()> {
        match self.command {
            Command::Run(args) => run::execute(&args),
            Command::Compile(args) => compile::execute(&args),
            Command::Quantize(args) => quantize::execute(&args),
            Command::Verify(args) => verify::execute(&args),
            Command::Zoo(args) => zoo::execute(&args),
        }
    }
}
