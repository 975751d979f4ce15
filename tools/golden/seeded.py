"""Weights as a function of name, shape, place and seed: bench/synthesize/seeded_weights.cpp, bit for bit."""

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1

CLOSING = ("conv2", "to_out.0", "ff.net.2", "proj_out", "fc2",
           "out_proj", "down_proj", "o_proj", "attn_output", "ffn_down")
QUERY_KEY = ("to_q", "to_k", "q_proj", "k_proj", "attn_q", "attn_k")
EMBEDDING = ("token_embedding", "position_embedding", "embed_tokens", "token_embd")


def splitmix64(z):
    """The finalizer, on a Python int or in place on an array of uint64."""
    if isinstance(z, int):
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        return z ^ z >> 31
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z ^= z >> np.uint64(shift)
        z *= np.uint64(factor)
    z ^= z >> np.uint64(31)
    return z


def fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 & MASK
    return value


def line_of(name, shape):
    """(value at v = 0, slope)."""
    if len(shape) < 2:
        return (1.0, 0.1) if name.endswith(".weight") else (0.0, 0.05)
    layer = name.removesuffix(".weight")
    if layer.endswith(EMBEDDING):
        return 0.0, 0.5
    gain = 0.5 if layer.endswith(CLOSING) else 1.6 if layer.endswith(QUERY_KEY) else 1.0
    fan_in = float(np.prod(shape[1:], dtype=np.float64))
    return 0.0, gain * np.sqrt(3 / fan_in)


def seeded_values(name, shape, seed=0):
    """float32 array of that shape."""
    at_zero, slope = (np.float32(x) for x in line_of(name, shape))
    start = splitmix64(fnv1a(name) + splitmix64(seed) & MASK)
    count = int(np.prod(shape, dtype=np.int64))
    out = np.empty(count, np.float32)
    for begin in range(0, count, 1 << 20):  # pieces that stay in the cache
        end = min(count, begin + (1 << 20))
        bits = np.arange(begin + 1, end + 1, dtype=np.uint64) * np.uint64(GOLDEN)
        bits += np.uint64(start)
        v = (splitmix64(bits) >> np.uint64(40)).astype(np.int32) - 0x800000
        out[begin:end] = at_zero + slope * (v.astype(np.float32) * np.float32(2.0**-23))
    return out.reshape(shape)
