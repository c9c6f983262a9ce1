//! The wires of the memory side.

use pleach_spec::beats;
use pleach_spec::list::{self, Target};
use rust_hdl::prelude::*;

use super::{Dma, OWN_COPIES};
use crate::axi::{CACHE, INCR, PROTECTION};
use crate::compute::COMPUTE_UNITS;
use crate::netlist::{Net, Readable, Tap};

impl<const B: usize, const P: usize, const S: usize> Dma<B, P, S> {
    /// All of them.
    pub(super) fn wire(&mut self, net: &mut Net) {
        self.wire_registers(net);
        self.wire_run(net);
        self.wire_fetch(net);
        self.wire_load(net);
        self.wire_store(net);
        self.wire_tokens(net);
        self.wire_read(net);
        self.wire_write(net);
        self.wire_constants(net);
    }

    fn wire_registers(&mut self, net: &mut Net) {
        let registers = &mut self.registers;
        net.wire(self.clock.tap(), &mut registers.clock);
        net.wire(self.s_axi_awvalid.tap(), &mut registers.s_axi_awvalid);
        net.wire(registers.s_axi_awready.tap(), &mut self.s_axi_awready);
        net.wire(self.s_axi_awaddr.tap(), &mut registers.s_axi_awaddr);
        net.wire(self.s_axi_wvalid.tap(), &mut registers.s_axi_wvalid);
        net.wire(registers.s_axi_wready.tap(), &mut self.s_axi_wready);
        net.wire(self.s_axi_wdata.tap(), &mut registers.s_axi_wdata);
        net.wire(self.s_axi_wstrb.tap(), &mut registers.s_axi_wstrb);
        net.wire(registers.s_axi_bvalid.tap(), &mut self.s_axi_bvalid);
        net.wire(self.s_axi_bready.tap(), &mut registers.s_axi_bready);
        net.wire(registers.s_axi_bresp.tap(), &mut self.s_axi_bresp);
        net.wire(self.s_axi_arvalid.tap(), &mut registers.s_axi_arvalid);
        net.wire(registers.s_axi_arready.tap(), &mut self.s_axi_arready);
        net.wire(self.s_axi_araddr.tap(), &mut registers.s_axi_araddr);
        net.wire(registers.s_axi_rvalid.tap(), &mut self.s_axi_rvalid);
        net.wire(self.s_axi_rready.tap(), &mut registers.s_axi_rready);
        net.wire(registers.s_axi_rdata.tap(), &mut self.s_axi_rdata);
        net.wire(registers.s_axi_rresp.tap(), &mut self.s_axi_rresp);
        net.wire(registers.interrupt.tap(), &mut self.interrupt);
        net.wire(self.run.busy.tap(), &mut registers.busy);
        net.wire(self.active.q[0].tap(), &mut registers.active);
        net.wire(self.run.began.tap(), &mut registers.began);
        net.wire(self.run.ended.tap(), &mut registers.ended);
        net.wire(self.run.done.tap(), &mut registers.done);
        net.wire(self.run.failed.tap(), &mut registers.failed);
        net.wire(self.run.code.tap(), &mut registers.code);
        net.wire(self.run.engine.tap(), &mut registers.engine);
        net.wire(self.run.command.tap(), &mut registers.command);
        net.wire(self.read.word_moves.tap(), &mut registers.read_word);
        net.wire(self.write.word_moves.tap(), &mut registers.write_word);
        let events = [
            self.word_issued.tap(),
            self.stall_data.tap(),
            self.stall_drain.tap(),
            self.no_pass.tap(),
            self.bank_reads.tap(),
            self.load.under_way.tap(),
            self.load.waits.tap(),
            self.load.waits_bus.tap(),
            self.load.waits_bank.tap(),
            self.store.under_way.tap(),
            self.store.waits.tap(),
            self.store.waits_bus.tap(),
            self.store.waits_bank.tap(),
            self.fetch.waits.tap(),
        ];
        for (event, counted) in events.into_iter().zip(&mut registers.happens) {
            net.wire(event, counted);
        }
    }

