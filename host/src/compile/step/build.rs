//! Lowering and fusion.

use super::{Block, Kernel, Place, Scale, Second, Step, Steps, UNCHANGED, Window};
use crate::compile::CompileError;
use crate::compile::batch::Batch;
use crate::compile::tile::interpolate::TAPS;
use crate::compile::tile::scale::negated;
use pleach_spec::Config;
use pleach_spec::network::{Conv, Kind, Layer, MapShape, Network};
use pleach_spec::numerics::{Requantize, ScaleError};

/// Largest distance of taps that a gather list entry can name.
const REACH_MAX: usize = 63;

/// The steps of a network for so many images at a time.
pub fn steps<'a>(network: &'a Network, images: usize, config: &'a Config) -> Result<Steps<'a>, CompileError> {
    let mut references = vec![Vec::new(); network.tensors.len()];
    for (index, layer) in network.layers.iter().enumerate() {
        for &input in &layer.inputs {
            references[input].push(index);
        }
    }
    for &output in &network.outputs {
        references[output].push(usize::MAX);
    }
    let mut builder = Builder {
        config,
        references,
        result: Steps { network, images, steps: Vec::new(), blocks: Vec::new(), places: Vec::new() },
        pending: (0..network.tensors.len()).map(|_| None).collect(),
        fused: vec![false; network.layers.len()],
        homes: Vec::new(),
    };
    builder.result.places = vec![Vec::new(); network.tensors.len()];
    builder.block(network.input, None);
    for index in 0..network.layers.len() {
        if !builder.fused[index] {
            builder.layer(index)?;
        }
    }
    for &output in &network.outputs {
        let places = &builder.result.places[output];
        for place in places.clone() {
            builder.result.blocks[place.block].output = true;
        }
    }
    Ok(builder.result)
}

struct Builder<'a> {
    config: &'a Config,
    /// Layers that read each tensor; `usize::MAX` stands for the outside.
    references: Vec<Vec<usize>>,
    result: Steps<'a>,
    /// Steps that wait for the addition that their result goes into, by tensor.
    pending: Vec<Option<Step<'a>>>,
    /// Layers that are part of a step already.
    fused: Vec<bool>,
    /// The tensor that each block was made for.
    homes: Vec<usize>,
}

impl<'a> Builder<'a> {
    /// A new block that holds a tensor.
    fn block(&mut self, tensor: usize, writer: Option<usize>) -> usize {
        self.block_of_shape(tensor, self.result.network.tensors[tensor].shape, writer)
    }

    fn block_of_shape(&mut self, tensor: usize, shape: MapShape, writer: Option<usize>) -> usize {
        let block = self.result.blocks.len();
        self.homes.push(tensor);
        let images = 0..self.result.images;
        self.result.blocks.push(Block { shape, writer, readers: Vec::new(), output: false, images });
        self.result.places[tensor] = (0..shape.channels).map(|channel| Place { block, channel }).collect();
        block
    }

    fn layer(&mut self, index: usize) -> Result<(), CompileError> {
        let network = self.result.network;
        let layer = &network.layers[index];
        if let Kind::Channels { sources } = &layer.kind
            && let Some(view) = self.view(layer, sources)?
        {
            self.result.places[layer.output] = view;
            return Ok(());
        }
        let (mut step, mut output) = match &layer.kind {
            Kind::Add { clamp } => (self.addition(index, *clamp)?, layer.output),
            _ => (self.lower(index)?, layer.output),
        };
        if let Some((unary, table)) = self.table_after(&step, output) {
            step.table = Some(table);
            self.fused[unary] = true;
            output = network.layers[unary].output;
        }
        if self.goes_into_addition(&step, output) {
            self.pending[output] = Some(step);
        } else {
            self.finish(step, output);
        }
        Ok(())
    }

    fn finish(&mut self, step: Step<'a>, tensor: usize) {
        self.finish_in_shape(step, tensor, self.result.network.tensors[tensor].shape);
    }

    fn finish_in_shape(&mut self, mut step: Step<'a>, tensor: usize, shape: MapShape) {
        let index = self.result.steps.len();
        for source in step.sources().into_iter().chain(step.gate()) {
            self.result.blocks[source].readers.push(index);
        }
        step.output = self.block_of_shape(tensor, shape, Some(index));
        step.twin = index;
        self.result.steps.push(step);
    }

