//! Runs a block's Verilog under Verilator: a small C++ main reads the inputs of every cycle and writes the outputs.

#![allow(dead_code)] // Each test program uses its part of this.

pub mod bench;

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::hash::{Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use pleach_hdl::verilog::{self, Port, Towards};
use rust_hdl::prelude::*;

/// A Verilated block.
pub struct Verilated {
    program: PathBuf,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

impl Verilated {
    /// Emits, Verilates and compiles `block`, once for each text: the program is kept under `target`.
    pub fn build(block: &mut impl Block, name: &str) -> Self {
        let text = verilog::emit(block, "dut").expect("Verilog");
        let ports = verilog::ports(block).expect("ports");
        let main = main_text(&ports);
        let mut hasher = DefaultHasher::new();
        (&text, &main).hash(&mut hasher);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{:016x}", hasher.finish()));
        let program = folder.join("model");
        if !program.exists() {
            compile(&folder, &text, &main);
        }
        let towards = |towards| of(&ports, towards).cloned().collect();
        Self { program, inputs: towards(Towards::Inside), outputs: towards(Towards::Outside) }
    }

    /// The outputs of each cycle, sampled before the rising edge, given the inputs of each cycle: values in port order,
    /// without the clock, as little-endian words.
    pub fn run(&self, inputs: &[Vec<Vec<u32>>]) -> Vec<Vec<Vec<u32>>> {
        let bytes: Vec<u8> = inputs.iter().flatten().flatten().flat_map(|word| word.to_le_bytes()).collect();
        let mut child = Command::new(&self.program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the Verilated program starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        let writer = std::thread::spawn(move || stdin.write_all(&bytes));
        let output = child.wait_with_output().expect("the program ends");
        writer.join().expect("no panic").expect("the program reads all inputs");
        assert!(output.status.success(), "the Verilated program fails");
        let mut values = output
            .stdout
            .chunks_exact(4)
            .map(|word| u32::from_le_bytes(word.try_into().expect("four bytes")));
        let cycle = self.outputs.iter().map(|port| port.width.div_ceil(32)).sum::<usize>();
        let cycles = values.len() / cycle.max(1);
        (0..cycles)
            .map(|_| {
                self.outputs
                    .iter()
                    .map(|port| values.by_ref().take(port.width.div_ceil(32)).collect())
                    .collect()
            })
            .collect()
    }
}

fn compile(folder: &Path, text: &str, main: &str) {
    let build = folder.join("build");
    std::fs::create_dir_all(&build).expect("a folder");
    std::fs::write(folder.join("dut.v"), text).expect("the Verilog is written");
    std::fs::write(folder.join("main.cpp"), main).expect("the main program is written");
    let verilate = "--cc -Wno-fatal --top-module dut --prefix Vtop --x-initial unique -Mdir build dut.v";
    run(folder, "verilator", verilate.split(' '));
    run(&build, "make", "-f Vtop.mk OPT_FAST=-O1 OPT_SLOW=-O0 Vtop__ALL.a".split(' '));
    let [verilated, threads] = runtime().each_ref().map(|object| object.to_str().expect("a UTF-8 path"));
    let arguments =
        ["-o", "unfinished", "main.cpp", "-Ibuild", "build/Vtop__ALL.a", verilated, threads, "-pthread"];
    run(folder, "g++", arguments.into_iter().chain(includes().iter().map(String::as_str)));
    std::fs::rename(folder.join("unfinished"), folder.join("model")).expect("the program is there");
}

/// Verilator's own objects, compiled once for all models.
fn runtime() -> &'static [PathBuf; 2] {
    static OBJECTS: OnceLock<[PathBuf; 2]> = OnceLock::new();
    OBJECTS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        ["verilated", "verilated_threads"].map(|name| {
            let object = folder.join(format!("{name}.o"));
            if !object.exists() {
                let [output, source] = [format!("{name}.unfinished"), format!("{}/{name}.cpp", include())];
                let arguments = ["-O1", "-c", "-o", &output, &source];
                run(folder, "g++", arguments.into_iter().chain(includes().iter().map(String::as_str)));
                std::fs::rename(folder.join(format!("{name}.unfinished")), &object)
                    .expect("the object is there");
            }
            object
        })
    })
}

/// Where Verilator's sources are.
fn include() -> String {
    let root = run(Path::new("."), "verilator", ["--getenv", "VERILATOR_ROOT"]);
    format!("{}/include", root.trim())
}

fn includes() -> [String; 2] {
    let include = include();
    [format!("-I{include}"), format!("-I{include}/vltstd")]
}

