//! `model.bin`: what was written is read, and nothing else is.

use pleach_host::device::infer;
use pleach_sim::device::{Accelerator, FastAccelerator};
use pleach_spec::Config;
use pleach_spec::model_file::{FormatError, META_KEYS, ModelFile, ModelFileError, Preprocessing};
use pleach_tests::model_file::{model, section, sign, small_model, with_section, word};
use pleach_tests::{Limits, cases, chains};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

fn format_error(bytes: &[u8]) -> FormatError {
    ModelFile::from_bytes(bytes, None).expect_err("it must be refused")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_model_is_read_as_it_was_written(
        case in chains(Limits::FULL, 2),
        name in prop_oneof![Just("mini"), Just("small"), Just("default")],
        scales in prop::collection::vec(any::<u32>(), 64),
        window in prop_oneof![Just((16, 8)), Just((32, 16))],
    ) {
        let (window, chunk) = window;
        let config = Config { window, chunk, ..Config::resolve(name).expect("built in") };
        let mut model = model(&case, &config);
        // Any f32 that is a number, subnormal and negative zero included.
        let numbers = scales.into_iter().map(f32::from_bits).filter(|f| f.is_finite());
        let preprocessing = model.preprocessing.as_mut().expect("it was set");
        for (value, number) in preprocessing.mean.iter_mut().zip(numbers) {
            *value = number;
        }
        let bytes = model.to_bytes().expect("it can be written");
        let read = ModelFile::from_bytes(&bytes, Some(&config)).expect("it can be read");
        let bits = |model: &ModelFile| -> Vec<u32> {
            let mean = model.preprocessing.iter().flat_map(|p| p.mean.iter().map(|f| f.to_bits()));
            let layers = model.network.layers.iter();
            mean.chain(layers.flat_map(|l| l.conv().unwrap().weight_scales.iter().map(|f| f.to_bits()))).collect()
        };
        prop_assert_eq!(bits(&read), bits(&model));
        prop_assert_eq!(read.to_bytes().expect("it can be written again"), bytes);
        prop_assert_eq!(read, model);
    }
}

#[test]
fn every_truncation_is_refused_and_counts_what_is_missing() {
    let bytes = small_model().to_bytes().unwrap();
    for length in 1..bytes.len() {
        match format_error(&bytes[..length]) {
            FormatError::Truncated { missing, .. } if length >= 32 => {
                assert_eq!(missing as usize, bytes.len() - length, "{length} bytes are left")
            }
            FormatError::Truncated { missing, .. } => assert_eq!(missing as usize, 32 - length),
            other => panic!("{length} bytes are left: {other}"),
        }
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(format_error(&longer), FormatError::Trailing { extra: 1 });
}

#[test]
fn every_flipped_bit_is_refused() {
    let mut bytes = small_model().to_bytes().unwrap();
    assert!(bytes.len() < 16_384, "{} bytes", bytes.len());
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            assert!(ModelFile::from_bytes(&bytes, None).is_err(), "byte {at}, bit {bit}");
            bytes[at] ^= 1 << bit;
        }
    }
    assert!(ModelFile::from_bytes(&bytes, None).is_ok());
}

#[test]
fn the_documented_layout_is_the_written_one() {
    let model = small_model();
    let bytes = model.to_bytes().unwrap();
    assert_eq!(&bytes[..16], b"\x89PLCH\r\n\x1a\x06\0\0\0\x03\0\0\0");
    assert_eq!(word(&bytes, 16), model.config.fingerprint());
    assert_eq!(word(&bytes, 20) as usize, bytes.len());
    assert_eq!(&bytes[32..36], b"META");
    let mut signed = bytes.clone();
    sign(&mut signed);
    assert_eq!(signed, bytes, "the checksums cover what the documentation says");
    let meta: serde_json::Value = serde_json::from_slice(&bytes[section(&bytes, 0)]).unwrap();
    let mut keys = META_KEYS.map(|(key, _)| key);
    keys.sort_unstable();
    assert!(meta.as_object().unwrap().keys().eq(&keys), "META has the documented keys");
    let weights: Vec<u8> = model.network.layers.iter().flat_map(|l| l.weights()).map(|&w| w as u8).collect();
    assert_eq!(bytes[section(&bytes, 2)], weights);
}

/// Inputs that a model is run on when it was accepted although it was tampered with.
fn run_on_fast_model(model: &ModelFile) {
    let mut accelerator = FastAccelerator::new(model.config.clone());
    let input = vec![1; model.network.tensors[model.network.input].shape.elements()];
    accelerator.load(&model.executable.image).expect("the fast model takes it");
    infer(&mut accelerator, &model.executable, &input).expect("the fast model works");
}

