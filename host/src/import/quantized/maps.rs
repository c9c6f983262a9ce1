//! The network that is being built: tensors, layers, and what bytes stand for.

use super::real::byte;
use crate::graph::Shape;
use pleach_spec::network::{Conv, ConvGeometry, Kind, Layer, MapShape, Network, Tensor};
use pleach_spec::numerics::Quantization;
use std::collections::{HashMap, HashSet};

/// Bytes of which nobody knows what they stand for.
pub(super) const RAW: Quantization = Quantization { scale: 1.0, zero_point: 0 };

/// A network without inputs and outputs.
#[derive(Default)]
pub(super) struct Maps {
    pub(super) tensors: Vec<Tensor>,
    pub(super) layers: Vec<Layer>,
    /// Tensors whose quantization nobody has said yet.
    open: HashSet<usize>,
    /// The same bytes with another quantization.
    again: HashMap<(usize, u32, i8), usize>,
    /// Names of tensors that are uint8 in ONNX Runtime.
    pub(super) unsigned: HashSet<String>,
}

/// A shape as a map: rank 2 is a map of one row.
pub(super) fn map_of(shape: &Shape) -> Option<MapShape> {
    match *shape.dims() {
        [channels, width] => Some(MapShape { channels, height: 1, width }),
        _ => shape.as_map(),
    }
}

impl Maps {
    /// A new tensor; without a quantization it gets that of its first reader who knows one.
    pub(super) fn tensor(
        &mut self,
        name: &str,
        shape: MapShape,
        quantization: Option<Quantization>,
    ) -> usize {
        let index = self.tensors.len();
        if quantization.is_none() {
            self.open.insert(index);
        }
        let taken = self.tensors.iter().any(|tensor| tensor.name == name);
        let name = if taken { format!("{name}:{index}") } else { name.to_owned() };
        self.tensors.push(Tensor { name, shape, quantization: quantization.unwrap_or(RAW) });
        index
    }

    /// A new layer, and the tensor it writes, which has the layer's name.
    pub(super) fn layer(
        &mut self,
        name: &str,
        op: &str,
        inputs: Vec<usize>,
        shape: MapShape,
        quantization: Option<Quantization>,
        kind: Kind,
    ) -> usize {
        let output = self.tensor(name, shape, quantization);
        let taken = self.layers.iter().any(|layer| layer.name == name);
        let name = if taken { format!("{name}:{}", self.layers.len()) } else { name.to_owned() };
        self.layers.push(Layer { name, op: op.to_owned(), inputs, output, kind });
        output
    }

    /// A function of each byte; the tensor itself where that changes nothing.
    pub(super) fn unary(
        &mut self,
        name: &str,
        op: &str,
        x: usize,
        quantization: Quantization,
        table: Vec<i8>,
    ) -> usize {
        if super::real::is_identity(&table) {
            return self.read_as(x, quantization);
        }
        let shape = self.tensors[x].shape;
        self.layer(name, op, vec![x], shape, Some(quantization), Kind::Unary { table })
    }

    /// The tensor with a quantization: itself, or, where somebody reads its bytes with another one, a copy.
    pub(super) fn read_as(&mut self, tensor: usize, quantization: Quantization) -> usize {
        if self.open.remove(&tensor) {
            self.tensors[tensor].quantization = quantization;
        }
        if self.tensors[tensor].quantization == quantization {
            return tensor;
        }
        let key = (tensor, quantization.scale.to_bits(), quantization.zero_point);
        if let Some(&copy) = self.again.get(&key) {
            return copy;
        }
        let name = self.tensors[tensor].name.clone();
        let copy = self.copy(&name, tensor, Some(quantization));
        self.again.insert(key, copy);
        copy
    }

    /// The same bytes in another tensor.
    pub(super) fn copy(&mut self, name: &str, tensor: usize, quantization: Option<Quantization>) -> usize {
        let shape = self.tensors[tensor].shape;
        let table = (0..256).map(byte).collect();
        self.layer(name, "Identity", vec![tensor], shape, quantization, Kind::Unary { table })
    }

