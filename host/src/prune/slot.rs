//! Slot pruning: every (vector of 16 input channels at one tap, tile of output channels) gets a number of slot words, and every
//! column keeps its largest weights that fit. The numbers are chosen over the whole network.
//!
//! A word more for a unit lets each of the C columns keep its next largest weight: its gain is the sum of their saliencies, its
//! price one cycle for every pixel tile. Gains fall with every further word of a unit, so taking words by gain per cycle
//! until the budget is spent is optimal for this cost model. Words below the drain interval of a tile cost nothing and are all kept.
//!
//! Saliency of a weight: `w² E[x²]` of its input channel, the energy it adds to the output (the diagonal of the layer-wise
//! Hessian, as in Optimal Brain Damage; E[x²] as in Wanda, Sun et al. 2023), relative to the whole energy of the layer.

use super::PruneError;
use crate::graph::{Graph, Layer};
use pleach_spec::{Config, VECTOR};
use std::collections::HashMap;

/// What slot pruning decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Pruned {
    /// Output channels of each layer in tile order, by layer name: for `pleach_spec::network::Layer::channel_order`.
    pub orders: HashMap<String, Vec<u32>>,
    /// Weights set to zero.
    pub removed: usize,
    /// Weights there were in the layers that were pruned.
    pub weights: usize,
    /// Cycles of the words before, by the cost model.
    pub dense_cycles: u64,
    /// Cycles of the words after.
    pub cycles: u64,
}

/// Second moment `E[x²]` of each channel of a tensor, by the tensor's name.
pub type SecondMoments<'a> = &'a dyn Fn(&str) -> Vec<f32>;

/// One vector of weights of one tile: the saliencies of each column, largest first.
struct Unit {
    layer: usize,
    pass: usize,
    /// `(column's output channel, [(saliency, index of the weight)])`.
    columns: Vec<Vec<(f32, usize)>>,
    words: usize,
}

/// A further word of a unit.
struct Candidate {
    unit: usize,
    gain: f32,
    gain_per_cycle: f32,
}

/// One tile of output channels of one layer.
struct Tile {
    pixel_tiles: u64,
    words: u64,
    dense_words: u64,
}

impl Tile {
    fn cycles(&self, words: u64, config: &Config) -> u64 {
        self.pixel_tiles * words.max(config.rows as u64)
    }
}

/// Prunes the graph's ungrouped layers so that the words of the whole network cost `1 / speedup` of the dense ones.
pub fn slot_prune(
    graph: &mut Graph,
    second_moments: SecondMoments<'_>,
    config: &Config,
    speedup: f64,
) -> Result<Pruned, PruneError> {
    if !speedup.is_finite() || speedup < 1.0 {
        return Err(PruneError::Target(speedup));
    }
    let (mut units, mut tiles, orders) = collect(graph, second_moments, config);
    let candidates = candidates(&units, &tiles);
    let dense_cycles: u64 = tiles.iter().map(|tile| tile.cycles(tile.dense_words, config)).sum();
    let budget = (dense_cycles as f64 / speedup) as u64;
    let mut cycles: u64 = tiles.iter().map(|tile| tile.cycles(0, config)).sum();
    if cycles > budget {
        let reachable = dense_cycles as f64 / cycles as f64;
        return Err(PruneError::Unreachable { wanted: speedup, reachable });
    }
    for candidate in candidates {
        let unit = &mut units[candidate.unit];
        let tile = &mut tiles[unit.pass];
        let price = tile.cycles(tile.words + 1, config) - tile.cycles(tile.words, config);
        if cycles + price <= budget {
            cycles += price;
            tile.words += 1;
            unit.words += 1;
        }
    }
    let (removed, weights) = apply(graph, &units);
    Ok(Pruned { orders, removed, weights, dense_cycles, cycles })
}

/// All further words with a gain, best first; of one unit in order, because its gains fall.
fn candidates(units: &[Unit], tiles: &[Tile]) -> Vec<Candidate> {
    let words = units.iter().enumerate().flat_map(|(index, unit)| {
        let price = tiles[unit.pass].pixel_tiles as f32;
        (0..VECTOR).map(move |word| {
            let gain: f32 = unit.columns.iter().filter_map(|column| column.get(word)).map(|(s, _)| s).sum();
            Candidate { unit: index, gain, gain_per_cycle: gain / price }
        })
    });
    let mut candidates: Vec<Candidate> = words.filter(|candidate| candidate.gain > 0.0).collect();
    candidates.sort_by(|a, b| b.gain_per_cycle.total_cmp(&a.gain_per_cycle));
    candidates
}

/// Output channels by falling saliency: a tile then holds channels that want similar numbers of words.
fn order_by_saliency(layer: &Layer<'_>, saliency: &[f32]) -> Vec<u32> {
    let each = saliency.len() / layer.conv.out_channels();
    let total = |o: u32| saliency[o as usize * each..(o as usize + 1) * each].iter().sum::<f32>();
    let mut order: Vec<u32> = (0..layer.conv.out_channels() as u32).collect();
    order.sort_by(|&a, &b| total(b).total_cmp(&total(a)));
    order
}

