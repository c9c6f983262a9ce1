//! All networks of the zoo at full size on the fast model of the 16 x 16 accelerator, every byte of their outputs as golden's.
//! Minutes, and so only on demand: `cargo xtask networks`.

use pleach_host::compile::compile_list;
use pleach_host::device::{golden_maps, infer};
use pleach_host::zoo::{ARCHITECTURES, Options};
use pleach_sim::device::{Accelerator, FastAccelerator};
use pleach_tests::networks::random_map;
use pleach_tests::random::Random;
use pleach_tests::zoo::{Part, Prepared, machine};
use std::process::ExitCode;
use std::time::Instant;

/// Runs a network both ways, and prints a line of the table; what is wrong, if anything.
fn check(name: &str) -> Result<(), String> {
    let machine = machine();
    let network = Prepared::new(name, &Options::default(), Part::Whole).dense();
    let start = Instant::now();
    let program = compile_list(&network, &machine.config).map_err(|error| error.to_string())?;
    let compile_seconds = start.elapsed().as_secs_f64();
    let input = random_map(network.tensors[network.input].shape, &mut Random(7));
    let mut accelerator = FastAccelerator::with_machine(machine.clone());
    accelerator.load(&program.image).map_err(|error| error.to_string())?;
    let start = Instant::now();
    let (outputs, counters) = infer(&mut accelerator, &program, &input).map_err(|error| error.to_string())?;
    let fast_seconds = start.elapsed().as_secs_f64();
    let maps = golden_maps(&network, &input).map_err(|error| error.to_string())?;
    for (&tensor, found) in network.outputs.iter().zip(&outputs) {
        let different = found.iter().zip(&maps[tensor]).filter(|(a, b)| a != b).count();
        if different > 0 || found.len() != maps[tensor].len() {
            let output = &network.tensors[tensor].name;
            return Err(format!("output `{output}`: {different} of {} bytes differ", found.len()));
        }
    }
    let macs: u64 = network.layers.iter().map(|layer| network.macs(layer)).sum();
    let cycles = counters.compute.cycles;
    let utilisation = 100.0 * macs as f64 / (machine.config.multipliers() as u64 * cycles) as f64;
    let layers = network.layers.len();
    println!(
        "| {name} | {layers} | {macs} | {cycles} | {utilisation:.1} % | {compile_seconds:.1} s | {fast_seconds:.1} s |"
    );
    Ok(())
}

fn main() -> ExitCode {
    let named: Vec<String> = std::env::args().skip(1).collect();
    println!("| network | layers | MACs | cycles | utilisation of the whole | compiled in | fast model |");
    println!("|---|---|---|---|---|---|---|");
    let mut code = ExitCode::SUCCESS;
    for network in
        ARCHITECTURES.iter().filter(|network| named.is_empty() || named.contains(&network.name.into()))
    {
        if let Err(problem) = check(network.name) {
            eprintln!("error: {}: {problem}", network.name);
            code = ExitCode::FAILURE;
        }
    }
    code
}
