//! Markdown from tables.

/// A table: the head and the rows.
pub fn table<const COLUMNS: usize>(
    head: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(head.map(str::to_owned).to_vec());
    text += &line(vec!["---".to_owned(); COLUMNS]);
    for row in rows {
        text += &line(row.map(|cell| cell.replace('|', "\\|")).to_vec());
    }
    text + "\n"
}

/// Code in a sentence or cell.
pub fn code(text: impl std::fmt::Display) -> String {
    format!("`{text}`")
}
