//! Whether a calibration can be trusted: what looks wrong about it, in words.

use super::Calibration;
use super::calibrate::ChannelMoments;
use crate::graph::{BatchNorm, Graph, Op, TensorId, run_with};
use ndarray::{Array3, ArrayD, Axis};

/// Largest magnitudes that normalised images have.
const USUAL: std::ops::RangeInclusive<f32> = 0.05..=20.0;
/// How many standard deviations of the training data the mean of a channel may be off.
const SHIFT: f64 = 1.0;
/// By what factor a channel's variance may be off.
const SPREAD: f64 = 8.0;
/// Share of the values of other images that may be beyond the calibrated range of the input.
const BEYOND: f64 = 0.02;
/// Share of right answers, in percent, below which a float network is not what somebody trained.
const USELESS: f64 = 50.0;

/// What looks wrong about a calibration on these images. `imported` is the graph before the passes.
pub fn doubts(imported: &Graph, calibration: &Calibration, images: &[Array3<f32>]) -> Vec<String> {
    let mut doubts = Vec::new();
    if calibration.images() == 1 {
        doubts.push(
            "there is one calibration image only: ranges of others may be larger; give some hundred"
                .to_owned(),
        );
    }
    let constant = |image: &&Array3<f32>| {
        image.axis_iter(Axis(0)).all(|plane| plane.iter().all(|&value| Some(&value) == plane.first()))
    };
    let is_vector = images.first().is_some_and(|image| image.len() == image.dim().0);
    let flat = images.iter().filter(constant).count();
    if flat > 0 && !is_vector {
        doubts.push(format!(
            "{flat} of {} calibration images are one colour all over: check the data",
            images.len()
        ));
    }
    if images.len() > 1 && images.iter().all(|image| *image == images[0]) {
        doubts.push("all calibration images are the same: check the data".to_owned());
    }
    if let Some(input) = calibration.tensor(&imported.tensor(imported.input()).name) {
        let most = input.max.abs().max(input.min.abs());
        if !USUAL.contains(&most) {
            doubts.push(format!(
                "inputs range from {} to {}, which is unusual for a normalised image: check mean and std in the model's .toml",
                input.min, input.max
            ));
        }
    }
    doubts.extend(training(imported, images));
    doubts
}

/// The first batch normalization knows what its channels were like in training.
fn training(imported: &Graph, images: &[Array3<f32>]) -> Option<String> {
    let (norm, input) = imported.nodes().iter().find_map(|node| match &node.op {
        Op::BatchNorm(norm) => Some((norm, node.inputs[0])),
        _ => None,
    })?;
    let (shift, spread) = against_training(norm, &moments(imported, input, images)?);
    let off = shift > SHIFT || !(1.0 / SPREAD..=SPREAD).contains(&spread);
    off.then(|| {
        format!(
            "the first batch normalization had other values in training: means are off by {shift:.1} standard deviations, variances by a \
             factor of {spread:.2}; check mean and std in the model's .toml"
        )
    })
}

/// Moments of the channels of a tensor.
fn moments(graph: &Graph, id: TensorId, images: &[Array3<f32>]) -> Option<Vec<ChannelMoments>> {
    let mut moments = Vec::new();
    for image in images {
        let count = |found: TensorId, values: &ArrayD<f32>| {
            if found == id {
                moments.resize(values.shape()[0], ChannelMoments::default());
                moments.iter_mut().zip(values.outer_iter()).for_each(|(sum, values)| sum.add(values.iter()));
            }
        };
        run_with(graph, image, count).ok()?;
    }
    Some(moments)
}

