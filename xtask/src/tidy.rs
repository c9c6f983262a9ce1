//! The rules of the repository, as a test. Each rule is a function that lists what breaks it.

use crate::{Failure, root};
use std::path::{Path, PathBuf};

/// Longest source file. What is longer is two things.
const LONGEST_FILE: usize = 600;
/// Files that may be longer, with the reason.
const LONG_FILES: [(&str, &str); 1] =
    [("host/src/import/proto/onnx.rs", "generated from ONNX's protobuf definition, which is long")];

/// Folders that hold no sources of ours.
const SKIPPED: [&str; 6] = ["target", ".git", ".venv", "__pycache__", "node_modules", "book"];
/// Kinds of files that are read as text.
const TEXTS: [&str; 14] =
    ["rs", "toml", "md", "py", "sh", "v", "sv", "cpp", "h", "tcl", "xdc", "lpf", "vlt", "yml"];

/// What each crate may depend on of the others; `docs` of the reasons: ARCHITECTURE.md.
const MAY_USE: [(&str, &[&str]); 6] = [
    ("spec", &[]),
    ("hdl", &["pleach-spec"]),
    ("sim", &["pleach-spec", "pleach-hdl"]),
    ("host", &["pleach-spec", "pleach-sim"]),
    ("tests", &["pleach-spec", "pleach-hdl", "pleach-sim", "pleach-host"]),
    ("xtask", &["pleach-spec"]),
];
/// Crates from outside that stay behind one of ours.
const BEHIND: [(&str, &str); 2] = [("rust-hdl", "hdl"), ("libloading", "sim")];

/// A rule: what breaks it, one line each.
type Rule = fn(&[File]) -> Vec<String>;

/// A text file: path from the workspace, contents.
struct File {
    path: String,
    text: String,
}

/// Checks all rules.
pub fn run() -> Result<(), Failure> {
    let mut files = Vec::new();
    collect(&root(), &mut files).map_err(|error| format!("cannot read the sources: {error}"))?;
    let rules: [(&str, Rule); 7] = [
        ("no leftovers", leftovers),
        ("no paths of one machine", machine_paths),
        ("short files", long_files),
        ("crates open with their documentation", crate_docs),
        ("crates know only what they may", dependencies),
        ("every dependency has its reason in docs/src/dependencies.md", dependency_reasons),
        ("links lead somewhere, and every page is in the summary", links),
    ];
    let broken: Vec<String> = rules
        .iter()
        .flat_map(|(name, rule)| rule(&files).into_iter().map(move |problem| format!("{problem} ({name})")))
        .collect();
    match broken.is_empty() {
        true => Ok(()),
        false => Err(format!("{} rules are broken:\n  {}", broken.len(), broken.join("\n  "))),
    }
}

fn collect(folder: &Path, files: &mut Vec<File>) -> std::io::Result<()> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if !SKIPPED.contains(&&*name) {
                collect(&path, files)?;
            }
        } else if path.extension().is_some_and(|e| TEXTS.iter().any(|text| e == *text)) {
            let inside = path.strip_prefix(root()).unwrap_or(&path);
            files.push(File { path: inside.display().to_string(), text: std::fs::read_to_string(&path)? });
        }
    }
    Ok(())
}

/// `file:line: what` for every line with one of the words. The words are spelled so that this file does not break the rule.
fn lines_with(files: &[File], words: &[&str], applies: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| applies(&file.path)) {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                found.push(format!("{}:{}: `{word}`", file.path, number + 1));
            }
        }
    }
    found
}

fn leftovers(files: &[File]) -> Vec<String> {
    let notes = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let calls = [concat!("dbg", "!("), concat!("todo", "!("), concat!("unimplemented", "!(")];
    let conflicts = [concat!("<<<<", "<<< "), concat!(">>>>", ">>> ")];
    let mut found = lines_with(files, &[notes, conflicts].concat(), |_| true);
    found.extend(lines_with(files, &calls, |path| path.ends_with(".rs")));
    found
}

fn machine_paths(files: &[File]) -> Vec<String> {
    let homes = [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];
    lines_with(files, &homes, |_| true)
}

fn long_files(files: &[File]) -> Vec<String> {
    let source = |file: &&File| file.path.ends_with(".rs") && file.path.contains("/src/");
    let excepted = |file: &File| LONG_FILES.iter().any(|(path, _)| *path == file.path);
    let long = files.iter().filter(source).filter(|file| !excepted(file));
    long.map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(file, lines)| format!("{} has {lines} lines, more than {LONGEST_FILE}", file.path))
        .collect()
}

fn crate_docs(files: &[File]) -> Vec<String> {
    let is_crate = |path: &str| path.ends_with("src/lib.rs") || path.ends_with("src/main.rs");
    let silent = files.iter().filter(|file| is_crate(&file.path) && !file.text.starts_with("//! "));
    silent.map(|file| format!("{} does not open with `//!`", file.path)).collect()
}

/// Names of the dependencies of a crate's manifest, those of tests included.
fn dependency_names(files: &[File], folder: &str) -> Vec<String> {
    let manifest = files.iter().find(|file| file.path == format!("{folder}/Cargo.toml"));
    let parsed: toml::Table = manifest.and_then(|file| file.text.parse().ok()).unwrap_or_default();
    let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
    let names = tables.iter().filter_map(|table| parsed.get(*table)?.as_table());
    names.flat_map(|table| table.keys().cloned()).collect()
}

fn dependencies(files: &[File]) -> Vec<String> {
    let mut broken = Vec::new();
    for (folder, may_use) in MAY_USE {
        for name in dependency_names(files, folder) {
            let ours = name.starts_with("pleach-") && !may_use.contains(&name.as_str());
            let behind = BEHIND.iter().any(|(hidden, owner)| *hidden == name && *owner != folder);
            if ours || behind {
                broken.push(format!("{folder} must not depend on {name}"));
            }
        }
    }
    broken
}

fn dependency_reasons(files: &[File]) -> Vec<String> {
    let page = files.iter().find(|file| file.path == "docs/src/dependencies.md");
    let page = page.map_or("", |file| &file.text);
    let mut names: Vec<String> =
        MAY_USE.iter().flat_map(|(folder, _)| dependency_names(files, folder)).collect();
    names.sort();
    names.dedup();
    let unexplained = |name: &String| !name.starts_with("pleach-") && !page.contains(&format!("`{name}`"));
    names.into_iter().filter(unexplained).map(|name| format!("{name} is not explained")).collect()
}

fn links(files: &[File]) -> Vec<String> {
    let mut broken = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        let folder = root().join(&file.path).parent().map(Path::to_owned).unwrap_or_default();
        for target in file.text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next()) {
            let path = target.split('#').next().unwrap_or_default();
            let outside = target.contains("://") || target.starts_with("mailto:") || path.is_empty();
            if !outside && !folder.join(path).exists() {
                broken.push(format!("{}: `{target}` is not there", file.path));
            }
        }
    }
    let summary = files.iter().find(|file| file.path == "docs/src/SUMMARY.md").map_or("", |file| &file.text);
    for file in files {
        let page = file.path.strip_prefix("docs/src/").filter(|page| page.ends_with(".md"));
        if let Some(page) =
            page.filter(|page| *page != "SUMMARY.md" && !summary.contains(&format!("({page})")))
        {
            broken.push(format!("docs/src/{page} is not in the summary"));
        }
    }
    broken
}
