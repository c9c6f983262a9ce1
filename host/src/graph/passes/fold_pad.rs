//! Makes a Pad the padding of the convolution or pooling behind it.
//!
//! The padding of an average pooling then counts as pixels. That of a max pooling never wins, so it may stand for zeros only
//! where no value is below zero.

use super::super::{Clamp, Conv, Graph, Op};

pub(super) fn apply(graph: &mut Graph) {
    for index in 0..graph.nodes.len() {
        let padded = graph.nodes[index].inputs[0];
        let Some(producer) = graph.producer(padded).filter(|_| graph.uses(padded) == 1) else { continue };
        let Op::Pad(pads) = graph.nodes[producer].op else { continue };
        let before = graph.nodes[producer].inputs[0];
        let writer = graph.producer(before).map(|writer| &graph.nodes[writer].op);
        let Some(op) = with_padding(&graph.nodes[index].op, pads, writer) else { continue };
        let shape = op.output_shape(&[&graph.tensor(before).shape]);
        if shape.as_ref() == Ok(&graph.tensor(graph.nodes[index].output).shape) {
            graph.nodes[index].op = op;
            graph.nodes[index].inputs[0] = before;
        }
    }
    super::drop_dead::apply(graph);
}

/// The operator with so much padding more, where that is the same; `writer` makes what is padded.
fn with_padding(op: &Op, pads: [usize; 4], writer: Option<&Op>) -> Option<Op> {
    let add = |to: &mut [usize; 4]| to.iter_mut().zip(pads).for_each(|(to, pad)| *to += pad);
    let mut op = op.clone();
    match &mut op {
        Op::Conv(conv) => add(&mut conv.geometry.pads),
        Op::AveragePool { pooling, count_include_pad } => {
            if pooling.ceil || !(*count_include_pad || pooling.pool.pads == [0; 4]) {
                return None;
            }
            *count_include_pad = true;
            add(&mut pooling.pool.pads);
        }
        Op::MaxPool(pooling) if !pooling.ceil && writer.is_some_and(never_negative) => {
            add(&mut pooling.pool.pads);
        }
        _ => return None,
    }
    Some(op)
}

fn never_negative(op: &Op) -> bool {
    let not_below_zero = |clamp: &Clamp| clamp.low() >= 0.0;
    match op {
        Op::Conv(Conv { clamp, .. }) | Op::Add(clamp) | Op::Clip(clamp) => not_below_zero(clamp),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{conv, image, map};
    use super::super::super::{Pooling, run};
    use super::super::lower_pad;
    use super::*;
    use pleach_spec::network::Pool;

    fn pooling() -> Pooling {
        let pool = Pool { kernel: [3, 2], stride: [2, 1], dilation: [1; 2], pads: [0; 4] };
        Pooling { origin: "MaxPool", pool, ceil: false }
    }

    /// Nodes that are left of a clip, a pad and `op`.
    fn left(op: Op, clamp: Clamp) -> usize {
        let mut graph = Graph::new("net", "x", map(3, 6, 5));
        let a = graph.push("clip", Op::Clip(clamp), graph.input(), "a").unwrap();
        let b = graph.push("pad", Op::Pad([1, 0, 2, 1]), a, "b").unwrap();
        graph.push("op", op, b, "y").unwrap();
        let x = image([3, 6, 5], 4);
        let before = run(&graph, &x).unwrap();
        for pass in [apply, lower_pad::apply] {
            pass(&mut graph);
            for (a, b) in run(&graph, &x).unwrap().iter().zip(&before) {
                assert!((a - b).abs() < 1e-5);
            }
        }
        graph.nodes().len()
    }

    #[test]
    fn convolutions_and_averages_take_it() {
        assert_eq!(left(Op::Conv(conv(2, [3, 3, 2], 1)), Clamp::NONE), 2);
        let average = |pads| {
            let mut pooling = pooling();
            pooling.pool.pads = pads;
            Op::AveragePool { pooling, count_include_pad: false }
        };
        assert_eq!(left(average([0; 4]), Clamp::NONE), 2);
        assert_eq!(left(average([1, 0, 0, 0]), Clamp::NONE), 3, "its own padding does not count");
    }

    #[test]
    fn a_maximum_takes_it_only_behind_a_relu() {
        assert_eq!(left(Op::MaxPool(pooling()), Clamp::RELU), 2);
        assert_eq!(left(Op::MaxPool(pooling()), Clamp::new(-9.0, -0.1).unwrap()), 3);
    }
}
