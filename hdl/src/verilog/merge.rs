//! One module for all instances that are alike, and a name for each.

use std::collections::{HashMap, HashSet};

use super::module::Module;
use super::print;

/// Prefix of all modules but the top.
const PREFIX: &str = "pleach_";

/// The text of each distinct module, children before parents.
pub(super) fn merge(tree: Module, top: &str) -> Vec<String> {
    let mut merger = Merger::default();
    merger.taken.insert(top.to_owned());
    let body = merger.body(&tree);
    merger.texts.push(print::module(top, &body));
    merger.texts
}

#[derive(Default)]
struct Merger {
    /// Name of the module for each body seen.
    names: HashMap<String, String>,
    taken: HashSet<String>,
    texts: Vec<String>,
}

impl Merger {
    /// The text of `module` after its name, with its children's names settled.
    fn body(&mut self, module: &Module) -> String {
        let kinds: Vec<String> = module.children.iter().map(|child| self.name(child)).collect();
        print::body(module, &kinds)
    }

    fn name(&mut self, module: &Module) -> String {
        let body = self.body(module);
        // Equal text under different names happens with leaves (a one-deep delay is a register): keep both names, they
        // are what a reader looks for.
        let kind = module.kind.clone().unwrap_or_else(|| field_of(&module.instance));
        let key = match &module.kind {
            Some(kind) => format!("{kind}\n{body}"),
            None => body.clone(),
        };
        if let Some(name) = self.names.get(&key) {
            return name.clone();
        }
        let name = self.free_name(&format!("{PREFIX}{kind}"));
        self.texts.push(print::module(&name, &body));
        self.names.insert(key, name.clone());
        name
    }

    fn free_name(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut count = 1;
        while !self.taken.insert(name.clone()) {
            count += 1;
            name = format!("{wanted}_{count}");
        }
        name
    }
}

/// The field an instance lives in: `pe$3$5` gives `pe`.
fn field_of(instance: &str) -> String {
    instance.split('$').next().unwrap_or(instance).to_owned()
}
