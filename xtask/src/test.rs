//! `cargo xtask test`: everything that CI runs, cheapest first.

use crate::process::{self, cargo};
use crate::tools::Tools;
use crate::{Failure, docs, root, tidy, tools, verilog};
use pleach_spec::Config;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The steps so far, for the summary.
#[derive(Default)]
struct Steps {
    done: Vec<(String, Duration)>,
}

impl Steps {
    /// Runs a step; its name is in front of the failure.
    fn step<T>(
        &mut self,
        name: impl Into<String>,
        run: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let name = name.into();
        eprintln!("\n── {name}");
        let start = Instant::now();
        let result = run().map_err(|failure| format!("step `{name}`: {failure}"))?;
        self.done.push((name, start.elapsed()));
        Ok(result)
    }

    /// A step that is one cargo command.
    fn cargo(
        &mut self,
        name: &str,
        arguments: &[&str],
        adjust: impl FnOnce(&mut Command),
    ) -> Result<(), Failure> {
        self.step(name, || {
            let mut command = cargo();
            command.args(arguments);
            adjust(&mut command);
            process::run(&mut command)
        })
    }
}

/// Runs the steps up to the first that fails, and prints how long each took.
pub fn run() -> Result<(), Failure> {
    let mut steps = Steps::default();
    let result = run_steps(&mut steps);
    eprintln!();
    for (name, time) in &steps.done {
        eprintln!("{:>7.1} s  {name}", time.as_secs_f64());
    }
    result
}

fn run_steps(steps: &mut Steps) -> Result<(), Failure> {
    steps.cargo("format", &["fmt", "--all", "--check"], |_| ())?;
    steps.step("tidy", tidy::run)?;
    steps.step("generated pages", docs::check)?;
    let tools = steps.step("tools", tools::find)?;
    let clippy = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
    steps.cargo("clippy", &clippy, |_| ())?;
    steps.cargo("rustdoc", &["doc", "--workspace", "--no-deps"], |cargo| {
        cargo.env("RUSTDOCFLAGS", "-D warnings");
    })?;
    for (name, _) in Config::BUILT_IN {
        let folder = Path::new("target/verilog").join(name);
        let file = steps.step(format!("Verilog of `{name}`"), || verilog::generate(name, None, &folder))?;
        steps.step(format!("lint of `{name}`"), || verilog::lint(&tools, &file))?;
        if name == "mini" {
            steps.step("synthesis of `mini`", || verilog::synthesize(&tools, &file))?;
        }
    }
    steps.cargo("tests", &["test", "--workspace", "--no-fail-fast"], |cargo| simulate_with(&tools, cargo))
}

/// The tests that compare the models of the hardware, with `depth` times their usual number of cases.
pub fn deep(depth: u32) -> Result<(), Failure> {
    test_deeply(&["rtl", "accelerator", "inject", "fast_vs_golden", "damaged_lists"], depth)
}

/// The tests of errors, resets and damaged lists in RTL, with `depth` times their usual number of cases.
pub fn inject(depth: u32) -> Result<(), Failure> {
    test_deeply(&["inject"], depth)
}

fn test_deeply(tests: &[&str], depth: u32) -> Result<(), Failure> {
    let tools = tools::find()?;
    let mut command = cargo();
    command.args(["test", "--release", "--package", "pleach-tests"]);
    command.args(tests.iter().flat_map(|test| ["--test", test]));
    command.args(["--", "--nocapture"]).env("PLEACH_DEPTH", depth.to_string());
    simulate_with(&tools, &mut command);
    process::run(&mut command)
}

/// Whole networks in RTL, with their table.
pub fn networks_rtl() -> Result<(), Failure> {
    let tools = tools::find()?;
    let mut command = cargo();
    command.args(["run", "--release", "--bin", "networks_rtl"]);
    simulate_with(&tools, &mut command);
    process::run(&mut command)
}

/// Lets a command build and find Verilated models.
pub fn simulate_with(tools: &Tools, command: &mut Command) {
    tools.verilator.export(command);
    command.env("PLEACH_CACHE", root().join("target/pleach-cache"));
}