    /// The only layer that reads a tensor, if nothing else does.
    fn only_reader(&self, tensor: usize) -> Option<(usize, &'a Layer)> {
        match self.references[tensor][..] {
            [reader] if reader != usize::MAX => Some((reader, &self.result.network.layers[reader])),
            _ => None,
        }
    }

    fn table_after(&self, step: &Step, tensor: usize) -> Option<(usize, &'a [i8])> {
        let (reader, layer) = self.only_reader(tensor)?;
        match &layer.kind {
            Kind::Unary { table } if step.table.is_none() && step.second.is_none() => Some((reader, table)),
            _ => None,
        }
    }

    fn goes_into_addition(&self, step: &Step, tensor: usize) -> bool {
        let addition = self.only_reader(tensor).is_some_and(|(_, l)| matches!(l.kind, Kind::Add { .. }));
        addition && step.can_add(self.config)
    }

    /// The places of a tensor; of one whose step waits for an addition it is finished now.
    fn places(&mut self, tensor: usize) -> Vec<Place> {
        if let Some(step) = self.pending[tensor].take() {
            self.finish(step, tensor);
        }
        self.result.places[tensor].clone()
    }

    /// The view that a layer which moves channels makes, if no byte changes on the way.
    fn view(&mut self, layer: &Layer, sources: &[[u32; 2]]) -> Result<Option<Vec<Place>>, CompileError> {
        for index in 0..layer.inputs.len() {
            if self.result.network.rescale(layer, index).map_err(scale_error(layer))?.is_some() {
                return Ok(None);
            }
        }
        let view = self.gathered(layer, sources);
        // The host reads an output from one place.
        let output = self.references[layer.output].contains(&usize::MAX);
        let one_block = view.iter().all(|place| place.block == view[0].block);
        Ok((!output || one_block).then_some(view))
    }

    fn gathered(&mut self, layer: &Layer, sources: &[[u32; 2]]) -> Vec<Place> {
        let inputs: Vec<_> = layer.inputs.iter().map(|&tensor| self.places(tensor)).collect();
        sources.iter().map(|&[input, channel]| inputs[input as usize][channel as usize]).collect()
    }

