//! What `host quantize` tells: JSON for programs, tables for people.

use crate::cli::loss::loss_table;
use crate::quantize::{Codebook, LayerLoss};
use comfy_table::{Table, presets};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// All of it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    pub(super) output: PathBuf,
    pub(super) calibration_images: usize,
    pub(super) equalized_pairs: Option<usize>,
    pub(super) average_weight_bits: f64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) bits: BTreeMap<String, u8>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) codebooks: Vec<Codebook>,
    /// Nodes that are in the file as they were, and run on this computer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) float_nodes: Vec<String>,
    pub(super) test_images: usize,
    pub(super) float_accuracy: Option<f64>,
    pub(super) accuracy: Option<f64>,
    pub(super) activations_accuracy: Option<f64>,
    pub(super) doubts: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) layers: Vec<LayerLoss>,
}

impl Report {
    /// Tables and sentences on stderr.
    pub(super) fn print(&self) {
        if !self.layers.is_empty() {
            eprintln!("{}", loss_table(&self.layers));
        }
        if !self.codebooks.is_empty() {
            eprintln!("{}", codebook_table(&self.codebooks));
        }
        self.doubts.iter().for_each(|doubt| eprintln!("calibration looks wrong: {doubt}"));
        if let Some(pairs) = self.equalized_pairs {
            eprintln!("{pairs} pairs of layers were equalized");
        }
        if !self.float_nodes.is_empty() {
            eprintln!("left in float, for the CPU: {}", self.float_nodes.join(", "));
        }
        eprintln!(
            "{}: {} calibration images, {:.2} bits a weight",
            self.output.display(),
            self.calibration_images,
            self.average_weight_bits
        );
        if let (Some(float), Some(accuracy)) = (self.float_accuracy, self.accuracy) {
            eprintln!(
                "accuracy on {} images: float {float:.2} %, quantized {accuracy:.2} %",
                self.test_images
            );
        }
        if let Some(accuracy) = self.activations_accuracy {
            eprintln!("with the other activations, emulated: {accuracy:.2} %");
        }
    }
}

/// What codebooks gain over equal steps.
fn codebook_table(codebooks: &[Codebook]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_header([
        "layer",
        "codebook",
        "equal steps",
        "gain",
        "entries",
    ]);
    for codebook in codebooks {
        let entries: Vec<String> = codebook.entries.iter().map(i8::to_string).collect();
        table.add_row([
            codebook.layer.clone(),
            format!("{:.1} dB", codebook.weights_db),
            format!("{:.1} dB", codebook.equal_steps_db),
            format!("{:.1} dB", codebook.weights_db - codebook.equal_steps_db),
            entries.join(", "),
        ]);
    }
    table
}
