//! Sections META and WGHT.

use super::{LayerInfo, ModelFile, Preprocessing};
use crate::Config;
use crate::layout::MapLayout;
use crate::network::{Conv, Kind, Layer, Network};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What META holds, in this order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// Configuration the program was compiled for.
    pub config: Config,
    /// The network; the weights of its layers are empty.
    pub network: Network,
    /// Where the input lies in segment 1.
    pub input: MapLayout,
    /// Where each output lies in segment 1.
    pub outputs: Vec<MapLayout>,
    /// The layer table.
    pub layers: Vec<LayerInfo>,
    /// How images become input maps.
    pub preprocessing: Option<Preprocessing>,
    /// Names of the classes.
    pub labels: Vec<String>,
    /// Where the model comes from.
    pub notes: BTreeMap<String, String>,
}

/// Keys of META with their meaning, for the documentation; a test compares them with what is written.
pub const META_KEYS: [(&str, &str); 8] = [
    ("config", "the full configuration the program was compiled for, as in its TOML file"),
    (
        "network",
        "name, tensors (name, shape, scale and zero point), layers (operator, inputs, output, and what the operator needs: of convolutions geometry, scales, bias, clamp; `weights` is empty: they are in WGHT), input tensor and output tensors",
    ),
    (
        "input",
        "where the input maps lie in segment 1: shape of one, `images` of a batch, first vector, phases, vector groups, and the slot of each channel",
    ),
    ("outputs", "the same of each output, in the order of the network"),
    (
        "layers",
        "for each layer: shapes, MACs and non-zeros of one image; slot words, predicted cycles, cycles of the first run and dense cycles of a run, which computes a batch, with the usual memory",
    ),
    ("preprocessing", "null, or `mean` and `std` of each channel: x = (pixel - mean) / std, pixel in 0..255"),
    ("labels", "names of the classes, in the order of the output; may be empty"),
    ("notes", "strings by name: where the model comes from"),
];

/// META and WGHT of a model.
pub fn encode(model: &ModelFile) -> (Vec<u8>, Vec<u8>) {
    let weights =
        model.network.layers.iter().flat_map(|layer| layer.weights().iter().map(|&w| w as u8)).collect();
    let network = without_weights(&model.network);
    let meta = Meta {
        config: model.config.clone(),
        network,
        input: model.executable.input.clone(),
        outputs: model.executable.outputs.clone(),
        layers: model.layers.clone(),
        preprocessing: model.preprocessing.clone(),
        labels: model.labels.clone(),
        notes: model.notes.clone(),
    };
    let json = serde_json::to_vec(&meta).expect("strings, numbers and lists");
    (json, weights)
}

fn without_weights(network: &Network) -> Network {
    let Network { name, tensors, layers, input, outputs } = network;
    let kind = |kind: &Kind| match kind {
        Kind::Conv(conv) => Kind::Conv(Conv {
            geometry: conv.geometry,
            weights: Vec::new(),
            weight_scales: conv.weight_scales.clone(),
            bias: conv.bias.clone(),
            clamp: conv.clamp,
            channel_order: conv.channel_order.clone(),
        }),
        other => other.clone(),
    };
    let layer = |layer: &Layer| Layer {
        name: layer.name.clone(),
        op: layer.op.clone(),
        inputs: layer.inputs.clone(),
        output: layer.output,
        kind: kind(&layer.kind),
    };
    Network {
        name: name.clone(),
        tensors: tensors.clone(),
        layers: layers.iter().map(layer).collect(),
        input: *input,
        outputs: outputs.clone(),
    }
}

/// Reads META.
pub fn decode(section: &[u8]) -> Result<Meta, String> {
    let meta: Meta = serde_json::from_slice(section).map_err(|e| e.to_string())?;
    match meta.network.layers.iter().find(|layer| !layer.weights().is_empty()) {
        None => Ok(meta),
        Some(layer) => Err(format!("layer `{}` has weights, which belong into section WGHT", layer.name)),
    }
}

/// Gives each layer its weights from WGHT. The geometry of the network has been checked.
pub fn attach_weights(network: &mut Network, mut section: &[u8]) -> Result<(), String> {
    let counts: Vec<u64> = network.layers.iter().map(|layer| network.weight_count(layer)).collect();
    let needed = counts.iter().fold(0u64, |sum, &count| sum.saturating_add(count));
    if needed != section.len() as u64 {
        return Err(format!("it has {} weights, but the layers have {needed}", section.len()));
    }
    for (layer, count) in network.layers.iter_mut().zip(counts) {
        let (weights, rest) = section.split_at(count as usize);
        if let Some(conv) = layer.conv_mut() {
            conv.weights = weights.iter().map(|&byte| byte as i8).collect();
        }
        section = rest;
    }
    Ok(())
}
