"""Engines that paint a row: the library, the program `yent-run`, and a stub for tests.

An engine is opened from a spec, a small dict that travels to workers: {"kind": "library",
"path": ...}. It has `version`, `isa`, `device`, `sha256` (of the program itself), and
`painter(model, policy_text, latents)`, whose `paint(request)` returns a Painted, and `measure()`.
"""

from lab.engine.base import Painted, Request
from lab.engine.find import default_spec, measurer, open_engine

__all__ = ["Painted", "Request", "default_spec", "measurer", "open_engine"]
