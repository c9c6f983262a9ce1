//! Calibration: what values the activations take on typical images.

use super::{CalibrateError, Histogram, RangeMethod};
use crate::graph::{BatchRun, Graph, TensorId};
use ndarray::{Array3, ArrayD, Axis};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Images that go through the graph together: each layer's weights are fetched once for all of them.
const TOGETHER: usize = 8;

/// Statistics of all activations of a graph.
#[derive(Clone, Debug)]
pub struct Calibration {
    /// How [`super::quantize`] chooses ranges; set it before quantizing.
    pub method: RangeMethod,
    images: usize,
    tensors: BTreeMap<String, TensorStatistics>,
}

impl Calibration {
    /// Number of images that were seen.
    pub fn images(&self) -> usize {
        self.images
    }

    /// What is known of the tensor of that name.
    pub fn tensor(&self, name: &str) -> Option<&TensorStatistics> {
        self.tensors.get(name)
    }
}

/// What was seen of one tensor.
#[derive(Clone, Debug)]
pub struct TensorStatistics {
    /// Smallest value.
    pub min: f32,
    /// Largest value.
    pub max: f32,
    /// Distribution of the values.
    pub histogram: Histogram,
    /// Moments of each channel: the pruner weighs weights with those of a layer's input.
    pub channels: Vec<ChannelMoments>,
}

/// First two moments of a channel's float values, over all pixels and images; padding is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChannelMoments {
    sum: f64,
    sum_of_squares: f64,
    count: u64,
}

impl ChannelMoments {
    /// Counts values.
    pub(super) fn add<'a>(&mut self, values: impl IntoIterator<Item = &'a f32>) {
        for &value in values {
            self.sum += f64::from(value);
            self.sum_of_squares += f64::from(value) * f64::from(value);
            self.count += 1;
        }
    }

    /// Mean, `E[x]`.
    pub fn mean(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }

    /// Mean of the squares, `E[x²]`.
    pub fn second_moment(&self) -> f64 {
        self.sum_of_squares / self.count.max(1) as f64
    }
}

impl TensorStatistics {
    /// Nothing seen yet.
    pub(super) fn new(channels: usize) -> Self {
        Self {
            min: f32::INFINITY,
            max: f32::NEG_INFINITY,
            histogram: Histogram::default(),
            channels: vec![ChannelMoments::default(); channels],
        }
    }

    /// Counts the values of some images, each `[channels, ...]`. If there is a NaN or an infinity it returns the index of the first
    /// image that has one, and counts nothing.
    pub(super) fn observe(&mut self, images: &[ArrayD<f32>]) -> Option<usize> {
        let broken = |values: &ArrayD<f32>| values.iter().any(|value| !value.is_finite());
        if let Some(image) = images.par_iter().position_first(broken) {
            return Some(image);
        }
        self.channels.par_iter_mut().enumerate().for_each(|(channel, moments)| {
            images.iter().for_each(|values| moments.add(values.index_axis(Axis(0), channel).iter()));
        });
        let seen: Vec<(f32, f32, Histogram)> = images.par_iter().map(seen).collect();
        for (min, max, histogram) in seen {
            self.min = self.min.min(min);
            self.max = self.max.max(max);
            self.histogram.merge(histogram);
        }
        None
    }
}

/// Smallest value, largest value and distribution of one image's values.
fn seen(values: &ArrayD<f32>) -> (f32, f32, Histogram) {
    let ends = (f32::INFINITY, f32::NEG_INFINITY);
    let (min, max) = values.iter().fold(ends, |(min, max), &value| (min.min(value), max.max(value)));
    let mut histogram = Histogram::default();
    histogram.add(values.iter());
    (min, max, histogram)
}

