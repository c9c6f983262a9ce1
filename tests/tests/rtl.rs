//! The third rung of the ladder of truth: the Verilated RTL computes the bits of the golden model in the cycles of the fast one.

use pleach_host::compile::Layouts;
use pleach_sim::device::{FastDevice, RtlDevice};
use pleach_spec::Config;
use pleach_spec::network::ConvGeometry;
use pleach_tests::{Case, Limits, cases, chains, device_output, golden_output, single_layer};
use proptest::prelude::*;
use std::sync::{LazyLock, Mutex, MutexGuard};

/// One model of each configuration serves all tests: every case starts on a machine that has run others.
fn mini() -> MutexGuard<'static, RtlDevice> {
    static DEVICE: LazyLock<Mutex<RtlDevice>> = LazyLock::new(|| build("mini"));
    DEVICE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn build(name: &str) -> Mutex<RtlDevice> {
    let config = Config::resolve(name).expect("a built-in configuration");
    Mutex::new(RtlDevice::build(config).expect("the RTL builds: `cargo xtask setup` gets Verilator"))
}

/// Bits against golden, every counter against the fast model.
fn check(case: &Case, rtl: &mut RtlDevice) -> Result<(), TestCaseError> {
    let config = pleach_sim::device::Device::config(rtl).clone();
    let (fast_output, fast_counters) = device_output(case, &mut FastDevice::new(config));
    let (rtl_output, rtl_counters) = device_output(case, rtl);
    prop_assert_eq!(&fast_output, &golden_output(case));
    prop_assert_eq!(rtl_output, fast_output);
    prop_assert_eq!(rtl_counters, fast_counters);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn single_layers_on_4x4(case in cases(Limits::QUICK)) {
        check(&case, &mut mini())?;
    }

    #[test]
    fn chains_of_layers_on_4x4(case in chains(Limits::QUICK, 3)) {
        check(&case, &mut mini())?;
    }
}

/// Channels in and out, geometry, height and width, density in percent, layouts.
type Fixed = (usize, usize, ConvGeometry, [usize; 2], u32, Layouts);

fn same(kernel: usize) -> ConvGeometry {
    ConvGeometry { pads: [kernel / 2; 4], ..ConvGeometry::valid([kernel; 2]) }
}

#[test]
fn fixed_layers_on_16x16() {
    use Layouts::{Phased, RowMajor};
    let fixed: [Fixed; 10] = [
        (16, 16, same(3), [7, 7], 100, Phased),
        (37, 50, same(3), [6, 9], 25, Phased),
        (64, 32, same(1), [8, 8], 10, Phased),
        (3, 24, ConvGeometry { stride: [2, 2], ..same(7) }, [17, 17], 100, Phased),
        (20, 20, ConvGeometry { stride: [2, 2], ..same(3) }, [9, 11], 50, RowMajor),
        (20, 20, ConvGeometry { stride: [3, 3], ..same(5) }, [13, 13], 50, Phased),
        (40, 10, ConvGeometry::valid([4, 4]), [4, 4], 30, Phased),
        (
            18,
            18,
            ConvGeometry { dilation: [2, 2], pads: [2; 4], ..ConvGeometry::valid([3, 3]) },
            [10, 10],
            60,
            Phased,
        ),
        (48, 48, ConvGeometry { groups: 48, ..same(3) }, [8, 8], 100, Phased),
        (33, 17, same(3), [5, 5], 0, Phased),
    ];
    let device = build("default");
    let mut rtl = device.lock().expect("nobody else has it");
    for (index, (inputs, outputs, geometry, size, density, layouts)) in fixed.into_iter().enumerate() {
        let case = single_layer(inputs, outputs, geometry, size, density, layouts, index as u64);
        check(&case, &mut rtl).unwrap_or_else(|error| panic!("fixed layer {index}: {error}"));
    }
}
