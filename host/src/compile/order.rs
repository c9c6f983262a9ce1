//! Which output channels share a tile: the slot of each channel of each map.

use pleach_spec::network::{Conv, Network};

/// Output channels of a layer in tile order: as the pruner grouped them, else by falling number of non-zeros, because a tile
/// takes as long as its fullest channel. Grouped convolutions follow the order of their inputs, so that the channels of a
/// tile find their inputs in few vectors.
fn tile_order(layer: &Conv, input_slots: &[u32]) -> Vec<u32> {
    let channels = layer.bias.len();
    let mut order: Vec<u32> = (0..channels as u32).collect();
    if layer.geometry.groups > 1 {
        let group_outputs = channels / layer.geometry.groups;
        let group_inputs = input_slots.len() / layer.geometry.groups;
        order.sort_by_key(|&o| input_slots[o as usize / group_outputs * group_inputs]);
    } else if layer.channel_order.len() == channels {
        order.copy_from_slice(&layer.channel_order);
    } else {
        let each = layer.weights.len() / channels;
        let nonzeros = |o: u32| {
            let first = o as usize * each;
            layer.weights[first..first + each].iter().filter(|&&w| w != 0).count()
        };
        order.sort_by_cached_key(|&o| std::cmp::Reverse(nonzeros(o)));
    }
    order
}

/// Slots of the channels of every tensor: the input's in natural order, the others' by tiles.
pub fn channel_slots(network: &Network) -> Vec<Vec<u32>> {
    let natural = |tensor: usize| (0..network.tensors[tensor].shape.channels as u32).collect::<Vec<_>>();
    let mut slots: Vec<Vec<u32>> = (0..network.tensors.len()).map(natural).collect();
    for layer in &network.layers {
        let Some(conv) = layer.conv() else { continue };
        let order = tile_order(conv, &slots[layer.inputs[0]]);
        for (slot, &channel) in order.iter().enumerate() {
            slots[layer.output][channel as usize] = slot as u32;
        }
    }
    slots
}
