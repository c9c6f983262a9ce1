//! What the generated Verilog goes through: lint and synthesis.

use crate::process::{self, cargo};
use crate::tools::Tools;
use crate::{Failure, root};
use std::path::{Path, PathBuf};

/// Writes the Verilog of a configuration, or of one unit of it, to a folder that it then has to itself; returns the file.
pub fn generate(config: &str, unit: Option<&str>, folder: &Path) -> Result<PathBuf, Failure> {
    // What an earlier version wrote there must not be taken for new.
    let _ = std::fs::remove_dir_all(root().join(folder));
    let hdl = ["run", "--quiet", "--bin", "hdl", "--", "verilog", "--config", config];
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
