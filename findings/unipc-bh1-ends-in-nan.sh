#!/usr/bin/env bash
# UniPC with solver_type "bh1" ends in NaN, with diffusers' own defaults.
#
# Expected: UniPCMultistepScheduler(solver_type="bh1"), which its documentation recommends for fewer
# than ten steps without guidance, samples a picture.
# Happens: all steps but the last are fine, the last one is NaN everywhere. The last noise level is
# zero by default, so the logarithm of the signal-to-noise ratio grows without bound, and "bh1"
# multiplies that difference by a correction of zero. It is so with Karras levels, trailing steps and
# order 1 too; "bh2", or final_sigmas_type="sigma_min", ends in numbers.
# Versions: diffusers 0.42.1, torch 2.15.0.
# Why it matters: a folder's scheduler_config.json may ask for it, and a reader that follows the
# reference paints nothing.
# yent: the last step is the model's picture itself, whatever the solver's type.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv==0.13.9
"$work/venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" \
  diffusers==0.42.1 torch==2.15.0
cd "$work"
venv/bin/python - <<'PY'
import warnings
from importlib.metadata import version

import torch
from diffusers import UniPCMultistepScheduler

warnings.simplefilter("ignore")
print(*(f"{p} {version(p)}" for p in ("diffusers", "torch")), sep=", ")


def finite(**options):
    """For each of eight steps of a model that predicts a tenth of its input: is the sample finite?"""
    s = UniPCMultistepScheduler(beta_schedule="scaled_linear", **options)
    s.set_timesteps(8)
    x, found = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0)), []
    for t in s.timesteps:
        x = s.step(0.1 * x, t, x).prev_sample
        found.append(bool(x.isfinite().all()))
    print(options, "finite:", *("yes" if f else "NO" for f in found))
    return found


ends = [finite(solver_type="bh1", **o) for o in ({}, {"use_karras_sigmas": True},
                                                  {"timestep_spacing": "trailing"}, {"solver_order": 1})]
fine = [finite(solver_type="bh2"), finite(solver_type="bh1", final_sigmas_type="sigma_min")]
if any(e != [True] * 7 + [False] for e in ends) or not all(map(all, fine)):
    raise SystemExit("changed: other samples are finite")
PY