#[test]
fn tampering_behind_right_checksums_is_refused_or_harmless() {
    let bytes = small_model().to_bytes().unwrap();
    let mut accepted = 0;
    for at in 8..bytes.len() {
        for bit in 0..8 {
            let mut tampered = bytes.clone();
            tampered[at] ^= 1 << bit;
            sign(&mut tampered);
            // What is still a model must run without a panic.
            if let Ok(model) = ModelFile::from_bytes(&tampered, None) {
                assert_eq!(model.to_bytes().map(|b| b.len()), Ok(bytes.len()));
                run_on_fast_model(&model);
                accepted += 1;
            }
        }
    }
    assert!(accepted > 0, "weights, names and cycles may be changed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn words_of_any_value_in_the_program_are_refused_or_harmless(
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![any::<u32>(), 0u32..64]), 1..4),
    ) {
        let mut bytes = small_model_bytes();
        let program = section(&bytes, 1);
        for (index, value) in changes {
            let at = program.start + index.index(program.len() / 4) * 4;
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        sign(&mut bytes);
        if let Ok(model) = ModelFile::from_bytes(&bytes, None) {
            run_on_fast_model(&model);
        }
    }
}

fn small_model_bytes() -> Vec<u8> {
    static BYTES: std::sync::LazyLock<Vec<u8>> =
        std::sync::LazyLock::new(|| small_model().to_bytes().unwrap());
    BYTES.clone()
}

