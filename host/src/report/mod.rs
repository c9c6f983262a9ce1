//! What a run tells people (a table, a page) and scripts (JSON).

mod html;
mod layers;
mod page;
mod table;

pub use html::Page;
pub use layers::layer_table;
pub use table::{Bars, Table, percent, thousands};

use crate::cpu::CpuNode;
use crate::interface::Interface;
use crate::partition::{Part, Plan};
use pleach_sim::device::RunCounters;
use pleach_spec::Config;
use pleach_spec::model_file::{LayerInfo, ModelFile};
use serde::Serialize;

/// Shares of right answers, in percent, where labels are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Accuracy {
    /// The network of the file in f32; absent for a `model.bin`, which does not hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub float: Option<f64>,
    /// The quantized network; for a pruned one, before pruning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub int8: Option<f64>,
    /// The pruned and quantized network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pruned: Option<f64>,
}

/// Cycles of some layers together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// Clock cycles of one image.
    pub cycles: u64,
    /// Clock cycles with every weight there.
    pub dense_cycles: u64,
    /// Their ratio.
    pub speedup: f64,
    /// Multiplications by non-zero weights of the array's multipliers and cycles, 0 to 1.
    pub utilisation: f64,
}

impl Share {
    fn of<'a>(layers: impl Iterator<Item = &'a LayerInfo>, batch: u64, config: &Config) -> Self {
        let (mut cycles, mut dense_cycles, mut useful) = (0, 0, 0);
        for layer in layers {
            cycles += layer.cycles;
            dense_cycles += layer.dense_cycles;
            useful += batch * useful_macs(layer);
        }
        Self {
            cycles: share(cycles, batch),
            dense_cycles: share(dense_cycles, batch),
            speedup: ratio(dense_cycles, cycles),
            utilisation: ratio(useful, cycles * config.multipliers() as u64),
        }
    }
}

/// What an accelerator's counters say of one image, besides its cycles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Traffic {
    /// Bytes that it read from the memory.
    pub bytes_read: u64,
    /// Bytes that it wrote to the memory.
    pub bytes_written: u64,
    /// Cycles that were lost, by cause.
    pub stalls: Stalls,
}

/// Cycles in which a unit had to wait, by cause. Units wait at the same time, so these do not add up to anything.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stalls {
    /// The array waited for a vector of the activation buffer.
    pub data: u64,
    /// The array waited until results before had left it.
    pub drain: u64,
    /// The array had no pass to execute.
    pub no_pass: u64,
    /// LOAD waited for COMPUTE or STORE.
    pub load_tokens: u64,
    /// LOAD waited for the memory.
    pub load_bus: u64,
    /// LOAD waited for a bank of the activation buffer.
    pub load_bank: u64,
    /// STORE waited for LOAD or COMPUTE.
    pub store_tokens: u64,
    /// STORE waited for the memory.
    pub store_bus: u64,
    /// STORE waited for a bank of the activation buffer.
    pub store_bank: u64,
    /// A command waited for room in the queue of its engine.
    pub queue: u64,
}

impl Traffic {
    /// One image's share of what a run of a batch counted.
    pub fn of(RunCounters { compute, memory_side }: RunCounters, batch: usize) -> Self {
        let share = |count: u64| share(count, batch as u64);
        Self {
            bytes_read: share(memory_side.bytes_read),
            bytes_written: share(memory_side.bytes_written),
            stalls: Stalls {
                data: share(compute.stall_data),
                drain: share(compute.stall_drain),
                no_pass: share(compute.no_pass),
                load_tokens: share(memory_side.load_tokens.into()),
                load_bus: share(memory_side.load_bus.into()),
                load_bank: share(memory_side.load_bank.into()),
                store_tokens: share(memory_side.store_tokens.into()),
                store_bus: share(memory_side.store_bus.into()),
                store_bank: share(memory_side.store_bank.into()),
                queue: share(memory_side.fetch_queue.into()),
            },
        }
    }
}

/// One layer of the report; words and cycles are one image's share of those of a batch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerReport {
    /// Name of the ONNX node.
    pub name: String,
    /// ONNX operator.
    pub op: String,
    /// Where it ran: `array`, `vector` or `cpu`.
    #[serde(rename = "where")]
    pub place: &'static str,
    /// Shape of the output, channels x height x width.
    pub shape: String,
    /// Multiply-accumulates with all weights.
    pub macs: u64,
    /// Weights that are not zero.
    pub nonzeros: u64,
    /// Slot words issued.
    pub words: u64,
    /// Clock cycles.
    pub cycles: u64,
    /// Clock cycles with all weights.
    pub dense_cycles: u64,
    /// `dense_cycles / cycles`.
    pub speedup: f64,
    /// Cycles in which no word was issued: waiting for the memory or for a vector, draining.
    pub fixed_cycles: u64,
    /// Multiplications by non-zero weights of the array's multipliers and cycles, 0 to 1.
    pub utilisation: f64,
}

impl LayerReport {
    fn new(layer: &LayerInfo, batch: u64, config: &Config) -> Self {
        let of_batch = batch * useful_macs(layer);
        Self {
            name: layer.name.clone(),
            op: layer.op.clone(),
            place: "array",
            shape: layer.output.to_string(),
            macs: layer.macs,
            nonzeros: layer.nonzeros,
            words: share(layer.words, batch),
            cycles: share(layer.cycles, batch),
            dense_cycles: share(layer.dense_cycles, batch),
            speedup: ratio(layer.dense_cycles, layer.cycles),
            fixed_cycles: share(layer.cycles.saturating_sub(layer.words), batch),
            utilisation: ratio(of_batch, layer.cycles * config.multipliers() as u64),
        }
    }

