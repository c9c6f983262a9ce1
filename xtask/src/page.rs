//! Tables in pages of the documentation that a task measures.

use crate::{Failure, root};

const END: &str = "<!-- end of table -->";

/// Replaces the table of a page, which stands between a comment that names the task and one that ends it.
pub fn write_table(page: &str, task: &str, table: &str) -> Result<(), Failure> {
    let path = root().join(page);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {page}: {error}"))?;
    let begin = begin(task);
    let text = replaced(&text, &begin, table)
        .ok_or_else(|| format!("{page} must have the lines `{begin}` and `{END}`"))?;
    let draft = path.with_extension("md.new");
    std::fs::write(&draft, text).map_err(|error| format!("cannot write {page}: {error}"))?;
    std::fs::rename(&draft, &path).map_err(|error| format!("cannot write {page}: {error}"))
}

fn begin(task: &str) -> String {
    format!("<!-- table: cargo xtask {task} -->")
}

/// The page with another table.
fn replaced(page: &str, begin: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(begin)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{begin}\n\n{}\n\n{END}{after}", table.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_table_changes() {
        let begin = begin("measure");
        let page = format!("before\n{begin}\nold\n{END}\nafter\n");
        let expected = format!("before\n{begin}\n\n| new |\n\n{END}\nafter\n");
        assert_eq!(replaced(&page, &begin, "| new |\n"), Some(expected));
        assert_eq!(replaced("no table", &begin, "| new |"), None);
    }
}
