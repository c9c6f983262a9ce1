//! An ONNX graph, operator by operator.

use super::random::Random;
use crate::import::proto::attribute_proto::AttributeType;
use crate::import::proto::tensor_proto::DataType;
use crate::import::proto::tensor_shape_proto::{Dimension, dimension};
use crate::import::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
    TypeProto, ValueInfoProto, type_proto,
};

/// Operator set and format version that the files say.
const OPSET: i64 = 17;
const IR_VERSION: i64 = 8;

/// An activation tensor while a graph is built.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its channels.
    pub channels: usize,
    /// Its height and width; 1 for a vector.
    pub size: usize,
}

/// Geometry of a convolution.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// Height and width.
    pub size: usize,
    /// Vertical and horizontal stride.
    pub stride: usize,
    /// Padding on each side.
    pub pad: usize,
    /// Groups.
    pub groups: usize,
}

impl Kernel {
    /// An ungrouped convolution with as much padding as keeps the size of the map at stride 1.
    pub fn new(size: usize, stride: usize) -> Self {
        Self { size, stride, pad: size / 2, groups: 1 }
    }

    /// The same with a group for each of so many channels.
    pub fn depthwise(size: usize, stride: usize, channels: usize) -> Self {
        Self { groups: channels, ..Self::new(size, stride) }
    }
}

/// Window of a max pooling.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Height and width.
    pub size: usize,
    /// Vertical and horizontal stride.
    pub stride: usize,
    /// Padding above and on the left.
    pub before: usize,
    /// Padding below and on the right.
    pub after: usize,
    /// A last window may reach beyond the map.
    pub ceil: bool,
}

impl Window {
    /// Without padding.
    pub fn new(size: usize, stride: usize) -> Self {
        Self { size, stride, before: 0, after: 0, ceil: false }
    }

    /// With the same padding on all sides.
    pub fn padded(self, pad: usize) -> Self {
        Self { before: pad, after: pad, ..self }
    }

    /// With a last window that may reach beyond the map.
    pub fn ceil(self) -> Self {
        Self { ceil: true, ..self }
    }

    fn output(self, input: usize) -> usize {
        let room = input + self.before + self.after - self.size;
        let floor = room / self.stride + 1;
        let begins = floor * self.stride < input + self.before;
        floor + usize::from(self.ceil && !room.is_multiple_of(self.stride) && begins)
    }
}

/// Suffix of the names of batch normalizations that stand for the biases of a network without normalization: they see to it that
/// activations stay in range, and are folded into the convolution before them when they have their statistics.
pub const FOLDED: &str = ".folded";

/// Suffixes of the initializers of a batch normalization that are not parameters but statistics.
pub const STATISTICS: [&str; 2] = ["running_mean", "running_var"];

/// Suffixes of the initializers that are parameters.
pub const PARAMETERS: [&str; 2] = [".weight", ".bias"];

/// Mean of what batch normalizations add: two thirds of the values survive the ReLU behind. With fewer, random layers make more of
/// small differences than trained ones do, and of the rounding errors of int8 too.
const SHIFT: f32 = 0.5;

/// A graph under construction.
pub struct Builder {
    graph: GraphProto,
    random: Random,
}

impl Builder {
    /// A graph whose input `image` are square colour images; and the input.
    pub fn new(name: &str, size: usize, seed: u64) -> (Self, Tensor) {
        let graph = GraphProto {
            name: Some(name.to_owned()),
            input: vec![value_info("image", &[1, 3, size as i64, size as i64])],
            ..GraphProto::default()
        };
        let input = Tensor { name: "image".to_owned(), channels: 3, size };
        (Self { graph, random: Random::new(seed) }, input)
    }

    /// The model, whose outputs are vectors of logits.
    pub fn finish(self, logits: &Tensor) -> ModelProto {
        let shapes = vec![value_info(&logits.name, &[1, logits.channels as i64])];
        self.model(shapes)
    }

