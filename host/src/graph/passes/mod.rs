//! Passes over the float graph, one file each. None changes what the network computes.

mod absorb_flatten;
mod check;
mod compact;
mod drop_dead;
mod drop_identity;
mod fold_affine;
mod fold_pad;
mod fuse_clip;
mod fuse_gate;
mod fuse_shuffle;
mod lower_affine;
mod lower_pad;
mod merge_channels;

pub use check::{Changed, Deviation, TOLERANCE, check};

use super::{Graph, Op};

/// A rewrite of a graph that keeps its result.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// Name, that of its file.
    pub name: &'static str,
    /// Does it.
    pub apply: fn(&mut Graph),
}

/// All passes, in the order in which [`optimise`] applies them.
pub const ALL: [Pass; 12] = [
    Pass { name: "drop_identity", apply: drop_identity::apply },
    Pass { name: "fuse_shuffle", apply: fuse_shuffle::apply },
    Pass { name: "fuse_gate", apply: fuse_gate::apply },
    Pass { name: "fold_affine", apply: fold_affine::apply },
    Pass { name: "lower_affine", apply: lower_affine::apply },
    Pass { name: "fuse_clip", apply: fuse_clip::apply },
    Pass { name: "fold_pad", apply: fold_pad::apply },
    Pass { name: "lower_pad", apply: lower_pad::apply },
    Pass { name: "merge_channels", apply: merge_channels::apply },
    Pass { name: "absorb_flatten", apply: absorb_flatten::apply },
    Pass { name: "drop_dead", apply: drop_dead::apply },
    Pass { name: "compact", apply: compact::apply },
];

/// The same network with all that can be folded into the weights of convolutions folded.
///
/// What is left is what the quantizer knows, but for what has to be run elsewhere, as a trailing Softmax.
pub fn optimise(graph: &Graph) -> Graph {
    let mut graph = graph.clone();
    for pass in &ALL {
        (pass.apply)(&mut graph);
    }
    graph
}

/// Lets `fold` merge nodes into the one before them: wherever an output goes into one node only and `fold`, given the operators of
/// writer and reader, says that the writer took the reader's work over, the reader is removed.
fn merge_into_producer(graph: &mut Graph, fold: impl Fn(&mut Op, &Op) -> bool) {
    let mut index = 0;
    while index < graph.nodes.len() {
        let before = graph.nodes[index].inputs[0];
        let merged = match graph.producer(before) {
            Some(producer) if graph.uses(before) == 1 => {
                let (head, tail) = graph.nodes.split_at_mut(index);
                fold(&mut head[producer].op, &tail[0].op)
            }
            _ => false,
        };
        if !(merged && graph.bypass(index)) {
            index += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Random, batch_norm, conv, image, map};
    use super::super::{Clamp, Conv, Origin, run};
    use super::*;

    /// Conv, BN, ReLU, BN, Clip, Dropout, Flatten, MatMul, Add, BN, ReLU, Gemm, Softmax.
    fn network() -> Graph {
        let mut graph = Graph::new("net", "x", map(3, 6, 5));
        let fully = |channels, inputs, seed, origin| {
            Op::Conv(Conv { origin, ..conv(channels, [inputs, 1, 1], seed) })
        };
        let ops = [
            Op::Identity,
            Op::Conv(conv(4, [3, 3, 3], 1)),
            Op::BatchNorm(batch_norm(4, 2)),
            Op::Clip(Clamp::RELU),
            Op::BatchNorm(batch_norm(4, 3)),
            Op::Clip(Clamp::new(-0.5, 1.0).unwrap()),
            Op::Identity,
            Op::Flatten,
            Op::Identity,
            fully(7, 48, 4, Origin::MatMul),
            Op::Bias(Random(5).vector(7)),
            Op::BatchNorm(batch_norm(7, 6)),
            Op::Clip(Clamp::RELU),
            Op::Clip(Clamp::new(f32::NEG_INFINITY, 6.0).unwrap()),
            fully(5, 7, 7, Origin::Gemm),
            Op::Softmax,
        ];
        for (index, op) in ops.into_iter().enumerate() {
            let input = graph.output();
            graph.push(format!("node{index}"), op, input, format!("t{index}")).unwrap();
        }
        graph
    }

    #[test]
    fn every_pass_keeps_the_result() {
        let x = image([3, 6, 5], 9);
        let mut graph = network();
        let expected = run(&graph, &x).unwrap();
        for pass in &ALL {
            (pass.apply)(&mut graph);
            let found = run(&graph, &x).unwrap();
            for (a, b) in found.iter().zip(&expected) {
                assert!((a - b).abs() < 1e-5, "{}: {found} instead of {expected}", pass.name);
            }
        }
    }

    #[test]
    fn only_layers_and_the_softmax_are_left() {
        let graph = optimise(&network());
        let names: Vec<_> = graph.nodes().iter().map(|node| node.op.name()).collect();
        assert_eq!(names, ["Conv", "Conv", "MatMul", "Gemm", "Softmax"]);
        assert_eq!(graph.tensors().len(), 6);
        assert_eq!(graph.tensor(graph.output()).name, "t15");
        let layer = graph.layers().nth(2).unwrap();
        assert_eq!(layer.conv.weights.dim(), (7, 4, 4, 3));
    }

    #[test]
    fn a_tensor_with_two_readers_is_left_alone() {
        let mut graph = Graph::new("net", "x", map(1, 3, 3));
        let input = graph.input();
        let a = graph.push("conv", Op::Conv(conv(2, [1, 1, 1], 1)), input, "a").unwrap();
        graph.push("relu", Op::Clip(Clamp::RELU), a, "b").unwrap();
        graph.push("bn", Op::BatchNorm(batch_norm(2, 1)), a, "c").unwrap();
        fuse_clip::apply(&mut graph);
        fold_affine::apply(&mut graph);
        assert_eq!(graph.nodes().len(), 3);
    }
}
