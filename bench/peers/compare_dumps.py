#!/usr/bin/env python3
"""compare_dumps.py EXPECTED GOT: relative errors of two --dump files, stage by stage.

Exits with 1 where a stage is farther off than half precision explains: 5e-3 for one network's
output, 2e-2 for the latent after all steps.
"""
import json
import struct
import sys

import numpy


def read(path):
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    types = {"F32": "<f4", "I32": "<i4"}
    return {name: numpy.frombuffer(data[slice(*t["data_offsets"])], types[t["dtype"]])
            for name, t in header.items() if name != "__metadata__"}


def main():
    expected, got = read(sys.argv[1]), read(sys.argv[2])
    limits = {"cond": 5e-3, "uncond": 5e-3, "eps.0": 5e-3, "latent": 2e-2, "image": 3e-2}
    bad = 0
    for name, limit in limits.items():
        if name not in expected:
            continue
        a, b = expected[name].astype("f8"), got[name].astype("f8")
        error = numpy.linalg.norm(b - a) / numpy.linalg.norm(a)
        bad += not error <= limit
        print(f"{name:8} {error:.2e} (limit {limit:.0e}){'' if error <= limit else ' TOO FAR'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