    /// The model, whose outputs are maps.
    pub fn finish_maps(self, maps: &[&Tensor]) -> ModelProto {
        let shape = |map: &&Tensor| {
            value_info(&map.name, &[1, map.channels as i64, map.size as i64, map.size as i64])
        };
        let shapes = maps.iter().map(shape).collect();
        self.model(shapes)
    }

    fn model(mut self, outputs: Vec<ValueInfoProto>) -> ModelProto {
        self.graph.output = outputs;
        ModelProto {
            ir_version: Some(IR_VERSION),
            producer_name: Some("pleach zoo".to_owned()),
            opset_import: vec![OperatorSetIdProto { domain: None, version: Some(OPSET) }],
            graph: Some(self.graph),
            ..ModelProto::default()
        }
    }

    /// Convolution without bias, and the batch normalization behind it. `gain` is what its channels are multiplied with on
    /// average.
    pub fn conv_bn(&mut self, name: &str, x: &Tensor, channels: usize, kernel: Kernel, gain: f32) -> Tensor {
        let conv = self.conv(name, x, channels, kernel);
        self.batch_norm(&format!("{name}.bn"), &conv, gain)
    }

    /// Convolution with bias.
    pub fn conv_bias(&mut self, name: &str, x: &Tensor, channels: usize, kernel: Kernel) -> Tensor {
        let conv = self.conv(name, x, channels, kernel);
        self.batch_norm(&format!("{name}{FOLDED}"), &conv, 1.0)
    }

    fn conv(&mut self, name: &str, x: &Tensor, channels: usize, kernel: Kernel) -> Tensor {
        let Kernel { size, stride, pad, groups } = kernel;
        let inputs = x.channels / groups;
        let weights = self.he_weights(channels, inputs * size * size);
        self.constant(&format!("{name}.weight"), &[channels, inputs, size, size], &weights);
        let attributes = vec![
            ints("kernel_shape", &[size; 2]),
            ints("strides", &[stride; 2]),
            ints("pads", &[pad; 4]),
            int("group", groups),
        ];
        let constants = [format!("{name}.weight")];
        let to = (channels, (x.size + 2 * pad - size) / stride + 1);
        self.node("Conv", name, &[x], &constants, to, attributes)
    }

    fn batch_norm(&mut self, name: &str, x: &Tensor, gain: f32) -> Tensor {
        let channels = x.channels;
        let gamma: Vec<f32> = (0..channels).map(|_| gain * self.random.spread().sqrt()).collect();
        let beta: Vec<f32> = (0..channels).map(|_| SHIFT + 0.3 * self.random.normal()).collect();
        let parameters = [("weight", gamma), ("bias", beta)];
        let statistics = STATISTICS.into_iter().zip([vec![0.0; channels], vec![1.0; channels]]);
        let mut constants = Vec::new();
        for (suffix, values) in parameters.into_iter().chain(statistics) {
            let constant = format!("{name}.{suffix}");
            self.constant(&constant, &[channels], &values);
            constants.push(constant);
        }
        self.node("BatchNormalization", name, &[x], &constants, (channels, x.size), vec![])
    }

    /// ReLU.
    pub fn relu(&mut self, name: &str, x: &Tensor) -> Tensor {
        self.node("Relu", name, &[x], &[], (x.channels, x.size), vec![])
    }

    /// ReLU that lets a tenth of negative values through.
    pub fn leaky_relu(&mut self, name: &str, x: &Tensor) -> Tensor {
        self.node("LeakyRelu", name, &[x], &[], (x.channels, x.size), vec![float("alpha", 0.1)])
    }

    /// ReLU that ends at 6.
    pub fn relu6(&mut self, name: &str, x: &Tensor) -> Tensor {
        if self.graph.initializer.iter().all(|constant| constant.name() != "six") {
            self.constant("zero", &[], &[0.0]);
            self.constant("six", &[], &[6.0]);
        }
        let limits = ["zero".to_owned(), "six".to_owned()];
        self.node("Clip", name, &[x], &limits, (x.channels, x.size), vec![])
    }

