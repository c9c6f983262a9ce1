//! Writes the accelerator's Verilog.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use pleach_hdl::units::Unit;
use pleach_spec::Config;

/// The Pleach accelerator as Verilog.
#[derive(Parser)]
#[command(name = "hdl", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write the Verilog for a configuration.
    Verilog {
        /// A built-in configuration, or a TOML file.
        #[arg(long, value_name = "NAME|FILE", default_value = "default")]
        config: String,
        /// Folder to write to; it is made if need be.
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
        /// What to write: the machine, or a part of it to synthesize or look at by itself.
        #[arg(long, value_enum, default_value_t = Unit::Accelerator)]
        unit: Unit,
    },
}

fn main() -> ExitCode {
    let Arguments { task: Task::Verilog { config, output, unit } } = Arguments::parse();
    match write(&config, &output, unit) {
        Ok(path) => {
            eprintln!("wrote {}", path.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(config: &str, folder: &std::path::Path, unit: Unit) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let config = Config::resolve(config)?;
    let text = unit.verilog(&config)?;
    let path = folder.join(format!("{}.v", unit.module()));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, text))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(path)
}
