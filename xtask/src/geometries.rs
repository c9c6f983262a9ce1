//! `cargo xtask geometries`: the accelerator of every size of array that is supported is written, linted and compared with the fast
//! model.

use crate::process::{self, cargo};
use crate::test::simulate_with;
use crate::tools::Tools;
use crate::{Failure, root, tools, verilog};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Rows and columns.
const ARRAYS: [(usize, usize); 5] = [(4, 4), (8, 8), (8, 32), (16, 16), (32, 32)];
/// Window positions, channels of a chunk and bits of the bus: each array with each window and chunk, each bus with each array.
const KINDS: [(usize, usize, usize); 5] =
    [(16, 8, 128), (16, 16, 64), (32, 8, 256), (32, 16, 512), (16, 8, 512)];

/// Writes and lints them all, then runs the quick suite on each of them; prints how long each took.
pub fn run() -> Result<(), Failure> {
    let tools = tools::find()?;
    let mut files = Vec::new();
    for (rows, columns) in ARRAYS {
        for (window, chunk, bus) in KINDS {
            let name = format!("{rows}x{columns}-w{window}g{chunk}-axi{bus}");
            let text = format!(
                "name = \"{name}\"\nrows = {rows}\ncolumns = {columns}\nwindow = {window}\nchunk = {chunk}\n\
                 activation_depth = 1024\nword_depth = 8192\nload_depth = 4096\npass_depth = 256\nstage_depth = 32\n\
                 axi_bits = {bus}\nclock_mhz = 200\n"
            );
            files.push(one(&tools, &name, &text).map_err(|failure| format!("{name}: {failure}"))?);
        }
    }
    let mut command = cargo();
    command.args(["run", "--release", "--bin", "geometries_rtl", "--"]).args(&files);
    simulate_with(&tools, &mut command);
    // The models run for a few seconds each: most of the time is that of the C++ compiler.
    command.env("PLEACH_MODEL_LEVEL", "1");
    process::run(&mut command)
}

/// One of them; returns the file of its configuration.
fn one(tools: &Tools, name: &str, config: &str) -> Result<PathBuf, Failure> {
    let folder = Path::new("target/geometries");
    let file = folder.join(format!("{name}.toml"));
    let path = root().join(&file);
    std::fs::create_dir_all(root().join(folder))
        .and_then(|()| std::fs::write(&path, config))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    let start = Instant::now();
    let text = verilog::generate(&path.display().to_string(), Some("accelerator"), &folder.join(name))?;
    let written = start.elapsed();
    verilog::lint(tools, &text)?;
    println!(
        "{name}: written in {:.1} s, linted in {:.1} s",
        written.as_secs_f64(),
        (start.elapsed() - written).as_secs_f64()
    );
    Ok(path)
}
