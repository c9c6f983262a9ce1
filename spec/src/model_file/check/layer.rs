//! Whether a layer fits the tensors that it reads and writes.

use super::{Broken, meta};
use crate::network::{Conv, Kind, Layer, MapShape, Network, Pool};
use crate::numerics::ScaleError;

/// No kernel, stride, dilation, padding or factor is larger.
const LARGEST_KERNEL: usize = 1 << 10;

/// Shapes, sizes and indices of a layer; its tensors have been checked, its weights are not looked at.
pub fn shapes(network: &Network, layer: &Layer) -> Result<(), Broken> {
    let name = &layer.name;
    let inputs = match layer.kind {
        Kind::Add { .. } | Kind::Scale => layer.inputs.len() == 2,
        Kind::Channels { .. } => !layer.inputs.is_empty(),
        _ => layer.inputs.len() == 1,
    };
    meta(inputs, || format!("layer `{name}` cannot have {} inputs", layer.inputs.len()))?;
    let (x, y) = network.shapes(layer);
    let same = |fits: bool| meta(fits, || format!("layer `{name}` does not make {y} of {x}"));
    match &layer.kind {
        Kind::Conv(conv) => convolution(name, conv, x, y),
        Kind::MaxPool(pool) => {
            window(name, pool, x, y)?;
            let [x, y] = [layer.inputs[0], layer.output].map(|tensor| network.tensors[tensor].quantization);
            meta(x == y, || format!("max pooling `{name}` cannot change the quantization"))
        }
        Kind::AveragePool { pool, .. } => window(name, pool, x, y),
        Kind::Add { clamp } => {
            same(x == y && network.tensors[layer.inputs[1]].shape == y)?;
            range(name, *clamp)
        }
        Kind::Channels { sources } => channels(network, layer, sources, y),
        Kind::Resize { factor } => {
            sane(name, factor)?;
            let scaled = MapShape { height: x.height * factor[0], width: x.width * factor[1], ..x };
            same(scaled == y)
        }
        Kind::Interpolate(interpolation) => {
            let factor = interpolation.factor;
            sane(name, &factor)?;
            meta(interpolation.fits(), || {
                format!("the factors {factor:?} of layer `{name}` are too large for int8 weights")
            })?;
            let scaled = MapShape { height: x.height * factor[0], width: x.width * factor[1], ..x };
            same(scaled == y)
        }
        Kind::Scale => {
            same(x == y)?;
            let gate = network.tensors[layer.inputs[1]].shape;
            meta(gate == MapShape { height: 1, width: 1, ..x }, || {
                format!(
                    "layer `{name}` must scale each of its {} channels by one value, not by {gate}",
                    x.channels
                )
            })
        }
        Kind::Unary { table } => {
            same(x == y)?;
            meta(table.len() == 256, || format!("the table of layer `{name}` has not 256 entries"))
        }
    }
}

/// The factors between the scales of a layer's tensors.
pub fn scales(network: &Network, layer: &Layer) -> Result<(), ScaleError> {
    match &layer.kind {
        Kind::Conv(conv) => network.requantize(layer, conv).map(drop),
        Kind::MaxPool(_) | Kind::Unary { .. } => Ok(()),
        Kind::AveragePool { pool, .. } => {
            let [few, many] = [1, pool.kernel[0] * pool.kernel[1]].map(|count| network.average(layer, count));
            few.and(many).map(drop)
        }
        Kind::Add { clamp } => network.combine(layer, *clamp).map(drop),
        Kind::Interpolate(interpolation) => network.average(layer, interpolation.total()).map(drop),
        Kind::Scale => network.product(layer).map(drop),
        Kind::Channels { .. } | Kind::Resize { .. } => {
            (0..layer.inputs.len()).try_for_each(|index| network.rescale(layer, index).map(drop))
        }
    }
}

fn sane(name: &str, sizes: &[usize]) -> Result<(), Broken> {
    meta(sizes.iter().all(|size| (1..=LARGEST_KERNEL).contains(size)), || {
        format!("layer `{name}` has a kernel, stride, dilation or padding out of range")
    })
}

fn range(name: &str, clamp: [i8; 2]) -> Result<(), Broken> {
    meta(clamp[0] <= clamp[1], || format!("the clamp of layer `{name}` is empty"))
}