    fn wire_run(&mut self, net: &mut Net) {
        let (run, fetch, load, store, passes) =
            (&mut self.run, &self.fetch, &self.load, &self.store, &self.passes);
        net.wire(self.clock.tap(), &mut run.clock);
        net.wire(self.registers.start.tap(), &mut run.start);
        net.wire(self.registers.stop.tap(), &mut run.stop);
        net.wire(self.registers.reset.tap(), &mut run.reset);
        net.wire(self.registers.watchdog.tap(), &mut run.watchdog);
        net.wire(fetch.error.tap(), &mut run.fetch_error);
        net.wire(fetch.code.tap(), &mut run.fetch_code);
        net.wire(fetch.commands.tap(), &mut run.commands);
        net.wire(fetch.handed_out.tap(), &mut run.handed_out);
        net.wire(fetch.waits.tap(), &mut run.fetch_waits);
        net.wire(load.error.tap(), &mut run.load_error);
        net.wire(load.code.tap(), &mut run.load_code);
        net.wire(load.error_command.tap(), &mut run.load_command);
        net.wire(load.completed.tap(), &mut run.load_completed);
        net.wire(load.completed_command.tap(), &mut run.load_completed_command);
        net.wire(load.idle.tap(), &mut run.load_idle);
        net.wire(load.empty.tap(), &mut run.load_empty);
        net.wire(load.waits.tap(), &mut run.load_waits);
        net.wire(store.error.tap(), &mut run.store_error);
        net.wire(store.code.tap(), &mut run.store_code);
        net.wire(store.error_command.tap(), &mut run.store_command);
        net.wire(store.completed.tap(), &mut run.store_completed);
        net.wire(store.completed_command.tap(), &mut run.store_completed_command);
        net.wire(store.idle.tap(), &mut run.store_idle);
        net.wire(store.empty.tap(), &mut run.store_empty);
        net.wire(store.waits.tap(), &mut run.store_waits);
        net.wire(passes.completed.tap(), &mut run.compute_completed);
        net.wire(passes.completed_command.tap(), &mut run.compute_completed_command);
        net.wire(passes.none.tap(), &mut run.no_pass);
        net.wire(passes.released.tap(), &mut run.released);
        net.wire(passes.halted.tap(), &mut run.halted);
        net.wire(self.tokens.load_overflows.tap(), &mut run.load_overflows);
        net.wire(self.tokens.compute_overflows.tap(), &mut run.compute_overflows);
        net.wire(self.tokens.store_overflows.tap(), &mut run.store_overflows);
        net.wire(self.gates.quiet.tap(), &mut run.quiet);
        net.wire(self.read.quiet.tap(), &mut self.gates.read_quiet);
        net.wire(self.write.quiet.tap(), &mut self.gates.write_quiet);
        net.wire(run.busy.tap(), &mut self.gates.busy);
        net.wire(self.clock.tap(), &mut self.active.clock);
        net.wire(run.next_active.tap(), &mut self.active.d);
        net.wire(self.active.q[0].tap(), &mut run.active);
        for i in 0..COMPUTE_UNITS {
            net.wire(self.active.q[OWN_COPIES + i].tap(), &mut self.gates.active[i]);
            net.wire(self.gates.reset[i].tap(), &mut self.reset[i]);
        }
    }

