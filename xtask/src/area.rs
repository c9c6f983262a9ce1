//! `cargo xtask area`: what Yosys makes of the hardware for 7-series, unit by unit: resources, logic depth and fan-out.

use crate::process;
use crate::{Failure, root, tools, verilog};
use pleach_spec::Config;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The page that `--write` writes.
const PAGE: &str = "docs/src/area.md";
/// Cells whose outputs start a path: their clock, enable and reset pins are not counted as loads of the clock.
const CLOCK_PINS: [&str; 5] = ["C", "CLK", "WCLK", "CLKARDCLK", "CLKBWRCLK"];

/// What `stat -json` says.
#[derive(Deserialize)]
struct Statistics {
    design: Design,
}

#[derive(Deserialize)]
struct Design {
    num_cells_by_type: HashMap<String, u64>,
}

/// What `write_json` says.
#[derive(Deserialize)]
struct Netlist {
    modules: HashMap<String, Module>,
}

#[derive(Deserialize)]
struct Module {
    cells: HashMap<String, Cell>,
    netnames: HashMap<String, Name>,
}

#[derive(Deserialize)]
struct Cell {
    #[serde(rename = "type")]
    kind: String,
    port_directions: HashMap<String, String>,
    connections: HashMap<String, Vec<Bit>>,
}

#[derive(Deserialize)]
struct Name {
    bits: Vec<Bit>,
}

/// A net, or a constant.
#[derive(Deserialize)]
#[serde(untagged)]
enum Bit {
    Net(u64),
    Constant(IgnoredAny),
}

/// Loads from which on a net is counted as one of many loads.
const FAN_OUT: u64 = 64;

/// What the loads of the nets say.
struct FanOut {
    most: u64,
    net: String,
    above: usize,
}

/// A line of the table.
struct Unit {
    name: String,
    cells: HashMap<String, u64>,
    /// Longest path with carry chains and without.
    levels: [u64; 2],
    /// The net with most loads, but for the clock, and how many have more than [`FAN_OUT`].
    fan_out: FanOut,
}

impl Unit {
    /// Cells whose type begins with one of these.
    fn count(&self, prefixes: &[&str]) -> u64 {
        let wanted = |kind: &str| prefixes.iter().any(|prefix| kind.starts_with(prefix));
        self.cells.iter().filter(|(kind, _)| wanted(kind)).map(|(_, count)| count).sum()
    }
}

/// Synthesizes units of a configuration and prints the table; with `write` it goes into the documentation.
pub fn run(config: &str, units: &[String], write: bool) -> Result<(), Failure> {
    let parsed = Config::resolve(config).map_err(|error| error.to_string())?;
    let mut page = heading(&parsed, config, units);
    for unit in units {
        eprintln!("synthesis of `{unit}`");
        let measured = measure(config, unit)?;
        writeln!(page, "{}", line(&measured, &parsed)).expect("a string");
    }
    println!("{page}");
    if write {
        std::fs::write(root().join(PAGE), page).map_err(|error| format!("cannot write {PAGE}: {error}"))?;
    }
    Ok(())
}

fn heading(config: &Config, name: &str, units: &[String]) -> String {
    let units: Vec<String> = units.iter().map(|unit| format!("--unit {unit}")).collect();
    format!(
        "# Area and depth\n\nYosys for 7-series, `cargo xtask area --config {name} {} --write`: {} x {} multipliers, W {}, G {}. LUT RAM and \
         shift registers apart from LUTs. Depth is the longest path between registers in levels of logic (LUT, MUXF7, MUXF8), in \
         brackets with each CARRY4 of a carry chain as a level. Fan-out is that of the net with most loads but for the clock, and beside it the number of nets with more than 64. No \
         Vivado was run: nothing here is placed or routed.\n\n\
         | unit | DSP48E1 | LUT | LUT a PE | LUT as RAM / SRL | FF | RAMB36 / RAMB18 | depth | fan-out | above 64 |\n|---|---|---|---|---|---|---|---|---|---|\n",
        units.join(" "),
        config.rows,
        config.columns,
        config.window,
        config.chunk,
    )
}

