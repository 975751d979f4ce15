"""Writes gguf_blocks.gguf with the `gguf` package: for every block type random blocks and what
the package makes of them in f32, Q8_0 by the quantizer that loaders/tensors/convert.h describes, and
metadata of every value type. Usage: python gguf_blocks.py OUT"""

import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T

# Byte positions of the f16 scales in a block: random bits there would mostly be absurd.
SCALES = {
    T.Q8_0: [0], T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q2_K: [80, 82],
    T.Q3_K: [108], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208],
}

rng = np.random.default_rng(20)
out = gguf.GGUFWriter(sys.argv[1], "golden")
out.add_uint8("an.u8", 255)
out.add_int8("an.i8", -128)
out.add_uint16("an.u16", 65535)
out.add_int16("an.i16", -32768)
out.add_uint32("an.u32", 4294967295)
out.add_int32("an.i32", -2147483648)
out.add_uint64("an.u64", 2**64 - 1)
out.add_int64("an.i64", -(2**63))
out.add_float32("an.f32", 1e-5)
out.add_float64("an.f64", 0.1)
out.add_bool("an.bool", True)
out.add_string("an.string", "▁Yent")
out.add_array("some.strings", ["<unk>", "", "▁a"])
out.add_array("some.floats", [0.0, -1.5, 2.25])
out.add_array("some.integers", [1, -2, 3])

for kind, scales in SCALES.items():
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = rng.integers(0, 256, (3, 64 // min(elements, 64), size), dtype=np.uint8)
    for row in blocks.reshape(-1, size):
        for at in scales:
            row[at : at + 2] = np.float16(rng.normal() * 0.01).reshape(1).view(np.uint8)
    blocks[0, 0, scales[0] : scales[0] + 2] = [7, 128]  # a negative subnormal
    rows = blocks.reshape(3, -1)
    name = kind.name.lower()
    out.add_tensor(name, rows, raw_dtype=kind)
    out.add_tensor(name + ".f32", gguf.quants.dequantize(rows, kind))

source = (rng.normal(size=(4, 96)) * rng.choice([1e-4, 1, 300], (4, 1))).astype(np.float32)
source[1, 32:64] = 0
source[2, :32] = np.arange(-16, 16, dtype=np.float32) / 2  # halves: to even
source[2, 0] = 127
x = source.reshape(-1, 32)
scale = np.abs(x).max(axis=1, keepdims=True) / np.float32(127)
scale[scale == 0] = 1
q = np.clip(np.rint(x / scale), -128, 127).astype(np.int8)
packed = np.concatenate([scale.astype(np.float16).view(np.uint8), q.view(np.uint8)], axis=1)
out.add_tensor("source", source)
out.add_tensor("quantized", packed.reshape(4, -1), raw_dtype=T.Q8_0)

halves = (rng.normal(size=(2, 3, 5)) * 10).astype(np.float16)
out.add_tensor("halves", halves)
out.add_tensor("halves.f32", halves.astype(np.float32))
bits = rng.integers(0, 0x7F00, (2, 7), dtype=np.uint16)
out.add_tensor("brain", bits.view(np.uint8), raw_dtype=T.BF16)
out.add_tensor("brain.f32", (bits.astype(np.uint32) << 16).view(np.float32))

out.write_header_to_file()
out.write_kv_data_to_file()
out.write_tensors_to_file()
out.close()
