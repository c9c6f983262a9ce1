//! Whether every pass keeps what the network computes: the graph is run on random input before the first and after each.

use super::{ALL, Pass};
use crate::graph::{Graph, run_outputs};
use miette::Diagnostic;
use ndarray::{Array3, ArrayD};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::Serialize;

/// How far an element may be from that of the imported graph, as a share of the largest of its output: folding changes the order in
/// which floats are rounded.
pub const TOLERANCE: f64 = 1.0e-4;

/// What a pass did to the result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Deviation {
    /// Name of the pass.
    pub pass: &'static str,
    /// Largest difference to the imported graph, as a share of the largest value of the output.
    pub deviation: f64,
}

/// A pass changes what the network computes.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error(
    "network '{graph}': after the pass {pass}, output '{output}' differs from that of the imported graph by {deviation:.1e} of its largest value; {TOLERANCE:.0e} are allowed"
)]
#[diagnostic(
    code(pleach::graph::pass),
    help(
        "this is a defect of Pleach: please report it with the model; host run --device cpu runs the model as it is"
    )
)]
pub struct Changed {
    graph: String,
    pass: &'static str,
    output: String,
    deviation: f64,
}

/// Applies all passes to a copy of an imported graph, one by one, and compares its outputs on random input after each.
///
/// # Errors
/// The first pass that changes more than [`TOLERANCE`].
pub fn check(imported: &Graph) -> Result<Vec<Deviation>, Changed> {
    check_passes(imported, &ALL)
}

fn check_passes(imported: &Graph, passes: &[Pass]) -> Result<Vec<Deviation>, Changed> {
    let image = random(imported);
    let outputs = |graph: &Graph| run_outputs(graph, &image).expect("the image has the shape of the input");
    let expected = outputs(imported);
    let mut graph = imported.clone();
    let mut deviations = Vec::new();
    for pass in passes {
        (pass.apply)(&mut graph);
        let found = outputs(&graph);
        let each = expected.iter().zip(&found).map(|(expected, found)| deviation(expected, found));
        let (worst, deviation) =
            each.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).expect("a graph has an output");
        if deviation > TOLERANCE {
            let output = imported.tensor(imported.outputs()[worst]).name.clone();
            return Err(Changed { graph: imported.name().to_owned(), pass: pass.name, output, deviation });
        }
        deviations.push(Deviation { pass: pass.name, deviation });
    }
    Ok(deviations)
}

/// Values from -2 to 2, as those of normalised images; always the same.
fn random(graph: &Graph) -> Array3<f32> {
    let shape = &graph.tensor(graph.input()).shape;
    let dims = match *shape.dims() {
        [channels, height, width] => (channels, height, width),
        _ => (shape.dims().iter().product(), 1, 1),
    };
    let mut random = ChaCha8Rng::seed_from_u64(1);
    Array3::from_shape_simple_fn(dims, || random.next_u32() as f32 / u32::MAX as f32 * 4.0 - 2.0)
}

/// The largest difference, as a share of the largest value; infinite where something is no number or the sizes differ.
fn deviation(expected: &ArrayD<f32>, found: &ArrayD<f32>) -> f64 {
    if expected.len() != found.len() {
        return f64::INFINITY;
    }
    let largest = |values: &mut dyn Iterator<Item = f32>| {
        values.fold(
            0.0f64,
            |most, value| if value.is_nan() { f64::INFINITY } else { most.max(value.abs().into()) },
        )
    };
    let difference = largest(&mut expected.iter().zip(found).map(|(a, b)| if a == b { 0.0 } else { a - b }));
    match difference {
        0.0 => 0.0,
        _ => difference / largest(&mut expected.iter().copied()).max(f64::from(f32::MIN_POSITIVE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::testing::{conv, map};
    use crate::graph::{Clamp, Op};

    fn graph() -> Graph {
        let mut graph = Graph::new("net", "x", map(2, 5, 5));
        let a = graph.push("conv", Op::Conv(conv(3, [2, 3, 3], 1)), graph.input(), "a").unwrap();
        graph.push("relu", Op::Clip(Clamp::RELU), a, "y").unwrap();
        graph
    }

    #[test]
    fn a_pass_that_changes_the_result_is_named() {
        let wrong = |graph: &mut Graph| {
            let layer = graph.layers_mut().next().unwrap();
            layer.conv.weights[(0, 0, 0, 0)] += 0.01;
        };
        let passes = [ALL[0], Pass { name: "wrong", apply: wrong }];
        let message = check_passes(&graph(), &passes).unwrap_err().to_string();
        assert!(message.contains("after the pass wrong, output 'y'"), "{message}");
        let nothing = |graph: &mut Graph| graph.layers_mut().for_each(|layer| layer.conv.bias.fill(f32::NAN));
        assert!(check_passes(&graph(), &[Pass { name: "nan", apply: nothing }]).is_err());
    }

    #[test]
    fn all_passes_are_told() {
        let deviations = check(&graph()).unwrap();
        assert_eq!(deviations.len(), ALL.len());
        assert!(deviations.iter().all(|told| told.deviation <= TOLERANCE));
    }
}
