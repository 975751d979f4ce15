"""Measures of one layer's quantization: signal to noise, and how the codes are used."""

import numpy as np

from lab.measure.pictures import entropy_bits


def sqnr(x, q):
    """10 log10(sum x^2 / sum (x - q)^2) in dB; None without error or without signal."""
    x, q = np.asarray(x, np.float64), np.asarray(q, np.float64)
    signal, noise = (x * x).sum(), ((x - q) ** 2).sum()
    return float(10 * np.log10(signal / noise)) if signal and noise else None


def code_usage(codes, count):
    """used: codes met / count; eff: 2^entropy / count; ends: share at the first or last code.

    `codes` are 0 .. count - 1.
    """
    histogram = np.bincount(np.asarray(codes).ravel(), minlength=count)
    return {
        "code_used": float((histogram > 0).sum() / count),
        "code_eff": float(2 ** entropy_bits(histogram) / count),
        "code_ends": float((histogram[0] + histogram[-1]) / histogram.sum()),
    }


def quantize(weight, bits=8, round="nearest", clip=100.0, share="channel"):
    """What the engine's style words do to a weight [rows, ...], in f64: (dequantized, codes).

    A code k of 0 .. 2^bits - 2 is the level k - (2^(bits-1) - 1). Rounding is nearest (ties to even) or
    floor; the scale is the clip-th percentile of the magnitudes over the last level.
    """
    flat = np.asarray(weight, np.float64).reshape(len(weight), -1)
    groups = flat.reshape(1, -1) if share == "tensor" else flat
    levels = 2 ** (bits - 1) - 1
    rank = max(int(np.ceil(groups.shape[1] * clip / 100)), 1) - 1
    limit = np.sort(np.abs(groups), axis=1)[:, rank : rank + 1]
    scale = np.where(limit > 0, limit, 1) / levels
    rounded = {"nearest": np.rint, "floor": np.floor}[round](groups / scale)
    codes = np.clip(rounded, -levels, levels)
    return (codes * scale).reshape(np.shape(weight)), (codes + levels).astype(np.int64)