    /// A node on this computer.
    fn on_cpu(node: &CpuNode) -> Self {
        Self {
            name: node.name.clone(),
            op: node.op.clone(),
            place: "cpu",
            shape: crate::graph::join(&node.dims),
            macs: 0,
            nonzeros: 0,
            words: 0,
            cycles: 0,
            dense_cycles: 0,
            speedup: 1.0,
            fixed_cycles: 0,
            utilisation: 0.0,
        }
    }
}

/// The result of `host run`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunReport {
    /// What it ran on.
    pub device: String,
    /// Name of the configuration.
    pub config: String,
    /// Images.
    pub images: usize,
    /// Median wall time of the device call for one image, in ms.
    pub host_ms: f64,
    /// Accuracy, where labels are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Accuracy>,
    /// Images that a run computes.
    pub batch: usize,
    /// Clock cycles of one image, its share of those of a run: of any but the first, if weights stay on the chip.
    pub cycles: u64,
    /// One image's share of the clock cycles of the first run.
    pub cold_cycles: u64,
    /// Clock cycles of a run, from the start to the last result of the batch.
    pub batch_cycles: u64,
    /// The same at the configuration's clock, in ms: how long a batch, and so each image in it, takes.
    pub latency_ms: f64,
    /// Clock cycles of one image with all weights, as `cycles`.
    pub dense_cycles: u64,
    /// `dense_cycles / cycles`.
    pub speedup: f64,
    /// Images a second at the configuration's clock.
    pub frames_per_s: f64,
    /// Multiplications by non-zero weights of the array's multipliers and cycles, 0 to 1.
    pub utilisation: f64,
    /// The convolution layers alone.
    pub convolutions: Share,
    /// Traffic and stalls of one image; absent where nothing counts them (golden model, `host compile`).
    #[serde(flatten)]
    pub traffic: Option<Traffic>,
    /// The layers.
    pub layers: Vec<LayerReport>,
}

impl RunReport {
    /// The report of a model; `host_ms`, `images` and `accuracy` are what the run measured.
    pub fn new(
        model: &ModelFile,
        device: &str,
        images: usize,
        host_ms: f64,
        accuracy: Option<Accuracy>,
    ) -> Self {
        let config = &model.config;
        let batch = model.batch() as u64;
        let batch_cycles = model.cycles();
        let seconds = batch_cycles.max(1) as f64 / (f64::from(config.clock_mhz) * 1.0e6);
        let all = Share::of(model.layers.iter(), batch, config);
        Self {
            device: device.to_owned(),
            config: config.name.clone(),
            images,
            host_ms,
            accuracy,
            batch: model.batch(),
            cycles: all.cycles,
            cold_cycles: share(model.cold_cycles(), batch),
            batch_cycles,
            latency_ms: seconds * 1.0e3,
            dense_cycles: all.dense_cycles,
            speedup: all.speedup,
            frames_per_s: batch as f64 / seconds,
            utilisation: all.utilisation,
            traffic: None,
            convolutions: Share::of(model.layers.iter().filter(|layer| layer.op == "Conv"), batch, config),
            layers: layers(model),
        }
    }

    /// The report of a graph that ran wholly on this computer: no cycles, and every node is there.
    pub fn on_cpu(nodes: &[CpuNode], images: usize, host_ms: f64, accuracy: Option<f64>) -> Self {
        let nothing = Share { cycles: 0, dense_cycles: 0, speedup: 1.0, utilisation: 0.0 };
        Self {
            device: "cpu".to_owned(),
            config: "none".to_owned(),
            images,
            host_ms,
            accuracy: accuracy.map(|float| Accuracy { float: Some(float), ..Accuracy::default() }),
            batch: 1,
            cycles: 0,
            cold_cycles: 0,
            batch_cycles: 0,
            latency_ms: 0.0,
            dense_cycles: 0,
            speedup: 1.0,
            frames_per_s: 0.0,
            utilisation: 0.0,
            convolutions: nothing,
            traffic: None,
            layers: nodes.iter().map(LayerReport::on_cpu).collect(),
        }
    }
}

/// The layers in the order in which they run: what this computer does before, the accelerator's, and what it does behind.
fn layers(model: &ModelFile) -> Vec<LayerReport> {
    let plan = Plan::of(model);
    let of = |part: fn(&Plan) -> Option<&Part>| {
        let nodes = plan.as_ref().and_then(part).map_or(&[][..], |part| &part.nodes);
        nodes.iter().map(LayerReport::on_cpu).collect::<Vec<_>>()
    };
    let batch = model.batch() as u64;
    let array = model.layers.iter().map(|layer| LayerReport::new(layer, batch, &model.config));
    let (before, behind) = (of(|plan| plan.before.as_ref()), of(|plan| plan.behind.as_ref()));
    let interface = Interface::of(model).map_or_else(Vec::new, |interface| interface.outputs);
    let softmax = interface.iter().filter(|output| output.softmax).map(|output| {
        let (name, dims) = (output.name.clone(), output.shape());
        LayerReport::on_cpu(&CpuNode { name, op: "Softmax".to_owned(), dims })
    });
    before.into_iter().chain(array).chain(behind).chain(softmax).collect()
}

/// One image's share of what a batch takes, rounded.
fn share(of_batch: u64, batch: u64) -> u64 {
    (of_batch + batch / 2) / batch
}

/// Multiplications by non-zero weights for one image.
fn useful_macs(layer: &LayerInfo) -> u64 {
    layer.nonzeros * layer.output.pixels() as u64
}

fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b.max(1) as f64
}
