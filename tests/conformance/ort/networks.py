"""Blocks of several layers, whole small networks, and what ONNX Runtime's own quantizer makes of float models."""

import itertools
import logging
import pathlib
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from cases import F32, FUNCTIONS, I8, U8
from forms import MS, zero_point

CASES = []
logging.getLogger().setLevel(logging.ERROR)


def case(operator, name, build, **options):
    CASES.append((f"{operator}-{name}", operator, build, options))


# Ties --------------------------------------------------------------------------------------------------------------------------


def add_ties(model, kind, qlinear, scales, zero):
    a, b = (model.input([1, 4, 16, 16], kind) for _ in range(2))
    base = 128 if kind is U8 else 0
    quants = [(scales[0], base + 1), (scales[1], base - 2), (scales[2], base + zero)]
    if qlinear:
        args = [a, *model.quant(*quants[0], kind), b, *model.quant(*quants[1], kind), *model.quant(*quants[2], kind)]
        return model.output(model.op("QLinearAdd", args, domain=MS), kind)
    y = model.op("Add", [model.dq(a, *quants[0], kind), model.dq(b, *quants[1], kind)])
    return model.output(model.q(y, *quants[2], kind), kind)


TIES = [(0.5, 0.5, 1.0), (0.1, 0.1, 0.2), (0.05, 0.1, 0.2), (0.03, 0.03, 0.06), (0.1, 0.1, 0.1), (0.07, 0.021, 0.035)]
for i, (scales, zero, kind, qlinear) in enumerate(itertools.product(TIES, [0, 3], [U8, I8], [True, False])):
    case("QLinearAdd" if qlinear else "Add", f"ties-{i}", lambda m, s=scales, z=zero, k=kind, q=qlinear: add_ties(m, k, q, s, z))


def rescale_ties(model, kind, ratio, zero):
    data = np.arange(256).reshape(1, 4, 8, 8) + (0 if kind is U8 else -128)
    base = 128 if kind is U8 else 0
    x = model.dq(model.input([1, 4, 8, 8], kind, data), 0.1, base, kind)
    model.output(model.q(x, 0.1 * ratio, base + zero, kind), kind)


for i, (ratio, zero, kind) in enumerate(itertools.product([2, 0.5, 4, 1.6], [0, 5], [U8, I8])):
    case("Rescale", f"ties-{i}", lambda m, r=ratio, z=zero, k=kind: rescale_ties(m, k, r, z))


def large_conv(model, kind, per_channel, seed):
    """Many accumulators, so that some lie next to a tie."""
    w, ws, wz = model.weights([24, 8, 3, 3], I8, None, per_channel)
    xs, xz = F32(model.rng.uniform(0.005, 0.1)), zero_point(model.rng, kind)
    ys = F32(xs * float(np.mean(ws)) * 85 * 74 * 8.5 * 3 / 127)
    x = model.input([1, 8, 40, 40], kind)
    args = [x, *model.quant(xs, xz, kind), model.const(w), model.const(ws), model.const(wz), *model.quant(ys, zero_point(model.rng, kind), kind)]
    model.output(model.op("QLinearConv", args, pads=[1, 1, 1, 1]), kind)


for i in range(16):
    case("QLinearConv", f"large-{i}", lambda m, i=i: large_conv(m, [U8, I8][i % 2], i % 4 < 2, i))


# Float models, and ONNX Runtime's quantizer ----------------------------------------------------------------------------------------


