"""Whole runs of diffusers' schedulers on one number: tests/golden/schedulers.json.

Run as `python tests/golden/schedulers.py` with diffusers 0.42.1, torch and scipy. The model is
`0.5 x + t / 1000` of the input it sees, noise is sin(1), sin(2), ... Tables are in double where
diffusers keeps them in float32, and the sigma form is ours: DPM++ 2M with linspace from the last
timestep to 0 and latents scaled by sqrt(s^2 + 1), exact timesteps of Karras' levels.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from diffusers import (DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler,
                       EulerAncestralDiscreteScheduler, EulerDiscreteScheduler,
                       HeunDiscreteScheduler, KDPM2DiscreteScheduler, LCMScheduler,
                       LMSDiscreteScheduler, PNDMScheduler, UniPCMultistepScheduler)
from diffusers.schedulers import (scheduling_ddim, scheduling_ddpm, scheduling_dpmsolver_multistep,
                                  scheduling_euler_ancestral_discrete, scheduling_lcm)

CLASSES = {"ddim": DDIMScheduler, "pndm": PNDMScheduler, "ddpm": DDPMScheduler,
           "euler": EulerDiscreteScheduler, "euler-a": EulerAncestralDiscreteScheduler,
           "dpm++2m": DPMSolverMultistepScheduler, "heun": HeunDiscreteScheduler,
           "dpm2": KDPM2DiscreteScheduler, "lms": LMSDiscreteScheduler,
           "unipc": UniPCMultistepScheduler, "lcm": LCMScheduler}
SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
OFFSET = {"steps_offset": 1, "timestep_spacing": "leading"}
SIGMA = ("euler", "euler-a", "dpm++2m", "unipc")
SOLVERS = ("dpm++2m", "unipc")  # in diffusers their latents keep unit variance
TWO_CALLS = ("heun", "dpm2")
V = {"prediction_type": "v_prediction"}
X0 = {"prediction_type": "sample"}
ZERO = {"rescale_betas_zero_snr": True}


def cases():
    for steps in (1, 2, 7, 25):
        yield "ddim", steps, OFFSET | {"set_alpha_to_one": False}, 0
        yield "pndm", steps, OFFSET | {"set_alpha_to_one": False, "skip_prk_steps": True}, 0
        yield "ddpm", steps, {"timestep_spacing": "leading"}, 0
        for sampler in SIGMA[:3]:
            yield sampler, steps, {"timestep_spacing": "linspace"}, 0
    for spacing in ("linspace", "trailing", "leading"):
        for sampler in ("ddim", "pndm", "ddpm"):
            more = {"skip_prk_steps": True, "set_alpha_to_one": True} if sampler == "pndm" else {}
            yield sampler, 6, {"timestep_spacing": spacing, "prediction_type": "v_prediction"} | more, 0
    for sampler in SIGMA[:3]:
        yield sampler, 6, {"timestep_spacing": "linspace", "prediction_type": "v_prediction"}, 0
    for sampler in ("euler", "dpm++2m"):
        yield sampler, 6, {"_class_name": CLASSES[sampler].__name__, "timestep_spacing": "linspace",
                           "use_karras_sigmas": True}, 0
    yield "pndm", 8, OFFSET | {"skip_prk_steps": False, "set_alpha_to_one": True}, 0
    yield "pndm", 8, OFFSET | {"skip_prk_steps": False, "set_alpha_to_one": False,
                            "prediction_type": "v_prediction"}, 0
    for skip in (1, 3):  # diffusers' PNDM leaves out calls, not steps: see test_schedulers.cpp
        yield "ddim", 8, OFFSET, skip
        for sampler in SIGMA[:3]:
            yield sampler, 8, {"timestep_spacing": "linspace"}, skip
    yield "ddim", 5, OFFSET | {"beta_schedule": "linear", "num_train_timesteps": 300}, 0
    yield "ddim", 5, OFFSET | {"beta_schedule": "squaredcos_cap_v2"}, 0
    for eta in (0.5, 1.0):
        for steps, more in ((1, {}), (7, {}), (25, {}), (8, V), (8, X0)):
            yield "ddim", steps, OFFSET | {"set_alpha_to_one": False} | more, 0, eta
        yield "ddim", 8, {"timestep_spacing": "trailing"}, 3, eta
    yield from class_cases()


def class_cases():
    """Files with a class, read by the fields of that class."""
    def case(sampler, steps, skip=0, **fields):
        return sampler, steps, {"_class_name": CLASSES[sampler].__name__} | fields, skip

    trailing, leading = {"timestep_spacing": "trailing"}, OFFSET
    linspace = {"timestep_spacing": "linspace"}
    for spacing in (trailing, leading, linspace):
        for sampler in ("euler", "euler-a", "dpm++2m", "heun", "dpm2", "lms"):
            yield case(sampler, 6, **spacing)
        yield case("euler", 7, 3, **spacing)
        yield case("dpm++2m", 7, 3, **spacing)
        yield case("heun", 7, 3, **spacing)
        yield case("dpm2", 7, 3, **spacing)
    yield case("euler", 1, **trailing)
    yield case("dpm++2m", 1, **trailing)
    yield case("lms", 12, **linspace, **V)
    for levels in ("karras", "exponential", "beta"):
        for sampler, spacing in (("euler", trailing), ("dpm++2m", trailing), ("lms", linspace),
                                 ("heun", leading), ("dpm2", linspace)):
            yield case(sampler, 6, **spacing, **{f"use_{levels}_sigmas": True})
        yield case("euler", 5, use_karras_sigmas=True, sigma_min=0.05, sigma_max=9.5, **linspace)
    yield case("dpm++2m", 6, use_lu_lambdas=True, **linspace)
    for final in ("zero", "sigma_min"):
        yield case("euler", 5, final_sigmas_type=final, **trailing)
    for order in (1, 2, 3):
        for solver in ("midpoint", "heun"):
            for algorithm in ("dpmsolver++", "sde-dpmsolver++", "dpmsolver"):
                if order == 3 and algorithm == "sde-dpmsolver++":
                    continue  # a sign is wrong in diffusers: see few_step_schedulers.py
                final = "sigma_min" if algorithm == "dpmsolver" else "zero"
                yield case("dpm++2m", 6, solver_order=order, solver_type=solver,
                           algorithm_type=algorithm, final_sigmas_type=final, **trailing)
    for steps in (5, 16):
        for lower in (False, True):
            for euler in (False, True):
                yield case("dpm++2m", steps, solver_order=3, lower_order_final=lower,
                           euler_at_final=euler, final_sigmas_type="sigma_min", **leading)
    for prediction in (V, X0):
        for sampler in ("ddim", "ddpm", "euler", "dpm++2m", "heun"):
            yield case(sampler, 4, **trailing, **prediction)
    yield case("dpm2", 4, **trailing, **V)
    yield case("dpm++2m", 5, algorithm_type="dpmsolver", final_sigmas_type="sigma_min",
               **trailing, **V)
    for spacing in (trailing, leading):
        for sampler in ("ddim", "ddpm", "euler", "euler-a", "dpm++2m"):
            yield case(sampler, 5, **spacing, **ZERO, **V)
            if sampler in SIGMA:
                yield case(sampler, 5, **spacing, **ZERO)
    yield case("ddim", 5, 2, **trailing, **ZERO, **V)
    yield case("ddpm", 6, variance_type="fixed_large")
    yield case("ddpm", 6, variance_type="fixed_small_log")
    yield case("pndm", 6, skip_prk_steps=True)
    for spacing in (trailing, leading, linspace):
        yield case("unipc", 6, **spacing)
        yield case("unipc", 7, 3, **spacing)
    for order in (1, 2, 3):
        for solver in ("bh1", "bh2"):
            if solver == "bh2":  # bh1 ends with NaN in diffusers where the last level is 0
                yield case("unipc", 7, solver_order=order, solver_type=solver, **trailing)
            yield case("unipc", 7, solver_order=order, solver_type=solver, lower_order_final=False,
                       final_sigmas_type="sigma_min", **trailing)
    yield case("unipc", 5, use_karras_sigmas=True, **linspace)
    yield case("unipc", 5, **trailing, **ZERO, **V)
    for steps in (1, 4, 7, 50):
        yield case("lcm", steps)
    yield case("lcm", 6, 2, **V)
    yield case("lcm", 6, original_inference_steps=20, timestep_scaling=2.5, **X0)


def betas(fields):
    n, kind = fields.get("num_train_timesteps", 1000), fields["beta_schedule"]
    first, last = fields["beta_start"], fields["beta_end"]
    if kind == "linear":
        return torch.linspace(first, last, n, dtype=torch.float64)
    if kind == "scaled_linear":
        return torch.linspace(first**0.5, last**0.5, n, dtype=torch.float64) ** 2
    bar = [math.cos((i / n + 0.008) / 1.008 * math.pi / 2) ** 2 for i in range(n + 1)]
    return torch.tensor([min(1 - b / a, 0.999) for a, b in zip(bar, bar[1:])], dtype=torch.float64)


def made_of(sampler, fields):
    """The scheduler with its tables in double."""
    own = {k: v for k, v in fields.items() if k != "_class_name"}
    if sampler in ("ddim", "ddpm"):
        own["clip_sample"] = False
    made = CLASSES[sampler](**own)
    made.betas = betas(fields)
    if fields.get("rescale_betas_zero_snr"):
        made.betas = scheduling_ddim.rescale_zero_terminal_snr(made.betas)
    made.alphas = 1 - made.betas
    made.alphas_cumprod = torch.cumprod(made.alphas, 0)
    if fields.get("rescale_betas_zero_snr") and sampler not in ("ddim", "ddpm", "lcm", "tcd"):
        made.alphas_cumprod[-1] = 2**-24
    if not made.config.get("set_alpha_to_one", True):
        made.final_alpha_cumprod = made.alphas_cumprod[0]
    return made


def place(made, sampler, steps, fields):
    """Sets the steps. For a sigma sampler: the times of all calls and their levels."""
    table = np.sqrt(((1 - made.alphas_cumprod) / made.alphas_cumprod).numpy())
    wanted = [n for n in ("karras", "exponential", "beta") if fields.get(f"use_{n}_sigmas")]
    linspace = fields.get("timestep_spacing") == "linspace"
    if hasattr(made, "log_sigmas"):
        made.log_sigmas = torch.from_numpy(np.log(table))
    exact = linspace and not wanted and not fields.get("use_lu_lambdas")
    if sampler == "dpm++2m" and exact:
        made.set_timesteps(timesteps=np.linspace(len(table) - 1, 0, steps))
    else:
        made.set_timesteps(steps)
    if not hasattr(made, "sigmas"):
        return made.timesteps, None
    times, sigmas = made.timesteps.double().numpy(), made.sigmas.double().numpy()
    if sampler in SIGMA and exact:
        times = np.linspace(len(table) - 1, 0, steps)
        sigmas = np.append(np.interp(times, np.arange(len(table)), table), sigmas[-1])
    elif sampler in SIGMA and (wanted or fields.get("use_lu_lambdas")):
        if "karras" in wanted and linspace:  # in double
            sigmas = np.append(made._convert_to_karras(table[::-1], steps), sigmas[-1])
        times = made._sigma_to_t(sigmas[:-1], np.log(table))
    elif sampler == "dpm2" and wanted:
        times = np.append(made._sigma_to_t(sigmas[:1], np.log(table)), times[1:])
        times[2::2] = made._sigma_to_t(sigmas[1:2 * steps - 1:2], np.log(table))
    made.sigmas = torch.from_numpy(sigmas)
    return times, made.sigmas


def scaled(made, sampler, k):
    """The level at which the model sees call k."""
    if sampler == "dpm2" and k % 2:
        return made.sigmas_interpol[k].double()
    if sampler in TWO_CALLS:
        return made.sigmas[(k + 1) // 2 * 2 if sampler == "heun" else k]
    return made.sigmas[k]


def run(sampler, steps, given, skip, eta=0):
    fields = SD | given
    made = made_of(sampler, fields)
    times, sigmas = place(made, sampler, steps, fields)
    skipped = 2 * skip if sampler in TWO_CALLS else skip
    count = 0

    def noise(*_, **__):
        nonlocal count
        count += 1
        return torch.full((1, 1), math.sin(count), dtype=torch.float64)

    for module in (scheduling_ddpm, scheduling_euler_ancestral_discrete,
                   scheduling_dpmsolver_multistep, scheduling_lcm):
        module.randn_tensor = noise
    if sigmas is not None:
        made.set_begin_index(skipped)
    x = torch.ones((1, 1), dtype=torch.float64) * (1 if sigmas is None else sigmas[skipped])
    seen = []
    for k in range(skipped, len(times)):
        t, solver = times[k], sampler in SOLVERS
        now, after = (0, 0) if sigmas is None else (scaled(made, sampler, k), made.sigmas[k + 1])
        e = 0.5 * x / (now**2 + 1) ** 0.5 + float(t) / 1000
        made.is_scale_input_called = True
        given_x = x / (now**2 + 1) ** 0.5 if solver else x
        more = {"eta": eta, "variance_noise": noise()} if eta else {}
        x = made.step(e, made.timesteps[k], given_x, **more).prev_sample.double()
        if solver:
            x = x * (after**2 + 1) ** 0.5
        seen.append([float(t), x.item()])
    if fields.get("algorithm_type") == "sde-dpmsolver++":
        sampler = "dpm++2m-sde"  # our name
    row = {"sampler": sampler, "steps": steps, "skip": skip, "config": fields, "calls": seen}
    if eta:
        row["eta"] = eta
    if sigmas is not None and skip == 0:
        row["init"] = float(sigmas[0] if solver else made.init_noise_sigma)
    return row


def main():
    torch.set_default_dtype(torch.float64)
    rows = [run(*case) for case in cases()]
    rounded = json.loads(json.dumps(rows), parse_float=lambda s: float(f"{float(s):.10g}"))
    text = ",\n".join(json.dumps(r, separators=(",", ":")) for r in rounded)
    Path(__file__).with_suffix(".json").write_text(f"[\n{text}\n]\n")


if __name__ == "__main__":
    main()
