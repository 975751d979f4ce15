"""A whole toy painter on disk, f16, and what diffusers makes of a prompt, an image and a LoRA.

tests/golden/toy_painter is a diffusers folder of one megabyte. The references are in the format
of `yent-run --dump`.
"""

import copy
import json

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import save_file
from transformers import CLIPTokenizer

import models
import nets
import trajectories
from store import FOLDER, array, inputs, relative_error, save

PROMPT = "a painting of a cat, 2 windows"
NEGATIVE = "extra fingers, blurry, watermark"
WORDS = "a painting of cat windows extra fingers blurry watermark the ing er".split()

UNET = models.UNET | models.unet_blocks(2, True) | {
    "sample_size": 16, "block_out_channels": [32, 32], "layers_per_block": 1,
    "mid_block_type": None, "cross_attention_dim": 32, "attention_head_dim": 4}
VAE = models.vae_config({"block_out_channels": [32, 32], "layers_per_block": 1})
CLIP = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 64, "hidden_act": "quick_gelu"}
SCHEDULER = trajectories.LEADING | {
    "_class_name": "PNDMScheduler", "num_train_timesteps": 1000, "prediction_type": "epsilon",
    "skip_prk_steps": True, "clip_sample": False}
SEED = 51


def byte_symbols():
    """GPT-2's printable stand-ins for the 256 bytes, in its order."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    shifted = [b for b in range(256) if b not in plain]
    return [chr(b) for b in plain] + [chr(256 + i) for i in range(len(shifted))]


def toy_merges():
    """Glues each word from the left: enough to make ranks, prefixes and leftovers matter."""
    merges = []
    for word in WORDS:
        symbols = [*word[:-1], word[-1] + "</w>"]
        while len(symbols) > 1:
            pair = (symbols[0], symbols[1])
            if pair not in merges:
                merges.append(pair)
            symbols[:2] = ["".join(pair)]
    return merges


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


def write_tokenizer(folder):
    symbols = byte_symbols()
    tokens = symbols + [s + "</w>" for s in symbols] + ["".join(pair) for pair in toy_merges()]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {token: i for i, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    lines = ["#version: 0.2", *(" ".join(pair) for pair in toy_merges())]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n")
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "pad_token": "<|endoftext|>"})
    return len(tokens)


def write_weights(path, model, rename=lambda name: name):
    """As f16 files, and rounded so in the model itself."""
    model.half().float()
    weights = {rename(name): array(value.half()) for name, value in model.state_dict().items()
               if value.is_floating_point()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, path, metadata={"format": "pt"})


class Painter:
    """Three networks in float32; `double()` is the same painter in float64."""

    dtype = torch.float32

    def __init__(self):
        folder = FOLDER / "toy_painter"
        vocabulary = write_tokenizer(folder / "tokenizer")
        clip = models.clip_config(CLIP, vocabulary=vocabulary)
        self.clip = nets.clip(clip, SEED)
        self.unet, self.vae = nets.unet(UNET, SEED), nets.vae(VAE, SEED)
        write_json(folder / "model_index.json", {
            "_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.30.0",
            "scheduler": ["diffusers", "PNDMScheduler"],
            "text_encoder": ["transformers", "CLIPTextModel"],
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderKL"], "safety_checker": [None, None],
            "feature_extractor": [None, None]})
        write_json(folder / "scheduler/scheduler_config.json", SCHEDULER)
        write_json(folder / "text_encoder/config.json", {"architectures": ["CLIPTextModel"]} | clip)
        write_json(folder / "unet/config.json", {"_class_name": "UNet2DConditionModel"} | UNET)
        write_json(folder / "vae/config.json", {"_class_name": "AutoencoderKL"} | VAE)
        write_weights(folder / "text_encoder/model.safetensors", self.clip, nets.clip_name)
        write_weights(folder / "unet/diffusion_pytorch_model.safetensors", self.unet)
        write_weights(folder / "vae/diffusion_pytorch_model.safetensors", self.vae)
        self.tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")

    def tokens(self, text):
        return self.tokenizer(text, padding="max_length", max_length=77, truncation=True,
                              return_tensors="pt").input_ids

    def double(self):
        exact = copy.copy(self)
        exact.dtype = torch.float64
        exact.clip, exact.unet = nets.double(self.clip), nets.double(self.unet)
        exact.vae = nets.double(self.vae)
        return exact

    def moments(self, pixels):
        values = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].to(self.dtype) / 127.5 - 1
        return models.call_encoder(self.vae, {"pixels": values})

    @torch.no_grad()
    def paint(self, sampler, steps, seed, scale, size, pixels=None, skip=0):
        ids, none = self.tokens(PROMPT), self.tokens(NEGATIVE)
        seen = {"tokens": ids[0], "tokens_uncond": none[0]}
        cond, uncond = (models.call_clip(self.clip, {"tokens": t}) for t in (ids, none))
        seen |= {"cond": cond[0], "uncond": uncond[0]}
        with trajectories.Draws(seed) as draws:
            start = None
            if pixels is not None:
                seen["moments"] = self.moments(pixels)
                mean, logvar = seen["moments"].double().chunk(2, 1)
                start = (mean + (logvar.clamp(-30, 20) / 2).exp() * draws(mean.shape)) * 0.18215
            run = trajectories.denoise(self.unet, sampler, steps, cond, uncond, draws, scale, size,
                                       start=start, skip=skip)
        seen |= run
        seen["latent"] = run[f"latent.{sum(key.startswith('eps.') for key in run) - 1}"]
        latent = seen["latent"].to(self.dtype)
        seen["image"] = models.call_decoder(self.vae, {"latent": latent}).clamp(-1, 1)
        return seen


def save_paint(name, painter, exact, about, *how, **image):
    rough, seen = painter.paint(*how, **image), exact.paint(*how, **image)
    errors = {key: relative_error(rough[key], seen[key]) for key in seen}
    save(name, seen, {"kind": "dump", "prompt": PROMPT, "negative": NEGATIVE,
                      "torch_f32_error": errors} | about)


def txt2img(painter, exact):
    save_paint("painter_txt2img", painter, exact, {
        "seed": 42, "steps": 4, "guidance": 7.5, "sampler": "pndm", "width": 32, "height": 32,
    }, "pndm", 4, 42, 7.5, (16, 16))


def img2img(painter, exact):
    """An image of 42 x 28 pixels, enlarged to 48 x 32; DDIM, 6 steps, strength 0.75 leaves 4."""
    x, y = np.meshgrid(np.arange(42), np.arange(28))
    pixels = np.stack((x * 6, y * 9, (x * y) % 256), -1).astype(np.uint8)
    pixels[8:20, 12:30] = (250, 40, 90)
    source = Image.fromarray(pixels)
    source.save(FOLDER / "toy_input.png")
    resized = np.asarray(source.resize((48, 32), Image.LANCZOS))
    save_paint("painter_img2img", painter, exact, {
        "seed": 7, "steps": 6, "guidance": 3.0, "strength": 0.75, "sampler": "ddim", "width": 48,
        "height": 32,
    }, "ddim", 6, 7, 3.0, (16, 24), pixels=resized, skip=6 - int(6 * 0.75))


TARGETS = ("to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2")


def low_rank(random, weight, rank):
    """down [rank, in, ...], up [out, rank, 1, 1]: a 1x1 or 3x3 convolution keeps its window."""
    window = weight.shape[2:]
    down = random.standard_normal((rank, weight.shape[1], *window)) / np.sqrt(weight[0].numel())
    up = random.standard_normal((weight.shape[0], rank, *(1 for _ in window)))
    return down.astype(np.float16), up.astype(np.float16)


def merged(model, deltas, factor, rename=lambda path: path):
    """A float64 copy of the model with W += factor * up down."""
    model = nets.double(model)
    modules = {rename(path): module for path, module in model.named_modules()}
    with torch.no_grad():
        for path, pair in deltas.items():
            down, up = (torch.from_numpy(part.astype(np.float64)).flatten(1) for part in pair)
            weight = modules[path].weight
            weight += factor * (up @ down).reshape(weight.shape)
    return model


def styled(painter, unet, clip):
    """The painter with other networks, in float32 and in float64."""
    rough, exact = copy.copy(painter), painter.double()
    exact.unet, exact.clip = unet, clip
    rough.unet, rough.clip = copy.deepcopy(unet).float(), copy.deepcopy(clip).float()
    return rough, exact


def check_with_peft(unet, deltas):
    """peft, by diffusers, computes the same from the same file."""
    case = models.unet_case(np.random.default_rng(0), UNET, 1, 8, 8, 7, 301)
    adapted, adapter = nets.double(unet), {}
    for path, (down, up) in deltas.items():
        adapter[f"{path}.lora_A.weight"] = torch.from_numpy(down).double()
        adapter[f"{path}.lora_B.weight"] = torch.from_numpy(up).double()
    adapted.load_lora_adapter(adapter, prefix=None)
    adapted.double()
    with torch.no_grad():
        error = relative_error(models.call_unet(adapted, case),
                               models.call_unet(merged(unet, deltas, 1), case))
    assert error < 1e-12, error


def loras(painter):
    """Two files: Yent's own format; kohya's with alpha, a 3x3 convolution and the text encoder."""
    random = np.random.default_rng(61)
    layers = dict(painter.unet.named_modules())
    targets = [path for path in layers if path.endswith(TARGETS)]
    style = {path: low_rank(random, layers[path].weight, 4) for path in targets}
    file = {}
    for path, (down, up) in style.items():
        file[f"{path}.lora_A.weight"], file[f"{path}.lora_B.weight"] = down, up
    save_file(file, FOLDER / "lora_style.safetensors")
    check_with_peft(painter.unet, style)

    chosen = [p for p in targets if ".attn2.to_" in p] + ["down_blocks.1.resnets.0.conv1"]
    unet_pairs = {path: low_rank(random, layers[path].weight, 3) for path in chosen}
    clip_pairs = {nets.clip_name(path): low_rank(random, module.weight, 3)
                  for path, module in painter.clip.named_modules()
                  if path.endswith(("q_proj", "fc2"))}
    file = {}
    for prefix, pairs in (("lora_unet_", unet_pairs), ("lora_te_", clip_pairs)):
        for path, (down, up) in pairs.items():
            key = prefix + path.replace(".", "_")
            file[f"{key}.lora_down.weight"], file[f"{key}.lora_up.weight"] = down, up
            file[f"{key}.alpha"] = np.array(1.5, np.float16)
    save_file(file, FOLDER / "lora_kohya.safetensors")

    about = {"seed": 5, "steps": 2, "guidance": 5.0, "sampler": "ddim", "width": 16, "height": 16}
    how = ("ddim", 2, 5, 5.0, (8, 8))
    both = styled(painter, merged(painter.unet, style, 0.7), nets.double(painter.clip))
    save_paint("painter_lora_style", *both, about | {"scale": 0.7}, *how)
    factor = 0.8 * 1.5 / 3  # scale * alpha / rank
    both = styled(painter, merged(painter.unet, unet_pairs, factor),
                  merged(painter.clip, clip_pairs, factor, nets.clip_name))
    save_paint("painter_lora_kohya", *both, about | {"scale": 0.8}, *how)


def painters():
    painter = Painter()
    exact = painter.double()
    txt2img(painter, exact)
    img2img(painter, exact)
    loras(painter)
