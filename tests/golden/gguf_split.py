"""Writes a small model in three parts, in four with a first part without tensors, and whole, as the
gguf package does: gguf_split-0000N-of-00003.gguf, gguf_split_bare-0000N-of-00004.gguf,
gguf_split_whole.gguf. Usage: python gguf_split.py FOLDER    Written by gguf 0.19.0."""

import pathlib
import sys

import gguf
import numpy as np

folder = pathlib.Path(sys.argv[1])
random = np.random.default_rng(0)
weights = {name: random.standard_normal(shape).astype(np.float32) for name, shape in
           {"token_embd.weight": (8, 32), "blk.0.attn_q.weight": (4, 32), "blk.0.attn_norm.weight": (32,),
            "blk.0.ffn_up.weight": (6, 32), "output_norm.weight": (32,)}.items()}


def write(name, **split):
    writer = gguf.GGUFWriter(folder / name, "llama", **split)
    writer.add_block_count(1)
    writer.add_context_length(16)
    for key, weight in weights.items():
        quantized = gguf.quants.quantize(weight, gguf.GGMLQuantizationType.Q8_0)
        if weight.ndim == 2:
            writer.add_tensor(key, quantized, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
        else:
            writer.add_tensor(key, weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


write("gguf_split.gguf", split_max_tensors=2)
write("gguf_split_bare.gguf", split_max_tensors=2, small_first_shard=True)
write("gguf_split_whole.gguf")
