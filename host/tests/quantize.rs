//! `host quantize` from outside, on the networks of the examples.

use prost::Message;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

fn quantize(model: &str, output: &Path, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_host"));
    command.arg("quantize").arg(example(model)).arg("-o").arg(output).args(options);
    command.env("NO_COLOR", "1").output().unwrap()
}

#[track_caller]
fn report(model: &str, output: &Path, options: &[&str]) -> serde_json::Value {
    let done = quantize(model, output, &[options, &["--json"]].concat());
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("one JSON object")
}

#[test]
fn every_method_keeps_the_digits() {
    let folder = tempfile::tempdir().unwrap();
    for method in ["minmax", "percentile", "entropy", "mse"] {
        let output = folder.path().join("q.onnx");
        let report = report("digits.onnx", &output, &["--method", method, "--equalize", "--bias-correction"]);
        let [float, int8] = ["float_accuracy", "accuracy"].map(|key| report[key].as_f64().unwrap());
        assert!(float - int8 <= 0.3, "{method}: {int8} instead of {float}");
    }
}

#[test]
fn a_budget_is_kept_and_layers_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("q.onnx");
    let page = folder.path().join("q.html");
    let options = ["--budget", "4.5", "--bits", "conv1=8", "--bias-correction", "--explain", "--report"];
    let options = options.into_iter().chain([page.to_str().unwrap()]).collect::<Vec<_>>();
    let report = report("digits.onnx", &output, &options);
    assert!(report["average_weight_bits"].as_f64().unwrap() <= 4.6, "{report}");
    assert_eq!(report["bits"]["conv1"], 8);
    assert!(report["accuracy"].as_f64().unwrap() >= 97.9, "{report}");
    let layers = report["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 5);
    assert!(layers.iter().all(|layer| layer["accumulated_db"].as_f64().unwrap() > 10.0), "{report}");
    let page = std::fs::read_to_string(page).unwrap();
    for layer in layers {
        let cells = [
            layer["name"].as_str().unwrap().to_owned(),
            format!("{:.1} dB", layer["sqnr_db"].as_f64().unwrap()),
        ];
        assert!(cells.iter().all(|cell| page.contains(&format!(">{cell}</td>"))), "{cells:?}: {page}");
    }
}

/// The int8 weights of a layer in a written file.
fn weights(file: &Path, layer: &str) -> Vec<i8> {
    let model = pleach_host::import::proto::ModelProto::decode(&*std::fs::read(file).unwrap()).unwrap();
    let graph = model.graph.unwrap();
    let name = format!("{layer}/weight");
    let tensor = graph.initializer.into_iter().find(|tensor| tensor.name() == name).unwrap();
    tensor.raw_data.unwrap().iter().map(|&byte| byte as i8).collect()
}

#[test]
fn codebooks_and_learned_rounding_keep_to_their_entries() {
    let folder = tempfile::tempdir().unwrap();
    let [output, again] = ["q.onnx", "r.onnx"].map(|name| folder.path().join(name));
    let options = ["--weights", "2", "--codebook", "--adaround", "--images", "64", "--seed", "3"];
    let found = report("digits.onnx", &output, &options);
    report("digits.onnx", &again, &options);
    assert_eq!(std::fs::read(&output).unwrap(), std::fs::read(&again).unwrap());
    for codebook in found["codebooks"].as_array().unwrap() {
        let entries: Vec<i64> =
            codebook["entries"].as_array().unwrap().iter().map(|e| e.as_i64().unwrap()).collect();
        assert!(entries.len() <= 4, "{codebook}");
        let weights = weights(&output, codebook["layer"].as_str().unwrap());
        assert!(weights.iter().all(|&weight| weight == 0 || entries.contains(&weight.into())), "{codebook}");
        assert!(codebook["weights_db"].as_f64() >= codebook["equal_steps_db"].as_f64(), "{codebook}");
    }
    let refused = quantize("digits.onnx", &output, &["--codebook"]);
    let message = String::from_utf8_lossy(&refused.stderr);
    assert!(message.contains("all weights have 8 bits") && message.contains("--budget"), "{message}");
}

#[test]
fn the_file_is_qdq_with_per_channel_weights() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("q.onnx");
    report(
        "signs/mobilenetv2.onnx",
        &output,
        &["--images", "4", "--test", example("signs/calibrate").to_str().unwrap()],
    );
    let model = pleach_host::import::proto::ModelProto::decode(&*std::fs::read(&output).unwrap()).unwrap();
    let graph = model.graph.unwrap();
    let count = |operator: &str| graph.node.iter().filter(|node| node.op_type() == operator).count();
    let activations = count("QuantizeLinear");
    assert_eq!(count("DequantizeLinear"), activations + 2 * count("Conv"));
    let scale = graph.initializer.iter().find(|tensor| tensor.name() == "stem/weight/scale").unwrap();
    assert_eq!(scale.dims, [16]);
}

#[test]
fn an_unknown_layer_and_a_doubtful_calibration_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("q.onnx");
    let refused = quantize("digits.onnx", &output, &["--bits", "nothing=4"]);
    let message = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1));
    assert!(message.contains("nothing") && message.contains("conv1"), "{message}");
    assert!(!output.exists());
    let doubts = report("digits.onnx", &output, &["--images", "1"])["doubts"].to_string();
    assert!(doubts.contains("one calibration image"), "{doubts}");
}

#[test]
fn images_that_are_normalised_in_another_way_are_pointed_out() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("digits.onnx");
    std::fs::copy(example("digits.onnx"), &model).unwrap();
    let doubts = |sidecar: &str| {
        let data = example("digits");
        let data = data.to_str().unwrap();
        let sidecar =
            format!("[input]\n{sidecar}\n[data]\ncalibrate = \"{data}/train\"\ntest = \"{data}/test\"\n");
        std::fs::write(model.with_extension("toml"), sidecar).unwrap();
        let options = ["--images", "32"];
        report(model.to_str().unwrap(), &folder.path().join("q.onnx"), &options)["doubts"].to_string()
    };
    assert_eq!(doubts("mean = [0.0]\nstd = [255.0]"), "[]");
    assert!(doubts("mean = [0.0]\nstd = [1.0]").contains("unusual for a normalised image"));
    let found = doubts("mean = [255.0]\nstd = [51.0]");
    assert!(found.contains("of the test images only: check mean and std"), "{found}");
}
