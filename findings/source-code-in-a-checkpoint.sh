#!/usr/bin/env bash
# torch.save() in its legacy format puts Python source code, and where it lay, into the checkpoint.
#
# Expected: torch.save(module, _use_new_zipfile_serialization=False) writes the module's values and
# the name of its class.
# Happens: of every nn.Module class it also writes the text of the class, comments and docstrings
# included, and the absolute path of its source file. The ZIP format of today does not. A textual
# inversion of sixteen numbers in an nn.ParameterDict is a file of 11 KB instead of less than 1 KB:
# most of it is PyTorch's own code.
# Versions: torch 2.15.0.
# Why it matters: old .pt and .ckpt files carry code and user names of whoever wrote them. A
# reader meets a persistent id that starts with "module", beside those that start with "storage".
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv==0.13.9
"$work/venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" torch==2.15.0
cd "$work"
cat > my_network.py <<'NET'
import torch


class Net(torch.nn.Module):
    # A remark that nobody else should read.
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(2))
NET
PYTHONPATH=. venv/bin/python -W ignore - <<'PY'
from pathlib import Path

import torch
from my_network import Net

print("torch", torch.__version__)
vectors = torch.zeros(2, 8)
objects = {
    "a module of one's own": Net(),
    "its state_dict": Net().state_dict(),
    "nn.ParameterDict": torch.nn.ParameterDict({"*": vectors}),
    "dict": {"*": vectors},
}
seen = {}
for title, thing in objects.items():
    for zipped in (False, True):
        torch.save(thing, "file.pt", _use_new_zipfile_serialization=zipped)
        data = Path("file.pt").read_bytes()
        found = {"class": b"\nclass " in data or b"class Net" in data or b"class Par" in data,
                 "remark": b"nobody else" in data, "path": b".py" in data}
        seen[title, zipped] = (len(data), *found.values())
        print(f"{title:22} {'zip' if zipped else 'legacy':7} {len(data):6} bytes;",
              ", ".join(f"{k}: {'yes' if v else 'no'}" for k, v in found.items()))

code = {key: value[1:] for key, value in seen.items() if any(value[1:])}
if code != {("a module of one's own", False): (True, True, True),
            ("nn.ParameterDict", False): (True, False, True)}:
    raise SystemExit("changed: code is written elsewhere")
if seen["nn.ParameterDict", False][0] < 10 * seen["dict", False][0]:
    raise SystemExit("changed: the file with code is not ten times as large")
PY
