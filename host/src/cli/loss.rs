//! The table of what quantization costs, layer by layer.

use crate::quantize::LayerLoss;
use comfy_table::{Table, presets};

/// A line a layer.
pub(super) fn loss_table(losses: &[LayerLoss]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_header([
        "layer",
        "SQNR",
        "accumulated",
        "alone, at the output",
        "saturated",
        "worst channels",
        "recommendation",
    ]);
    for loss in losses {
        let worst: Vec<String> = loss.worst_channels.iter().map(usize::to_string).collect();
        table.add_row([
            loss.name.clone(),
            format!("{:.1} dB", loss.sqnr_db),
            format!("{:.1} dB", loss.accumulated_db),
            format!("{:.1} dB", loss.alone_db),
            format!("{:.2} %", 100.0 * loss.saturation),
            worst.join(", "),
            loss.recommendation.clone().unwrap_or_default(),
        ]);
    }
    table
}
