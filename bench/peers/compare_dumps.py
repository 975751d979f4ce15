#!/usr/bin/env python3
"""compare_dumps.py EXPECTED GOT: relative errors of two --dump files of a guided run, stage by stage.

Both come from --cfg-scale 7.5 --dump-layers unet.conv_out.0, so that the two predictions of the first call
are there one by one. Exits with 1 where a stage is farther off than half precision explains: 5e-3 for one
network's output, 2e-2 for the latent after all steps. The guided prediction `eps.0` is no network's output:
u + 7.5 (c - u) makes errors of c and u that have nothing to do with each other sqrt(7.5^2 + 6.5^2) = 9.9
times as large. Instead of a bound it must be that sum of its own file's predictions, to the rounding of f32.
"""
import json
import struct
import sys

import numpy

GUIDANCE = 7.5
LIMITS = {"cond": 5e-3, "uncond": 5e-3, "prediction of uncond": 5e-3, "prediction of cond": 5e-3,
          "latent": 2e-2, "image": 3e-2}
ROUNDING = 1e-6  # three operations of 2^-24 on terms that are up to 14 times as large as their sum


def read(path):
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    types = {"F32": "<f4", "I32": "<i4"}
    return {name: numpy.frombuffer(data[slice(*t["data_offsets"])], types[t["dtype"]]).astype("f8")
            for name, t in header.items() if name != "__metadata__"}


def error(expected, got):
    return numpy.linalg.norm(got - expected) / numpy.linalg.norm(expected)


def split_predictions(dump):
    """The network's output for both texts, which lies in one layer's."""
    dump["prediction of uncond"], dump["prediction of cond"] = dump["unet.conv_out.0"].reshape(2, -1)


def guided(dump):
    return (1 - GUIDANCE) * dump["prediction of uncond"] + GUIDANCE * dump["prediction of cond"]


def main():
    dumps = [read(path) for path in sys.argv[1:3]]
    expected, got = dumps
    for dump in dumps:
        split_predictions(dump)
    rows = [(name, error(expected[name], got[name]), limit) for name, limit in LIMITS.items()]
    rows += [(f"sum of {which}", error(guided(dump), dump["eps.0"]), ROUNDING)
             for which, dump in zip(("expected", "got"), dumps)]
    for name, off, limit in rows:
        print(f"{name:20} {off:.2e} (limit {limit:.0e}){'' if off <= limit else ' TOO FAR'}")
    change = {name: numpy.linalg.norm(got[name] - expected[name]) for name in ("prediction of cond", "eps.0")}
    print(f"{'guided prediction':20} {error(expected['eps.0'], got['eps.0']):.2e}, "
          f"a change {change['eps.0'] / change['prediction of cond']:.1f} times that of one prediction")
    return 0 if all(off <= limit for _, off, limit in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
