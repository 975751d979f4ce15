"""The shape hash of engine/ascii_writer/shape_hash.h, so that near-duplicates never enter."""

import re
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]


def _inks():
    text = (ROOT / "engine/ascii/font_data.cpp").read_text()
    inks = {
        int(code, 16): sum(bin(int(v)).count("1") for v in rows.split(","))
        for code, rows in re.findall(r"\{0x([0-9A-F]+), \{([0-9,]+)\}\}", text)
    }
    eighth = [
        64,
        16,
        32,
        48,
        64,
        80,
        96,
        112,
        128,
        112,
        96,
        80,
        64,
        48,
        32,
        16,
        64,
        32,
        64,
        96,
        16,
        16,
    ]
    quadrants = [4, 8, 1, 13, 9, 7, 11, 2, 6, 14]
    for i, ink in enumerate(eighth + [32 * bin(q).count("1") for q in quadrants]):
        inks[0x2580 + i] = ink
    return inks


INK = _inks()


def shape_hash(lines):
    """64 bits: whether a cell of an 8 x 8 grid has more ink than the mean cell."""
    wide, high = max(map(len, lines)), len(lines)
    ink = np.zeros((high, wide), np.int64)
    for y, line in enumerate(lines):
        for x, c in enumerate(line):
            if c != " ":
                ink[y, x] = INK.get(ord(c), 44)

    def shares(n):
        at, grid = np.arange(n)[:, None], np.arange(8)[None, :]
        return np.maximum(
            0, np.minimum((at + 1) * 8, (grid + 1) * n) - np.maximum(at * 8, grid * n)
        )

    sums = shares(high).T @ ink @ shares(wide)
    bits = (sums * 64 > sums.sum()).reshape(-1)
    return int(sum(1 << i for i in range(64) if bits[i]))


class Near:
    """Remembers pieces by size and hash; says whether a new one is a near-duplicate."""

    def __init__(self):
        self.sizes = np.zeros((0, 2), np.int64)
        self.hashes = np.zeros(0, np.uint64)
        self.count = 0

    def new(self, wide, high, value, most=3):
        """Whether nothing that is remembered is near."""
        a, h = self.sizes[: self.count], self.hashes[: self.count]
        size = np.array([wide, high])
        close = (np.abs(a - size) * 10 <= np.maximum(a, size)).all(1)
        if not close.any():
            return True
        difference = np.bitwise_xor(h[close], np.uint64(value))
        return np.unpackbits(difference.view(np.uint8).reshape(-1, 8), axis=1).sum(1).min() > most

    def add(self, wide, high, value, most=3):
        """False for a near-duplicate, which is not remembered; with most -1 all are."""
        if most >= 0 and not self.new(wide, high, value, most):
            return False
        n = self.count
        if n == len(self.hashes):
            more = max(1024, n)
            self.sizes = np.concatenate([self.sizes, np.zeros((more, 2), np.int64)])
            self.hashes = np.concatenate([self.hashes, np.zeros(more, np.uint64)])
        self.sizes[n], self.hashes[n] = (wide, high), value
        self.count += 1
        return True
