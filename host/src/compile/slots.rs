//! Which output channels share a tile: the slot of each channel of each block (its vector group is slot / 16).

use super::step::{Kernel, Place, Second, Step, Steps};
use super::tile::scale::gate_slot;
use pleach_spec::Config;
use pleach_spec::network::Conv;

/// Zeros are taken into account from this share of them on: below, the order of the addend is worth more.
const DENSE_SHARE: f64 = 0.75;

/// Slots of the channels of every block: the input's in natural order, the others' by tiles.
pub fn channel_slots(steps: &Steps, config: &Config) -> Vec<Vec<u32>> {
    let mut slots: Vec<Vec<u32>> =
        steps.blocks.iter().map(|block| (0..block.shape.channels as u32).collect()).collect();
    for step in &steps.steps {
        for (slot, &channel) in tile_order(step, &slots).iter().enumerate() {
            slots[step.output][channel as usize] = slot as u32;
        }
    }
    // A gate follows what it scales, and nothing else reads it.
    for step in &steps.steps {
        if let Kernel::Scale(scale) = &step.kernel {
            slots[scale.gate] = slots[step.output].iter().map(|&slot| gate_slot(slot, config)).collect();
        }
    }
    slots
}

/// Vector groups of a block: whole tiles of output channels.
pub fn groups(slots: &[u32], config: &Config) -> usize {
    let most = slots.iter().max().map_or(0, |&slot| slot as usize + 1);
    most.div_ceil(pleach_spec::VECTOR).next_multiple_of(config.columns.div_ceil(pleach_spec::VECTOR))
}

/// Output channels in the order of their slots. What copies channels leaves them where they are; convolutions see [`conv_order`].
fn tile_order(step: &Step, slots: &[Vec<u32>]) -> Vec<u32> {
    let at = |place: &Place| (place.block, slots[place.block][place.channel]);
    let Kernel::Conv(conv) = step.kernel else {
        let mut order: Vec<u32> = (0..step.inputs.len() as u32).collect();
        order.sort_by_key(|&channel| at(&step.inputs[channel as usize]));
        return order;
    };
    conv_order(conv, &step.inputs, step.second.as_ref(), at)
}

/// As the pruner grouped them, else by falling number of non-zeros, because a tile takes as long as its fullest channel. Grouped
/// convolutions follow the order of their inputs, and dense ones that of what is added to them, so that the channels of a tile
/// find these in few vectors.
fn conv_order(
    conv: &Conv,
    inputs: &[Place],
    second: Option<&Second>,
    at: impl Fn(&Place) -> (usize, u32),
) -> Vec<u32> {
    let channels = conv.bias.len();
    let mut order: Vec<u32> = (0..channels as u32).collect();
    let nonzeros = |weights: &[i8]| weights.iter().filter(|&&w| w != 0).count();
    let dense = nonzeros(&conv.weights) as f64 > DENSE_SHARE * conv.weights.len() as f64;
    if conv.geometry.groups > 1 {
        let group_outputs = channels / conv.geometry.groups;
        let group_inputs = inputs.len() / conv.geometry.groups;
        order.sort_by_key(|&o| at(&inputs[o as usize / group_outputs * group_inputs]));
    } else if conv.channel_order.len() == channels {
        order.copy_from_slice(&conv.channel_order);
    } else if let Some(second) = second.filter(|_| dense) {
        order.sort_by_key(|&o| at(&second.inputs[o as usize]));
    } else {
        let each = conv.weights.len() / channels.max(1);
        let of = |o: u32| nonzeros(&conv.weights[o as usize * each..(o as usize + 1) * each]);
        order.sort_by_cached_key(|&o| std::cmp::Reverse(of(o)));
    }
    order
}
