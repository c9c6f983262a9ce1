//! Shape of the network's input.

use super::error::Problem;
use super::proto::tensor_proto::DataType;
use super::proto::tensor_shape_proto::dimension::Value;
use super::proto::type_proto;
use super::proto::{TensorShapeProto, ValueInfoProto};
use super::tensor::type_name;
use crate::graph::{Shape, join};
use std::collections::BTreeMap;

/// The shape of `input` without its batch, with dynamic dimensions taken from `shapes`.
pub(super) fn shape(input: &ValueInfoProto, shapes: &BTreeMap<String, Vec<usize>>) -> Result<Shape, Problem> {
    let name = input.name().to_owned();
    if let Some(stranger) = shapes.keys().find(|&key| *key != name) {
        return Err(Problem::ShapeName { name: stranger.clone(), input: name });
    }
    let declared = declared(input)?;
    let dims = match shapes.get(&name) {
        Some(given) => choose(&name, declared, given)?,
        None => known(&name, declared)?,
    };
    match dims[..] {
        [batch, ..] if batch != 1 => Err(Problem::Batch { input: name, batch }),
        [_, ref image @ ..] if matches!(image.len(), 1 | 3) => Shape::new(image.to_vec()).map_err(|reason| {
            // The input is not a node, but what is wrong is the same.
            Problem::Shape { node: name, operator: "input".to_owned(), reason }
        }),
        _ => Err(Problem::InputRank { input: name, shape: join(&dims) }),
    }
}

/// Element type of an input, where it is a tensor of a known one.
pub(super) fn element_type(input: &ValueInfoProto) -> Option<DataType> {
    match input.r#type.as_ref()?.value.as_ref()? {
        type_proto::Value::TensorType(tensor) => DataType::try_from(tensor.elem_type?).ok(),
        _ => None,
    }
}

/// Dimensions of an input of any type, batch included, and the code of its type.
///
/// # Errors
/// An input that is no tensor, or has dynamic dimensions beside the batch.
pub fn dims(
    input: &ValueInfoProto,
    shapes: &BTreeMap<String, Vec<usize>>,
) -> Result<(Vec<usize>, i32), Problem> {
    let name = input.name();
    let Some(type_proto::Value::TensorType(tensor)) = input.r#type.as_ref().and_then(|t| t.value.as_ref())
    else {
        let (input, found) = (name.to_owned(), "that is not a tensor".to_owned());
        return Err(Problem::InputType { input, found });
    };
    let declared = tensor.shape.as_ref();
    let dims = match shapes.get(name) {
        Some(given) => choose(name, declared, given)?,
        None => known(name, declared)?,
    };
    Ok((dims, tensor.elem_type.unwrap_or_default()))
}

/// The declared shape, `None` where the model gives none.
fn declared(input: &ValueInfoProto) -> Result<Option<&TensorShapeProto>, Problem> {
    let wrong = |found: String| Problem::InputType { input: input.name().to_owned(), found };
    match input.r#type.as_ref().and_then(|t| t.value.as_ref()) {
        Some(type_proto::Value::TensorType(tensor)) => match tensor.elem_type {
            Some(code) if code == DataType::Float as i32 => Ok(tensor.shape.as_ref()),
            code => Err(wrong(type_name(code.unwrap_or_default()))),
        },
        _ => Err(wrong("that is not a tensor".to_owned())),
    }
}

/// A declared dimension: a size, or `None` for a dynamic one.
fn size(value: Option<&Value>) -> Option<usize> {
    match value {
        Some(&Value::DimValue(size)) => usize::try_from(size).ok().filter(|&size| size > 0),
        _ => None,
    }
}

fn sizes(declared: &TensorShapeProto) -> Vec<Option<usize>> {
    declared.dim.iter().map(|dim| size(dim.value.as_ref())).collect()
}

/// The given dimensions, where they do not contradict the declared ones.
fn choose(name: &str, declared: Option<&TensorShapeProto>, given: &[usize]) -> Result<Vec<usize>, Problem> {
    let Some(declared) = declared else { return Ok(given.to_vec()) };
    let sizes = sizes(declared);
    let agrees = sizes.len() == given.len()
        && sizes.iter().zip(given).all(|(declared, given)| declared.is_none_or(|size| size == *given));
    if agrees {
        Ok(given.to_vec())
    } else {
        let (given, declared) = (join(given), describe(declared));
        Err(Problem::ShapeConflict { input: name.to_owned(), given, declared })
    }
}

