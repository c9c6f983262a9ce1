//! Whether network, maps, passes and layer table belong together.
//!
//! Together with `Program::check` this is what lets every reader index without looking: a model that passes it makes no
//! simulator panic and no device leave the maps it was given.

mod layer;

use super::{LayerInfo, ModelFile};
use crate::network::{Layer, MapShape, Network};
use crate::program::{MapLayout, Pass, Program};
use crate::{Config, VECTOR};

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
    let ModelFile { network, config, program, .. } = model;
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
    maps(network, &program.maps, config)?;
    program.check(config).map_err(|e| ("PROG", e.to_string()))?;
    passes(network, program, config)?;
    table(network, program, &model.layers)?;
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

/// Each tensor must have a map of its shape inside of the activation buffer.
fn maps(network: &Network, maps: &[MapLayout], config: &Config) -> Result<(), Broken> {
    meta(maps.len() == network.tensors.len(), || {
        format!("there are {} maps for {} tensors", maps.len(), network.tensors.len())
    })?;
    for (map, tensor) in maps.iter().zip(&network.tensors) {
        let name = &tensor.name;
        meta(map.shape == tensor.shape, || {
            format!("the map of tensor `{name}` is {} instead of {}", map.shape, tensor.shape)
        })?;
        // The largest first, so that nothing overflows on the way to `vectors`.
        let sane = map.split.iter().all(|phases| (1..=16).contains(phases))
            && map.base <= LARGEST
            && (1..=map.shape.channels).contains(&map.groups)
            && map.base + map.vectors() <= config.activation_vectors();
        meta(sane, || format!("the map of tensor `{name}` does not lie in the activation buffer"))?;
        let mut seen = vec![false; map.groups * VECTOR];
        let distinct = map.slots.len() == tensor.shape.channels
            && map
                .slots
                .iter()
                .all(|&slot| seen.get_mut(slot as usize).is_some_and(|seen| !std::mem::replace(seen, true)));
        meta(distinct, || format!("the channels of tensor `{name}` do not have a slot of their own each"))?;
    }
    Ok(())
}

/// The passes of each layer must follow each other, read its input map, and write each part of its output map once.
fn passes(network: &Network, program: &Program, config: &Config) -> Result<(), Broken> {
    let mut written: Vec<Vec<bool>> = Vec::new();
    for layer in &network.layers {
        let slots = program.maps[layer.output].groups * VECTOR;
        written.push(vec![false; slots / config.columns]);
    }
    let mut latest = 0;
    for (run_index, run) in program.runs.iter().enumerate() {
        for (index, pass) in run.passes.iter().enumerate() {
            let at = |reason: String| ("PROG", format!("run {run_index}, pass {index}: {reason}"));
            if pass.layer < latest || pass.layer >= network.layers.len() {
                return Err(at(format!("layer {} is not there, or out of order", pass.layer)));
            }
            latest = pass.layer;
            let layer = &network.layers[pass.layer];
            let tile = pass_tile(network, layer, program, pass, config).map_err(|e| at(e.to_owned()))?;
            if std::mem::replace(&mut written[pass.layer][tile], true) {
                return Err(at(format!("it writes the same channels of layer `{}` again", layer.name)));
            }
        }
    }
    for (layer, written) in network.layers.iter().zip(&written) {
        let slots = &program.maps[layer.output].slots;
        let missing = slots.iter().any(|&slot| !written[slot as usize / config.columns]);
        require("PROG", !missing, || format!("no pass writes some channels of layer `{}`", layer.name))?;
    }
    Ok(())
}

