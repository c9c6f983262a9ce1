//! The binary `host`. Exit codes: 0 done, 1 the run failed, 2 usage.

use clap::Parser;
use pleach_host::cli::Cli;

fn main() -> miette::Result<()> {
    // Our messages say their reason themselves; the chain of causes would say it again.
    miette::set_hook(Box::new(|_| Box::new(miette::MietteHandlerOpts::new().without_cause_chain().build())))?;
    Cli::parse().execute()
}
