//! From rust-hdl's blocks to a tree of [`Module`]s.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rust_hdl::core::ast::{VerilogBlock, VerilogStatement};
use rust_hdl::prelude::*;

use super::kernel::{self, Scope};
use super::module::{Body, Module, Net, Port, Towards};
use super::{Error, NAME};

/// The tree of `top`, whose instance is called `name`.
pub(super) fn collect(top: &dyn Block, name: &str) -> Result<Module, Error> {
    let mut collector = Collector::default();
    top.accept(name, &mut collector);
    match (collector.error, collector.top) {
        (Some(error), _) => Err(error),
        (None, Some(module)) => Ok(module),
        (None, None) => Err(Error::Unsupported { path: name.to_owned(), what: "a top that is not a module" }),
    }
}

/// A module whose end has not been seen.
struct Open {
    module: Module,
    code: Code,
}

/// What a block hands over as its Verilog.
enum Code {
    Body(Body),
    /// To be split once the module's signals are known.
    Kernel(VerilogBlock),
}

#[derive(Default)]
struct Collector {
    open: Vec<Open>,
    namespace: Vec<String>,
    top: Option<Module>,
    error: Option<Error>,
}

impl Collector {
    fn path(&self) -> String {
        let names: Vec<_> = self.open.iter().map(|open| open.module.instance.as_str()).collect();
        names.join(".")
    }

    /// Keeps the first problem, met at `name` in the module that is open.
    fn fail(&mut self, name: &str, problem: Problem) {
        let path = self.path();
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        self.error.get_or_insert(match problem {
            Problem::Unsupported(what) => Error::Unsupported { path, what },
            Problem::Panic(message) => Error::Kernel { path, message },
        });
    }
}

impl Probe for Collector {
    fn visit_start_scope(&mut self, name: &str, node: &dyn Block) {
        let (kind, code) = guarded(|| translate(node.hdl())).unwrap_or_else(|problem| {
            self.fail(name, problem);
            (None, Code::Body(Body::default()))
        });
        let module = Module {
            instance: name.to_owned(),
            kind,
            ports: Vec::new(),
            locals: Vec::new(),
            constants: Vec::new(),
            children: Vec::new(),
            body: Body::default(),
            undriven: Vec::new(),
        };
        self.open.push(Open { module, code });
    }

    fn visit_start_namespace(&mut self, name: &str, _node: &dyn Block) {
        self.namespace.push(name.to_owned());
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        let is_top = self.open.len() == 1;
        let path = self.path();
        let Some(Open { module, .. }) = self.open.last_mut() else {
            return;
        };
        let mut full = self.namespace.join("$");
        if !full.is_empty() {
            full.push('$');
        }
        full.push_str(name);
        let signed = matches!(signal.descriptor().kind, TypeKind::Signed(_));
        let width = signal.bits();
        let is_input = signal.kind() == AtomKind::InputParameter;
        let driven_from_outside = is_top && is_input;
        if !signal.connected() && !driven_from_outside {
            module.undriven.push(format!("{path}.{full}"));
        }
        let towards = match signal.kind() {
            AtomKind::InputParameter => Towards::Inside,
            AtomKind::OutputParameter => Towards::Outside,
            AtomKind::Constant => {
                module.constants.push((full, signal.verilog().to_string()));
                return;
            }
            AtomKind::LocalSignal => {
                module.constants.extend(states(&signal.descriptor().kind));
                module.locals.push(Net { name: full, width, signed });
                return;
            }
            _ => {
                self.fail(&full, Problem::Unsupported("a bidirectional signal"));
                return;
            }
        };
        module.constants.extend(states(&signal.descriptor().kind));
        module.ports.push(Port { name: full, towards, width, signed });
    }

    fn visit_end_namespace(&mut self, _name: &str, _node: &dyn Block) {
        self.namespace.pop();
    }

    fn visit_end_scope(&mut self, name: &str, _node: &dyn Block) {
        let Some(Open { mut module, code }) = self.open.pop() else {
            return;
        };
        match code {
            Code::Body(body) => module.body = body,
            Code::Kernel(block) => match guarded(|| Ok(kernel::split(block, &scope(&module)))) {
                Ok(body) => module.body = body,
                Err(problem) => self.fail(name, problem),
            },
        }
        match self.open.last_mut() {
            Some(Open { module: parent, .. }) => {
                // A kernel may name the states of a register it contains.
                parent
                    .constants
                    .extend(module.constants.iter().filter(|(name, _)| name.contains('$')).cloned());
                parent.children.push(module);
            }
            None => self.top = Some(module),
        }
    }
}

/// What a kernel in `module` may connect.
fn scope(module: &Module) -> Scope {
    let mut scope = Scope::default();
    for port in &module.ports {
        match port.towards {
            Towards::Inside => scope.sources.insert(port.name.clone()),
            Towards::Outside => scope.destinations.insert(port.name.clone()),
        };
    }
    for (name, port) in module.instance_ports() {
        match port.towards {
            Towards::Inside => scope.destinations.insert(name),
            Towards::Outside => scope.sources.insert(name),
        };
    }
    scope
}

/// The states of an enumeration as constants: `State$Idle`.
fn states(kind: &TypeKind) -> Vec<(String, String)> {
    match kind {
        TypeKind::Enum(names) => {
            let width = clog2(names.len());
            names
                .iter()
                .enumerate()
                .map(|(value, name)| (name.replace("::", "$"), format!("{width}'d{value}")))
                .collect()
        }
        TypeKind::Composite(fields) => fields.iter().flat_map(|field| states(&field.kind.kind)).collect(),
        TypeKind::Bits(_) | TypeKind::Signed(_) => Vec::new(),
    }
}

enum Problem {
    Unsupported(&'static str),
    Panic(String),
}

/// Turns a panic of rust-hdl into a problem.
fn guarded<T>(task: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(task)).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "rust-hdl cannot translate this kernel".to_owned());
        Err(Problem::Panic(message))
    })
}

/// What a block calls itself, if it does, and its code.
fn translate(verilog: Verilog) -> Result<(Option<String>, Code), Problem> {
    match verilog {
        Verilog::Empty => Ok((None, Code::Body(Body::default()))),
        Verilog::Custom(text) => {
            let (name, text) = match text.strip_prefix(NAME).and_then(|named| named.split_once('\n')) {
                Some((name, text)) => (Some(name.to_owned()), text.to_owned()),
                None => (None, text),
            };
            Ok((name, Code::Body(Body { wires: Vec::new(), text })))
        }
        Verilog::Combinatorial(block) => Ok(match structure_name(&block) {
            Some(name) => (Some(name), Code::Body(kernel::wires(&block[1..]))),
            None => (None, Code::Kernel(block)),
        }),
        Verilog::Blackbox(_) => Err(Problem::Unsupported("a black box")),
        Verilog::Wrapper(_) => Err(Problem::Unsupported("a wrapper")),
    }
}

fn structure_name(block: &VerilogBlock) -> Option<String> {
    match block.first() {
        Some(VerilogStatement::Comment(text)) => text.strip_prefix(NAME).map(str::to_owned),
        _ => None,
    }
}
