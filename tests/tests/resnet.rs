//! ResNet-18 at full size on the default configuration with a buffer of 256 KiB: how well the array is used.

use pleach_host::compile::compile_list;
use pleach_sim::device::{Accelerator, FastAccelerator};
use pleach_spec::Config;
use pleach_spec::list::Command;
use pleach_tests::random::Random;
use pleach_tests::resnet::resnet18;
use std::time::Instant;

#[test]
fn resnet18_keeps_the_array_busy() {
    let config = Config { activation_depth: 1024, word_depth: 8192, ..Config::resolve("default").unwrap() };
    let network = resnet18(224, 100, &mut Random(1));
    let start = Instant::now();
    let program = compile_list(&network, &config).unwrap();
    println!("compiled in {:?}, {} beats", start.elapsed(), program.image.model.len());
    let mut accelerator = FastAccelerator::new(config.clone());
    accelerator.load(&program.image).unwrap();
    let start = Instant::now();
    let timing = accelerator.timing().clone();
    println!("timed in {:?}: {:?}", start.elapsed(), timing.compute);
    println!("{:?}", timing.memory_side);
    let mut ends = vec![0u64; network.layers.len()];
    for ((command, owner), time) in
        program.commands().unwrap().iter().zip(&program.owners).zip(&timing.commands)
    {
        if let (Command::Compute(_), Some(time)) = (command, time) {
            ends[*owner as usize] = ends[*owner as usize].max(time.end);
        }
    }
    let work = program.work(network.layers.len()).unwrap();
    let mut before = 0;
    for (index, layer) in network.layers.iter().enumerate().filter(|(index, _)| ends[*index] > 0) {
        let cycles = ends[index] - before.min(ends[index]);
        let macs = network.macs(layer);
        println!(
            "{:>20} {:>9} cycles {:>9} words {:>6.1} % {:?}",
            layer.name,
            cycles,
            work[index].words,
            100.0 * macs as f64 / 256.0 / cycles as f64,
            work[index]
        );
        before = ends[index];
    }
    let macs: u64 = network.layers.iter().map(|layer| network.macs(layer)).sum();
    let utilisation = macs as f64 / (256 * timing.compute.cycles) as f64;
    println!("utilisation {:.2} %", 100.0 * utilisation);
    assert!(utilisation > 0.88, "{utilisation}");
}
