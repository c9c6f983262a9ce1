//! One layer as passes: geometry of the walk, load list, slot words, parameters and store addresses.

use super::CompileError;
use super::schedule::{VectorWeights, schedule};
use pleach_spec::command::{Gather, GatherEntry, Issue, Scatter, Walk};
use pleach_spec::network::{Conv, Layer, Network};
use pleach_spec::numerics::{Multiplier, Requantize};
use pleach_spec::program::{MapLayout, Pass};
use pleach_spec::{Config, VECTOR};

/// How one axis of the input map is walked, in vectors.
struct Axis {
    /// Address of output 0 at tap 0, relative to the map.
    start: i32,
    /// Added from output to output.
    step: i32,
    /// Added for each tap.
    taps: Vec<i32>,
}

impl Axis {
    /// `unit` vectors lie between neighbours of a phase, `phase_unit` between phases.
    fn new(conv: &Conv, layout: &MapLayout, axis: usize) -> Self {
        let (unit, phase_unit) = match axis {
            0 => (layout.pitch() as i32, (layout.split[1] * layout.phase_plane()) as i32),
            _ => (1, layout.phase_plane() as i32),
        };
        let stride = conv.geometry.stride[axis] as i32;
        let pad = conv.geometry.pads[axis] as i32;
        let taps = (0..conv.geometry.kernel[axis] as i32).map(|k| k * conv.geometry.dilation[axis] as i32);
        if layout.split[axis] == 1 {
            return Self {
                start: -pad * unit,
                step: stride * unit,
                taps: taps.map(|tap| tap * unit).collect(),
            };
        }
        // The map is split by the stride of this layer: tap t of output o is pixel o * stride + t - pad, which lies in phase
        // (t - pad) mod stride, at position o + (t - pad) div stride.
        let place = |tap: i32| {
            let at = tap - pad;
            at.rem_euclid(stride) * phase_unit + at.div_euclid(stride) * unit
        };
        Self { start: 0, step: unit, taps: taps.map(place).collect() }
    }
}

/// Compiles a layer; `after` of its passes is left 0.
pub fn passes(
    network: &Network,
    index: usize,
    maps: &[MapLayout],
    config: &Config,
) -> Result<Vec<Pass>, CompileError> {
    let layer = &network.layers[index];
    let conv = layer
        .conv()
        .ok_or_else(|| CompileError::Operator { layer: layer.name.clone(), op: layer.op.clone() })?;
    let (input, output) = (&maps[layer.inputs[0]], &maps[layer.output]);
    let channels = tile_channels(output, config);
    let requantize = folded(network, layer, conv)?;
    let walk = walk(conv, input, output, config);
    let zero_point = network.tensors[layer.inputs[0]].quantization.zero_point;
    let idle = Requantize {
        bias: 0,
        factor: Multiplier { multiplier: 0, shift: 1 },
        zero_point: network.tensors[layer.output].quantization.zero_point,
        low: conv.clamp[0],
        high: conv.clamp[1],
    };
    let pass = |(tile, columns): (usize, &[Option<usize>])| {
        let (loads, vectors) = tile_vectors(conv, input, columns);
        let words = schedule(&vectors, 0, config);
        let mut pass = Pass {
            layer: index,
            walk,
            gather: Gather {
                count: loads.len() as u32,
                base: 0,
                tiles: walk.tiles,
                in_width: input.shape.width as u32,
                in_height: input.shape.height as u32,
                after: 0,
                pad: i32::from(zero_point),
            },
            issue: Issue { count: words.len() as u32, tiles: walk.tiles, ..Issue::default() },
            scatter: store(output, tile * config.columns, &walk),
            loads,
            words,
            parameters: columns
                .iter()
                .map(|c| c.map_or(idle, |channel| requantize[channel]).into())
                .collect(),
            second: None,
        };
        pass.choose_pace(config);
        pass
    };
    Ok(channels.chunks(config.columns).enumerate().map(pass).collect())
}

/// Channel of each column of each tile, `None` where the last tile has fewer channels than columns.
fn tile_channels(output: &MapLayout, config: &Config) -> Vec<Option<usize>> {
    let mut channels = vec![None; output.shape.channels.next_multiple_of(config.columns)];
    for (channel, &slot) in output.slots.iter().enumerate() {
        channels[slot as usize] = Some(channel);
    }
    channels
}

