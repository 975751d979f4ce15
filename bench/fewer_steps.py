#!/usr/bin/env python3
"""What cheaper calls of the UNet save and cost: the tables of bench/results/fewer_steps.md.

    bench/fewer_steps.py PROGRAM [--steps N] [--pictures N] [options of yent-run ...]

PROGRAM is yent-run. Every setting paints the same pictures; their PSNR is that against the pictures
without the setting. Time is processor time in user mode, which other programs on the machine disturb
least, of the calls alone: what a run of one step takes besides its call is taken off. Runs of all
settings alternate. Needs numpy and Pillow.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

PROMPTS = ["a cat on a chair", "a house by the sea", "a red flower", "an old man with a hat",
           "a ship in a storm", "a tree in winter", "two birds", "a city at night"]
SETTINGS = [["--cache", "2"], ["--cache", "3"], ["--cache", "5"],
            ["--cfg-interval", "0:0.8"], ["--cfg-interval", "0.2:0.8"],
            ["--cfg-interval", "0.2:1"], ["--cfg-interval", "0.4:0.9"],
            ["--cache", "2", "--cfg-interval", "0.2:0.8"]]


def paint(program, arguments, output):
    """Seconds of processor time in user mode."""
    command = [program, *arguments, "--raw", "-q", "-t", "1", "-o", str(output)]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} ended with {status}")
    return usage.ru_utime


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"), np.float64)


def psnr(path, reference):
    error = np.mean((pixels(path) - pixels(reference)) ** 2)
    return 10 * np.log10(255**2 / error) if error else np.inf


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--pictures", type=int, default=len(PROMPTS))
    options, rest = parser.parse_known_args()
    seconds, quality = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for i in range(options.pictures):
            request = ["-p", PROMPTS[i % len(PROMPTS)], "-s", str(i + 1), *rest]
            steps = ["--steps", str(options.steps)]
            names = {"": [], **{" ".join(s): s for s in SETTINGS}}
            runs = {"one step": [*request, "--steps", "1"]}
            runs |= {name: [*request, *steps, *more] for name, more in names.items()}
            for number, (name, arguments) in enumerate(runs.items()):
                output = Path(folder) / f"{number}.png"
                took = paint(options.program, arguments, output)
                seconds.setdefault(name, []).append(took)
                if name in names:
                    quality.setdefault(name, []).append(psnr(output, Path(folder) / "1.png"))
    one, whole = np.sum(seconds.pop("one step")), np.sum(seconds[""])
    rest_of_run = one - (whole - one) / (options.steps - 1)  # all but the calls
    print("| setting | time of the calls | PSNR, dB: mean | least |\n|---|---:|---:|---:|")
    for name, took in seconds.items():
        share = (np.sum(took) - rest_of_run) / (whole - rest_of_run)
        dB = quality[name]
        print(f"| {f'`{name}`' if name else 'none'} | {share:.2f} | "
              + (f"{np.mean(dB):.1f} | {np.min(dB):.1f} |" if name else "| |"))


main()
