"""Proof at full size: yent-run against diffusers and transformers, stage by stage.

    python tools/proof.py [--build build] [--only bk-sdm-tiny,sd15,encoder,inkpunk,llama]
                          [--side 512] [-- OPTIONS...]

Writes models of the published shapes with seeded weights into <build>/proof (7.6 GB), runs the
references in PyTorch float32 once (minutes; they are kept there), runs yent-run with --dump and
compares. What follows `--` goes to yent-run after `--precision f32`. Exit status 1 when a stage is
off limits. `--side` is of the picture that 80 steps of `--preset inkpunk` paint.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import torch
from PIL import Image
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools" / "golden"))

import clip_words  # noqa: E402
import ldm_names  # noqa: E402
import models  # noqa: E402
import nets  # noqa: E402
import trajectories  # noqa: E402
import voice  # noqa: E402

SEED = 2026
PROMPT = "a painting of a cat sitting on a window"
NEGATIVE = "extra fingers, blurry, watermark"
GUIDANCE = 7.5

UNET = models.UNET | {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8}
UNETS = {
    "bk-sdm-tiny": UNET | models.unet_blocks(3, False) | {
        "block_out_channels": [320, 640, 1280], "layers_per_block": 1, "mid_block_type": None},
    "sd15": UNET | models.unet_blocks(4, True) | {
        "block_out_channels": [320, 640, 1280, 1280], "layers_per_block": 2,
        "mid_block_type": "UNetMidBlock2DCrossAttn"},
}
VAE = models.vae_config({"block_out_channels": [128, 256, 512, 512], "layers_per_block": 2})
CLIP = {"vocab_size": 49408, "max_position_embeddings": 77, "hidden_size": 768,
        "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
        "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5, "bos_token_id": 49406,
        "eos_token_id": 49407, "pad_token_id": 49407}
LLAMA = models.llama_config(
    {"vocab_size": 32000, "hidden_size": 512, "num_hidden_layers": 12, "num_attention_heads": 8,
     "num_key_value_heads": 2, "head_dim": 64, "intermediate_size": 1536,
     "max_position_embeddings": 2048, "rope_theta": 500000.0}, conjugate=True, qk_norm=True)

# One model call rounds by about 1e-6 in each of some hundred layers; ten to a hundred times that is
# allowed. After 25 guided steps (guidance 7.5 enlarges a difference of eps eightfold).
STAGE, FINAL = 1e-4, 1e-3


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1))


class Painters:
    """Diffusers folders under `home`; text encoder and VAE are one copy for all."""

    def __init__(self, home, tokenizer):
        self.home, self.tokenizer = home, tokenizer

    def part(self, name, config, build, rename=lambda n: n):
        """home/parts/<name>: config and f32 weights, written once."""
        folder = self.home / "parts" / name
        file = "model" if name == "text_encoder" else "diffusion_pytorch_model"
        weights = folder / f"{file}.safetensors"
        if not weights.exists():
            print(f"writing {weights}", flush=True)
            write_json(folder / "config.json", config)
            state = build(config, SEED).state_dict()
            unfinished = weights.with_suffix(".part")
            tensors = {rename(n): t.contiguous() for n, t in state.items() if t.is_floating_point()}
            save_torch(tensors, unfinished, metadata={"format": "pt"})
            unfinished.rename(weights)
        return folder

    def folder(self, name):
        made = self.home / name
        parts = {"text_encoder": self.part("text_encoder", CLIP, nets.clip, nets.clip_name),
                 "vae": self.part("vae", VAE, nets.vae),
                 "unet": self.part(name, UNETS[name], nets.unet), "tokenizer": self.tokenizer}
        write_json(made / "model_index.json", {"_class_name": "StableDiffusionPipeline"} | {
            part: ["diffusers", part] for part in [*parts, "scheduler"]})
        write_json(made / "scheduler" / "scheduler_config.json",
                   {"_class_name": "PNDMScheduler"} | trajectories.SAMPLERS["pndm"][1])
        for part, target in parts.items():
            link = made / part
            if not link.is_symlink():
                link.symlink_to(target.resolve())
        return made


    def single_file(self):
        """SD 1.5 as one torch file in f16, in LDM's names: what the users of Inkpunk have."""
        file = self.home / "sd15.ckpt"
        if not file.exists():
            print(f"writing {file}", flush=True)
            unet, vae, clip = (model.half() for model in networks("sd15"))
            weights = ldm_names.renamed(unet, lambda path: ldm_names.unet_layer(
                path, UNETS["sd15"]), "model.diffusion_model.")[0]
            weights |= ldm_names.renamed(vae, lambda path: ldm_names.vae_layer(path, VAE),
                                         "first_stage_model.")[0]
            weights |= ldm_names.renamed(clip, nets.clip_name, "cond_stage_model.transformer.")[0]
            torch.save({"state_dict": weights, "global_step": 1}, file.with_suffix(".part"))
            file.with_suffix(".part").rename(file)
        return file


