"""Blocks of several layers, and whole small networks."""

import numpy as np

from cases import F32, I8, U8, qdq_conv
from forms import MS, Model, output_scale, zero_point

CASES = []


def case(operator, name, build, **options):
    CASES.append((f"{operator}-{name}", operator, build, options))
