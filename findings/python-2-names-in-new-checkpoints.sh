#!/usr/bin/env bash
# Checkpoints that today's PyTorch writes name modules that exist only in Python 2.
#
# Expected: torch.save() from Python 3 writes `int` as builtins.int and `range` as builtins.range.
# Happens: torch.save() uses pickle protocol 2, and Python's pickle then turns names back into those
# of Python 2: __builtin__.long, __builtin__.xrange, UserDict.IterableUserDict, itertools.izip,
# exceptions.OSError. The table of names is Python's, the choice of the protocol is PyTorch's.
# Versions: torch 2.15.0, Python 3.
# Why it matters: a reader or scanner of checkpoints with an allow-list or deny-list of builtins.NAME
# misses what the default call writes: it refuses harmless files, or does not see a name that it
# wants to forbid. Every list needs both spellings.
# yent: knows harmless names in both spellings, and refuses everything that it does not know.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv==0.13.9
"$work/venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" torch==2.15.0
cd "$work"
venv/bin/python -W ignore - <<'PY'
import collections
import pickletools
import platform
import zipfile

import torch

print(f"torch {torch.__version__}, Python {platform.python_version()}")
OBJECTS = {"int": int, "str": str, "range(3)": range(3), "zip": zip, "OSError()": OSError(),
           "UserDict()": collections.UserDict()}


def names(thing, **options):
    torch.save({"x": thing}, "file.pt", **options)
    with zipfile.ZipFile("file.pt") as file:
        data = file.read(next(n for n in file.namelist() if n.endswith("data.pkl")))
    return [arg.replace(" ", ".") for op, arg, _ in pickletools.genops(data) if op.name == "GLOBAL"]


found = {title: (names(thing), names(thing, pickle_protocol=3)) for title, thing in OBJECTS.items()}
for title, (default, three) in found.items():
    print(f"{title:11} default: {', '.join(default):27} protocol 3: {', '.join(three)}")
expected = {"int": "__builtin__.long", "str": "__builtin__.unicode", "range(3)": "__builtin__.xrange",
            "zip": "itertools.izip", "OSError()": "exceptions.OSError",
            "UserDict()": "UserDict.IterableUserDict"}
if any(found[title][0] != [name] for title, name in expected.items()):
    raise SystemExit("changed: other names are written")
PY
