//! The registers that the host writes, and the interrupt.
//!
//! | port | width | |
//! |---|---|---|
//! | `write`, `index`, `data` | 1, 6, 32 | in, a register is written |
//! | `start`, `stop`, `reset` | 1 | out, CONTROL is written |
//! | `list_offset`, ..., `watchdog`, `interrupt_enable`, `interrupt_status` | 32 | out, the registers |
//! | `ended`, `failed` | 1 | in, a run ends; the run has met an error |
//! | `interrupt` | 1 | out |

use pleach_spec::register as spec;
use rust_hdl::prelude::*;

use crate::cells::Reg;

/// See the module.
#[derive(Debug, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct Settings {
    pub clock: Signal<In, Clock>,
    pub write: Signal<In, Bit>,
    pub index: Signal<In, Bits<6>>,
    pub data: Signal<In, Bits<32>>,
    pub start: Signal<Out, Bit>,
    pub stop: Signal<Out, Bit>,
    pub reset: Signal<Out, Bit>,
    pub list_offset: Signal<Out, Bits<32>>,
    pub list_beats: Signal<Out, Bits<32>>,
    pub model_base_low: Signal<Out, Bits<32>>,
    pub model_base_high: Signal<Out, Bits<32>>,
    pub model_size: Signal<Out, Bits<32>>,
    pub data_base_low: Signal<Out, Bits<32>>,
    pub data_base_high: Signal<Out, Bits<32>>,
    pub data_size: Signal<Out, Bits<32>>,
    pub watchdog: Signal<Out, Bits<32>>,
    pub interrupt_enable: Signal<Out, Bits<32>>,
    pub interrupt_status: Signal<Out, Bits<32>>,
    pub ended: Signal<In, Bit>,
    pub failed: Signal<In, Bit>,
    pub interrupt: Signal<Out, Bit>,

    reg_list_offset: Reg<Bits<32>>,
    reg_list_beats: Reg<Bits<32>>,
    reg_model_base_low: Reg<Bits<32>>,
    reg_model_base_high: Reg<Bits<32>>,
    reg_model_size: Reg<Bits<32>>,
    reg_data_base_low: Reg<Bits<32>>,
    reg_data_base_high: Reg<Bits<32>>,
    reg_data_size: Reg<Bits<32>>,
    reg_watchdog: Reg<Bits<32>>,
    enabled: Reg<Bits<2>>,
    pending: Reg<Bits<2>>,
    had_failed: Reg<Bit>,
    raised: Reg<Bit>,

    control: Signal<Local, Bit>,
    cleared: Signal<Local, Bits<2>>,
    at_control: Constant<Bits<6>>,
    at_list_offset: Constant<Bits<6>>,
    at_list_beats: Constant<Bits<6>>,
    at_model_base_low: Constant<Bits<6>>,
    at_model_base_high: Constant<Bits<6>>,
    at_model_size: Constant<Bits<6>>,
    at_data_base_low: Constant<Bits<6>>,
    at_data_base_high: Constant<Bits<6>>,
    at_data_size: Constant<Bits<6>>,
    at_watchdog: Constant<Bits<6>>,
    at_interrupt_enable: Constant<Bits<6>>,
    at_interrupt_status: Constant<Bits<6>>,
}

impl Default for Settings {
    fn default() -> Self {
        let at = |offset: u16| Constant::new(u64::from(offset / 4).into());
        Self {
            clock: Default::default(),
            write: Default::default(),
            index: Default::default(),
            data: Default::default(),
            start: Default::default(),
            stop: Default::default(),
            reset: Default::default(),
            list_offset: Default::default(),
            list_beats: Default::default(),
            model_base_low: Default::default(),
            model_base_high: Default::default(),
            model_size: Default::default(),
            data_base_low: Default::default(),
            data_base_high: Default::default(),
            data_size: Default::default(),
            watchdog: Default::default(),
            interrupt_enable: Default::default(),
            interrupt_status: Default::default(),
            ended: Default::default(),
            failed: Default::default(),
            interrupt: Default::default(),
            reg_list_offset: Default::default(),
            reg_list_beats: Default::default(),
            reg_model_base_low: Default::default(),
            reg_model_base_high: Default::default(),
            reg_model_size: Default::default(),
            reg_data_base_low: Default::default(),
            reg_data_base_high: Default::default(),
            reg_data_size: Default::default(),
            reg_watchdog: Default::default(),
            enabled: Default::default(),
            pending: Default::default(),
            had_failed: Default::default(),
            raised: Default::default(),
            control: Default::default(),
            cleared: Default::default(),
            at_control: at(spec::CONTROL),
            at_list_offset: at(spec::LIST_OFFSET),
            at_list_beats: at(spec::LIST_BEATS),
            at_model_base_low: at(spec::MODEL_BASE_LOW),
            at_model_base_high: at(spec::MODEL_BASE_HIGH),
            at_model_size: at(spec::MODEL_SIZE),
            at_data_base_low: at(spec::DATA_BASE_LOW),
            at_data_base_high: at(spec::DATA_BASE_HIGH),
            at_data_size: at(spec::DATA_SIZE),
            at_watchdog: at(spec::WATCHDOG),
            at_interrupt_enable: at(spec::INTERRUPT_ENABLE),
            at_interrupt_status: at(spec::INTERRUPT_STATUS),
        }
    }
}

