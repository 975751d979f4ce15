"""Writes the voice as a GGUF v3 file: matrices Q8_0, norms F32, tensors sorted by name."""

import struct

import numpy as np

F32, Q8_0 = 0, 8                                            # tensor types
U32, FLOAT, BOOL, STRING, ARRAY, I32 = 4, 6, 7, 8, 9, 5     # value types
ALIGNMENT = 32
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6                 # token types


def quantize_q8_0(matrix):
    """Per 32 values: scale = max|x| / 127 and q = round(x / scale); the scale is stored as f16."""
    blocks = matrix.astype(np.float32).reshape(-1, 32)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)
    scale[scale == 0] = 1
    q = np.clip(np.rint(blocks / scale), -128, 127).astype(np.int8)
    return np.concatenate([scale.astype("<f2").view(np.uint8), q.view(np.uint8)], axis=1).tobytes()


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
    """`tensors`: {GGUF name: f32 array}, matrices (out, in) with in a multiple of 32."""
    infos, data = b"", b""
    for name in sorted(tensors):
        tensor = tensors[name]
        kind = F32 if tensor.ndim == 1 else Q8_0
        infos += string(name) + struct.pack("<I", tensor.ndim)
        infos += struct.pack(f"<{tensor.ndim}Q", *reversed(tensor.shape))  # innermost first
        infos += struct.pack("<IQ", kind, len(data))
        data += padded(quantize_q8_0(tensor) if kind == Q8_0 else tensor.astype("<f4").tobytes())
    pairs = metadata(shape, tokenizer)
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs))
    for key, kind, content in pairs:
        header += string(key) + struct.pack("<I", kind) + value(kind, content)
    path.write_bytes(padded(header + infos) + data)
