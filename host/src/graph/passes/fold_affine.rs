//! Folds what scales and shifts channels (batch normalization, an added constant) into the weights and bias of the
//! convolution or fully connected layer before it. So `MatMul` + `Add` becomes what `Gemm` is.

use super::super::{Clamp, Graph, Op};

pub(super) fn apply(graph: &mut Graph) {
    super::merge_into_producer(graph, |producer, op| {
        let Op::Conv(conv) = producer else { return false };
        if conv.clamp != Clamp::NONE {
            return false;
        }
        let Some((scale, shift)) = op.scale_and_shift() else { return false };
        conv.scale_and_shift(&scale, &shift);
        true
    });
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Random, batch_norm, conv, image, map};
    use super::super::super::{Conv, Origin, Shape, run};
    use super::*;

    /// Folds `op` into `layer` and compares.
    fn check(layer: Conv, op: Op, shape: Shape, expected_nodes: usize) {
        let dims = shape.as_map().unwrap();
        let x = image([dims.channels, dims.height, dims.width], 3);
        let mut graph = Graph::new("net", "x", shape);
        let a = graph.push("layer", Op::Conv(layer), graph.input(), "a").unwrap();
        graph.push("affine", op, a, "b").unwrap();
        let before = run(&graph, &x).unwrap();
        apply(&mut graph);
        assert_eq!(graph.nodes().len(), expected_nodes);
        for (a, b) in run(&graph, &x).unwrap().iter().zip(&before) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn a_batch_norm_folds_with_and_without_a_bias() {
        let mut layer = conv(5, [3, 3, 3], 1);
        check(layer.clone(), Op::BatchNorm(batch_norm(5, 2)), map(3, 6, 6), 1);
        layer.bias.fill(0.0);
        check(layer, Op::BatchNorm(batch_norm(5, 2)), map(3, 6, 6), 1);
    }

    #[test]
    fn an_added_constant_folds_after_a_matmul_and_after_a_convolution() {
        let layer = conv(4, [8, 1, 1], 1);
        let matmul = Conv { origin: Origin::MatMul, ..layer.clone() };
        check(matmul, Op::Bias(Random(2).vector(4)), Shape::new(vec![8]).unwrap(), 1);
        check(layer, Op::Bias(Random(2).vector(4)), map(8, 3, 3), 1);
    }

    #[test]
    fn nothing_folds_across_a_relu() {
        let layer = Conv { clamp: Clamp::RELU, ..conv(5, [3, 3, 3], 1) };
        check(layer, Op::BatchNorm(batch_norm(5, 2)), map(3, 6, 6), 2);
    }
}
