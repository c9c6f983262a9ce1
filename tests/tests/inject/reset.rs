//! The host ends runs, at any moment and with bursts under way; and a memory that does not answer.

use crate::program::Program;
use crate::{exact, hostile, mini, recovers};
use pleach_sim::memory::{Faults, Hostile};
use pleach_sim::rtl::Behaviour;
use pleach_spec::register::{self, ENGINE_FETCH, ErrorCode, RunError};
use pleach_tests::depth;
use pleach_tests::pair::{Pair, machine};
use pleach_tests::random::Random;

/// Starts a program and lets it run for a part of its time.
fn interrupted(pair: &mut Pair, random: &mut Random) -> Program {
    let program = Program::passes(pair.config(), random);
    let cycles = pair.fast(&program.image, &program.data).timing().memory_side.cycles;
    pair.start(&program.image, &program.data);
    // Accesses to the register bus and a hostile memory take time of their own.
    for _ in 0..random.below(cycles as usize * if pair.is_exact() { 1 } else { 3 }) {
        pair.rtl.step();
    }
    program
}

fn soft_resets(pair: &mut Pair) {
    let mut random = Random(11);
    for _ in 0..depth(24).cases {
        interrupted(pair, &mut random);
        pair.soft_reset();
        recovers(pair, &mut random);
    }
}

/// Returns how many runs were stopped.
fn stops(pair: &mut Pair) -> u32 {
    let mut random = Random(12);
    let mut stopped = 0;
    for _ in 0..depth(16).cases {
        let program = interrupted(pair, &mut random);
        pair.rtl.write_register(register::CONTROL, register::CONTROL_STOP).expect("the RTL answers");
        let ending = pair.end(program.commands.len());
        // The run may have been faster.
        if let Some(RunError { code, engine, command }) = ending.error {
            assert_eq!((code, engine), (ErrorCode::Stopped, ENGINE_FETCH));
            assert!(command as usize <= program.commands.len());
            stopped += 1;
        }
        recovers(pair, &mut random);
    }
    stopped
}

#[test]
fn soft_reset_at_any_moment() {
    exact().chain(hostile()).for_each(|mut pair| soft_resets(&mut pair));
}

#[test]
fn stop_at_any_moment() {
    for mut pair in exact().chain(hostile()) {
        assert!(stops(&mut pair) > 0);
    }
}

#[test]
fn a_stop_or_a_reset_without_a_run_changes_nothing() {
    let mut random = Random(13);
    for mut pair in exact() {
        pair.compare_random(2, &mut random);
        let stop = register::CONTROL_STOP;
        pair.rtl.write_register(register::CONTROL, stop).expect("the RTL answers");
        assert_eq!(pair.read_register(register::STATUS), register::STATUS_DONE);
        pair.compare_random(2, &mut random);
        pair.soft_reset();
        pair.compare_random(2, &mut random);
    }
}

/// Starts a program on a memory that sleeps, and waits for the watchdog.
fn asleep(pair: &mut Pair, asleep_cycles: u64, random: &mut Random) -> Program {
    let faults = Faults { asleep_cycles, ..Faults::default() };
    pair.rtl.memory().restart(Box::new(Hostile::new(random.bits(), 8, faults)));
    pair.set_watchdog(2000);
    let program = Program::passes(pair.config(), random);
    pair.start(&program.image, &program.data);
    for _ in 0..4000 {
        pair.rtl.step();
    }
    assert_eq!(pair.read_register(register::STATUS), register::STATUS_BUSY | register::STATUS_ERROR);
    assert_eq!(pair.read_register(register::INTERRUPT_STATUS), register::INTERRUPT_ERROR);
    let error = pair.rtl.error().expect("the RTL answers");
    assert_eq!(error, Some(RunError { code: ErrorCode::Watchdog, engine: ENGINE_FETCH, command: 0 }));
    pair.set_watchdog(crate::WATCHDOG);
    program
}

/// AXI knows no way to take a burst back: the error is told at once, but the run and a reset end only when the memory has answered.
#[test]
fn a_memory_that_answers_late() {
    let mut random = Random(14);
    for mut pair in hostile() {
        let program = asleep(&mut pair, 9000, &mut random);
        let ending = pair.end(program.commands.len());
        assert_eq!(ending.error.map(|error| error.code), Some(ErrorCode::Watchdog));
        recovers(&mut pair, &mut random);
        asleep(&mut pair, 9000, &mut random);
        pair.rtl.write_register(register::CONTROL, register::CONTROL_RESET).expect("the RTL answers");
        assert_eq!(pair.read_register(register::STATUS), register::STATUS_BUSY);
        pair.soft_reset();
        recovers(&mut pair, &mut random);
    }
}

/// Then only a reset of the memory and the accelerator together helps; the registers answer until then.
#[test]
fn a_memory_that_never_answers() {
    let behaviour = Behaviour::Hostile { seed: 5, eagerness: 8, faults: Faults::default() };
    let mut random = Random(15);
    let mut pair = Pair::new(machine(&mini()), behaviour.clone());
    asleep(&mut pair, u64::MAX, &mut random);
    pair.rtl.write_register(register::CONTROL, register::CONTROL_RESET).expect("the RTL answers");
    for _ in 0..50_000 {
        pair.rtl.step();
    }
    assert_eq!(pair.read_register(register::STATUS), register::STATUS_BUSY);
    pair.rtl.write_register(register::CONTROL, register::CONTROL_START).expect("the RTL answers");
    assert_eq!(pair.read_register(register::STATUS), register::STATUS_BUSY);
    pair.check_protocol();
    let mut after_power_up = Pair::new(machine(&mini()), behaviour);
    after_power_up.compare_random(2, &mut random);
}
