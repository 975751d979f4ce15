"""Whole runs of diffusers' schedulers on one number: tests/golden/schedulers.json.

Run as `python tests/golden/schedulers.py`. The model is `0.5 x + t / 1000` of the input it sees,
noise is sin(1), sin(2), ... Tables are in double where diffusers keeps them in float32, and the
sigma form is ours (DPM++ 2M: linspace, exact Karras timesteps, latents scaled by sqrt(s^2 + 1)).
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from diffusers import (DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler,
                       EulerAncestralDiscreteScheduler, EulerDiscreteScheduler, PNDMScheduler)
from diffusers.schedulers import scheduling_ddpm, scheduling_euler_ancestral_discrete

CLASSES = {"ddim": DDIMScheduler, "pndm": PNDMScheduler, "ddpm": DDPMScheduler,
           "euler": EulerDiscreteScheduler, "euler-a": EulerAncestralDiscreteScheduler,
           "dpm++2m": DPMSolverMultistepScheduler}
SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
OFFSET = {"steps_offset": 1, "timestep_spacing": "leading"}
SIGMA = ("euler", "euler-a", "dpm++2m")


def cases():
    for steps in (1, 2, 7, 25):
        yield "ddim", steps, OFFSET | {"set_alpha_to_one": False}, 0
        yield "pndm", steps, OFFSET | {"set_alpha_to_one": False, "skip_prk_steps": True}, 0
        yield "ddpm", steps, {"timestep_spacing": "leading"}, 0
        for sampler in SIGMA:
            yield sampler, steps, {"timestep_spacing": "linspace"}, 0
    for spacing in ("linspace", "trailing", "leading"):
        for sampler in ("ddim", "pndm", "ddpm"):
            more = {"skip_prk_steps": True, "set_alpha_to_one": True} if sampler == "pndm" else {}
            yield sampler, 6, {"timestep_spacing": spacing, "prediction_type": "v_prediction"} | more, 0
    for sampler in SIGMA:
        yield sampler, 6, {"timestep_spacing": "linspace", "prediction_type": "v_prediction"}, 0
    for sampler in ("euler", "dpm++2m"):
        yield sampler, 6, {"timestep_spacing": "linspace", "use_karras_sigmas": True}, 0
    yield "pndm", 8, OFFSET | {"skip_prk_steps": False, "set_alpha_to_one": True}, 0
    yield "pndm", 8, OFFSET | {"skip_prk_steps": False, "set_alpha_to_one": False,
                            "prediction_type": "v_prediction"}, 0
    for skip in (1, 3):
        yield "pndm", 8, OFFSET | {"skip_prk_steps": True, "set_alpha_to_one": False}, skip
        yield "pndm", 8, OFFSET | {"skip_prk_steps": False, "set_alpha_to_one": False}, skip
        yield "ddim", 8, OFFSET, skip
        for sampler in SIGMA:
            yield sampler, 8, {"timestep_spacing": "linspace"}, skip
    yield "ddim", 5, OFFSET | {"beta_schedule": "linear", "num_train_timesteps": 300}, 0
    yield "ddim", 5, OFFSET | {"beta_schedule": "squaredcos_cap_v2"}, 0


def betas(fields):
    n, kind = fields.get("num_train_timesteps", 1000), fields["beta_schedule"]
    first, last = fields["beta_start"], fields["beta_end"]
    if kind == "linear":
        return torch.linspace(first, last, n, dtype=torch.float64)
    if kind == "scaled_linear":
        return torch.linspace(first**0.5, last**0.5, n, dtype=torch.float64) ** 2
    bar = [math.cos((i / n + 0.008) / 1.008 * math.pi / 2) ** 2 for i in range(n + 1)]
    return torch.tensor([min(1 - b / a, 0.999) for a, b in zip(bar, bar[1:])], dtype=torch.float64)


def run(sampler, steps, given, skip):
    fields = SD | given
    made = CLASSES[sampler](**fields, **({"clip_sample": False} if sampler in ("ddim", "ddpm") else {}))
    made.betas = betas(fields)
    made.alphas = 1 - made.betas
    made.alphas_cumprod = torch.cumprod(made.alphas, 0)
    if not fields.get("set_alpha_to_one", True):
        made.final_alpha_cumprod = made.alphas_cumprod[0]
    karras = fields.get("use_karras_sigmas")
    table = np.sqrt(((1 - made.alphas_cumprod) / made.alphas_cumprod).numpy())
    sigma_form = sampler in SIGMA
    if sampler == "dpm++2m" and not karras:
        made.set_timesteps(timesteps=np.linspace(len(table) - 1, 0, steps))
    else:
        made.set_timesteps(steps)
    times = made.timesteps[skip:]
    if sigma_form:  # in double
        times = np.linspace(len(table) - 1, 0, steps)
        sigmas = np.interp(times, np.arange(len(table)), table)
        if karras:
            sigmas = made._convert_to_karras(sigmas, steps)
            times = made._sigma_to_t(sigmas, np.log(table))
        made.sigmas = torch.from_numpy(np.append(sigmas, 0))
        times = times[skip:]
        made.set_begin_index(skip)
    count = 0

    def noise(*_, **__):
        nonlocal count
        count += 1
        return torch.full((1, 1), math.sin(count), dtype=torch.float64)

    scheduling_ddpm.randn_tensor = scheduling_euler_ancestral_discrete.randn_tensor = noise
    sigma = made.sigmas[skip] if sigma_form else None
    x = torch.ones((1, 1), dtype=torch.float64) * (sigma if sigma_form else 1)
    seen = []
    for k, t in enumerate(times):
        now, after = (made.sigmas[skip + k], made.sigmas[skip + k + 1]) if sigma_form else (0, 0)
        e = 0.5 * x / (now**2 + 1) ** 0.5 + float(t) / 1000
        given_x = x / (now**2 + 1) ** 0.5 if sampler == "dpm++2m" else x
        made.is_scale_input_called = True
        stepped = made.timesteps[skip + k]
        x = made.step(e, stepped, given_x).prev_sample.double()
        if sampler == "dpm++2m":
            x = x * (after**2 + 1) ** 0.5
        seen.append([float(t), x.item()])
    return {"sampler": sampler, "steps": steps, "skip": skip, "config": fields, "calls": seen}


def main():
    torch.set_default_dtype(torch.float64)
    rows = [run(*case) for case in cases()]
    rounded = json.loads(json.dumps(rows), parse_float=lambda s: float(f"{float(s):.10g}"))
    text = ",\n".join(json.dumps(r, separators=(",", ":")) for r in rounded)
    Path(__file__).with_suffix(".json").write_text(f"[\n{text}\n]\n")


main()
