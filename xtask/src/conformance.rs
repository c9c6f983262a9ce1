//! Quantized models against ONNX Runtime: generates cases in Python, runs them, and lists what is identical.

use crate::process::{cargo, command, run};
use crate::{Failure, root};
use std::path::PathBuf;

/// Where the cases come from.
const SOURCE: &str = "tests/conformance/ort";

/// A Python environment of its own, with what `requirements.txt` pins.
pub fn python() -> Result<PathBuf, Failure> {
    environment("target/conformance/python", &format!("{SOURCE}/requirements.txt"))
}

/// A Python environment in a folder, with what a file of requirements pins.
pub fn environment(folder: &str, requirements: &str) -> Result<PathBuf, Failure> {
    let venv = root().join(folder);
    let python = venv.join("bin/python");
    if !python.exists() {
        run(command("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements];
    run(command(&python).args(install))?;
    Ok(python)
}

/// Runs all cases: golden and the fast model, in RTL some of them.
pub fn ort() -> Result<(), Failure> {
    let cases = root().join("target/conformance/ort");
    run(command(python()?).arg(format!("{SOURCE}/generate.py")).arg(&cases))?;
    let program = ["run", "--release", "--package", "pleach-tests", "--bin", "ort_conformance", "--"];
    run(cargo().args(program).arg(&cases).arg("--rtl"))
}
