//! Every unit of every kind of configuration: its Verilog is written, and Verilator has nothing to say about it.

use std::path::Path;
use std::process::Command;

use pleach_hdl::accelerator::Accelerator;
use pleach_hdl::units::{Unit, build_hash};
use pleach_hdl::verilog;
use pleach_spec::Config;

/// Small arrays with each window and chunk.
fn configs() -> Vec<Config> {
    let mini = Config::resolve("mini").expect("built in");
    let kinds = [(16, 8), (16, 16), (32, 8), (32, 16)];
    kinds
        .map(|(window, chunk)| Config { name: format!("w{window}g{chunk}"), window, chunk, ..mini.clone() })
        .into()
}

/// The datapath and its parts.
const DATAPATH: [Unit; 5] = [Unit::Array, Unit::Rows, Unit::Readers, Unit::Lanes, Unit::Datapath];

#[test]
fn verilator_finds_nothing_but_what_is_waived() {
    for config in configs() {
        lint(&config, &Unit::ALL);
    }
}

#[test]
fn nor_where_a_vector_has_two_parts() {
    let mini = Config::resolve("mini").expect("built in");
    for window in [16, 32] {
        lint(&Config { name: format!("w{window}c32"), columns: 32, window, ..mini.clone() }, &DATAPATH);
    }
}

fn lint(config: &Config, units: &[Unit]) {
    let waivers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../constraints/verilator.vlt");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lint").join(&config.name);
    std::fs::create_dir_all(&folder).expect("a folder");
    for unit in units {
        let file = folder.join(format!("{}.v", unit.module()));
        std::fs::write(&file, unit.verilog(config).expect("Verilog")).expect("a file");
        let output = Command::new("verilator")
            .args(["--lint-only", "-Wall", "--top-module", unit.module()])
            .args([&waivers, &file])
            .output()
            .expect("verilator starts");
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && messages.is_empty(), "{} {unit:?}:\n{messages}", config.name);
    }
}

#[test]
fn the_default_configuration_is_written_too() {
    let config = Config::resolve("default").expect("built in");
    for unit in Unit::ALL {
        let text = unit.verilog(&config).expect("Verilog");
        assert!(text.contains(&format!("\nmodule {} (", unit.module())), "{unit:?}");
    }
}

#[test]
fn the_build_hash_is_that_of_the_design() {
    let config = Config::resolve("mini").expect("built in");
    let with_hash = |config: &Config, hash| {
        verilog::emit(&mut Accelerator::<128, 4, 128, 128, 16>::new(config, hash), Unit::Accelerator.module())
            .expect("Verilog")
    };
    let text = Unit::Accelerator.verilog(&config).expect("Verilog");
    let hash = build_hash(&with_hash(&config, 0));
    assert_eq!(text, with_hash(&config, hash));
    assert_ne!(text, with_hash(&config, hash ^ 1));
    // It tells designs apart that run the same programs.
    let faster = Config { clock_mhz: config.clock_mhz + 50, ..config };
    assert_ne!(hash, build_hash(&with_hash(&faster, 0)));
}
