//! The units of the machine, each of which can be written as Verilog by itself.

use clap::ValueEnum;
use pleach_spec::Config;

use crate::array::Array;
use crate::engines::Engines;
use crate::verilog::{self, Error};

/// A unit of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Unit {
    /// The systolic array.
    Array,
    /// Everything but the datapath.
    Engines,
}

impl Unit {
    /// Name of its top module.
    pub const fn module(self) -> &'static str {
        match self {
            Self::Array => "pleach_array",
            Self::Engines => "pleach_engines",
        }
    }

    /// Its Verilog for a configuration.
    pub fn verilog(self, config: &Config) -> Result<String, Error> {
        let Config { rows, columns, .. } = *config;
        match (self, config.window) {
            (Self::Array, 16) => verilog::emit(&mut Array::<128, 4>::new(rows, columns), self.module()),
            (Self::Engines, _) => verilog::emit(&mut Engines::new(config), self.module()),
            (Self::Array, _) => verilog::emit(&mut Array::<256, 5>::new(rows, columns), self.module()),
        }
    }
}
