//! Whether outputs are those of a case, by the measure of `onnx.backend.test.runner`: shape, type, and numpy's `allclose`.

use super::case::{Batch, Case};
use miette::{Result, miette};
use pleach_host::cpu::{self, Tensor, element_name};
use std::path::Path;

/// Whether all outputs are as stored.
#[derive(Debug)]
pub(super) enum Comparison {
    Equal,
    /// What differs first.
    Different(String),
}

/// Compares all outputs of the model.
pub(super) fn outputs(folder: &Path, case: &Case, found: &[Tensor]) -> Result<Comparison> {
    if found.len() != case.outputs.len() {
        return Ok(Comparison::Different(format!("{} outputs of {}", found.len(), case.outputs.len())));
    }
    for (index, tensor) in found.iter().enumerate() {
        let expected = case.output(folder, index)?;
        if let Some(reason) = difference(tensor, &expected, [case.rtol, case.atol])? {
            return Ok(Comparison::Different(format!("output '{}' {reason}", case.outputs[index])));
        }
    }
    Ok(Comparison::Equal)
}

/// Puts the outputs of single images together again, as the case has them.
pub(super) fn joined(batch: Batch, mut runs: Vec<Vec<Tensor>>) -> Result<Vec<Tensor>> {
    match (batch, &mut runs[..]) {
        (Batch::Single, _) => {
            let output = |index: usize| {
                let images: Vec<Tensor> = runs.iter().map(|outputs| outputs[index].clone()).collect();
                Ok(cpu::stacked(&images)?)
            };
            (0..runs[0].len()).map(output).collect()
        }
        (Batch::Added, [outputs]) => {
            for tensor in outputs.iter_mut() {
                tensor.remove_axis(0).map_err(|error| miette!("{error:#}"))?;
            }
            Ok(std::mem::take(outputs))
        }
        (_, [outputs]) => Ok(std::mem::take(outputs)),
        _ => Err(miette!("{} runs of a model", runs.len())),
    }
}

/// How a tensor differs from what is expected; `None` where it does not.
fn difference(found: &Tensor, expected: &Tensor, tolerance: [f64; 2]) -> Result<Option<String>> {
    let names = [found, expected].map(|tensor| element_name(tensor.datum_type()));
    if names[0] != names[1] {
        return Ok(Some(format!("is {} instead of {}", names[0], names[1])));
    }
    if found.shape() != expected.shape() {
        return Ok(Some(format!("has shape {:?} instead of {:?}", found.shape(), expected.shape())));
    }
    let [found_values, expected_values] = [values(found)?, values(expected)?];
    let exact = !expected.datum_type().is_float();
    let is_near = |found: f64, expected: f64| {
        found == expected
            || found.is_nan() && expected.is_nan()
            || !exact && (found - expected).abs() <= tolerance[1] + tolerance[0] * expected.abs()
    };
    let wrong = |(found, expected): &(&f64, &f64)| !is_near(**found, **expected);
    let pairs = || found_values.iter().zip(&expected_values);
    let count = pairs().filter(wrong).count();
    Ok(pairs().find(wrong).map(|(found, expected)| {
        format!("differs in {count} of {} elements, {found} instead of {expected}", found_values.len())
    }))
}

fn values(tensor: &Tensor) -> Result<Vec<f64>> {
    let reals = tensor.cast_to::<f64>().map_err(|error| miette!("{error:#}"))?;
    let view = reals.to_plain_array_view::<f64>().map_err(|error| miette!("{error:#}"))?;
    Ok(view.iter().copied().collect())
}
