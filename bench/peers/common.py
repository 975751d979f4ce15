"""Shared by all peers: the shapes, the models with the folder's weights, and the clock."""
import contextlib
import json
import os
import sys
import time
from pathlib import Path

THREADS, REPEATS = 2, 3
SIDE, TEXT = 64, (77, 768)


def inputs(stage, seed=0, side=SIDE):
    """One guided step (both halves as a batch of 2), or the latent of one 512 x 512 decode."""
    import torch

    step = ((2, 4, side, side), (2,), (2, *TEXT))
    shapes = step if stage == "unet_step" else ((1, 4, side, side),)
    draw = torch.Generator().manual_seed(seed)
    made = [torch.randn(shape, generator=draw) for shape in shapes]
    if stage == "unet_step":
        made[1] = torch.full((2,), float(981 - 40 * (seed % 25)))
    return tuple(made)


def module(folder, stage):
    """The diffusers module of a stage, f32, as a function of plain tensors."""
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from safetensors.torch import load_file

    part = Path(folder) / ("unet" if stage == "unet_step" else "vae")
    config = json.loads((part / "config.json").read_text())
    if stage == "vae_decode":
        levels = len(config["block_out_channels"])
        config.setdefault("down_block_types", ["DownEncoderBlock2D"] * levels)
        config.setdefault("up_block_types", ["UpDecoderBlock2D"] * levels)
    made = (UNet2DConditionModel if stage == "unet_step" else AutoencoderKL).from_config(config)
    # A convolution of 1 x 1 may be stored as a matrix.
    own = made.state_dict()
    weights = {k: v.float().reshape(own[k].shape) for k, v in
               load_file(next(part.glob("*.safetensors"))).items()}
    missing = made.load_state_dict(weights, strict=False).missing_keys
    missing = [name for name in missing if not name.startswith(("encoder.", "quant_conv."))]
    if missing:
        raise SystemExit(f"{part}: no weights for {missing[:3]} and {len(missing)} in all")

    class Step(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.unet = made

        def forward(self, x, t, text):
            return self.unet(x, t, text, return_dict=False)[0]

    class Decode(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.post, self.decoder = made.post_quant_conv, made.decoder

        def forward(self, x):
            return self.decoder(self.post(x))

    return (Step if stage == "unet_step" else Decode)().eval()


@contextlib.contextmanager
def foreground():
    """Real-time priority for all threads of this process while it measures, if PEERS_FIFO asks."""
    priority = int(os.environ.get("PEERS_FIFO", "0"))

    def schedule(policy, level):
        for thread in os.listdir("/proc/self/task"):
            os.sched_setscheduler(int(thread), policy, os.sched_param(level))

    if priority:
        schedule(os.SCHED_FIFO, priority)
    try:
        yield
    finally:
        if priority:
            schedule(os.SCHED_OTHER, 0)


def best_ms(call, repeats=REPEATS):
    """The shortest of some calls after a warm-up, with a pause between them."""
    call()
    times = []
    for _ in range(repeats):
        time.sleep(0.5)
        with foreground():
            begin = time.perf_counter()
            call()
            times.append((time.perf_counter() - begin) * 1000)
    return min(times)


def report(stage, **figures):
    """One line that run.py reads."""
    print(json.dumps({"stage": stage, **figures}), flush=True)


def main(prepare, measure):
    """Arguments of a peer that converts first: FOLDER PRECISION CACHE [--prepare]."""
    folder, precision, cache = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    if "--prepare" in sys.argv:
        prepare(folder, precision, cache)
    else:
        measure(precision, cache)
