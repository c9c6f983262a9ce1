//! Quantized models against ONNX Runtime, many in one process: `cargo xtask conformance ort`.
//!
//! usage: `ort_conformance FOLDER [--rtl]`. The folder is what `tests/conformance/ort/generate.py` wrote.

use miette::IntoDiagnostic;
use ndarray::ArrayD;
use ndarray_npy::read_npy;
use pleach_host::cli::tensors;
use pleach_host::device::{Kind, Runner};
use pleach_host::interface::{Element, Interface, Values};
use pleach_host::pipeline::{Options, compile_quantized};
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Of the cases that are small, every so many runs in RTL.
const RTL_SHARE: usize = 12;

/// One line of `cases.json`.
#[derive(Deserialize)]
struct Case {
    name: String,
    operator: String,
    inputs: Vec<String>,
    outputs: Vec<String>,
}

/// What became of a case.
enum Outcome {
    /// Elements that are ONNX Runtime's; of them those for which its two readings differ.
    Compared(Count),
    Refused(String),
}

#[derive(Clone, Copy, Default)]
struct Count {
    elements: usize,
    /// Neither reading.
    wrong: usize,
    /// Readings that differ.
    split: usize,
    /// Of these, how often the accelerator has the optimized one, and the plain one.
    optimized: usize,
    plain: usize,
    /// Cases with layers that were computed again on the CPU, and elements that the accelerator itself had wrong.
    cpu: usize,
    accelerator: usize,
}

/// The cases of one operator.
#[derive(Default)]
struct Line {
    identical: usize,
    differs: usize,
    refused: usize,
    rtl: usize,
    count: Count,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("usage: ort_conformance FOLDER [--rtl]"));
    let with_rtl = arguments.next().is_some();
    let text = std::fs::read_to_string(folder.join("cases.json")).expect("generated cases");
    let cases: Vec<Case> = serde_json::from_str(&text).expect("a list of cases");
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    for (index, case) in cases.iter().enumerate() {
        let rtl = with_rtl && index % RTL_SHARE == 0;
        let line = lines.entry(case.operator.clone()).or_default();
        match run(&folder.join(&case.name), case, rtl) {
            Outcome::Compared(count) => {
                line.count.add(count);
                line.rtl += usize::from(rtl);
                if count.wrong == 0 {
                    line.identical += 1;
                } else {
                    line.differs += 1;
                    println!("{}: {} of {} elements differ", case.name, count.wrong, count.elements);
                }
            }
            Outcome::Refused(reason) => {
                line.refused += 1;
                println!("{}: refused: {reason}", case.name);
            }
        }
    }
    print(&lines)
}

impl Count {
    fn add(&mut self, other: Self) {
        self.elements += other.elements;
        self.wrong += other.wrong;
        self.split += other.split;
        self.optimized += other.optimized;
        self.plain += other.plain;
        self.cpu += other.cpu;
        self.accelerator += other.accelerator;
    }
}

