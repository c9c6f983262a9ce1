//! Forgets the tensors that no node touches any more and renumbers the rest, the input first, in execution order.

use super::super::{Graph, TensorId};

pub(super) fn apply(graph: &mut Graph) {
    let order: Vec<TensorId> =
        std::iter::once(graph.input).chain(graph.nodes.iter().map(|node| node.output)).collect();
    let mut renumbered = vec![None; graph.tensors.len()];
    for (new, old) in order.iter().enumerate() {
        renumbered[old.0] = Some(TensorId(new));
    }
    let renumber = |id: TensorId| renumbered[id.0].expect("a tensor that is read is the input or written");
    graph.tensors = order.iter().map(|&id| graph.tensors[id.0].clone()).collect();
    for node in &mut graph.nodes {
        node.output = renumber(node.output);
        node.inputs.iter_mut().for_each(|id| *id = renumber(*id));
    }
    graph.outputs.iter_mut().for_each(|id| *id = renumber(*id));
    graph.input = renumber(graph.input);
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{image, map};
    use super::super::super::{Op, run};
    use super::*;

    #[test]
    fn keeps_names_and_result() {
        let mut graph = Graph::new("net", "x", map(2, 2, 2));
        let a = graph.push("identity", Op::Identity, graph.input(), "a").unwrap();
        graph.push("flatten", Op::Flatten, a, "y").unwrap();
        graph.bypass(0);
        let before = run(&graph, &image([2, 2, 2], 1)).unwrap();
        apply(&mut graph);
        let names: Vec<_> = graph.tensors().iter().map(|tensor| tensor.name.as_str()).collect();
        assert_eq!(names, ["x", "y"]);
        assert_eq!(run(&graph, &image([2, 2, 2], 1)).unwrap(), before);
    }
}
