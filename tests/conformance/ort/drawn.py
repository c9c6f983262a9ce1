"""Cases whose shapes, types, scales and options are drawn at random, from a seed that is the case's name."""

import itertools

import numpy as np
from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType

from cases import F32, FUNCTIONS, I8, U8, conv_parts, qdq_conv, qdq_gemm, qgemm, qlinear_conv, qlinear_matmul, relu6
from forms import MS, zero_point
from networks import static

CASES = []


def case(operator, name, build, **options):
    CASES.append((f"{operator}-drawn-{name}", operator, build, options))


def kinds(rng):
    """Types of activation, weight and output, per channel, weight zero points, bias."""
    x = [U8, I8][rng.integers(2)]
    w = I8 if x is I8 else [U8, I8][rng.integers(2)]
    per_channel = bool(rng.integers(2)) and w is I8
    zeros = "random" if w is U8 and rng.integers(3) == 0 else None
    return x, w, x, per_channel, zeros, bool(rng.integers(2))


def geometry(rng):
    groups = int(rng.choice([1, 1, 1, 2, 3, 0]))
    if groups == 0:
        inputs = int(rng.integers(1, 12))
        groups, outputs = inputs, inputs * int(rng.integers(1, 3))
    else:
        inputs, outputs = (groups * int(n) for n in rng.integers(1, 9, 2))
    kernel = [int(k) for k in rng.integers(1, 6, 2)]
    attributes = {"group": groups}
    dilations = [int(d) for d in rng.integers(1, 3, 2)] if rng.integers(3) == 0 else [1, 1]
    attributes["strides"] = [int(s) for s in rng.integers(1, 4, 2)]
    attributes["dilations"] = dilations
    span = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    size = [int(n) for n in rng.integers(1, 14, 2)]
    if rng.integers(5) == 0:
        attributes["auto_pad"] = ["SAME_UPPER", "SAME_LOWER", "VALID"][rng.integers(3)]
        if attributes["auto_pad"] != "VALID":
            attributes["dilations"] = [1, 1]
    else:
        attributes["pads"] = [int(p) for p in rng.integers(0, [s for s in span * 2])]
    size = [max(n, s) for n, s in zip(size, span)]
    return [int(rng.choice([1, 1, 2])), inputs, *size], outputs, kernel, attributes


def drawn_conv(model, qlinear):
    shape, outputs, kernel, attributes = geometry(model.rng)
    types = kinds(model.rng)
    if qlinear:
        return qlinear_conv(model, shape, outputs, kernel, attributes, types)
    after = [None, lambda m, y: m.op("Relu", [y]), relu6][model.rng.integers(3)]
    return qdq_conv(model, shape, outputs, kernel, attributes, types, after, bool(model.rng.integers(2)))


for i in range(200):
    case("QLinearConv", f"{i}", lambda m: drawn_conv(m, True), opset=10 + i % 13)
    case("Conv", f"{i}", lambda m: drawn_conv(m, False), opset=13 + i % 10)


def saturating(model):
    """Scales with which most results are at the ends of the range, or with which few are not 0."""
    shape, outputs, kernel, attributes = geometry(model.rng)
    types = kinds(model.rng)
    w, ws, wz, xs, xz, ys, yz, b = conv_parts(model, shape, outputs, kernel, attributes, types)
    x = model.input(shape, types[0])
    ys = F32(ys * model.rng.choice([0.01, 0.1, 8, 100]))
    args = [x, *model.quant(xs, xz, types[0]), *(model.const(value) for value in (w, ws, wz)), *model.quant(ys, yz, types[2])]
    model.output(model.op("QLinearConv", args + ([] if b is None else [model.const(b)]), **attributes), types[2])


for i in range(40):
    case("QLinearConv", f"saturating-{i}", saturating)


def drawn_pool(model, operator, qlinear, opset):
    rng = model.rng
    kernel = [int(k) for k in rng.integers(1, 5, 2)]
    attributes = {"kernel_shape": kernel, "strides": [int(s) for s in rng.integers(1, 4, 2)]}
    if rng.integers(4) == 0:
        attributes["auto_pad"] = ["SAME_UPPER", "SAME_LOWER", "VALID"][rng.integers(3)]
        # With a stride beyond the kernel, ONNX Runtime 1.23.2 pools with negative padding, and later versions refuse to.
        attributes["strides"] = [min(s, k) for s, k in zip(attributes["strides"], kernel)]
    else:
        attributes["pads"] = [int(p) for p in rng.integers(0, kernel * 2)]
        if rng.integers(2):
            attributes["ceil_mode"] = 1
    if operator == "AveragePool" and rng.integers(3) == 0:
        attributes["count_include_pad"] = 1
    kind = [U8, I8][rng.integers(2)]
    shape = [int(rng.choice([1, 1, 2])), int(rng.integers(1, 9)), *(int(n) for n in rng.integers(4, 12, 2))]
    x = model.input(shape, kind)
    xs, xz = F32(rng.choice([0.25, 0.1, rng.uniform(0.01, 0.1)])), zero_point(rng, kind)
    ratio = rng.choice([1, 1, 0.5, 2, rng.uniform(0.3, 1.1)])
    ys, yz = (xs, xz) if ratio == 1 else (F32(xs * ratio), zero_point(rng, kind))
    if qlinear:
        args = [x, *model.quant(xs, xz, kind), *model.quant(ys, yz, kind)]
        return model.output(model.op(f"QLinear{operator}", args, domain=MS, **attributes), kind)
    y = model.op(operator, [model.dq(x, xs, xz, kind)], **attributes)
    return model.output(model.q(y, ys, yz, kind), kind)