#[test]
fn other_files_are_refused_by_name() {
    let cases: [(&[u8], &str); 7] = [
        (b"", "it is empty"),
        (b"\x08\x08\x12\x07pytorch\x1a\x052.0.0", "it looks like an ONNX file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "it looks like a PNG image"),
        (b"PK\x03\x04\x14\0", "it looks like a ZIP archive (.npz, or a PyTorch model)"),
        (b"name = \"default\"\nrows = 16\n", "it looks like text"),
        (b"\xde\xad\xbe\xef\0\x01\x02\x03\x04", "it begins with the bytes de ad be ef 00 01 02 03"),
        (b"\x89PLCH\n\x1a\x01\0\0\0", "its first bytes are damaged, as by a transfer in text mode"),
    ];
    for (bytes, found) in cases {
        let message = format_error(bytes).to_string();
        assert_eq!(
            message,
            format!("this is not a model.bin: {found}; make one with `host compile MODEL -o model.bin`")
        );
    }
}

#[test]
fn other_versions_and_configurations_are_refused_with_what_differs() {
    let model = small_model();
    let bytes = model.to_bytes().unwrap();
    let mut newer = bytes.clone();
    newer[8] = 9;
    sign(&mut newer);
    assert_eq!(
        format_error(&newer).to_string(),
        "it has version 9 of the model.bin format, but this program knows version 6; compile the model again with this program"
    );
    let mut contract = bytes.clone();
    contract[12] = 4;
    sign(&mut contract);
    assert_eq!(
        format_error(&contract),
        FormatError::Version { what: "the hardware contract", found: 4, known: 3 }
    );

    let expected = Config::resolve("small").unwrap();
    let error = ModelFile::from_bytes(&bytes, Some(&expected)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "it was compiled for configuration `mini`, which is not `small`: rows = 4 instead of 8, columns = 4 instead of 8, \
         activation_depth = 4096 instead of 2048, stage_depth = 16 instead of 32; compile it with `--config small`, or use a \
         device of configuration `mini`"
    );
    let renamed = Config { name: "mine".into(), clock_mhz: 99, ..model.config.clone() };
    assert_eq!(ModelFile::from_bytes(&bytes, Some(&renamed)), Ok(model));
}

#[test]
fn damage_names_the_section() {
    let bytes = small_model().to_bytes().unwrap();
    for (index, name) in ["META", "PROG", "WGHT", "HOST"].into_iter().enumerate() {
        let mut damaged = bytes.clone();
        damaged[section(&bytes, index).start + 3] ^= 4;
        let message = format_error(&damaged).to_string();
        assert!(message.starts_with(&format!("section {name} is damaged: its CRC-32 is ")), "{message}");
        let cut = format_error(&bytes[..section(&bytes, index).end - 2]).to_string();
        assert!(cut.contains(&format!("bytes are missing from section {name} on")), "{cut}");
    }
    let mut damaged = bytes.clone();
    damaged[20] ^= 64;
    assert!(format_error(&damaged).to_string().starts_with("the header is damaged"));
    // META has any length: one of two labels leaves padding behind it.
    let (gap, bytes) = ["a label", "a label more"]
        .into_iter()
        .find_map(|label| {
            let mut model = small_model();
            model.labels.push(label.into());
            let bytes = model.to_bytes().unwrap();
            let gap = section(&bytes, 0).end;
            (gap != section(&bytes, 1).start).then_some((gap, bytes))
        })
        .expect("their lengths differ by less than a unit of alignment");
    let mut damaged = bytes.clone();
    damaged[gap] = 1;
    assert_eq!(format_error(&damaged), FormatError::Padding { offset: gap });
}

/// Found by `cargo xtask fuzz`: the same values in another order of the keys, or with a space, were taken.
#[test]
fn meta_in_another_form_than_the_written_one_is_refused() {
    let bytes = small_model().to_bytes().unwrap();
    let mut meta = bytes[section(&bytes, 0)].to_vec();
    meta.insert(1, b' ');
    let message = format_error(&with_section(&bytes, 0, &meta)).to_string();
    assert!(message.starts_with("section META is inconsistent: it is not in the form"), "{message}");
}

#[test]
fn parts_that_contradict_each_other_are_refused() {
    type Change = fn(&mut ModelFile);
    let changes: [(Change, &str); 16] = [
        (|m| m.network.input = 9, "META is inconsistent: the input is tensor 9, but there are 3"),
        (|m| m.network.layers[1].inputs[0] = 2, "META is inconsistent: layer `layer1` reads a tensor before"),
        (
            |m| m.network.layers[0].conv_mut().unwrap().geometry.stride = [0, 1],
            "META is inconsistent: layer `layer` has a kernel",
        ),
        (
            |m| m.network.layers[0].conv_mut().unwrap().weights.push(1),
            "WGHT is inconsistent: layer `layer` has",
        ),
        (
            |m| m.network.layers[0].conv_mut().unwrap().weight_scales[0] = f32::NAN,
            "META is inconsistent: layer `layer`: the requ",
        ),
        (
            |m| m.executable.outputs[0].base += 9,
            "META is inconsistent: the map of tensor `y2` does not lie in segment 1",
        ),
        (|m| m.executable.input.slots[0] = 999, "META is inconsistent: the channels of tensor `x` do not"),
        (|m| m.executable.input.shape.width += 1, "META is inconsistent: the map of tensor `x` is"),
        (|m| m.executable.outputs.clear(), "META is inconsistent: there are 0 maps for 1 outputs"),
        (
            |m| m.executable.owners[1] = 2,
            "PROG is inconsistent: command 1 works for a layer that is not there",
        ),
        (|m| m.executable.image.data_vectors += 1, "PROG is inconsistent: segment 1 has"),
        (|m| m.executable.owners.clear(), "PROG is inconsistent: command 0 (LOAD, layer 0): there must"),
        (|m| m.executable.image.list.end -= 1, "PROG is inconsistent: "),
        (
            |m| m.executable.image.warm = Some(m.executable.image.list.clone()),
            "PROG is inconsistent: command 1 of the warm list (LOAD, layer 0): the warm list must be",
        ),
        (|m| m.layers[1].words += 1, "META is inconsistent: the layer table is wrong about layer `layer1`"),
        (
            |m| m.preprocessing = Some(Preprocessing { mean: vec![], std: vec![] }),
            "META is inconsistent: the pre",
        ),
    ];
    for (change, expected) in changes {
        let mut model = small_model();
        change(&mut model);
        let Err(error) = model.to_bytes() else { panic!("not refused: {expected}") };
        let message = error.to_string();
        assert!(message.starts_with(&format!("section {expected}")), "{message}");
    }
}

#[test]
fn files_are_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.bin");
    let model = small_model();
    model.write(&path).unwrap();
    assert_eq!(ModelFile::read(&path, None).unwrap(), model);
    let written = std::fs::read(&path).unwrap();

    let mut broken = model.clone();
    broken.layers.pop();
    let error = broken.write(&path).unwrap_err();
    assert!(matches!(error, ModelFileError::Model { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), written, "the file that was there is untouched");
    let error = model.write(&folder.path().join("none/model.bin")).unwrap_err();
    assert!(matches!(error, ModelFileError::Write { .. }), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");

    let error = ModelFile::read(&folder.path().join("other.bin"), None).unwrap_err();
    assert!(matches!(error, ModelFileError::Read { .. }), "{error}");
    std::fs::write(&path, b"\x08\x08\x12\x07pytorch").unwrap();
    let message = ModelFile::read(&path, None).unwrap_err().to_string();
    assert!(
        message.ends_with("it looks like an ONNX file; make one with `host compile MODEL -o model.bin`"),
        "{message}"
    );
}

#[test]
fn a_single_random_layer_of_any_kind_is_consistent() {
    // The checks between network, program and table must accept whatever the compiler makes.
    let mut runner = TestRunner::deterministic();
    let config = Config::resolve("default").unwrap();
    for _ in 0..200 {
        let case = cases(Limits::FULL).new_tree(&mut runner).unwrap().current();
        model(&case, &config).to_bytes().expect("what was compiled can be written");
    }
}
