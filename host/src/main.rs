//! The binary `host`. Exit codes: 0 done, 1 the run failed, 2 usage.

use clap::Parser;
use pleach_host::cli::Cli;

fn main() -> miette::Result<()> {
    Cli::parse().execute()
}
