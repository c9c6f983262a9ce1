//! What became of all cases, as text.

use super::case::Case;
use super::{Outcome, Outcomes};
use pleach_host::operators::{self, Operator};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Cases that test several operators.
const SEVERAL: &str = "several";

/// Outcomes of the tests of operators and of whole networks.
#[derive(Debug)]
pub struct Report {
    /// What is in scope.
    listed: Vec<Operator>,
    /// By operator, those in scope.
    lines: BTreeMap<String, Line>,
    /// The same, out of scope.
    others: BTreeMap<String, Line>,
    /// Whole networks.
    networks: Vec<(String, Outcomes)>,
    /// What was refused in scope, and why.
    refused: Vec<String>,
    /// What was wrong, in scope or out of it, and how.
    failed: Vec<String>,
    wrong: bool,
}

/// The cases of one operator.
#[derive(Debug, Default)]
struct Line {
    cases: usize,
    passed: usize,
    /// Of them those that the accelerator's part has right, too.
    network: usize,
    refused: usize,
    failed: usize,
    /// Why the first one was refused.
    reason: String,
}

impl Line {
    fn add(&mut self, outcomes: &Outcomes) {
        self.cases += 1;
        match outcomes.together() {
            Outcome::Passed => {
                self.passed += 1;
                self.network += usize::from(outcomes.network == Outcome::Passed);
            }
            Outcome::Refused(reason) => {
                if self.refused == 0 {
                    self.reason = reason;
                }
                self.refused += 1;
            }
            Outcome::Failed(_) => self.failed += 1,
        }
    }

    fn join(&mut self, other: &Self) {
        self.cases += other.cases;
        self.passed += other.passed;
        self.network += other.network;
        self.refused += other.refused;
        self.failed += other.failed;
    }
}

impl Default for Report {
    fn default() -> Self {
        Self {
            listed: operators::all(),
            lines: BTreeMap::new(),
            others: BTreeMap::new(),
            networks: Vec::new(),
            refused: Vec::new(),
            failed: Vec::new(),
            wrong: false,
        }
    }
}

impl Report {
    /// Adds a test of an operator.
    pub fn add(&mut self, case: &Case, outcomes: &Outcomes) {
        let names: Vec<&str> = self.listed.iter().map(|operator| operator.name).collect();
        let in_scope = case.is_of(&names);
        let lines = if in_scope { &mut self.lines } else { &mut self.others };
        let subject = case.subject.as_deref().unwrap_or(SEVERAL);
        lines.entry(subject.to_owned()).or_default().add(outcomes);
        match outcomes.together() {
            Outcome::Passed => {}
            Outcome::Refused(reason) if in_scope => {
                self.refused.push(format!("{subject}: {}: {reason}", case.name));
            }
            Outcome::Refused(_) => {}
            Outcome::Failed(reason) => {
                let scope = if in_scope { "" } else { "out of scope: " };
                self.failed.push(format!("{scope}{subject}: {}: {reason}", case.name));
                self.wrong |= in_scope;
            }
        }
    }

    /// Adds a whole network, which must be right on both devices.
    pub fn add_network(&mut self, case: &Case, outcomes: Outcomes) {
        for (device, outcome) in [("cpu", &outcomes.cpu), ("in parts", &outcomes.network)] {
            if let Outcome::Failed(reason) | Outcome::Refused(reason) = outcome {
                self.failed.push(format!("{}: {device}: {reason}", case.name));
                self.wrong = true;
            }
        }
        self.networks.push((case.name.clone(), outcomes));
    }

    /// Whether nothing in scope is wrong, and all networks run.
    pub fn is_right(&self) -> bool {
        !self.wrong
    }

    /// What is out of scope, one operator a line; what was refused in scope and what was wrong, one case a line.
    pub fn details(&self) -> String {
        let others = self.others.iter().map(|(operator, line)| {
            let Line { cases, passed, refused, failed, reason, .. } = line;
            format!("out of scope: {operator}: {cases} tests, {passed} right, {refused} refused, {failed} wrong: {reason}")
        });
        let refused = self.refused.iter().map(|line| format!("refused: {line}"));
        let failed = self.failed.iter().map(|line| format!("wrong: {line}"));
        others.chain(refused).chain(failed).collect::<Vec<_>>().join("\n")
    }

    /// The tables of the documentation.
    pub fn tables(&self) -> String {
        let mut text = String::from(
            "| operator | runs | forms | tests | right | of them in parts | refused | wrong |\n\
             |---|---|---|--:|--:|--:|--:|--:|\n",
        );
        let mut total = Line::default();
        for Operator { name, place, forms } in &self.listed {
            let line = self.lines.get(*name);
            row(&mut text, &format!("{name} | {place} | {forms}"), line);
            line.into_iter().for_each(|line| total.join(line));
        }
        if let Some(several) = self.lines.get(SEVERAL) {
            row(&mut text, "several of these | | ", Some(several));
            total.join(several);
        }
        row(&mut text, "**all** | | ", Some(&total));
        let mut rest = Line::default();
        self.others.values().for_each(|line| rest.join(line));
        let is_listed =
            |name: &str| name == SEVERAL || self.listed.iter().any(|operator| operator.name == name);
        let names: Vec<&str> =
            self.others.keys().map(String::as_str).filter(|name| !is_listed(name)).collect();
        let Line { cases, passed, failed, .. } = rest;
        write!(
            text,
            "\nOut of scope are {cases} tests of other operators, of which {passed} are right on the CPU all the same, {failed} are \
             wrong and the others are refused: {}.\n",
            names.join(", ")
        )
        .expect("texts take everything");
        text += "\n| network | CPU | in parts |\n|---|---|---|\n";
        for (name, outcomes) in &self.networks {
            let word = |outcome: &Outcome| match outcome {
                Outcome::Passed => "right",
                Outcome::Failed(_) => "wrong",
                Outcome::Refused(_) => "refused",
            };
            let name = name.trim_start_matches("test_");
            writeln!(text, "| {name} | {} | {} |", word(&outcomes.cpu), word(&outcomes.network))
                .expect("texts take everything");
        }
        text
    }
}

fn row(text: &mut String, head: &str, line: Option<&Line>) {
    let figures = line.map_or_else(
        || "0 | | | | ".to_owned(),
        |line| {
            let Line { cases, passed, network, refused, failed, .. } = line;
            let figure = |count: &usize| if *count == 0 { String::new() } else { count.to_string() };
            let rest = [passed, network, refused, failed].map(figure);
            format!("{cases} | {}", rest.join(" | "))
        },
    );
    writeln!(text, "| {head} | {figures} |").expect("texts take everything");
}
