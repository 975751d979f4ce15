"""How Hugging Face's transformers reads folders of CLIP tokenizers: tests/golden/clip_files.json, and
tests/golden/clip_toy_5, which is clip_toy as transformers 5 saves it.

Run as `python tests/golden/clip_files.py`; written with transformers 5.24.0, tokenizers 0.23.3. A
case is clip_toy or clip_toy_5 with other small files beside it (`files`), or with other added
tokens in tokenizer.json (`added_tokens`). Ids follow each other: transformers renumbers others.
"""

import json
import random
import shutil
import tempfile
from pathlib import Path

from transformers import CLIPTokenizer, logging

HERE = Path(__file__).parent
logging.set_verbosity_error()
START, END = "<|startoftext|>", "<|endoftext|>"
NAMES = ["<cat>", "Sks Dog", "<Toy>", "in", "a  b", "\u00c9t\u00e9"]
PIECES = [START, END, START.upper(), END.upper(), "!", " ", " ", "the", "x", "9", "\u2003"] + NAMES + [
    n.lower() for n in NAMES]
FLAGS = ["lstrip", "normalized", "rstrip", "single_word"]
BASE = 734


def flags(draw):
    return {f: draw.random() < (0.5 if f == "normalized" else 0.2) for f in FLAGS}


def special_values(draw):
    """Some of the keys of special tokens, as strings or objects."""
    out = {}
    for key, text in (("bos_token", START), ("eos_token", END), ("unk_token", END), ("pad_token", None)):
        if draw.random() < 0.4:
            continue
        text = text or draw.choice([END, "!", "<cat>", "in"])
        out[key] = text if draw.random() < 0.5 else {"content": text, **flags(draw)}
    if draw.random() < 0.3:
        out["additional_special_tokens"] = draw.sample(["<new>", "the", *NAMES], 2)
    return out


def listed(draw, vocabulary):
    """Added tokens with ids: [{"id": ..., "content": ..., flags}]."""
    names = draw.sample(NAMES, draw.randint(0, 4)) + draw.sample([START, END], draw.randint(0, 2))
    fresh = iter(range(BASE, BASE + 9))
    tokens = [{"id": vocabulary[n] if n in vocabulary else next(fresh), "content": n, **flags(draw),
               "special": n in (START, END) or draw.random() < 0.3} for n in names]
    return sorted(tokens, key=lambda t: t["id"])


def case(draw, vocabulary):
    base = draw.choice(["clip_toy", "clip_toy_5"])
    config = {k: {"__type": "AddedToken", **v} if isinstance(v, dict) else v for k, v in special_values(draw).items()}
    tokens = listed(draw, vocabulary)
    kind = draw.choice(["decoder", "added_tokens.json", "tokenizer.json"])
    out = {"base": base, "files": {"tokenizer_config.json": config}}
    if kind == "decoder":
        config["added_tokens_decoder"] = {str(t["id"]): {k: v for k, v in t.items() if k != "id"} for t in tokens}
    elif kind == "added_tokens.json" or base == "clip_toy":
        out["files"]["added_tokens.json"] = {t["content"]: t["id"] for t in tokens if t["content"][0:2] != "<|"}
    else:
        out["added_tokens"] = tokens
    if draw.random() < 0.5:
        out["files"]["special_tokens_map.json"] = special_values(draw)
    return out


def load(one):
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(HERE / one["base"], folder, dirs_exist_ok=True)
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        (folder / name).unlink(missing_ok=True)
    for name, content in one["files"].items():
        (folder / name).write_text(json.dumps(content))
    if "added_tokens" in one:
        whole = json.loads((folder / "tokenizer.json").read_text())
        whole["added_tokens"] = one["added_tokens"]
        (folder / "tokenizer.json").write_text(json.dumps(whole))
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    shutil.rmtree(folder)
    return tokenizer


def main():
    toy = CLIPTokenizer.from_pretrained(HERE / "clip_toy")
    toy.add_tokens(["<cat>", "My Dog"])
    toy.save_pretrained(HERE / "clip_toy_5")
    vocabulary = json.loads((HERE / "clip_toy/vocab.json").read_text())
    draw = random.Random(11)
    lines = []
    while len(lines) < 80:
        one = case(draw, vocabulary)
        if one["base"] == "clip_toy_5" and "added_tokens" not in one and "added_tokens_decoder" not in one[
                "files"]["tokenizer_config.json"]:
            one["added_tokens"] = []
        tokenizer = load(one)
        texts = ["".join(draw.choice(PIECES) for _ in range(draw.randint(1, 8))) for _ in range(5)]
        one |= {"start": tokenizer.bos_token_id, "end": tokenizer.eos_token_id, "pad": tokenizer.pad_token_id,
                "size": len(tokenizer)}
        one["texts"] = [[t, tokenizer(t, add_special_tokens=False).input_ids] for t in texts]
        lines.append(json.dumps(one, separators=(",", ":")))
    (HERE / "clip_files.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


main()