for i in range(80):
    opset = 11 + i % 11
    case("AveragePool", f"{i}", lambda m, o=opset: drawn_pool(m, "AveragePool", False, o), opset=opset)
    case("QLinearAveragePool", f"{i}", lambda m, o=opset: drawn_pool(m, "AveragePool", True, o), opset=opset)
    case("MaxPool", f"{i}", lambda m, o=opset: drawn_pool(m, "MaxPool", False, o), opset=opset)


def drawn_global(model, qlinear):
    rng = model.rng
    kind = [U8, I8][rng.integers(2)]
    x = model.input([1, int(rng.integers(1, 20)), *(int(n) for n in rng.integers(1, 9, 2))], kind)
    xs, xz = F32(rng.uniform(0.01, 0.1)), zero_point(rng, kind)
    same = bool(rng.integers(2))
    ys, yz = (xs, xz) if same else (F32(xs * rng.uniform(0.2, 1)), zero_point(rng, kind))
    if qlinear:
        args = [x, *model.quant(xs, xz, kind), *model.quant(ys, yz, kind)]
        return model.output(model.op("QLinearGlobalAveragePool", args, domain=MS), kind)
    y = model.op("GlobalAveragePool", [model.dq(x, xs, xz, kind)])
    return model.output(model.q(y, ys, yz, kind), kind)


for i in range(30):
    case("GlobalAveragePool", f"{i}", lambda m: drawn_global(m, False))
    case("QLinearGlobalAveragePool", f"{i}", lambda m: drawn_global(m, True))


def drawn_add(model, qlinear):
    rng = model.rng
    kind = [U8, I8][rng.integers(2)]
    shape = [1, int(rng.integers(1, 9)), 12, 12]
    scales = [F32(s) for s in rng.uniform(0.01, 0.1, 3)]
    if rng.integers(3) == 0:
        scales = [F32(s) for s in rng.choice([0.03, 0.06, 0.1, 0.2, 0.25, 0.5], 3)]
    zeros = [zero_point(rng, kind) for _ in range(3)]
    a, b = model.input(shape, kind), model.input(shape, kind)
    if qlinear:
        args = [a, *model.quant(scales[0], zeros[0], kind), b, *model.quant(scales[1], zeros[1], kind), *model.quant(scales[2], zeros[2], kind)]
        return model.output(model.op("QLinearAdd", args, domain=MS), kind)
    y = model.op("Add", [model.dq(a, scales[0], zeros[0], kind), model.dq(b, scales[1], zeros[1], kind)])
    y = model.op("Relu", [y]) if rng.integers(2) else y
    return model.output(model.q(y, scales[2], zeros[2], kind), kind)


for i in range(40):
    case("QLinearAdd", f"{i}", lambda m: drawn_add(m, True))
    case("Add", f"{i}", lambda m: drawn_add(m, False))


def drawn_concat(model, qlinear):
    rng = model.rng
    kind = [U8, I8][rng.integers(2)]
    count = int(rng.integers(2, 5))
    quants = [(F32(rng.uniform(0.01, 0.05)), zero_point(rng, kind)) for _ in range(count + 1)]
    if rng.integers(3) == 0:
        quants[-1] = quants[0]
    parts = [model.input([1, int(rng.integers(1, 9)), 5, 4], kind) for _ in range(count)]
    if qlinear:
        args = list(model.quant(*quants[-1], kind))
        for part, quant in zip(parts, quants):
            args += [part, *model.quant(*quant, kind)]
        return model.output(model.op("QLinearConcat", args, domain=MS, axis=1), kind)
    reals = [model.dq(part, *quant, kind) for part, quant in zip(parts, quants)]
    return model.output(model.q(model.op("Concat", reals, axis=1), *quants[-1], kind), kind)


for i in range(20):
    case("QLinearConcat", f"{i}", lambda m: drawn_concat(m, True))
    case("Concat", f"{i}", lambda m: drawn_concat(m, False))


