//! Turns reshapes and transpositions that together only move channels into one node: the channel shuffle of ShuffleNet is
//! Reshape, Transpose, Reshape.
//!
//! What they do is found by doing it with the numbers of the elements.

use super::super::{Channels, Graph, Op};
use ndarray::{ArrayD, IxDyn};

/// Nodes that are looked at together.
const LONGEST: usize = 5;

pub(super) fn apply(graph: &mut Graph) {
    for last in 0..graph.nodes.len() {
        let chain = chain(graph, last);
        // The longest first: a part of a shuffle is none.
        let found = (0..chain.len().saturating_sub(1))
            .find_map(|skip| Some((skip, channels(graph, &chain[skip..])?)));
        if let Some((skip, sources)) = found {
            graph.nodes[last].inputs = graph.nodes[chain[skip]].inputs.clone();
            graph.nodes[last].op = Op::Channels(Channels::pick("Transpose", sources));
        }
    }
    super::drop_dead::apply(graph);
}

/// The nodes that reorder elements and end in node `last`, each but that one read by the next only; in execution order.
fn chain(graph: &Graph, last: usize) -> Vec<usize> {
    let reorders = |index: usize| {
        let op = &graph.nodes[index].op;
        op.keeps_values() || matches!(op, Op::Transpose(_))
    };
    let mut chain = Vec::new();
    let mut next = Some(last).filter(|&index| reorders(index));
    while let Some(index) = next.filter(|_| chain.len() < LONGEST) {
        chain.insert(0, index);
        let before = graph.nodes[index].inputs[0];
        next = graph.producer(before).filter(|&index| reorders(index) && graph.uses(before) == 1);
    }
    chain
}

/// The channel that each output channel of the chain is, if that is all it does. A chain without a transposition does nothing.
fn channels(graph: &Graph, chain: &[usize]) -> Option<Vec<usize>> {
    let [first, last] = [chain.first()?, chain.last()?].map(|&index| &graph.nodes[index]);
    let (x, y) = (&graph.tensor(first.inputs[0]).shape, &graph.tensor(last.output).shape);
    if x != y || x.dims().len() != 3 || chain.iter().all(|&index| graph.nodes[index].op.keeps_values()) {
        return None;
    }
    let mut elements = ArrayD::from_shape_vec(IxDyn(x.dims()), (0..x.elements()).collect()).ok()?;
    for node in chain.iter().map(|&index| &graph.nodes[index]) {
        elements = match &node.op {
            Op::Transpose(axes) => elements.permuted_axes(IxDyn(axes)).as_standard_layout().into_owned(),
            _ => elements.into_shape_with_order(IxDyn(graph.tensor(node.output).shape.dims())).ok()?,
        };
    }
    let pixels = x.elements() / x.dims()[0];
    let flat = elements.as_slice()?;
    let moved = |channel: &[usize]| {
        let whole =
            channel[0].is_multiple_of(pixels) && channel.windows(2).all(|pair| pair[1] == pair[0] + 1);
        whole.then(|| channel[0] / pixels)
    };
    flat.chunks(pixels).map(moved).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{image, map};
    use super::super::super::{Shape, run};
    use super::*;

    fn shuffled(first: &[usize], axes: &[usize]) -> Graph {
        let mut graph = Graph::new("net", "x", map(6, 2, 3));
        let shape = |dims: &[usize]| Op::Reshape(Shape::new(dims.to_vec()).unwrap());
        let a = graph.push("split", shape(first), graph.input(), "a").unwrap();
        let b = graph.push("transpose", Op::Transpose(axes.to_vec()), a, "b").unwrap();
        graph.push("join", shape(&[6, 2, 3]), b, "y").unwrap();
        graph
    }

    #[test]
    fn a_channel_shuffle_is_found_in_either_form() {
        for (first, axes) in [(&[2, 3, 2, 3][..], &[1, 0, 2, 3][..]), (&[2, 3, 6], &[1, 0, 2])] {
            let mut graph = shuffled(first, axes);
            let x = image([6, 2, 3], 1);
            let before = run(&graph, &x).unwrap();
            apply(&mut graph);
            let [node] = graph.nodes() else { panic!("{:?}", graph.nodes()) };
            let Op::Channels(channels) = &node.op else { panic!("{node:?}") };
            assert_eq!(channels.sources.iter().map(|s| s[1]).collect::<Vec<_>>(), [0, 3, 1, 4, 2, 5]);
            assert_eq!(run(&graph, &x).unwrap(), before);
        }
    }

    #[test]
    fn what_moves_pixels_stays() {
        let mut graph = shuffled(&[2, 3, 2, 3], &[0, 1, 3, 2]);
        apply(&mut graph);
        assert_eq!(graph.nodes().len(), 3);
    }
}
