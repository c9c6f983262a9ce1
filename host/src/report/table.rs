//! One table, as text for a terminal and as part of a page.

use comfy_table::{CellAlignment, presets};
use std::fmt;
use std::ops::Range;

/// Rows of text below a header, all of the same length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Names of the columns.
    pub header: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
    /// Columns that hold numbers.
    pub numbers: Range<usize>,
    /// What a page shows beside the rows.
    pub bars: Option<Bars>,
}

/// A bar beside each row of a table: a dark part, and a light one behind it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    /// What the lengths are.
    pub header: String,
    /// Lengths of dark and light part of each row, in one unit. A row without one has no bar.
    pub lengths: Vec<[f64; 2]>,
}

impl Table {
    /// A table without rows.
    pub fn new<S: Into<String>>(header: impl IntoIterator<Item = S>, numbers: Range<usize>) -> Self {
        let header = header.into_iter().map(Into::into).collect();
        Self { header, rows: Vec::new(), numbers, bars: None }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = comfy_table::Table::new();
        table.load_preset(presets::ASCII_MARKDOWN).set_header(&self.header).add_rows(&self.rows);
        for column in table.column_iter_mut().skip(self.numbers.start).take(self.numbers.len()) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table.fmt(formatter)
    }
}

/// A share of 0 to 1 in percent.
pub fn percent(share: f64) -> String {
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