    /// What a tensor's bytes stand for; from now on, where nobody has said.
    pub(super) fn quantization(&mut self, tensor: usize) -> Quantization {
        self.open.remove(&tensor);
        self.tensors[tensor].quantization
    }

    /// Bytes that stand for 0.0 around a map: `[top, left, bottom, right]`.
    pub(super) fn pad(&mut self, name: &str, x: usize, pads: [usize; 4], pads_with: Quantization) -> usize {
        let x = self.read_as(x, pads_with);
        let shape = self.tensors[x].shape;
        let [height, width] = [shape.height + pads[0] + pads[2], shape.width + pads[1] + pads[3]];
        let channels = shape.channels;
        let conv = Conv {
            geometry: ConvGeometry { pads, groups: channels, ..ConvGeometry::valid([1, 1]) },
            weights: vec![1; channels],
            weight_scales: vec![1.0; channels],
            bias: vec![0; channels],
            clamp: [i8::MIN, i8::MAX],
            channel_order: Vec::new(),
        };
        let padded = MapShape { channels, height, width };
        self.layer(name, "Pad", vec![x], padded, Some(pads_with), Kind::Conv(conv))
    }

    /// The network with inputs side by side in one map, if all are of one height and width; else the shapes that differ.
    pub(super) fn finish(
        mut self,
        name: &str,
        inputs: &[usize],
        outputs: Vec<usize>,
    ) -> Result<Network, [MapShape; 2]> {
        let name = name.to_owned();
        if let [input] = *inputs {
            return Ok(Network { name, tensors: self.tensors, layers: self.layers, input, outputs });
        }
        let first = self.tensors[inputs[0]].clone();
        let mut shape = MapShape { channels: 0, ..first.shape };
        for &input in inputs {
            let next = self.tensors[input].shape;
            if (next.height, next.width) != (shape.height, shape.width) {
                return Err([first.shape, next]);
            }
            shape.channels += next.channels;
        }
        let packed = self.tensor("inputs", shape, Some(first.quantization));
        let layers = std::mem::take(&mut self.layers);
        let mut begin = 0;
        for &input in inputs {
            let Tensor { name, shape, quantization } = self.tensors[input].clone();
            let sources = (begin..).take(shape.channels).map(|channel| [0, channel as u32]).collect();
            begin += shape.channels;
            let layer = |name: String, op: &str, read: usize, output: usize, kind: Kind| Layer {
                name,
                op: op.to_owned(),
                inputs: vec![read],
                output,
                kind,
            };
            let same = quantization == first.quantization;
            let part = match same {
                true => input,
                false => self.tensor(&format!("{name}:part"), shape, Some(first.quantization)),
            };
            self.layers.push(layer(
                format!("{name}:part"),
                "Slice",
                packed,
                part,
                Kind::Channels { sources },
            ));
            if !same {
                let table = (0..256).map(byte).collect();
                self.layers.push(layer(name, "Identity", part, input, Kind::Unary { table }));
            }
        }
        self.layers.extend(layers);
        Ok(Network { name, tensors: self.tensors, layers: self.layers, input: packed, outputs })
    }
}

/// The network without layers that no output depends on.
pub(super) fn pruned(mut network: Network) -> Network {
    let mut needed = vec![false; network.tensors.len()];
    needed[network.input] = true;
    network.outputs.iter().for_each(|&output| needed[output] = true);
    for layer in network.layers.iter().rev() {
        if needed[layer.output] {
            layer.inputs.iter().for_each(|&input| needed[input] = true);
        }
    }
    let place: Vec<usize> = needed
        .iter()
        .scan(0, |count, &needed| {
            *count += usize::from(needed);
            Some(count.saturating_sub(1))
        })
        .collect();
    network.layers.retain(|layer| needed[layer.output]);
    let mut each = needed.iter();
    network.tensors.retain(|_| *each.next().expect("one for each tensor"));
    let moved = |tensor: &mut usize| *tensor = place[*tensor];
    moved(&mut network.input);
    network.outputs.iter_mut().for_each(moved);
    for layer in &mut network.layers {
        layer.inputs.iter_mut().for_each(moved);
        moved(&mut layer.output);
    }
    network
}
