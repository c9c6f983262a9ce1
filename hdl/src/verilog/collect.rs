//! From rust-hdl's blocks to a tree of [`Module`]s.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rust_hdl::core::ast::{VerilogBlock, VerilogExpression, VerilogLink, VerilogStatement};
use rust_hdl::core::verilog_gen::{verilog_combinatorial, verilog_link_extraction};
use rust_hdl::prelude::*;

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

#[derive(Default)]
struct Collector {
    open: Vec<Module>,
    namespace: Vec<String>,
    top: Option<Module>,
    error: Option<Error>,
}

impl Collector {
    fn path(&self) -> String {
        let names: Vec<_> = self.open.iter().map(|module| module.instance.as_str()).collect();
        names.join(".")
    }
}

impl Probe for Collector {
    fn visit_start_scope(&mut self, name: &str, node: &dyn Block) {
        self.open.push(Module {
            instance: name.to_owned(),
            kind: None,
            ports: Vec::new(),
            locals: Vec::new(),
            constants: Vec::new(),
            children: Vec::new(),
            body: Body::Empty,
            undriven: Vec::new(),
        });
        match body(node) {
            Ok((kind, body)) => {
                let module = self.open.last_mut().expect("just pushed");
                module.kind = kind;
                module.body = body;
            }
            Err(problem) => {
                let path = self.path();
                self.error.get_or_insert(match problem {
                    Problem::Unsupported(what) => Error::Unsupported { path, what },
                    Problem::Panic(message) => Error::Kernel { path, message },
                });
            }
        }
    }

    fn visit_start_namespace(&mut self, name: &str, _node: &dyn Block) {
        self.namespace.push(name.to_owned());
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        let is_top = self.open.len() == 1;
        let path = self.path();
        let Some(module) = self.open.last_mut() else {
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
        if !signal.connected() && !(is_top && is_input) {
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
                self.error.get_or_insert(Error::Unsupported {
                    path: format!("{path}.{full}"),
                    what: "a bidirectional signal",
                });
                return;
            }
        };
        module.constants.extend(states(&signal.descriptor().kind));
        module.ports.push(Port { name: full, towards, width, signed });
    }

    fn visit_end_namespace(&mut self, _name: &str, _node: &dyn Block) {
        self.namespace.pop();
    }

    fn visit_end_scope(&mut self, _name: &str, _node: &dyn Block) {
        let Some(module) = self.open.pop() else {
            return;
        };
        match self.open.last_mut() {
            Some(parent) => {
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

/// What a block calls itself, and its body.
fn body(node: &dyn Block) -> Result<(Option<String>, Body), Problem> {
    catch_unwind(AssertUnwindSafe(|| translate(node.hdl()))).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "rust-hdl cannot translate this kernel".to_owned());
        Err(Problem::Panic(message))
    })
}

fn translate(verilog: Verilog) -> Result<(Option<String>, Body), Problem> {
    match verilog {
        Verilog::Empty => Ok((None, Body::Empty)),
        Verilog::Custom(text) => Ok(match text.strip_prefix(NAME) {
            Some(named) => {
                let (name, text) = named.split_once('\n').unwrap_or((named, ""));
                (Some(name.to_owned()), Body::Text(text.to_owned()))
            }
            None => (None, Body::Text(text)),
        }),
        Verilog::Combinatorial(block) => match structure_name(&block) {
            Some(name) => Ok((Some(name), Body::Wires(wires(&block[1..])))),
            None => Ok((None, Body::Process(process(&block)))),
        },
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

fn wires(assignments: &[VerilogStatement]) -> Vec<(String, String)> {
    assignments
        .iter()
        .filter_map(|statement| match statement {
            VerilogStatement::Assignment(VerilogExpression::Signal(to), from) => {
                Some((to.clone(), net(from)))
            }
            _ => None,
        })
        .collect()
}

/// A source of a wire as Verilog.
fn net(expression: &VerilogExpression) -> String {
    match expression {
        VerilogExpression::Signal(name) => name.clone(),
        VerilogExpression::Literal(value) => value.to_string(),
        VerilogExpression::Slice(base, width, offset) => match offset.as_ref() {
            VerilogExpression::Literal(offset) => {
                let low = offset.as_usize();
                format!("{}[{}:{low}]", net(base), low + width - 1)
            }
            _ => unreachable!("netlist slices have constant offsets"),
        },
        _ => unreachable!("netlist sources are signals, slices and constants"),
    }
}

/// The `always` block of a kernel, with its interface links as further assignments.
fn process(block: &VerilogBlock) -> String {
    let mut text = verilog_combinatorial(block);
    for link in verilog_link_extraction(block) {
        let (to, from, field) = match &link {
            VerilogLink::Forward(l) => (&l.other_name, &l.owner_name, &l.my_name),
            VerilogLink::Backward(l) => (&l.owner_name, &l.other_name, &l.my_name),
            VerilogLink::Bidirectional(l) => (&l.other_name, &l.owner_name, &l.my_name),
        };
        let field = if field.is_empty() { String::new() } else { format!("${field}") };
        text.push_str(&format!("always @(*) {to}{field} = {from}{field};\n"));
    }
    text
}
