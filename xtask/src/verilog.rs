//! What the generated Verilog goes through: lint, synthesis, and the report on area and depth.

use crate::process::{self, cargo};
use crate::tools::{self, Tools};
use crate::{Failure, root};
use std::path::{Path, PathBuf};

/// Writes the Verilog of a configuration, or of one unit of it, to a folder that it then has to itself; returns the file.
pub fn generate(config: &str, unit: Option<&str>, folder: &Path) -> Result<PathBuf, Failure> {
    // What an earlier version wrote there must not be taken for new.
    let _ = std::fs::remove_dir_all(root().join(folder));
    let hdl =
        ["run", "--quiet", "--package", "pleach-hdl", "--bin", "hdl", "--", "verilog", "--config", config];
    let unit = unit.map(|unit| ["--unit", unit]);
    process::run(cargo().args(hdl).args(unit.iter().flatten()).arg("-o").arg(folder))?;
    let cannot = |error| format!("cannot read {}: {error}", folder.display());
    let entries = std::fs::read_dir(root().join(folder)).map_err(cannot)?;
    let names = entries.filter_map(|entry| Some(folder.join(entry.ok()?.file_name())));
    let files: Vec<PathBuf> = names.filter(|path| path.extension().is_some_and(|e| e == "v")).collect();
    match files.as_slice() {
        [file] => Ok(file.clone()),
        files => {
            Err(format!("there are {} Verilog files in {} instead of one", files.len(), folder.display()))
        }
    }
}

/// All warnings of Verilator, but for those that are waived with a reason.
pub fn lint(tools: &Tools, file: &Path) -> Result<(), Failure> {
    let mut command = tools.verilator.command();
    process::run(command.args(["--lint-only", "-Wall", "constraints/verilator.vlt"]).arg(file))
}

/// Synthesis for 7-series; fails where Yosys finds conflicting drivers, loops or undriven wires.
pub fn synthesize(tools: &Tools, file: &Path) -> Result<(), Failure> {
    let report = file.with_file_name("synthesis.txt");
    let script = format!(
        "read_verilog {}; synth_xilinx -family xc7; check -assert; tee -q -o {} stat",
        file.display(),
        report.display()
    );
    process::run(tools.yosys.command().args(["-q", "-p", &script]))
}

/// Prints resources and logic depth of a unit.
pub fn area(config: &str, unit: &str) -> Result<(), Failure> {
    let tools = tools::find()?;
    // A path as configuration must not lead out of the folder.
    let name = Path::new(config).file_stem().unwrap_or_default().to_string_lossy();
    let folder = Path::new("target/area").join(format!("{name}-{unit}"));
    let file = generate(config, Some(unit), &folder)?;
    let log = folder.join("yosys.log");
    let mut yosys = tools.yosys.command();
    process::run(yosys.arg("-q").arg("-l").arg(&log).args(["-s", "constraints/xc7.ys"]).arg(&file))?;
    let text = std::fs::read_to_string(root().join(&log)).map_err(|error| format!("no log: {error}"))?;
    // The script ends with its reports; before them, synthesis prints its own.
    let reports = text.rfind("Printing statistics.").map_or("", |at| &text[at..]);
    println!("{}", reports.split("End of script.").next().unwrap_or(reports).trim_end());
    eprintln!("all of it: {}", log.display());
    Ok(())
}
