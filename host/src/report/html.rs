//! A report as one HTML file: no script, nothing to load, tables with bars.

use super::table::{Bars, Table};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// What one file tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// What it is about.
    pub title: String,
    /// Key figures, each with its name.
    pub facts: Vec<(String, String)>,
    /// What the reader should not miss.
    pub warnings: Vec<String>,
    /// Tables, each below its heading.
    pub tables: Vec<(String, Table)>,
}

impl Page {
    /// A page with nothing but a title.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Adds a key figure.
    pub fn fact(&mut self, name: &str, value: impl Into<String>) {
        self.facts.push((name.to_owned(), value.into()));
    }

    /// Adds a table, unless it has no rows.
    pub fn table(&mut self, heading: &str, table: Table) {
        if !table.rows.is_empty() {
            self.tables.push((heading.to_owned(), table));
        }
    }

    /// The file's text.
    pub fn to_html(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) }
                    style { (PreEscaped(include_str!("html.css"))) }
                }
                body {
                    h1 { (self.title) }
                    dl {
                        @for (name, value) in &self.facts { div { dt { (name) } dd { (value) } } }
                    }
                    @for warning in &self.warnings { p.warning { (warning) } }
                    @for (heading, table) in &self.tables {
                        h2 { (heading) }
                        div.wide { (rows(table)) }
                    }
                }
            }
        };
        page.into_string()
    }
}

fn rows(table: &Table) -> Markup {
    let class = |column: usize| table.numbers.contains(&column).then_some("number");
    html! {
        table {
            thead {
                tr {
                    @for (column, name) in table.header.iter().enumerate() { th class=[class(column)] { (name) } }
                    @if let Some(bars) = &table.bars { th { (bars.header) } }
                }
            }
            tbody {
                @for (index, row) in table.rows.iter().enumerate() {
                    tr {
                        @for (column, cell) in row.iter().enumerate() { td class=[class(column)] { (cell) } }
                        @if let Some(bars) = &table.bars { td.bar { (bar(bars, index)) } }
                    }
                }
            }
        }
    }
}

/// The bar of a row; the longest one of the table fills its column.
fn bar(bars: &Bars, row: usize) -> Markup {
    let longest = bars.lengths.iter().map(|[dark, light]| dark + light).fold(0.0, f64::max);
    let parts = bars.lengths.get(row).filter(|_| longest > 0.0);
    html! {
        @for part in parts.into_iter().flatten() { span style={ "width:" (format!("{:.2}", 100.0 * part / longest)) "%" } {} }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_files_cannot_leave_their_cells() {
        let mut table = Table::new(["layer", "cycles"], 1..2);
        table.rows.push(vec!["<script>".to_owned(), "5".to_owned()]);
        let mut page = Page::new("a & b");
        page.fact("cycles", "5");
        page.table("Layers", table);
        let html = page.to_html();
        assert!(html.contains("<td>&lt;script&gt;</td><td class=\"number\">5</td>"), "{html}");
        assert!(html.contains("<title>a &amp; b</title>"), "{html}");
    }

    #[test]
    fn the_longest_bar_fills_its_column() {
        let bars = Bars { header: "cycles".to_owned(), lengths: vec![[30.0, 10.0], [5.0, 5.0]] };
        assert_eq!(
            bar(&bars, 0).into_string(),
            "<span style=\"width:75.00%\"></span><span style=\"width:25.00%\"></span>"
        );
        assert!(bar(&bars, 1).into_string().contains("12.50%"));
        assert_eq!(bar(&bars, 2).into_string(), "");
    }

    #[test]
    fn tables_without_rows_are_left_out() {
        let mut page = Page::new("x");
        page.table("Nothing", Table::new(["a"], 0..0));
        assert!(page.tables.is_empty());
    }
}
