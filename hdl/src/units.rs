//! Parts of the machine that can be written as Verilog by themselves, to look at them or to synthesize them.

use clap::ValueEnum;
use pleach_spec::Config;
use rust_hdl::prelude::Block;

use crate::accelerator::Accelerator;
use crate::array::Array;
use crate::buffer::Buffer;
use crate::compute::Compute;
use crate::control::gather::Gather;
use crate::control::issue::Issue;
use crate::control::scatter::Scatter;
use crate::control::walk::Walk;
use crate::datapath::Datapath;
use crate::dma;
use crate::requant::Lanes;
use crate::row::Rows;
use crate::stream::Readers;
use crate::verilog::{self, Error};

/// What the register BUILD_HASH reads in a design whose Verilog is `text` where it reads 0: CRC-32, or 1 instead of 0, which says
/// that it is not known.
pub fn build_hash(text: &str) -> u32 {
    crc32fast::hash(text.as_bytes()).max(1)
}

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
    /// Which pixels.
    Walk,
    /// Which vectors.
    Gather,
    /// Which words.
    Issue,
    /// Where results go.
    Scatter,
    /// The activation buffer.
    Buffer,
    /// The units, the buffer and the datapath.
    Compute,
    /// The memory side: AXI, FETCH, LOAD, STORE, registers.
    Dma,
    /// The whole machine.
    Accelerator,
}

impl Unit {
    /// All units.
    pub const ALL: [Self; 13] = [
        Self::Array,
        Self::Rows,
        Self::Readers,
        Self::Lanes,
        Self::Datapath,
        Self::Walk,
        Self::Gather,
        Self::Issue,
        Self::Scatter,
        Self::Buffer,
        Self::Compute,
        Self::Dma,
        Self::Accelerator,
    ];

    /// Name of its top module.
    pub const fn module(self) -> &'static str {
        match self {
            Self::Array => "pleach_array",
            Self::Rows => "pleach_rows",
            Self::Readers => "pleach_readers",
            Self::Lanes => "pleach_lanes",
            Self::Datapath => "pleach_datapath",
            Self::Walk => "pleach_walk",
            Self::Gather => "pleach_gather",
            Self::Issue => "pleach_issue",
            Self::Scatter => "pleach_scatter",
            Self::Buffer => "pleach_buffer",
            Self::Compute => "pleach_compute",
            Self::Dma => dma::MODULE,
            Self::Accelerator => "pleach",
        }
    }

    /// Its Verilog for a configuration.
    pub fn verilog(self, config: &Config) -> Result<String, Error> {
        match config.axi_bits {
            64 => self.with_bus::<64, 128, 8>(config),
            128 => self.with_bus::<128, 128, 16>(config),
            256 => self.with_bus::<256, 256, 32>(config),
            _ => self.with_bus::<512, 512, 64>(config),
        }
    }

    fn with_bus<const B: usize, const BP: usize, const S: usize>(
        self,
        config: &Config,
    ) -> Result<String, Error> {
        match config.window {
            16 => self.with_window::<128, 4, B, BP, S>(config),
            _ => self.with_window::<256, 5, B, BP, S>(config),
        }
    }

    fn with_window<const WB: usize, const P: usize, const B: usize, const BP: usize, const S: usize>(
        self,
        config: &Config,
    ) -> Result<String, Error> {
        let Config { rows, columns, .. } = *config;
        match self {
            Self::Array => self.emit(Array::<WB, P>::new(rows, columns)),
            Self::Rows => self.emit(Rows::<WB>::new(rows, config.stage_depth, config.chunk)),
            Self::Readers => self.emit(Readers::<P>::new(columns, config.word_depth)),
            Self::Lanes => self.emit(Lanes::new(config)),
            Self::Datapath => self.emit(Datapath::<WB, P>::new(config)),
            Self::Walk => self.emit(Walk::new(config)),
            Self::Gather => self.emit(Gather::new(config)),
            Self::Issue => self.emit(Issue::new(config)),
            Self::Scatter => self.emit(Scatter::new(config)),
            Self::Buffer => self.emit(Buffer::new(config)),
            Self::Compute => self.emit(Compute::<WB, P>::new(config)),
            Self::Dma => dma::verilog(config, 0),
            Self::Accelerator => {
                let design = |hash| self.emit(Accelerator::<WB, P, B, BP, S>::new(config, hash));
                design(build_hash(&design(0)?))
            }
        }
    }

    fn emit(self, mut block: impl Block) -> Result<String, Error> {
        verilog::emit(&mut block, self.module())
    }
}
