//! Parts of the machine that can be written as Verilog by themselves, to look at them or to synthesize them.

use clap::ValueEnum;
use pleach_spec::Config;
use rust_hdl::prelude::Block;

use crate::array::Array;
use crate::datapath::Datapath;
use crate::engines::Engines;
use crate::requant::Lanes;
use crate::row::Rows;
use crate::stream::Readers;
use crate::top::Top;
use crate::verilog::{self, Error};

/// A part of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Unit {
    /// The systolic array.
    Array,
    /// Staging buffers and windows of all rows.
    Rows,
    /// Weight-stream readers of all columns.
    Readers,
    /// Requantize lanes and deskew.
    Lanes,
    /// All of these.
    Datapath,
    /// Everything but the datapath: control and activation buffer.
    Engines,
    /// The whole machine.
    Top,
}

impl Unit {
    /// All units.
    pub const ALL: [Self; 7] =
        [Self::Array, Self::Rows, Self::Readers, Self::Lanes, Self::Datapath, Self::Engines, Self::Top];

    /// Name of its top module.
    pub const fn module(self) -> &'static str {
        match self {
            Self::Array => "pleach_array",
            Self::Rows => "pleach_rows",
            Self::Readers => "pleach_readers",
            Self::Lanes => "pleach_lanes",
            Self::Datapath => "pleach_datapath",
            Self::Engines => "pleach_engines",
            Self::Top => "pleach",
        }
    }

    /// Its Verilog for a configuration.
    pub fn verilog(self, config: &Config) -> Result<String, Error> {
        match config.window {
            16 => self.verilog_with::<128, 4>(config),
            _ => self.verilog_with::<256, 5>(config),
        }
    }

    fn verilog_with<const WB: usize, const P: usize>(self, config: &Config) -> Result<String, Error> {
        let Config { rows, columns, .. } = *config;
        match self {
            Self::Array => self.emit(Array::<WB, P>::new(rows, columns)),
            Self::Rows => self.emit(Rows::<WB>::new(rows, config.stage_depth, config.chunk)),
            Self::Readers => self.emit(Readers::<P>::new(columns, config.word_depth)),
            Self::Lanes => self.emit(Lanes::new(config)),
            Self::Datapath => self.emit(Datapath::<WB, P>::new(config)),
            Self::Engines => self.emit(Engines::new(config)),
            Self::Top => self.emit(Top::<WB, P>::new(config)),
        }
    }

    fn emit(self, mut block: impl Block) -> Result<String, Error> {
        verilog::emit(&mut block, self.module())
    }
}