    fn wire_fetch(&mut self, net: &mut Net) {
        let (fetch, registers) = (&mut self.fetch, &self.registers);
        net.wire(self.clock.tap(), &mut fetch.clock);
        for (copy, active) in fetch.active.iter_mut().enumerate() {
            net.wire(self.active.q[1 + copy].tap(), active);
        }
        net.wire(registers.model_base.tap(), &mut fetch.base);
        net.wire(registers.model_size.tap(), &mut fetch.size);
        net.wire(registers.list_offset.tap(), &mut fetch.offset);
        net.wire(registers.list_beats.tap(), &mut fetch.beats);
        for (from, to) in self.read.fetch_grant.iter().zip(&mut fetch.grant) {
            net.wire(from.tap(), to);
        }
        for (from, to) in self.read.fetch_take.iter().zip(&mut fetch.take) {
            net.wire(from.tap(), to);
        }
        net.wire(self.read.beat.tap(), &mut fetch.beat);
        net.wire(self.read.bad.tap(), &mut fetch.bad);
        net.wire(self.load.full.tap(), &mut fetch.load_full);
        net.wire(self.store.full.tap(), &mut fetch.store_full);
        net.wire(self.passes.full.tap(), &mut fetch.passes_full);
        net.wire(Tap::constant(bits(&list::reserved_bits::<list::Load>())), &mut fetch.load_reserved);
        net.wire(Tap::constant(bits(&list::reserved_bits::<list::Compute>())), &mut fetch.compute_reserved);
        net.wire(Tap::constant(bits(&list::reserved_bits::<list::Store>())), &mut fetch.store_reserved);
        net.wire(Tap::constant((Target::ALL.len() as u64).into()), &mut fetch.targets);
        net.wire(Tap::constant((self._config.pass_depth as u64 - 1).into()), &mut fetch.last_entry);
        net.wire(Tap::constant((self._bus.lanes() as u64 - 1).into()), &mut fetch.lane_mask);
        for (beat, write) in self.pass_write.iter_mut().enumerate() {
            net.wire(fetch.pass_write.tap().bit(beat), write);
        }
        net.wire(fetch.pass_entry.tap(), &mut self.pass_entry);
        net.wire(fetch.pass_data.tap(), &mut self.pass_data);
    }

    fn wire_load(&mut self, net: &mut Net) {
        let (load, config) = (&mut self.load, &self._config);
        net.wire(self.clock.tap(), &mut load.clock);
        net.wire(self.active.q[4].tap(), &mut load.active);
        net.wire(self.fetch.load_push.tap(), &mut load.push);
        net.wire(self.fetch.command.tap(), &mut load.command);
        net.wire(self.registers.model_base.tap(), &mut load.model_base);
        net.wire(self.registers.model_size.tap(), &mut load.model_size);
        net.wire(self.registers.data_base.tap(), &mut load.data_base);
        net.wire(self.registers.data_size.tap(), &mut load.data_size);
        net.wire(self.tokens.has_compute_load.tap(), &mut load.from_compute);
        net.wire(self.tokens.has_store_load.tap(), &mut load.from_store);
        for (from, to) in self.read.load_grant.iter().zip(&mut load.grant) {
            net.wire(from.tap(), to);
        }
        net.wire(self.read.load_take.tap(), &mut load.take);
        net.wire(self.read.beat.tap(), &mut load.beat);
        net.wire(self.read.bad.tap(), &mut load.bad);
        net.wire(self.load_grant.tap(), &mut load.load_grant);
        net.wire(Tap::constant((config.activation_vectors() as u64).into()), &mut load.vectors);
        net.wire(Tap::constant(u64::from(config.columns > 16).into()), &mut load.weight_wide);
        net.wire(Tap::constant((beats::beats_per_word(config) as u64 - 1).into()), &mut load.position_wide);
        net.wire(Tap::constant(u64::from(config.columns.ilog2()).into()), &mut load.column_shift);
        net.wire(Tap::constant((config.columns as u64 - 1).into()), &mut load.column_mask);
        net.wire(Tap::constant((self._bus.lanes() as u64 - 1).into()), &mut load.lane_mask);
        net.wire(load.load_write.tap(), &mut self.load_write);
        net.wire(load.load_address.tap(), &mut self.load_address);
        net.wire(load.weight_write.tap(), &mut self.weight_write);
        net.wire(load.position_write.tap(), &mut self.position_write);
        net.wire(load.list_write.tap(), &mut self.list_write);
        net.wire(load.parameter_write.tap(), &mut self.parameter_write);
        net.wire(load.memory_entry.tap(), &mut self.memory_entry);
        net.wire(load.memory_beat.tap(), &mut self.memory_beat);
        net.wire(load.memory_data.tap(), &mut self.memory_data);
        net.wire(load.table_write.tap(), &mut self.table_write);
        net.wire(load.table_address.tap(), &mut self.table_address);
        net.wire(load.table_data.tap(), &mut self.table_data);
        net.wire(load.memory_data.tap(), &mut self.load_data);
    }