/// The declared dimensions, where all but the batch are fixed.
fn known(name: &str, declared: Option<&TensorShapeProto>) -> Result<Vec<usize>, Problem> {
    let dynamic =
        |shape: String, example: String| Problem::DynamicShape { input: name.to_owned(), shape, example };
    let Some(declared) = declared else {
        return Err(dynamic("(none declared)".to_owned(), "1x3x224x224".to_owned()));
    };
    let mut sizes = sizes(declared);
    if let Some(batch) = sizes.first_mut() {
        *batch = batch.or(Some(1));
    }
    sizes.iter().copied().collect::<Option<Vec<usize>>>().ok_or_else(|| {
        let example: Vec<usize> = sizes.iter().map(|size| size.unwrap_or(224)).collect();
        dynamic(describe(declared), join(&example))
    })
}

/// `batchx3xHx224`: sizes and the names of dynamic dimensions.
fn describe(declared: &TensorShapeProto) -> String {
    let one = |value: Option<&Value>| match value {
        Some(Value::DimValue(size)) => size.to_string(),
        Some(Value::DimParam(name)) if !name.is_empty() => name.clone(),
        _ => "?".to_owned(),
    };
    declared.dim.iter().map(|dim| one(dim.value.as_ref())).collect::<Vec<_>>().join("x")
}

#[cfg(test)]
mod tests {
    use super::super::proto::{TypeProto, tensor_shape_proto::Dimension};
    use super::*;

    /// An input "x"; dimensions as users write them, names for dynamic ones.
    fn input(dims: &[&str]) -> ValueInfoProto {
        let dim = |text: &&str| {
            let value = match text.parse() {
                Ok(size) => Value::DimValue(size),
                Err(_) => Value::DimParam((*text).to_owned()),
            };
            Dimension { value: Some(value), ..Dimension::default() }
        };
        let shape = TensorShapeProto { dim: dims.iter().map(dim).collect() };
        let tensor = type_proto::Tensor { elem_type: Some(DataType::Float as i32), shape: Some(shape) };
        let value = Some(type_proto::Value::TensorType(tensor));
        let r#type = Some(TypeProto { value, ..TypeProto::default() });
        ValueInfoProto { name: Some("x".to_owned()), r#type, ..ValueInfoProto::default() }
    }

    fn of(dims: &[&str], given: Option<&[usize]>) -> Result<String, String> {
        let shapes = given.map(|dims| ("x".to_owned(), dims.to_vec())).into_iter().collect();
        shape(&input(dims), &shapes).map(|shape| shape.to_string()).map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_dynamic_batch_is_one() {
        assert_eq!(of(&["N", "3", "8", "9"], None).unwrap(), "3x8x9");
        assert_eq!(of(&["1", "64"], None).unwrap(), "64");
    }

    #[test]
    fn other_batches_are_refused() {
        assert_eq!(of(&["4", "3", "8", "9"], None).unwrap_err(), "input 'x' has a batch of 4");
        assert_eq!(of(&["N", "3", "8", "9"], Some(&[2, 3, 8, 9])).unwrap_err(), "input 'x' has a batch of 2");
    }

    #[test]
    fn dynamic_sizes_must_be_given() {
        assert_eq!(of(&["N", "3", "H", "W"], None).unwrap_err(), "input 'x' has the dynamic shape Nx3xHxW");
        assert_eq!(of(&["N", "3", "H", "W"], Some(&[1, 3, 20, 30])).unwrap(), "3x20x30");
    }

    #[test]
    fn given_shapes_must_agree_and_belong_to_the_input() {
        let conflict = of(&["N", "3", "H", "W"], Some(&[1, 4, 20, 30])).unwrap_err();
        assert_eq!(
            conflict,
            "the shape 1x4x20x30 given for input 'x' contradicts its declared shape Nx3xHxW"
        );
        let shapes = [("y".to_owned(), vec![1, 3])].into();
        let stranger = shape(&input(&["N", "3"]), &shapes).unwrap_err();
        assert!(matches!(stranger, Problem::ShapeName { name, input } if name == "y" && input == "x"));
    }

    #[test]
    fn neither_sequences_nor_volumes() {
        assert_eq!(of(&["1", "3", "4"], None).unwrap_err(), "input 'x' has shape 1x3x4");
        assert_eq!(of(&["1", "3", "4", "5", "6"], None).unwrap_err(), "input 'x' has shape 1x3x4x5x6");
    }

    #[test]
    fn absurd_sizes_are_refused() {
        let error = of(&["1", "4611686018427387904", "8", "8"], None).unwrap_err();
        assert!(error.starts_with("node 'x' (input): a tensor of shape"), "{error}");
    }
}
