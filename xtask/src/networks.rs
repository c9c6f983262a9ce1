//! `cargo xtask networks` and `bench-networks`: the networks of the zoo at full size.

use crate::process::{self, cargo};
use crate::{Failure, root};
use std::process::Command;

/// Page of the documentation that has the table.
const PAGE: &str = "docs/src/networks.md";
/// Lines of the page between which the table is.
const BEGIN: &str = "<!-- table: cargo xtask bench-networks -->";
const END: &str = "<!-- end of table -->";

/// Runs them all, and compares with golden.
pub fn run() -> Result<(), Failure> {
    process::run(&mut program("networks"))
}

/// Measures them all, and writes the table.
pub fn bench() -> Result<(), Failure> {
    let table = process::output_with_errors(&mut program("bench_networks"))?;
    let path = root().join(PAGE);
    let page = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {PAGE}: {error}"))?;
    let page = replaced(&page, &table).ok_or(format!("{PAGE} must have the lines `{BEGIN}` and `{END}`"))?;
    let draft = path.with_extension("md.new");
    std::fs::write(&draft, page).map_err(|error| format!("cannot write {PAGE}: {error}"))?;
    std::fs::rename(&draft, &path).map_err(|error| format!("cannot write {PAGE}: {error}"))
}

fn program(name: &str) -> Command {
    let mut command = cargo();
    command.args(["run", "--release", "--package", "pleach-tests", "--bin", name]);
    command
}

/// The page with another table.
fn replaced(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", table.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_table_changes() {
        let page = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let expected = format!("before\n{BEGIN}\n\n| new |\n\n{END}\nafter\n");
        assert_eq!(replaced(&page, "| new |\n"), Some(expected));
        assert_eq!(replaced("no table", "| new |"), None);
    }
}
