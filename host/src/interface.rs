//! Inputs and outputs of a quantized model as ONNX has them: names, element types, shapes; and the bytes of the accelerator's maps.
//!
//! It goes with a compiled model as one of its notes, in JSON.

use crate::exact::Exact;
use pleach_spec::model_file::ModelFile;
use pleach_spec::numerics::{Quantization, ScaleError};
use serde::{Deserialize, Serialize};

/// Key of the note.
const NOTE: &str = "interface";

/// Element type of a tensor at the model's border.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Element {
    /// `float32`.
    Float,
    /// `int8`.
    Int8,
    /// `uint8`; the accelerator has the byte less 128.
    Uint8,
}

/// A tensor of the graph that becomes a part of the network's input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Name in the ONNX graph. A float input that is quantized in two ways is there twice.
    pub name: String,
    /// Element type.
    pub element: Element,
    /// Shape; without the batch, where there is one.
    pub dims: Vec<usize>,
    /// The first dimension of the ONNX tensor is a batch, and not in `dims`.
    pub batched: bool,
    /// How floats become bytes.
    pub quantization: Option<Quantization>,
}

/// An output of the graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Name in the ONNX graph.
    pub name: String,
    /// Element type.
    pub element: Element,
    /// Shape; without the batch, where there is one.
    pub dims: Vec<usize>,
    /// A batch is to be put before `dims`.
    pub batched: bool,
    /// What each byte stands for in a float output: 256 values, the index is the byte as an unsigned number.
    pub values: Vec<f32>,
    /// A Softmax over the whole vector follows, which this computer computes.
    pub softmax: bool,
}

/// What goes in and comes out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interface {
    /// In the order of their channels in the network's input.
    pub inputs: Vec<Input>,
    /// In the order of the network's outputs.
    pub outputs: Vec<Output>,
    /// What this computer computes again.
    #[serde(default)]
    pub exact: Exact,
}

/// Values of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// `float32`.
    Float(Vec<f32>),
    /// `int8`.
    Int8(Vec<i8>),
    /// `uint8`.
    Uint8(Vec<u8>),
}

impl Values {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Float(values) => values.len(),
            Self::Int8(values) => values.len(),
            Self::Uint8(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their type.
    pub fn element(&self) -> Element {
        match self {
            Self::Float(_) => Element::Float,
            Self::Int8(_) => Element::Int8,
            Self::Uint8(_) => Element::Uint8,
        }
    }
}

impl std::fmt::Display for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Float => "float32",
            Self::Int8 => "int8",
            Self::Uint8 => "uint8",
        })
    }
}

impl Input {
    /// Elements of one image.
    pub fn elements(&self) -> usize {
        self.dims.iter().product()
    }

    /// The accelerator's bytes for values of this input, `None` where they are of another type.
    pub fn bytes(&self, values: &Values) -> Option<Vec<i8>> {
        match (self.element, values) {
            (Element::Int8, Values::Int8(values)) => Some(values.clone()),
            (Element::Uint8, Values::Uint8(values)) => Some(values.iter().map(|&q| shifted(q)).collect()),
            (Element::Float, Values::Float(values)) => {
                let quantization = self.quantization?;
                Some(values.iter().map(|&x| quantization.quantize(x)).collect())
            }
            _ => None,
        }
    }
}

impl Output {
    /// Shape of the output for one image, as the graph has it.
    pub fn shape(&self) -> Vec<usize> {
        self.batched.then_some(1).into_iter().chain(self.dims.iter().copied()).collect()
    }

    /// The values that bytes of the accelerator stand for.
    pub fn values(&self, bytes: &[i8]) -> Values {
        match self.element {
            Element::Int8 => Values::Int8(bytes.to_vec()),
            Element::Uint8 => Values::Uint8(bytes.iter().map(|&q| (q as u8) ^ 0x80).collect()),
            Element::Float => {
                let reals = bytes.iter().map(|&q| self.values[usize::from(q as u8)]).collect();
                Values::Float(if self.softmax { softmax(reals) } else { reals })
            }
        }
    }
}

/// A uint8 as the accelerator has it.
pub fn shifted(byte: u8) -> i8 {
    (byte ^ 0x80) as i8
}

fn softmax(reals: Vec<f32>) -> Vec<f32> {
    let largest = reals.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = reals.iter().map(|&real| (real - largest).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

impl Interface {
    /// That of a model which was quantized already; `None` for others.
    pub fn of(model: &ModelFile) -> Option<Self> {
        serde_json::from_str(model.notes.get(NOTE)?).ok().filter(|interface: &Self| interface.fits(model))
    }

    /// Puts it into the model's notes.
    pub fn note(&self, model: &mut ModelFile) {
        let text = serde_json::to_string(self).expect("numbers and names can be written");
        model.notes.insert(NOTE.into(), text);
    }

    /// The network's input map for the values of the inputs, `None` where some are missing or of another type.
    pub fn bytes(&self, values: impl Fn(&str) -> Option<Values>) -> Option<Vec<i8>> {
        let parts = self.inputs.iter().map(|input| input.bytes(&values(&input.name)?));
        Some(parts.collect::<Option<Vec<_>>>()?.concat())
    }

    /// The output maps with ONNX Runtime's last bits, for all that the model's program gives.
    ///
    /// # Errors
    /// Scales that cannot be used.
    pub fn exact_maps(&self, model: &ModelFile, given: &[Vec<i8>]) -> Result<Vec<Vec<i8>>, ScaleError> {
        self.exact.outputs(&model.network, given)
    }

    /// Whether the sizes are those of the model.
    fn fits(&self, model: &ModelFile) -> bool {
        let network = &model.network;
        let elements = |tensor: usize| network.tensors[tensor].shape.elements();
        let read: usize = self.inputs.iter().map(Input::elements).sum();
        let outputs = self.outputs.iter().zip(&network.outputs);
        let count = self.outputs.len() + self.exact.maps.len();
        read == elements(network.input) && count == network.outputs.len() && self.exact.fits(network) && {
            outputs
        }
        .all(|(output, &tensor)| {
            output.dims.iter().product::<usize>() == elements(tensor)
                && (output.element != Element::Float || output.values.len() == 256)
        })
    }
}
