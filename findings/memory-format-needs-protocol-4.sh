#!/usr/bin/env bash
# torch.save() cannot save torch.channels_last, unless another pickle protocol is asked for.
#
# Expected: torch.channels_last is a constant of PyTorch, as torch.float16 is, and a dictionary of
# settings that holds one can be saved.
# Happens: torch.save() raises "TypeError: cannot pickle 'module' object". With pickle_protocol=4 or 5
# it works, and torch.load() gives the constant back. torch.float16 can be saved by every protocol.
# Versions: torch 2.15.0.
# Why it matters: a training script that keeps its options in the checkpoint fails at its first save,
# with a message that names neither the option nor the protocol; and a reader that knows protocol 2
# only, which is PyTorch's default, cannot read the files of those who found the way out.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv==0.13.9
"$work/venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" torch==2.15.0
cd "$work"
venv/bin/python -W ignore - <<'PY'
import torch

print("torch", torch.__version__)


def saved(value, **options):
    try:
        torch.save({"x": value}, "file.pt", **options)
        back = torch.load("file.pt", weights_only=False)["x"] is value
        answer = "saved and read back" if back else "saved, but another value is read"
    except TypeError as error:
        answer = f"TypeError: {error}"
    print(f"{value} {options or 'default'}: {answer}")
    return answer == "saved and read back"


default = [saved(v) for v in (torch.channels_last, torch.float16)]
others = [saved(torch.channels_last, pickle_protocol=n) for n in (3, 4, 5)]
if default != [False, True] or others != [False, True, True]:
    raise SystemExit("changed: other values can be saved")
PY
