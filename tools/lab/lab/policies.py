"""Policies in a grid: their texts, axes inside them, and the one form that hashes see."""

import itertools
import json
import re
import struct
from pathlib import Path

from lab.engine.find import shipped
from lab.errors import FileError, UsageError, nearest

SOURCES = ("text", "precision", "shipped", "file")


def canonical_text(text):
    """Without comments and spare blanks: texts that mean the same rules in the same words are equal."""
    lines = (" ".join(line.split("#")[0].split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def is_exact(text):
    """Whether the bits are the same on every instruction set but ref."""
    return canonical_text(text).split("\n")[0] == "exact"


def source_text(entry, folder):
    """The text of a policy that a grid gives in one of four ways."""
    given = [key for key in SOURCES if key in entry]
    if len(given) != 1:
        raise FileError(f"a policy has one of {', '.join(SOURCES)}; this one has {given or 'none'}")
    if "text" in entry:
        return entry["text"]
    if "precision" in entry:
        # What `auto` stands for is a file, too, and decides bytes.
        if entry["precision"] != "auto":
            return f"* {entry['precision']}"
        entry = {"shipped": "auto"}
    path = folder / entry["file"] if "file" in entry else shipped(f"policies/{entry['shipped']}.policy")
    if path is None:
        raise FileError(f"the policy '{entry['shipped']}' does not ship with yent")
    try:
        return path.read_text()
    except OSError as error:
        raise FileError(f"{path}: the policy cannot be read ({error.strerror})") from None


def layer_paths(model, norms=False):
    """The layers of a diffusers folder that a policy can name, with the part's prefix, in file order.

    A layer is what has a weight of two dimensions or more; a norm's weight has one. Shapes come along.
    """
    layers = {}
    for part in ("unet", "vae", "text_encoder"):
        for file in sorted((Path(model) / part).glob("*.safetensors")):
            for name, tensor in sorted(safetensors_header(file).items()):
                if name.endswith(".weight") and len(tensor["shape"]) >= (1 if norms else 2):
                    layers[f"{part}.{name[: -len('.weight')]}"] = tensor["shape"]
    if not layers:
        raise FileError(f"{model}: no safetensors found whose layers could be listed")
    return layers


def safetensors_header(path):
    try:
        with Path(path).open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(size, 100 << 20)))
    except (OSError, ValueError, struct.error) as error:
        raise FileError(f"{path}: no safetensors header ({error})") from None
    header.pop("__metadata__", None)
    return header


def glob_match(pattern, path):
    """As the engine matches: `*` crosses dots."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), path, re.S) is not None


def axis_values(values, model):
    """(label, text) of an axis: a list, a table label -> text, or {each = "unet.*"}: every layer, with
    norms = true also the norms."""
    if isinstance(values, list):
        return [(str(v), str(v)) for v in values]
    if isinstance(values, dict) and "each" in values and set(values) <= {"each", "norms"}:
        found = [p for p in layer_paths(model, values.get("norms")) if glob_match(values["each"], p)]
        if not found:
            raise FileError(f"no layer of the model matches '{values['each']}'")
        return [(path, path) for path in found]
    if isinstance(values, dict):
        return [(label, str(text)) for label, text in values.items()]
    raise FileError(f"an axis is a list or a table, not {values!r}")


def expand(entry, folder, model):
    """The (name, text, axes) of all policies that an entry of a grid stands for."""
    text = source_text(entry, folder)
    axes = {name: axis_values(values, model) for name, values in entry.get("axes", {}).items()}
    pattern = entry.get("name") or "-".join("{%s}" % axis for axis in axes)
    if not pattern:
        raise FileError("a policy without axes needs a name")
    for chosen in itertools.product(*axes.values()):
        labels = {axis: label for axis, (label, _) in zip(axes, chosen)}
        words = {axis: word for axis, (_, word) in zip(axes, chosen)}
        yield fill(pattern, labels), canonical_text(fill(text, words)), labels


def fill(text, values):
    def value(match):
        if match[1] not in values:
            raise UsageError(f"{match[0]} is no axis of this policy{nearest(match[1], values)}")
        return values[match[1]]

    return re.sub(r"\{(\w+)\}", value, text)
