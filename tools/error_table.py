#!/usr/bin/env python3
"""The error of a policy: every stage of a painting against the same stage in f32.

    tools/error_table.py build/bin/yent-run [--model DIR] [--steps 25] [--prompts 8] [policy ...]

A policy is a file, or the name of a shipped policy. Without any, all shipped policies are measured.

Prints a Markdown table. The error of a stage is the norm of the difference to f32 over the norm of
f32's result; the table has the median of the prompts. The stages are: the text encoder's rows; the
noise that the first step predicts from f32's text; the decoder's picture of f32's latent; and the
latent after all steps, the whole run under the policy. PSNR compares that run's picture with f32's.
"""
import argparse
import array
import json
import math
import pathlib
import statistics
import subprocess
import tempfile

POLICIES = pathlib.Path(__file__).parents[1] / "weights" / "policies"
PROMPTS = ["a cat", "a red house under a blue sky", "a portrait of an old sailor",
           "a ship in a storm", "the moon over a forest", "a green apple on a table",
           "a crowd in a city street", "flowers in a vase"]
ONLY_UNET = "text_encoder.* f32\nvae.* f32\n"
ONLY_VAE = "text_encoder.* f32\nunet.* f32\n"


def read_safetensors(path):
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    begin = 8 + size
    return {name: array.array("f", data[begin + t["data_offsets"][0]:begin + t["data_offsets"][1]])
            for name, t in header.items() if t["dtype"] == "F32"}


def paint(options, rules, prompt, seed):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "rules.policy").write_text(rules)
        command = [options.program, "-p", prompt, "--seed", str(seed), "--steps",
                   str(options.steps), "--policy", folder / "rules.policy", "--raw", "-q",
                   "--device", "cpu", "-o", folder / "out.png", "--dump", folder / "dump"]
        if options.model:
            command += ["--model", options.model]
        subprocess.run(command, check=True)
        return read_safetensors(folder / "dump")


def gap(found, expected):
    return sum((a - b) ** 2 for a, b in zip(found, expected))


def error(found, expected, name):
    size = sum(b * b for b in expected[name])
    return math.sqrt(gap(found[name], expected[name]) / size)


def psnr(found, expected):  # of pixels in [-1, 1]
    mean = gap(found, expected) / len(expected)
    return 10 * math.log10(4 / mean) if mean else math.inf


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("policies", nargs="*", default=[])
    parser.add_argument("--model")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--prompts", type=int, default=8)
    options = parser.parse_intermixed_args()
    names = options.policies or ["bf16", *sorted(
        p.stem for p in POLICIES.glob("*.policy") if p.stem != "bf16")]
    prompts = list(enumerate(PROMPTS[:options.prompts]))
    exact = [paint(options, "* f32\n", prompt, seed) for seed, prompt in prompts]

    print("| policy | text encoder | UNet, first step | VAE decoder | final latent "
          "| picture's PSNR | worst |\n|---|---:|---:|---:|---:|---:|---:|")
    for name in names:
        ours = POLICIES / f"{name}.policy"
        rules = (ours if ours.exists() else pathlib.Path(name)).read_text()
        rows = []
        for (seed, prompt), f32 in zip(prompts, exact):
            whole = paint(options, rules, prompt, seed)
            unet = paint(options, ONLY_UNET + rules, prompt, seed)
            vae = paint(options, ONLY_VAE + rules, prompt, seed)
            rows.append([error(whole, f32, "cond"), error(unet, f32, "eps.0"),
                         error(vae, f32, "image"), error(whole, f32, "latent"),
                         psnr(whole["image"], f32["image"])])
        stages = [statistics.median(column) for column in zip(*rows)]
        cells = [f"{e:.1e}" if e else "0" for e in stages[:4]]
        cells += [f"{stages[4]:.1f} dB", f"{min(row[4] for row in rows):.1f} dB"]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
