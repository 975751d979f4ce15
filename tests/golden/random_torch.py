"""What torch.randn gives on the CPU: tests/golden/random_torch.json.

Run as `python tests/golden/random_torch.py`. Each case is one generator and a list of calls, so
that what a call leaves behind for the next one is seen too.
"""

import json
from pathlib import Path

import torch

CASES = [(0, [1, 2, 3]), (42, [15, 16, 5, 17, 2]), (1234, [31, 33]), (2**32 + 7, [4, 16]),
         (2**64 - 1, [47])]


def numbers(seed, counts):
    generator = torch.Generator().manual_seed(seed if seed < 2**63 else seed - 2**64)
    return [[float(f"{v:.8g}") for v in torch.randn(n, generator=generator).tolist()] for n in counts]


def main():
    cases = [{"seed": seed, "calls": numbers(seed, counts)} for seed, counts in CASES]
    Path(__file__).with_suffix(".json").write_text(json.dumps(cases) + "\n")


main()