// Bits of CONTROL, INTERRUPT_ENABLE and INTERRUPT_STATUS as the kernel has them.
const _: () = assert!(spec::CONTROL_START == 1 && spec::CONTROL_STOP == 2 && spec::CONTROL_RESET == 4);
const _: () = assert!(spec::INTERRUPT_DONE == 1 && spec::INTERRUPT_ERROR == 2);

impl Logic for Settings {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            reg_list_offset,
            reg_list_beats,
            reg_model_base_low,
            reg_model_base_high,
            reg_model_size,
            reg_data_base_low,
            reg_data_base_high,
            reg_data_size,
            reg_watchdog,
            enabled
        );
        clock!(self, clock, pending, had_failed, raised);
        self.control.next = self.write.val() & (self.index.val() == self.at_control.val());
        self.start.next = self.control.val() & self.data.val().get_bit(0);
        self.stop.next = self.control.val() & self.data.val().get_bit(1);
        self.reset.next = self.control.val() & self.data.val().get_bit(2);
        self.list_offset.next = self.reg_list_offset.q.val();
        if self.write.val() & (self.index.val() == self.at_list_offset.val()) {
            self.reg_list_offset.d.next = self.data.val();
        }
        self.list_beats.next = self.reg_list_beats.q.val();
        if self.write.val() & (self.index.val() == self.at_list_beats.val()) {
            self.reg_list_beats.d.next = self.data.val();
        }
        self.model_base_low.next = self.reg_model_base_low.q.val();
        if self.write.val() & (self.index.val() == self.at_model_base_low.val()) {
            self.reg_model_base_low.d.next = self.data.val();
        }
        self.model_base_high.next = self.reg_model_base_high.q.val();
        if self.write.val() & (self.index.val() == self.at_model_base_high.val()) {
            self.reg_model_base_high.d.next = self.data.val();
        }
        self.model_size.next = self.reg_model_size.q.val();
        if self.write.val() & (self.index.val() == self.at_model_size.val()) {
            self.reg_model_size.d.next = self.data.val();
        }
        self.data_base_low.next = self.reg_data_base_low.q.val();
        if self.write.val() & (self.index.val() == self.at_data_base_low.val()) {
            self.reg_data_base_low.d.next = self.data.val();
        }
        self.data_base_high.next = self.reg_data_base_high.q.val();
        if self.write.val() & (self.index.val() == self.at_data_base_high.val()) {
            self.reg_data_base_high.d.next = self.data.val();
        }
        self.data_size.next = self.reg_data_size.q.val();
        if self.write.val() & (self.index.val() == self.at_data_size.val()) {
            self.reg_data_size.d.next = self.data.val();
        }
        self.watchdog.next = self.reg_watchdog.q.val();
        if self.write.val() & (self.index.val() == self.at_watchdog.val()) {
            self.reg_watchdog.d.next = self.data.val();
        }
        if self.write.val() & (self.index.val() == self.at_interrupt_enable.val()) {
            self.enabled.d.next = self.data.val().get_bits::<2>(0);
        }
        self.cleared.next = self.pending.q.val();
        if self.write.val() & (self.index.val() == self.at_interrupt_status.val()) {
            self.cleared.next = self.pending.q.val() & !self.data.val().get_bits::<2>(0);
        }
        if self.control.val() & self.data.val().get_bit(2) {
            self.cleared.next = 0.into();
        }
        self.had_failed.d.next = self.failed.val();
        self.pending.d.next = self.cleared.val();
        if self.ended.val() {
            self.pending.d.next = self.cleared.val() | 1;
        }
        if self.failed.val() & !self.had_failed.q.val() {
            self.pending.d.next = self.cleared.val() | 2;
            if self.ended.val() {
                self.pending.d.next = 3.into();
            }
        }
        self.raised.d.next = (self.pending.q.val() & self.enabled.q.val()).any();
        self.interrupt.next = self.raised.q.val();
        self.interrupt_enable.next = bit_cast::<32, 2>(self.enabled.q.val());
        self.interrupt_status.next = bit_cast::<32, 2>(self.pending.q.val());
    }
}
