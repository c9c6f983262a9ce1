//! The table of what quantization costs, layer by layer.

use crate::quantize::LayerLoss;
use crate::report::{Bars, Table};

/// A line a layer. The bars are the power of the error that each adds to the outputs.
pub(super) fn loss_table(losses: &[LayerLoss]) -> Table {
    let header = [
        "layer",
        "SQNR",
        "accumulated",
        "alone, at the output",
        "saturated",
        "worst channels",
        "recommendation",
    ];
    let mut table = Table::new(header, 1..5);
    for loss in losses {
        let worst: Vec<String> = loss.worst_channels.iter().map(usize::to_string).collect();
        table.rows.push(vec![
            loss.name.clone(),
            format!("{:.1} dB", loss.sqnr_db),
            format!("{:.1} dB", loss.accumulated_db),
            format!("{:.1} dB", loss.alone_db),
            format!("{:.2} %", 100.0 * loss.saturation),
            worst.join(", "),
            loss.recommendation.clone().unwrap_or_default(),
        ]);
    }
    table.bars = Some(Bars {
        header: "error added at the output".to_owned(),
        lengths: losses.iter().map(|loss| [power(loss.alone_db), 0.0]).collect(),
    });
    table
}

/// What people are told of a calibration that looks wrong.
pub(super) fn warning(doubt: &String) -> String {
    format!("Calibration looks wrong: {doubt}")
}

/// Power of an error by that of the signal; nothing where there is no signal.
fn power(sqnr_db: f64) -> f64 {
    Some(10.0_f64.powf(-sqnr_db / 10.0)).filter(|power| power.is_finite()).unwrap_or_default()
}