fn sane_pads(name: &str, pads: [usize; 4]) -> Result<(), Broken> {
    sane(name, &pads.map(|pad| pad.max(1)))
}

fn convolution(name: &str, conv: &Conv, x: MapShape, y: MapShape) -> Result<(), Broken> {
    let geometry = conv.geometry;
    sane(name, &[geometry.kernel, geometry.stride, geometry.dilation].concat())?;
    sane_pads(name, geometry.pads)?;
    meta(geometry.output([x.height, x.width]) == Some([y.height, y.width]), || {
        format!("the kernel of layer `{name}` does not make {y} of {x}")
    })?;
    let groups = geometry.groups;
    let whole = groups > 0 && x.channels.is_multiple_of(groups) && y.channels.is_multiple_of(groups);
    meta(whole, || format!("layer `{name}` has {groups} groups, which do not divide its channels"))?;
    meta(conv.bias.len() == y.channels && conv.weight_scales.len() == y.channels, || {
        format!("layer `{name}` must have a bias and a weight scale for each of its {} channels", y.channels)
    })?;
    range(name, conv.clamp)?;
    let order = conv.channel_order.iter().map(|&channel| channel as usize);
    meta(conv.channel_order.is_empty() || is_permutation(order, y.channels), || {
        format!("the channel order of layer `{name}` is not an order of its {} channels", y.channels)
    })
}

/// Every window must begin on the map or its leading padding and have at least one pixel of the map.
fn window(name: &str, pool: &Pool, x: MapShape, y: MapShape) -> Result<(), Broken> {
    sane(name, &[pool.kernel, pool.stride, pool.dilation].concat())?;
    sane_pads(name, pool.pads)?;
    let ([in_h, in_w], [out_h, out_w]) = ([x.height, x.width], [y.height, y.width]);
    let covered = |axis: usize, size: usize, count: usize| (0..count).all(|at| pool.covers(axis, at, size));
    let fits = x.channels == y.channels && covered(0, in_h, out_h) && covered(1, in_w, out_w);
    meta(fits, || format!("the window of layer `{name}` does not make {y} of {x}"))
}

fn channels(network: &Network, layer: &Layer, sources: &[[u32; 2]], y: MapShape) -> Result<(), Broken> {
    let name = &layer.name;
    let shapes: Vec<MapShape> = layer.inputs.iter().map(|&input| network.tensors[input].shape).collect();
    let size = shapes.iter().all(|x| (x.height, x.width) == (y.height, y.width));
    meta(size, || format!("the inputs of layer `{name}` are not of the size of its output, {y}"))?;
    let there = |&[input, channel]: &[u32; 2]| {
        shapes.get(input as usize).is_some_and(|x| (channel as usize) < x.channels)
    };
    meta(sources.len() == y.channels && sources.iter().all(there), || {
        format!("layer `{name}` does not name an input's channel for each of its {} channels", y.channels)
    })
}

