//! Speed of the fast model on a VGG-size layer: `cargo bench --bench fast_model`.
//!
//! Items are multiply-accumulates of the dense layer (462 million), so a sparse layer shows dense-equivalent speed.

use divan::Bencher;
use divan::counter::ItemsCount;
use pleach_host::compile::compile;
use pleach_sim::device::{Device, FastDevice, Session};
use pleach_sim::fast::time_run;
use pleach_spec::Config;
use pleach_tests::vgg::{Pattern, layer};

const PATTERNS: [Pattern; 2] = [Pattern::Dense, Pattern::OfSixteen(4)];

fn main() {
    divan::main();
}

fn config() -> Config {
    Config::resolve("default").expect("a built-in configuration")
}

/// Bits and cycles, as `host run` computes them.
#[divan::bench(args = PATTERNS, sample_count = 5)]
fn bits_and_cycles(bencher: Bencher<'_, '_>, pattern: Pattern) {
    let (network, input) = layer(pattern);
    let program = compile(&network, &config()).expect("the layer fits");
    let mut device = FastDevice::new(config());
    bencher.counter(ItemsCount::new(network.macs(&network.layers[0]))).bench_local(|| {
        Session::new(&mut device as &mut dyn Device, &network, &program).infer(&input).expect("it runs")
    });
}

/// Cycles only, as a search uses them.
#[divan::bench(args = PATTERNS, sample_count = 5)]
fn cycles_only(bencher: Bencher<'_, '_>, pattern: Pattern) {
    let (network, _) = layer(pattern);
    let config = config();
    let program = compile(&network, &config).expect("the layer fits");
    bencher.bench_local(|| program.runs.iter().map(|run| time_run(run, &config).total.cycles).sum::<u64>());
}

/// Schedule and pack.
#[divan::bench(args = PATTERNS, sample_count = 5)]
fn compile_layer(bencher: Bencher<'_, '_>, pattern: Pattern) {
    let (network, _) = layer(pattern);
    bencher.bench_local(|| compile(&network, &config()).expect("the layer fits"));
}
