#!/usr/bin/env bash
# One LoKr file, two pictures: PEFT and LyCORIS scale it differently when both factors are whole.
#
# Expected: a LoKr layer adds alpha / rank * kron(w1, w2) to the weight, in every library.
# Happens: when the rank is large enough, both libraries store the two factors whole (`lokr_w1`,
# `lokr_w2`, no `_a` and `_b`). LyCORIS then ignores the alpha that the user gives: the factor is 1,
# and the rank is saved as alpha. PEFT still multiplies by alpha / r, from adapter_config.json. With
# r = 16 and alpha = 4 the same two tensors change the layer four times as much in LyCORIS.
# Versions: lycoris-lora 4.1.3, peft 0.21.0, torch 2.15.0.
# Why it matters: tensors of the same names and shapes mean different weights. A converter that
# renames PEFT's keys, or a reader that does not look at who wrote the file, changes the picture.
# yent: uses 1 for two whole factors, and alpha / r where an adapter_config.json gives both.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv==0.13.9
"$work/venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" \
  lycoris-lora==4.1.3 peft==0.21.0 transformers==5.24.0 torch==2.15.0
cd "$work"
venv/bin/python - <<'PY'
import copy
import logging
from importlib.metadata import version

import torch
from lycoris import LycorisNetwork, create_lycoris
from peft import LoKrConfig, get_peft_model
from safetensors.torch import load_file

print(*(f"{p} {version(p)}" for p in ("lycoris-lora", "peft", "torch")), sep=", ")
logging.disable(logging.WARNING)
torch.manual_seed(0)
base = torch.nn.Sequential()
base.add_module("to_q", torch.nn.Linear(6, 6))
x = torch.randn(3, 6)

config = LoKrConfig(r=16, alpha=4, target_modules=["to_q"], init_weights=False)
by_peft = get_peft_model(copy.deepcopy(base), config)
by_peft.save_pretrained("peft")
factors = {k.split(".")[-1]: v for k, v in load_file("peft/adapter_model.safetensors").items()}
print("PEFT saves:", {k: tuple(v.shape) for k, v in factors.items()})

LycorisNetwork.apply_preset({"target_name": ["to_q"]})
by_lycoris = copy.deepcopy(base)
network = create_lycoris(by_lycoris, 1.0, linear_dim=16, linear_alpha=4, algo="lokr")
network.apply_to()
state = network.state_dict()
print("LyCORIS saves:", {k: tuple(v.shape) or v.item() for k, v in state.items()})
for name, factor in factors.items():
    state["lycoris_to_q." + name] = factor
network.load_state_dict(state)

with torch.no_grad():
    ratio = (by_lycoris(x) - base(x)) / (by_peft(x) - base(x))
print("change by LyCORIS / change by PEFT: %.4f to %.4f" % (ratio.min(), ratio.max()))
if set(factors) != {"lokr_w1", "lokr_w2"} or state["lycoris_to_q.alpha"] != 16:
    raise SystemExit("changed: other tensors are saved")
if not torch.allclose(ratio, torch.tensor(4.0), rtol=1e-3):
    raise SystemExit("changed: the two scales differ by another factor")
PY
