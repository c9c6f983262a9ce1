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
}

/// Geometry of a convolution with as much padding as keeps the size of the map at stride 1.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// Height and width.
    pub size: usize,
    /// Vertical and horizontal stride.
    pub stride: usize,
    /// Groups.
    pub groups: usize,
}

impl Kernel {
    /// An ungrouped convolution.
    pub fn new(size: usize, stride: usize) -> Self {
        Self { size, stride, groups: 1 }
    }
}

/// Suffixes of the initializers of a batch normalization that are not parameters but statistics.
pub const STATISTICS: [&str; 2] = ["running_mean", "running_var"];

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
        let input = Tensor { name: "image".to_owned(), channels: 3 };
        (Self { graph, random: Random::new(seed) }, input)
    }

    /// The model, whose output is `output` of `channels` values.
    pub fn finish(mut self, output: &Tensor) -> ModelProto {
        self.graph.output = vec![value_info(&output.name, &[1, output.channels as i64])];
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
        let Kernel { size, stride, groups } = kernel;
        let inputs = x.channels / groups;
        let weights = self.he_weights(channels, inputs * size * size);
        self.constant(&format!("{name}.weight"), &[channels, inputs, size, size], &weights);
        let attributes = vec![
            ints("kernel_shape", &[size; 2]),
            ints("strides", &[stride; 2]),
            ints("pads", &[size / 2; 4]),
            int("group", groups),
        ];
        let constants = [format!("{name}.weight")];
        let conv = self.node("Conv", name, &[x], &constants, channels, attributes);
        self.batch_norm(&format!("{name}.bn"), &conv, gain)
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
        self.node("BatchNormalization", name, &[x], &constants, channels, vec![])
    }

    /// ReLU.
    pub fn relu(&mut self, name: &str, x: &Tensor) -> Tensor {
        self.node("Relu", name, &[x], &[], x.channels, vec![])
    }

    /// ReLU that ends at 6.
    pub fn relu6(&mut self, name: &str, x: &Tensor) -> Tensor {
        if self.graph.initializer.iter().all(|constant| constant.name() != "six") {
            self.constant("zero", &[], &[0.0]);
            self.constant("six", &[], &[6.0]);
        }
        let limits = ["zero".to_owned(), "six".to_owned()];
        self.node("Clip", name, &[x], &limits, x.channels, vec![])
    }

    /// Sum of two maps.
    pub fn add(&mut self, name: &str, a: &Tensor, b: &Tensor) -> Tensor {
        self.node("Add", name, &[a, b], &[], a.channels, vec![])
    }

    /// Max pooling with half a window of padding.
    pub fn max_pool(&mut self, name: &str, x: &Tensor, size: usize, stride: usize) -> Tensor {
        let attributes = vec![
            ints("kernel_shape", &[size; 2]),
            ints("strides", &[stride; 2]),
            ints("pads", &[size / 2; 4]),
        ];
        self.node("MaxPool", name, &[x], &[], x.channels, attributes)
    }

    /// Global average pooling, and the fully connected layer that names the class.
    pub fn classifier(&mut self, name: &str, x: &Tensor, classes: usize) -> Tensor {
        let pooled = self.node("GlobalAveragePool", "pool", &[x], &[], x.channels, vec![]);
        let flat = self.node("Flatten", "flatten", &[&pooled], &[], x.channels, vec![]);
        let weights = self.he_weights(classes, x.channels);
        self.constant(&format!("{name}.weight"), &[classes, x.channels], &weights);
        let bias: Vec<f32> = (0..classes).map(|_| 0.1 * self.random.normal()).collect();
        self.constant(&format!("{name}.bias"), &[classes], &bias);
        let constants = [format!("{name}.weight"), format!("{name}.bias")];
        self.node("Gemm", name, &[&flat], &constants, classes, vec![int("transB", 1)])
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

    fn node(
        &mut self,
        operator: &str,
        name: &str,
        inputs: &[&Tensor],
        constants: &[String],
        channels: usize,
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
        Tensor { name: output, channels }
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

fn value_info(name: &str, dims: &[i64]) -> ValueInfoProto {
    let dim =
        |&size: &i64| Dimension { value: Some(dimension::Value::DimValue(size)), ..Dimension::default() };
    let shape = Some(TensorShapeProto { dim: dims.iter().map(dim).collect() });
    let tensor = type_proto::Tensor { elem_type: Some(DataType::Float as i32), shape };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: Some(name.to_owned()), r#type: Some(r#type), ..ValueInfoProto::default() }
}
