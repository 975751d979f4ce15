"""Textual inversion files, and what the toy painter's text encoder makes of prompts with their words:
tests/golden/ti/ and tests/golden/textual_inversion.safetensors.

Run as `python tests/golden/textual_inversion.py`; written with diffusers 0.42.1
(load_textual_inversion, encode_prompt), transformers 5.24.0 and torch 2.15.0. All words are in small
letters: with a capital in a word, in the file or in the prompt, that pair of libraries uses the first
of its vectors only. Every seventh position of the hidden states is kept.
"""

import json
import shutil
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file

HERE = Path(__file__).parent
FILES = HERE / "ti"

PROMPTS = {
    "one": ("a <one> cat", "badhands, blurry"),
    "several": ("a <cat-toy>, red (<cat-toy>) and <one>", "moody badhands <cat-toy>"),
    "near": ("(moody), x<one>y", "oldhands-<one><cat-toy>"),
    "cut": ("cat " * 74 + "<cat-toy> red", "oldhands"),
}


def vectors(random, *shape):
    return (torch.randn(*shape, generator=random) * 0.8).float()


def write():
    """In the order in which they are loaded; the ids follow it."""
    random = torch.Generator().manual_seed(11)
    shutil.rmtree(FILES, ignore_errors=True)
    FILES.mkdir()
    torch.save({"<one>": vectors(random, 32)}, FILES / "learned_embeds.bin")
    save_file({"<cat-toy>": vectors(random, 3, 32)}, FILES / "toy.safetensors")
    a1111 = {"string_to_token": {"*": 265}, "string_to_param": {"*": vectors(random, 2, 32)},
             "name": "badhands", "step": 500, "sd_checkpoint": "7460a6fa",
             "sd_checkpoint_name": "sd-v1-4"}
    torch.save(a1111, FILES / "badhands-500.pt")
    save_file({"emb_params": vectors(random, 2, 32)}, FILES / "moody.safetensors")
    old = {"string_to_token": {"*": torch.tensor(265)}, "name": "oldhands",
           "string_to_param": {"*": torch.nn.Parameter(vectors(random, 4, 32))}}
    torch.save(old, FILES / "oldhands.pt", _use_new_zipfile_serialization=False)
    return {"learned_embeds.bin": None, "toy.safetensors": None, "badhands-500.pt": None,
            "moody.safetensors": "moody", "oldhands.pt": None}


@torch.no_grad()
def main():
    files = write()
    pipe = StableDiffusionPipeline.from_pretrained(HERE / "toy_painter", torch_dtype=torch.float32)
    for name, token in files.items():
        state = torch.load(FILES / name, weights_only=False) if name.endswith(".pt") else FILES / name
        pipe.load_textual_inversion(state, token=token)
    kept = {}
    for name, (prompt, negative) in PROMPTS.items():
        for side, text in (("cond", prompt), ("uncond", negative)):
            ids = pipe.tokenizer(pipe.maybe_convert_prompt(text, pipe.tokenizer), max_length=77,
                                 padding="max_length", truncation=True).input_ids
            kept[f"{name}.{'tokens' if side == 'cond' else 'tokens_uncond'}"] = torch.tensor(ids).int()
        cond, uncond = pipe.encode_prompt(prompt, "cpu", 1, True, negative)
        kept[f"{name}.cond"], kept[f"{name}.uncond"] = (t[0, ::7].contiguous() for t in (cond, uncond))
    config = {"files": list(files), "cases": {n: list(p) for n, p in PROMPTS.items()}}
    save_file(kept, HERE / "textual_inversion.safetensors", metadata={"config": json.dumps(config)})
    for n in PROMPTS:
        for t in ("tokens", "tokens_uncond"):
            print(n, t, [i for i in kept[f"{n}.{t}"].tolist() if i >= 558])


main()
