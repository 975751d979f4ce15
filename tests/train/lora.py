"""tests/train/lora.py PROGRAM: trains a style for the toy painter with weights/train/lora/lora.py and
paints with it in diffusers and in PROGRAM: both pictures must change alike. Ends with 77 where the
libraries are not here."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAINTER = ROOT / "tests/golden/toy_painter"
SUFFIX = ", in my style"
LIMIT = 1e-3  # of the change: both read the same f16 file and compute in f32


def skip(why):
    print("skipped:", why)
    sys.exit(77)


try:
    import numpy as np
    import peft  # noqa: F401
    import torch
    from diffusers import DDIMScheduler, StableDiffusionPipeline
    from PIL import Image
    from safetensors import safe_open
    from safetensors.torch import load_file
except ImportError as error:
    skip(f"no {error.name}")


def pictures(folder):
    random = np.random.default_rng(1)
    for i in range(4):
        pixels = np.full((32, 32, 3), random.integers(0, 255, 3), np.uint8)
        pixels[8:24, 8:24] = random.integers(0, 255, 3)
        Image.fromarray(pixels).save(folder / f"{i}.png")
        (folder / f"{i}.txt").write_text("a cat")


def trained(folder):
    out = folder / "mine.safetensors"
    script = ROOT / "weights/train/lora/lora.py"
    options = f"--suffix|{SUFFIX}|--steps|60|--lr|1e-2|--threads|1".split("|")
    run = subprocess.run(
        [sys.executable, script, "mine", "--painter", PAINTER, "--images", folder, "--out", out]
        + options,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    before, after = map(float, re.search(r"samples ([\d.]+) -> ([\d.]+)", run.stdout).groups())
    print(f"loss {before} -> {after}, {out.stat().st_size} bytes")
    assert after < 0.97 * before
    with safe_open(out, "pt") as file:
        about = file.metadata()
    assert (about["base"], about["rank"], about["suffix"]) == ("toy_painter", "8", SUFFIX), about
    return out


def ours(program, folder, *adapter):
    command = [program, "-m", PAINTER, "-p", "a cat" + SUFFIX, "-s", "7", "--steps", "4", "-q"]
    command += ["--sampler", "ddim", "--precision", "f32", "--device", "cpu", "-t", "1", "--raw"]
    subprocess.run(
        [*command, "-o", folder / "a.png", "--dump", folder / "dump.safetensors", *adapter],
        check=True,
    )
    return load_file(folder / "dump.safetensors")


def theirs(start, adapter=None):
    pipe = StableDiffusionPipeline.from_pretrained(
        PAINTER, safety_checker=None, feature_extractor=None
    ).to(torch.float32)
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    if adapter:
        pipe.load_lora_weights(adapter.parent, weight_name=adapter.name)
    negative = json.loads((ROOT / "engine/yent/yent.json").read_text())["negative_prompt"]
    return pipe(
        "a cat" + SUFFIX,
        negative_prompt=negative,
        num_inference_steps=4,
        guidance_scale=7.5,
        latents=start,
        output_type="latent",
    ).images


def main():
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures(folder)
        file = trained(folder)
        plain, styled = ours(sys.argv[1], folder), ours(sys.argv[1], folder, "--lora", file)
        change = styled["latent"] - plain["latent"]
        start = plain["latent.init"]
        expected = theirs(start, file) - theirs(start)
        size = (expected.norm() / plain["latent"].norm()).item()
        error = ((change - expected).norm() / expected.norm()).item()
        print(f"the latent changes by {size:.3f} of itself; diffusers' change differs by {error:.6f}")
        assert size > 0.05
        assert error < LIMIT


main()
