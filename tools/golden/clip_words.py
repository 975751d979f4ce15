"""transformers' CLIPTokenizer from merges.txt alone: the merges number CLIP's tokens."""

import json
import tempfile
from pathlib import Path

VISIBLE = [*range(33, 127), *range(161, 173), *range(174, 256)]


def vocabulary(merges):
    """Token -> id. `merges` is the text of merges.txt."""
    symbols = [chr(b) for b in VISIBLE] + [chr(256 + i) for i in range(256 - len(VISIBLE))]
    pairs = [line for line in merges.split("\n") if line and not line.startswith("#version")]
    tokens = [*symbols, *(s + "</w>" for s in symbols), *(p.replace(" ", "") for p in pairs)]
    return {t: i for i, t in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])}


def clip_tokenizer(folder, **options):
    """For a folder with merges.txt, with or without vocab.json."""
    from transformers import CLIPTokenizer
    merges = Path(folder) / "merges.txt"
    with tempfile.TemporaryDirectory() as made:
        file = Path(made) / "vocab.json"
        file.write_text(json.dumps(vocabulary(merges.read_text("utf-8"))), "utf-8")
        return CLIPTokenizer(str(file), str(merges), **options)
