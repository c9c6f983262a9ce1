//! The float operator of each kind of layer.

use super::Writer;
use super::proto::{bytes, float, floats, indices, int, ints, text, words};
use crate::graph::{Clamp, Function, Node, Op, Unary};
use crate::import::proto::AttributeProto;
use pleach_spec::network::{Conv, Interpolation, Kind, Layer, MapShape, Pool, Sampling};

/// Writes the operator between dequantized tensors; returns the name of its result.
pub(super) fn write(writer: &mut Writer<'_>, layer: &Layer, node: &Node, inputs: Vec<String>) -> String {
    let output = format!("{}/{}", writer.network.tensors[layer.output].name, layer.op);
    let (x, y) = writer.network.shapes(layer);
    match &layer.kind {
        Kind::Conv(conv) => {
            let result = convolution(writer, layer, conv, inputs, &output);
            match &node.op {
                Op::Conv(float) => clamp(writer, float.clamp, result),
                _ => result,
            }
        }
        Kind::MaxPool(pool) => writer.node("MaxPool", &output, inputs, window(pool, x, y)),
        Kind::AveragePool { pool, .. } if *pool == Pool::global([x.height, x.width]) => {
            writer.node("GlobalAveragePool", &output, inputs, vec![])
        }
        Kind::AveragePool { pool, count_include_pad } => {
            let mut attributes = window(pool, x, y);
            attributes.push(int("count_include_pad", (*count_include_pad).into()));
            writer.node("AveragePool", &output, inputs, attributes)
        }
        Kind::Add { .. } => {
            let sum = writer.node("Add", &output, inputs, vec![]);
            match &node.op {
                Op::Add(limits) => clamp(writer, *limits, sum),
                _ => sum,
            }
        }
        Kind::Channels { sources } => channels(writer, sources, inputs, layer, &output),
        Kind::Resize { factor } => {
            let attributes = vec![
                text("mode", "nearest"),
                text("coordinate_transformation_mode", "asymmetric"),
                text("nearest_mode", "floor"),
            ];
            resize(writer, *factor, inputs, attributes, &output)
        }
        Kind::Interpolate(Interpolation { factor, sampling }) => {
            let sampling = match sampling {
                Sampling::HalfPixel => "half_pixel",
                Sampling::Asymmetric => "asymmetric",
            };
            let attributes = vec![text("mode", "linear"), text("coordinate_transformation_mode", sampling)];
            resize(writer, *factor, inputs, attributes, &output)
        }
        Kind::Scale => writer.node("Mul", &output, inputs, vec![]),
        Kind::Unary { .. } => match &node.op {
            Op::Unary(unary) => function(writer, unary, inputs, &output),
            Op::Clip(limits) => clamp(writer, *limits, inputs[0].clone()),
            _ => inputs[0].clone(),
        },
    }
}

fn convolution(
    writer: &mut Writer<'_>,
    layer: &Layer,
    conv: &Conv,
    inputs: Vec<String>,
    output: &str,
) -> String {
    let g = &conv.geometry;
    let (channels, x) = (conv.bias.len(), writer.network.tensors[layer.inputs[0]].quantization);
    let per_channel = conv.weights.len() / channels / (g.kernel[0] * g.kernel[1]);
    let name = &layer.name;
    let mut dequantize = |tensor, part: &str, scales: Vec<f32>, zeros| {
        let values = writer.constant(tensor);
        let scale = writer.constant(floats(&format!("{name}/{part}/scale"), &[channels], &scales));
        let zero = writer.constant(zeros);
        let output = format!("{name}/{part}/dequantized");
        writer.node("DequantizeLinear", &output, vec![values, scale, zero], vec![int("axis", 0)])
    };
    let dims = [channels, per_channel, g.kernel[0], g.kernel[1]];
    let weights = dequantize(
        bytes(&format!("{name}/weight"), &dims, &conv.weights),
        "weight",
        conv.weight_scales.clone(),
        bytes(&format!("{name}/weight/zero"), &[channels], &vec![0; channels]),
    );
    let bias = dequantize(
        words(&format!("{name}/bias"), &[channels], &conv.bias),
        "bias",
        // In f32, as the runtime multiplies them.
        conv.weight_scales.iter().map(|scale| x.scale * scale).collect(),
        words(&format!("{name}/bias/zero"), &[channels], &vec![0; channels]),
    );
    let attributes = vec![
        ints("kernel_shape", &g.kernel),
        ints("strides", &g.stride),
        ints("dilations", &g.dilation),
        ints("pads", &g.pads),
        int("group", g.groups as i64),
    ];
    writer.node("Conv", output, vec![inputs[0].clone(), weights, bias], attributes)
}

