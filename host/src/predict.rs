//! Predictions of the fast model: how long a program takes, layer by layer, and what it waits for.

use pleach_sim::fast::{ListTiming, Machine, cycles_only};
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use pleach_spec::executable::Executable;
use pleach_spec::list::{Command, ListError, Start};

/// The machine that programs run on: an accelerator with a memory, and where the host puts the segments.
pub fn machine(config: &Config, memory: MemoryTiming) -> Machine {
    Machine { config: config.clone(), memory, bases: [0, 1 << 32], watchdog_cycles: 0 }
}

/// The clock cycles of each of `layers` layers: for each of its passes, from the result of the pass before to its own. The last
/// layer also has what comes after, so that together they are the whole.
pub fn layer_cycles(
    executable: &Executable,
    layers: usize,
    start: Start,
    machine: &Machine,
) -> Result<Vec<u64>, ListError> {
    timing(executable, layers, start, machine).map(|(cycles, _)| cycles)
}

/// [`layer_cycles`], with the counters of the whole run.
pub fn timing(
    executable: &Executable,
    layers: usize,
    start: Start,
    machine: &Machine,
) -> Result<(Vec<u64>, ListTiming), ListError> {
    let commands = executable.commands_of(start)?;
    let timing = cycles_only(&executable.image, &commands, start, machine);
    Ok((attribute(&commands, &executable.owners_of(start)?, &timing, layers), timing))
}

fn attribute(commands: &[Command], owners: &[u32], timing: &ListTiming, layers: usize) -> Vec<u64> {
    let mut cycles = vec![0; layers];
    let (mut before, mut last) = (0, 0);
    for ((command, &owner), time) in commands.iter().zip(owners).zip(&timing.commands) {
        if let (Command::Compute(_), Some(time), Some(cycles)) =
            (command, time, cycles.get_mut(owner as usize))
        {
            *cycles += time.end.saturating_sub(before);
            before = before.max(time.end);
            last = owner as usize;
        }
    }
    if let Some(last) = cycles.get_mut(last) {
        *last += timing.compute.cycles.saturating_sub(before);
    }
    cycles
}