/// Runs the float graph on normalised images `[channels, height, width]` and records every tensor.
///
/// Calibrate the optimised graph: its tensors are those that get a scale. `progress` is told the number of images done.
///
/// # Errors
/// No image at all, an image of the wrong shape, NaN or infinite activations.
pub fn calibrate(
    graph: &Graph,
    mut images: impl Iterator<Item = Array3<f32>>,
    progress: &mut dyn FnMut(usize),
) -> Result<Calibration, CalibrateError> {
    let statistics =
        |shape: &crate::graph::Shape| TensorStatistics::new(shape.dims().first().copied().unwrap_or(1));
    let mut tensors: Vec<TensorStatistics> =
        graph.tensors().iter().map(|tensor| statistics(&tensor.shape)).collect();
    let mut seen = 0;
    loop {
        let batch: Vec<Array3<f32>> = images.by_ref().take(TOGETHER).collect();
        if batch.is_empty() {
            break;
        }
        observe_batch(graph, &batch, seen, &mut tensors)?;
        for _ in batch {
            seen += 1;
            progress(seen);
        }
    }
    if seen == 0 {
        return Err(CalibrateError::NoImages { graph: graph.name().to_owned() });
    }
    let names = graph.tensors().iter().map(|tensor| tensor.name.clone());
    Ok(Calibration { method: RangeMethod::default(), images: seen, tensors: names.zip(tensors).collect() })
}

/// Runs the graph on some images, the first of which has the number `first`, and counts what they make of every tensor.
fn observe_batch(
    graph: &Graph,
    images: &[Array3<f32>],
    first: usize,
    tensors: &mut [TensorStatistics],
) -> Result<(), CalibrateError> {
    let misfit = |image: &Array3<f32>| BatchRun::new(graph, std::slice::from_ref(image)).is_err();
    let mut run = BatchRun::new(graph, images).map_err(|reason| {
        let image = first + images.iter().position(misfit).unwrap_or(0);
        CalibrateError::Run { image, reason }
    })?;
    let mut observe = |run: &BatchRun, id: TensorId| match tensors[id.index()].observe(run.values(id)) {
        None => Ok(()),
        Some(image) => {
            Err(CalibrateError::NotFinite { image: first + image, tensor: graph.tensor(id).name.clone() })
        }
    };
    observe(&run, graph.input())?;
    for node in graph.nodes() {
        run.step(graph);
        observe(&run, node.output)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::testing::{conv, image, map};
    use crate::graph::{Clamp, Op};

    fn graph() -> Graph {
        let mut graph = Graph::new("net", "x", map(2, 4, 4));
        let mut layer = conv(3, [2, 3, 3], 1);
        layer.clamp = Clamp::RELU;
        graph.push("conv", Op::Conv(layer), graph.input(), "y").unwrap();
        graph
    }

    #[test]
    fn records_range_and_moments_of_each_channel() {
        let images: Vec<_> = (0..5).map(|seed| image([2, 4, 4], seed)).collect();
        let mut told = Vec::new();
        let calibration = calibrate(&graph(), images.iter().cloned(), &mut |done| told.push(done)).unwrap();
        assert_eq!((calibration.images(), told), (5, vec![1, 2, 3, 4, 5]));
        let x = calibration.tensor("x").unwrap();
        let channel =
            |c: usize| images.iter().flat_map(move |image| image.index_axis(ndarray::Axis(0), c).to_owned());
        for (c, moments) in x.channels.iter().enumerate() {
            let n = channel(c).count() as f64;
            let mean = channel(c).map(f64::from).sum::<f64>() / n;
            let second = channel(c).map(|value| f64::from(value).powi(2)).sum::<f64>() / n;
            assert!((moments.mean() - mean).abs() < 1e-9 && (moments.second_moment() - second).abs() < 1e-9);
        }
        let largest = images.iter().flatten().fold(f32::MIN, |a, &b| a.max(b));
        assert_eq!(x.max, largest);
        assert!(calibration.tensor("y").unwrap().min >= 0.0);
    }

    #[test]
    fn no_images_wrong_shapes_and_nan_are_errors() {
        let error =
            |images: Vec<Array3<f32>>| calibrate(&graph(), images.into_iter(), &mut |_| ()).unwrap_err();
        assert_eq!(
            error(Vec::new()).to_string(),
            "network 'net' cannot be calibrated: there is no calibration image"
        );
        assert!(matches!(error(vec![image([2, 4, 5], 1)]), CalibrateError::Run { image: 0, .. }));
        let nan = Array3::from_elem([2, 4, 4], f32::NAN);
        let error = error(vec![image([2, 4, 4], 1), nan]);
        assert!(
            matches!(error, CalibrateError::NotFinite { image: 1, ref tensor } if tensor == "x"),
            "{error}"
        );
    }
}