    /// Sum of two maps.
    pub fn add(&mut self, name: &str, a: &Tensor, b: &Tensor) -> Tensor {
        self.node("Add", name, &[a, b], &[], (a.channels, a.size), vec![])
    }

    /// Channels of maps of one size, one behind the other.
    pub fn concat(&mut self, name: &str, maps: &[&Tensor]) -> Tensor {
        let channels = maps.iter().map(|map| map.channels).sum();
        self.node("Concat", name, maps, &[], (channels, maps[0].size), vec![int("axis", 1)])
    }

    /// The two halves of a map's channels.
    pub fn halves(&mut self, name: &str, x: &Tensor) -> [Tensor; 2] {
        let half = x.channels / 2;
        let first = self.node("Split", name, &[x], &[], (half, x.size), vec![int("axis", 1)]);
        let second = Tensor { name: format!("{name}.out2"), ..first.clone() };
        let split = self.graph.node.last_mut().expect("the split was just appended");
        split.output.push(second.name.clone());
        [first, second]
    }

    /// Channels of two halves, alternating, the way exporters write it: as two axes that change places.
    pub fn shuffle(&mut self, name: &str, x: &Tensor) -> Tensor {
        let (half, size) = (x.channels / 2, x.size);
        let to = (x.channels, size);
        let constants = [format!("{name}.pairs"), format!("{name}.flat")];
        self.integers(&constants[0], &[1, 2, half, size, size]);
        self.integers(&constants[1], &[1, x.channels, size, size]);
        let [pairs, flat] = constants.map(|constant| [constant]);
        let y = self.node("Reshape", &format!("{name}.split"), &[x], &pairs, to, vec![]);
        let perm = ints("perm", &[0, 2, 1, 3, 4]);
        let y = self.node("Transpose", &format!("{name}.swap"), &[&y], &[], to, vec![perm]);
        self.node("Reshape", name, &[&y], &flat, to, vec![])
    }

    /// Twice as many rows and columns, by repeating them.
    pub fn double(&mut self, name: &str, x: &Tensor) -> Tensor {
        let scales = format!("{name}_scales");
        self.constant(&scales, &[4], &[1.0, 1.0, 2.0, 2.0]);
        let attributes = vec![
            text("mode", "nearest"),
            text("coordinate_transformation_mode", "asymmetric"),
            text("nearest_mode", "floor"),
        ];
        let constants = [String::new(), scales];
        self.node("Resize", name, &[x], &constants, (x.channels, 2 * x.size), attributes)
    }

    /// Max pooling.
    pub fn max_pool(&mut self, name: &str, x: &Tensor, window: Window) -> Tensor {
        let Window { size, stride, before, after, ceil } = window;
        let attributes = vec![
            ints("kernel_shape", &[size; 2]),
            ints("strides", &[stride; 2]),
            ints("pads", &[before, before, after, after]),
            int("ceil_mode", usize::from(ceil)),
        ];
        self.node("MaxPool", name, &[x], &[], (x.channels, window.output(x.size)), attributes)
    }

    /// Global average pooling, and the fully connected layer that names the class.
    pub fn classifier(&mut self, name: &str, x: &Tensor, classes: usize) -> Tensor {
        let flat = self.pooled(x);
        self.fully_connected(name, &flat, classes)
    }

    /// Global average pooling to a vector.
    pub fn pooled(&mut self, x: &Tensor) -> Tensor {
        let pooled = self.node("GlobalAveragePool", "pool", &[x], &[], (x.channels, 1), vec![]);
        self.flatten(&pooled)
    }

    /// A map as a vector.
    pub fn flatten(&mut self, x: &Tensor) -> Tensor {
        self.node("Flatten", "flatten", &[x], &[], (x.channels * x.size * x.size, 1), vec![])
    }