def drawn_product(model, form):
    rows, inputs, outputs = (int(n) for n in model.rng.integers(1, [5, 120, 40]))
    types = kinds(model.rng)
    if form == "QLinearMatMul":
        return qlinear_matmul(model, rows, inputs, outputs, types)
    if form == "QGemm":
        return qgemm(model, rows, inputs, outputs, types, bool(model.rng.integers(2)))
    return qdq_gemm(model, rows, inputs, outputs, types, form)


for i, form in itertools.product(range(20), ["QLinearMatMul", "QGemm", "MatMul", "Gemm", "Gemm-T"]):
    case(form.removesuffix("-T"), f"{form}-{i}", lambda m, f=form: drawn_product(m, f))


def drawn_function(model, name, qlinear):
    rng = model.rng
    kind = [U8, I8][rng.integers(2)]
    data = np.arange(256).reshape(1, 4, 8, 8) + (0 if kind is U8 else -128)
    x = model.input([1, 4, 8, 8], kind, data)
    xs, xz = F32(10 ** rng.uniform(-3, -0.5)), zero_point(rng, kind)
    ys, yz = F32(rng.choice([1 / 256, 10 ** rng.uniform(-3, -0.5)])), zero_point(rng, kind)
    if qlinear:
        attributes = {"alpha": float(rng.uniform(0.01, 0.9))} if name == "QLinearLeakyRelu" else {}
        args = [x, *model.quant(xs, xz, kind), *model.quant(ys, yz, kind)]
        return model.output(model.op(name, args, domain=MS, **attributes), kind)
    return model.output(model.q(FUNCTIONS[name](model, model.dq(x, xs, xz, kind)), ys, yz, kind), kind)


for i in range(10):
    for name in FUNCTIONS:
        case(name, f"{i}", lambda m, n=name: drawn_function(m, n, False), opset=14 + i % 5)
    for name in ["QLinearSigmoid", "QLinearLeakyRelu"]:
        case(name, f"{i}", lambda m, n=name: drawn_function(m, n, True))


# Networks ----------------------------------------------------------------------------------------------------------------------


def averaged(f):
    """Averages of four pixels between convolutions, as in DenseNet."""
    x = f.op("Relu", [f.conv("input", 3, 8)])
    x = f.op("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
    x = f.op("Relu", [f.conv(x, 8, 12)])
    x = f.op("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
    return f.dense(f.op("Flatten", [x]), 12 * 16, 10)


def separable(f):
    x = f.op("Relu", [f.conv("input", 3, 8, stride=2)])
    x = f.op("Relu", [f.conv(x, 8, 8, 3, 1, 8)])
    x = f.op("Relu", [f.conv(x, 8, 16, 1)])
    x = f.op("Relu", [f.conv(x, 16, 16, 3, 2, 16)])
    x = f.op("Relu", [f.conv(x, 16, 20, 1)])
    return f.dense(f.op("Flatten", [f.op("GlobalAveragePool", [x])]), 20, 7)


def inception(f):
    x = f.op("Relu", [f.conv("input", 3, 8)])
    pooled = f.op("MaxPool", [x], kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    parts = [f.conv(x, 8, 4, 1), f.conv(x, 8, 6, 3), f.conv(x, 8, 3, 5), f.conv(pooled, 8, 5, 1)]
    x = f.op("Concat", [f.op("Relu", [part]) for part in parts], axis=1)
    return f.conv(x, 18, 6, 1)


def deep(f):
    x = f.op("Relu", [f.conv("input", 3, 8)])
    for _ in range(5):
        y = f.conv(f.op("Relu", [f.conv(x, 8, 8)]), 8, 8)
        x = f.op("Relu", [f.op("Add", [x, y])])
    return f.conv(x, 8, 4, 1)


QUANTIZERS = [
    (form, *types, per_channel, symmetric)
    for form, types, per_channel, symmetric in itertools.product(
        [QuantFormat.QDQ, QuantFormat.QOperator],
        [(QuantType.QUInt8, QuantType.QInt8), (QuantType.QUInt8, QuantType.QUInt8), (QuantType.QInt8, QuantType.QInt8)],
        [False, True],
        [False, True],
    )
]
OPTIONS = [
    {},
    {"reduce_range": True},
    {"calibrate_method": CalibrationMethod.Entropy},
    {"calibrate_method": CalibrationMethod.Percentile},
    {"extra_options": {"WeightSymmetric": False}},
    {"extra_options": {"AddQDQPairToWeight": True}},
    {"extra_options": {"DedicatedQDQPair": True}},
    {"extra_options": {"QuantizeBias": False}},
]
for build in [averaged, separable, inception, deep]:
    for i, settings in enumerate(QUANTIZERS):
        case("network", f"{build.__name__}-{i}", lambda m, b=build, s=settings, i=i: static(m, b, *s, **OPTIONS[i % len(OPTIONS)]))
