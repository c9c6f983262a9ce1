//! `verilator --lint-only -Wall`.

use std::fs;

use super::{Error, Verilator};

/// Fails with the warnings if module `top` of `verilog` has any, other than those waived: pairs of a warning's name and
/// the reason why it does not matter here.
pub fn lint(verilog: &str, top: &str, waivers: &[(&str, &str)]) -> Result<(), Error> {
    let verilator = Verilator::find()?;
    let folder = tempfile::tempdir().map_err(Error::io(&std::env::temp_dir()))?;
    let source = folder.path().join("model.v");
    fs::write(&source, verilog).map_err(Error::io(&source))?;
    let mut command = verilator.command();
    command.args(["--lint-only", "-Wall", "-Wno-EOFNEWLINE", "--top-module", top]);
    command.args(waivers.iter().map(|(warning, _reason)| format!("-Wno-{warning}")));
    let output = command.arg(&source).output().map_err(Error::io(&source))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Lint { top: top.to_owned(), output: String::from_utf8_lossy(&output.stderr).into_owned() })
}
