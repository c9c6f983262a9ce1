//! The fast model against the golden one.

use crate::networks::random_map;
use crate::random::Random;
use pleach_host::compile::CompileError;
use pleach_host::device::{golden_maps, infer_batch};
use pleach_sim::device::{Accelerator, FastAccelerator};
use pleach_sim::fast::Machine;
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use pleach_spec::executable::Executable;
use pleach_spec::network::Network;

/// A program, if small memories hold everything.
///
/// # Errors
/// It does not compile for another reason.
pub fn if_it_fits(compiled: Result<Executable, CompileError>) -> Result<Option<Executable>, String> {
    match compiled {
        Err(CompileError::Activations { .. } | CompileError::Pass { .. }) => Ok(None),
        other => other.map(Some).map_err(|error| format!("does not compile: {error}")),
    }
}

/// Runs a network on the fast model, with so many images a run; what differs from golden, if anything.
///
/// # Errors
/// The first difference, or why it does not run.
pub fn compare(
    network: &Network,
    program: &Executable,
    config: &Config,
    counts: &[usize],
    random: &mut Random,
) -> Result<(), String> {
    let mut accelerator = FastAccelerator::with_machine(Machine {
        config: config.clone(),
        memory: MemoryTiming::default(),
        bases: [0, 1 << 32],
        watchdog_cycles: 1 << 20,
    });
    accelerator.load(&program.image).map_err(|error| error.to_string())?;
    let shape = network.tensors[network.input].shape;
    for &count in counts {
        let inputs: Vec<_> = (0..count).map(|_| random_map(shape, random)).collect();
        let (outputs, _) = infer_batch(&mut accelerator, program, &inputs)
            .map_err(|error| format!("does not run: {error}"))?;
        if outputs.len() != count {
            return Err(format!("{count} images, but outputs of {}", outputs.len()));
        }
        for (image, (input, outputs)) in inputs.iter().zip(&outputs).enumerate() {
            let maps = golden_maps(network, input).map_err(|error| error.to_string())?;
            for (&tensor, found) in network.outputs.iter().zip(outputs) {
                let different = maps[tensor].iter().zip(found).filter(|(a, b)| a != b).count();
                if different > 0 || maps[tensor].len() != found.len() {
                    return Err(format!("image {image}, tensor {tensor}: {different} bytes differ"));
                }
            }
        }
    }
    Ok(())
}
