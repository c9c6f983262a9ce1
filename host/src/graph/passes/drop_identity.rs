//! Removes nodes that hand their input on: Identity, Dropout, a Clip without limits.

use super::super::{Clamp, Graph, Op};

pub(super) fn apply(graph: &mut Graph) {
    let mut index = 0;
    while index < graph.nodes.len() {
        let idle = match graph.nodes[index].op {
            Op::Identity => true,
            Op::Clip(clamp) => clamp == Clamp::NONE,
            _ => false,
        };
        if !(idle && graph.bypass(index)) {
            index += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::run;
    use super::super::super::testing::{conv, image, map};
    use super::*;

    #[test]
    fn the_name_of_the_output_stays() {
        let mut graph = Graph::new("net", "x", map(1, 3, 3));
        let input = graph.input();
        let a = graph.push("conv", Op::Conv(conv(2, [1, 3, 3], 1)), input, "a").unwrap();
        graph.push("dropout", Op::Identity, a, "y").unwrap();
        let x = image([1, 3, 3], 1);
        let before = run(&graph, &x).unwrap();
        apply(&mut graph);
        assert_eq!(graph.nodes().len(), 1);
        assert_eq!(graph.tensor(graph.output()).name, "y");
        assert_eq!(run(&graph, &x).unwrap(), before);
    }

    #[test]
    fn readers_of_the_graphs_input_read_it_directly() {
        let mut graph = Graph::new("net", "x", map(1, 3, 3));
        let a = graph.push("identity", Op::Identity, graph.input(), "a").unwrap();
        graph.push("flatten", Op::Flatten, a, "y").unwrap();
        apply(&mut graph);
        assert_eq!(graph.nodes()[0].inputs, [graph.input()]);
    }

    #[test]
    fn an_identity_from_input_to_output_stays() {
        let mut graph = Graph::new("net", "x", map(1, 3, 3));
        graph.push("identity", Op::Identity, graph.input(), "y").unwrap();
        apply(&mut graph);
        assert_eq!(graph.nodes().len(), 1);
    }
}