    fn wire_store(&mut self, net: &mut Net) {
        let (store, write) = (&mut self.store, &self.write);
        net.wire(self.clock.tap(), &mut store.clock);
        net.wire(self.active.q[5].tap(), &mut store.active[0]);
        net.wire(self.active.q[6].tap(), &mut store.active[1]);
        net.wire(self.run.busy.tap(), &mut store.busy);
        net.wire(self.fetch.store_push.tap(), &mut store.push);
        net.wire(self.fetch.command.tap(), &mut store.command);
        net.wire(self.registers.data_base.tap(), &mut store.base);
        net.wire(self.registers.data_size.tap(), &mut store.size);
        net.wire(self.tokens.has_load_store.tap(), &mut store.from_load);
        net.wire(self.tokens.has_compute_store.tap(), &mut store.from_compute);
        net.wire(self.store_grant.tap(), &mut store.store_grant);
        net.wire(self.arrival.q.tap(), &mut store.arrives);
        net.wire(write.sent.tap(), &mut store.sent);
        net.wire(write.may_announce.tap(), &mut store.may_announce);
        net.wire(write.answered.tap(), &mut store.answered);
        net.wire(write.answer.tap(), &mut store.answer);
        net.wire(write.bad.tap(), &mut store.bad);
        net.wire(write.none_unanswered.tap(), &mut store.none_unanswered);
        net.wire(write.none_sending.tap(), &mut store.none_sending);
        net.wire(write.waits.tap(), &mut store.port_waits);
        net.wire(store.store_read.tap(), &mut self.store_read);
        net.wire(store.store_address.tap(), &mut self.store_address);
        net.wire(self.clock.tap(), &mut self.arrival.clock);
        net.wire(store.store_read.tap(), &mut self.gates.store_read);
        net.wire(self.store_grant.tap(), &mut self.gates.store_grant);
        net.wire(self.gates.granted.tap(), &mut self.arrival.d);
    }

    fn wire_tokens(&mut self, net: &mut Net) {
        let (passes, tokens) = (&mut self.passes, &mut self.tokens);
        net.wire(self.clock.tap(), &mut passes.clock);
        net.wire(self.active.q[7].tap(), &mut passes.active[0]);
        net.wire(self.active.q[8].tap(), &mut passes.active[1]);
        net.wire(self.fetch.pass_push.tap(), &mut passes.push);
        net.wire(self.fetch.command.tap(), &mut passes.command);
        net.wire(self.fetch.pass_entry.tap(), &mut passes.entry);
        net.wire(self.fetch.pass_written.tap(), &mut passes.written);
        net.wire(tokens.has_load_compute.tap(), &mut passes.from_load);
        net.wire(tokens.has_store_compute.tap(), &mut passes.from_store);
        net.wire(self.done.tap(), &mut passes.done);
        net.wire(passes.pass_release.tap(), &mut self.pass_release);
        net.wire(self.clock.tap(), &mut tokens.clock);
        net.wire(self.active.q[9].tap(), &mut tokens.active);
        net.wire(self.load.completed.tap(), &mut tokens.load_gives);
        net.wire(self.load.signal.tap(), &mut tokens.load_signal);
        net.wire(passes.completed.tap(), &mut tokens.compute_gives);
        net.wire(passes.signal.tap(), &mut tokens.compute_signal);
        net.wire(self.store.completed.tap(), &mut tokens.store_gives);
        net.wire(self.store.signal.tap(), &mut tokens.store_signal);
        net.wire(passes.take_load.tap(), &mut tokens.take_load_compute);
        net.wire(self.store.take_load.tap(), &mut tokens.take_load_store);
        net.wire(self.load.take_compute.tap(), &mut tokens.take_compute_load);
        net.wire(self.store.take_compute.tap(), &mut tokens.take_compute_store);
        net.wire(self.load.take_store.tap(), &mut tokens.take_store_load);
        net.wire(passes.take_store.tap(), &mut tokens.take_store_compute);
    }

