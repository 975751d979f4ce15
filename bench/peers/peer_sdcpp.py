#!/usr/bin/env python3
"""peer_sdcpp.py FOLDER TYPE CACHE [--prepare]: stable-diffusion.cpp by its program, sd-cli in PATH.

TYPE is its kind of weights, such as f16. It computes the halves of a guided step one by one.
--prepare writes the model into CACHE and measures nothing.
"""
import os
import re
import shutil
import subprocess

from common import THREADS, main, report

STEPS = 2


def prepare(folder, _, cache):
    """A copy whose convolutions of 1 x 1 are stored as convolutions, not as matrices."""
    from safetensors.torch import load_file, save_file

    own = cache / "sdcpp"
    if own.exists():
        return
    shutil.copytree(folder, own)
    for path in own.glob("[uv]*/*.safetensors"):
        weights = load_file(path)
        for name, value in weights.items():
            if re.search(r"(conv|conv_shortcut|proj_in|proj_out)\.weight$", name):
                weights[name] = value.reshape(*value.shape[:2], *(value.shape[2:] or (1, 1)))
        save_file(weights, path)


def measure(kind, cache):
    priority = os.environ.get("PEERS_FIFO", "0")
    prefix = ["chrt", "-f", priority] if priority != "0" else []
    done = subprocess.run(
        [*prefix, "sd-cli", "-m", cache / "sdcpp", "--type", kind, "-t", str(THREADS),
         "-p", "a cat", "--cfg-scale", "7", "--steps", str(STEPS), "-W", "512", "-H", "512",
         "-o", cache / "sdcpp.png"],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # After each step it prints the mean of the steps so far. The first one also fills memory.
    means = re.findall(rf"(\d)/{STEPS} - ([\d.]+)(s/it|it/s)", done.stdout)
    ends = [int(n) * (float(x) if unit == "s/it" else 1 / float(x)) for n, x, unit in means]
    steps = [end - begin for begin, end in zip(ends, ends[1:])]
    decode = re.search(r"latent 1 decoded, taking ([\d.]+)s", done.stdout)
    report("unet_step", ms=1000 * min(steps), version="")
    report("vae_decode", ms=1000 * float(decode[1]), version="")


if __name__ == "__main__":
    main(prepare, measure)
