//! The whole way from Verilog to a running model, with a small module.

use super::*;

/// An accumulator: `sum` follows `operand$in` by one cycle, `wide` is seventy bits, `next` is combinational.
const ACCUMULATOR: &str = "
module accumulator(
    input wire clock, input wire clear, input wire [15:0] operand$in,
    output reg [31:0] sum, output wire [31:0] next, input wire [69:0] wide, output wire [69:0] inverse);
  initial sum = 32'd5;
  assign next = sum + {16'd0, operand$in};
  assign inverse = ~wide;
  always @(posedge clock) sum <= clear ? 32'd0 : next;
endmodule";

fn accumulator(checks: Checks) -> Model {
    Model::new(&Verilate::new(ACCUMULATOR, "accumulator").checks(checks).build().unwrap())
}

#[test]
fn outputs_follow_inputs_and_edges() {
    let mut model = accumulator(Checks::None);
    let (operand, sum, next) =
        (model.port("operand$in").unwrap(), model.port("sum").unwrap(), model.port("next").unwrap());
    assert_eq!(model.get(sum), 5);
    model.set(operand, 3);
    assert_eq!(model.get(next), 8);
    model.step(2);
    assert_eq!((model.get(sum), model.get(next), model.cycles()), (11, 14, 2));
    model.set(operand, 0x1_0001);
    assert_eq!(model.get(next), 12, "bits above the width are dropped");
}

#[test]
fn wide_ports_cross_whole() {
    let mut model = accumulator(Checks::None);
    let (wide, inverse) = (model.port("wide").unwrap(), model.port("inverse").unwrap());
    model.set_words(wide, &[0xffff_0000, 0, 0xffff_ffd5]);
    assert_eq!(model.get_words(inverse), [0x0000_ffff, 0xffff_ffff, 0x2a]);
    model.set(wide, 1);
    assert_eq!(model.get(inverse), u64::MAX - 1);
}

#[test]
fn runs_until_a_value_or_gives_up() {
    let mut model = accumulator(Checks::None);
    let (operand, sum) = (model.port("operand$in").unwrap(), model.port("sum").unwrap());
    model.set(operand, 1);
    assert_eq!(model.run_until(sum, u32::MAX, 25, 100), Some(20));
    assert_eq!(model.run_until(sum, 0x3f, 0x20, 100), Some(7));
    assert_eq!(model.run_until(sum, 0, 1, 10), None);
    assert_eq!(model.cycles(), 37);
}

#[test]
fn a_played_cycle_sees_its_own_inputs_and_the_state_before_the_edge() {
    let mut model = accumulator(Checks::None);
    let [clear, operand, sum, next, wide] =
        ["clear", "operand$in", "sum", "next", "wide"].map(|name| model.port(name).unwrap());
    let stimulus = [[0, 1, 7, 0, 0], [1, 2, 0, 0, 0], [0, 4, 0, 0, 0]].concat();
    let response = model.play(&[clear, operand, wide], &stimulus, &[sum, next]);
    assert_eq!(response, [5, 6, 6, 8, 0, 4]);
}

#[test]
fn models_of_one_library_are_independent_and_may_move_to_threads() {
    let library = Verilate::new(ACCUMULATOR, "accumulator").build().unwrap();
    let sums: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3)
            .map(|index| {
                let mut model = Model::new(&library);
                scope.spawn(move || {
                    let (operand, sum) = (model.port("operand$in").unwrap(), model.port("sum").unwrap());
                    model.set(operand, index);
                    model.step(100);
                    model.get(sum)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(sums, [5, 105, 205]);
}

#[test]
fn only_a_model_with_full_checks_writes_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wave.vcd");
    assert!(matches!(accumulator(Checks::None).trace(&path), Err(Error::NotTraced { .. })));
    let mut model = accumulator(Checks::Full);
    model.trace(&path).unwrap();
    model.step(3);
    drop(model);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("operand$in"), "{text}");
}

#[test]
fn an_unknown_port_is_answered_with_those_there_are() {
    let error = accumulator(Checks::None).port("sun").unwrap_err().to_string();
    assert_eq!(
        error,
        "module `accumulator` has no port `sun`; it has clock, clear, operand$in, sum, next, wide, inverse"
    );
}

#[test]
fn broken_verilog_is_reported_in_verilators_words() {
    let Err(error) = Verilate::new("module a(input x); assign y = ; endmodule", "a").report(|_| ()).build()
    else {
        panic!("built");
    };
    assert!(error.to_string().contains("syntax error"), "{error}");
}