/// Relative saliency of every weight, in the order of the weights.
fn saliencies(layer: &Layer<'_>, second_moments: &[f32]) -> Vec<f32> {
    let (outputs, inputs, height, width) = layer.conv.weights.dim();
    let group_outputs = outputs / layer.conv.geometry.groups;
    let energy = |((o, i, _, _), w): ((usize, usize, usize, usize), &f32)| {
        w * w * second_moments[o / group_outputs * inputs + i].max(f32::MIN_POSITIVE)
    };
    let values: Vec<f32> = layer.conv.weights.indexed_iter().map(energy).collect();
    debug_assert_eq!(values.len(), outputs * inputs * height * width);
    let total: f32 = values.iter().sum::<f32>().max(f32::MIN_POSITIVE);
    values.into_iter().map(|value| value / total).collect()
}

type Collected = (Vec<Unit>, Vec<Tile>, HashMap<String, Vec<u32>>);

/// Units and tiles of all layers, and the order of each layer's output channels.
fn collect(graph: &Graph, second_moments: SecondMoments<'_>, config: &Config) -> Collected {
    let (mut units, mut tiles) = (Vec::new(), Vec::new());
    let mut orders = HashMap::new();
    // Order of the channels of each tensor, by name: the input vectors of a layer follow its producer's tiles.
    let mut tensor_orders: HashMap<&str, Vec<u32>> = HashMap::new();
    for (index, layer) in graph.layers().enumerate() {
        let natural = || (0..layer.input.channels as u32).collect();
        let input_order = tensor_orders.get(layer.input_name).cloned().unwrap_or_else(natural);
        let saliency = saliencies(&layer, &second_moments(layer.input_name));
        let pixel_tiles = layer.output.pixels().div_ceil(config.rows) as u64;
        let order = match layer.conv.geometry.groups {
            1 => order_by_saliency(&layer, &saliency),
            _ => (0..layer.conv.out_channels() as u32).collect(),
        };
        for columns in order.chunks(config.columns) {
            let mut dense_words = 0;
            if layer.conv.geometry.groups == 1 {
                let first = units.len();
                units.extend(tile_units(&layer, index, tiles.len(), columns, &input_order, &saliency));
                dense_words = units[first..].iter().map(|unit| unit.columns[0].len() as u64).sum();
            }
            // Grouped layers stay dense: each of a column's weights is a word of its own (depthwise), or nearly so.
            let words = match layer.conv.geometry.groups {
                1 => 0,
                _ => (saliency.len() / layer.conv.out_channels()) as u64,
            };
            tiles.push(Tile { pixel_tiles, words, dense_words: dense_words.max(words) });
        }
        if layer.conv.geometry.groups == 1 {
            orders.insert(layer.name.to_owned(), order.clone());
        }
        tensor_orders.insert(layer.output_name, order);
    }
    (units, tiles, orders)
}

/// The units of one tile of output channels.
fn tile_units<'a>(
    layer: &'a Layer<'_>,
    index: usize,
    pass: usize,
    columns: &'a [u32],
    input_order: &'a [u32],
    saliency: &'a [f32],
) -> impl Iterator<Item = Unit> + 'a {
    let (_, inputs, height, width) = layer.conv.weights.dim();
    let taps = height * width;
    input_order.chunks(VECTOR).flat_map(move |channels| {
        (0..taps).map(move |tap| {
            let column = |&output: &u32| {
                let weight = |&channel: &u32| {
                    let at = (output as usize * inputs + channel as usize) * taps + tap;
                    (saliency[at], at)
                };
                let mut weights: Vec<(f32, usize)> = channels.iter().map(weight).collect();
                weights.sort_by(|a, b| b.0.total_cmp(&a.0));
                weights
            };
            Unit { layer: index, pass, columns: columns.iter().map(column).collect(), words: 0 }
        })
    })
}

/// Zeroes what does not fit; returns the number of weights zeroed and the number there were.
fn apply(graph: &mut Graph, units: &[Unit]) -> (usize, usize) {
    let (mut removed, mut total) = (0, 0);
    for (index, layer) in graph.layers_mut().enumerate() {
        let weights = layer.conv.weights.as_slice_mut().expect("weights are in standard layout");
        for column in units.iter().filter(|unit| unit.layer == index).flat_map(|unit| {
            unit.columns.iter().map(|column| {
                (&column[..unit.words.min(column.len())], &column[unit.words.min(column.len())..])
            })
        }) {
            let (kept, dropped) = column;
            total += kept.len() + dropped.len();
            for &(_, at) in dropped {
                removed += usize::from(weights[at] != 0.0);
                weights[at] = 0.0;
            }
        }
    }
    (removed, total)
}
