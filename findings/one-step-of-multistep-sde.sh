#!/usr/bin/env bash
# k-diffusion's multistep SDE samplers cannot take one step from noise to a picture.
#
# Expected: with two noise levels, the second 0, sample_dpmpp_2m_sde and sample_dpmpp_3m_sde give what the
# model predicts, as sample_dpmpp_2m and sample_euler do: the first step of a multistep method is of first
# order, and the last step is the prediction itself.
# Happens: UnboundLocalError. The size of a step is remembered for the next one after every step, and
# a step to level 0 has none, so that it reads a variable that was never set. Two steps are fine.
# Versions: k-diffusion 0.1.1, torch 2.15.0.
# Why it matters: image-to-image at a low strength comes down to one step (a strength of 0.04 with 25
# steps), and only then, with these samplers alone, it fails.
# yent: takes the one step; `dpm++2m-sde` and `dpm++3m-sde` are tested with it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv==0.13.9
"$work/venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" \
  k-diffusion==0.1.1 torch==2.15.0 setuptools==80.9.0
cd "$work"
venv/bin/python - <<'PY'
import warnings

warnings.simplefilter("ignore")

from importlib.metadata import version

import torch
from k_diffusion import sampling

print(*(f"{p} {version(p)}" for p in ("k-diffusion", "torch")), sep=", ")
names = ("euler", "dpmpp_2m", "dpmpp_2m_sde", "dpmpp_3m_sde")


def outcome(name, levels):
    """The mean of the sample where the model always predicts 0.5, or the class of the error."""
    noise = torch.full((1, 1, 4, 4), 14.6)
    sampler = getattr(sampling, f"sample_{name}")
    try:
        sample = sampler(lambda x, sigma: torch.full_like(x, 0.5), noise, torch.tensor(levels), disable=True)
    except Exception as error:
        return type(error).__name__
    return f"{sample.mean().item():.3f}"


seen = {name: (outcome(name, [14.6, 0.0]), outcome(name, [14.6, 1.0, 0.0])) for name in names}
for name, (one, two) in seen.items():
    print(f"sample_{name}: one step {one}, two steps {two}")
multistep_sde = names[2:]
if any(seen[n] != ("UnboundLocalError", "0.500") for n in multistep_sde) or any(
        seen[n] != ("0.500", "0.500") for n in names[:2]):
    raise SystemExit("changed: one step of the multistep SDE samplers no longer fails alone")
PY
