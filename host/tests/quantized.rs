//! Models that are quantized already: every form, against what ONNX Runtime made of it (`tests/conformance/ort` wrote the cases).

use ndarray::ArrayD;
use ndarray_npy::read_npy;
use pleach_host::cli::tensors;
use pleach_host::device::{Kind, Runner};
use pleach_host::import::load_quantized;
use pleach_host::import::proto::tensor_proto::{DataLocation, DataType};
use pleach_host::import::proto::{AttributeProto, GraphProto, ModelProto, TensorProto};
use pleach_host::interface::{Interface, Values};
use pleach_host::pipeline::{Options, compile_quantized};
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use prost::Message;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/quantized")
}

fn options() -> Options {
    Options::new(Config::resolve("mini").unwrap())
}

/// The outputs of a case, in the order of the graph.
fn outputs(case: &Path) -> Vec<Values> {
    let model = compile_quantized(&case.join("model.onnx"), &options(), &mut |_, _, _| ());
    let model = model.unwrap_or_else(|error| panic!("{}: {error:?}", case.display()));
    let model = model.unwrap_or_else(|| panic!("{} is quantized", case.display()));
    let interface = Interface::of(&model).unwrap();
    let given = |(index, input): (usize, &pleach_host::interface::Input)| {
        PathBuf::from(format!("{}={}", input.name, case.join(format!("input{index}.npy")).display()))
    };
    let given: Vec<PathBuf> = interface.inputs.iter().enumerate().map(given).collect();
    let images = tensors::load(&given, &interface).unwrap();
    let mut fast = Runner::new(Kind::Fast, &model, MemoryTiming::default()).unwrap();
    let mut golden = Runner::new(Kind::Golden, &model, MemoryTiming::default()).unwrap();
    let mut all = vec![Vec::new(); interface.outputs.len()];
    for image in &images {
        let (maps, _) = fast.infer(&[image]).unwrap();
        assert_eq!(maps, golden.infer(&[image]).unwrap().0, "{}", case.display());
        let maps = interface.exact_maps(&model, &maps[0]).unwrap();
        all.iter_mut().zip(maps).for_each(|(all, map)| all.extend(map));
    }
    interface.outputs.iter().zip(all).map(|(output, bytes)| output.values(&bytes)).collect()
}

/// The elements of an array, whatever its type, as f64.
fn elements(path: &Path) -> Option<Vec<f64>> {
    if let Ok(array) = read_npy::<_, ArrayD<f32>>(path) {
        return Some(array.iter().map(|&x| f64::from(x)).collect());
    }
    if let Ok(array) = read_npy::<_, ArrayD<i8>>(path) {
        return Some(array.iter().map(|&x| f64::from(x)).collect());
    }
    let array = read_npy::<_, ArrayD<u8>>(path).ok()?;
    Some(array.iter().map(|&x| f64::from(x)).collect())
}

fn reals(values: &Values) -> Vec<f64> {
    match values {
        Values::Float(values) => values.iter().map(|&x| f64::from(x)).collect(),
        Values::Int8(values) => values.iter().map(|&x| f64::from(x)).collect(),
        Values::Uint8(values) => values.iter().map(|&x| f64::from(x)).collect(),
    }
}

#[test]
fn every_form_has_the_integers_of_onnx_runtime() {
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 40, "{} cases", cases.len());
    for case in cases {
        for (index, values) in outputs(&case).iter().enumerate() {
            let [optimized, plain] = ["optimized", "plain"].map(|reading| {
                elements(&case.join(format!("{reading}{index}.npy"))).expect("a stored reading")
            });
            let found = reals(values);
            assert_eq!(found.len(), plain.len(), "{}", case.display());
            for (at, &found) in found.iter().enumerate() {
                let readings = [optimized[at], plain[at]];
                assert!(readings.contains(&found), "{} [{at}]: {found}, not {readings:?}", case.display());
            }
        }
    }
}

/// The operator in integers or between (de)quantizations, and what the report calls it.
#[test]
fn layers_have_the_name_and_the_operator_of_the_node() {
    for (case, node, op) in [("QLinearConv-0-0", "QLinearConv", "Conv"), ("Conv-qdq-3-4", "Conv", "Conv")] {
        let path = folder().join(case).join("model.onnx");
        let model = ModelProto::decode(&*std::fs::read(&path).unwrap()).unwrap();
        let nodes = &model.graph.as_ref().unwrap().node;
        let name = nodes.iter().find(|other| other.op_type() == node).unwrap().name();
        let compiled = compile_quantized(&path, &options(), &mut |_, _, _| ()).unwrap().unwrap();
        let layer = compiled.layers.iter().find(|layer| layer.op == op);
        assert_eq!(layer.unwrap_or_else(|| panic!("{case} has a layer {op}")).name, name, "{case}");
    }
}

#[test]
fn a_float_model_is_not_taken_for_a_quantized_one() {
    let digits = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/digits.onnx");
    assert!(load_quantized(&digits, &BTreeMap::new()).unwrap().is_none());
}

/// What is said of a stored case after a change of its model.
fn refusal(case: &str, change: impl FnOnce(&mut GraphProto)) -> String {
    let bytes = std::fs::read(folder().join(case).join("model.onnx")).unwrap();
    let mut model = ModelProto::decode(&bytes[..]).unwrap();
    change(model.graph.as_mut().unwrap());
    let file = tempfile::NamedTempFile::with_suffix(".onnx").unwrap();
    std::fs::write(file.path(), model.encode_to_vec()).unwrap();
    let error = load_quantized(file.path(), &BTreeMap::new()).expect_err("the model is wrong");
    error.problem.to_string()
}

