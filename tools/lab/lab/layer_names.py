"""Layer names of a UNet: diffusers' (as our policies have them) and LDM's (as bends have them).

With L = layers per block + 1, LDM's input block n > 0 is layer (n - 1) mod L of down block (n - 1) / L, and
its output block n is layer n mod L of up block n / L.
"""

import json
import re
from pathlib import Path

from lab.errors import FileError

_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_MIDDLE = {"resnets.0": "0", "attentions.0": "1", "resnets.1": "2"}


class UNetShape:
    """What names depend on: how many layers a block has, and which up blocks have attention."""

    def __init__(self, model):
        path = Path(model) / "unet/config.json"
        try:
            config = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise FileError(f"{path}: cannot be read ({error})") from None
        self.per_block = int(config.get("layers_per_block", 2))
        self.downs = config["down_block_types"]
        self.ups = config["up_block_types"]

    def down(self, block, layer):
        return 1 + block * (self.per_block + 1) + layer

    def up(self, block, layer):
        return block * (self.per_block + 1) + layer


def to_ldm(path, shape):
    """The LDM name of a diffusers path without "unet.", or None where LDM has no such layer."""
    if path in _ENDS:
        return _ENDS[path]
    found = re.fullmatch(r"mid_block\.(resnets\.[01]|attentions\.0)\.(.+)", path)
    if found:
        return f"middle_block.{_MIDDLE[found[1]]}.{_inside(found[1], found[2])}"
    found = re.fullmatch(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)", path)
    if not found:
        return None
    side, block, kind, layer, rest = found[1], int(found[2]), found[3], int(found[4]), found[5]
    if kind == "downsamplers":
        return f"input_blocks.{shape.down(block, shape.per_block)}.0.op"
    if kind == "upsamplers":
        attention = "CrossAttn" in shape.ups[block]
        return f"output_blocks.{shape.up(block, shape.per_block)}.{1 + attention}.conv"
    index = shape.down(block, layer) if side == "down" else shape.up(block, layer)
    name = "input_blocks" if side == "down" else "output_blocks"
    return f"{name}.{index}.{0 if kind == 'resnets' else 1}.{_inside(kind, rest)}"


def _inside(kind, rest):
    return _RESNET.get(rest, rest) if kind.startswith("resnets") else rest


def ldm_layers(paths, shape):
    """{LDM name: diffusers path} of the UNet's layers among `paths` ("unet. ..."), in their order."""
    names = {}
    for path in paths:
        if path.startswith("unet."):
            name = to_ldm(path[len("unet.") :], shape)
            if name:
                names[name] = path
    return names


def bend_pattern(pattern):
    """A bend's path as a regular expression: `*`, `?`, `[4-8]` in each segment, never across a dot."""
    text, at = "", 0
    while at < len(pattern):
        c = pattern[at]
        end = pattern.find("]", at + 1)
        if c == "[" and end > 0:
            text += _bracket(pattern[at + 1 : end])
            at = end
        else:
            text += "[^.]*" if c == "*" else "[^.]" if c == "?" else re.escape(c)
        at += 1
    return re.compile(text)


def _bracket(inside):
    """[4-8] and [10-11] are ranges of numbers; anything else a class of characters."""
    found = re.fullmatch(r"(\d+)-(\d+)", inside)
    if found:
        numbers = range(int(found[1]), int(found[2]) + 1)
        return "(?:" + "|".join(map(str, numbers)) + ")"
    inside = inside.replace("\\", r"\\").replace("]", r"\]")
    return "[^." + inside[1:] + "]" if inside[:1] in "!^" else "[" + inside + "]"


# ---- What the public table calls a layer ------------------------------------------------------


def group_of(ldm, shape):
    """Where in the UNet a layer is, by the size that its block works at: hi, mid (1/2), lo."""
    part, _, rest = ldm.partition(".")
    if part == "time_embed":
        return "embed"
    if part == "out":
        return "out.conv"
    if part == "middle_block":
        return "mid"
    number, per = int(rest.split(".")[0]), shape.per_block + 1
    if part == "input_blocks":
        return "in." + _size(0 if number == 0 else (number - 1) // per)
    return "out." + _size(len(shape.ups) - 1 - number // per)


def _size(halvings):
    return ("hi", "mid", "lo")[min(halvings, 2)]


# In this order; the first that fits counts.
_KINDS = [
    (r"\.attn2(\.|$)", "cross_attn"),
    (r"\.attn1(\.|$)", "self_attn"),
    (r"\.ff(\.|$)", "ff"),
    (r"skip_connection", "skip"),
    (r"\.(in_layers|out_layers|emb_layers)(\.|$)", "res_branch"),
    (r"\.(proj_in|proj_out)(\.|$)", "proj"),
    (r"\.op(\.|$)", "downsample"),
    (r"\.norm[123]?(\.|$)", "norm"),
    (r"^time_embed", "time_embed"),
    (r"^out\.", "out_conv"),
    (r"^input_blocks\.0\.0", "conv_in"),
    (r"^output_blocks\.\d+\.[12]\.conv$", "upsample"),
]


def kind_of(ldm):
    return next((kind for pattern, kind in _KINDS if re.search(pattern, ldm)), "other")
