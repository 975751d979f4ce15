"""Whole denoising loops of a toy UNet: every sampler, every guided output, every latent.

diffusers' schedulers do the steps. What is stored follows our conventions:
`latent.init` is unit noise, sigma samplers keep sigma-scaled latents, draws are float32.
"""

import numpy as np
import torch
from diffusers import (DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler,
                       EulerAncestralDiscreteScheduler, EulerDiscreteScheduler, PNDMScheduler)
from diffusers.schedulers import scheduling_ddpm, scheduling_euler_ancestral_discrete

import models
import nets
from store import inputs, relative_error, save

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
LEADING = BETAS | {"timestep_spacing": "leading", "steps_offset": 1, "set_alpha_to_one": False}
SAMPLERS = {  # a name of ours, with a variant of the config behind the colon
    "ddim": (DDIMScheduler, LEADING | {"clip_sample": False}),
    "pndm": (PNDMScheduler, LEADING | {"skip_prk_steps": True}),
    "ddpm": (DDPMScheduler, BETAS | {"timestep_spacing": "leading", "clip_sample": False}),
    "euler": (EulerDiscreteScheduler, BETAS | {"timestep_spacing": "linspace"}),
    "euler-a": (EulerAncestralDiscreteScheduler, BETAS | {"timestep_spacing": "linspace"}),
    "dpm++2m": (DPMSolverMultistepScheduler, BETAS | {"final_sigmas_type": "zero"}),
    "ddim:trailing": (DDIMScheduler, BETAS | {
        "timestep_spacing": "trailing", "clip_sample": False, "set_alpha_to_one": True}),
    "ddim:linspace": (DDIMScheduler, BETAS | {
        "timestep_spacing": "linspace", "clip_sample": False, "set_alpha_to_one": False}),
    "pndm:prk": (PNDMScheduler, LEADING | {"skip_prk_steps": False}),
}


def double_betas(count=1000):
    return torch.linspace(0.00085**0.5, 0.012**0.5, count, dtype=torch.float64) ** 2


def scheduler(sampler, steps, prediction):
    """Ready to step; its tables in double where diffusers keeps them in float32."""
    cls, fields = SAMPLERS[sampler]
    made = cls(**fields, prediction_type=prediction)
    made.alphas_cumprod = torch.cumprod(1 - double_betas(), 0)
    made.alphas, made.betas = 1 - double_betas(), double_betas()
    if not fields.get("set_alpha_to_one", True):
        made.final_alpha_cumprod = made.alphas_cumprod[0]
    if sampler == "dpm++2m":
        made.set_timesteps(timesteps=np.linspace(999, 0, steps))
    else:
        made.set_timesteps(steps)
    if hasattr(made, "set_begin_index"):
        made.set_begin_index(0)
    return made


class Draws:
    """Stands in for diffusers' randn_tensor: float32 whatever the model computes in."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, shape, **_):
        return torch.randn(tuple(shape), generator=self.generator).double()

    def __enter__(self):
        self.stock = scheduling_ddpm.randn_tensor
        scheduling_ddpm.randn_tensor = scheduling_euler_ancestral_discrete.randn_tensor = self
        return self

    def __exit__(self, *_):
        scheduling_ddpm.randn_tensor = scheduling_euler_ancestral_discrete.randn_tensor = self.stock


def guided(unet, x, t, text, uncond, scale):
    """One call of the model on a batch of two."""
    out = unet(torch.cat((x, x)).to(text.dtype), t, torch.cat((uncond, text))).sample.double()
    return out[:1] + scale * (out[1:] - out[:1])


@torch.no_grad()
def denoise(unet, sampler, steps, text, uncond, draws, scale=7.5, size=(8, 8), start=None, skip=0):
    """{latent.init, eps.K, latent.K}. `start`: (clean latent, steps to skip) of img2img."""
    made = scheduler(sampler, steps, unet.config.get("prediction_type", "epsilon"))
    seen = {}
    sigma_form = sampler in ("euler", "euler-a", "dpm++2m")
    noise = draws((1, 4, *size))
    times = np.linspace(999, 0, steps) if sampler == "dpm++2m" else made.timesteps[skip:]
    if start is None:
        x = seen["latent.init"] = noise
    else:
        abar = made.alphas_cumprod[int(times[0])]
        x = seen["latent.init"] = abar.sqrt() * start + (1 - abar).sqrt() * noise
    sigma = made.sigmas[0].double() if sigma_form else None
    if sampler == "dpm++2m":
        x = x * sigma / (sigma**2 + 1).sqrt()  # diffusers steps the variance-preserving latent
    elif sigma_form:
        x = x * sigma
    for k, t in enumerate(times):
        stepped = made.timesteps[skip + k]
        if sampler in ("euler", "euler-a"):
            sigma = made.sigmas[k].double()
            fed = x / (sigma**2 + 1).sqrt()
            made.is_scale_input_called = True
        else:
            fed = x
        eps = guided(unet, fed, torch.as_tensor(float(t)), text, uncond, scale)
        x = made.step(eps, stepped, x).prev_sample.double()
        seen[f"eps.{k}"] = eps
        kept = (made.sigmas[k + 1].double() ** 2 + 1).sqrt() if sampler == "dpm++2m" else 1
        seen[f"latent.{k}"] = x * kept
    return seen


def trajectories():
    for name, samplers in (("tiny", list(SAMPLERS)), ("v2", ["ddim", "pndm", "euler", "dpm++2m"])):
        seed, config = models.UNETS[name]
        random = np.random.default_rng(100 + seed)
        prediction = "v_prediction" if name == "v2" else "epsilon"
        unet = nets.unet(config, seed)
        unet.register_to_config(prediction_type=prediction)
        exact = nets.double(unet)
        text, uncond = (inputs(random, 1, 7, config["cross_attention_dim"]) for _ in range(2))
        # diffusers' DPM++ 2M takes whole time steps only: 999, 888, ..., 0.
        steps = {sampler: 10 if sampler == "dpm++2m" else 6 for sampler in samplers}
        tensors, errors = {"cond": text, "uncond": uncond}, {}
        for sampler in samplers:
            runs = []
            for model, dtype in ((exact, torch.float64), (unet, torch.float32)):
                with Draws(42) as draws:
                    runs.append(denoise(model, sampler, steps[sampler], text.to(dtype),
                                        uncond.to(dtype), draws))
            for key, value in runs[0].items():
                tensors[f"{sampler}.{key}"] = value
                errors[f"{sampler}.{key}"] = relative_error(runs[1][key], value)
        configs = {sampler: {"_class_name": SAMPLERS[sampler][0].__name__,
                             "prediction_type": prediction} | SAMPLERS[sampler][1]
                   for sampler in samplers}
        save(f"trajectory_{name}", tensors, {
            "kind": "trajectory", "seed": seed, "model": config, "schedulers": configs,
            "steps": steps, "guidance": 7.5, "noise_seed": 42, "torch_f32_error": errors})
