//! Lists with damaged bits: the fast accelerator ends with a result or an error, and never panics.

use pleach_sim::device::{Accelerator, DeviceError, FastAccelerator};
use pleach_sim::fast::Machine;
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use pleach_spec::list::{Beat, Command, Image, Load, Store};
use pleach_spec::register::ErrorCode;
use pleach_tests::random::Random;
use pleach_tests::{depth, passes};
use proptest::prelude::*;

fn mini() -> Config {
    Config { activation_depth: 512, ..Config::resolve("mini").expect("built in") }
}

fn accelerator(config: Config) -> FastAccelerator {
    FastAccelerator::with_machine(Machine {
        config,
        memory: MemoryTiming::default(),
        bases: [0x4000, 1 << 33],
        watchdog_cycles: 5000,
    })
}

proptest! {
    #![proptest_config(depth(128))]

    #[test]
    fn any_damage_is_survived(seed in any::<u64>(), flips in 1usize..6, in_list in any::<bool>()) {
        let config = mini();
        let mut random = Random(seed);
        let case = passes::run(1 + random.below(4), seed, &config);
        let mut image = passes::list::list(&case, &config, &mut random).image;
        for _ in 0..flips {
            let beats = if in_list { image.list.clone() } else { 0..image.model.len() };
            let beat = beats.start + random.below(beats.len());
            image.model[beat][random.below(4)] ^= 1 << random.below(32);
        }
        let mut accelerator = accelerator(config);
        accelerator.load(&image).unwrap();
        match accelerator.run() {
            Ok(counters) => prop_assert!(counters.compute.cycles > 0),
            Err(DeviceError::Run(error)) => prop_assert!(error.code != ErrorCode::Stopped),
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
    }
}

/// How a list of these commands ends.
fn ending(commands: &[Command], change: impl FnOnce(&mut Vec<Beat>)) -> Option<ErrorCode> {
    let mut list = pleach_spec::list::encode(commands).unwrap();
    change(&mut list);
    let image = Image { list: 0..list.len(), model: list, data_vectors: 100, warm: None };
    let mut accelerator = accelerator(mini());
    accelerator.load(&image).unwrap();
    match accelerator.run() {
        Ok(_) => None,
        Err(DeviceError::Run(error)) => Some(error.code),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn errors_are_those_of_the_contract() {
    let store = Store { count: 4, target: 96, ..Store::default() };
    let load = Load { count: 4, segment: 1, address: 2044, ..Load::default() };
    let nothing = |_: &mut Vec<Beat>| ();
    assert_eq!(ending(&[Command::Store(store), Command::Load(load)], nothing), None);
    let beyond_segment = Store { target: 97, ..store };
    assert_eq!(ending(&[Command::Store(beyond_segment)], nothing), Some(ErrorCode::Bounds));
    let beyond_buffer = Load { address: 2045, ..load };
    assert_eq!(ending(&[Command::Load(beyond_buffer)], nothing), Some(ErrorCode::Bounds));
    let waiting = Load { wait: 2, ..load };
    assert_eq!(ending(&[Command::Load(waiting)], nothing), Some(ErrorCode::Deadlock));
    assert_eq!(ending(&[Command::Load(load)], |list| list[0][0] ^= 15), Some(ErrorCode::Illegal));
    // A pass of nothing is never done.
    let pass = Command::Compute(Default::default());
    assert_eq!(ending(&[pass], nothing), Some(ErrorCode::Watchdog));
}
