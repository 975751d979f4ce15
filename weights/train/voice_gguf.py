"""Writes the voice as a GGUF v3 file: matrices Q6_K, norms F32, tensors sorted by name. Reads it again."""

import struct

import gguf
import numpy as np

F32, Q6_K = 0, 14  # tensor types
U32, FLOAT, BOOL, STRING, ARRAY, I32 = 4, 6, 7, 8, 9, 5  # value types
ALIGNMENT = 32
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6  # token types


def best_scales(groups):
    """For groups of 16 values the scale with which whole numbers -32 .. 31 hit them best."""
    most = np.abs(groups).max(axis=-1, keepdims=True)
    sign = np.where(
        np.take_along_axis(groups, np.abs(groups).argmax(-1)[..., None], -1) < 0, -1.0, 1.0
    )
    best, least = np.zeros_like(most), np.full_like(most, np.inf)
    for steps in (-32.5, -32, -31.5, -31, -30, 29.5, 30, 30.5, 31, 31.5):
        scale = most * sign / steps
        safe = np.where(scale == 0, 1, scale)
        error = np.square(np.clip(np.rint(groups / safe), -32, 31) * scale - groups).sum(
            -1, keepdims=True
        )
        better = error < least
        best, least = np.where(better, scale, best), np.where(better, error, least)
    return best


def quantize_q6_k(matrix):
    """ggml's Q6_K: blocks of 256 values, 16 groups of 16, each with an 8-bit multiple of an f16 scale."""
    x = matrix.astype(np.float64).reshape(-1, 16, 16)
    scales = best_scales(x)[..., 0]
    d = np.take_along_axis(scales, np.abs(scales).argmax(1)[:, None], 1) / -128
    d = d.astype(np.float16).astype(np.float64)
    d[d == 0] = 1
    whole = np.clip(np.rint(scales / d), -128, 127)
    step = (whole * d)[..., None]
    q = np.clip(np.rint(x / np.where(step == 0, 1, step)), -32, 31).astype(np.int64) + 32
    q = q.reshape(-1, 2, 4, 32)  # halves of 128 values, four runs of 32
    low = np.concatenate(
        [(q[:, :, 0] & 15) | (q[:, :, 2] & 15) << 4, (q[:, :, 1] & 15) | (q[:, :, 3] & 15) << 4], -1
    )
    high = sum((q[:, :, k] >> 4) << (2 * k) for k in range(4))
    blocks = len(q)
    return np.concatenate(
        [
            low.reshape(blocks, 128).astype(np.uint8),
            high.reshape(blocks, 64).astype(np.uint8),
            whole.astype(np.int8).view(np.uint8),
            d.astype("<f2").view(np.uint8).reshape(blocks, 2),
        ],
        1,
    ).tobytes()


def string(text):
    data = text.encode("utf-8")
    return struct.pack("<Q", len(data)) + data


def value(kind, content):
    if kind == ARRAY:
        element, items = content
        return struct.pack("<IQ", element, len(items)) + b"".join(value(element, i) for i in items)
    if kind == STRING:
        return string(content)
    return struct.pack({U32: "<I", I32: "<i", FLOAT: "<f", BOOL: "<?"}[kind], content)


def padded(data):
    return data + bytes(-len(data) % ALIGNMENT)


def token_type(tokenizer, i):
    if tokenizer.is_unknown(i):
        return UNKNOWN
    if tokenizer.is_control(i):
        return CONTROL
    return BYTE if tokenizer.is_byte(i) else NORMAL


def metadata(shape, tokenizer):
    ids = range(tokenizer.get_piece_size())
    return [
        ("general.architecture", STRING, "llama"),
        ("general.name", STRING, "yent"),
        ("llama.block_count", U32, shape.layers),
        ("llama.context_length", U32, shape.context),
        ("llama.embedding_length", U32, shape.width),
        ("llama.feed_forward_length", U32, shape.ffn),
        ("llama.attention.head_count", U32, shape.heads),
        ("llama.attention.head_count_kv", U32, shape.kv_heads),
        ("llama.attention.layer_norm_rms_epsilon", FLOAT, shape.epsilon),
        ("llama.rope.freq_base", FLOAT, shape.theta),
        ("llama.vocab_size", U32, shape.vocab),
        ("nanollama.qk_norm", BOOL, True),
        ("nanollama.rope_conjugate", BOOL, True),
        ("tokenizer.ggml.model", STRING, "llama"),
        ("tokenizer.ggml.tokens", ARRAY, (STRING, [tokenizer.id_to_piece(i) for i in ids])),
        ("tokenizer.ggml.scores", ARRAY, (FLOAT, [tokenizer.get_score(i) for i in ids])),
        ("tokenizer.ggml.token_type", ARRAY, (I32, [token_type(tokenizer, i) for i in ids])),
        ("tokenizer.ggml.bos_token_id", U32, tokenizer.bos_id()),
        ("tokenizer.ggml.eos_token_id", U32, tokenizer.eos_id()),
    ]


def write(path, shape, tokenizer, tensors):
    """`tensors`: {GGUF name: f32 array}, matrices (out, in) with in a multiple of 256."""
    infos, data = b"", b""
    for name in sorted(tensors):
        tensor = tensors[name]
        kind = F32 if tensor.ndim == 1 else Q6_K
        infos += string(name) + struct.pack("<I", tensor.ndim)
        infos += struct.pack(f"<{tensor.ndim}Q", *reversed(tensor.shape))  # innermost first
        infos += struct.pack("<IQ", kind, len(data))
        data += padded(quantize_q6_k(tensor) if kind == Q6_K else tensor.astype("<f4").tobytes())
    pairs = metadata(shape, tokenizer)
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs))
    for key, kind, content in pairs:
        header += string(key) + struct.pack("<I", kind) + value(kind, content)
    path.write_bytes(padded(header + infos) + data)


def read(path):
    """{GGUF name: f32 array}, matrices (out, in)."""
    return {
        t.name: gguf.quants.dequantize(t.data, t.tensor_type).reshape([int(n) for n in reversed(t.shape)])
        for t in gguf.GGUFReader(path).tensors
    }
