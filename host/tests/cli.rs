//! The command line from outside: what it prints, what it refuses, and with which exit code.

#[path = "import/models.rs"]
#[allow(dead_code, reason = "shared with the tests of the importer")]
mod models;

use pleach_host::zoo::ARCHITECTURES;
use pleach_spec::model_file::ModelFile;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

/// Runs `host` in a folder of its own.
struct Host {
    folder: tempfile::TempDir,
}

impl Host {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_host"));
        command.args(arguments).current_dir(self.folder.path()).env("NO_COLOR", "1").output().unwrap()
    }

    /// Fails with exit code 1 and a message that contains all of `parts` (line breaks do not count).
    #[track_caller]
    fn refuses(&self, arguments: &[&str], parts: &[&str]) {
        let output = self.run(arguments);
        let message = plain(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {message}");
        for part in parts {
            assert!(message.contains(part), "{arguments:?}: no `{part}` in: {message}");
        }
        assert!(!message.contains("panicked"), "{message}");
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", plain(&output));
        serde_json::from_slice(&output.stdout).expect("one JSON object")
    }

    /// A `model.bin` of the digits network.
    fn compiled(&self) -> PathBuf {
        let path = self.path("model.bin");
        let output =
            self.run(&["compile", example("digits.onnx").to_str().unwrap(), "-o", path.to_str().unwrap()]);
        assert!(output.status.success(), "{}", plain(&output));
        path
    }
}

