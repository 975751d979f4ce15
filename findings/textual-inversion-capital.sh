#!/usr/bin/env bash
# A capital letter in the word of a textual inversion leaves all of its vectors but the first unused.
#
# Expected: an embedding of three vectors, loaded with load_textual_inversion(), puts three vectors
# into the prompt wherever its word occurs.
# Happens: the pipeline looks for the word by calling tokenize() and then replaces it in the prompt's
# text by `word word_1 word_2`. CLIP's tokenizer in transformers 5 gives the word back in small
# letters. So "<Toy>" in a prompt is found as "<toy>", the text has no "<toy>" to replace, and one
# vector is used. A word that has a capital in the file gets one vector under every spelling. No
# warning appears. Capitals elsewhere in the prompt do no harm.
# Versions: diffusers 0.42.1, transformers 5.24.0, tokenizers 0.23.3, torch 2.15.0.
# Why it matters: negative embeddings with names like "EasyNegative" have many vectors; most of what
# was trained is silently not used, and pictures differ from those of other programs.
# yent: uses all vectors, whatever the case of the letters.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv==0.13.9
"$work/venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" \
  diffusers==0.42.1 transformers==5.24.0 tokenizers==0.23.3 torch==2.15.0
cd "$work"
TRANSFORMERS_VERBOSITY=error venv/bin/python - <<'PY'
import json
import string
from importlib.metadata import version
from pathlib import Path

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer
from transformers.utils import logging

print(*(f"{p} {version(p)}" for p in ("diffusers", "transformers", "tokenizers", "torch")), sep=", ")
logging.set_verbosity_error()
letters = string.printable[:94]
words = [*letters, *(c + "</w>" for c in letters), "<|startoftext|>", "<|endoftext|>"]
Path("vocab.json").write_text(json.dumps({w: i for i, w in enumerate(words)}))
Path("merges.txt").write_text("#version: 0.2\n")
tokenizer = CLIPTokenizer("vocab.json", "merges.txt")
start, end = (words.index(f"<|{w}oftext|>") for w in ("start", "end"))
text_encoder = CLIPTextModel(CLIPTextConfig(
    vocab_size=len(words), hidden_size=8, intermediate_size=8, num_hidden_layers=1,
    num_attention_heads=1, bos_token_id=start, eos_token_id=end))
pipe = StableDiffusionPipeline(
    vae=None, text_encoder=text_encoder, tokenizer=tokenizer, unet=None,
    scheduler=DDIMScheduler(steps_offset=1, clip_sample=False), safety_checker=None,
    feature_extractor=None, requires_safety_checker=False)
pipe.load_textual_inversion({"<toy>": torch.randn(3, 8)})
pipe.load_textual_inversion({"<Cat>": torch.randn(3, 8)})
print("added:", *(w for w, i in tokenizer.added_tokens_encoder.items() if i >= len(words)))


def vectors(prompt):
    ids = tokenizer(pipe.maybe_convert_prompt(prompt, tokenizer)).input_ids
    used = sum(i >= len(words) for i in ids)
    print(f"{prompt!r}: {used} of 3 vectors")
    return used


used = [vectors(p) for p in ("a <toy>", "A Big <toy>", "a <Toy>", "a <Cat>", "a <cat>")]
if used != [3, 3, 1, 1, 1]:
    raise SystemExit("changed: other numbers of vectors are used")
PY
