//! Removes nodes that no output depends on: what other passes took over.

use super::super::Graph;

pub(super) fn apply(graph: &mut Graph) {
    let mut needed = vec![false; graph.tensors.len()];
    graph.outputs.iter().for_each(|id| needed[id.0] = true);
    for node in graph.nodes.iter().rev() {
        if needed[node.output.0] {
            node.inputs.iter().for_each(|id| needed[id.0] = true);
        }
    }
    graph.nodes.retain(|node| needed[node.output.0]);
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::map;
    use super::super::super::{Clamp, Op};
    use super::*;

    #[test]
    fn what_any_output_depends_on_stays() {
        let mut graph = Graph::new("net", "x", map(1, 2, 2));
        let input = graph.input();
        let a = graph.push("a", Op::Clip(Clamp::RELU), input, "a").unwrap();
        let b = graph.push("b", Op::Flatten, a, "b").unwrap();
        let c = graph.push("c", Op::Flatten, input, "c").unwrap();
        graph.push("d", Op::Flatten, c, "d").unwrap();
        graph.set_outputs(vec![b, a]);
        apply(&mut graph);
        let names: Vec<_> = graph.nodes().iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
    }
}
