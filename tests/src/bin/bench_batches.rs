//! The table of docs/src/networks.md about batches: what an image costs where several are computed at a time.
//! `cargo xtask bench-batches` writes it.

use pleach_host::zoo::Options;
use pleach_spec::network::Network;
use pleach_tests::cost::{Cost, macs, utilisation};
use pleach_tests::zoo::{Part, Prepared, digits, machine};

/// Images at a time.
const BATCHES: [usize; 4] = [1, 2, 4, 8];

/// Prints the lines of a network.
fn lines(name: &str, network: &Network) -> Result<(), String> {
    let machine = machine();
    let macs = macs(network, |_| true);
    for images in BATCHES {
        let Cost { cycles, timing, .. } = Cost::of_batch(network, images, &machine)?;
        let each = cycles as f64 / images as f64;
        let seconds = cycles as f64 / (f64::from(machine.config.clock_mhz) * 1e6);
        let bytes = timing.memory_side.bytes_read + timing.memory_side.bytes_written;
        println!(
            "| {name} | {images} | {each:.0} | {:.1} % | {:.3} | {:.1} | {:.1} |",
            utilisation(images as u64 * macs, cycles, &machine),
            1e3 * seconds,
            images as f64 / seconds,
            bytes as f64 / images as f64 / 1e6,
        );
    }
    Ok(())
}

fn main() -> Result<(), String> {
    println!(
        "| network | batch | cycles an image | utilisation | latency, ms | frames/s | DDR an image, MB |"
    );
    println!("|---|---|---|---|---|---|---|");
    lines("digits", &digits(&machine().config))?;
    for name in ["mobilenetv2", "resnet18", "resnet50"] {
        lines(name, &Prepared::new(name, &Options::default(), Part::Whole).dense())?;
    }
    Ok(())
}
