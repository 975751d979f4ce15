#!/usr/bin/env bash
# Added tokens lose the ids that their file gives them, when the ids have gaps.
#
# Expected: a token that added_tokens.json, added_tokens_decoder or tokenizer.json puts at id 200 has
# id 200, or loading fails.
# Happens: added tokens get the next free ids, one after the other, and the gaps are gone. A token
# whose text is in the base vocabulary already gets the id that it has there. This happens in the
# tokenizers library itself and therefore in transformers' tokenizers too. No error is raised, and
# save_pretrained() writes the new ids, as if they had been the file's.
# Versions: tokenizers 0.23.3, transformers 5.24.0.
# Why it matters: an id is a row of the embedding. After a token was removed from the middle, all
# tokens behind it read the row of a neighbour; another reader, which believes the file, does not.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tokenizers==0.23.3 transformers==5.24.0
cd "$work"
TRANSFORMERS_VERBOSITY=error venv/bin/python - <<'PY'
import json
import string
from importlib.metadata import version
from pathlib import Path

from tokenizers import Tokenizer
from transformers import CLIPTokenizer

print(*(f"{p} {version(p)}" for p in ("tokenizers", "transformers")), sep=", ")
letters = string.printable[:94]
words = [*letters, *(c + "</w>" for c in letters), "<|startoftext|>", "<|endoftext|>"]
n = len(words)
WANTED = {"<one>": n, "<two>": n + 2, "<three>": n + 5, "a</w>": n + 6}
folder = Path("clip")
folder.mkdir()
(folder / "vocab.json").write_text(json.dumps({w: i for i, w in enumerate(words)}))
(folder / "merges.txt").write_text("#version: 0.2\n")
(folder / "added_tokens.json").write_text(json.dumps(WANTED))
(folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "CLIPTokenizer"}))
print("base vocabulary:", n, "words, a</w> is", words.index("a</w>"))
print("in the files:            ", WANTED)
answers = []


def show(title, id_of):
    answers.append({word: id_of(word) for word in WANTED})
    print(f"{title:25}", answers[-1])


show("added_tokens.json:", CLIPTokenizer.from_pretrained(folder).convert_tokens_to_ids)

(folder / "added_tokens.json").unlink()
rules = dict(lstrip=False, rstrip=False, normalized=False, single_word=False, special=False)
(folder / "tokenizer_config.json").write_text(json.dumps({
    "tokenizer_class": "CLIPTokenizer",
    "added_tokens_decoder": {i: {"content": w, **rules} for w, i in WANTED.items()}}))
tokenizer = CLIPTokenizer.from_pretrained(folder)
show("added_tokens_decoder:", tokenizer.convert_tokens_to_ids)

tokenizer.save_pretrained(folder)
whole = json.loads((folder / "tokenizer.json").read_text())
saved = {t["content"]: t["id"] for t in whole["added_tokens"]}
show("saved again:", saved.get)
for token in whole["added_tokens"]:
    token["id"] = WANTED.get(token["content"], token["id"])
whole["added_tokens"].sort(key=lambda token: token["id"])
Path("tokenizer.json").write_text(json.dumps(whole))
show("tokenizer.json:", Tokenizer.from_file("tokenizer.json").token_to_id)

expected = {"<one>": n, "<two>": n + 1, "<three>": n + 2, "a</w>": words.index("a</w>")}
if any(answer != expected for answer in answers):
    raise SystemExit("changed: other ids are given")
PY
