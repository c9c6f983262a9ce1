//! `host compile`: a model.bin from a network.

use super::memory::MemoryArgs;
use super::model::{ModelArgs, ModelError};
use crate::report::{RunReport, layer_table, thousands};
use miette::{IntoDiagnostic, Result};
use std::path::PathBuf;

/// Arguments of `host compile`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Compiles and writes the file, whole or not at all.
pub fn execute(args: &Args) -> Result<()> {
    if args.model.is_compiled() {
        let path = args.model.model.display().to_string();
        return Err(ModelError::Compiled { path, option: "output" }.into());
    }
    let loaded = args.model.load(&MemoryArgs::default())?;
    let model = loaded.model();
    model.write(&args.output).into_diagnostic()?;
    let report = RunReport::new(model, "fast", 0, 0.0, None);
    eprintln!("{}", layer_table(&report));
    eprintln!(
        "{}: {} cycles an image, {}, {:.2}x as fast as dense",
        args.output.display(),
        thousands(report.cycles),
        super::run::speed(&report, model),
        report.speedup
    );
    Ok(())
}
