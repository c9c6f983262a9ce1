//! What a model can run on, by the names of the command line.

use crate::predict::machine;
use clap::ValueEnum;
use miette::Diagnostic;
use ndarray::Array3;
use pleach_sim::device::{Accelerator, DeviceError, FastAccelerator, RtlAccelerator, RunCounters};
use pleach_sim::golden;
use pleach_sim::memory::MemoryTiming;
use pleach_sim::rtl::Behaviour;
use pleach_spec::Config;
use pleach_spec::executable::Executable;
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
    /// The golden model: plain integer loops, no cycles.
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

    /// For `map_err`: an error of this device.
    pub fn failed(self) -> impl Fn(DeviceError) -> InferError {
        move |source| InferError::Device { device: self.name(), source }
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

/// Opens an accelerator; `None` for the golden model, which is none. Building the RTL takes some minutes the first time.
pub fn open(
    kind: Kind,
    config: &Config,
    memory: MemoryTiming,
) -> Result<Option<Box<dyn Accelerator>>, InferError> {
    let machine = machine(config, memory);
    Ok(match kind {
        Kind::Golden => None,
        Kind::Fast => Some(Box::new(FastAccelerator::with_machine(machine))),
        Kind::Rtl => {
            let rtl = RtlAccelerator::new(machine, Behaviour::Paced).map_err(kind.failed())?;
            Some(Box::new(rtl))
        }
    })
}

/// The output maps of each image of a batch.
pub type Outputs = Vec<Vec<Vec<i8>>>;

/// The output maps of a program that is loaded, for a batch of input maps `[channel][y][x]`, and what was counted. Of maps there is
/// at least one; where there are fewer than images of a batch, the last one takes the place of those that are missing.
pub fn infer_batch<M: AsRef<[i8]>>(
    accelerator: &mut dyn Accelerator,
    executable: &Executable,
    inputs: &[M],
) -> Result<(Outputs, RunCounters), DeviceError> {
    let last = inputs.len().saturating_sub(1);
    let batch: Vec<&[i8]> = (0..executable.batch()).map(|image| inputs[image.min(last)].as_ref()).collect();
    accelerator.write(executable.input.base, &executable.input.pack(&batch))?;
    let counters = accelerator.run()?;
    let mut images = vec![Vec::new(); inputs.len()];
    for map in &executable.outputs {
        let outputs = map.unpack(&accelerator.read(map.base, map.vectors())?);
        images.iter_mut().zip(outputs).for_each(|(image, output)| image.push(output));
    }
    Ok((images, counters))
}

/// [`infer_batch`] of one image.
pub fn infer(
    accelerator: &mut dyn Accelerator,
    executable: &Executable,
    input: &[i8],
) -> Result<(Vec<Vec<i8>>, RunCounters), DeviceError> {
    let (mut images, counters) = infer_batch(accelerator, executable, &[input])?;
    Ok((images.pop().unwrap_or_default(), counters))
}

/// All maps of a network, by the golden model, for an input map.
pub fn golden_maps(network: &Network, input: &[i8]) -> Result<Vec<Array3<i8>>, InferError> {
    let shape = network.tensors[network.input].shape;
    let shape = (shape.channels, shape.height, shape.width);
    let map = Array3::from_shape_vec(shape, input.to_vec()).expect("the caller gives a whole map");
    golden::run(network, map).map_err(|source| InferError::Scale { network: network.name.clone(), source })
}

/// A model on what it runs on.
pub struct Runner<'a> {
    kind: Kind,
    model: &'a ModelFile,
    /// `None`: the golden model.
    accelerator: Option<Box<dyn Accelerator>>,
}

impl<'a> Runner<'a> {
    /// Opens the device and puts the model's program into it.
    pub fn new(kind: Kind, model: &'a ModelFile, memory: MemoryTiming) -> Result<Self, InferError> {
        let mut accelerator = open(kind, &model.config, memory)?;
        if let Some(accelerator) = &mut accelerator {
            accelerator.load(&model.executable.image).map_err(kind.failed())?;
        }
        Ok(Self { kind, model, accelerator })
    }

    /// The network's outputs for each of a batch of input maps, each `[channel][y][x]`, and what was counted where there are
    /// counters. There may be fewer maps than images of a batch, but not none.
    pub fn infer<M: AsRef<[i8]>>(
        &mut self,
        inputs: &[M],
    ) -> Result<(Outputs, Option<RunCounters>), InferError> {
        match &mut self.accelerator {
            Some(accelerator) => {
                let result = infer_batch(accelerator.as_mut(), &self.model.executable, inputs);
                result.map(|(outputs, counters)| (outputs, Some(counters))).map_err(self.kind.failed())
            }
            None => {
                let network = &self.model.network;
                let outputs = inputs.iter().map(|input| {
                    let maps = golden_maps(network, input.as_ref())?;
                    let output = |&tensor: &usize| maps[tensor].iter().copied().collect();
                    Ok(network.outputs.iter().map(output).collect())
                });
                Ok((outputs.collect::<Result<_, _>>()?, None))
            }
        }
    }
}
