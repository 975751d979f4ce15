#!/usr/bin/env bash
# The first part of a split GGUF file may hold no tensors at all.
#
# Expected: GGUFWriter(split_max_tensors=2, small_first_shard=True) makes a first part with less in it
# than the others have.
# Happens: the first part has the metadata and no tensor. The tensors start in the second part.
# Versions: gguf 0.19.0.
# Why it matters: a reader that refuses a GGUF file without tensors, or that takes the data section
# to be there, refuses a valid model. split.count counts this part, and split.tensors.count is the
# number of tensors in all parts.
# yent: takes the first part for the whole model and finds the others beside it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet gguf==0.19.0
cd "$work"
venv/bin/python - <<'PY'
from importlib.metadata import version
from pathlib import Path

import numpy as np
from gguf import GGUFReader, GGUFWriter

print("gguf", version("gguf"))
writer = GGUFWriter("model.gguf", "llama", split_max_tensors=2, small_first_shard=True)
writer.add_name("toy")
for i in range(5):
    writer.add_tensor(f"blk.{i}.attn_norm.weight", np.ones(32, np.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()

counts = []
for path in sorted(Path(".").glob("*.gguf")):
    reader = GGUFReader(path)
    counts.append(len(reader.tensors))
    split = {k: int(f.parts[f.data[0]][0]) for k, f in reader.fields.items() if k.startswith("split.")}
    print(f"{path.name}: {counts[-1]} tensors, {path.stat().st_size} bytes, {split}")
if counts != [0, 2, 2, 1]:
    raise SystemExit("changed: the tensors lie in other parts")
PY
