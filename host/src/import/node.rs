//! What an operator's importer sees of its node: typed attributes and inputs, with errors that name the node.

use super::error::Problem;
use super::proto::{AttributeProto, NodeProto, TensorProto};
use super::tensor;
use crate::graph::{Op, Shape, TensorId, join};
use ndarray::{ArrayD, Dimension};
use std::ops::Deref;
use std::path::Path;
use std::rc::Rc;

/// A constant tensor: one of the model, or one that importing a node made.
#[derive(Clone)]
pub(super) enum Constant<'m> {
    Stored(&'m TensorProto),
    Made(Rc<TensorProto>),
}

impl Deref for Constant<'_> {
    type Target = TensorProto;

    fn deref(&self) -> &TensorProto {
        match self {
            Self::Stored(tensor) => tensor,
            Self::Made(tensor) => tensor,
        }
    }
}

/// A tensor that a node reads.
#[derive(Clone)]
pub(super) enum Value<'m> {
    /// Known when the model is imported.
    Constant(Constant<'m>),
    /// Known when it runs.
    Activation(TensorId, Shape),
}

/// What a node becomes.
#[expect(clippy::large_enum_variant, reason = "there is only one at a time, and it is taken apart at once")]
pub(super) enum Imported<'m> {
    /// A node of the graph that reads one activation.
    Node(Op, TensorId),
    /// For each output of the ONNX node what makes it.
    Outputs(Vec<Chain>),
    /// A constant for other nodes to read.
    Constant(Constant<'m>),
}

/// Operators one behind the other: the first one reads `inputs`, the last one makes an output of the ONNX node.
pub(super) struct Chain {
    pub(super) inputs: Vec<TensorId>,
    /// At least one.
    pub(super) ops: Vec<Op>,
}

/// One ONNX node with its inputs resolved.
pub(super) struct Node<'m> {
    pub(super) name: String,
    pub(super) proto: &'m NodeProto,
    /// `None` where an optional input is left out.
    pub(super) inputs: Vec<Option<Value<'m>>>,
    /// Version of the operator set.
    pub(super) opset: i64,
    /// Where the model lies.
    pub(super) folder: &'m Path,
}

impl<'m> Node<'m> {
    fn operator(&self) -> String {
        self.proto.op_type().to_owned()
    }

    /// The activation that is input `index`.
    pub(super) fn activation(&self, index: usize, what: &'static str) -> Result<(TensorId, &Shape), Problem> {
        match self.inputs.get(index) {
            Some(Some(Value::Activation(id, shape))) => Ok((*id, shape)),
            Some(Some(Value::Constant(_))) => Err(self.usage(
                format!("{what} is a constant"),
                "fold constants before (python -m onnxsim in.onnx out.onnx)",
            )),
            _ => Err(self.missing(index, what)),
        }
    }

    /// Whether input `index` is there.
    pub(super) fn has_input(&self, index: usize) -> bool {
        matches!(self.inputs.get(index), Some(Some(_)))
    }

    /// Whether input `index` is a constant.
    pub(super) fn is_constant(&self, index: usize) -> bool {
        matches!(self.inputs.get(index), Some(Some(Value::Constant(_))))
    }

