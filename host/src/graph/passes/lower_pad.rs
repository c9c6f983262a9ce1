//! Turns a Pad that nothing could take into a pointwise depthwise convolution with padding.

use super::super::{Clamp, Conv, Graph, Op, Origin};
use ndarray::{ArcArray, Array1};
use pleach_spec::network::ConvGeometry;

pub(super) fn apply(graph: &mut Graph) {
    for index in 0..graph.nodes.len() {
        let Op::Pad(pads) = graph.nodes[index].op else { continue };
        let channels = graph.tensor(graph.nodes[index].output).shape.dims()[0];
        graph.nodes[index].op = Op::Conv(Conv {
            origin: Origin::Conv,
            geometry: ConvGeometry { pads, groups: channels, ..ConvGeometry::valid([1, 1]) },
            weights: ArcArray::from_elem((channels, 1, 1, 1), 1.0),
            bias: Array1::zeros(channels),
            clamp: Clamp::NONE,
        });
    }
}