class Float:
    """A float network of small layers."""

    def __init__(self, rng, shape, opset=17):
        self.rng, self.opset = rng, opset
        self.nodes, self.initializers, self.count = [], [], 0
        self.shape, self.channels = shape, shape[1]

    def const(self, array):
        self.count += 1
        self.initializers.append(numpy_helper.from_array(np.asarray(array), f"c{self.count}"))
        return f"c{self.count}"

    def op(self, kind, inputs, **attributes):
        self.count += 1
        self.nodes.append(helper.make_node(kind, inputs, [f"t{self.count}"], name=f"{kind}{self.count}", **attributes))
        return f"t{self.count}"

    def conv(self, x, inputs, outputs, kernel=3, stride=1, groups=1):
        fan = inputs // groups * kernel * kernel
        w = self.rng.normal(0, np.sqrt(2 / fan), [outputs, inputs // groups, kernel, kernel]).astype(F32)
        b = self.rng.normal(0, 0.1, outputs).astype(F32)
        pad = kernel // 2
        return self.op("Conv", [x, self.const(w), self.const(b)], strides=[stride] * 2, pads=[pad] * 4, group=groups)

    def dense(self, x, inputs, outputs):
        w = self.rng.normal(0, np.sqrt(1 / inputs), [outputs, inputs]).astype(F32)
        return self.op("Gemm", [x, self.const(w), self.const(self.rng.normal(0, 0.1, outputs).astype(F32))], transB=1)

    def proto(self, y):
        graph = helper.make_graph(
            self.nodes,
            "network",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ([y] if isinstance(y, str) else y)],
            self.initializers,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)


def plain(f):
    x = f.op("Relu", [f.conv("input", 3, 8)])
    x = f.op("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
    x = f.op("Relu", [f.conv(x, 8, 16)])
    return f.dense(f.op("Flatten", [f.op("GlobalAveragePool", [x])]), 16, 10)


def flattened(f):
    x = f.op("Relu", [f.conv("input", 3, 6, stride=2)])
    x = f.op("Reshape", [x, f.const(np.array([0, -1], np.int64))])
    x = f.op("Relu", [f.dense(x, 6 * 64, 20)])
    return f.dense(x, 20, 10)


def residual(f):
    x = f.op("Relu", [f.conv("input", 3, 8)])
    y = f.conv(f.op("Relu", [f.conv(x, 8, 8)]), 8, 8)
    x = f.op("Relu", [f.op("Add", [x, y])])
    y = f.conv(f.op("Relu", [f.conv(x, 8, 16, stride=2)]), 16, 16)
    x = f.op("Relu", [f.op("Add", [f.conv(x, 8, 16, 1, 2), y])])
    return f.dense(f.op("Flatten", [f.op("GlobalAveragePool", [x])]), 16, 10)


def inverted(f):
    x = f.op("Clip", [f.conv("input", 3, 8, stride=2), f.const(F32(0)), f.const(F32(6))])
    y = f.op("Clip", [f.conv(x, 8, 24, 1), f.const(F32(0)), f.const(F32(6))])
    y = f.op("Clip", [f.conv(y, 24, 24, 3, 1, 24), f.const(F32(0)), f.const(F32(6))])
    x = f.op("Add", [x, f.conv(y, 24, 8, 1)])
    return f.op("Flatten", [f.op("GlobalAveragePool", [x])])


def fire(f):
    x = f.op("Relu", [f.conv("input", 3, 4, 1)])
    x = f.op("Concat", [f.op("Relu", [f.conv(x, 4, 6, 1)]), f.op("Relu", [f.conv(x, 4, 7, 3)])], axis=1)
    x = f.op("AveragePool", [x], kernel_shape=[3, 3], strides=[2, 2])
    return f.conv(x, 13, 5, 1)


def activations(f):
    x = f.op("Sigmoid", [f.conv("input", 3, 8)])
    x = f.op("LeakyRelu", [f.conv(x, 8, 8)], alpha=0.1)
    x = f.op("HardSigmoid", [f.conv(x, 8, 8)])
    return f.conv(x, 8, 4)


def silu(f):
    x = f.conv("input", 3, 8)
    x = f.op("Mul", [x, f.op("Sigmoid", [x])])
    return f.conv(x, 8, 4)


def heads(f):
    x = f.op("Relu", [f.conv("input", 3, 8)])
    up = f.op("Resize", [x, "", f.const(np.array([1, 1, 2, 2], F32))], mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    return [f.conv(x, 8, 5, 1), f.conv(up, 8, 3, 1)]


class Reader(CalibrationDataReader):
    def __init__(self, arrays):
        self.arrays = iter(arrays)

    def get_next(self):
        array = next(self.arrays, None)
        return None if array is None else {"input": array}


def static(model, build, form, activation, weight, per_channel, symmetric, extra_options=None, **options):
    shape = [1, 3, 16, 16]
    f = Float(model.rng, shape)
    proto = f.proto(build(f))
    arrays = [model.rng.normal(0, 1, shape).astype(F32) for _ in range(4)]
    with tempfile.TemporaryDirectory() as folder:
        source, target = (str(pathlib.Path(folder) / name) for name in ("float.onnx", "int8.onnx"))
        onnx.save(proto, source)
        quantize_static(
            source,
            target,
            Reader(arrays),
            quant_format=form,
            activation_type=activation,
            weight_type=weight,
            per_channel=per_channel,
            extra_options={"ActivationSymmetric": symmetric, **(extra_options or {})},
            **options,
        )
        quantized = onnx.load(target)
    model.feeds = {"input": model.rng.normal(0, 1.2, shape).astype(F32)}
    return quantized


NETWORKS = [plain, flattened, residual, inverted, fire, activations, silu, heads]
STATIC = [
    (QuantFormat.QDQ, QuantType.QUInt8, QuantType.QInt8, False, False),
    (QuantFormat.QDQ, QuantType.QInt8, QuantType.QInt8, True, False),
    (QuantFormat.QDQ, QuantType.QUInt8, QuantType.QUInt8, False, False),
    (QuantFormat.QOperator, QuantType.QUInt8, QuantType.QUInt8, False, False),
    (QuantFormat.QOperator, QuantType.QUInt8, QuantType.QInt8, True, False),
    (QuantFormat.QOperator, QuantType.QInt8, QuantType.QInt8, False, True),
]
for build in NETWORKS:
    for i, settings in enumerate(STATIC):
        case("network", f"{build.__name__}-{i}", lambda m, b=build, s=settings: static(m, b, *s))


# Other forms -------------------------------------------------------------------------------------------------------------------


def with_softmax(model):
    x = model.dq(model.input([1, 10], U8), 0.1, 100, U8)
    w, ws, wz = model.weights([10, 6], I8)
    y = model.op("MatMul", [x, model.op("DequantizeLinear", [model.const(w), model.const(ws), model.const(wz)])])
    y = model.q(y, 0.05, 128, U8)
    model.output(y, U8)
    model.output(model.op("Transpose", [model.dq(y, 0.05, 128, U8)], perm=[0, 1]), F32)


def add_bias_map(model, kind):
    """A constant for each channel, added to a map."""
    xs, ys = F32(0.05), F32(0.07)
    zero = 128 if kind is U8 else 0
    x = model.dq(model.input([1, 6, 4, 4], kind), xs, zero + 3, kind)
    c = model.const(model.rng.normal(0, 2, [1, 6, 1, 1]).astype(F32))
    model.output(model.q(model.op("Add", [x, c]), ys, zero, kind), kind)


def scale_map(model, kind):
    zero = 128 if kind is U8 else 0
    x = model.dq(model.input([1, 6, 4, 4], kind), F32(0.05), zero + 3, kind)
    c = model.const(model.rng.uniform(0.3, 1.5, [1, 6, 1, 1]).astype(F32))
    model.output(model.q(model.op("Mul", [x, c]), F32(0.06), zero, kind), kind)


def float_bias(model, kind):
    w, ws, wz = model.weights([6, 4, 3, 3], I8)
    zero = 128 if kind is U8 else 0
    x = model.dq(model.input([1, 4, 8, 8], kind), F32(0.05), zero, kind)
    wq = model.op("DequantizeLinear", [model.const(w), model.const(ws), model.const(wz)])
    b = model.const(model.rng.normal(0, 1, 6).astype(F32))
    ys = F32(0.05 * ws * 85 * 74 * 6 * 3 / 127)
    model.output(model.q(model.op("Conv", [x, wq, b]), ys, zero, kind), kind)


def matmul_add(model, kind):
    w, ws, wz = model.weights([12, 6], I8)
    zero = 128 if kind is U8 else 0
    x = model.dq(model.input([1, 12], kind), F32(0.05), zero, kind)
    y = model.op("MatMul", [x, model.op("DequantizeLinear", [model.const(w), model.const(ws), model.const(wz)])])
    b = (model.rng.integers(-9999, 9999, 6) * (F32(0.05) * ws)).astype(F32)
    ys = F32(0.05 * ws * 85 * 74 * 3.5 * 3 / 127)
    model.output(model.q(model.op("Add", [y, model.const(b)]), ys, zero, kind), kind)


def const_q(model, kind):
    """Float weights that are quantized in the graph, as PyTorch exports them."""
    w = model.rng.normal(0, 0.1, [5, 4, 3, 3]).astype(F32)
    scales = (np.abs(w).max(axis=(1, 2, 3)) / 127).astype(F32)
    params = [model.const(scales), model.const(np.zeros(5, I8))]
    wq = model.op("DequantizeLinear", [model.op("QuantizeLinear", [model.const(w), *params], axis=0), *params], axis=0)
    zero = 128 if kind is U8 else 0
    x = model.dq(model.input([1, 4, 8, 8], kind), F32(0.05), zero, kind)
    model.output(model.q(model.op("Conv", [x, wq]), F32(0.04), zero, kind), kind)


for i, kind in enumerate([U8, I8]):
    case("Add", f"channel-{i}", lambda m, k=kind: add_bias_map(m, k))
    case("Mul", f"channel-{i}", lambda m, k=kind: scale_map(m, k))
    case("Conv", f"float-bias-{i}", lambda m, k=kind: float_bias(m, k))
    case("MatMul", f"add-{i}", lambda m, k=kind: matmul_add(m, k))
    case("Conv", f"const-q-{i}", lambda m, k=kind: const_q(m, k))
case("MatMul", "two-outputs", with_softmax)


def qlinear_add_constant(model, kind, shape):
    zero = 128 if kind is U8 else 0
    info = np.iinfo(kind)
    a = model.input([1, 6, 5, 5], kind)
    b = model.const(model.rng.integers(info.min, info.max + 1, shape).astype(kind))
    args = [a, *model.quant(0.05, zero, kind), b, *model.quant(0.03, zero + 5, kind), *model.quant(0.06, zero + 1, kind)]
    model.output(model.op("QLinearAdd", args, domain=MS), kind)


for i, (kind, shape) in enumerate(itertools.product([U8, I8], [[1], [1, 6, 1, 1]])):
    case("QLinearAdd", f"constant-{i}", lambda m, k=kind, s=shape: qlinear_add_constant(m, k, s))


def batch(model, kind):
    xs, zero = F32(0.05), 128 if kind is U8 else 0
    x = model.dq(model.input([3, 4, 6, 6], kind), xs, zero, kind)
    w, ws, wz = model.weights([5, 4 * 9], I8, None, True)
    x = model.op("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
    x = model.dq(model.q(x, xs, zero, kind), xs, zero, kind)
    x = model.op("Flatten", [x])
    x = model.dq(model.q(x, xs, zero, kind), xs, zero, kind)
    y = model.op("Gemm", [x, model.op("DequantizeLinear", [model.const(w), model.const(ws), model.const(wz)], axis=0)], transB=1)
    model.output(model.q(y, 0.3, zero, kind), kind)


for i, kind in enumerate([U8, I8]):
    case("network", f"batch-{i}", lambda m, k=kind: batch(m, k))


def function_between(model, f):
    """A function of what a convolution computes."""
    w, ws, wz = model.weights([6, 4, 3, 3], I8)
    x = model.dq(model.input([1, 4, 8, 8], U8), F32(0.05), 128, U8)
    y = model.op("Conv", [x, model.op("DequantizeLinear", [model.const(w), model.const(ws), model.const(wz)])])
    ys = F32(0.05 * ws * 85 * 74 * 6 * 3 / 127)
    y = model.dq(model.q(y, ys, 120, U8), ys, 120, U8)
    y = f(model, y)
    y = model.dq(model.q(y, ys, 100, U8), ys, 100, U8)
    model.output(model.q(model.op("Relu", [y]), ys, 100, U8), U8)


for name, f in FUNCTIONS.items():
    case("block", f"conv-{name}", lambda m, f=f: function_between(m, f), opset=14)
