"""Small quantized models in every form, and the arrays that go in."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

TYPES = {np.int8: TensorProto.INT8, np.uint8: TensorProto.UINT8, np.float32: TensorProto.FLOAT}
MS = "com.microsoft"


class Model:
    """An ONNX graph that grows node by node. Names of tensors are made up."""

    def __init__(self, seed, opset=13):
        self.rng = np.random.default_rng(seed)
        self.opset = opset
        self.nodes, self.initializers, self.inputs, self.outputs = [], [], [], []
        self.feeds = {}
        self.count = 0

    def name(self, stem="t"):
        self.count += 1
        return f"{stem}{self.count}"

    def const(self, array, stem="c"):
        name = self.name(stem)
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def op(self, kind, inputs, domain="", outputs=1, **attributes):
        names = [self.name() for _ in range(outputs)]
        self.nodes.append(
            helper.make_node(kind, inputs, names, name=self.name(kind), domain=domain, **attributes)
        )
        return names[0] if outputs == 1 else names

    def input(self, shape, kind, data=None):
        name = self.name("x")
        self.inputs.append(helper.make_tensor_value_info(name, TYPES[kind], shape))
        if data is None:
            if kind is np.float32:
                data = self.rng.normal(0, 2, shape)
            else:
                info = np.iinfo(kind)
                data = self.rng.integers(info.min, info.max + 1, shape)
        self.feeds[name] = np.asarray(data).astype(kind)
        return name

    def output(self, name, kind, shape=None):
        self.outputs.append(helper.make_tensor_value_info(name, TYPES[kind], shape))

    def quant(self, scale, zero, kind):
        """Names of a scale and a zero point."""
        return [self.const(np.float32(scale), "scale"), self.const(np.array(zero, kind), "zero")]

    def q(self, x, scale, zero, kind):
        return self.op("QuantizeLinear", [x, *self.quant(scale, zero, kind)])

    def dq(self, x, scale, zero, kind):
        return self.op("DequantizeLinear", [x, *self.quant(scale, zero, kind)])

    def weights(self, shape, kind, zero=None, per_channel=False, axis=0, limit=None):
        """Constant weights: name, scales, zero points."""
        info = np.iinfo(kind)
        low, high = (info.min, info.max) if limit is None else (-limit, limit)
        if kind is np.uint8 and limit is not None:
            low, high = 128 - limit, 128 + limit
        values = self.rng.integers(low, high + 1, shape).astype(kind)
        channels = shape[axis]
        if per_channel:
            scales = (self.rng.uniform(0.2, 1.5, channels) * 0.01).astype(np.float32)
            zeros = np.full(channels, 0 if kind is np.int8 else 128, kind)
            if zero == "random":
                zeros = self.rng.integers(info.min, info.max + 1, channels).astype(kind)
        else:
            scales = np.float32(self.rng.uniform(0.2, 1.5) * 0.01)
            zeros = np.array({None: 0 if kind is np.int8 else 128, "random": self.rng.integers(info.min, info.max + 1)}.get(zero, zero), kind)
        return values, scales, zeros

    def proto(self):
        graph = helper.make_graph(self.nodes, "case", self.inputs, self.outputs, self.initializers)
        opsets = [helper.make_opsetid("", self.opset)]
        if any(node.domain == MS for node in self.nodes):
            opsets.append(helper.make_opsetid(MS, 1))
        return helper.make_model(graph, opset_imports=opsets, ir_version=10 if self.opset >= 21 else 8)


def zero_point(rng, kind):
    info = np.iinfo(kind)
    return int(rng.choice([info.min, info.max, (info.min + info.max + 1) // 2, rng.integers(info.min, info.max + 1)]))


def output_scale(values, spread=1.0):
    """A scale with which accumulators of that deviation use the range, and saturate now and then."""
    return np.float32(max(values, 1e-6) * 3.0 * spread / 127)
