//! The table of docs/src/networks.md about ResNet-50 on several arrays, and about what removed multiplications give.
//! `cargo xtask bench-resnet50` writes it.

use pleach_host::zoo::Options;
use pleach_sim::fast::Machine;
use pleach_spec::Config;
use pleach_spec::network::{Layer, Network};
use pleach_tests::cost::{Cost, is_conv, macs, utilisation};
use pleach_tests::zoo::{Part, Prepared, machine, random_zeros};

/// Multiplications by weights that are not zero, of all layers.
fn multiplications(network: &Network) -> u64 {
    let of = |layer: &Layer| {
        let nonzeros = layer.weights().iter().filter(|&&weight| weight != 0).count();
        nonzeros as u64 * network.tensors[layer.output].shape.pixels() as u64
    };
    network.layers.iter().map(of).sum()
}

/// The accelerator of the figures with another array.
fn with(rows: usize, columns: usize, window: usize) -> Machine {
    let machine = machine();
    // As many vectors in all as there are in the banks of 16 rows.
    let activation_depth = machine.config.activation_depth * machine.config.rows / rows;
    Machine { config: Config { rows, columns, window, activation_depth, ..machine.config }, ..machine }
}

fn main() -> Result<(), String> {
    println!(
        "| array | window | images | weights | cycles | convolutions | whole | multiplications | whole / multiplications |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let prepared = Prepared::new("resnet50", &Options::default(), Part::Whole);
    let dense = prepared.dense();
    let all = multiplications(&dense);
    let arrays = [(16, 16, 16, 1), (16, 16, 32, 1), (8, 32, 16, 1), (32, 32, 16, 1), (32, 32, 16, 4)];
    for (rows, columns, window, images) in arrays {
        let machine = with(rows, columns, window);
        let base = Cost::of_batch(&dense, images, &machine)?;
        let count = images as u64;
        println!(
            "| {rows} x {columns} | {window} | {images} | dense | {} | {:.1} % | {:.1} % | | |",
            base.cycles / count,
            utilisation(count * macs(&dense, is_conv), base.conv_cycles, &machine),
            utilisation(count * macs(&dense, |_| true), base.cycles, &machine)
        );
        if (rows, columns) != (16, 16) {
            continue;
        }
        let slots = prepared.slots(&machine.config, 3.3).map_err(|error| error.to_string())?;
        for (weights, network) in [("slots 3.3x", slots), ("80 % random zeros", random_zeros(&dense, 80))] {
            let found = Cost::of(&network, &machine)?;
            let faster = base.cycles as f64 / found.cycles as f64;
            let fewer = all as f64 / multiplications(&network) as f64;
            println!(
                "| {rows} x {columns} | {window} | {images} | {weights} | {} | {:.2}x | {faster:.2}x | {fewer:.2}x fewer | {:.2} |",
                found.cycles,
                base.conv_cycles as f64 / found.conv_cycles as f64,
                faster / fewer
            );
        }
    }
    Ok(())
}
