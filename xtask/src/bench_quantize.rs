//! `cargo xtask bench-quantize`: accuracies after `host quantize`, next to ONNX Runtime's own quantizer.

use crate::conformance::environment;
use crate::process::{cargo, command, output_with_errors, run};
use crate::{Failure, page, root};
use std::path::{Path, PathBuf};

/// What runs in Python, and what it needs there.
const SCRIPT: &str = "tests/bench/quantize.py";
const REQUIREMENTS: &str = "tests/bench/quantize-requirements.txt";
/// The test set of the signs is too large for the repository, and rendered once.
const SIGNS: &str = "target/signs";

/// A network and its labelled test images.
struct Network {
    name: &'static str,
    model: &'static str,
    test: &'static str,
}

const NETWORKS: [Network; 3] = [
    Network { name: "digits", model: "examples/digits.onnx", test: "examples/digits/test" },
    Network {
        name: "signs, ResNet-20",
        model: "examples/signs/resnet20.onnx",
        test: "target/signs/test-1.npz",
    },
    Network {
        name: "signs, MobileNetV2",
        model: "examples/signs/mobilenetv2.onnx",
        test: "target/signs/test-1.npz",
    },
];

/// Options of `host quantize`, a row of the table each.
const OPTIONS: [&str; 12] = [
    "--method minmax",
    "--method percentile",
    "--method entropy",
    "--method mse",
    "--method mse --equalize --bias-correction",
    "--budget 4.5 --bias-correction",
    "--budget 4.5 --adaround",
    "--budget 4.5 --codebook --adaround",
    "--weights 4",
    "--weights 4 --codebook --adaround",
    "--weights 2 --adaround",
    "--weights 2 --codebook --adaround",
];

/// What the script measures before the files that it is given.
const OTHERS: [&str; 3] = ["float", "ONNX Runtime, min-max", "ONNX Runtime, entropy"];

/// What was measured of a network.
struct Column {
    name: &'static str,
    /// In percent: those of `OTHERS`, then those of `OPTIONS`.
    accuracies: Vec<f64>,
    /// Bits of a weight on average, for `OPTIONS`.
    bits: Vec<f64>,
}

/// Quantizes all networks in all ways, measures, and writes the table.
pub fn bench() -> Result<(), Failure> {
    let python = environment("target/bench-quantize/python", REQUIREMENTS)?;
    run(command(&python).args(["examples/signs/render.py", SIGNS]))?;
    let columns = NETWORKS.iter().map(|network| measure(network, &python));
    let columns: Vec<Column> = columns.collect::<Result<_, _>>()?;
    page::write_table("docs/src/quantize.md", "bench-quantize", &table(&columns))
}

fn measure(network: &Network, python: &Path) -> Result<Column, Failure> {
    let folder = root().join("target/bench-quantize").join(network.name.replace(", ", "-"));
    std::fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let (mut files, mut bits) = (Vec::<PathBuf>::new(), Vec::new());
    for (index, options) in OPTIONS.iter().enumerate() {
        let file = folder.join(format!("{index}.onnx"));
        let mut host = cargo();
        host.args(["run", "--release", "--quiet", "--bin", "host", "--"]);
        host.args(["quantize", network.model, "--json", "--images", "256", "-o"]).arg(&file);
        let report = output_with_errors(host.args(options.split(' ')))?;
        let report: serde_json::Value = serde_json::from_str(&report)
            .map_err(|error| format!("host quantize printed `{report}`: {error}"))?;
        bits.push(report["average_weight_bits"].as_f64().ok_or("host quantize reported no bits")?);
        files.push(file);
    }
    let mut script = command(python);
    script.args([SCRIPT, network.model, network.test]).arg(&folder).args(&files);
    let printed = output_with_errors(&mut script)?;
    // ONNX Runtime's calibration prints lines of its own.
    let accuracies: Vec<f64> = printed.lines().filter_map(|line| line.trim().parse().ok()).collect();
    match accuracies.len() == OTHERS.len() + OPTIONS.len() {
        true => Ok(Column { name: network.name, accuracies, bits }),
        false => Err(format!("{SCRIPT} printed `{printed}`")),
    }
}

/// Accuracies, and in brackets how many points are lost.
fn table(columns: &[Column]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let mut table = format!("| | {} |\n|---{}|\n", names.join(" | "), "|---".repeat(columns.len()));
    let rows = OTHERS
        .iter()
        .map(|name| (*name).to_owned())
        .chain(OPTIONS.iter().map(|options| format!("`{options}`")));
    for (row, name) in rows.enumerate() {
        let cell = |column: &Column| {
            let (float, found) = (column.accuracies[0], column.accuracies[row]);
            let bits =
                row.checked_sub(OTHERS.len()).map(|index| column.bits[index]).filter(|bits| *bits < 8.0);
            let bits = bits.map_or_else(String::new, |bits| format!(" at {bits:.2} bits"));
            match row {
                0 => format!("{found:.2} %"),
                _ => format!("{found:.2} % ({:+.2}){bits}", found - float),
            }
        };
        let cells: Vec<String> = columns.iter().map(cell).collect();
        table += &format!("| {name} | {} |\n", cells.join(" | "));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_those_against_float() {
        let count = OTHERS.len() + OPTIONS.len();
        let accuracies = (0..count).map(|row| 99.0 - row as f64 / 10.0).collect();
        let mut bits = vec![8.0; OPTIONS.len()];
        bits[1] = 4.49;
        let table = table(&[Column { name: "net", accuracies, bits }]);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 2 + count);
        assert_eq!(lines[..3], ["| | net |", "|---|---|", "| float | 99.00 % |"]);
        assert_eq!(lines[3], "| ONNX Runtime, min-max | 98.90 % (-0.10) |");
        assert_eq!(lines[6], "| `--method percentile` | 98.60 % (-0.40) at 4.49 bits |");
    }
}
