"""Elementary functions to the nearest double: tests/golden/portable_math.json.

Run as `python tests/golden/portable_math.py`; written with mpmath 1.3.0. For each function pairs of an argument and
the result, computed with 60 digits.
"""

import json
from pathlib import Path

import mpmath

mpmath.mp.dps = 60
ARGUMENTS = {
    "exp": [-745, -700.25, -30.5, -1, -0.3466, -1e-9, 0, 1e-17, 0.1, 0.7, 1, 2.5, 88.7, 709.5],
    "log": [1e-310, 1e-5, 0.25, 0.7, 0.7071, 0.99999, 1, 1.00001, 1.5, 2, 9.9, 10000, 1e300],
    "sin": [-1e5, -7.5, -1, -1e-8, 0, 0.1, 0.7853981, 0.7854, 1.5707963, 3.1415926, 4.7, 100.5, 65536],
    "cos": [-1e5, -7.5, -1, -1e-8, 0, 0.1, 0.7853981, 0.7854, 1.5707963, 3.1415926, 4.7, 100.5, 65536],
}


def main():
    pairs = {name: [[float(x), float(getattr(mpmath, name)(mpmath.mpf(x)))] for x in map(float, xs)]
             for name, xs in ARGUMENTS.items()}
    lines = [f'"{name}": {json.dumps(values)}' for name, values in pairs.items()]
    Path(__file__).with_suffix(".json").write_text("{" + ",\n".join(lines) + "}\n")


main()
