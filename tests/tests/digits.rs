//! The digits network through the RTL: the whole ladder of truth on a trained network and real images.

use ndarray::Array3;
use pleach_host::data::{Sidecar, load};
use pleach_host::device::{Kind, Runner};
use pleach_host::pipeline::{Compiled, Options, compile_onnx};
use pleach_sim::golden;
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use pleach_spec::list::Start;
use pleach_tests::zoo::digits_file;

fn compiled(config: &str, speedup: Option<f64>) -> Compiled {
    let options = Options { speedup, ..Options::new(Config::resolve(config).unwrap()) };
    compile_onnx(&digits_file(), &options, &mut |_, _, _| ()).unwrap()
}

/// Runs `count` test images: bits as golden says, cycles as predicted when the model was compiled.
fn check(compiled: &Compiled, count: usize) {
    let model = &compiled.model;
    let network = &model.network;
    let input = &network.tensors[network.input];
    let sidecar = Sidecar::beside(&digits_file()).unwrap();
    let test = load(sidecar.data.test.as_deref().unwrap(), sidecar.expected(input.shape));
    let mut runner = Runner::new(Kind::Rtl, model, MemoryTiming::default()).expect("the RTL builds");
    for (index, image) in test.unwrap().images(&sidecar.input).take(count).enumerate() {
        let map: Array3<i8> = image.unwrap().mapv(|x| input.quantization.quantize(x));
        let (outputs, counters) = runner.infer(&[map.as_slice().unwrap()]).unwrap();
        let golden = golden::run(network, map).unwrap();
        assert_eq!(outputs[0][0], golden[network.outputs[0]].as_slice().unwrap());
        let start = if index == 0 { Start::Cold } else { Start::Warm };
        assert_eq!(counters.unwrap().compute.cycles, model.cycles_of(start));
    }
}

#[test]
fn dense_on_4x4() {
    check(&compiled("mini", None), 3);
}

#[test]
fn pruned_on_4x4() {
    check(&compiled("mini", Some(4.0)), 5);
}

#[test]
fn dense_and_pruned_on_16x16() {
    for speedup in [None, Some(4.0)] {
        let compiled = compiled("default", speedup);
        assert!(compiled.model.executable.image.warm.is_some(), "the digits network stays on the chip");
        check(&compiled, 20);
    }
}