    /// A fully connected layer with bias.
    pub fn fully_connected(&mut self, name: &str, x: &Tensor, channels: usize) -> Tensor {
        let weights = self.he_weights(channels, x.channels);
        self.constant(&format!("{name}.weight"), &[channels, x.channels], &weights);
        let bias: Vec<f32> = (0..channels).map(|_| 0.1 * self.random.normal()).collect();
        self.constant(&format!("{name}.bias"), &[channels], &bias);
        let constants = [format!("{name}.weight"), format!("{name}.bias")];
        self.node("Gemm", name, &[x], &constants, (channels, 1), vec![int("transB", 1)])
    }

    /// Weights of He et al. (2015) for a ReLU behind them; output channels differ in scale, as they do in trained layers.
    fn he_weights(&mut self, channels: usize, inputs: usize) -> Vec<f32> {
        let deviation = (2.0 / inputs as f32).sqrt();
        let mut weights = Vec::with_capacity(channels * inputs);
        for _ in 0..channels {
            let scale = deviation * self.random.spread();
            weights.extend((0..inputs).map(|_| scale * self.random.normal()));
        }
        weights
    }

    fn constant(&mut self, name: &str, dims: &[usize], values: &[f32]) {
        self.graph.initializer.push(TensorProto {
            name: Some(name.to_owned()),
            dims: dims.iter().map(|&dim| dim as i64).collect(),
            data_type: Some(DataType::Float as i32),
            raw_data: Some(values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>().into()),
            ..TensorProto::default()
        });
    }

    fn integers(&mut self, name: &str, values: &[usize]) {
        let bytes: Vec<u8> = values.iter().flat_map(|&value| (value as i64).to_le_bytes()).collect();
        self.graph.initializer.push(TensorProto {
            name: Some(name.to_owned()),
            dims: vec![values.len() as i64],
            data_type: Some(DataType::Int64 as i32),
            raw_data: Some(bytes.into()),
            ..TensorProto::default()
        });
    }

    /// Appends a node whose output has so many channels and such a size.
    fn node(
        &mut self,
        operator: &str,
        name: &str,
        inputs: &[&Tensor],
        constants: &[String],
        (channels, size): (usize, usize),
        attributes: Vec<AttributeProto>,
    ) -> Tensor {
        let output = format!("{name}.out");
        let activations = inputs.iter().map(|tensor| tensor.name.clone());
        self.graph.node.push(NodeProto {
            op_type: Some(operator.to_owned()),
            name: Some(name.to_owned()),
            input: activations.chain(constants.iter().cloned()).collect(),
            output: vec![output.clone()],
            attribute: attributes,
            ..NodeProto::default()
        });
        Tensor { name: output, channels, size }
    }
}

fn int(name: &str, value: usize) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        i: Some(value as i64),
        r#type: Some(AttributeType::Int as i32),
        ..AttributeProto::default()
    }
}

fn ints(name: &str, values: &[usize]) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        ints: values.iter().map(|&value| value as i64).collect(),
        r#type: Some(AttributeType::Ints as i32),
        ..AttributeProto::default()
    }
}

fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        f: Some(value),
        r#type: Some(AttributeType::Float as i32),
        ..AttributeProto::default()
    }
}

fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        s: Some(value.as_bytes().to_vec()),
        r#type: Some(AttributeType::String as i32),
        ..AttributeProto::default()
    }
}

fn value_info(name: &str, dims: &[i64]) -> ValueInfoProto {
    let dim =
        |&size: &i64| Dimension { value: Some(dimension::Value::DimValue(size)), ..Dimension::default() };
    let shape = Some(TensorShapeProto { dim: dims.iter().map(dim).collect() });
    let tensor = type_proto::Tensor { elem_type: Some(DataType::Float as i32), shape };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: Some(name.to_owned()), r#type: Some(r#type), ..ValueInfoProto::default() }
}
