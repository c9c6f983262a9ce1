//! Pages that are generated, and whether they are current.

mod markdown;
mod model_file;
mod reference;

use crate::{Failure, root};

/// A generated page: path in the workspace, and its text.
type Page = (&'static str, String);

fn pages() -> [Page; 1] {
    [("docs/src/reference.md", reference::page())]
}

/// Writes the pages.
pub fn write() -> Result<(), Failure> {
    for (path, text) in pages() {
        std::fs::write(root().join(path), text).map_err(|error| format!("cannot write {path}: {error}"))?;
        eprintln!("wrote {path}");
    }
    Ok(())
}

/// Fails if a page differs from what would be written.
pub fn check() -> Result<(), Failure> {
    for (path, text) in pages() {
        let found = std::fs::read_to_string(root().join(path)).unwrap_or_default();
        if found != text {
            let line =
                found.lines().zip(text.lines()).take_while(|(found, wanted)| found == wanted).count() + 1;
            return Err(format!("{path} is not current from line {line} on: run `cargo xtask docs`"));
        }
    }
    Ok(())
}
