//! Takes a kernel apart: plain connections become nets, the rest stays an `always` block.
//!
//! rust-hdl translates a kernel to one `always @(*)` block with everything in it, clocks included. A clock that goes
//! through such a block is a derived clock to simulators, and slow or racy. So whatever is only a connection
//! (`instance input = signal`, written once and unconditionally, from an input of the module, an output of an instance
//! or a constant) is taken out.
//!
//! The rest becomes one block for each set of statements that write the same signals. In one block for all of them every output
//! would seem to depend on every input, and a handshake between two modules would be a loop to simulators.

use std::collections::{HashMap, HashSet};

use rust_hdl::core::ast::{
    VerilogBlock, VerilogBlockOrConditional, VerilogExpression, VerilogLink, VerilogLiteral, VerilogStatement,
};
use rust_hdl::core::verilog_gen::{verilog_combinatorial, verilog_link_extraction};

use super::module::Body;

/// What a kernel may name.
#[derive(Default)]
pub(super) struct Scope {
    /// Outputs of the module and inputs of its instances.
    pub destinations: HashSet<String>,
    /// Inputs of the module and outputs of its instances.
    pub sources: HashSet<String>,
}

/// The body of a module with this kernel.
pub(super) fn split(block: VerilogBlock, scope: &Scope) -> Body {
    let mut statements = Vec::new();
    flatten(block, &mut statements);
    let mut written = HashMap::new();
    count_writes(&statements, &mut written);
    let candidate = |statement: &VerilogStatement| {
        connection(statement).filter(|(to, _)| scope.destinations.contains(to) && written[to] == 1).filter(
            |(_, from)| match from {
                Source::Signal(name) => scope.sources.contains(name),
                Source::Constant(_) => true,
            },
        )
    };
    let (plain, rest): (Vec<_>, Vec<_>) = statements.into_iter().partition(|s| candidate(s).is_some());
    let process = text(&rest);
    let mut body = Body::default();
    let mut kept = Vec::new();
    for statement in plain {
        let (to, from) = candidate(&statement).expect("partitioned by it");
        // The process reads back what the module itself drives: it must stay a variable.
        if super::print::mentions(&process, &to) {
            kept.push(statement);
        } else {
            body.wires.push((to, from.to_string()));
        }
    }
    kept.extend(rest);
    body.text = groups(kept).iter().map(text).collect();
    body
}

/// Names of the signals written, and the statements with their positions in the kernel.
type Group = (HashSet<String>, Vec<(usize, VerilogStatement)>);

/// Statements that write the same signals, together and in their order. (A kernel reads no signal before it has written it,
/// so that the groups may follow each other in any order.)
fn groups(statements: VerilogBlock) -> Vec<VerilogBlock> {
    let mut groups: Vec<Group> = Vec::new();
    for (position, statement) in statements.into_iter().enumerate() {
        let mut targets = HashSet::new();
        name_targets(&statement, &mut targets);
        let (same, others): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|(names, _)| !names.is_disjoint(&targets));
        groups = others;
        let mut members = vec![(position, statement)];
        for (names, earlier) in same {
            targets.extend(names);
            members.extend(earlier);
        }
        members.sort_by_key(|(position, _)| *position);
        groups.push((targets, members));
    }
    groups.sort_by_key(|(_, members)| members[0].0);
    groups
        .into_iter()
        .map(|(_, members)| members.into_iter().map(|(_, statement)| statement).collect())
        .collect()
}

/// The signals that a statement writes, anywhere in it; all elements of an array count as one.
fn name_targets(statement: &VerilogStatement, names: &mut HashSet<String>) {
    let signal = match statement {
        VerilogStatement::Assignment(VerilogExpression::Signal(to), _) => Some(to.as_str()),
        VerilogStatement::SliceAssignment { base: VerilogExpression::Signal(to), .. } => Some(to.as_str()),
        VerilogStatement::Assignment(..)
        | VerilogStatement::SliceAssignment { .. }
        | VerilogStatement::Comment(_)
        | VerilogStatement::Link(_) => Some(""),
        _ => None,
    };
    if let Some(signal) = signal {
        let name = signal.trim_start_matches('.').replace('.', "$").replace("::", "$");
        let name = name.split('[').next().unwrap_or_default();
        names.insert(name.trim_end_matches("$next").to_owned());
    }
    for inner in inner_blocks(statement) {
        for statement in inner {
            name_targets(statement, names);
        }
    }
}

