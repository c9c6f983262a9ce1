//! Turns a batch normalization or an added constant that no layer could take into a pointwise depthwise convolution.

use super::super::{Clamp, Conv, Graph, Op, Origin};
use ndarray::ArcArray;
use pleach_spec::network::ConvGeometry;

pub(super) fn apply(graph: &mut Graph) {
    for index in 0..graph.nodes.len() {
        let Some((scale, shift)) = graph.nodes[index].op.scale_and_shift() else { continue };
        // On a vector the result has to stay one.
        let output = graph.nodes[index].output;
        let origin = if graph.tensor(output).shape.dims().len() == 1 { Origin::Gemm } else { Origin::Conv };
        let weights = ArcArray::from_shape_vec((scale.len(), 1, 1, 1), scale.to_vec());
        graph.nodes[index].op = Op::Conv(Conv {
            origin,
            geometry: ConvGeometry { groups: scale.len(), ..ConvGeometry::valid([1, 1]) },
            weights: weights.expect("one weight per channel"),
            bias: shift,
            clamp: Clamp::NONE,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Random, batch_norm, image, map};
    use super::super::super::{Shape, run};
    use super::*;

    #[test]
    fn keeps_the_result_on_maps_and_vectors() {
        for shape in [map(6, 2, 2), Shape::new(vec![6]).unwrap()] {
            let dims = shape.as_map().unwrap();
            let mut graph = Graph::new("net", "x", shape);
            let a = graph.push("bn", Op::BatchNorm(batch_norm(6, 1)), graph.input(), "a").unwrap();
            graph.push("add", Op::Bias(Random(2).vector(6)), a, "b").unwrap();
            let x = image([6, dims.height, dims.width], 3);
            let before = run(&graph, &x).unwrap();
            apply(&mut graph);
            let after = run(&graph, &x).unwrap();
            assert_eq!(graph.layers().count(), 2);
            assert_eq!(after.shape(), before.shape());
            for (a, b) in after.iter().zip(&before) {
                assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
        }
    }
}
