//! Turns Flatten (or a Reshape to a vector) + fully connected into a convolution whose kernel covers the whole map.
//!
//! Flatten's order is channel, row, pixel, which is that of one kernel: the weights only change their shape.

use super::super::{Graph, Op};
use pleach_spec::network::ConvGeometry;

pub(super) fn apply(graph: &mut Graph) {
    for index in 0..graph.nodes.len() {
        let Some(producer) = graph.producer(graph.nodes[index].inputs[0]) else { continue };
        let before = graph.nodes[producer].inputs[0];
        let Some(map) = graph.tensor(before).shape.as_map() else { continue };
        let (head, tail) = graph.nodes.split_at_mut(index);
        let Op::Conv(conv) = &mut tail[0].op else { continue };
        let flattens = match &head[producer].op {
            Op::Flatten => true,
            Op::Reshape(shape) => shape.dims().len() == 1,
            _ => false,
        };
        if !flattens || conv.geometry != ConvGeometry::valid([1, 1]) {
            continue;
        }
        let weights = std::mem::take(&mut conv.weights).into_owned();
        let shape = (weights.dim().0, map.channels, map.height, map.width);
        conv.weights =
            weights.into_shape_with_order(shape).expect("the layer reads the flattened map").into_shared();
        conv.geometry = ConvGeometry::valid([map.height, map.width]);
        tail[0].inputs[0] = before;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{conv, image, map};
    use super::super::super::{Conv, Origin, run};
    use super::super::drop_dead;
    use super::*;

    #[test]
    fn keeps_the_order_of_the_flattened_map() {
        let mut graph = Graph::new("net", "x", map(3, 2, 4));
        let flat = graph.push("flatten", Op::Flatten, graph.input(), "flat").unwrap();
        let layer = Conv { origin: Origin::Gemm, ..conv(5, [24, 1, 1], 1) };
        graph.push("gemm", Op::Conv(layer), flat, "y").unwrap();
        let x = image([3, 2, 4], 2);
        let before = run(&graph, &x).unwrap();
        apply(&mut graph);
        drop_dead::apply(&mut graph);
        assert_eq!(graph.nodes().len(), 1);
        assert_eq!(graph.layers().next().unwrap().conv.weights.dim(), (5, 3, 2, 4));
        let after = run(&graph, &x).unwrap();
        assert_eq!(after.shape(), before.shape());
        for (a, b) in after.iter().zip(&before) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn a_flatten_that_something_else_reads_stays() {
        let mut graph = Graph::new("net", "x", map(2, 2, 2));
        let flat = graph.push("flatten", Op::Flatten, graph.input(), "flat").unwrap();
        graph.push("softmax", Op::Softmax, flat, "y").unwrap();
        apply(&mut graph);
        assert_eq!(graph.nodes().len(), 2);
    }
}
