"""All cases: a list of (name, operator, function that builds the model)."""

import numpy as np
from onnx import TensorProto

from forms import MS, Model, output_scale, zero_point

I8, U8, F32 = np.int8, np.uint8, np.float32
CASES = []


def case(operator, name, build, **options):
    CASES.append((f"{operator}-{name}", operator, build, options))


def shape_of_kernel(shape, groups, outputs, kernel):
    return [outputs, shape[1] // groups, *kernel]


# Convolutions ------------------------------------------------------------------------------------------------------------------

CONVS = [
    # input, outputs, kernel, attributes
    ([1, 3, 8, 8], 5, [3, 3], {}),
    ([1, 8, 7, 9], 16, [1, 1], {}),
    ([1, 4, 9, 9], 6, [3, 3], {"pads": [1, 1, 1, 1]}),
    ([1, 4, 9, 8], 6, [3, 3], {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
    ([1, 4, 10, 10], 4, [3, 3], {"dilations": [2, 2], "pads": [2, 2, 2, 2]}),
    ([1, 4, 9, 9], 4, [3, 2], {"pads": [0, 1, 2, 0]}),
    ([1, 8, 6, 6], 8, [3, 3], {"group": 2, "pads": [1, 1, 1, 1]}),
    ([1, 12, 7, 7], 12, [3, 3], {"group": 12, "pads": [1, 1, 1, 1]}),
    ([1, 6, 8, 8], 12, [3, 3], {"group": 6, "pads": [1, 1, 1, 1], "strides": [2, 2]}),
    ([1, 3, 9, 9], 4, [3, 3], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    ([1, 3, 8, 8], 4, [4, 4], {"auto_pad": "SAME_LOWER"}),
    ([1, 3, 8, 8], 4, [3, 3], {"auto_pad": "VALID"}),
    ([1, 2, 12, 12], 3, [5, 5], {"strides": [3, 3], "pads": [2, 2, 2, 2]}),
    ([1, 17, 5, 5], 19, [3, 3], {"pads": [1, 1, 1, 1]}),
    ([1, 32, 4, 4], 33, [1, 1], {"strides": [2, 2]}),
    ([2, 3, 6, 6], 4, [3, 3], {}),
    ([1, 3, 1, 11], 4, [1, 3], {"pads": [0, 1, 0, 1]}),
    ([1, 64, 6, 6], 20, [3, 3], {"pads": [1, 1, 1, 1]}),
]
KINDS = [
    # activation, weight, output, per channel, weight zero points, bias
    (U8, I8, U8, False, None, True),
    (U8, U8, U8, False, None, True),
    (U8, U8, U8, False, "random", False),
    (I8, I8, I8, True, None, True),
    (U8, I8, U8, True, None, False),
    (I8, I8, I8, False, None, False),
]


def conv_parts(model, shape, outputs, kernel, attributes, kinds):
    x_kind, w_kind, y_kind, per_channel, wzero, bias = kinds
    rng = model.rng
    w, ws, wz = model.weights(shape_of_kernel(shape, attributes.get("group", 1), outputs, kernel), w_kind, wzero, per_channel)
    xs, xz = F32(rng.uniform(0.005, 0.1)), zero_point(rng, x_kind)
    taps = int(np.prod(w.shape[1:]))
    deviation = 85 * 74 * np.sqrt(taps) * (1.8 if wzero else 1.0)
    ys = output_scale(deviation * xs * float(np.mean(ws)), rng.uniform(0.4, 1.5))
    yz = zero_point(rng, y_kind)
    b = rng.integers(-int(deviation), int(deviation), outputs).astype(np.int32) if bias else None
    return w, ws, wz, xs, xz, ys, yz, b


def qlinear_conv(model, shape, outputs, kernel, attributes, kinds):
    w, ws, wz, xs, xz, ys, yz, b = conv_parts(model, shape, outputs, kernel, attributes, kinds)
    x = model.input(shape, kinds[0])
    inputs = [x, *model.quant(xs, xz, kinds[0]), model.const(w), model.const(ws), model.const(wz), *model.quant(ys, yz, kinds[2])]
    if b is not None:
        inputs.append(model.const(b))
    model.output(model.op("QLinearConv", inputs, **attributes), kinds[2])


def qdq_conv(model, shape, outputs, kernel, attributes, kinds, after=None, float_io=True):
    w, ws, wz, xs, xz, ys, yz, b = conv_parts(model, shape, outputs, kernel, attributes, kinds)
    if float_io:
        span = (np.iinfo(kinds[0]).max - np.iinfo(kinds[0]).min) * xs
        low = (np.iinfo(kinds[0]).min - xz) * xs
        data = model.rng.uniform(low - span * 0.05, low + span * 1.05, shape)
        x = model.q(model.input(shape, F32, data), xs, xz, kinds[0])
    else:
        x = model.input(shape, kinds[0])
    x = model.dq(x, xs, xz, kinds[0])
    wq = model.op("DequantizeLinear", [model.const(w), model.const(ws), model.const(wz)], axis=0)
    inputs = [x, wq]
    if b is not None:
        scale = (xs * np.atleast_1d(ws)).astype(F32)
        scale = scale if np.ndim(ws) else scale[0]
        zeros = np.zeros(np.shape(scale), np.int32)
        inputs.append(model.op("DequantizeLinear", [model.const(b), model.const(scale), model.const(zeros)], axis=0))
    y = model.op("Conv", inputs, **attributes)
    if after:
        y = after(model, y)
    y = model.q(y, ys, yz, kinds[2])
    if float_io:
        model.output(model.dq(y, ys, yz, kinds[2]), F32)
    else:
        model.output(y, kinds[2])


def relu6(model, x):
    return model.op("Clip", [x, model.const(F32(0)), model.const(F32(6))])


for i, geometry in enumerate(CONVS):
    for j, kinds in enumerate(KINDS):
        case("QLinearConv", f"{i}-{j}", lambda m, g=geometry, k=kinds: qlinear_conv(m, *g, k), opset=[10, 13, 17, 21][(i + j) % 4])
for i, geometry in enumerate(CONVS):
    for j, kinds in enumerate(KINDS):
        after = [None, lambda m, y: m.op("Relu", [y]), relu6][(i + j) % 3]
        case("Conv", f"qdq-{i}-{j}", lambda m, g=geometry, k=kinds, a=after, f=(i + j) % 2 == 0: qdq_conv(m, *g, k, a, f), opset=[13, 15, 19, 22][(i + j) % 4])


def conv_1d(model, kinds):
    shape, outputs = [1, 6, 20], 5
    w, ws, wz, xs, xz, ys, yz, b = conv_parts(model, shape, outputs, [3], {}, kinds)
    x = model.input(shape, kinds[0])
    inputs = [x, *model.quant(xs, xz, kinds[0]), model.const(w), model.const(ws), model.const(wz), *model.quant(ys, yz, kinds[2])]
    model.output(model.op("QLinearConv", inputs, strides=[2], pads=[1, 0]), kinds[2])


for j, kinds in enumerate(KINDS):
    case("QLinearConv", f"1d-{j}", lambda m, k=kinds: conv_1d(m, k))


def conv_ties(model, kind):
    """Scales are powers of two: every other sum of odd parity is a tie."""
    shape = [1, 4, 6, 6]
    w = model.rng.integers(-3, 4, [6, 4, 3, 3]).astype(I8)
    x = model.input(shape, kind, model.rng.integers(0, 12, shape))
    zero = int(model.rng.integers(-3, 4)) + (128 if kind is U8 else 0)
    inputs = [x, *model.quant(0.5, 3, kind), model.const(w), *model.quant(0.25, 0, I8), *model.quant(0.25, zero, kind)]
    model.output(model.op("QLinearConv", inputs, pads=[1, 1, 1, 1]), kind)


for i in range(4):
    case("QLinearConv", f"ties-{i}", lambda m, k=[I8, U8][i % 2]: conv_ties(m, k))


def conv_integer(model, x_kind, w_kind, matmul, bias):
    rng = model.rng
    w, _, _ = model.weights([16, 7] if matmul else [6, 4, 3, 3], w_kind)
    wz = 128 if w_kind is U8 else 0
    x = model.input([2, 16] if matmul else [1, 4, 7, 7], x_kind)
    xz = zero_point(rng, x_kind)
    inputs = [x, model.const(w), model.const(np.array(xz, x_kind)), model.const(np.array(wz, w_kind))]
    y = model.op("MatMulInteger", inputs) if matmul else model.op("ConvInteger", inputs, pads=[1, 1, 1, 1])
    y = model.op("Cast", [y], to=TensorProto.FLOAT)
    factor = F32(rng.uniform(0.0001, 0.001))
    y = model.op("Mul", [y, model.const(factor)])
    if bias:
        count = 7 if matmul else 6
        values = (rng.integers(-9999, 9999, count) * factor).astype(F32)
        y = model.op("Add", [y, model.const(values if matmul else values.reshape(1, 6, 1, 1))])
    ys = output_scale(85 * 74 * np.sqrt(16 if matmul else 36) * factor)
    model.output(model.q(y, ys, 128, U8), U8)


for i in range(8):
    kinds = [(U8, I8), (U8, U8), (I8, I8), (U8, I8)][i // 2]
    name = "MatMulInteger" if i % 2 else "ConvInteger"
    case(name, f"{i}", lambda m, k=kinds, matmul=i % 2 == 1, b=i >= 4: conv_integer(m, *k, matmul, b))


# Matrix products -----------------------------------------------------------------------------------------------------------------


def qlinear_matmul(model, rows, inputs, outputs, kinds):
    x_kind, w_kind, y_kind, per_channel, wzero, _ = kinds
    w, ws, wz = model.weights([inputs, outputs], w_kind, wzero, per_channel, axis=1)
    xs, xz = F32(model.rng.uniform(0.005, 0.1)), zero_point(model.rng, x_kind)
    ys = output_scale(85 * 74 * np.sqrt(inputs) * (1.8 if wzero else 1.0) * xs * float(np.mean(ws)))
    x = model.input([rows, inputs], x_kind)
    args = [x, *model.quant(xs, xz, x_kind), model.const(w), model.const(ws), model.const(wz), *model.quant(ys, zero_point(model.rng, y_kind), y_kind)]
    model.output(model.op("QLinearMatMul", args), y_kind)


def qgemm(model, rows, inputs, outputs, kinds, trans):
    x_kind, w_kind, y_kind, per_channel, wzero, bias = kinds
    w, ws, wz = model.weights([outputs, inputs], w_kind, wzero, per_channel, axis=0)
    if not trans:
        w = np.ascontiguousarray(w.T)
    xs, xz = F32(model.rng.uniform(0.005, 0.1)), zero_point(model.rng, x_kind)
    deviation = 85 * 74 * np.sqrt(inputs) * (1.8 if wzero else 1.0)
    ys = output_scale(deviation * xs * float(np.mean(ws)))
    b = model.const(model.rng.integers(-int(deviation), int(deviation), outputs).astype(np.int32)) if bias else ""
    x = model.input([rows, inputs], x_kind)
    args = [x, *model.quant(xs, xz, x_kind), model.const(w), model.const(ws), model.const(wz), b, *model.quant(ys, zero_point(model.rng, y_kind), y_kind)]
    model.output(model.op("QGemm", args, domain=MS, transB=int(trans)), y_kind)


def qdq_gemm(model, rows, inputs, outputs, kinds, kind):
    x_kind, w_kind, y_kind, per_channel, wzero, bias = kinds
    w, ws, wz = model.weights([inputs, outputs], w_kind, wzero, per_channel, axis=1)
    trans = kind == "Gemm-T"
    if trans:
        w = np.ascontiguousarray(w.T)
    xs, xz = F32(model.rng.uniform(0.005, 0.1)), zero_point(model.rng, x_kind)
    deviation = 85 * 74 * np.sqrt(inputs) * (1.8 if wzero else 1.0)
    ys, yz = output_scale(deviation * xs * float(np.mean(ws))), zero_point(model.rng, y_kind)
    x = model.dq(model.input([rows, inputs], x_kind), xs, xz, x_kind)
    args = [x, model.op("DequantizeLinear", [model.const(w), model.const(ws), model.const(wz)], axis=0 if trans else 1)]
    if bias and kind != "MatMul":
        b = model.rng.integers(-int(deviation), int(deviation), outputs).astype(np.int32)
        scale = (xs * np.asarray(ws)).astype(F32)
        args.append(model.op("DequantizeLinear", [model.const(b), model.const(scale), model.const(np.zeros(np.shape(scale), np.int32))], axis=0))
    y = model.op("MatMul", args) if kind == "MatMul" else model.op("Gemm", args, transB=int(trans))
    model.output(model.q(y, ys, yz, y_kind), y_kind)


for i, (rows, inputs, outputs) in enumerate([(1, 16, 10), (3, 40, 17), (1, 200, 33)]):
    for j, kinds in enumerate(KINDS):
        case("QLinearMatMul", f"{i}-{j}", lambda m, a=(rows, inputs, outputs), k=kinds: qlinear_matmul(m, *a, k))
        case("QGemm", f"{i}-{j}", lambda m, a=(rows, inputs, outputs), k=kinds, t=(i + j) % 2 == 0: qgemm(m, *a, k, t))
        for kind in ["MatMul", "Gemm", "Gemm-T"]:
            case(kind[:6].rstrip("-T"), f"qdq-{kind}-{i}-{j}", lambda m, a=(rows, inputs, outputs), k=kinds, t=kind: qdq_gemm(m, *a, k, t))


# Additions ---------------------------------------------------------------------------------------------------------------------


def add(model, kind, scales, qlinear, relu=False, shape=(1, 5, 7, 6)):
    zeros = [zero_point(model.rng, kind) for _ in range(3)]
    a, b = model.input(list(shape), kind), model.input(list(shape), kind)
    if qlinear:
        args = [a, *model.quant(scales[0], zeros[0], kind), b, *model.quant(scales[1], zeros[1], kind), *model.quant(scales[2], zeros[2], kind)]
        model.output(model.op("QLinearAdd", args, domain=MS), kind)
        return
    y = model.op("Add", [model.dq(a, scales[0], zeros[0], kind), model.dq(b, scales[1], zeros[1], kind)])
    if relu:
        y = model.op("Relu", [y])
    model.output(model.q(y, scales[2], zeros[2], kind), kind)


for i in range(24):
    def build(m, i=i):
        scales = [F32(s) for s in m.rng.uniform(0.01, 0.1, 3)]
        if i % 4 == 3:
            scales = [F32(0.25), F32(0.5), F32(1.0)]
        add(m, [U8, I8][i % 2], scales, i < 12, relu=i % 3 == 0)
    case("QLinearAdd" if i < 12 else "Add", f"{i}", build)


# Functions ---------------------------------------------------------------------------------------------------------------------

FUNCTIONS = {
    "Relu": lambda m, x: m.op("Relu", [x]),
    "Clip": lambda m, x: relu6(m, x),
    "LeakyRelu": lambda m, x: m.op("LeakyRelu", [x], alpha=0.1),
    "Sigmoid": lambda m, x: m.op("Sigmoid", [x]),
    "Tanh": lambda m, x: m.op("Tanh", [x]),
    "HardSigmoid": lambda m, x: m.op("HardSigmoid", [x], alpha=1 / 6, beta=0.5),
    "HardSwish": lambda m, x: m.op("HardSwish", [x]),
    "SiLU": lambda m, x: m.op("Mul", [x, m.op("Sigmoid", [x])]),
    "MulConst": lambda m, x: m.op("Mul", [x, m.const(F32(0.37))]),
    "AddConst": lambda m, x: m.op("Add", [x, m.const(F32(0.37))]),
    "Identity": lambda m, x: m.op("Identity", [x]),
    "Rescale": lambda m, x: x,
}


def function(model, f, kind, narrow):
    data = np.arange(256).reshape(1, 4, 8, 8) + (0 if kind is U8 else -128)
    xs, xz = F32(model.rng.uniform(0.01, 0.1)), zero_point(model.rng, kind)
    x = model.dq(model.input([1, 4, 8, 8], kind, data), xs, xz, kind)
    ys = F32(1 / 256 if narrow else model.rng.uniform(0.005, 0.1))
    model.output(model.q(f(model, x), ys, zero_point(model.rng, kind), kind), kind)


for name, f in FUNCTIONS.items():
    for i in range(4):
        case(name, f"qdq-{i}", lambda m, f=f, i=i: function(m, f, [U8, I8][i % 2], i >= 2 and f is not None), opset=[14, 18][i // 2])


def qlinear_function(model, name, kind, **attributes):
    data = np.arange(256).reshape(1, 4, 8, 8) + (0 if kind is U8 else -128)
    x = model.input([1, 4, 8, 8], kind, data)
    args = [x, *model.quant(model.rng.uniform(0.01, 0.1), zero_point(model.rng, kind), kind), *model.quant(1 / 256 if name == "QLinearSigmoid" else 0.04, zero_point(model.rng, kind), kind)]
    model.output(model.op(name, args, domain=MS, **attributes), kind)


for i in range(6):
    case("QLinearSigmoid", f"{i}", lambda m, i=i: qlinear_function(m, "QLinearSigmoid", [U8, I8][i % 2]))
    case("QLinearLeakyRelu", f"{i}", lambda m, i=i: qlinear_function(m, "QLinearLeakyRelu", [U8, I8][i % 2], alpha=[0.01, 0.2, 0.5][i // 2]))


# Pooling -----------------------------------------------------------------------------------------------------------------------

POOLS = [
    {"kernel_shape": [2, 2], "strides": [2, 2]},
    {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]},
    {"kernel_shape": [3, 3], "strides": [1, 1], "pads": [1, 1, 1, 1]},
    {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 0, 1]},
    {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
]


def pool(model, kind, operator, attributes, same, qlinear):
    shape = [1, 5, 9, 9]
    x = model.input(shape, kind)
    xs, xz = F32(model.rng.uniform(0.01, 0.1)), zero_point(model.rng, kind)
    ys, yz = (xs, xz) if same else (F32(xs * model.rng.uniform(0.3, 1.1)), zero_point(model.rng, kind))
    if qlinear:
        args = [x, *model.quant(xs, xz, kind), *model.quant(ys, yz, kind)]
        model.output(model.op(f"QLinear{operator}", args, domain=MS, **attributes), kind)
        return
    y = model.op(operator, [model.dq(x, xs, xz, kind)], **attributes)
    model.output(model.q(y, ys, yz, kind), kind)


for i, attributes in enumerate(POOLS):
    for j, kind in enumerate([U8, I8]):
        for same in [True, False]:
            tag = f"{i}-{j}-{'same' if same else 'other'}"
            case("MaxPool", tag, lambda m, k=kind, a=attributes, s=same: pool(m, k, "MaxPool", a, s, False))
            case("AveragePool", tag, lambda m, k=kind, a=attributes, s=same: pool(m, k, "AveragePool", a, s, False))
            case("QLinearAveragePool", tag, lambda m, k=kind, a=attributes, s=same: pool(m, k, "AveragePool", a, s, True))
        included = {**attributes, "count_include_pad": 1}
        case("AveragePool", f"{i}-{j}-include", lambda m, k=kind, a=included: pool(m, k, "AveragePool", a, False, False), opset=19)
for j, kind in enumerate([U8, I8]):
    for same in [True, False]:
        tag = f"{j}-{'same' if same else 'other'}"
        case("GlobalAveragePool", tag, lambda m, k=kind, s=same: pool(m, k, "GlobalAveragePool", {}, s, False))
        case("QLinearGlobalAveragePool", tag, lambda m, k=kind, s=same: pool(m, k, "GlobalAveragePool", {}, s, True))
        case("ReduceMean", tag, lambda m, k=kind, s=same: pool(m, k, "ReduceMean", {"axes": [2, 3], "keepdims": 1}, s, False))


def integer_pool(model, kind):
    y = model.op("MaxPool", [model.input([1, 3, 8, 8], kind)], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    model.output(y, kind)


for j, kind in enumerate([U8, I8]):
    case("MaxPool", f"integer-{j}", lambda m, k=kind: integer_pool(m, k))


# Moving ------------------------------------------------------------------------------------------------------------------------


def concat(model, kind, qlinear, same):
    rng = model.rng
    scales = [F32(s) for s in rng.uniform(0.01, 0.05, 3)]
    zeros = [zero_point(rng, kind) for _ in range(3)]
    if same:
        scales, zeros = [scales[0]] * 3, [zeros[0]] * 3
    parts = [model.input([1, c, 6, 5], kind) for c in (3, 8)]
    if qlinear:
        args = [*model.quant(scales[2], zeros[2], kind)]
        for part, scale, zero in zip(parts, scales, zeros):
            args += [part, *model.quant(scale, zero, kind)]
        model.output(model.op("QLinearConcat", args, domain=MS, axis=1), kind)
        return
    reals = [model.dq(part, scale, zero, kind) for part, scale, zero in zip(parts, scales, zeros)]
    model.output(model.q(model.op("Concat", reals, axis=1), scales[2], zeros[2], kind), kind)


for i in range(8):
    kind, qlinear, same = [U8, I8][i % 2], i < 4, i % 4 < 2
    case("QLinearConcat" if qlinear else "Concat", f"{i}", lambda m, a=(kind, qlinear, same): concat(m, *a))

MOVES = {
    "Reshape": lambda m, x: m.op("Reshape", [x, m.const(np.array([0, -1], np.int64))]),
    "Flatten": lambda m, x: m.op("Flatten", [x]),
    "Slice": lambda m, x: m.op("Slice", [x, *(m.const(np.array([v], np.int64)) for v in (1, 5, 1))]),
    "Pad": lambda m, x: m.op("Pad", [x, m.const(np.array([0, 0, 1, 2, 0, 0, 0, 1], np.int64))]),
    "Resize": lambda m, x: m.op("Resize", [x, "", m.const(np.array([1, 1, 2, 2], F32))], mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
    "Dropout": lambda m, x: m.op("Dropout", [x]),
}


def move(model, f, kind, same):
    xs, xz = F32(model.rng.uniform(0.01, 0.1)), zero_point(model.rng, kind)
    ys, yz = (xs, xz) if same else (F32(xs * 1.3), zero_point(model.rng, kind))
    x = model.dq(model.input([1, 6, 5, 4], kind), xs, xz, kind)
    model.output(model.q(f(model, x), ys, yz, kind), kind)


for name, f in MOVES.items():
    for i in range(4):
        case(name, f"{i}", lambda m, f=f, i=i: move(m, f, [U8, I8][i % 2], i < 2))


def split(model, kind):
    x = model.dq(model.input([1, 8, 4, 4], kind), 0.03, 10, kind)
    for part in model.op("Split", [x, model.const(np.array([3, 5], np.int64))], outputs=2, axis=1):
        model.output(model.q(part, 0.03, 10, kind), kind)


for i, kind in enumerate([U8, I8]):
    case("Split", f"{i}", lambda m, k=kind: split(m, k))
