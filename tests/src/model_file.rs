//! A small `model.bin` to damage, and what the documentation says about its layout.

use crate::{Case, Limits, chains};
use pleach_host::compile::compile_list;
use pleach_spec::Config;
use pleach_spec::model_file::{LayerInfo, ModelFile, Preprocessing, SECTIONS};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// A case compiled, with something in every part of the file.
pub fn model(case: &Case, config: &Config) -> ModelFile {
    let executable = compile_list(&case.network, config).expect("the case fits");
    let work = executable.work(case.network.layers.len()).expect("the list was checked");
    let mut layers = LayerInfo::table(&case.network, &work);
    for (index, layer) in layers.iter_mut().enumerate() {
        (layer.cycles, layer.dense_cycles) = (1000 + index as u64, 4000);
    }
    let channels = case.network.tensors[case.network.input].shape.channels;
    ModelFile {
        network: case.network.clone(),
        config: config.clone(),
        executable,
        layers,
        preprocessing: Some(Preprocessing { mean: vec![0.5; channels], std: vec![127.5; channels] }),
        labels: vec!["zero".into(), "\"one\"\n".into(), "dwá".into()],
        notes: [("source".into(), "case.onnx".into())].into(),
        host: vec![8, 1, 255, 0, 7],
    }
}

/// A small model that is the same in every run: two layers, sparse and dense words, padding in every section.
pub fn small_model() -> ModelFile {
    let limits = Limits { channels: 5, kernel: 3, map: 4 };
    let mut runner = TestRunner::deterministic();
    loop {
        let case = chains(limits, 2).new_tree(&mut runner).expect("no filter fails for ever").current();
        let weights: usize = case.network.layers.iter().map(|layer| layer.weights().len()).sum();
        if (40..80).contains(&weights) {
            return model(&case, &Config::resolve("mini").expect("built in"));
        }
    }
}

/// The 32-bit word at an offset.
pub fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// Makes all checksums right again, from the documentation of the format.
pub fn sign(bytes: &mut [u8]) {
    let entries = word(bytes, 24).min(4) as usize;
    for entry in (0..entries).map(|entry| 32 + 16 * entry) {
        let (offset, size) = (word(bytes, entry + 4) as usize, word(bytes, entry + 8) as usize);
        if let Some(section) = bytes.get(offset..offset.saturating_add(size)) {
            let crc = crc32fast::hash(section).to_le_bytes();
            bytes[entry + 12..entry + 16].copy_from_slice(&crc);
        }
    }
    let covered = [&bytes[..28], &bytes[32..32 + 16 * entries]].concat();
    bytes[28..32].copy_from_slice(&crc32fast::hash(&covered).to_le_bytes());
}

/// Bytes of a section, by its number in the table.
pub fn section(bytes: &[u8], index: usize) -> std::ops::Range<usize> {
    let (offset, size) = (word(bytes, 36 + 16 * index) as usize, word(bytes, 40 + 16 * index) as usize);
    offset..offset + size
}

/// The file with another section in the place of one; checksums are right.
pub fn with_section(bytes: &[u8], index: usize, content: &[u8]) -> Vec<u8> {
    let count = SECTIONS.len();
    let mut file = bytes[..32 + 16 * count].to_vec();
    for entry in 0..count {
        let content = if entry == index { content } else { &bytes[section(bytes, entry)] };
        file.resize(file.len().next_multiple_of(16), 0);
        let place = [file.len(), content.len()].map(|number| (number as u32).to_le_bytes());
        file[36 + 16 * entry..44 + 16 * entry].copy_from_slice(&place.concat());
        file.extend(content);
    }
    let size = (file.len() as u32).to_le_bytes();
    file[20..24].copy_from_slice(&size);
    sign(&mut file);
    file
}
