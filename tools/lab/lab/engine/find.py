"""Where the library, the program and the shipped files are."""

import ctypes.util
import os
import shutil
from pathlib import Path

from lab.engine.base import Engine
from lab.errors import FileError, UsageError

TREE = Path(__file__).resolve().parents[4]


def _library():
    named = os.environ.get("YENT_LIBRARY")
    if named:
        return Path(named)
    built = TREE / "build/libyent.so"
    if built.exists():
        return built
    for prefix in ("/usr/local/lib", "/usr/lib"):
        for path in Path(prefix).glob("**/libyent.so*"):
            return path
    found = ctypes.util.find_library("yent")
    return Path(found) if found else None


def _program():
    named = os.environ.get("YENT_RUN") or shutil.which("yent-run")
    built = TREE / "build/bin/yent-run"
    return Path(named) if named else built if built.exists() else None


def default_spec(kind="auto", threads=1, isa=None, device="cpu"):
    """The spec of an engine that is here. `kind`: auto, library, program, or stub:MILLISECONDS."""
    common = {"threads": threads, "isa": isa, "device": device}
    if kind.startswith("stub"):
        return {"kind": "stub", "ms": float(kind.partition(":")[2] or 10), **common}
    library, program = _library(), _program()
    if kind in ("auto", "library") and library:
        return {"kind": "library", "path": str(library), **common}
    if kind in ("auto", "program") and program:
        return {"kind": "program", "path": str(program), **common}
    if kind not in ("auto", "library", "program"):
        raise UsageError(f"engine '{kind}' is not known, expected auto, library, program or stub:MS")
    raise FileError(
        "neither libyent.so nor yent-run was found: build them (./yent), install them, or name them"
        " in YENT_LIBRARY or YENT_RUN"
    )


def open_engine(spec):
    if spec["kind"] == "library":
        from lab.engine.library import Library

        return Library(spec)
    if spec["kind"] == "program":
        from lab.engine.program import Program

        return Program(spec)
    from lab.engine.stub import Stub

    return Stub(spec)


def measurer():
    """What has measure(): the library, or the formulas in Python where it is not."""
    return open_engine(default_spec("library")) if _library() else Engine()


def shipped(name):
    """A folder or file that ships with yent, such as "default" or "policies/fog.policy"."""
    places = [TREE / "weights"]
    for binary in (_library(), _program()):
        if binary:
            places += [parent / "share/yent" for parent in binary.resolve().parents]
            places += [parent / "weights" for parent in list(binary.resolve().parents)[:3]]
    for place in places:
        if (place / name).exists():
            return place / name
    return None