fn resize(
    writer: &mut Writer<'_>,
    factor: [usize; 2],
    inputs: Vec<String>,
    attributes: Vec<AttributeProto>,
    output: &str,
) -> String {
    let factors = [1.0, 1.0, factor[0] as f32, factor[1] as f32];
    let scales = writer.constant(floats(&format!("{output}/scales"), &[4], &factors));
    writer.node("Resize", output, vec![inputs[0].clone(), String::new(), scales], attributes)
}

/// Relu or Clip of `values`, where there is a limit.
fn clamp(writer: &mut Writer<'_>, clamp: Clamp, values: String) -> String {
    let output = format!("{values}/clamped");
    match clamp {
        Clamp::NONE => values,
        Clamp::RELU => writer.node("Relu", &output, vec![values], vec![]),
        _ => {
            let mut limit = |name: &str, value: f32| match value.is_finite() {
                true => writer.constant(floats(&format!("{output}/{name}"), &[], &[value])),
                false => String::new(),
            };
            let inputs = vec![values, limit("low", clamp.low()), limit("high", clamp.high())];
            writer.node("Clip", &output, inputs, vec![])
        }
    }
}

fn window(pool: &Pool, x: MapShape, y: MapShape) -> Vec<AttributeProto> {
    let exact = pool.output([x.height, x.width]) == Some([y.height, y.width]);
    vec![
        ints("kernel_shape", &pool.kernel),
        ints("strides", &pool.stride),
        ints("pads", &pool.pads),
        int("ceil_mode", (!exact).into()),
    ]
}

/// A concatenation, and a selection of channels where they are not all in order.
fn channels(
    writer: &mut Writer<'_>,
    sources: &[[u32; 2]],
    inputs: Vec<String>,
    layer: &Layer,
    output: &str,
) -> String {
    let mut first = 0;
    let mut firsts = Vec::new();
    for &input in &layer.inputs {
        firsts.push(first);
        first += writer.network.tensors[input].shape.channels as i64;
    }
    let order: Vec<i64> =
        sources.iter().map(|&[input, channel]| firsts[input as usize] + i64::from(channel)).collect();
    let whole = order.iter().copied().eq(0..first);
    let joined = match inputs.len() {
        1 => inputs[0].clone(),
        _ => writer.node("Concat", &format!("{output}/all"), inputs, vec![int("axis", 1)]),
    };
    if whole {
        return joined;
    }
    let (start, end) = (order[0], order[0] + order.len() as i64);
    if order.iter().copied().eq(start..end) {
        let limits = [("start", start), ("end", end), ("axis", 1)];
        let constants =
            limits.map(|(name, value)| writer.constant(indices(&format!("{output}/{name}"), &[value])));
        return writer.node("Slice", output, [vec![joined], constants.to_vec()].concat(), vec![]);
    }
    let order = writer.constant(indices(&format!("{output}/order"), &order));
    writer.node("Gather", output, vec![joined, order], vec![int("axis", 1)])
}

fn function(writer: &mut Writer<'_>, unary: &Unary, inputs: Vec<String>, output: &str) -> String {
    let inner = if unary.gated { format!("{output}/gate") } else { output.to_owned() };
    let x = inputs[0].clone();
    let gate = match unary.function {
        Function::Sigmoid => writer.node("Sigmoid", &inner, inputs, vec![]),
        Function::HardSigmoid { alpha, beta } => {
            writer.node("HardSigmoid", &inner, inputs, vec![float("alpha", alpha), float("beta", beta)])
        }
        Function::LeakyRelu { alpha } => {
            writer.node("LeakyRelu", &inner, inputs, vec![float("alpha", alpha)])
        }
        Function::Tanh => writer.node("Tanh", &inner, inputs, vec![]),
        Function::Clip(limits) => clamp(writer, limits, x.clone()),
    };
    if unary.gated { writer.node("Mul", output, vec![x, gate], vec![]) } else { gate }
}