fn line(unit: &Unit, config: &Config) -> String {
    let luts = unit.count(&["LUT", "INV"]);
    let each = luts as f64 / config.multipliers() as f64;
    let [with_carry, without] = unit.levels;
    let FanOut { most, net, above } = &unit.fan_out;
    format!(
        "| {} | {} | {luts} | {each:.1} | {} / {} | {} | {} / {} | {without} ({with_carry}) | {most}: `{net}` | {above} |",
        unit.name,
        unit.count(&["DSP48E1"]),
        unit.count(&["RAM32", "RAM64", "RAM128", "RAM256"]),
        unit.count(&["SRL"]),
        unit.count(&["FD"]),
        unit.count(&["RAMB36"]),
        unit.count(&["RAMB18"]),
    )
}

fn measure(config: &str, unit: &str) -> Result<Unit, Failure> {
    let tools = tools::find()?;
    // A path as configuration must not lead out of the folder.
    let name = Path::new(config).file_stem().unwrap_or_default().to_string_lossy();
    let folder = Path::new("target/area").join(format!("{name}-{unit}"));
    let file = verilog::generate(config, Some(unit), &folder)?;
    let script = root().join("constraints/xc7.ys");
    let mut yosys = tools.yosys.command();
    yosys.current_dir(root().join(&folder)).args(["-q", "-l", "yosys.log", "-s"]).arg(script);
    process::run(yosys.arg(file.file_name().expect("a file")))?;
    let read = |name: &str| -> Result<(PathBuf, String), Failure> {
        let path = root().join(&folder).join(name);
        let text =
            std::fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        Ok((path, text))
    };
    let (path, text) = read("cells.json")?;
    let statistics: Statistics = parse(&path, &text)?;
    let (path, text) = read("netlist.json")?;
    let netlist: Netlist = parse(&path, &text)?;
    let (_, text) = read("levels.txt")?;
    Ok(Unit {
        name: unit.to_owned(),
        cells: statistics.design.num_cells_by_type,
        levels: levels(&text)?,
        fan_out: fan_out(&netlist),
    })
}

fn parse<'a, T: Deserialize<'a>>(path: &Path, text: &'a str) -> Result<T, Failure> {
    serde_json::from_str(text)
        .map_err(|error| format!("{} is not what Yosys should write: {error}", path.display()))
}

/// The lengths in the two reports of `ltp`.
fn levels(text: &str) -> Result<[u64; 2], Failure> {
    let lengths = text.split("(length=").skip(1);
    let numbers: Vec<u64> = lengths.filter_map(|rest| rest.split(')').next()?.parse().ok()).collect();
    numbers.try_into().map_err(|_| "Yosys did not report two longest paths".to_owned())
}

/// The net with most loads that is not a clock, and one of its names.
fn fan_out(netlist: &Netlist) -> FanOut {
    let none = || FanOut { most: 0, net: "none".to_owned(), above: 0 };
    // The others are models of library cells.
    let Some(module) = netlist.modules.values().max_by_key(|module| module.cells.len()) else {
        return none();
    };
    let mut loads: HashMap<u64, u64> = HashMap::new();
    let mut clocks = HashSet::new();
    let pins = module.cells.values().filter(|cell| !cell.kind.starts_with('$')).flat_map(|cell| {
        let input =
            |pin: &String| cell.port_directions.get(pin).is_some_and(|direction| direction == "input");
        cell.connections.iter().filter(move |(pin, _)| input(pin))
    });
    for (pin, bits) in pins {
        for bit in bits {
            match bit {
                Bit::Net(net) if CLOCK_PINS.contains(&pin.as_str()) => {
                    clocks.insert(*net);
                }
                Bit::Net(net) => *loads.entry(*net).or_default() += 1,
                Bit::Constant(_) => {}
            }
        }
    }
    let most = loads.iter().filter(|(net, _)| !clocks.contains(net)).max_by_key(|(_, count)| **count);
    let Some((&net, &count)) = most else { return none() };
    let above = loads.iter().filter(|(net, loads)| !clocks.contains(*net) && **loads > FAN_OUT).count();
    let is_named = |name: &Name| name.bits.iter().any(|bit| matches!(bit, Bit::Net(n) if *n == net));
    let mut names: Vec<&String> =
        module.netnames.iter().filter(|(_, name)| is_named(name)).map(|(name, _)| name).collect();
    // A name from the source if there is one, the outermost.
    names.sort_by_key(|name| (name.contains("$auto") || name.contains("$abc"), name.len()));
    let name = names.first().map_or("unnamed", |name| name.trim_start_matches('\\'));
    FanOut { most: count, net: name.to_owned(), above }
}
