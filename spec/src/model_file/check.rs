//! Whether network, program and layer table belong together.
//!
//! Together with the list checker ([`crate::check`]) this is what lets every reader index without looking: a model that passes
//! it makes no simulator panic and no device hang or leave its memory.

mod layer;

use super::{LayerInfo, ModelFile};
use crate::VECTOR;
use crate::check::check;
use crate::executable::Executable;
use crate::layout::{LARGEST_BATCH, MapLayout};
use crate::network::{MapShape, Network, Tensor};

/// No size of a map is larger, so that products of three fit in 64 bits.
const LARGEST: usize = 1 << 20;

/// Section to blame, and the rule that is broken.
pub type Broken = (&'static str, String);

fn require(section: &'static str, kept: bool, reason: impl FnOnce() -> String) -> Result<(), Broken> {
    match kept {
        true => Ok(()),
        false => Err((section, reason())),
    }
}

fn meta(kept: bool, reason: impl FnOnce() -> String) -> Result<(), Broken> {
    require("META", kept, reason)
}

/// Everything there is to check about a whole model.
pub fn model(model: &ModelFile) -> Result<(), Broken> {
    let ModelFile { network, config, executable, .. } = model;
    config.check().map_err(|e| ("META", e.to_string()))?;
    geometry(network)?;
    for layer in &network.layers {
        let count = network.weight_count(layer);
        let weights = layer.weights().len();
        require("WGHT", weights as u64 == count, || {
            format!("layer `{}` has {weights} weights instead of {count}", layer.name)
        })?;
        layer::scales(network, layer).map_err(|e| ("META", format!("layer `{}`: {e}", layer.name)))?;
    }
    program(network, executable)?;
    check(executable, config).map_err(|e| ("PROG", e.to_string()))?;
    table(network, executable, &model.layers)?;
    extras(model)
}

/// Shapes and indices of the network; its weights are not looked at.
pub fn geometry(network: &Network) -> Result<(), Broken> {
    let tensors = network.tensors.len();
    let index = |what: &str, index: usize| {
        meta(index < tensors, || format!("{what} is tensor {index}, but there are {tensors}"))
    };
    index("the input", network.input)?;
    meta(!network.outputs.is_empty(), || "the network has no output".to_owned())?;
    for &output in &network.outputs {
        index("the output", output)?;
    }
    for tensor in &network.tensors {
        let MapShape { channels, height, width } = tensor.shape;
        let fits = [channels, height, width].iter().all(|size| (1..=LARGEST).contains(size));
        meta(fits, || format!("tensor `{}` cannot have the shape {}", tensor.name, tensor.shape))?;
        let scale = tensor.quantization.scale;
        meta(scale.is_finite() && scale > 0.0, || {
            format!("the scale of tensor `{}` is {scale}", tensor.name)
        })?;
    }
    let mut written = vec![false; tensors];
    written[network.input] = true;
    for layer in &network.layers {
        for &input in &layer.inputs {
            index(&format!("the input of layer `{}`", layer.name), input)?;
            meta(written[input], || format!("layer `{}` reads a tensor before it is written", layer.name))?;
        }
        index(&format!("the output of layer `{}`", layer.name), layer.output)?;
        let twice = std::mem::replace(&mut written[layer.output], true);
        meta(!twice, || format!("layer `{}` writes a tensor that was written before", layer.name))?;
        layer::shapes(network, layer)?;
    }
    meta(written.iter().all(|&w| w), || "a tensor is never written".to_owned())
}

/// The input and the outputs must have their places, segment 1 its size, and commands must work for layers.
fn program(network: &Network, executable: &Executable) -> Result<(), Broken> {
    let vectors = executable.image.data_vectors;
    let batch = executable.batch();
    meta((1..=LARGEST_BATCH).contains(&batch), || {
        format!("the batch is {batch}, but must be 1 to {LARGEST_BATCH}")
    })?;
    map(&network.tensors[network.input], &executable.input, vectors)?;
    let (outputs, maps) = (&network.outputs, &executable.outputs);
    meta(outputs.len() == maps.len(), || {
        format!("there are {} maps for {} outputs", maps.len(), outputs.len())
    })?;
    for (&output, layout) in outputs.iter().zip(maps) {
        map(&network.tensors[output], layout, vectors)?;
        meta(layout.images == batch, || {
            format!("the map of an output has {} images, that of the input {batch}", layout.images)
        })?;
    }
    let used = executable.data_vectors().map_err(|e| ("PROG", e.to_string()))?;
    require("PROG", used == vectors as u64, || {
        format!("segment 1 has {vectors} vectors, but the program uses {used}")
    })?;
    let layers = network.layers.len();
    match executable.owners.iter().position(|&owner| owner as usize >= layers) {
        None => Ok(()),
        Some(command) => Err(("PROG", format!("command {command} works for a layer that is not there"))),
    }
}

/// A tensor must have a map of its shape inside of segment 1.
fn map(tensor: &Tensor, map: &MapLayout, vectors: usize) -> Result<(), Broken> {
    let name = &tensor.name;
    meta(map.shape == tensor.shape, || {
        format!("the map of tensor `{name}` is {} instead of {}", map.shape, tensor.shape)
    })?;
    // The largest first, so that nothing overflows on the way to the plane of a group.
    let sane = map.split.iter().all(|phases| (1..=16).contains(phases))
        && (1..=LARGEST_BATCH).contains(&map.images)
        && map.base <= vectors
        && map.groups > 0
        && map.groups <= (vectors - map.base) / map.plane();
    meta(sane, || format!("the map of tensor `{name}` does not lie in segment 1"))?;
    let places = map.groups * VECTOR;
    let placed =
        map.slots.len() == tensor.shape.channels && map.slots.iter().all(|&slot| (slot as usize) < places);
    meta(placed, || format!("the channels of tensor `{name}` do not have a slot each"))
}

/// The layer table must say what the rest of the file says.
fn table(network: &Network, executable: &Executable, layers: &[LayerInfo]) -> Result<(), Broken> {
    meta(layers.len() == network.layers.len(), || {
        format!("the layer table has {} entries for {} layers", layers.len(), network.layers.len())
    })?;
    let work = executable.work(layers.len()).map_err(|e| ("PROG", e.to_string()))?;
    let computed = LayerInfo::table(network, &work);
    for (listed, mut computed) in layers.iter().zip(computed) {
        (computed.cycles, computed.dense_cycles) = (listed.cycles, listed.dense_cycles);
        computed.cold_cycles = listed.cold_cycles;
        meta(*listed == computed, || format!("the layer table is wrong about layer `{}`", computed.name))?;
    }
    Ok(())
}

fn extras(model: &ModelFile) -> Result<(), Broken> {
    let Some(preprocessing) = &model.preprocessing else { return Ok(()) };
    let channels = model.network.tensors[model.network.input].shape.channels;
    let (mean, std) = (&preprocessing.mean, &preprocessing.std);
    let usable = mean.len() == channels
        && std.len() == channels
        && mean.iter().all(|m| m.is_finite())
        && std.iter().all(|s| s.is_finite() && *s != 0.0);
    meta(usable, || {
        format!("the preprocessing needs a mean and a std, not 0, for each of {channels} channels")
    })
}
