//! The ONNX project's operator tests and light models: `cargo xtask conformance onnx`.
//!
//! usage: `onnx_conformance FOLDER [NAME]`. The folder is what `tests/conformance/onnx/export.py` wrote; with a name only cases run
//! that have it in theirs. The tables go to `FOLDER/report.md`, every outcome to `FOLDER/outcomes.tsv`.

use pleach_tests::onnx::{self, Cases, Outcome, Report};
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("usage: onnx_conformance FOLDER [NAME]"));
    let name = arguments.next().unwrap_or_default();
    let cases = Cases::read(&folder).expect("exported cases");
    // A panic is an outcome, and told as one.
    std::panic::set_hook(Box::new(|_| ()));
    let (mut report, mut outcomes_text) = (Report::default(), String::new());
    let is_chosen = |case: &&onnx::Case| case.name.contains(&name);
    let kinds = [("node", &cases.node), ("light", &cases.light)];
    for (kind, case) in kinds.iter().flat_map(|(kind, cases)| cases.iter().map(move |case| (kind, case))) {
        if !is_chosen(&case) {
            continue;
        }
        let outcomes = onnx::run(&folder.join(kind).join(&case.name), case);
        let [cpu, network] = [&outcomes.cpu, &outcomes.network].map(word);
        let subject = case.subject.as_deref().unwrap_or_default();
        outcomes_text += &format!("{}\t{subject}\t{cpu}\t{network}\n", case.name);
        match *kind {
            "light" => report.add_network(case, outcomes),
            _ => report.add(case, &outcomes),
        }
    }
    for (file, text) in [("report.md", report.tables()), ("outcomes.tsv", outcomes_text)] {
        std::fs::write(folder.join(file), text).expect("the folder can be written to");
    }
    println!("{}\n{}", report.details(), report.tables());
    if report.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn word(outcome: &Outcome) -> String {
    let text = match outcome {
        Outcome::Passed => "right".to_owned(),
        Outcome::Failed(reason) => format!("wrong: {reason}"),
        Outcome::Refused(reason) => format!("refused: {reason}"),
    };
    text.replace(['\n', '\t'], " ")
}
