//! Development tasks of Pleach: `cargo xtask test` is what CI runs.
//!
//! Tasks have no configuration of their own: whatever they need to know is in `spec` or in the file they work on.

mod area;
mod bench_fast;
mod bench_quantize;
mod conformance;
mod docs;
mod fuzz;
mod geometries;
mod networks;
mod page;
mod process;
mod test;
mod tidy;
mod tools;
mod verilog;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// What a task that fails says to people.
type Failure = String;

/// Development tasks of Pleach.
#[derive(Parser)]
#[command(name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Find Verilator and Yosys, or get them, and print what was found.
    Setup,
    /// Run everything that CI runs.
    Test,
    /// Compare the models of the hardware over many more random cases, and over a layer of VGG-16 in RTL.
    Deep {
        /// How many times the usual number of cases.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        depth: u32,
    },
    /// Run all networks of the zoo at full size on the fast model, and compare with golden. Takes minutes.
    Networks,
    /// Measure all networks of the zoo, dense and with zeros, and write the table of docs/src/networks.md.
    BenchNetworks,
    /// Measure ResNet-50 on several arrays and with zeros, and write the table of docs/src/networks.md.
    BenchResnet50,
    /// Measure some networks with several images at a time, and write the table of docs/src/networks.md.
    BenchBatches,
    /// Time the fast model beside ONNX Runtime's int8, on ResNet-18 with one thread; prints a table.
    BenchFast,
    /// Measure accuracies after `host quantize` next to ONNX Runtime's quantizer, and write the table of docs/src/quantize.md.
    BenchQuantize,
    /// Run whole networks on the Verilated accelerator, and compare with golden and the fast model. Takes minutes.
    NetworksRtl,
    /// Errors, resets and damaged lists on the Verilated accelerator, many more than usually.
    Inject {
        /// How many times the usual number of cases.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        depth: u32,
    },
    /// Compare with other implementations, case by case.
    Conformance {
        /// With which one.
        #[arg(value_enum)]
        against: Against,
    },
    /// Read damaged ONNX files and model.bin: nothing may panic, hang or take memory without bounds.
    Fuzz {
        /// Minutes of CPU time.
        #[arg(long, default_value_t = 1)]
        minutes: u64,
        /// Number of the first case. The same numbers are the same files.
        #[arg(long, default_value_t = 0)]
        first: u64,
        /// Only this case, whose file is kept in target/fuzz.
        #[arg(long)]
        case: Option<u64>,
    },
    /// Write the pages of docs/ that are generated from the crate `spec`.
    Docs {
        /// Write nothing; fail if a page is not current.
        #[arg(long)]
        check: bool,
    },
    /// Synthesize units with Yosys for 7-series; print their resources, the longest path in levels of logic, and the fan-out.
    Area {
        /// A built-in configuration, or a TOML file.
        #[arg(long, value_name = "NAME|FILE", default_value = "default")]
        config: String,
        /// A unit that `hdl verilog --unit` knows; may be given several times.
        #[arg(long = "unit", default_values_t = ["array".to_owned(), "accelerator".to_owned()])]
        units: Vec<String>,
        /// Write docs/src/area.md instead: all units of the default configuration, and others. Takes three quarters of an hour.
        #[arg(long, conflicts_with_all = ["config", "units"])]
        write: bool,
    },
    /// Write and lint the accelerator for every size of array, window, chunk and bus, and run the quick suite on each in RTL.
    Geometries,
    /// Check the rules of the repository: no leftovers, no machine paths, crates that keep apart, current lists.
    Tidy,
}

/// What results are compared with.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Against {
    /// ONNX Runtime: QLinear, Integer and QDQ models, integer for integer. Needs Python and PyPI.
    Ort,
    /// The ONNX project's operator tests and light models, with their own tolerances. Needs Python and PyPI.
    Onnx,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Setup => tools::setup(),
        Task::Test => test::run(),
        Task::Deep { depth } => test::deep(depth),
        Task::Networks => networks::run(),
        Task::BenchFast => bench_fast::bench(),
        Task::BenchQuantize => bench_quantize::bench(),
        Task::BenchNetworks => networks::bench(),
        Task::BenchResnet50 => networks::bench_resnet50(),
        Task::BenchBatches => networks::bench_batches(),
        Task::NetworksRtl => test::networks_rtl(),
        Task::Inject { depth } => test::inject(depth),
        Task::Conformance { against: Against::Ort } => conformance::ort(),
        Task::Conformance { against: Against::Onnx } => conformance::onnx(),
        Task::Fuzz { case: Some(number), .. } => fuzz::case(number),
        Task::Fuzz { case: None, minutes, first } => fuzz::run_for(minutes, first),
        Task::Docs { check: true } => docs::check(),
        Task::Docs { check: false } => docs::write(),
        Task::Area { write: true, .. } => area::write(),
        Task::Area { config, units, write: false } => area::run(&config, &units),
        Task::Geometries => geometries::run(),
        Task::Tidy => tidy::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let root = crate_folder.and_then(|folder| folder.parent().map(PathBuf::from));
    root.unwrap_or_else(|| PathBuf::from("."))
}