/// Standard error in one line, without the frame.
fn plain(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.split(|c: char| c.is_whitespace() || "│×╰─▶".contains(c))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Groups of images, the last of which is not full, give what images one by one give; latency and throughput are told apart.
#[test]
fn batches_keep_the_answers_and_tell_latency_and_throughput() {
    let host = Host::new();
    let (model, test) = (example("digits.onnx"), example("digits/test"));
    let run = |more: &[&str]| {
        let all = ["run", model.to_str().unwrap(), "--input", test.to_str().unwrap(), "--json"];
        host.json(&[&all[..], more].concat())
    };
    let (one, four) = (run(&[]), run(&["--batch", "7"]));
    assert_eq!(one["accuracy"], four["accuracy"]);
    assert_eq!(one["images"], four["images"]);
    assert_eq!([&one["batch"], &four["batch"]], [1, 7]);
    let value = |report: &serde_json::Value, key: &str| report[key].as_f64().unwrap();
    for report in [&one, &four] {
        let per_s = 1e3 * value(report, "batch") / value(report, "latency_ms");
        assert!((value(report, "frames_per_s") / per_s - 1.0).abs() < 1e-9);
        assert!(
            (value(report, "cycles") - value(report, "batch_cycles") / value(report, "batch")).abs() <= 0.5
        );
    }
    assert!(value(&four, "frames_per_s") > value(&one, "frames_per_s"));
    assert!(value(&four, "latency_ms") > value(&one, "latency_ms"));

    let binary = host.path("model.bin");
    let arguments = ["compile", model.to_str().unwrap(), "--batch", "7", "-o", binary.to_str().unwrap()];
    assert!(host.run(&arguments).status.success());
    let arguments = ["run", binary.to_str().unwrap(), "--input", test.to_str().unwrap(), "--json"];
    let compiled = host.json(&arguments);
    assert_eq!([&compiled["batch"], &compiled["batch_cycles"]], [&four["batch"], &four["batch_cycles"]]);
    host.refuses(
        &[&arguments[..], &["--batch", "2"]].concat(),
        &["is compiled already: --batch has no effect on it"],
    );
    assert_eq!(host.run(&["run", model.to_str().unwrap(), "--batch", "65"]).status.code(), Some(2));
}

#[test]
fn the_digits_keep_their_accuracy_in_int8() {
    let model = example("digits.onnx");
    let test = example("digits/test");
    let report =
        Host::new().json(&["run", model.to_str().unwrap(), "--input", test.to_str().unwrap(), "--json"]);
    let accuracy = |key: &str| report["accuracy"][key].as_f64().unwrap();
    assert!(accuracy("float") >= 97.0);
    assert!((accuracy("float") - accuracy("int8")).abs() <= 0.5);
    assert_eq!(report["images"], 360);
    let layers = report["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 5);
    let cycles: u64 = layers.iter().map(|layer| layer["cycles"].as_u64().unwrap()).sum();
    assert_eq!(report["cycles"], cycles, "layers add up to the whole");
    // A vector is written for each pixel of the output.
    assert_eq!(report["bytes_written"], 16);
    // The list and the input map; the weights are on the chip since the first image.
    assert!((1_024..8_000).contains(&report["bytes_read"].as_u64().unwrap()), "{report}");
    assert!(report["cold_cycles"].as_u64().unwrap() > cycles + 4_000, "the first image loads them: {report}");
    assert!(report["stalls"]["no_pass"].as_u64().unwrap() > 0);
}

#[test]
fn a_slow_memory_costs_cycles_and_they_are_predicted() {
    let host = Host::new();
    let (onnx, bin) = (example("digits.onnx"), host.compiled());
    let report = |model: &Path, options: &[&str]| {
        host.json(&[&["run", model.to_str().unwrap(), "--json"], options].concat())
    };
    let cycles = |model: &Path, options: &[&str]| report(model, options)["cycles"].as_u64().unwrap();
    let slow = ["--bandwidth", "0.4", "--latency", "300"];
    let usual = cycles(&bin, &[]);
    assert!(cycles(&bin, &["--latency", "300"]) > usual + 270);
    // 80 KB of weights at 2 bytes a cycle.
    let slowest = report(&bin, &slow);
    assert!(slowest["cold_cycles"].as_u64().unwrap() > 35_000);
    assert_eq!(slowest["cycles"], report(&onnx, &slow)["cycles"]);
    let wrong = host.run(&["run", bin.to_str().unwrap(), "--bandwidth", "0"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(plain(&wrong).contains("expected a number greater than 0"), "{}", plain(&wrong));
}

#[test]
fn the_digits_get_faster_when_they_are_pruned() {
    let report =
        Host::new().json(&["run", example("digits.onnx").to_str().unwrap(), "--speedup", "4", "--json"]);
    // The words cost a quarter; they stay on the chip, so that the memory does not count.
    assert!(report["convolutions"]["speedup"].as_f64().unwrap() >= 3.2, "{}", report["convolutions"]);
    assert!(report["speedup"].as_f64().unwrap() >= 3.0, "{report}");
    let cycles = |key: &str| report[key].as_u64().unwrap();
    assert!(cycles("cold_cycles") > cycles("cycles") + 1_000, "the first image loads the weights: {report}");
    assert!(report["accuracy"]["pruned"].as_f64().unwrap() >= 95.0, "{}", report["accuracy"]);
}

#[test]
fn golden_and_fast_give_the_same_outputs_and_model_bin_too() {
    let host = Host::new();
    let (onnx, bin) = (example("digits.onnx"), host.compiled());
    let test = example("digits/test");
    for (folder, model, device) in [("a", &onnx, "fast"), ("b", &onnx, "golden"), ("c", &bin, "fast")] {
        let arguments = [
            "run",
            model.to_str().unwrap(),
            "--device",
            device,
            "--output",
            folder,
            "--input",
            test.to_str().unwrap(),
        ];
        let output = host.run(&arguments);
        assert!(output.status.success(), "{}", plain(&output));
    }
    let outputs = ["a", "b", "c"].map(|folder| std::fs::read(host.path(folder).join("logits.npy")).unwrap());
    assert!(outputs[0].len() > 360 * 10 * 4);
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(outputs[0], outputs[2]);
}

#[test]
fn cycles_are_counted_without_images() {
    let host = Host::new();
    let model = host.compiled();
    let model = model.to_str().unwrap();
    let ran = host.json(&["run", model, "--json", "--input", example("digits/test").to_str().unwrap()]);
    let counted = host.json(&["run", model, "--json", "--cycles-only"]);
    for what in ["cycles", "layers", "bytes_read", "bytes_written", "stalls"] {
        assert_eq!(counted[what], ran[what], "{what}");
        assert!(!counted[what].is_null(), "{what}");
    }
    assert_eq!(counted["images"], 0);
    let both = host.run(&["run", model, "--cycles-only", "--device", "golden"]);
    assert_eq!(both.status.code(), Some(2), "{}", plain(&both));
}

#[test]
fn a_run_is_reported_as_a_page() {
    let host = Host::new();
    let (model, page) = (host.compiled(), host.path("run.html"));
    let (model, file) = (model.to_str().unwrap(), page.to_str().unwrap());
    let report = host.json(&["run", model, "--cycles-only", "--json", "--report", file]);
    let html = std::fs::read_to_string(&page).unwrap();
    for layer in report["layers"].as_array().unwrap() {
        let name = layer["name"].as_str().unwrap();
        assert!(html.contains(&format!("<td>{name}</td>")), "{name}: {html}");
    }
    assert!(html.contains("LOAD") && html.contains("</html>"), "{html}");
    host.refuses(&["run", model, "--cycles-only", "--report", "missing/run.html"], &["missing"]);
}

#[test]
fn any_number_of_threads_gives_the_same_outputs() {
    let host = Host::new();
    let model = host.compiled();
    let input = example("digits/test");
    for threads in ["1", "3"] {
        let options = ["--input", input.to_str().unwrap(), "--threads", threads, "--output", threads];
        let output = host.run(&[&["run", model.to_str().unwrap()][..], &options].concat());
        assert!(output.status.success(), "{}", plain(&output));
    }
    let written = |folder: &str| {
        let mut files: Vec<_> =
            std::fs::read_dir(host.path(folder)).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| std::fs::read(file).unwrap()).collect::<Vec<_>>()
    };
    assert!(!written("1").is_empty());
    assert!(written("1") == written("3"));
}

#[test]
fn files_that_are_no_models_are_refused() {
    let host = Host::new();
    std::fs::write(host.path("text.onnx"), "hello").unwrap();
    let whole = std::fs::read(example("digits.onnx")).unwrap();
    std::fs::write(host.path("half.onnx"), &whole[..whole.len() / 2]).unwrap();
    host.refuses(&["run", "text.onnx"], &["text.onnx: is not an ONNX file", "help: give a .onnx file"]);
    host.refuses(
        &["run", "half.onnx"],
        &["half.onnx: is truncated", "help: copy or download the file again"],
    );
    host.refuses(&["run", "none.onnx"], &["none.onnx: cannot be read"]);
    host.refuses(&["run", "none.bin"], &["none.bin"]);
}

#[test]
fn missing_and_wrong_data_is_refused() {
    let host = Host::new();
    std::fs::copy(example("digits.onnx"), host.path("lonely.onnx")).unwrap();
    host.refuses(&["run", "lonely.onnx"], &["lonely.onnx: no calibration images are known", "--data PATH"]);
    let model = example("digits.onnx");
    let model = model.to_str().unwrap();
    host.refuses(&["run", model, "--data", "nowhere"], &["nowhere: cannot be read"]);
    host.refuses(&["run", model, "--input", "nowhere"], &["nowhere: cannot be read"]);
    // 9x9 images for a network of 8x8.
    let mut idx = vec![0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 9];
    idx.extend([7; 81]);
    std::fs::write(host.path("images-idx3-ubyte"), idx).unwrap();
    host.refuses(&["run", model, "--input", "images-idx3-ubyte"], &["images-idx3-ubyte", "1x9x9", "1x8x8"]);
    host.refuses(&["run", model, "--shape", "image=1x3x8x8"], &["shape 1x3x8x8", "image"]);
}

#[test]
fn wishes_that_cannot_be_met_are_refused() {
    let host = Host::new();
    let model = example("digits.onnx");
    let model = model.to_str().unwrap();
    host.refuses(&["run", model, "--speedup", "1000"], &["a speed-up of 1000 is out of reach"]);
    host.refuses(&["run", model, "--speedup", "0.5"], &["a speed-up of 0.5 is not a target"]);
    host.refuses(&["run", model, "--config", "huge"], &["no configuration `huge`", "default, small, mini"]);
}

#[test]
fn damaged_and_foreign_model_files_are_refused() {
    let host = Host::new();
    let path = host.compiled();
    let whole = std::fs::read(&path).unwrap();
    for length in [0, 3, 40, whole.len() / 2, whole.len() - 1] {
        std::fs::write(host.path("short.bin"), &whole[..length]).unwrap();
        host.refuses(&["run", "short.bin"], &["short.bin"]);
    }
    for at in [0, 9, 30, whole.len() / 3, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        std::fs::write(host.path("flipped.bin"), flipped).unwrap();
        host.refuses(&["run", "flipped.bin"], &["flipped.bin"]);
    }
    host.refuses(
        &["run", "model.bin", "--config", "mini"],
        &["compiled for configuration `default`", "rows = 16 instead of 4"],
    );
    host.refuses(&["run", "model.bin", "--speedup", "2"], &["compiled already", "--speedup"]);
}

#[test]
fn a_failed_compilation_leaves_no_file() {
    let host = Host::new();
    std::fs::write(host.path("text.onnx"), "hello").unwrap();
    host.refuses(&["compile", "text.onnx", "-o", "out.bin"], &["text.onnx"]);
    let model = example("digits.onnx");
    host.refuses(&["compile", model.to_str().unwrap(), "-o", "nowhere/out.bin"], &["nowhere/out.bin"]);
    let names: Vec<_> =
        std::fs::read_dir(host.folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["text.onnx"]);
}

#[test]
fn usage_errors_exit_with_2() {
    let host = Host::new();
    for arguments in
        [&["frobnicate"][..], &["run"], &["run", "x.onnx", "--device", "abacus"], &["compile", "x.onnx"]]
    {
        assert_eq!(host.run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn verify_compares_every_layer_with_the_golden_model() {
    let host = Host::new();
    let path = host.compiled();
    let arguments = ["verify", path.to_str().unwrap(), "--device", "fast", "--json"];
    let report = host.json(&arguments);
    assert_eq!(report["differences"], 0);
    assert_eq!(report["first_difference"], serde_json::Value::Null);
    assert_eq!(report["against"], serde_json::json!(["fast"]));
    assert_eq!(report["layers"].as_array().unwrap().len(), 5);
    assert_eq!(report["layers"][4]["snr_db"], serde_json::Value::Null, "a model.bin has no float network");
    let arguments =
        ["verify", example("digits.onnx").to_str().unwrap(), "--device", "fast", "--json"].map(str::to_owned);
    let report = host.json(&arguments.each_ref().map(String::as_str));
    assert!(report["layers"][4]["snr_db"].as_f64().unwrap() > 25.0, "{}", report["layers"]);
    let losses = report["losses"].as_array().unwrap();
    assert_eq!((losses.len(), report["passes"].as_array().unwrap().len()), (5, 12));
    for key in ["sqnr_db", "accumulated_db", "alone_db"] {
        assert!(losses.iter().all(|loss| loss[key].as_f64().unwrap() > 20.0), "{key}: {losses:?}");
    }
    assert_eq!(report["doubts"], serde_json::json!([]));
    let page = host.path("verify.html");
    let shown = arguments.each_ref().map(String::as_str).into_iter().take(4);
    let output = host.run(&shown.chain(["--report", page.to_str().unwrap()]).collect::<Vec<_>>());
    let text = plain(&output);
    let html = std::fs::read_to_string(page).unwrap();
    assert!(html.contains("What quantization costs") && html.contains("Rewrites of the graph"), "{html}");
    assert!(text.contains("| SQNR") && text.contains("12 passes of the importer keep"), "{text}");
}

#[test]
fn verify_names_the_first_element_that_differs() {
    let host = Host::new();
    let path = host.compiled();
    let mut model = ModelFile::read(&path, None).unwrap();
    // The program still has the weights of before: now the golden model and the device disagree.
    for weight in &mut model.network.layers[1].conv_mut().unwrap().weights {
        *weight = weight.wrapping_neg().max(-127);
    }
    model.write(&path).unwrap();
    let arguments = ["verify", path.to_str().unwrap(), "--device", "fast", "--json"];
    // The layers of the network agree; it is the outputs of this program that do not.
    host.refuses(&arguments, &["elements differ", "the first one in layer `fc` (fast, image 0)"]);
    let report: serde_json::Value = serde_json::from_slice(&host.run(&arguments).stdout).unwrap();
    assert_eq!(report["first_difference"]["layer"], "fc");
    assert_eq!(report["layers"][1]["differences"]["fast"], 0);
    assert!(report["layers"][4]["differences"]["fast"].as_u64().unwrap() > 5);
}

#[test]
fn the_zoo_writes_a_network_that_can_be_run() {
    let host = Host::new();
    let output = host.run(&["zoo", "mobilenetv2", "--width", "0.1", "--size", "32", "-o", "tiny.onnx"]);
    assert!(output.status.success(), "{}", plain(&output));
    let sidecar = std::fs::read_to_string(host.path("tiny.toml")).unwrap();
    assert!(sidecar.contains("calibrate = \"tiny-images.npy\""), "{sidecar}");
    assert!(host.path("tiny-images.npy").exists());
    let model = pleach_host::import::load(&host.path("tiny.onnx"), &Default::default()).unwrap();
    assert_eq!(model.graph.tensor(model.graph.output()).shape.dims(), [1000]);
    for device in ["fast", "golden"] {
        let output = host.run(&["run", "tiny.onnx", "--device", device, "--output", device]);
        assert!(output.status.success(), "{}", plain(&output));
    }
    let outputs = |device: &str| -> Vec<Vec<u8>> {
        let files = std::fs::read_dir(host.path(device)).unwrap();
        files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    };
    assert_eq!(outputs("fast").len(), 1);
    assert!(outputs("fast") == outputs("golden"));
    let report = host.json(&["verify", "tiny.onnx", "--device", "fast", "--images", "1", "--json"]);
    assert_eq!(report["differences"], 0);

    host.refuses(
        &["zoo", "resnet18", "--size", "7", "-o", "x.onnx"],
        &["cannot have images of 7x7", "32 to"],
    );
    host.refuses(&["zoo", "resnet18", "--width", "2", "-o", "x.onnx"], &["cannot have a width of 2"]);
    host.refuses(&["zoo", "mobilenetv2", "--size", "32", "-o", "nowhere/x.onnx"], &["nowhere"]);
    assert_eq!(host.run(&["zoo", "resnet18"]).status.code(), Some(2), "a file is needed");
    assert_eq!(host.run(&["zoo", "lenet", "-o", "x.onnx"]).status.code(), Some(2));
    assert!(!host.path("x.onnx").exists());
}

/// Two convolutions, the outputs of both in the order second, first.
fn two_headed(host: &Host) -> String {
    let nodes = vec![
        models::node("Conv", &["x", "w"], "a"),
        models::node("Relu", &["a"], "b"),
        models::node("Conv", &["b", "v"], "c"),
    ];
    let weights = vec![models::weights("w", &[3, 1, 3, 3]), models::weights("v", &[2, 3, 1, 1])];
    let model = models::returning(models::model(&[1, 1, 6, 6], nodes, weights), &["c", "b"]);
    std::fs::write(host.path("net.onnx"), prost::Message::encode_to_vec(&model)).unwrap();
    std::fs::write(host.path("net.toml"), "[data]\ncalibrate = \"images.npy\"\ntest = \"images.npy\"\n")
        .unwrap();
    let pixel = |(n, _, y, x): (usize, usize, usize, usize)| (n * 40 + y * 17 + x * 29) as u8;
    let images = ndarray::Array4::from_shape_fn((4, 1, 6, 6), pixel);
    ndarray_npy::write_npy(host.path("images.npy"), &images).unwrap();
    "net.onnx".to_owned()
}

#[test]
fn every_output_of_a_network_is_written() {
    let host = Host::new();
    let model = two_headed(&host);
    for device in ["fast", "golden"] {
        let output = host.run(&["run", &model, "--device", device, "--output", device]);
        assert!(output.status.success(), "{}", plain(&output));
    }
    for (name, channels, size) in [("b", 3, 4), ("c", 2, 4)] {
        let read = |device: &str| -> ndarray::Array4<f32> {
            ndarray_npy::read_npy(host.path(device).join(format!("{name}.npy"))).unwrap()
        };
        assert_eq!(read("fast").dim(), (4, channels, size, size));
        assert_eq!(read("fast"), read("golden"));
    }
    let report = host.json(&["verify", &model, "--device", "fast", "--json"]);
    assert_eq!(report["differences"], 0);
}

#[test]
fn the_zoo_lists_all_its_networks_with_their_costs() {
    let output = Host::new().run(&["zoo", "--size", "32"]);
    let list = String::from_utf8(output.stdout).unwrap();
    for network in ARCHITECTURES {
        assert!(list.contains(&format!("| {} ", network.name)), "{list}");
    }
    assert!(list.contains("3x32x32") && list.contains("11,689,512"), "{list}");
}
