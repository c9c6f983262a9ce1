//! Turns `x * f(x)` into one function: SiLU is a product with a sigmoid, hard swish one with a hard sigmoid.

use super::super::{Graph, Op, TensorId, Unary};

pub(super) fn apply(graph: &mut Graph) {
    for index in 0..graph.nodes.len() {
        let node = &graph.nodes[index];
        let (Op::Mul, &[a, b]) = (&node.op, &node.inputs[..]) else { continue };
        let gate = |of: TensorId, gate: TensorId| {
            let writer = &graph.nodes[graph.producer(gate)?];
            match writer.op {
                Op::Unary(Unary { function, gated: false }) if writer.inputs[0] == of => {
                    Some((of, Unary::gated(function)))
                }
                _ => None,
            }
        };
        if let Some((x, unary)) = gate(a, b).or_else(|| gate(b, a)) {
            graph.nodes[index].op = Op::Unary(unary);
            graph.nodes[index].inputs = vec![x];
        }
    }
    super::drop_dead::apply(graph);
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{image, map};
    use super::super::super::{Function, run};
    use super::*;

    #[test]
    fn the_gate_may_be_either_operand() {
        for swapped in [false, true] {
            let mut graph = Graph::new("net", "x", map(2, 3, 3));
            let input = graph.input();
            let sigmoid = Op::Unary(Unary::plain(Function::Sigmoid));
            let gate = graph.push("sigmoid", sigmoid, input, "a").unwrap();
            let inputs = if swapped { vec![gate, input] } else { vec![input, gate] };
            graph.push_node("mul", Op::Mul, inputs, "y").unwrap();
            let x = image([2, 3, 3], 1);
            let before = run(&graph, &x).unwrap();
            apply(&mut graph);
            assert_eq!(graph.nodes().len(), 1);
            assert_eq!(graph.nodes()[0].op.name(), "Swish");
            assert_eq!(run(&graph, &x).unwrap(), before);
        }
    }

    #[test]
    fn a_gate_of_something_else_stays() {
        let mut graph = Graph::new("net", "x", map(2, 3, 3));
        let input = graph.input();
        let a = graph.push("tanh", Op::Unary(Unary::plain(Function::Tanh)), input, "a").unwrap();
        let b = graph.push("sigmoid", Op::Unary(Unary::plain(Function::Sigmoid)), input, "b").unwrap();
        graph.push_node("mul", Op::Mul, vec![a, b], "y").unwrap();
        apply(&mut graph);
        assert_eq!(graph.nodes().len(), 3);
    }
}
