#!/usr/bin/env bash
# Two files name the padding token: an old one wins, and an unknown word becomes a new id.
#
# Expected: tokenizer_config.json is the file that counts today, and a pad_token that the vocabulary
# does not have is an error.
# Happens: special_tokens_map.json, which transformers 5 no longer writes, wins against
# tokenizer_config.json when both name a pad_token, unless tokenizer_config.json has an
# added_tokens_decoder: then it loses. A pad_token that the vocabulary lacks is added with the next
# id, which is one beyond the embedding of the model; nothing is said.
# Versions: transformers 5.24.0, tokenizers 0.23.3.
# Why it matters: CLIP pads a prompt to 77 tokens, and pads reach the picture; SD 2.x pads with "!"
# and SD 1.x with the end token. A folder whose two files disagree is painted by the file that few
# people look at. With the new id the text encoder reads past its table.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tokenizers==0.23.3 transformers==5.24.0
cd "$work"
TRANSFORMERS_VERBOSITY=warning venv/bin/python - <<'PY'
import json
import string
from importlib.metadata import version
from pathlib import Path

from transformers import CLIPTokenizer

print(*(f"{p} {version(p)}" for p in ("transformers", "tokenizers")), sep=", ")
letters = string.printable[:94]
START, END = "<|startoftext|>", "<|endoftext|>"
words = [*letters, *(c + "</w>" for c in letters), START, END]
n = len(words)
folder = Path("clip")
folder.mkdir()
(folder / "vocab.json").write_text(json.dumps({w: i for i, w in enumerate(words)}))
(folder / "merges.txt").write_text("#version: 0.2\n")
DECODER = {str(n - 1): dict(content=END, lstrip=False, rstrip=False, normalized=True,
                            single_word=False, special=True)}


def pad(title, config, special):
    config["tokenizer_class"] = "CLIPTokenizer"
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "special_tokens_map.json").write_text(json.dumps(special))
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    ids = tokenizer("a", padding="max_length", max_length=5).input_ids
    print(f"{title}\n    pads with {tokenizer.pad_token!r}: {ids} of a vocabulary of {n}")
    return tokenizer.pad_token, ids[-1]


answers = [
    pad("config '!', map the end", {"pad_token": "!"}, {"pad_token": END}),
    pad("config the end, map '!'", {"pad_token": END}, {"pad_token": "!"}),
    pad("the same, with added_tokens_decoder",
        {"pad_token": END, "added_tokens_decoder": DECODER}, {"pad_token": "!"}),
    pad("config '<pad>', which is no word, map empty", {"pad_token": "<pad>"}, {}),
]
if answers != [(END, n - 1), ("!", words.index("!")), (END, n - 1), ("<pad>", n)]:
    raise SystemExit("changed: other tokens pad")
PY