/// The tile of output channels that a pass writes, if its commands fit its layer.
fn pass_tile(
    network: &Network,
    layer: &Layer,
    program: &Program,
    pass: &Pass,
    config: &Config,
) -> Result<usize, &'static str> {
    let (x, y) = network.shapes(layer);
    if pass.walk.pixels as usize != y.pixels() || pass.walk.width as usize != y.width {
        return Err("WALK does not visit the output pixels of its layer");
    }
    if pass.gather.in_height as usize != x.height || pass.gather.in_width as usize != x.width {
        return Err("GATHER does not have the size of the layer's input map");
    }
    if pass.gather.pad != i32::from(network.tensors[layer.inputs[0]].quantization.zero_point) {
        return Err("GATHER does not pad with the zero point of the layer's input");
    }
    if !reads_inside(pass, &program.maps[layer.inputs[0]]) {
        return Err("it reads outside of the layer's input map");
    }
    let group = written_group(pass, &program.maps[layer.output])
        .ok_or("SCATTER does not write the pixels of the layer's output map where they are")?;
    let slot = group * VECTOR + pass.scatter.lane as usize;
    match slot.is_multiple_of(config.columns) {
        true => Ok(slot / config.columns),
        false => Err("SCATTER does not write to a tile of channels"),
    }
}

/// Whether everything GATHER reads that is not padding lies in the map. Addresses are linear in row and column, so the corners
/// of the pixels for which a tap is no padding are enough.
fn reads_inside(pass: &Pass, map: &MapLayout) -> bool {
    let walk = &pass.walk;
    let (width, height) = (i64::from(walk.width), i64::from(walk.pixels / walk.width));
    let row_step = (width - 1) * i64::from(walk.x_step) + i64::from(walk.y_jump);
    let address = |x: i64, y: i64| i64::from(walk.address) + y * row_step + x * i64::from(walk.x_step);
    let corners = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)];
    let map = map.base as i64..(map.base + map.vectors()) as i64;
    // Addresses of padding may lie anywhere, but not where a simulator's int32 ends.
    corners.iter().all(|&(x, y)| address(x, y).abs() < 1 << 30)
        && pass.loads.iter().all(|entry| {
            let columns = range_inside(walk.ix, entry.dx, walk.stride_x, pass.gather.in_width, width);
            let rows = range_inside(walk.iy, entry.dy, walk.stride_y, pass.gather.in_height, height);
            let (Some([x0, x1]), Some([y0, y1])) = (columns, rows) else { return true };
            let corners = [(x0, y0), (x1, y0), (x0, y1), (x1, y1)];
            corners.iter().all(|&(x, y)| map.contains(&(address(x, y) + i64::from(entry.offset))))
        })
}

/// First and last output position whose tap lies on the input map.
fn range_inside(first: i32, tap: u32, stride: u32, size: u32, count: i64) -> Option<[i64; 2]> {
    let (first, stride) = (i64::from(first) + i64::from(tap), i64::from(stride));
    let size = i64::from(size);
    let (low, high) = match stride {
        0 => return (0..size).contains(&first).then_some([0, count - 1]),
        // The first position at 0 or beyond, the last one before the end.
        _ => ((-first).div_euclid(stride) + i64::from((-first).rem_euclid(stride) != 0), size - 1 - first),
    };
    let (low, high) = (low.max(0), high.div_euclid(stride).min(count - 1));
    (low <= high).then_some([low, high])
}

/// The vector group of the map that SCATTER writes, if every pixel goes where the layout has it.
fn written_group(pass: &Pass, map: &MapLayout) -> Option<usize> {
    let store = &pass.scatter;
    let offset = usize::try_from(store.address).ok()?.checked_sub(map.base)?;
    let group = offset / map.plane();
    let walk = (0..store.pixels as usize).map(|pixel| {
        let (y, x) = (pixel / map.shape.width, pixel % map.shape.width);
        map.address(group, y, x) as i64
    });
    (group < map.groups && store.addresses().eq(walk)).then_some(group)
}

/// The layer table must say what the rest of the file says.
fn table(network: &Network, program: &Program, layers: &[LayerInfo]) -> Result<(), Broken> {
    meta(layers.len() == network.layers.len(), || {
        format!("the layer table has {} entries for {} layers", layers.len(), network.layers.len())
    })?;
    let computed = LayerInfo::table(network, program);
    for (listed, mut computed) in layers.iter().zip(computed) {
        (computed.cycles, computed.dense_cycles) = (listed.cycles, listed.dense_cycles);
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
