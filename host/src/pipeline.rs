//! All stages in a row: from a model file to a compiled model.

use crate::compile::{CompileError, compile, dense_reference};
use crate::data::{DataSet, Sidecar};
use crate::graph::{Graph, passes};
use crate::import;
use crate::prune::{Pruned, rescale, slot_prune};
use crate::quantize::{self, Calibration};
use miette::Result;
use ndarray::Array3;
use pleach_sim::fast::time_run;
use pleach_spec::Config;
use pleach_spec::model_file::{LayerInfo, ModelFile, Preprocessing};
use pleach_spec::network::Network;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the stages need to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// Configuration to compile for.
    pub config: Config,
    /// Shapes of inputs that the file leaves open, by name.
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// Calibration images, where they are not those of the sidecar.
    pub calibration: Option<PathBuf>,
    /// Words to save by slot pruning.
    pub speedup: Option<f64>,
}

/// Tells of progress: what is being done, how much of how many.
pub type Progress<'a> = &'a mut dyn FnMut(&str, usize, usize);

/// A model compiled from ONNX.
pub struct Compiled {
    /// What runs.
    pub model: ModelFile,
    /// The float network, folded, not pruned.
    pub float: Graph,
    /// The quantized network before pruning, where it was pruned.
    pub unpruned: Option<Network>,
    /// What the pruner did, where it did anything.
    pub pruned: Option<Pruned>,
}

/// Imports, calibrates, prunes, quantizes and compiles an ONNX file.
pub fn compile_onnx(path: &Path, options: &Options, progress: Progress<'_>) -> Result<Compiled> {
    let sidecar = Sidecar::beside(path)?;
    let float = passes::optimise(&import::load(path, &options.shapes)?.graph);
    let images = calibration_images(path, options, &sidecar)?;
    let calibration = calibrate(&float, &images, progress)?;
    let network = quantize::quantize(&float, &calibration)?;
    let compiled = |network, float, unpruned, pruned| -> Result<Compiled> {
        let mut model = compile_network(network, &options.config)?;
        model.preprocessing = Some(preprocessing(&sidecar, model.network.tensors[model.network.input].shape.channels));
        model.labels = sidecar.labels().to_vec();
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        model.notes.insert("source".into(), name);
        if let Some(speedup) = options.speedup {
            model.notes.insert("speedup".into(), speedup.to_string());
        }
        Ok(Compiled { model, float, unpruned, pruned })
    };
    let Some(speedup) = options.speedup else {
        return compiled(network, float, None, None);
    };
    let mut graph = float.clone();
    let moments = |tensor: &str| -> Vec<f32> { match calibration.tensor(tensor) {
        Some(statistics) => statistics.channels.iter().map(|c| c.second_moment() as f32).collect(),
        None => Vec::new(),
    } };
    let pruned = slot_prune(&mut graph, &moments, &options.config, speedup)?;
    let layers = graph.layers().count();
    rescale(&mut graph, &float, &images, &mut |done| progress("rescaling", done, layers))?;
    let calibration = calibrate(&graph, &images, progress)?;
    let mut sparse = quantize::quantize(&graph, &calibration)?;
    for layer in &mut sparse.layers {
        layer.channel_order = pruned.orders.get(&layer.name).cloned().unwrap_or_default();
    }
    compiled(sparse, float, Some(network), Some(pruned))
}

/// Compiles a quantized network, with the exact cycles of every layer.
pub fn compile_network(network: Network, config: &Config) -> Result<ModelFile, CompileError> {
    let program = compile(&network, config)?;
    let mut layers = LayerInfo::table(&network, &program);
    let dense = compile(&dense_reference(&network), config)?;
    for run in &program.runs {
        for (pass, timing) in run.passes.iter().zip(time_run(run, config).passes) {
            layers[pass.layer].cycles += timing.counters.cycles;
        }
    }
    for run in &dense.runs {
        for (pass, timing) in run.passes.iter().zip(time_run(run, config).passes) {
            layers[pass.layer].dense_cycles += timing.counters.cycles;
        }
    }
    Ok(ModelFile {
        network,
        config: config.clone(),
        program,
        layers,
        preprocessing: None,
        labels: Vec::new(),
        notes: BTreeMap::new(),
    })
}

/// The images, normalised as the network wants them.
pub fn normalised(data: &DataSet, preprocessing: &Preprocessing) -> Vec<Array3<f32>> {
    data.images.iter().map(|image| normalise(image, preprocessing)).collect()
}

/// `x = (pixel - mean) / std`, per channel.
fn normalise(image: &Array3<f32>, preprocessing: &Preprocessing) -> Array3<f32> {
    let mut normalised = image.clone();
    for (channel, mut plane) in normalised.outer_iter_mut().enumerate() {
        let (mean, std) = (preprocessing.mean[channel], preprocessing.std[channel]);
        plane.mapv_inplace(|pixel| (pixel - mean) / std);
    }
    normalised
}