/// The wires of a structural module.
pub(super) fn wires(assignments: &[VerilogStatement]) -> Body {
    let wires = assignments.iter().filter_map(|statement| match statement {
        VerilogStatement::Assignment(VerilogExpression::Signal(to), VerilogExpression::Signal(from)) => {
            Some((to.clone(), from.clone()))
        }
        _ => None,
    });
    Body { wires: wires.collect(), text: String::new() }
}

enum Source {
    Signal(String),
    Constant(VerilogLiteral),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Signal(name) => f.write_str(name),
            Self::Constant(value) => value.fmt(f),
        }
    }
}

/// Opens the macros (`clock!`, `dff_setup!`), which are lists of assignments.
fn flatten(block: VerilogBlock, into: &mut VerilogBlock) {
    for statement in block {
        match statement {
            VerilogStatement::Macro(inner) => flatten(inner, into),
            other => into.push(other),
        }
    }
}

fn connection(statement: &VerilogStatement) -> Option<(String, Source)> {
    let VerilogStatement::Assignment(VerilogExpression::Signal(to), from) = statement else {
        return None;
    };
    let from = match from {
        VerilogExpression::Signal(from) => Source::Signal(plain_name(from)?),
        VerilogExpression::Literal(value) => Source::Constant(value.clone()),
        _ => return None,
    };
    Some((plain_name(to)?, from))
}

/// The Verilog name of a signal, as rust-hdl prints it; none if it depends on a loop variable.
fn plain_name(signal: &str) -> Option<String> {
    let name = signal.trim_start_matches('.').replace('.', "$").replace("::", "$");
    (!name.contains('[')).then(|| name.trim_end_matches("$next").to_owned())
}

/// How often each signal is written, anywhere.
fn count_writes(block: &[VerilogStatement], count: &mut HashMap<String, usize>) {
    for statement in block {
        let target = match statement {
            VerilogStatement::Assignment(VerilogExpression::Signal(to), _) => plain_name(to),
            VerilogStatement::SliceAssignment { base: VerilogExpression::Signal(to), .. } => plain_name(to),
            _ => None,
        };
        if let Some(name) = target {
            *count.entry(name).or_default() += 1;
        }
        for inner in inner_blocks(statement) {
            count_writes(inner, count);
        }
    }
}

fn inner_blocks(statement: &VerilogStatement) -> Vec<&[VerilogStatement]> {
    match statement {
        VerilogStatement::If(conditional) => {
            let otherwise = match &conditional.otherwise {
                VerilogBlockOrConditional::Block(block) => block.as_slice(),
                VerilogBlockOrConditional::Conditional(next) => std::slice::from_ref(next.as_ref()),
                VerilogBlockOrConditional::None => &[],
            };
            vec![&conditional.then, otherwise]
        }
        VerilogStatement::Match(choice) => choice.cases.iter().map(|case| case.block.as_slice()).collect(),
        VerilogStatement::Loop(repeated) => vec![&repeated.block],
        VerilogStatement::Macro(block) => vec![block],
        _ => Vec::new(),
    }
}

/// The `always` block of these statements, and their interface links as blocks of their own.
fn text(block: &VerilogBlock) -> String {
    let is_link = |statement: &VerilogStatement| matches!(statement, VerilogStatement::Link(_));
    let mut text = match block.iter().all(is_link) {
        true => String::new(),
        false => verilog_combinatorial(block),
    };
    for link in verilog_link_extraction(block) {
        let (to, from, field) = match &link {
            VerilogLink::Forward(l) | VerilogLink::Bidirectional(l) => {
                (&l.other_name, &l.owner_name, &l.my_name)
            }
            VerilogLink::Backward(l) => (&l.owner_name, &l.other_name, &l.my_name),
        };
        let field = if field.is_empty() { String::new() } else { format!("${field}") };
        text.push_str(&format!("always @(*) {to}{field} = {from}{field};\n"));
    }
    text
}
