//! Folds normalizations that stand for biases into the convolutions before them.

use super::builder::FOLDED;
use crate::import::proto::{GraphProto, ModelProto, TensorProto};

/// ONNX's default, which the graphs of the zoo have.
const EPSILON: f32 = 1e-5;

/// Takes all normalizations of that kind out: their convolutions get scaled weights and a bias.
pub fn fold(model: &mut ModelProto) {
    let Some(graph) = &mut model.graph else { return };
    while let Some(index) = graph.node.iter().position(|node| node.name().ends_with(FOLDED)) {
        let norm = graph.node.remove(index);
        let conv = &mut graph.node[index - 1];
        let bias = format!("{}.bias", conv.name());
        conv.output.clone_from(&norm.output);
        conv.input.push(bias.clone());
        let [weight, gamma] = [&conv.input[1], &norm.input[1]].map(Clone::clone);
        let rest = [&norm.input[2], &norm.input[3], &norm.input[4]].map(|name| take(graph, name));
        let [beta, mean, variance] = rest.map(|tensor| values(&tensor));
        let gamma = values(&take(graph, &gamma));
        let scale: Vec<f32> = gamma.iter().zip(&variance).map(|(g, v)| g / (v + EPSILON).sqrt()).collect();
        let shift: Vec<f32> = (0..beta.len()).map(|c| beta[c] - mean[c] * scale[c]).collect();
        if let Some(weight) = graph.initializer.iter_mut().find(|tensor| tensor.name() == weight) {
            let mut scaled = values(weight);
            let each = scaled.len() / scale.len();
            scaled.iter_mut().enumerate().for_each(|(index, value)| *value *= scale[index / each]);
            weight.raw_data = Some(bytes(&scaled).into());
        }
        graph.initializer.push(TensorProto {
            name: Some(bias),
            dims: vec![shift.len() as i64],
            data_type: Some(crate::import::proto::tensor_proto::DataType::Float as i32),
            raw_data: Some(bytes(&shift).into()),
            ..TensorProto::default()
        });
    }
}

fn take(graph: &mut GraphProto, name: &str) -> TensorProto {
    let index = graph.initializer.iter().position(|tensor| tensor.name() == name);
    index.map(|index| graph.initializer.remove(index)).unwrap_or_default()
}

fn values(tensor: &TensorProto) -> Vec<f32> {
    let value = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    tensor.raw_data.as_deref().unwrap_or_default().chunks_exact(4).map(value).collect()
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
