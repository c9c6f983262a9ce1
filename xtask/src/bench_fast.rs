//! `cargo xtask bench-fast`: the fast model beside ONNX Runtime's int8, on ResNet-18 with one thread.

use crate::conformance::python;
use crate::process::{cargo, command, output_with_errors, run};
use crate::{Failure, root};
use std::process::Command;

/// The other side of the comparison.
const SCRIPT: &str = "tests/bench/ort_speed.py";
/// Rounds in which both take turns, so that what else the computer does hits both.
const ROUNDS: usize = 5;
/// Runs of each in a round.
const RUNS: &str = "5";

/// Makes and compiles the network, dense and with a quarter of the words, measures, and prints the table.
pub fn bench() -> Result<(), Failure> {
    let folder = root().join("target/bench-fast");
    std::fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let file = |name: &str| folder.join(name);
    let (model, int8) = (file("resnet18.onnx"), file("resnet18-int8.onnx"));
    let (dense, pruned) = (file("dense.bin"), file("pruned.bin"));
    run(host("zoo").args(["resnet18", "-o"]).arg(&model))?;
    run(host("compile").arg(&model).arg("-o").arg(&dense))?;
    run(host("compile").arg(&model).args(["--speedup", "4", "-o"]).arg(&pruned))?;
    let python = python()?;
    let script = || {
        let mut script = command(&python);
        script.arg(SCRIPT);
        script
    };
    run(script().arg("quantize").args([&model, &file("resnet18-images.npy"), &int8]))?;
    let mut best = Best::default();
    for _ in 0..ROUNDS {
        best.onnx_runtime(&output_with_errors(script().arg("run").arg(&int8).arg(RUNS))?)?;
        best.fast(&output_with_errors(fast_speed().arg(RUNS).args([&dense, &pruned]))?)?;
    }
    println!("{}", best.table());
    Ok(())
}

fn host(task: &str) -> Command {
    let mut host = cargo();
    host.args(["run", "--release", "--quiet", "--bin", "host", "--", task]);
    host
}

/// With one thread.
fn fast_speed() -> Command {
    let mut example = cargo();
    example.env("RAYON_NUM_THREADS", "1");
    example.args(["run", "--release", "--quiet", "--package", "pleach-sim", "--example", "fast_speed", "--"]);
    example
}

/// The best times so far, in milliseconds.
struct Best {
    onnx_runtime: f64,
    /// Dense and pruned: bits, cycles, and preparation.
    fast: [[f64; 3]; 2],
}

impl Default for Best {
    fn default() -> Self {
        Self { onnx_runtime: f64::INFINITY, fast: [[f64::INFINITY; 3]; 2] }
    }
}

impl Best {
    fn onnx_runtime(&mut self, printed: &str) -> Result<(), Failure> {
        let time = printed
            .trim()
            .parse::<f64>()
            .map_err(|error| format!("{SCRIPT} printed `{printed}`: {error}"))?;
        self.onnx_runtime = self.onnx_runtime.min(time);
        Ok(())
    }

    /// Takes lines of JSON.
    fn fast(&mut self, printed: &str) -> Result<(), Failure> {
        let wrong = || format!("fast_speed printed `{printed}`");
        for (best, line) in self.fast.iter_mut().zip(printed.lines()) {
            for (best, name) in best.iter_mut().zip(["bits_ms", "cycles_ms", "prepare_ms"]) {
                let time = number(line, name).ok_or_else(wrong)?;
                *best = best.min(time);
            }
        }
        Ok(())
    }

    fn table(&self) -> String {
        let mut table = format!(
            "| | bits and cycles | bits | cycles | once a program | against ONNX Runtime |\n|---|---|---|---|---|---|\n\
             | ONNX Runtime, int8 | | {:.1} ms | | | 1 |\n",
            self.onnx_runtime
        );
        for (name, [bits, cycles, prepare]) in ["dense", "slots 4x"].iter().zip(self.fast) {
            let both = bits + cycles;
            let ratio = both / self.onnx_runtime;
            table += &format!(
                "| fast model, {name} | {both:.1} ms | {bits:.1} ms | {cycles:.1} ms | {prepare:.1} ms | {ratio:.2}x the time |\n"
            );
        }
        table
    }
}

/// A number of a JSON object on one line.
fn number(line: &str, name: &str) -> Option<f64> {
    let (_, rest) = line.split_once(&format!("\"{name}\": "))?;
    let end = rest.find([',', '}'])?;
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_each_is_kept() {
        let mut best = Best::default();
        for time in ["12.5\n", "11.0\n", "13.0\n"] {
            best.onnx_runtime(time).unwrap();
        }
        let line = |bits: f64| {
            format!("{{\"model\": \"m\", \"prepare_ms\": 3.00, \"cycles_ms\": 2.00, \"bits_ms\": {bits}}}\n")
        };
        best.fast(&[line(20.0), line(10.0)].concat()).unwrap();
        best.fast(&[line(21.0), line(9.0)].concat()).unwrap();
        assert!(
            best.table()
                .contains("| fast model, dense | 22.0 ms | 20.0 ms | 2.0 ms | 3.0 ms | 2.00x the time |")
        );
        assert!(
            best.table()
                .contains("| fast model, slots 4x | 11.0 ms | 9.0 ms | 2.0 ms | 3.0 ms | 1.00x the time |")
        );
        assert!(best.onnx_runtime("nothing").is_err());
        assert!(best.fast("nothing").is_err());
    }
}
