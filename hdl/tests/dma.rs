//! The memory side's Verilog: written for every bus width, and Verilator has nothing to say about it.

use std::path::Path;
use std::process::Command;

use pleach_hdl::dma;
use pleach_spec::Config;

#[test]
fn verilator_finds_nothing_but_what_is_waived() {
    let waivers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../constraints/verilator.vlt");
    for axi_bits in [64, 128, 256, 512] {
        let config = Config { axi_bits, ..Config::resolve("mini").expect("built in") };
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lint-dma-{axi_bits}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join(format!("{}.v", dma::MODULE));
        std::fs::write(&file, dma::verilog(&config, 0).expect("Verilog")).expect("a file");
        let output = Command::new("verilator")
            .args(["--lint-only", "-Wall", "--top-module", dma::MODULE])
            .args([&waivers, &file])
            .output()
            .expect("verilator starts");
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && messages.is_empty(), "{axi_bits} bits:\n{messages}");
    }
}