    /// An addition: a second operand of the step that makes one of its inputs, else of one that copies it.
    fn addition(&mut self, index: usize, clamp: [i8; 2]) -> Result<Step<'a>, CompileError> {
        let network = self.result.network;
        let layer = &network.layers[index];
        let mut combine = network.combine(layer, clamp).map_err(scale_error(layer))?;
        let [mut first, mut second] = [layer.inputs[0], layer.inputs[1]];
        // The later of two waiting steps takes the other as its addend.
        if self.pending[first].is_none() && self.pending[second].is_some() || self.both_wait(first, second) {
            std::mem::swap(&mut first, &mut second);
            combine.operands.swap(0, 1);
        }
        let waiting = if first == second { None } else { self.pending[first].take() };
        let inputs = self.places(second);
        let mut step = match waiting {
            Some(step) => step,
            None => {
                let places = self.places(first);
                let size = network.tensors[first].shape;
                self.select(index, places, [size.height, size.width], vec![UNCHANGED; inputs.len()])
            }
        };
        step.second = Some(Second { inputs, combine });
        Ok(step)
    }

    /// The places of a layer's first input in one block that holds nothing else, in which it is copied if need be.
    fn whole(&mut self, layer: usize) -> Vec<Place> {
        let tensor = self.result.network.layers[layer].inputs[0];
        let places = self.places(tensor);
        let block = places[0].block;
        let natural = places.iter().enumerate().all(|(channel, &place)| place == Place { block, channel });
        match natural && self.result.blocks[block].shape.channels == places.len() {
            true => places,
            false => self.copy(layer, tensor, places),
        }
    }

    /// The block of the gate of a layer, which is written by a step and read by nothing else; copied if need be.
    fn gate(&mut self, layer: usize) -> usize {
        let tensor = self.result.network.layers[layer].inputs[1];
        let places = self.places(tensor);
        let block = places[0].block;
        let own = self.homes[block] == tensor && self.result.blocks[block].writer.is_some();
        match own && self.only_reader(tensor).is_some() && self.result.blocks[block].readers.is_empty() {
            true => block,
            false => self.copy(layer, tensor, places)[0].block,
        }
    }

    /// A block of its own with a tensor, for one layer.
    fn copy(&mut self, layer: usize, tensor: usize, places: Vec<Place>) -> Vec<Place> {
        let shape = self.result.network.tensors[tensor].shape;
        let unchanged = vec![UNCHANGED; places.len()];
        let step = self.select(layer, places, [shape.height, shape.width], unchanged);
        let before = std::mem::take(&mut self.result.places[tensor]);
        self.finish(step, tensor);
        std::mem::replace(&mut self.result.places[tensor], before)
    }

    /// True for a pointwise convolution that skips pixels of a map which others read with another stride. Such a map is not in
    /// phases, so that every row of the array reads another bank, and each vector takes as many cycles as there are rows.
    fn skips_pixels(&self, index: usize, conv: &Conv) -> bool {
        let network = self.result.network;
        let input = network.layers[index].inputs[0];
        let stride = conv.geometry.stride;
        let strided = |reader: &usize| match network.layers.get(*reader).map(|layer| &layer.kind) {
            Some(Kind::Conv(other)) => other.geometry.stride != stride,
            Some(Kind::MaxPool(pool) | Kind::AveragePool { pool, .. }) => pool.stride != stride,
            Some(_) => true,
            None => false,
        };
        conv.geometry.kernel == [1, 1]
            && conv.geometry.pads == [0; 4]
            && conv.geometry.groups == 1
            && stride != [1, 1]
            && self.references[input].iter().any(strided)
    }

    /// The pixels that a step with such a convolution reads in a block of their own: the step is made to read them from there.
    fn take_pixels(&mut self, layer: usize, step: &mut Step<'a>) {
        let tensor = self.result.network.layers[layer].inputs[0];
        let places = std::mem::take(&mut step.inputs);
        let unchanged = vec![UNCHANGED; places.len()];
        let mut taken = self.select(layer, places, step.input, unchanged);
        taken.window.stride = step.window.stride;
        taken.walked = step.walked;
        let [height, width] = step.walked;
        let shape = MapShape { height, width, ..self.result.network.tensors[tensor].shape };
        let before = std::mem::take(&mut self.result.places[tensor]);
        self.finish_in_shape(taken, tensor, shape);
        step.inputs = std::mem::replace(&mut self.result.places[tensor], before);
        (step.input, step.window.stride) = (step.walked, [1, 1]);
    }

    fn both_wait(&self, first: usize, second: usize) -> bool {
        match (&self.pending[first], &self.pending[second]) {
            (Some(a), Some(b)) => a.layer < b.layer,
            _ => false,
        }
    }

    fn select(
        &self,
        layer: usize,
        inputs: Vec<Place>,
        size: [usize; 2],
        requantize: Vec<Requantize>,
    ) -> Step<'a> {
        Step {
            layer,
            kernel: Kernel::Select,
            window: Window::POINT,
            input: size,
            walked: size,
            pad: 0,
            inputs,
            requantize,
            second: None,
            table: None,
            factor: [1, 1],
            output: 0,
            batch: Batch::new(self.result.images),
            twin: 0,
        }
    }

    fn lower(&mut self, index: usize) -> Result<Step<'a>, CompileError> {
        let network = self.result.network;
        let layer = &network.layers[index];
        let (x, y) = network.shapes(layer);
        let size = [x.height, x.width];
        let zero_point = |input: usize| network.tensors[layer.inputs[input]].quantization.zero_point;
        // Bytes of an input as they are to be in the output.
        let moved = |input: usize| -> Result<Requantize, CompileError> {
            let rescale = network.rescale(layer, input).map_err(scale_error(layer))?;
            Ok(rescale.map_or(UNCHANGED, |r| Requantize { bias: -i32::from(zero_point(input)), ..r }))
        };
        let mut step = match &layer.kind {
            Kind::Channels { sources } => {
                let by_input =
                    (0..layer.inputs.len()).map(&moved).collect::<Result<Vec<_>, CompileError>>()?;
                let requantize = sources.iter().map(|source| by_input[source[0] as usize]).collect();
                let inputs = self.gathered(layer, sources);
                self.select(index, inputs, size, requantize)
            }
            Kind::Scale => {
                let inputs = self.whole(index);
                self.select(index, inputs, size, vec![UNCHANGED; y.channels])
            }
            _ => {
                let inputs = self.places(layer.inputs[0]);
                self.select(index, inputs, size, vec![UNCHANGED; y.channels])
            }
        };
        step.walked = [y.height, y.width];
        match &layer.kind {
            Kind::Conv(conv) => {
                let g = &conv.geometry;
                let pads = [g.pads[0], g.pads[1]];
                step.window = Window { kernel: g.kernel, stride: g.stride, dilation: g.dilation, pads };
                step.kernel = Kernel::Conv(conv);
                step.pad = zero_point(0);
                step.requantize = folded(network, layer, conv)?;
                if self.skips_pixels(index, conv) {
                    self.take_pixels(index, &mut step);
                }
            }
            Kind::MaxPool(pool) => {
                let pads = [pool.pads[0], pool.pads[1]];
                step.window =
                    Window { kernel: pool.kernel, stride: pool.stride, dilation: pool.dilation, pads };
                (step.kernel, step.pad) = (Kernel::Maximum, i8::MIN);
            }
            Kind::Interpolate(interpolation) => {
                let total = interpolation.total();
                let average = network.average(layer, total).map_err(scale_error(layer))?;
                let bias = -i32::from(zero_point(0)) * total as i32;
                step.requantize = vec![Requantize { bias, ..average }; y.channels];
                step.kernel = Kernel::Interpolate(*interpolation);
                step.window = Window { kernel: [TAPS; 2], pads: [1, 1], ..Window::POINT };
                (step.walked, step.factor) = (size, interpolation.factor);
            }
            Kind::Scale => {
                let [zero, gate_zero] = [0, 1].map(zero_point);
                let product = network.product(layer).map_err(scale_error(layer))?;
                let bias = i32::from(zero) * i32::from(gate_zero);
                step.requantize = vec![Requantize { bias, ..product }; y.channels];
                step.pad = negated(zero).first().copied().unwrap_or(0);
                step.kernel = Kernel::Scale(Scale { gate: self.gate(index), zero, gate_zero });
            }
            Kind::AveragePool { pool, count_include_pad } => {
                let pads = [pool.pads[0], pool.pads[1]];
                step.window =
                    Window { kernel: pool.kernel, stride: pool.stride, dilation: pool.dilation, pads };
                step.kernel = Kernel::Average { layer, pool, count_include_pad: *count_include_pad };
                step.pad = zero_point(0);
            }
            Kind::Resize { factor } => {
                step.requantize = vec![moved(0)?; y.channels];
                step.walked = size;
                step.factor = *factor;
            }
            Kind::Unary { table } => step.table = Some(table),
            Kind::Channels { .. } | Kind::Add { .. } => {}
        }
        check_window(layer, &step)?;
        Ok(step)
    }
}

