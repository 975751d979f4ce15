"""Runs of k-diffusion's ancestral and stochastic samplers, and of diffusers' TCD, on one number.

Run as `python tests/golden/few_step_schedulers.py` with diffusers 0.42.1, k-diffusion 0.1.1, torch and
scipy; writes tests/golden/few_step_schedulers.json in the form of schedulers.py, whose model and
noise these are, too. Noise of k-diffusion is a Brownian motion over the levels.

DPM++ 3M SDE is k-diffusion's: diffusers 0.42.1 subtracts a half where the integral of its third term
adds one.
"""

import importlib
import json
import math
import sys
import types
from pathlib import Path

import numpy as np
import torch
from diffusers import TCDScheduler
from diffusers.schedulers import scheduling_lcm, scheduling_tcd

import schedulers
from schedulers import SD, V, X0

LINSPACE = {"_class_name": "EulerDiscreteScheduler", "timestep_spacing": "linspace"}
WALKS = {
    "dpm2-a": ("sample_dpm_2_ancestral", {}),
    "dpm++2s-a": ("sample_dpmpp_2s_ancestral", {}),
    "dpm++sde": ("sample_dpmpp_sde", {}),
    "dpm++2m-sde": ("sample_dpmpp_2m_sde", {}),
    "dpm++2m-sde-heun": ("sample_dpmpp_2m_sde", {"solver_type": "heun"}),
    "dpm++3m-sde": ("sample_dpmpp_3m_sde", {}),
}


def kdiffusion_cases():
    for sampler in WALKS:
        for steps, skip in ((1, 0), (4, 0), (7, 3), (20, 0)):
            if steps > 1 or "m-sde" not in sampler:  # one step is an UnboundLocalError there
                yield sampler, steps, LINSPACE, skip
        yield sampler, 6, LINSPACE | {"use_karras_sigmas": True}, 0
        yield sampler, 5, LINSPACE | V, 0


def tcd_cases():
    own = {"_class_name": "TCDScheduler"}
    for steps in (1, 4, 7, 50):
        yield "tcd", steps, own, 0
    yield "tcd", 6, own | V, 2
    yield "tcd", 6, own | {"original_inference_steps": 25} | X0, 0


def samplers():
    """k-diffusion's, without what the package imports for training."""
    package = types.ModuleType("k_diffusion")
    package.__path__ = [str(Path(p) / "k_diffusion") for p in sys.path]
    package.utils = types.ModuleType("k_diffusion.utils")
    package.utils.append_dims = lambda x, dims: x[(...,) + (None,) * (dims - x.ndim)]
    sys.modules |= {"k_diffusion": package, "k_diffusion.utils": package.utils}
    return importlib.import_module("k_diffusion.sampling")


class Brownian:
    """sin(1), sin(2), ... for the parts of the motion that nobody walked yet."""

    def __init__(self):
        self.count, self.begin = 0, None

    def __call__(self, begin, end):
        self.count += 1
        fresh = math.sin(self.count)
        if self.begin is None or not torch.isclose(self.begin, begin):
            self.begin, self.middle, self.known = begin, end, fresh
            return fresh
        known = (begin - self.middle).sqrt() * self.known
        return (known + (self.middle - end).sqrt() * fresh) / (begin - end).sqrt()


def run(sampler, steps, given, skip):
    fields = SD | given
    made = schedulers.made_of("euler", fields)
    times, sigmas = schedulers.place(made, "euler", steps, fields)
    exact = list(zip(sigmas.tolist(), times.tolist()))  # of levels that are those of a timestep
    table = np.sqrt(((1 - made.alphas_cumprod) / made.alphas_cumprod).numpy())
    seen, inputs = [], []

    def model(x, sigma):
        t = made._sigma_to_t(sigma.numpy(), np.log(table)).item()
        t = next((time for level, time in exact if math.isclose(level, sigma.item())), t)
        e = 0.5 * x / (sigma**2 + 1) ** 0.5 + t / 1000
        seen.append(t)
        inputs.append(x.item())
        if fields.get("prediction_type") == "v_prediction":
            return x / (sigma**2 + 1) - e * sigma / (sigma**2 + 1) ** 0.5
        return x - sigma * e

    name, more = WALKS[sampler]
    x = torch.ones((1, 1), dtype=torch.float64) * sigmas[skip]
    end = getattr(samplers(), name)(model, x, sigmas[skip:], noise_sampler=Brownian(), disable=True,
                                    **more)
    calls = [list(call) for call in zip(seen, inputs[1:] + [end.item()])]
    return {"sampler": sampler, "steps": steps, "skip": skip, "config": fields, "calls": calls}


def main():
    torch.set_default_dtype(torch.float64)
    schedulers.CLASSES["tcd"] = TCDScheduler
    scheduling_tcd.randn_tensor = lambda *a, **k: scheduling_lcm.randn_tensor(*a, **k)
    rows = [run(*case) for case in kdiffusion_cases()]
    rows += [schedulers.run(*case) for case in tcd_cases()]
    rounded = json.loads(json.dumps(rows), parse_float=lambda s: float(f"{float(s):.10g}"))
    text = ",\n".join(json.dumps(r, separators=(",", ":")) for r in rounded)
    Path(__file__).with_suffix(".json").write_text(f"[\n{text}\n]\n")


main()
