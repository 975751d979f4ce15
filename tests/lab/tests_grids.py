"""Small grids and what is needed to run them."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

STUB = """
name = "stub"
prompts = ["a", "b"]
seeds = {first = 1, count = %(seeds)d}
width = 16
height = 16
baseline = "plain"

[[policies]]
name = "plain"
precision = "f32"

[[policies]]
name = "w{bits}"
text = "unet.* int8 bits={bits}\\n* f32"
[policies.axes]
bits = [2, 3, 4]
"""


def stub_grid(folder, seeds=5, more=""):
    """8 * seeds rows."""
    path = Path(folder) / "stub.toml"
    path.write_text(more + STUB % {"seeds": seeds})
    return path


def lab(*arguments):
    """A command line of `lab`, in a process of its own."""
    return [sys.executable, "-m", "lab", *map(str, arguments)]


def library():
    path = os.environ.get("YENT_LIBRARY") or ROOT / "build/libyent.so"
    return Path(path) if Path(path).exists() else None


def toy_model(folder):
    """The toy painter of the golden tests, by a link beside the grid."""
    link = Path(folder) / "toy"
    link.symlink_to(ROOT / "tests/golden/toy_painter")
    return link


REAL = """
name = "toy"
models = {toy = "toy"}
prompts = ["a cat", "the sea"]
seeds = [1, 2]
samplers = ["ddim", "euler"]
steps = 2
width = 32
height = 32

[[policies]]
name = "f32"
precision = "f32"

[[policies]]
name = "exact"
shipped = "int8-exact"

[[policies]]
name = "w{bits}"
text = "unet.* int8 bits={bits}\\n* f32"
[policies.axes]
bits = [2, 4]
"""


def real_grid(folder):
    """32 rows of the toy painter, which takes milliseconds."""
    toy_model(folder)
    path = Path(folder) / "toy.toml"
    path.write_text(REAL)
    return path