/// The window must be one that the commands can describe.
fn check_window(layer: &Layer, step: &Step) -> Result<(), CompileError> {
    let window = &step.window;
    let limits = [
        ("taps apart (kernel x dilation)", window.reach(0).max(window.reach(1)), REACH_MAX),
        ("pixels of stride", window.stride[0].max(window.stride[1]), 15),
        ("pixels of padding", window.pads[0].max(window.pads[1]), REACH_MAX),
        ("times larger", step.factor[0].max(step.factor[1]), 64),
    ];
    for (what, found, most) in limits {
        if found > most {
            return Err(CompileError::Window { layer: layer.name.clone(), what, found, most });
        }
    }
    Ok(())
}

fn scale_error(layer: &Layer) -> impl FnOnce(ScaleError) -> CompileError + use<> {
    let layer = layer.name.clone();
    move |source| CompileError::Scale { layer, source }
}

/// Requantization of each channel with the input zero point folded into the bias: `Σ (x - zp) w = Σ x w - zp Σ w`, and
/// padding reads the zero point.
fn folded(network: &Network, layer: &Layer, conv: &Conv) -> Result<Vec<Requantize>, CompileError> {
    let mut channels = network.requantize(layer, conv).map_err(scale_error(layer))?;
    let zero_point = i64::from(network.tensors[layer.inputs[0]].quantization.zero_point);
    let each = conv.weights.len() / channels.len().max(1);
    for (channel, (requantize, weights)) in
        channels.iter_mut().zip(conv.weights.chunks(each.max(1))).enumerate()
    {
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
