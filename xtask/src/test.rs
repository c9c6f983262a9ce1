//! `cargo xtask test`: everything that CI runs, cheapest first.

use crate::process::{self, cargo};
use crate::tools::{self, Tools};
use crate::{Failure, docs, root, tidy};
use pleach_spec::Config;
use std::path::{Path, PathBuf};
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
        let files = steps.step(format!("Verilog of `{name}`"), || verilog(name))?;
        steps.step(format!("lint of `{name}`"), || lint(&tools, &files))?;
        if name == "mini" {
            steps.step("synthesis check of `mini`", || synthesis_check(&tools, &files))?;
        }
    }
    steps.cargo("tests", &["test", "--workspace"], |cargo| {
        tools.verilator.export(cargo);
        cargo.env("PLEACH_CACHE", root().join("target/pleach-cache"));
    })
}

/// Writes the Verilog of a configuration; returns the files.
fn verilog(config: &str) -> Result<Vec<PathBuf>, Failure> {
    let folder = Path::new("target/verilog").join(config);
    // What an earlier version wrote there must not be linted.
    let _ = std::fs::remove_dir_all(root().join(&folder));
    let hdl = ["run", "--package", "pleach-hdl", "--bin", "hdl", "--", "verilog", "--config", config, "-o"];
    process::run(cargo().args(hdl).arg(&folder))?;
    let entries =
        std::fs::read_dir(root().join(&folder)).map_err(|error| format!("{}: {error}", folder.display()))?;
    let names = entries.filter_map(|entry| Some(folder.join(entry.ok()?.file_name())));
    let mut files: Vec<PathBuf> = names.filter(|path| path.extension().is_some_and(|e| e == "v")).collect();
    files.sort();
    match files.is_empty() {
        true => Err(format!("there is no Verilog in {}", folder.display())),
        false => Ok(files),
    }
}

/// All warnings of Verilator, but for those that are waived with a reason.
fn lint(tools: &Tools, files: &[PathBuf]) -> Result<(), Failure> {
    let mut command = tools.verilator.command();
    command.args(["--lint-only", "-Wall", "constraints/verilator.vlt"]).args(files);
    process::run(&mut command)
}

/// Whether Yosys can elaborate the design, and finds no conflicting drivers, loops or undriven wires.
fn synthesis_check(tools: &Tools, files: &[PathBuf]) -> Result<(), Failure> {
    let files: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    let script = format!(
        "read_verilog {}; hierarchy -check -auto-top; synth_xilinx -family xc7 -run begin:map_luts; check -assert; stat",
        files.join(" ")
    );
    process::run(tools.yosys.command().args(["-q", "-p", &script]))
}
