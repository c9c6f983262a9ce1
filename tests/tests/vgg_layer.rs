//! The promise on one layer of VGG-16: what is pruned is what is saved, and dense loses nothing.

use pleach_host::compile::compile_list;
use pleach_sim::device::{Accelerator, FastAccelerator};
use pleach_sim::fast::Counters;
use pleach_spec::Config;
use pleach_tests::vgg::{Pattern, layer};

fn counters(pattern: Pattern, config: &Config) -> Counters {
    let (network, _) = layer(pattern);
    let program = compile_list(&network, config).expect("the layer fits");
    let mut accelerator = FastAccelerator::new(config.clone());
    accelerator.load(&program.image).expect("it is a program");
    accelerator.timing().compute
}

#[test]
fn utilisation_and_speed_up_of_a_vgg_layer() {
    let config = Config::resolve("default").unwrap();
    let dense = counters(Pattern::Dense, &config);
    // 196 pixels fill 13 tiles of 16 rows to 94 %: no schedule can do better.
    let (macs, tiles) = (512 * 512 * 9 * 196, 13);
    let utilisation = macs as f64 / (config.multipliers() as u64 * dense.cycles) as f64;
    let attainable = 196.0 / (tiles * config.rows) as f64;
    println!("dense: {dense:?}, utilisation {utilisation:.4} of {attainable:.4}");
    assert!(utilisation >= 0.97 * attainable);
    for (kept, least) in [(8, 1.95), (4, 3.9), (2, 7.5)] {
        let sparse = counters(Pattern::OfSixteen(kept), &config);
        let speedup = dense.cycles as f64 / sparse.cycles as f64;
        println!("{kept} of 16: {sparse:?}, {speedup:.3}x");
        assert!(speedup >= least, "{kept} of 16 is only {speedup:.3}x faster");
    }
}
