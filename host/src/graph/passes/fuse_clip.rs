//! Fuses ReLU, ReLU6 and Clip into the convolution, fully connected layer or addition that they follow.

use super::super::{Conv, Graph, Op};

pub(super) fn apply(graph: &mut Graph) {
    super::merge_into_producer(graph, |producer, op| {
        let Op::Clip(next) = op else { return false };
        let (Op::Conv(Conv { clamp, .. }) | Op::Add(clamp)) = producer else { return false };
        *clamp = clamp.then(*next);
        true
    });
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{conv, image, map};
    use super::super::super::{Clamp, run};
    use super::*;

    #[test]
    fn a_relu_behind_an_addition_is_its_clamp() {
        let mut graph = Graph::new("net", "x", map(2, 4, 4));
        let input = graph.input();
        let a = graph.push("conv", Op::Conv(conv(2, [2, 1, 1], 1)), input, "a").unwrap();
        let b = graph.push_node("add", Op::Add(Clamp::NONE), vec![a, input], "b").unwrap();
        graph.push("relu", Op::Clip(Clamp::RELU), b, "y").unwrap();
        let x = image([2, 4, 4], 3);
        let before = run(&graph, &x).unwrap();
        apply(&mut graph);
        assert_eq!(graph.nodes().len(), 2);
        assert_eq!(graph.tensor(graph.output()).name, "y");
        assert_eq!(run(&graph, &x).unwrap(), before);
    }

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
