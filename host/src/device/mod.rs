//! What a model can run on, by the names of the command line.

use clap::ValueEnum;
use miette::Diagnostic;
use ndarray::Array3;
use pleach_sim::device::{Device, DeviceError, FastDevice, RtlDevice, Session};
use pleach_sim::golden;
use pleach_spec::Config;
use pleach_spec::model_file::ModelFile;
use pleach_spec::network::Network;
use pleach_spec::numerics::ScaleError;
use thiserror::Error;

/// A device, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// The fast model: bits and cycles of the hardware, no other program needed.
    Fast,
    /// The Verilog of the accelerator under Verilator.
    Rtl,
    /// The golden model: plain integer convolutions, no cycles.
    Golden,
}

impl Kind {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Rtl => "rtl",
            Self::Golden => "golden",
        }
    }
}

/// Why a model could not run.
#[derive(Debug, Error, Diagnostic)]
pub enum InferError {
    /// The device failed.
    #[error("device `{device}`: {source}")]
    #[diagnostic(help("{}", help(.source)))]
    Device {
        /// Its name.
        device: &'static str,
        /// Reason.
        source: DeviceError,
    },
    /// A scale of the network cannot be used.
    #[error("network `{network}`: {source}")]
    #[diagnostic(help("quantize the network again"))]
    Scale {
        /// Its name.
        network: String,
        /// Reason.
        source: ScaleError,
    },
}

fn help(error: &DeviceError) -> &'static str {
    match error {
        DeviceError::Rtl(_) => {
            "`cargo xtask setup` gets Verilator; `--device fast` computes the same bits and cycles without it"
        }
        DeviceError::Hdl(_) => "try a built-in configuration: this one cannot be generated",
        DeviceError::Timeout { .. } => "the program may be for other hardware; compile the model again",
        DeviceError::Run(_) => {
            "compile the model again; if that does not help, report the model that causes it"
        }
        DeviceError::Range { .. } => "use maps that the program has",
        DeviceError::Identity { .. } => "compile the model for the configuration of the device",
    }
}

/// Something that computes a network's output from an int8 input map.
pub enum Engine {
    /// A device that runs programs.
    Device(Kind, Box<dyn Device>),
    /// The golden model, which reads the network itself.
    Golden,
}

impl Engine {
    /// Opens a device of a configuration. Building the RTL takes up to a minute the first time.
    pub fn open(kind: Kind, config: &Config) -> Result<Self, InferError> {
        let device: Box<dyn Device> = match kind {
            Kind::Golden => return Ok(Self::Golden),
            Kind::Fast => Box::new(FastDevice::new(config.clone())),
            Kind::Rtl => Box::new(
                RtlDevice::new(config)
                    .map_err(|source| InferError::Device { device: kind.name(), source })?,
            ),
        };
        Ok(Self::Device(kind, device))
    }

    /// Gets ready to run a model: its program goes into the device with the first image.
    pub fn start<'a>(&'a mut self, model: &'a ModelFile) -> Runner<'a> {
        match self {
            Self::Device(kind, device) => {
                Runner::Device(*kind, Session::new(device.as_mut(), &model.network, &model.program))
            }
            Self::Golden => Runner::Golden(&model.network),
        }
    }
}

/// An engine with a model.
pub enum Runner<'a> {
    /// A device and the session on it.
    Device(Kind, Session<'a>),
    /// The golden model.
    Golden(&'a Network),
}

impl Runner<'_> {
    /// The network's outputs, each `[channel][y][x]`, for an input map, and the cycles where the device counts them.
    pub fn infer(&mut self, input: &[i8]) -> Result<(Vec<Vec<i8>>, Option<u64>), InferError> {
        match self {
            Self::Device(kind, session) => match session.infer(input) {
                Ok((outputs, counters)) => Ok((outputs, Some(counters.cycles))),
                Err(source) => Err(InferError::Device { device: kind.name(), source }),
            },
            Self::Golden(network) => {
                let shape = network.tensors[network.input].shape;
                let shape = (shape.channels, shape.height, shape.width);
                let map =
                    Array3::from_shape_vec(shape, input.to_vec()).expect("the caller gives a whole map");
                let maps = golden::run(network, map)
                    .map_err(|source| InferError::Scale { network: network.name.clone(), source })?;
                let output = |&tensor: &usize| maps[tensor].iter().copied().collect();
                Ok((network.outputs.iter().map(output).collect(), None))
            }
        }
    }
}