fn print(lines: &BTreeMap<String, Line>) -> ExitCode {
    println!(
        "{:26} {:>9} {:>7} {:>7} {:>4} {:>9} {:>6} {:>9} {:>9} {:>6} {:>5} {:>11}",
        "operator",
        "identical",
        "differs",
        "refused",
        "rtl",
        "elements",
        "wrong",
        "ambiguous",
        "optimized",
        "plain",
        "cpu",
        "accelerator"
    );
    let mut total = Line::default();
    for (operator, line) in lines {
        print_line(operator, line);
        total.identical += line.identical;
        total.differs += line.differs;
        total.refused += line.refused;
        total.rtl += line.rtl;
        total.count.add(line.count);
    }
    print_line("all", &total);
    if total.differs + total.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_line(operator: &str, line: &Line) {
    let Line { identical, differs, refused, rtl, count } = line;
    let Count { elements, wrong, split, optimized, plain, cpu, accelerator } = count;
    println!(
        "{operator:26} {identical:9} {differs:7} {refused:7} {rtl:4} {elements:9} {wrong:6} {split:9} {optimized:9} {plain:6} {cpu:5} {accelerator:11}"
    );
}

fn run(folder: &Path, case: &Case, rtl: bool) -> Outcome {
    match outputs(folder, case, rtl) {
        Ok(found) => {
            let accelerator = compare(folder, &found.accelerator).wrong;
            let count = compare(folder, &found.exact);
            Outcome::Compared(Count { cpu: usize::from(found.cpu), accelerator, ..count })
        }
        Err(error) => {
            let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
            Outcome::Refused(chain.join(": "))
        }
    }
}

/// The outputs on the fast model, which must be those on golden and in RTL.
fn outputs(folder: &Path, case: &Case, rtl: bool) -> miette::Result<Found> {
    let config = Config::resolve("mini").expect("built in");
    let memory = MemoryTiming::default();
    let model = compile_quantized(&folder.join("model.onnx"), &Options::new(config), &mut |_, _, _| ())?;
    let model = model.ok_or_else(|| miette::miette!("is not taken for a quantized model"))?;
    let interface = Interface::of(&model).ok_or_else(|| miette::miette!("has no interface"))?;
    let given = |(index, name): (usize, &String)| {
        PathBuf::from(format!("{name}={}", folder.join(format!("input{index}.npy")).display()))
    };
    let given: Vec<PathBuf> = case.inputs.iter().enumerate().map(given).collect();
    let images = tensors::load(&given, &interface)?;
    let infer = |kind: Kind| -> miette::Result<Vec<Vec<Vec<i8>>>> {
        let mut runner = Runner::new(kind, &model, memory)?;
        images.iter().map(|image| Ok(runner.infer(&[image])?.0.remove(0))).collect()
    };
    let fast = infer(Kind::Fast)?;
    for kind in [Some(Kind::Golden), rtl.then_some(Kind::Rtl)].into_iter().flatten() {
        if infer(kind)? != fast {
            return Err(miette::miette!("{} computes other bytes than the fast model", kind.name()));
        }
    }
    assert_eq!(interface.outputs.len(), case.outputs.len());
    let values = |images: &[Vec<Vec<i8>>]| -> Vec<Values> {
        let port = |(index, port): (usize, &pleach_host::interface::Output)| {
            let bytes: Vec<i8> = images.iter().flat_map(|maps| maps[index].iter().copied()).collect();
            port.values(&bytes)
        };
        interface.outputs.iter().enumerate().map(port).collect()
    };
    let exact = fast.iter().map(|maps| interface.exact_maps(&model, maps));
    let exact = exact.collect::<Result<Vec<_>, _>>().into_diagnostic()?;
    let cpu = !interface.exact.layers.is_empty();
    Ok(Found { exact: values(&exact), accelerator: values(&fast), cpu })
}

/// The outputs of a case.
struct Found {
    /// Those that the model has.
    exact: Vec<Values>,
    /// Those that the accelerator has given.
    accelerator: Vec<Values>,
    /// Whether something was computed again.
    cpu: bool,
}

/// Every element of every output against both readings.
fn compare(folder: &Path, found: &[Values]) -> Count {
    let mut count = Count::default();
    for (index, values) in found.iter().enumerate() {
        let reading = |name: &str| read(&folder.join(format!("{name}{index}.npy")), values.element());
        let (Some(optimized), Some(plain)) = (reading("optimized"), reading("plain")) else {
            count.wrong += values.len().max(1);
            continue;
        };
        let found = reals(values);
        if [optimized.len(), plain.len()] != [found.len(); 2] {
            count.wrong += found.len();
            continue;
        }
        for ((found, optimized), plain) in found.iter().zip(&optimized).zip(&plain) {
            let (is_optimized, is_plain) = (found == optimized, found == plain);
            count.elements += 1;
            count.wrong += usize::from(!is_optimized && !is_plain);
            if optimized != plain {
                count.split += 1;
                count.optimized += usize::from(is_optimized);
                count.plain += usize::from(is_plain);
            }
        }
    }
    count
}

fn reals(values: &Values) -> Vec<f32> {
    match values {
        Values::Float(values) => values.clone(),
        Values::Int8(values) => values.iter().map(|&q| f32::from(q)).collect(),
        Values::Uint8(values) => values.iter().map(|&q| f32::from(q)).collect(),
    }
}

/// An array of a type, `None` where it is of another one.
fn read(path: &Path, element: Element) -> Option<Vec<f32>> {
    Some(match element {
        Element::Float => read_npy::<_, ArrayD<f32>>(path).ok()?.iter().copied().collect(),
        Element::Int8 => read_npy::<_, ArrayD<i8>>(path).ok()?.iter().map(|&q| f32::from(q)).collect(),
        Element::Uint8 => read_npy::<_, ArrayD<u8>>(path).ok()?.iter().map(|&q| f32::from(q)).collect(),
    })
}
