//! The documentation has every operator in the list, as the list has it.

use pleach_host::operators::{self, Operator};
use std::path::Path;

#[test]
fn the_page_is_that_of_the_list() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/operators.md");
    let page = std::fs::read_to_string(page).unwrap();
    for Operator { name, place, forms } in operators::all() {
        let row = format!("| {name} | {place} | {forms} |");
        assert!(page.contains(&row), "{row}: run `cargo xtask conformance onnx`");
    }
}
