//! What `host quantize` tells: JSON for programs, tables for people.

use crate::cli::loss::{loss_table, warning};
use crate::quantize::{Codebook, LayerLoss};
use crate::report::{Page, Table};
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
        self.doubts.iter().for_each(|doubt| eprintln!("{}", warning(doubt)));
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

    /// The same as a page.
    pub(super) fn page(&self, title: &str) -> Page {
        let mut page = Page::new(title);
        page.fact("written to", self.output.display().to_string());
        page.fact("calibration images", self.calibration_images.to_string());
        page.fact("bits a weight, on average", format!("{:.2}", self.average_weight_bits));
        if let Some(pairs) = self.equalized_pairs {
            page.fact("pairs of layers equalized", pairs.to_string());
        }
        let accuracies = [
            ("float", self.float_accuracy),
            ("quantized", self.accuracy),
            ("with the other activations", self.activations_accuracy),
        ];
        for (name, share) in accuracies.into_iter().filter_map(|(name, share)| Some((name, share?))) {
            let images = self.test_images;
            page.fact(&format!("accuracy on {images} images, {name}"), format!("{share:.2} %"));
        }
        page.warnings.extend(self.doubts.iter().map(warning));
        page.table("What quantization costs", loss_table(&self.layers));
        page.table("Codebooks", codebook_table(&self.codebooks));
        let mut float = Table::new(["left in float, for the CPU"], 0..0);
        float.rows.extend(self.float_nodes.iter().map(|node| vec![node.clone()]));
        page.table("Nodes that are not quantized", float);
        page
    }
}

/// What codebooks gain over equal steps.
fn codebook_table(codebooks: &[Codebook]) -> Table {
    let mut table = Table::new(["layer", "codebook", "equal steps", "gain", "entries"], 1..4);
    for codebook in codebooks {
        let entries: Vec<String> = codebook.entries.iter().map(i8::to_string).collect();
        table.rows.push(vec![
            codebook.layer.clone(),
            format!("{:.1} dB", codebook.weights_db),
            format!("{:.1} dB", codebook.equal_steps_db),
            format!("{:.1} dB", codebook.weights_db - codebook.equal_steps_db),
            entries.join(", "),
        ]);
    }
    table
}
