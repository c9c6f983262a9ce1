//! Fuses ReLU, ReLU6 and Clip into the layer that they follow.

use super::super::{Graph, Op};

pub(super) fn apply(graph: &mut Graph) {
    super::merge_into_conv(graph, |conv, op| {
        let Op::Clip(clamp) = op else { return false };
        conv.clamp = conv.clamp.then(*clamp);
        true
    });
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{conv, image, map};
    use super::super::super::{Clamp, run};
    use super::*;

    #[test]
    fn two_clips_become_one_clamp() {
        let mut graph = Graph::new("net", "x", map(1, 4, 4));
        let a = graph.push("conv", Op::Conv(conv(3, [1, 2, 2], 1)), graph.input(), "a").unwrap();
        let b = graph.push("relu", Op::Clip(Clamp::RELU), a, "b").unwrap();
        graph.push("clip", Op::Clip(Clamp::new(-1.0, 0.3).unwrap()), b, "c").unwrap();
        let x = image([1, 4, 4], 2);
        let before = run(&graph, &x).unwrap();
        apply(&mut graph);
        assert_eq!(graph.layers().next().unwrap().conv.clamp, Clamp::new(0.0, 0.3).unwrap());
        assert_eq!(graph.nodes().len(), 1);
        assert_eq!(run(&graph, &x).unwrap(), before);
    }
}