fn is_permutation(values: impl ExactSizeIterator<Item = usize>, count: usize) -> bool {
    let mut seen = vec![false; count];
    values.len() == count && { values }
        .all(|value| seen.get_mut(value).is_some_and(|seen| !std::mem::replace(seen, true)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{ConvGeometry, Interpolation, Sampling, Tensor};
    use crate::numerics::Quantization;

    fn tensor(channels: usize, height: usize, width: usize) -> Tensor {
        let shape = MapShape { channels, height, width };
        Tensor { name: "t".into(), shape, quantization: Quantization { scale: 0.5, zero_point: 3 } }
    }

    /// What is wrong with a layer between tensors, the last of which is its output.
    fn problem(tensors: Vec<Tensor>, kind: Kind) -> String {
        let output = tensors.len() - 1;
        let layer = Layer { name: "l".into(), op: "Op".into(), inputs: (0..output).collect(), output, kind };
        let network =
            Network { name: "net".into(), tensors, layers: vec![], input: 0, outputs: vec![output] };
        shapes(&network, &layer).err().map_or_else(String::new, |(_, reason)| reason)
    }

    fn pool(kernel: usize, pad: usize) -> Pool {
        Pool { kernel: [kernel; 2], stride: [2; 2], dilation: [1; 2], pads: [pad; 4] }
    }

    #[test]
    fn pooling_may_reach_beyond_its_padding_but_not_lie_on_it() {
        let of =
            |output, pool| problem(vec![tensor(2, 6, 6), tensor(2, output, output)], Kind::MaxPool(pool));
        assert_eq!(of(3, pool(3, 0)), "");
        assert_eq!(of(4, pool(3, 0)), "the window of layer `l` does not make 2x4x4 of 2x6x6");
        assert!(of(3, pool(1, 1)).contains("does not make"));
        assert!(of(3, pool(0, 0)).contains("out of range"));
        let other = Tensor { quantization: Quantization { scale: 0.25, zero_point: 3 }, ..tensor(2, 3, 3) };
        let message = problem(vec![tensor(2, 6, 6), other], Kind::MaxPool(pool(2, 0)));
        assert_eq!(message, "max pooling `l` cannot change the quantization");
    }

    #[test]
    fn additions_have_two_inputs_of_one_shape() {
        let of = |tensors, clamp| problem(tensors, Kind::Add { clamp });
        let map = || tensor(2, 3, 3);
        assert_eq!(of(vec![map(), map(), map()], [-128, 127]), "");
        assert_eq!(of(vec![map(), map()], [-128, 127]), "layer `l` cannot have 1 inputs");
        assert!(of(vec![map(), tensor(2, 3, 4), map()], [-128, 127]).contains("does not make 2x3x3"));
        assert_eq!(of(vec![map(), map(), map()], [4, 3]), "the clamp of layer `l` is empty");
    }

    #[test]
    fn a_gate_has_one_value_a_channel() {
        let of = |gate| problem(vec![tensor(2, 3, 3), gate, tensor(2, 3, 3)], Kind::Scale);
        assert_eq!(of(tensor(2, 1, 1)), "");
        for wrong in [tensor(1, 1, 1), tensor(2, 3, 3)] {
            assert!(of(wrong).contains("must scale each of its 2 channels by one value"));
        }
        assert_eq!(problem(vec![tensor(2, 3, 3); 2], Kind::Scale), "layer `l` cannot have 1 inputs");
    }

    #[test]
    fn channels_come_from_where_there_are_some() {
        let of = |sources: &[[u32; 2]]| {
            let kind = Kind::Channels { sources: sources.to_vec() };
            problem(vec![tensor(2, 3, 3), tensor(1, 3, 3), tensor(2, 3, 3)], kind)
        };
        assert_eq!(of(&[[1, 0], [0, 1]]), "");
        for wrong in [&[[1, 0]][..], &[[1, 1], [0, 0]], &[[2, 0], [0, 0]]] {
            assert!(of(wrong).contains("does not name an input's channel for each of its 2"), "{wrong:?}");
        }
    }

    #[test]
    fn resizes_tables_and_kernels_must_fit() {
        let of = |kind| problem(vec![tensor(2, 3, 3), tensor(2, 6, 3)], kind);
        assert_eq!(of(Kind::Resize { factor: [2, 1] }), "");
        assert_eq!(of(Kind::Resize { factor: [2, 2] }), "layer `l` does not make 2x6x3 of 2x3x3");
        assert!(of(Kind::Resize { factor: [0, 1] }).contains("out of range"));
        let interpolate =
            |factor| of(Kind::Interpolate(Interpolation { factor, sampling: Sampling::HalfPixel }));
        assert_eq!(interpolate([2, 1]), "");
        assert_eq!(interpolate([1, 2]), "layer `l` does not make 2x6x3 of 2x3x3");
        assert!(interpolate([8, 8]).contains("too large for int8 weights"));
        let table = |entries| Kind::Unary { table: vec![0; entries] };
        assert!(of(table(256)).contains("does not make"));
        let message = problem(vec![tensor(2, 3, 3), tensor(2, 3, 3)], table(255));
        assert_eq!(message, "the table of layer `l` has not 256 entries");
        let conv = Conv {
            geometry: ConvGeometry { groups: 3, pads: [2, 0, 1, 0], ..ConvGeometry::valid([1, 1]) },
            weights: vec![],
            weight_scales: vec![1.0; 2],
            bias: vec![0; 2],
            clamp: [-128, 127],
            channel_order: vec![],
        };
        assert!(of(Kind::Conv(conv)).contains("3 groups"));
    }
}
