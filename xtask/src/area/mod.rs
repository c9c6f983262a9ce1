//! `cargo xtask area`: what Yosys makes of the hardware for 7-series, unit by unit: resources, logic depth and fan-out.

mod measure;
mod netlist;

use crate::{Failure, root};
use measure::Measured;
use netlist::{FAN_OUT, FanOut};
use pleach_spec::Config;
use std::fmt::Write;
use std::io::Write as _;
use std::path::Path;

/// The page that [`write()`] writes.
const PAGE: &str = "docs/src/area.md";
/// Where configurations that are not built in are written to.
const CONFIGS: &str = "target/area/configs";
/// What is on the page of the default configuration, beside the whole accelerator.
const UNITS: [&str; 11] =
    ["array", "rows", "readers", "lanes", "datapath", "walk", "gather", "issue", "scatter", "buffer", "dma"];

/// Synthesizes units of a configuration and prints the table.
pub fn run(config: &str, units: &[String]) -> Result<(), Failure> {
    let mut table = heading();
    for unit in units {
        table += &line(config, unit)?;
    }
    println!("{table}");
    Ok(())
}

/// Writes the page: the units of the default configuration, the accelerator of it and of `mini`, and the array with a window of 32.
pub fn write() -> Result<(), Failure> {
    let default = Config::resolve("default").map_err(|error| error.to_string())?;
    let window = file(&Config { name: "w32".to_owned(), window: 32, ..default })?;
    let others = [("default", "accelerator"), ("mini", "accelerator"), (window.as_str(), "array")];
    let mut page = introduction() + &heading();
    for (config, unit) in UNITS.map(|unit| ("default", unit)).into_iter().chain(others) {
        page += &line(config, unit)?;
    }
    pleach_spec::write_whole(&root().join(PAGE), |file| file.write_all(page.as_bytes()))
        .map_err(|error| format!("cannot write {PAGE}: {error}"))
}

/// A configuration as a file; returns its path.
fn file(config: &Config) -> Result<String, Failure> {
    let folder = root().join(CONFIGS);
    let path = folder.join(format!("{}.toml", config.name));
    let text = toml::to_string(config).map_err(|error| format!("{}: {error}", config.name))?;
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&path, text))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(path.display().to_string())
}

fn introduction() -> String {
    format!(
        "# Area and depth\n\n\
         Yosys for 7-series, written by `cargo xtask area --write`; `cargo xtask area --config NAME --unit UNIT` prints a line by \
         itself. No Vivado was run: nothing here is placed or routed.\n\n\
         LUT RAM and shift registers are apart from LUTs; LUT a PE is all LUTs by the number of multipliers. Depth is the longest \
         path between registers in levels of logic (LUT, MUXF7, MUXF8), in brackets with each CARRY4 of a carry chain as a level. \
         Fan-out is that of the net with most loads but for the clock, and beside it the number of nets with more than {FAN_OUT}; \
         pins of RAM cells count one by one. Ports of a unit by itself count as nets, too.\n\n"
    )
}

fn heading() -> String {
    format!(
        "| configuration | unit | DSP48E1 | LUT | LUT a PE | LUT as RAM / SRL | FF | RAMB36 / RAMB18 | depth | fan-out | above {FAN_OUT} |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n"
    )
}

/// Synthesizes a unit; returns its line of the table.
fn line(config: &str, unit: &str) -> Result<String, Failure> {
    eprintln!("synthesis of `{unit}` of `{config}`");
    let parsed = Config::resolve(config).map_err(|error| error.to_string())?;
    // A path as configuration must not lead out of the folder.
    let name = Path::new(config).file_stem().unwrap_or_default().to_string_lossy();
    let Measured { cells, levels: [with_carry, without], fan_out } = measure::unit(config, &name, unit)?;
    let count = |prefixes: &[&str]| -> u64 {
        let wanted = |kind: &str| prefixes.iter().any(|prefix| kind.starts_with(prefix));
        cells.iter().filter(|(kind, _)| wanted(kind)).map(|(_, count)| count).sum()
    };
    let luts = count(&["LUT", "INV"]);
    let FanOut { most, net, above } = fan_out;
    let mut line = String::new();
    writeln!(
        line,
        "| {name}: {} x {}, W {}, G {} | {unit} | {} | {luts} | {:.1} | {} / {} | {} | {} / {} | {without} ({with_carry}) | {most}: `{net}` | {above} |",
        parsed.rows,
        parsed.columns,
        parsed.window,
        parsed.chunk,
        count(&["DSP48E1"]),
        luts as f64 / parsed.multipliers() as f64,
        count(&["RAM32", "RAM64", "RAM128", "RAM256"]),
        count(&["SRL"]),
        count(&["FD"]),
        count(&["RAMB36"]),
        count(&["RAMB18"]),
    )
    .expect("a string");
    Ok(line)
}