    /// The constant that is input `index`.
    pub(super) fn constant(&self, index: usize, what: &'static str) -> Result<&Constant<'m>, Problem> {
        match self.inputs.get(index) {
            Some(Some(Value::Constant(tensor))) => Ok(tensor),
            Some(Some(Value::Activation(..))) => Err(Problem::NotConstant {
                node: self.name.clone(),
                operator: self.operator(),
                what,
                tensor: self.proto.input[index].clone(),
            }),
            _ => Err(self.missing(index, what)),
        }
    }

    /// Weights or parameters: input `index`, float, finite, of a given rank.
    pub(super) fn weights<D: Dimension>(
        &self,
        index: usize,
        what: &'static str,
        expected: &'static str,
    ) -> Result<ndarray::Array<f32, D>, Problem> {
        let values = self.finite(index, what)?;
        let found = join(values.shape());
        values.into_dimensionality().map_err(|_| self.constant_shape(what, found, expected.to_owned()))
    }

    /// A vector of `length` weights or parameters.
    pub(super) fn vector(
        &self,
        index: usize,
        what: &'static str,
        length: usize,
    ) -> Result<ndarray::Array1<f32>, Problem> {
        let values: ndarray::Array1<f32> = self.weights(index, what, "one dimension")?;
        if values.len() == length {
            Ok(values)
        } else {
            Err(self.constant_shape(what, values.len().to_string(), length.to_string()))
        }
    }

    /// Finite floats of any shape.
    pub(super) fn finite(&self, index: usize, what: &'static str) -> Result<ArrayD<f32>, Problem> {
        let constant = self.constant(index, what)?;
        tensor::finite_floats(constant, self.folder).map_err(|reason| self.initializer(index, reason))
    }

    /// One float, perhaps infinite; `None` where the optional input is left out.
    pub(super) fn scalar(&self, index: usize, what: &'static str) -> Result<Option<f32>, Problem> {
        if !self.has_input(index) {
            return Ok(None);
        }
        let constant = self.constant(index, what)?;
        let values =
            tensor::floats(constant, self.folder).map_err(|reason| self.initializer(index, reason))?;
        match values.iter().copied().collect::<Vec<f32>>()[..] {
            [value] => Ok(Some(value)),
            _ => Err(self.constant_shape(what, join(values.shape()), "a scalar".to_owned())),
        }
    }

    /// Integers, flattened.
    pub(super) fn integers(&self, index: usize, what: &'static str) -> Result<Vec<i64>, Problem> {
        let constant = self.constant(index, what)?;
        tensor::integers(constant, self.folder).map_err(|reason| self.initializer(index, reason))
    }

    /// Integers that are an attribute in older operator sets and an input in newer ones; `None` where they are left out.
    pub(super) fn integers_of(
        &self,
        attribute: &'static str,
        index: usize,
        input_since: i64,
    ) -> Result<Option<Vec<i64>>, Problem> {
        match self.opset >= input_since {
            true if self.has_input(index) => self.integers(index, attribute).map(Some),
            true => Ok(None),
            false => Ok(self.ints(attribute).map(<[i64]>::to_vec)),
        }
    }

    /// Axes of a tensor of a given rank, batch included, from 0 up; negative ones count from the end.
    pub(super) fn axes(&self, axes: &[i64], rank: usize) -> Result<Vec<usize>, Problem> {
        let one = |&axis: &i64| {
            let from_start = if axis < 0 { axis.checked_add(rank as i64)? } else { axis };
            usize::try_from(from_start).ok().filter(|&axis| axis < rank)
        };
        axes.iter().map(one).collect::<Option<_>>().ok_or_else(|| {
            self.unsupported("axes", format!("{axes:?}"), &format!("the input has axes 0 to {}", rank - 1))
        })
    }

    /// A boolean scalar; `false` where the optional input is left out.
    pub(super) fn flag(&self, index: usize, what: &'static str) -> Result<bool, Problem> {
        if !self.has_input(index) {
            return Ok(false);
        }
        let constant = self.constant(index, what)?;
        tensor::flag(constant, self.folder).map_err(|reason| self.initializer(index, reason))
    }

    /// An attribute as it is in the file.
    pub(super) fn attribute(&self, name: &str) -> Option<&'m AttributeProto> {
        self.proto.attribute.iter().find(|attribute| attribute.name() == name)
    }

    /// An integer attribute.
    pub(super) fn int(&self, name: &'static str, default: i64) -> Result<i64, Problem> {
        self.typed(name, |attribute| attribute.i, "an integer").map(|value| value.unwrap_or(default))
    }

    /// A finite float attribute.
    pub(super) fn float(&self, name: &'static str, default: f32) -> Result<f32, Problem> {
        let value = self.typed(name, |attribute| attribute.f, "a number")?.unwrap_or(default);
        if value.is_finite() {
            Ok(value)
        } else {
            Err(self.unsupported(name, value, "a finite number is needed"))
        }
    }

    /// A list of integers, `None` where the attribute is left out.
    pub(super) fn ints(&self, name: &'static str) -> Option<&'m [i64]> {
        self.attribute(name).map(|attribute| &attribute.ints[..])
    }

    /// A text attribute.
    pub(super) fn text(&self, name: &'static str, default: &str) -> Result<String, Problem> {
        let text = self.typed(name, |attribute| attribute.s.as_deref(), "a text")?;
        Ok(text.map_or(default.to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned()))
    }

    fn typed<T>(
        &self,
        name: &'static str,
        get: impl Fn(&'m AttributeProto) -> Option<T>,
        expected: &str,
    ) -> Result<Option<T>, Problem> {
        match self.attribute(name) {
            None => Ok(None),
            Some(attribute) => match get(attribute) {
                Some(value) => Ok(Some(value)),
                None => Err(self.unsupported(name, "(of another type)", &format!("{expected} is needed"))),
            },
        }
    }

    /// An attribute has a value that is not supported.
    pub(super) fn unsupported(&self, name: &'static str, value: impl ToString, remedy: &str) -> Problem {
        Problem::Attribute {
            node: self.name.clone(),
            operator: self.operator(),
            name,
            value: value.to_string(),
            remedy: remedy.to_owned(),
        }
    }

    /// The operator is used in a way that is not supported.
    pub(super) fn usage(&self, reason: String, remedy: &'static str) -> Problem {
        Problem::Usage { node: self.name.clone(), operator: self.operator(), reason, remedy }
    }

    /// A constant's shape is wrong.
    pub(super) fn constant_shape(&self, what: &'static str, found: String, expected: String) -> Problem {
        Problem::ConstantShape { node: self.name.clone(), operator: self.operator(), what, found, expected }
    }

    fn missing(&self, index: usize, what: &'static str) -> Problem {
        Problem::MissingInput { node: self.name.clone(), operator: self.operator(), index, what }
    }

    fn initializer(&self, index: usize, reason: super::TensorProblem) -> Problem {
        Problem::Initializer { name: self.proto.input[index].clone(), reason }
    }
}
