//! One synthesis: what it needs is written, Yosys is run, and what it wrote is read.

use super::netlist::{self, FanOut, Netlist};
use crate::{Failure, process, root, tools, verilog};
use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The script, which the user may run, too.
const SCRIPT: &str = "constraints/xc7.ys";
/// What the results in a folder are of: the Verilog and the script. Written when they are there.
const SOURCE: &str = "synthesized.txt";

/// What `stat -json` says.
#[derive(Deserialize)]
struct Statistics {
    design: Design,
}

#[derive(Deserialize)]
struct Design {
    num_cells_by_type: HashMap<String, u64>,
}

/// What became of a unit.
pub(super) struct Measured {
    pub cells: HashMap<String, u64>,
    /// Longest path with carry chains and without.
    pub levels: [u64; 2],
    pub fan_out: FanOut,
}

/// Synthesizes a unit of a configuration, called `name` in the names of files. Nothing is done again that was done before.
pub(super) fn unit(config: &str, name: &str, unit: &str) -> Result<Measured, Failure> {
    let folder = Path::new("target/area").join(format!("{name}-{unit}"));
    let file = verilog::generate(config, Some(unit), &folder.join("verilog"))?;
    let (_, text) = read(&file)?;
    let (_, script) = read(Path::new(SCRIPT))?;
    let source = text + &script;
    if read(&folder.join(SOURCE)).map(|(_, before)| before) != Ok(source.clone()) {
        let tools = tools::find()?;
        let _ = std::fs::remove_file(root().join(&folder).join(SOURCE));
        let mut yosys = tools.yosys.command();
        yosys
            .current_dir(root().join(&folder))
            .args(["-q", "-l", "yosys.log", "-s"])
            .arg(root().join(SCRIPT));
        process::run(yosys.arg(root().join(&file)))?;
        let path = root().join(&folder).join(SOURCE);
        std::fs::write(&path, source).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    let (path, text) = read(&folder.join("cells.json"))?;
    let statistics: Statistics = parse(&path, &text)?;
    let (path, text) = read(&folder.join("netlist.json"))?;
    let netlist: Netlist = parse(&path, &text)?;
    let (_, text) = read(&folder.join("levels.txt"))?;
    Ok(Measured {
        cells: statistics.design.num_cells_by_type,
        levels: levels(&text)?,
        fan_out: netlist::fan_out(&netlist),
    })
}

/// A file of the workspace: where it is, and its text.
fn read(path: &Path) -> Result<(PathBuf, String), Failure> {
    let path = root().join(path);
    let text = std::fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    Ok((path, text))
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