    fn wire_read(&mut self, net: &mut Net) {
        let read = &mut self.read;
        net.wire(self.clock.tap(), &mut read.clock);
        net.wire(self.active.q[10].tap(), &mut read.active[0]);
        net.wire(self.active.q[11].tap(), &mut read.active[1]);
        for (from, to) in self.fetch.request.iter().zip(&mut read.fetch_request) {
            net.wire(from.tap(), to);
        }
        net.wire(self.fetch.address.tap(), &mut read.fetch_address);
        net.wire(self.fetch.burst.tap(), &mut read.fetch_beats);
        net.wire(self.load.request.tap(), &mut read.load_request);
        net.wire(self.load.address.tap(), &mut read.load_address);
        net.wire(self.load.burst.tap(), &mut read.load_beats);
        net.wire(Tap::constant(true), &mut read.fetch_ready);
        net.wire(self.fetch.lane.tap(), &mut read.fetch_lane);
        net.wire(self.fetch.ends.tap(), &mut read.fetch_ends);
        net.wire(self.load.ready.tap(), &mut read.load_ready);
        net.wire(self.load.lane.tap(), &mut read.load_lane);
        net.wire(self.load.ends.tap(), &mut read.load_ends);
        net.wire(read.arvalid.tap(), &mut self.m_axi_arvalid);
        net.wire(self.m_axi_arready.tap(), &mut read.arready);
        net.wire(read.araddr.tap(), &mut self.m_axi_araddr);
        net.wire(read.arlen.tap(), &mut self.m_axi_arlen);
        net.wire(read.arid.tap(), &mut self.m_axi_arid);
        net.wire(self.m_axi_rvalid.tap(), &mut read.rvalid);
        net.wire(read.rready.tap(), &mut self.m_axi_rready);
        net.wire(self.m_axi_rdata.tap(), &mut read.rdata);
        net.wire(self.m_axi_rid.tap(), &mut read.rid);
        net.wire(self.m_axi_rresp.tap(), &mut read.rresp);
        net.wire(self.m_axi_rlast.tap(), &mut read.rlast);
    }

    fn wire_write(&mut self, net: &mut Net) {
        let (write, store) = (&mut self.write, &self.store);
        net.wire(self.clock.tap(), &mut write.clock);
        net.wire(self.gates.idle.tap(), &mut write.idle);
        net.wire(self.arrival.q.tap(), &mut write.push);
        net.wire(self.store_data.tap(), &mut write.vector);
        net.wire(store.announce.tap(), &mut write.announce);
        net.wire(store.address.tap(), &mut write.address);
        net.wire(store.burst.tap(), &mut write.beats);
        net.wire(store.record.tap(), &mut write.record);
        net.wire(write.awvalid.tap(), &mut self.m_axi_awvalid);
        net.wire(self.m_axi_awready.tap(), &mut write.awready);
        net.wire(write.awaddr.tap(), &mut self.m_axi_awaddr);
        net.wire(write.awlen.tap(), &mut self.m_axi_awlen);
        net.wire(write.wvalid.tap(), &mut self.m_axi_wvalid);
        net.wire(self.m_axi_wready.tap(), &mut write.wready);
        net.wire(write.wdata.tap(), &mut self.m_axi_wdata);
        net.wire(write.wstrb.tap(), &mut self.m_axi_wstrb);
        net.wire(write.wlast.tap(), &mut self.m_axi_wlast);
        net.wire(self.m_axi_bvalid.tap(), &mut write.bvalid);
        net.wire(self.m_axi_bresp.tap(), &mut write.bresp);
        net.wire(Tap::constant(true), &mut self.m_axi_bready);
    }

    fn wire_constants(&mut self, net: &mut Net) {
        net.wire(Tap::constant(self._bus.size().into()), &mut self.m_axi_arsize);
        net.wire(Tap::constant(INCR.into()), &mut self.m_axi_arburst);
        net.wire(Tap::constant(CACHE.into()), &mut self.m_axi_arcache);
        net.wire(Tap::constant(PROTECTION.into()), &mut self.m_axi_arprot);
        net.wire(Tap::constant(0u64.into()), &mut self.m_axi_awid);
        net.wire(Tap::constant(self._bus.size().into()), &mut self.m_axi_awsize);
        net.wire(Tap::constant(INCR.into()), &mut self.m_axi_awburst);
        net.wire(Tap::constant(CACHE.into()), &mut self.m_axi_awcache);
        net.wire(Tap::constant(PROTECTION.into()), &mut self.m_axi_awprot);
    }
}

/// A beat as bits.
fn bits(beat: &list::Beat) -> Bits<128> {
    (0..4).fold(Bits::default(), |bits: Bits<128>, word| {
        bits | Bits::<128>::from(u64::from(beat[word])) << (32 * word as u64)
    })
}
