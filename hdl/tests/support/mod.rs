//! Runs a block's Verilog under Verilator: a small C++ main reads the inputs of every cycle and writes the outputs.

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
        Self { program, outputs: of(&ports, Towards::Outside).cloned().collect() }
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
    run(
        folder,
        "verilator",
        "--cc -Wno-fatal --top-module dut --prefix Vtop --x-initial unique -Mdir build dut.v",
    );
    run(&build, "make", "-f Vtop.mk OPT_FAST=-O1 OPT_SLOW=-O0 Vtop__ALL.a");
    let runtime = runtime();
    let include = include();
    run(
        folder,
        "g++",
        &format!(
            "-O1 -pthread -I{include} -I{include}/vltstd -Ibuild -o unfinished main.cpp build/Vtop__ALL.a {} {}",
            runtime[0].display(),
            runtime[1].display()
        ),
    );
    std::fs::rename(folder.join("unfinished"), folder.join("model")).expect("the program is there");
}

/// Verilator's own objects, compiled once for all models.
fn runtime() -> &'static [PathBuf; 2] {
    static OBJECTS: OnceLock<[PathBuf; 2]> = OnceLock::new();
    OBJECTS.get_or_init(|| {
        let include = include();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        ["verilated", "verilated_threads"].map(|name| {
            let object = folder.join(format!("{name}.o"));
            if !object.exists() {
                run(
                    folder,
                    "g++",
                    &format!(
                        "-O1 -I{include} -I{include}/vltstd -c -o {name}.unfinished {include}/{name}.cpp"
                    ),
                );
                std::fs::rename(folder.join(format!("{name}.unfinished")), &object)
                    .expect("the object is there");
            }
            object
        })
    })
}

fn include() -> String {
    let root = run(Path::new("."), "verilator", "--getenv VERILATOR_ROOT");
    format!("{}/include", root.trim())
}

/// Runs a program with arguments that have no spaces in them, and returns what it prints.
fn run(folder: &Path, program: &str, arguments: &str) -> String {
    let output = Command::new(program)
        .current_dir(folder)
        .args(arguments.split_whitespace())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments}\n{stdout}{stderr}");
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
