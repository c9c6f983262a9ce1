//! The table of layers that people read.

use super::{LayerReport, RunReport};
use comfy_table::{CellAlignment, Table, presets};

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
pub fn layer_table(report: &RunReport) -> String {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_header(HEADER);
    for layer in &report.layers {
        table.add_row(row(layer));
    }
    let sum = |value: fn(&LayerReport) -> u64| report.layers.iter().map(value).sum::<u64>();
    table.add_row([
        "total".to_owned(),
        String::new(),
        String::new(),
        String::new(),
        thousands(sum(|l| l.macs)),
        thousands(sum(|l| l.nonzeros)),
        thousands(sum(|l| l.words)),
        thousands(report.cycles),
        thousands(sum(|l| l.fixed_cycles)),
        format!("{:.2}x", report.speedup),
        percent(report.utilisation),
    ]);
    for column in table.column_iter_mut().skip(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

fn row(layer: &LayerReport) -> [String; 11] {
    let what = [layer.name.clone(), layer.op.clone(), layer.place.to_owned(), layer.shape.clone()];
    if layer.place == "cpu" {
        // Cycles are those of the accelerator.
        let mut cells = what.into_iter().chain(std::iter::repeat_with(|| "-".to_owned()));
        return std::array::from_fn(|_| cells.next().expect("it does not end"));
    }
    let [name, op, place, shape] = what;
    [
        name,
        op,
        place,
        shape,
        thousands(layer.macs),
        thousands(layer.nonzeros),
        thousands(layer.words),
        thousands(layer.cycles),
        thousands(layer.fixed_cycles),
        format!("{:.2}x", layer.speedup),
        percent(layer.utilisation),
    ]
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Digits in groups of three.
pub fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn digits_are_grouped_in_threes() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
