"""python pack.py OUT.parquet STORE...: the rows of stores as one small table, from which the study is made.

A line has what decides a row and what was measured; pictures and latents stay in the stores. Measures
keep five digits, `pixels` the first 16 of the hash of the picture's pixels: enough to see that a row
painted again is the same. Columns that never change cost nothing in Parquet."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lab.store import Store

FACTS = (
    "hash grid policy policy_text axes prompt seed sampler steps guidance width height model model_sha256 version"
    " engine_sha256 device isa pixels engine_ms row_ms"
).split()


def short(column):
    """f32 with 16 bits of mantissa: relative error below 1e-5, and zstd finds the zeros."""
    values = np.array([np.nan if v is None else v for v in column], np.float32)
    bits = (values.view(np.uint32) + np.uint32(64)) & np.uint32(0xFFFFFF80)
    return pa.array(bits.view(np.float32), mask=np.isnan(values))


def rows_of(store):
    measures = store.measurements()
    for fact in store.facts("ok"):
        line = {name: fact[name] for name in FACTS}
        line["pixels"] = fact["pixels"][:16]
        yield line | {k: v for k, v in measures.get(fact["hash"], {}).items() if k != "hash"}


def main():
    lines = {}
    for folder in sys.argv[2:]:
        for line in rows_of(Store(folder)):
            lines.setdefault((line["grid"], line["hash"]), line)
    lines = sorted(lines.values(), key=lambda line: (line["grid"], line["policy"], line["prompt"], line["seed"]))
    table = {}
    for name in dict.fromkeys(name for line in lines for name in line):
        column = [line.get(name) for line in lines]
        if name == "axes":
            table[name] = pa.array([list(axes.items()) for axes in column], pa.map_(pa.string(), pa.string()))
        elif name == "guidance" or not any(isinstance(v, float) for v in column):
            table[name] = pa.array(column)
        else:
            table[name] = short(column)
    table = pa.table(table)
    floats = [f.name for f in table.schema if f.type == pa.float32()]
    pq.write_table(
        table, sys.argv[1], compression="zstd", compression_level=19, row_group_size=1 << 20,
        use_dictionary=[f.name for f in table.schema if f.name not in (*floats, "hash", "pixels")],
        column_encoding={name: "BYTE_STREAM_SPLIT" for name in floats}, write_statistics=False,
    )
    print(f"{sys.argv[1]}: {len(lines):,} rows, {Path(sys.argv[1]).stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
