//! Where each map lies in the activation buffer while it is alive.

use super::CompileError;
use pleach_spec::network::Network;
use pleach_spec::program::MapLayout;
use pleach_spec::{Config, VECTOR};

/// Phases in which the map of a tensor is written: the stride of its readers if they agree, so that their taps read
/// consecutive vectors.
fn split(network: &Network, tensor: usize) -> [usize; 2] {
    let readers = network.layers.iter().filter(|layer| layer.inputs.contains(&tensor));
    let mut strides = readers.filter_map(|layer| layer.conv()).map(|conv| conv.geometry.stride);
    match strides.next() {
        Some(first) if strides.all(|stride| stride == first) => first,
        _ => [1, 1],
    }
}

/// First and last step (layer index plus one; 0 is the input) at which each tensor must be in the buffer.
fn lifetimes(network: &Network) -> Vec<(usize, usize)> {
    let mut lives = vec![(0, 0); network.tensors.len()];
    for (index, layer) in network.layers.iter().enumerate() {
        lives[layer.output] = (index + 1, index + 1);
        for &input in &layer.inputs {
            lives[input].1 = index + 1;
        }
    }
    for &output in &network.outputs {
        lives[output].1 = network.layers.len();
    }
    lives
}

/// Chooses layouts: `slots` gives the slot of each channel of each tensor, `phase_split` allows writing maps in phases.
/// First fit, in order of birth; a map may take the place of one that no later layer reads.
pub fn place(
    network: &Network,
    slots: &[Vec<u32>],
    phase_split: bool,
    config: &Config,
) -> Result<Vec<MapLayout>, CompileError> {
    let lives = lifetimes(network);
    let mut order: Vec<usize> = (0..network.tensors.len()).collect();
    order.sort_by_key(|&tensor| lives[tensor]);
    let mut layouts: Vec<Option<MapLayout>> = vec![None; network.tensors.len()];
    for tensor in order {
        let highest = slots[tensor].iter().max().map_or(0, |&slot| slot as usize);
        let mut layout = MapLayout {
            shape: network.tensors[tensor].shape,
            base: 0,
            split: if phase_split { split(network, tensor) } else { [1, 1] },
            slots: slots[tensor].clone(),
            groups: highest / VECTOR + 1,
        };
        let overlaps = |other: usize| lives[other].0 <= lives[tensor].1 && lives[tensor].0 <= lives[other].1;
        let mut taken: Vec<(usize, usize)> = (0..layouts.len())
            .filter(|&other| overlaps(other))
            .filter_map(|other| layouts[other].as_ref().map(|l| (l.base, l.base + l.vectors())))
            .collect();
        taken.sort_unstable();
        for (start, end) in taken {
            if layout.base + layout.vectors() <= start {
                break;
            }
            layout.base = layout.base.max(end);
        }
        let needed = layout.base + layout.vectors();
        if needed > config.activation_vectors() {
            let step = lives[tensor].0.saturating_sub(1);
            let layer = network.layers.get(step).map_or("input", |l| &l.name).to_owned();
            let held = config.activation_vectors();
            return Err(CompileError::Activations { layer, needed, config: config.name.clone(), held });
        }
        layouts[tensor] = Some(layout);
    }
    Ok(layouts.into_iter().map(|layout| layout.expect("every tensor was placed")).collect())
}
