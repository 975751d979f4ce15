"""Where Hugging Face's CLIPTokenizer finds added tokens: tests/golden/clip_added_tokens.json.

Run as `python tests/golden/clip_added_tokens.py`; written with transformers 5.24.0 and tokenizers
0.23.3. Each case adds some tokens to tests/golden/clip_toy and encodes texts made of them.
"""

import json
import random
from pathlib import Path

from tokenizers import AddedToken
from transformers import CLIPTokenizer

HERE = Path(__file__).parent
NAMES = ["<cat>", "<Cat>", "<cat-toy>", "<CAT-toy>_1", "in", "the", "in the", "Sks Dog", "sks", "\u00c9t\u00e9", "e\u0301",
         "\u732b", "ca", "toy", " lead", "tail ", "a  b", "<", ">", "'s", "12", "_", "\u0130x", "x\u2003y", "emb!"]
PIECES = NAMES + [n.upper() for n in NAMES] + [n.lower() for n in NAMES] + [
    " ", "  ", "\n", "\u2003", "a", "b", "9", "_", "-", "\u0301", "\u200d", "\u00bd", "\u2160", "\u24b6", "!", "the cat ",
    "<|endoftext|>", "<|ENDOFTEXT|>"]
FLAGS = ["normalized", "single_word", "lstrip", "rstrip"]


def case(draw):
    tokenizer = CLIPTokenizer.from_pretrained(HERE / "clip_toy")
    tokens = []
    for name in draw.sample(NAMES, draw.randint(1, 6)):
        flags = {f: draw.random() < (0.6 if f == "normalized" else 0.3) for f in FLAGS}
        tokenizer.add_tokens(AddedToken(name, **flags))
        tokens.append({"text": name, "id": tokenizer.convert_tokens_to_ids(name), **flags})
    near = [t["text"] for t in tokens] * 8 + PIECES
    texts = ["".join(draw.choice(near) for _ in range(draw.randint(1, 9))) for _ in range(12)]
    return {"tokens": tokens, "texts": [{"text": t, "ids": tokenizer(t, add_special_tokens=False).input_ids}
                                        for t in texts]}


def main():
    draw = random.Random(7)
    lines = ",\n".join(json.dumps(case(draw), separators=(",", ":")) for _ in range(40))
    (HERE / "clip_added_tokens.json").write_text(f"[\n{lines}\n]\n")


main()
