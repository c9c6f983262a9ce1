//! Import and float executor against tract, an implementation of ONNX that is not ours.

use ndarray::Array3;
use pleach_host::data::{Expected, Sidecar, load};
use pleach_host::graph::{passes, run};
use pleach_host::import;
use pleach_spec::network::MapShape;
use std::collections::BTreeMap;
use std::path::Path;
use tract_onnx::prelude::*;

#[test]
fn tract_computes_the_same_logits_for_the_digits() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/digits.onnx");
    let oracle = tract_onnx::onnx()
        .model_for_path(&model)
        .and_then(|graph| graph.with_input_fact(0, f32::fact([1, 1, 8, 8]).into()))
        .and_then(|graph| graph.into_optimized())
        .and_then(|graph| graph.into_runnable())
        .expect("tract reads the model");
    let ours = passes::optimise(&import::load(&model, &BTreeMap::new()).unwrap().graph);
    let sidecar = Sidecar::beside(&model).unwrap();
    let shape = MapShape { channels: 1, height: 8, width: 8 };
    let classes = &sidecar.labels.names;
    let test = load(sidecar.data.test.as_deref().unwrap(), Expected { shape, classes }).unwrap();
    for image in test.images(&sidecar.input).take(40) {
        let image: Array3<f32> = image.unwrap();
        let tensor = Tensor::from_shape(&[1, 1, 8, 8], image.as_slice().unwrap()).unwrap();
        let expected = oracle.run(tvec!(tensor.into())).unwrap();
        let expected = expected[0].to_plain_array_view::<f32>().unwrap();
        let found = run(&ours, &image).unwrap();
        for (a, b) in found.iter().zip(expected.iter()) {
            assert!((a - b).abs() < 1e-4, "{found} instead of {expected}");
        }
    }
}