/// Runs a program and returns what it prints.
fn run<'a>(folder: &Path, program: &str, arguments: impl IntoIterator<Item = &'a str>) -> String {
    let output = Command::new(program)
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} in {}\n{stdout}{stderr}", folder.display());
    stdout
}

fn of(ports: &[Port], towards: Towards) -> impl Iterator<Item = &Port> {
    ports.iter().filter(move |port| port.towards == towards && port.name != "clock")
}

/// The main program for these ports.
fn main_text(ports: &[Port]) -> String {
    let clocked = ports.iter().any(|port| port.name == "clock");
    let mut text = String::from(
        "#include \"Vtop.h\"\n#include <cstdio>\n\
         static bool get(uint32_t& word) { return fread(&word, 4, 1, stdin) == 1; }\n\
         static void put(uint32_t word) { fwrite(&word, 4, 1, stdout); }\n\
         int main() {\n    Vtop top;\n    uint32_t word;\n    for (;;) {\n",
    );
    let mut first = true;
    for port in of(ports, Towards::Inside) {
        let name = port.name.replace('$', "__024");
        for index in 0..port.width.div_ceil(32) {
            let end = if first { "return 0" } else { "return 1" };
            first = false;
            let store = match port.width {
                ..=32 => format!("top.{name} = word"),
                33..=64 if index == 0 => format!("top.{name} = word"),
                33..=64 => format!("top.{name} |= QData(word) << 32"),
                _ => format!("top.{name}[{index}] = word"),
            };
            writeln!(text, "        if (!get(word)) {end};\n        {store};").expect("a string");
        }
    }
    if clocked {
        text.push_str("        top.clock = 0;\n");
    }
    text.push_str("        top.eval();\n");
    for port in of(ports, Towards::Outside) {
        let name = port.name.replace('$', "__024");
        for index in 0..port.width.div_ceil(32) {
            let load = match port.width {
                ..=32 => format!("top.{name}"),
                33..=64 => format!("uint32_t(top.{name} >> {})", 32 * index),
                _ => format!("top.{name}[{index}]"),
            };
            writeln!(text, "        put({load});").expect("a string");
        }
    }
    if clocked {
        text.push_str("        top.clock = 1;\n        top.eval();\n");
    }
    text.push_str("    }\n}\n");
    text
}

/// Where a block has its clock.
type ClockOf<B> = fn(&mut B) -> &mut Signal<In, Clock>;

/// Cycles of a comparison.
const CYCLES: usize = 2000;

/// Runs `block` in Rust and in Verilog. `drive` sets the inputs and returns them in port order, without the clock;
/// `read` gives the outputs in port order.
pub fn compare<B: Block>(
    name: &str,
    mut block: B,
    clock: Option<ClockOf<B>>,
    mut drive: impl FnMut(&mut B, &mut Random) -> Vec<Vec<u32>>,
    read: impl Fn(&B) -> Vec<Vec<u32>>,
) {
    let model = Verilated::build(&mut block, name);
    let mut random = Random::new(name);
    let mut inputs = Vec::new();
    let mut expected = Vec::new();
    for _ in 0..CYCLES {
        inputs.push(drive(&mut block, &mut random));
        settle(&mut block, clock, false);
        expected.push(read(&block));
        settle(&mut block, clock, true);
    }
    let actual = model.run(&inputs);
    for (cycle, (actual, expected)) in actual.iter().zip(&expected).enumerate() {
        assert_eq!(actual, expected, "{name}, cycle {cycle}");
    }
    assert_eq!(actual.len(), CYCLES);
}

fn settle<B: Block>(block: &mut B, clock: Option<ClockOf<B>>, level: bool) {
    if let Some(clock) = clock {
        clock(block).next = level.into();
    }
    assert!(simulate(block, 10), "does not settle");
}

/// `value` as little-endian words.
pub fn words<const N: usize>(value: Bits<N>) -> Vec<u32> {
    (0..N.div_ceil(32))
        .map(|word| {
            (0..32.min(N - 32 * word))
                .filter(|bit| value.get_bit(32 * word + bit))
                .fold(0, |word, bit| word | 1 << bit)
        })
        .collect()
}

/// Repeatable random numbers (xorshift), seeded by a name.
pub struct Random(u64);

impl Random {
    /// The sequence that belongs to `name`.
    pub fn new(name: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        Self(hasher.finish() | 1)
    }

    /// 32 random bits.
    pub fn word(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as u32
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.word() as usize % limit
    }

    /// Random bits of any width.
    pub fn bits<const N: usize>(&mut self) -> Bits<N> {
        let mut value = Bits::default();
        for bit in 0..N {
            value = value.replace_bit(bit, self.word() & 1 == 1);
        }
        value
    }
}
