//! Models against other implementations: cases come from Python, a program of ours runs them and lists what is right.

use crate::process::{cargo, command, run};
use crate::{Failure, page, root};
use std::path::PathBuf;

/// Where the cases that ONNX Runtime judges come from.
const ORT: &str = "tests/conformance/ort";
/// Where the ONNX project's own come from.
const ONNX: &str = "tests/conformance/onnx";
/// The environment that both share.
const PYTHON: &str = "target/conformance/python";

/// A Python environment of its own, with ONNX Runtime.
pub fn python() -> Result<PathBuf, Failure> {
    environment(PYTHON, &format!("{ORT}/requirements.txt"))
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

/// Quantized models against ONNX Runtime: on golden and the fast model, in RTL some of them.
pub fn ort() -> Result<(), Failure> {
    let cases = root().join("target/conformance/ort");
    run(command(python()?).arg(format!("{ORT}/generate.py")).arg(&cases))?;
    let program = ["run", "--release", "--bin", "ort_conformance", "--"];
    run(cargo().args(program).arg(&cases).arg("--rtl"))
}

/// The ONNX project's operator tests and light models; writes the tables of docs/src/operators.md.
pub fn onnx() -> Result<(), Failure> {
    let cases = root().join("target/conformance/onnx");
    let python = environment(PYTHON, &format!("{ONNX}/requirements.txt"))?;
    run(command(python).arg(format!("{ONNX}/export.py")).arg(&cases))?;
    let program = ["run", "--bin", "onnx_conformance", "--"];
    let outcome = run(cargo().args(program).arg(&cases));
    let report = cases.join("report.md");
    let tables = std::fs::read_to_string(&report)
        .map_err(|error| format!("cannot read {}: {error}", report.display()))?;
    page::write_table("docs/src/operators.md", "conformance onnx", &tables)?;
    outcome
}
