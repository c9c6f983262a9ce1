// The C interface of a Verilated model: ports by index, and loops over cycles on this side of the FFI.
// Compiled together with Verilator's output and with `ports.inc`, which lists the ports of the module at hand.
//
// A value crosses as little-endian 32-bit words, (width + 31) / 32 of them. A cycle is: inputs settle, outputs may
// be looked at, rising edge, falling edge.

#include <cstdint>
#include <cstring>
#include <memory>

#include "Vmodel.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

struct PortInfo {
    const char* name;
    uint32_t width;
    uint32_t is_output;
};

#include "ports.inc"

namespace {

uint32_t word_count(uint32_t port) { return (PORTS[port].width + 31) / 32; }

struct Instance {
    VerilatedContext context;
    std::unique_ptr<Vmodel> top;
    void* at[PORT_COUNT];
    CData* clock = nullptr;
    uint64_t cycles = 0;
    bool stale = true;  // an input changed since the last evaluation
#if VM_TRACE
    std::unique_ptr<VerilatedVcdC> trace;
#endif

    explicit Instance(uint32_t clock_port) {
#if VM_TRACE
        context.traceEverOn(true);
#endif
        top = std::make_unique<Vmodel>(&context);
        bind_ports(*top, at);
        if (clock_port < PORT_COUNT) clock = static_cast<CData*>(at[clock_port]);
    }

    ~Instance() {
        top->final();
#if VM_TRACE
        if (trace) trace->close();
#endif
    }

    void evaluate() {
        top->eval();
        stale = false;
    }

    void settle() {
        if (stale) evaluate();
    }

    void dump() {
#if VM_TRACE
        if (trace) trace->dump(context.time());
#endif
        context.timeInc(1);
    }

    void edge() {
        *clock = 1;
        evaluate();
        dump();
        *clock = 0;
        evaluate();
        dump();
        ++cycles;
    }

    void set(uint32_t port, const uint32_t* words) {
        const uint32_t width = PORTS[port].width;
        const uint32_t count = word_count(port);
        const uint32_t top_mask = width % 32 ? (uint32_t{1} << width % 32) - 1 : ~uint32_t{0};
        if (width <= 8) {
            *static_cast<CData*>(at[port]) = static_cast<CData>(words[0] & top_mask);
        } else if (width <= 16) {
            *static_cast<SData*>(at[port]) = static_cast<SData>(words[0] & top_mask);
        } else {
            // IData, QData and the words of a VlWide are the same bytes on a little-endian machine.
            std::memcpy(at[port], words, 4 * (count - 1));
            const uint32_t last = words[count - 1] & top_mask;
            std::memcpy(static_cast<char*>(at[port]) + 4 * (count - 1), &last, 4);
        }
        stale = true;
    }

    void get(uint32_t port, uint32_t* words) {
        const uint32_t width = PORTS[port].width;
        if (width <= 8) {
            words[0] = *static_cast<CData*>(at[port]);
        } else if (width <= 16) {
            words[0] = *static_cast<SData*>(at[port]);
        } else {
            std::memcpy(words, at[port], 4 * word_count(port));
        }
    }
};

}  // namespace

extern "C" {

uint32_t pleach_port_count() { return PORT_COUNT; }

const PortInfo* pleach_port(uint32_t index) { return &PORTS[index]; }

// `clock_port` may be PORT_COUNT: a module without a clock.
Instance* pleach_new(uint32_t clock_port) { return new Instance(clock_port); }

void pleach_delete(Instance* model) { delete model; }

uint64_t pleach_cycles(const Instance* model) { return model->cycles; }

void pleach_set(Instance* model, uint32_t port, const uint32_t* words) { model->set(port, words); }

void pleach_get(Instance* model, uint32_t port, uint32_t* words) {
    model->settle();
    model->get(port, words);
}

void pleach_step(Instance* model, uint64_t count) {
    model->settle();
    for (; count; --count) model->edge();
}

// Steps until `mask` of the first word of `port` equals `value`, at most `limit` cycles. Returns the cycles made.
uint64_t pleach_run_until(Instance* model, uint32_t port, uint32_t mask, uint32_t value, uint64_t limit) {
    uint64_t made = 0;
    uint32_t words[PORTS[port].width / 32 + 1];
    for (;;) {
        model->settle();
        model->get(port, words);
        if ((words[0] & mask) == value || made == limit) return made;
        model->edge();
        ++made;
    }
}

// `count` cycles: in each, the next words of `stimulus` go to the ports `inputs`, and the ports `outputs`, as the
// edge that ends the cycle sees them, are appended to `response`.
void pleach_play(Instance* model, uint64_t count, const uint32_t* inputs, uint32_t input_count,
                 const uint32_t* stimulus, const uint32_t* outputs, uint32_t output_count, uint32_t* response) {
    for (; count; --count) {
        for (uint32_t i = 0; i < input_count; ++i) {
            model->set(inputs[i], stimulus);
            stimulus += word_count(inputs[i]);
        }
        model->settle();
        for (uint32_t i = 0; i < output_count; ++i) {
            model->get(outputs[i], response);
            response += word_count(outputs[i]);
        }
        model->edge();
    }
}

// Opens a VCD file; returns 0 if this model cannot write one.
int pleach_trace(Instance* model, const char* path) {
#if VM_TRACE
    model->trace = std::make_unique<VerilatedVcdC>();
    model->top->trace(model->trace.get(), 99);
    model->trace->open(path);
    return model->trace->isOpen();
#else
    (void)model, (void)path;
    return 0;
#endif
}

}  // extern "C"
