//! Checks before anything is printed, as errors with paths.

use std::collections::HashSet;

use rust_hdl::core::check_error::{CheckError, PathedName};
use rust_hdl::core::check_logic_loops::check_logic_loops;
use rust_hdl::core::check_write_inputs::check_inputs_not_written;
use rust_hdl::prelude::*;

use super::Error;
use super::module::Module;

/// Checks `top`, whose tree is `tree` and whose name is `name`.
pub(super) fn check(top: &dyn Block, tree: &Module, name: &str) -> Result<(), Error> {
    let mut undriven = Vec::new();
    let mut driven_twice = Vec::new();
    inspect(tree, name, &mut undriven, &mut driven_twice);
    if !undriven.is_empty() {
        return Err(Error::Undriven(undriven));
    }
    if !driven_twice.is_empty() {
        return Err(Error::DrivenTwice(driven_twice));
    }
    check_logic_loops(top).and_then(|()| check_inputs_not_written(top)).map_err(|error| match error {
        CheckError::LogicLoops(list) => Error::Loop(paths(&list, name)),
        CheckError::WritesToInputs(list) => Error::WritesInput(paths(&list, name)),
        CheckError::OpenSignal(map) => {
            let mut list: Vec<_> = map.into_values().collect();
            list.sort_by(|a, b| (&a.path, &a.name).cmp(&(&b.path, &b.name)));
            Error::Undriven(paths(&list, name))
        }
    })
}

fn inspect(module: &Module, path: &str, undriven: &mut Vec<String>, twice: &mut Vec<String>) {
    undriven.extend(module.undriven.iter().cloned());
    let mut seen = HashSet::new();
    let again = module.body.wires.iter().filter(|(to, _)| !seen.insert(to));
    twice.extend(again.map(|(to, _)| format!("{path}.{to}")));
    for child in &module.children {
        inspect(child, &format!("{path}.{}", child.instance), undriven, twice);
    }
}

/// rust-hdl calls the top `uut` and separates the names of a path by `$`, as it does those of a `Vec`.
fn paths(list: &[PathedName], name: &str) -> Vec<String> {
    list.iter().map(|at| format!("{name}{}.{}", at.path.trim_start_matches("uut"), at.name)).collect()
}
