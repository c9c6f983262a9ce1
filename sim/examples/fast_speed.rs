//! How long the fast model takes for compiled models, one line of JSON each: `fast_speed RUNS MODEL.bin...`.
//!
//! Each of the three times is the best of the runs, in milliseconds: `prepare`, what a program costs once; `cycles`, timing it
//! anew; `bits`, executing it. `cargo xtask bench-fast` compares them with ONNX Runtime.

use pleach_sim::device::{Accelerator, FastAccelerator};
use pleach_sim::fast::{Machine, cycles_only};
use pleach_sim::memory::MemoryTiming;
use pleach_spec::VECTOR;
use pleach_spec::list::Start;
use pleach_spec::model_file::ModelFile;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: fast_speed RUNS MODEL.bin...";
    let runs: usize = arguments.next().and_then(|runs| runs.parse().ok()).ok_or(usage)?;
    for path in arguments {
        println!("{}", measure(runs, &path)?);
    }
    Ok(())
}

fn measure(runs: usize, path: &str) -> Result<String, String> {
    let model = ModelFile::read(Path::new(path), None).map_err(|error| format!("{path}: {error}"))?;
    let input = &model.executable.input;
    let image: Vec<[i8; VECTOR]> = (0..input.vectors())
        .map(|vector| std::array::from_fn(|byte| (vector * 89 + byte * 31) as i8))
        .collect();
    let machine = Machine {
        config: model.config.clone(),
        memory: MemoryTiming::default(),
        bases: [0, 1 << 32],
        watchdog_cycles: 0,
    };
    let commands = model.executable.commands().map_err(|error| format!("{path}: {error}"))?;
    let mut best = [f64::INFINITY; 4];
    let mut cycles = 0;
    for _ in 0..runs {
        let mut accelerator = FastAccelerator::with_machine(machine.clone());
        let mut clock = Instant::now();
        let mut lap = |index: usize| {
            let milliseconds = clock.elapsed().as_secs_f64() * 1e3;
            best[index] = best[index].min(milliseconds);
            clock = Instant::now();
        };
        accelerator.load(&model.executable.image).map_err(|error| format!("{path}: {error}"))?;
        lap(0);
        for _ in 0..4 {
            cycles = cycles_only(&model.executable.image, &commands, Start::Cold, &machine).compute.cycles;
            lap(1);
        }
        accelerator.timing();
        lap(3);
        for _ in 0..4 {
            accelerator.write(input.base, &image).map_err(|error| format!("{path}: {error}"))?;
            accelerator.run().map_err(|error| format!("{path}: {error}"))?;
            lap(2);
        }
    }
    let [prepare, timing, bits, _] = best;
    Ok(format!(
        "{{\"model\": {path:?}, \"cycles\": {cycles}, \"prepare_ms\": {prepare:.2}, \"cycles_ms\": {timing:.2}, \"bits_ms\": {bits:.2}}}"
    ))
}
