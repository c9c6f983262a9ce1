//! The engines and the activation buffer under Verilator, without the datapath: the cycles of a run, the vectors that
//! arrive at the rows, and where results go.

use pleach_host::compile::compile_with;
use pleach_sim::device::{Device, Vector};
use pleach_sim::fast;
use pleach_sim::rtl::{Checks, Model, RtlDevice, Verilate};
use pleach_spec::program::{Pass, Program, Run};
use pleach_spec::{Config, VECTOR, timing};
use pleach_tests::{Case, Limits, cases, chains};
use proptest::prelude::*;

/// The engines with a stand-in for the datapath, which answers with the right timing: the result of a row is the number of
/// the row in the run, in every column.
fn bench(config: &Config) -> String {
    let Config { rows, columns, .. } = *config;
    let depth = 7 + rows + timing::LANE_LATENCY as usize + columns - 1;
    let list = |name: &str, count: usize| {
        (0..count).map(|i| format!(".{name}${i}(number[7:0]), ")).collect::<String>()
    };
    let stage =
        |name: &str, from: &str| (0..rows).map(|r| format!(".{name}${r}({from}[{r}]), ")).collect::<String>();
    let data: String =
        (0..rows).map(|r| format!(".stage_data${r}(stage_data[{}:{}]), ", 128 * r + 127, 128 * r)).collect();
    let engines = pleach_hdl::units::Unit::Engines.verilog(config).expect("Verilog");
    format!(
        "{engines}
module bench (
    input wire clock,
    input wire [15:0] reg_addr, input wire reg_write, input wire [31:0] reg_wdata, output wire [31:0] reg_rdata,
    input wire [31:0] mem_addr, input wire mem_write, mem_read, input wire [127:0] mem_wdata, output wire [127:0] mem_rdata,
    output wire idle, word_valid, word_first, word_last, pass_end, output wire [15:0] word_address,
    output wire [1:0] take, window_slot, output wire [6:0] take_stage, stage_slot,
    output wire [{rows}-1:0] stage_write, output wire [128*{rows}-1:0] stage_data
);
    reg [{depth}+{rows}-2:0] line = 0;
    reg [15:0] number = 0;
    wire valid = |line[{depth}+{rows}-2:{depth}-1];
    always @(posedge clock) begin
        line <= {{line[{depth}+{rows}-3:0], word_last}};
        number <= idle ? 0 : number + valid;
    end
    pleach_engines engines (
        .clock(clock), .reg_addr(reg_addr), .reg_write(reg_write), .reg_wdata(reg_wdata), .reg_rdata(reg_rdata),
        .mem_addr(mem_addr), .mem_write(mem_write), .mem_read(mem_read), .mem_wdata(mem_wdata), .mem_rdata(mem_rdata),
        .idle(idle), .pass_first(), .word_valid(word_valid), .word_first(word_first), .word_last(word_last),
        .word_address(word_address), .pass_end(pass_end), .take(take), .window_slot(window_slot), .take_stage(take_stage),
        {writes}.stage_slot(stage_slot), {data}.result_valid(valid), {results}.host_data(), .host_beat(),
        .write_weights(), .write_positions(), .write_parameter()
    );
endmodule
",
        writes = stage("stage_write", "stage_write"),
        results = list("result", columns),
    )
}

fn device(config: &Config) -> RtlDevice {
    let library =
        Verilate::new(&bench(config), "bench").checks(Checks::None).build().expect("the bench builds");
    RtlDevice::with_model(config.clone(), Model::new(&library)).expect("the bench has the host's ports")
}

fn program(case: &Case, config: &Config) -> Program {
    compile_with(&case.network, config, case.layouts).expect("the case fits")
}

fn check_cycles(case: &Case, device: &mut RtlDevice) -> Result<(), TestCaseError> {
    let config = device.config().clone();
    for run in &program(case, &config).runs {
        device.load(run).unwrap();
        let counters = device.run().unwrap();
        prop_assert_eq!(counters, fast::time_run(run, &config).total);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn cycles_are_those_of_the_fast_model(case in cases(Limits::QUICK)) {
        let config = Config::resolve("mini").unwrap();
        check_cycles(&case, &mut device(&config))?;
    }
}
