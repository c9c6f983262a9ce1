//! Merges nodes that only move channels with those of their kind before them, and removes those that move none: of a
//! concatenation, a shuffle and a split nothing is left but where each channel comes from.

use super::super::{Channels, Graph, Op, TensorId};

pub(super) fn apply(graph: &mut Graph) {
    let mut index = 0;
    while index < graph.nodes.len() {
        merge(graph, index);
        let idle = match &graph.nodes[index].op {
            Op::Channels(channels) => moves_nothing(graph, index, channels),
            _ => false,
        };
        if !(idle && graph.bypass(index)) {
            index += 1;
        }
    }
    super::drop_dead::apply(graph);
}

/// Makes a node read from where the nodes before it read. Those have been merged already.
fn merge(graph: &mut Graph, index: usize) {
    let node = &graph.nodes[index];
    let Op::Channels(channels) = &node.op else { return };
    let mut inputs: Vec<TensorId> = Vec::new();
    let mut sources = Vec::with_capacity(channels.sources.len());
    for &[input, channel] in &channels.sources {
        let read = node.inputs[input as usize];
        let before = graph.producer(read).map(|writer| &graph.nodes[writer]);
        let (tensor, channel) = match before.map(|writer| (&writer.op, &writer.inputs)) {
            Some((Op::Channels(earlier), inputs)) => {
                let [input, channel] = earlier.sources[channel as usize];
                (inputs[input as usize], channel)
            }
            _ => (read, channel),
        };
        let position = inputs.iter().position(|&id| id == tensor).unwrap_or_else(|| {
            inputs.push(tensor);
            inputs.len() - 1
        });
        sources.push([position as u32, channel]);
    }
    let origin = channels.origin;
    graph.nodes[index].op = Op::Channels(Channels { origin, sources });
    graph.nodes[index].inputs = inputs;
}

/// Whether the output is the input, channel by channel.
fn moves_nothing(graph: &Graph, index: usize, channels: &Channels) -> bool {
    let node = &graph.nodes[index];
    let same = channels.sources.iter().enumerate().all(|(c, source)| *source == [0, c as u32]);
    same && graph.tensor(node.inputs[0]).shape == graph.tensor(node.output).shape
}

#[cfg(test)]
mod tests {
    use super::super::super::run;
    use super::super::super::testing::{conv, image, map};
    use super::*;

    #[test]
    fn a_split_of_a_concatenation_reads_what_was_concatenated() {
        let mut graph = Graph::new("net", "x", map(2, 3, 3));
        let input = graph.input();
        let a = graph.push("conv", Op::Conv(conv(3, [2, 1, 1], 1)), input, "a").unwrap();
        let b =
            graph.push_node("concat", Op::Channels(Channels::concat([3, 2])), vec![a, input], "b").unwrap();
        let shuffle = Channels::pick("Transpose", [4, 0, 3, 1, 2]);
        let c = graph.push("shuffle", Op::Channels(shuffle), b, "c").unwrap();
        let d = graph.push("split", Op::Channels(Channels::pick("Split", 0..2)), c, "d").unwrap();
        let e = graph.push("rest", Op::Channels(Channels::pick("Split", [1, 3, 4])), c, "e").unwrap();
        graph.set_outputs(vec![e, d]);
        let x = image([2, 3, 3], 1);
        let before = run(&graph, &x).unwrap();
        apply(&mut graph);
        let names: Vec<_> = graph.nodes().iter().map(|node| node.name.as_str()).collect();
        // The rest is all that the convolution makes, in its order.
        assert_eq!(names, ["conv", "split"]);
        assert_eq!(graph.nodes()[1].inputs, [input, e]);
        assert_eq!(run(&graph, &x).unwrap(), before);
    }

    #[test]
    fn a_slice_of_everything_goes() {
        let mut graph = Graph::new("net", "x", map(2, 3, 3));
        let a = graph.push("slice", Op::Channels(Channels::pick("Slice", 0..2)), graph.input(), "a").unwrap();
        graph.push("conv", Op::Conv(conv(3, [2, 1, 1], 1)), a, "y").unwrap();
        apply(&mut graph);
        assert_eq!(graph.nodes().len(), 1);
    }
}
