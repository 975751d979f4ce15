#!/usr/bin/env bash
# LyCORIS writes LoKr and DoRA files that its own create_lycoris_from_weights() cannot read.
#
# Expected: what LycorisNetwork.save_weights() writes, create_lycoris_from_weights() reads.
# Happens: three kinds of files raise a RuntimeError about shapes. Tucker LoKr: the rank is taken
# from the second size of lokr_w2_a, which has the rank first when a Tucker core (lokr_t2) is beside
# it. LoKr of a 3x3 convolution: the loader counts the nine places of the kernel as inputs, and then
# splits the layer's sizes otherwise. DoRA with wd_on_output=False: the magnitude has one number per
# input, and the loader makes room for one per output. LoRA, DoRA with the defaults and LoHa of the
# same layer are read.
# Versions: lycoris-lora 4.1.3, torch 2.15.0.
# Why it matters: these files are valid, and trained networks are made of them; a reader must take
# the layout from the shapes, and "the reference cannot load it" does not mean that a file is broken.
# yent: reads all of them; its expected values come from the layers that wrote the file.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv==0.13.9
"$work/venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" \
  lycoris-lora==4.1.3 torch==2.15.0
cd "$work"
venv/bin/python - <<'PY'
import copy
import logging
from importlib.metadata import version

import torch
from lycoris import LycorisNetwork, create_lycoris, create_lycoris_from_weights
from safetensors.torch import load_file

print(*(f"{p} {version(p)}" for p in ("lycoris-lora", "torch")), sep=", ")
logging.disable(logging.WARNING)
base = torch.nn.Sequential()
base.add_module("conv", torch.nn.Conv2d(4, 32, 3))
LycorisNetwork.apply_preset({"target_name": ["conv"], "enable_conv": True})


def reads_back(title, **options):
    model = copy.deepcopy(base)
    network = create_lycoris(model, 1.0, linear_dim=2, conv_dim=2, conv_alpha=2, **options)
    network.apply_to()
    network.save_weights("adapter.safetensors", None, {})
    tensors = {k.split(".", 1)[1]: tuple(v.shape) for k, v in load_file("adapter.safetensors").items()}
    try:
        create_lycoris_from_weights(1.0, "adapter.safetensors", copy.deepcopy(base))
        answer = "read"
    except RuntimeError as error:
        answer = f"RuntimeError: {error}"
    print(f"{title} {tensors}\n    {answer}")
    return answer == "read"


read = [reads_back("LoRA", algo="locon"), reads_back("LoHa", algo="loha"),
        reads_back("DoRA", algo="locon", dora_wd=True)]
fail = [reads_back("Tucker LoKr", algo="lokr", use_tucker=True), reads_back("LoKr", algo="lokr"),
        reads_back("DoRA by input", algo="locon", dora_wd=True, wd_on_output=False)]
if not all(read) or any(fail):
    raise SystemExit("changed: other files are read back")
PY
