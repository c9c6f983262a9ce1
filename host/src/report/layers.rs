//! The layers of a run as a table.

use super::table::{Bars, Table, percent, thousands};
use super::{LayerReport, RunReport};

const HEADER: [&str; 11] = [
    "layer",
    "op",
    "where",
    "output",
    "MACs",
    "non-zeros",
    "words",
    "cycles",
    "no word",
    "speed-up",
    "utilisation",
];

/// Layers, totals, and in which layers cycles go by without a word.
pub fn layer_table(report: &RunReport) -> Table {
    let mut table = Table::new(HEADER, 4..HEADER.len());
    table.rows.extend(report.layers.iter().map(row));
    let sum = |value: fn(&LayerReport) -> u64| report.layers.iter().map(value).sum::<u64>();
    let [none, total] = [String::new(), "total".to_owned()];
    table.rows.push(vec![
        total,
        none.clone(),
        none.clone(),
        none,
        thousands(sum(|l| l.macs)),
        thousands(sum(|l| l.nonzeros)),
        thousands(sum(|l| l.words)),
        thousands(report.cycles),
        thousands(sum(|l| l.fixed_cycles)),
        format!("{:.2}x", report.speedup),
        percent(report.utilisation),
    ]);
    let lengths = |layer: &LayerReport| {
        let words = layer.cycles - layer.fixed_cycles.min(layer.cycles);
        [words, layer.fixed_cycles].map(|cycles| cycles as f64)
    };
    table.bars = Some(Bars {
        header: "cycles: with a word, and without".to_owned(),
        lengths: report.layers.iter().map(lengths).collect(),
    });
    table
}

fn row(layer: &LayerReport) -> Vec<String> {
    let mut cells = vec![layer.name.clone(), layer.op.clone(), layer.place.to_owned(), layer.shape.clone()];
    if layer.place == "cpu" {
        // Cycles are those of the accelerator.
        cells.resize(HEADER.len(), "-".to_owned());
        return cells;
    }
    cells.extend([layer.macs, layer.nonzeros, layer.words, layer.cycles, layer.fixed_cycles].map(thousands));
    cells.extend([format!("{:.2}x", layer.speedup), percent(layer.utilisation)]);
    cells
}