/// Requantization of each channel with the input zero point folded into the bias: `Σ (x - zp) w = Σ x w - zp Σ w`, and
/// padding reads the zero point.
fn folded(network: &Network, layer: &Layer, conv: &Conv) -> Result<Vec<Requantize>, CompileError> {
    let mut channels = network
        .requantize(layer, conv)
        .map_err(|source| CompileError::Scale { layer: layer.name.clone(), source })?;
    let zero_point = i64::from(network.tensors[layer.inputs[0]].quantization.zero_point);
    let each = conv.weights.len() / channels.len();
    for (channel, (requantize, weights)) in channels.iter_mut().zip(conv.weights.chunks(each)).enumerate() {
        let sum: i64 = weights.iter().map(|&w| i64::from(w)).sum();
        let magnitude: i64 = weights.iter().map(|&w| i64::from(w).abs()).sum();
        let bias = i64::from(requantize.bias) - zero_point * sum;
        let bound = 128 * magnitude + bias.abs();
        if bound > i64::from(i32::MAX) {
            return Err(CompileError::Overflow { layer: layer.name.clone(), channel, bound });
        }
        requantize.bias = bias as i32;
    }
    Ok(channels)
}

fn walk(conv: &Conv, input: &MapLayout, output: &MapLayout, config: &Config) -> Walk {
    let (rows, columns) = (Axis::new(conv, input, 0), Axis::new(conv, input, 1));
    let pixels = output.shape.pixels();
    Walk {
        pixels: pixels as u32,
        tiles: pixels.div_ceil(config.rows) as u32,
        width: output.shape.width as u32,
        stride_x: conv.geometry.stride[1] as u32,
        stride_y: conv.geometry.stride[0] as u32,
        address: input.base as i32 + rows.start + columns.start,
        x_step: columns.step,
        y_jump: rows.step - (output.shape.width as i32 - 1) * columns.step,
        ix: -(conv.geometry.pads[1] as i32),
        iy: -(conv.geometry.pads[0] as i32),
    }
}

fn store(output: &MapLayout, first_slot: usize, walk: &Walk) -> Scatter {
    let [split_y, split_x] = output.split.map(|split| split as i32);
    let (pitch, phase_plane) = (output.pitch() as i32, output.phase_plane() as i32);
    Scatter {
        pixels: walk.pixels,
        lane: (first_slot % VECTOR) as u32,
        slow: 0,
        plane: 0,
        width: walk.width,
        split_x: split_x as u32 - 1,
        split_y: split_y as u32 - 1,
        address: (output.base + first_slot / VECTOR * output.plane()) as i32,
        x_step: phase_plane,
        x_back: 1 - (split_x - 1) * phase_plane,
        y_step: split_x * phase_plane,
        y_back: pitch - (split_y - 1) * split_x * phase_plane,
    }
}

/// The vectors that a tile must load and the weights that multiply them. A vector that no column needs is left out.
fn tile_vectors(
    conv: &Conv,
    input: &MapLayout,
    columns: &[Option<usize>],
) -> (Vec<GatherEntry>, Vec<VectorWeights>) {
    let (rows, cols) = (Axis::new(conv, input, 0), Axis::new(conv, input, 1));
    let [kernel_h, kernel_w] = conv.geometry.kernel;
    let [dilation_y, dilation_x] = conv.geometry.dilation;
    let group_inputs = input.shape.channels / conv.geometry.groups;
    let group_outputs = conv.bias.len() / conv.geometry.groups;
    // Channel of the input map in each slot.
    let mut slot_channel = vec![None; input.groups * VECTOR];
    for (channel, &slot) in input.slots.iter().enumerate() {
        slot_channel[slot as usize] = Some(channel);
    }
    let weight = |column: Option<usize>, slot: usize, ky: usize, kx: usize| {
        let (output, channel) = (column?, slot_channel[slot]?);
        let within = channel.checked_sub(output / group_outputs * group_inputs)?;
        (within < group_inputs)
            .then(|| conv.weights[((output * group_inputs + within) * kernel_h + ky) * kernel_w + kx])
    };
    let (mut loads, mut vectors) = (Vec::new(), Vec::new());
    for group in 0..input.groups {
        for ky in 0..kernel_h {
            for kx in 0..kernel_w {
                let lanes = |&column: &Option<usize>| {
                    std::array::from_fn(|lane| weight(column, group * VECTOR + lane, ky, kx).unwrap_or(0))
                };
                let weights: VectorWeights = columns.iter().map(lanes).collect();
                let last = (group, ky, kx) == (input.groups - 1, kernel_h - 1, kernel_w - 1);
                let zero = weights.iter().flatten().all(|&w| w == 0);
                // A tile of zeros still loads something, so that its outputs are written.
                if !zero || last && loads.is_empty() {
                    loads.push(GatherEntry {
                        offset: (group * input.plane()) as i32 + rows.taps[ky] + cols.taps[kx],
                        dy: (ky * dilation_y) as u32,
                        dx: (kx * dilation_x) as u32,
                    });
                    vectors.push(weights);
                }
            }
        }
    }
    (loads, vectors)
}