/// The initializer that an input of the first node of a kind names.
fn constant<'a>(graph: &'a mut GraphProto, operator: &str, input: usize) -> &'a mut TensorProto {
    let node = graph.node.iter().find(|node| node.op_type() == operator).unwrap();
    let name = node.input[input].clone();
    graph.initializer.iter_mut().find(|tensor| tensor.name() == name).unwrap()
}

fn set_scale(graph: &mut GraphProto, scale: f32) {
    constant(graph, "QLinearConv", 1).raw_data = Some(scale.to_le_bytes().to_vec().into());
}

#[test]
fn scales_must_be_positive_numbers() {
    for (scale, part) in [(0.0, "has the scale 0"), (-0.5, "has the scale -0.5")] {
        let message = refusal("QLinearConv-0-0", |graph| set_scale(graph, scale));
        assert!(message.contains(part) && message.contains("QLinearConv"), "{message}");
    }
    for scale in [f32::NAN, f32::INFINITY] {
        let message = refusal("QLinearConv-0-0", |graph| set_scale(graph, scale));
        assert!(message.contains("NaN") || message.contains("inf"), "{message}");
    }
}

/// Whatever a scale is, there is a refusal that says so, or a result that golden and fast model agree on.
#[test]
fn extreme_scales_are_refused_or_right() {
    let bytes = std::fs::read(folder().join("QLinearConv-0-0/model.onnx")).unwrap();
    let model = ModelProto::decode(&bytes[..]).unwrap();
    let runs = |input: usize, scale: f32| {
        let mut model = model.clone();
        let tensor = constant(model.graph.as_mut().unwrap(), "QLinearConv", input);
        tensor.raw_data = Some(scale.to_le_bytes().to_vec().into());
        let file = tempfile::NamedTempFile::with_suffix(".onnx").unwrap();
        std::fs::write(file.path(), model.encode_to_vec()).unwrap();
        let model = match compile_quantized(file.path(), &options(), &mut |_, _, _| ()) {
            Ok(model) => model.unwrap(),
            Err(error) => {
                let text = format!("{error:?}");
                assert!(text.contains("scale"), "{scale:e}: {text}");
                return false;
            }
        };
        let image = vec![100; model.network.tensors[model.network.input].shape.elements()];
        let [fast, golden] = [Kind::Fast, Kind::Golden].map(|kind| {
            let mut runner = Runner::new(kind, &model, MemoryTiming::default()).unwrap();
            runner.infer(&[&image]).unwrap().0
        });
        assert_eq!(fast, golden, "{scale:e}");
        true
    };
    let scales = [1e-45, 1e-40, 1e-30, 1e-10, 1e10, 1e30, 3e38];
    let (input, output) = (1, 6);
    assert_eq!(scales.map(|scale| runs(input, scale)), [false, true, true, true, false, false, false]);
    assert_eq!(scales.map(|scale| runs(output, scale)), [false, false, false, true, true, true, true]);
}

#[test]
fn broken_graphs_are_named() {
    let message = refusal("Relu-qdq-0", |graph| graph.node[0].input[0] = "nowhere".to_owned());
    assert!(message.contains("reads tensor 'nowhere'"), "{message}");
    let message = refusal("Relu-qdq-0", |graph| {
        graph.node[0].input[0] = graph.output[0].name().to_owned();
    });
    assert!(message.contains("the graph is cyclic"), "{message}");
    let message = refusal("QLinearConv-0-0", |graph| {
        let weights = constant(graph, "QLinearConv", 3);
        weights.raw_data = None;
        weights.data_location = Some(DataLocation::External as i32);
    });
    assert!(message.contains("its data is outside the model"), "{message}");
    let message = refusal("QLinearConv-0-0", |graph| {
        constant(graph, "QLinearConv", 3).dims.truncate(3);
    });
    assert!(message.contains("need"), "{message}");
}

#[test]
fn zero_points_have_the_type_of_their_tensor() {
    let message = refusal("QLinearConv-0-0", |graph| {
        constant(graph, "QLinearConv", 2).data_type = Some(DataType::Int8 as i32);
    });
    assert!(message.contains("zero point of type int8 for a tensor of type uint8"), "{message}");
    let message = refusal("QLinearConv-0-0", |graph| {
        constant(graph, "QLinearConv", 5).data_type = Some(DataType::Uint8 as i32);
    });
    assert!(message.contains("zero point of type uint8 for weights of type int8"), "{message}");
}

/// Found by `cargo xtask fuzz`: groups times channels overflowed.
#[test]
fn more_groups_than_there_can_be_channels_are_refused() {
    let message = refusal("QLinearConv-0-0", |graph| {
        let conv = graph.node.iter_mut().find(|node| node.op_type() == "QLinearConv").unwrap();
        conv.attribute.retain(|attribute| attribute.name() != "group");
        conv.attribute.push(AttributeProto {
            name: Some("group".into()),
            r#type: Some(2),
            i: Some(i64::MAX),
            ..AttributeProto::default()
        });
    });
    assert!(message.contains("groups"), "{message}");
}

#[test]
fn what_only_float_can_do_is_named() {
    let message = refusal("QLinearAdd-0", |graph| graph.node[0].op_type = Some("QLinearMul".into()));
    assert!(message.contains("multiplies two activations"), "{message}");
    let message = refusal("Relu-qdq-0", |graph| {
        let last = graph.node.pop().unwrap();
        graph.output[0].name = Some(last.input[0].clone());
        graph.node[1].op_type = Some("Softmax".into());
        graph.node[1].attribute.clear();
    });
    assert!(message.contains("Softmax"), "{message}");
    let message = refusal("Conv-qdq-3-4", |graph| {
        let conv = graph.node.iter().find(|node| node.op_type() == "Conv").unwrap().output[0].clone();
        graph.output[0].name = Some(conv);
    });
    assert!(message.contains("computed in float and not quantized"), "{message}");
}