def networks(name):
    return nets.unet(UNETS[name], SEED), nets.vae(VAE, SEED), nets.clip(CLIP, SEED)


def tokens(folder, text):
    ids = clip_words.clip_tokenizer(folder)(text, truncation=True, max_length=77).input_ids
    return torch.tensor([ids + [49407] * (77 - len(ids))])


@torch.no_grad()
def paint(name, sampler, steps, tokenizer, image=None, strength=1.0):
    """The dump of one run at 512 x 512, in float32."""
    seen = {"tokens": tokens(tokenizer, PROMPT)[0], "tokens_uncond": tokens(tokenizer, NEGATIVE)[0]}
    clip = nets.clip(CLIP, SEED)
    cond, uncond = (models.call_clip(clip, {"tokens": seen[key][None]})
                    for key in ("tokens", "tokens_uncond"))
    seen |= {"cond": cond[0], "uncond": uncond[0]}
    vae, unet = nets.vae(VAE, SEED), nets.unet(UNETS[name], SEED)
    start, skip = None, 0
    with trajectories.Draws(SEED) as draws:
        if image is not None:
            pixels = torch.from_numpy(image.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
            mean, logvar = models.call_encoder(vae, {"pixels": pixels}).chunk(2, 1)
            noise = draws(mean.shape).float()
            start = (mean + (logvar.clamp(-30, 20) / 2).exp() * noise) * VAE["scaling_factor"]
            skip = steps - int(steps * strength)
        seen |= trajectories.denoise(unet, sampler, steps, cond, uncond, draws, GUIDANCE, (64, 64),
                                     start=start, skip=skip)
    calls = sum(key.startswith("eps.") for key in seen)
    seen["latent"] = seen[f"latent.{calls - 1}"]
    seen["image"] = models.call_decoder(vae, {"latent": seen["latent"].float()}).clamp(-1, 1)
    return seen


@torch.no_grad()
def paint_inkpunk(tokenizer, side):
    """80 steps of DDPM, timesteps 948, 936, ..., 0, as a dump in float32. The weights are f16's."""
    unet, vae, clip = (model.half().float() for model in networks("sd15"))
    ids = [tokens(tokenizer, text) for text in ("nvinkpunk " + PROMPT, NEGATIVE)]
    cond, uncond = (models.call_clip(clip, {"tokens": text}) for text in ids)
    seen = {"tokens": ids[0][0], "tokens_uncond": ids[1][0], "cond": cond[0], "uncond": uncond[0]}
    with trajectories.Draws(42) as draws:
        seen |= trajectories.denoise(unet, "ddpm", 80, cond, uncond, draws, GUIDANCE,
                                     (side // 8, side // 8))
    seen["latent"] = seen["latent.79"]
    seen["image"] = models.call_decoder(vae, {"latent": seen["latent"].float()}).clamp(-1, 1)
    return seen


def write_llama(path):
    """A GGUF of micro-Yent's shape in F32. Its text is bytes; all other pieces are fillers."""
    pieces = voice.BYTES + [f"<filler {i}>" for i in range(LLAMA["vocab_size"] - 259)]
    model = nets.llama(LLAMA, SEED)
    weights = {nets.gguf_name(name): tensor.numpy() for name, tensor in model.state_dict().items()}
    voice.write(path, LLAMA, pieces, weights, gguf.GGMLQuantizationType.F32)


def speak(text, count):
    ids = [1, *(3 + byte for byte in ("\u2581" + text.replace(" ", "\u2581")).encode())]
    model = nets.llama(LLAMA, SEED)
    new, lead = nets.greedy(model, ids, count)
    print(f"llama: the closest choice was won by {lead:.2e}")
    if 2 in new:
        new = new[:new.index(2) + 1]
    return {"tokens": np.array(ids), "generated": np.array(new),
            "logits": nets.llama_logits(model, (ids + new)[:-1])}


def plain_array(value):
    values = np.asarray(value)
    kind = np.float32 if values.dtype.kind == "f" else np.int32
    return np.ascontiguousarray(values.astype(kind))


def remembered(path, compute):
    """The reference, computed once."""
    if not path.exists():
        print(f"computing {path.name} in PyTorch", flush=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({key: plain_array(value) for key, value in compute().items()}, path)
    return load_file(path)


class Report:
    def __init__(self):
        self.failed = 0
        print(f"{'run':<28}{'stage':<16}{'relative error':>15}{'limit':>9}")

    def line(self, run, stage, error, limit):
        good = error <= limit  # NaN is not
        self.failed += not good
        verdict = "" if good else "  FAILED"
        print(f"{run:<28}{stage:<16}{error:>15.2e}{limit:>9.0e}{verdict}", flush=True)

    def compare(self, run, dump, reference):
        missing = reference.keys() - dump.keys()
        for stage, expected in sorted(reference.items(), key=lambda item: order(item[0])):
            if stage in missing or dump[stage].shape != expected.shape:
                self.line(run, stage, float("nan"), STAGE)
            elif expected.dtype == np.int32:
                self.line(run, stage, float((dump[stage] != expected).any()), 0)
            else:
                a, b = dump[stage].astype(np.float64), expected.astype(np.float64)
                late = stage in ("latent", "image") or int_suffix(stage) > 0
                limit = FINAL if late else STAGE
                self.line(run, stage, np.linalg.norm(a - b) / np.linalg.norm(b), limit)


def int_suffix(stage):
    """The call that a stage belongs to, or -1."""
    tail = stage.rpartition(".")[2]
    return int(tail) if tail.isdigit() else -1


def order(stage):
    """The order in which a run computes its stages."""
    first = ["tokens", "tokens_uncond", "cond", "uncond", "latent.init"]
    last = ["latent", "image", "generated", "logits"]
    if stage in first:
        return 0, first.index(stage), stage
    return (2, last.index(stage), stage) if stage in last else (1, int_suffix(stage), stage)


def run(build, dump, options):
    command = [build / "bin" / "yent-run", "-q", "--dump", dump, "--precision", "f32", *options]
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    return load_file(dump)


def test_image():
    """512 x 512, smooth and edged."""
    y, x = np.mgrid[0:512, 0:512]
    pixels = np.stack((x / 2, y / 2, 127 + 120 * np.sin(x * y / 4000)), -1).astype(np.uint8)
    pixels[150:320, 200:420] = (240, 60, 20)
    return pixels


RUNS = {  # of the painter: model, sampler, steps, strength of img2img
    "bk-sdm-tiny": [("bk-sdm-tiny", "ddim", 25, None), ("bk-sdm-tiny", "pndm", 25, None)],
    "sd15": [("sd15", "ddim", 2, None)],
    "encoder": [("bk-sdm-tiny", "ddim", 25, 0.05)],  # begins at t = 1: little noise on its output
}


def prove_painter(home, build, report, painters, settings, extra):
    model, sampler, steps, strength = settings
    name = f"{model}-{sampler}{steps}" + ("-encoder" if strength else "")
    picture = home / "input.png"
    if strength:
        Image.fromarray(test_image()).save(picture)
    reference = remembered(home / "reference" / f"{name}.safetensors", lambda: paint(
        model, sampler, steps, painters.tokenizer, test_image() if strength else None, strength))
    options = ["-m", painters.folder(model), "-p", PROMPT, "-n", NEGATIVE, "--seed", SEED,
               "--sampler", sampler, "--steps", steps, "--cfg-scale", GUIDANCE,
               "-W", 512, "-H", 512, "--raw", "-o", home / f"{name}.png", *extra]
    if strength:
        options += ["--init-img", picture, "--strength", strength]
    report.compare(name, run(build, home / f"{name}.safetensors", options), reference)


def prove_inkpunk(home, build, report, painters, side, extra):
    name = f"inkpunk-{side}"
    reference = remembered(home / "reference" / f"{name}.safetensors",
                           lambda: paint_inkpunk(painters.tokenizer, side))
    options = ["--preset", "inkpunk", "-m", painters.single_file(), "-p", PROMPT, "-n", NEGATIVE,
               "-W", side, "-H", side, "--raw", "-o", home / f"{name}.png", *extra]
    report.compare(name, run(build, home / f"{name}.safetensors", options), reference)


def prove_llama(home, build, report, extra):
    text, count, path = "who are you", 64, home / "micro-yent-f32.gguf"
    reference = remembered(home / "reference" / "llama.safetensors", lambda: speak(text, count))
    if not path.exists():
        write_llama(path)
    options = ["--llm", path, "--complete", text, "--temp", 0, "--tokens", count, *extra]
    report.compare("llama", run(build, home / "llama.safetensors", options), reference)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--only", default=",".join([*RUNS, "inkpunk", "llama"]))
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--tokenizer", type=Path, default=ROOT / "weights" / "clip")
    parser.add_argument("options", nargs="*")
    args = parser.parse_args()
    home = args.build.resolve() / "proof"
    home.mkdir(parents=True, exist_ok=True)
    painters, report = Painters(home, args.tokenizer), Report()
    for what in args.only.split(","):
        if what == "llama":
            prove_llama(home, args.build, report, args.options)
        elif what == "inkpunk":
            prove_inkpunk(home, args.build, report, painters, args.side, args.options)
        else:
            for settings in RUNS[what]:
                prove_painter(home, args.build, report, painters, settings, args.options)
    print("proved" if not report.failed else f"{report.failed} stages off limits")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