/// Medians over the channels: of the distance of means in standard deviations, and of the ratio of variances.
fn against_training(norm: &BatchNorm, moments: &[ChannelMoments]) -> (f64, f64) {
    let each = moments.iter().zip(norm.mean.iter().zip(&norm.variance)).map(|(found, (&mean, &variance))| {
        let variance = f64::from(variance.max(f32::MIN_POSITIVE));
        let spread = found.second_moment() - found.mean().powi(2);
        ((found.mean() - f64::from(mean)).abs() / variance.sqrt(), spread / variance)
    });
    let (shifts, spreads): (Vec<f64>, Vec<f64>) = each.unzip();
    (median(shifts), median(spreads))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// What other images than those of the calibration make doubtful: `beyond` is the share of their values that the calibrated range of
/// the input does not hold, `accuracy` that of the float network's right answers on them, in percent.
pub fn doubts_of_test(beyond: f64, accuracy: Option<f64>, classes: usize) -> Vec<String> {
    let mut doubts = Vec::new();
    if beyond > BEYOND {
        doubts.push(format!(
            "{:.0} % of the values of the test images are beyond the range of the calibration images: check that both are normalised in the same way",
            100.0 * beyond
        ));
    }
    if let Some(accuracy) = accuracy
        && accuracy < USELESS
        && classes > 2
    {
        doubts.push(format!(
            "the float network is right on {accuracy:.1} % of the test images only: check mean and std in the model's .toml, and the order of the labels"
        ));
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::testing::{conv, image, map};
    use crate::quantize::calibrate;
    use ndarray::Array1;

    fn found(imported: &Graph, images: &[Array3<f32>]) -> Vec<String> {
        let calibration = calibrate(imported, images.iter().cloned(), &mut |_| ()).unwrap();
        doubts(imported, &calibration, images)
    }

    #[track_caller]
    fn says(images: &[Array3<f32>], words: &str) {
        let mut graph = Graph::new("net", "x", map(2, 4, 4));
        graph.push("conv", Op::Conv(conv(3, [2, 3, 3], 1)), graph.input(), "y").unwrap();
        let found = found(&graph, images);
        assert!(found.iter().any(|doubt| doubt.contains(words)), "{found:?}");
    }

    fn images(count: u64) -> Vec<Array3<f32>> {
        (0..count).map(|seed| image([2, 4, 4], seed)).collect()
    }

    #[test]
    fn each_doubt_has_its_cause() {
        says(&images(1), "one calibration image only");
        says(
            &[&images(3)[..], &[Array3::from_elem([2, 4, 4], 0.5)]].concat(),
            "1 of 4 calibration images are one colour",
        );
        says(&vec![image([2, 4, 4], 1); 3], "all calibration images are the same");
        let scaled = |factor: f32| images(4).into_iter().map(|image| image * factor).collect::<Vec<_>>();
        says(&scaled(255.0), "unusual for a normalised image");
        says(&scaled(0.01), "unusual for a normalised image");
    }

    #[test]
    fn a_batch_normalization_remembers_the_training() {
        let mut graph = Graph::new("net", "x", map(2, 4, 4));
        let a = graph.push("conv", Op::Conv(conv(3, [2, 3, 3], 1)), graph.input(), "a").unwrap();
        let images = images(8);
        let moments = moments(&graph, a, &images).unwrap();
        let of = |value: &dyn Fn(&ChannelMoments) -> f64| -> Array1<f32> {
            moments.iter().map(|moments| value(moments) as f32).collect()
        };
        let norm = BatchNorm {
            gamma: Array1::ones(3),
            beta: Array1::zeros(3),
            mean: of(&|moments| moments.mean()),
            variance: of(&|moments| moments.second_moment() - moments.mean().powi(2)),
            epsilon: 1e-5,
        };
        graph.push("bn", Op::BatchNorm(norm), a, "y").unwrap();
        assert_eq!(found(&graph, &images), Vec::<String>::new());
        let moved: Vec<Array3<f32>> = images.iter().map(|image| image * 4.0 + 1.0).collect();
        let found = found(&graph, &moved);
        assert!(found.len() == 1 && found[0].contains("had other values in training"), "{found:?}");
    }

    #[test]
    fn test_images_can_contradict() {
        assert_eq!(doubts_of_test(0.01, Some(97.0), 10), Vec::<String>::new());
        assert!(doubts_of_test(0.3, Some(97.0), 10)[0].contains("30 % of the values of the test images"));
        assert!(doubts_of_test(0.0, Some(12.5), 10)[0].contains("right on 12.5 % of the test images only"));
        assert_eq!(doubts_of_test(0.0, Some(45.0), 2).len(), 0);
    }
}
