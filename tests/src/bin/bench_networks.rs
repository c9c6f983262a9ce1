//! The table of docs/src/networks.md: what all networks of the zoo cost on the 16 x 16 accelerator, dense and with zeros.
//! `cargo xtask bench-networks` writes it.

use pleach_host::prune::PruneError;
use pleach_host::zoo::{ARCHITECTURES, Options};
use pleach_sim::fast::ListTiming;
use pleach_tests::cost::{Cost, is_conv, macs, utilisation};
use pleach_tests::zoo::{Part, Prepared, machine, random_zeros};

/// Prints the lines of a network; what could not be done is noted.
fn lines(name: &str, title: &str, part: Part, notes: &mut Vec<String>) -> Result<(), String> {
    let machine = machine();
    let config = &machine.config;
    let prepared = Prepared::new(name, &Options::default(), part);
    let network = prepared.dense();
    let (all, convs) = (macs(&network, |_| true), macs(&network, is_conv));
    let dense = Cost::of(&network, &machine)?;
    let print = |weights: &str, cost: &Cost| {
        let share = |macs, cycles| format!("{:.1} %", utilisation(macs, cycles, &machine));
        let (conv_use, whole_use) = match weights {
            "dense" => (share(convs, cost.conv_cycles), share(all, cost.cycles)),
            _ => {
                let ratio = |a: u64, b: u64| format!("{:.2}x", a as f64 / b.max(1) as f64);
                (ratio(dense.conv_cycles, cost.conv_cycles), ratio(dense.cycles, cost.cycles))
            }
        };
        let per_second = f64::from(config.clock_mhz) * 1e6 / cost.cycles as f64;
        let ListTiming { compute, memory_side, .. } = &cost.timing;
        let bytes = (memory_side.bytes_read + memory_side.bytes_written) as f64 / 1e6;
        let of_cycles = |stalled: u64| format!("{:.1} %", 100.0 * stalled as f64 / cost.cycles as f64);
        println!(
            "| {title} | {weights} | {} | {conv_use} | {whole_use} | {:.2} | {per_second:.1} | {bytes:.1} | {} | {} | {} |",
            cost.cycles,
            1e3 / per_second,
            of_cycles(compute.no_pass),
            of_cycles(compute.stall_data),
            of_cycles(compute.stall_drain),
        );
    };
    print("dense", &dense);
    let mut most = None;
    for speedup in [2.0, 4.0, 5.0] {
        match prepared.slots(config, speedup) {
            Ok(pruned) => print(&format!("slots {speedup}x"), &Cost::of(&pruned, &machine)?),
            Err(error) => {
                notes.push(format!("- {title}, slots {speedup}x: {error}."));
                if let PruneError::Unreachable { reachable, .. } = error {
                    most = Some((reachable * 10.0).floor() / 10.0);
                }
            }
        }
    }
    if let Some(most) = most {
        let pruned = prepared.slots(config, most).map_err(|error| error.to_string())?;
        print(&format!("slots {most}x, the most"), &Cost::of(&pruned, &machine)?);
    }
    print("80 % random zeros", &Cost::of(&random_zeros(&network, 80), &machine)?);
    Ok(())
}

/// The fully connected layers of VGG-16, whose weights are most of the network.
fn vgg16_classifier() -> Result<(), String> {
    let machine = machine();
    let network = Prepared::new("vgg16", &Options::default(), Part::Whole).dense();
    let cost = Cost::of(&network, &machine)?;
    println!(
        "\nVGG-16 as a whole takes {} cycles; {} of them are its three fully connected layers ({:.2} ms), whose 123.6 M weights \
         are each used once an image and wait for the memory.",
        cost.cycles,
        cost.full_cycles,
        cost.full_cycles as f64 / f64::from(machine.config.clock_mhz) / 1e3
    );
    Ok(())
}

fn main() -> Result<(), String> {
    println!(
        "| network | weights | cycles | convolutions | whole | ms | frames/s | DDR, MB | no pass | waits for data | for the drain |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let mut notes = Vec::new();
    for network in &ARCHITECTURES {
        let (title, part) = match network.name {
            "vgg16" => ("vgg16 without its fully connected layers", Part::Maps),
            name => (name, Part::Whole),
        };
        lines(network.name, title, part, &mut notes).map_err(|problem| format!("{title}: {problem}"))?;
    }
    vgg16_classifier()?;
    println!("\n{}", notes.join("\n"));
    Ok(())
}
