"""Prompts of AUTOMATIC1111's grammar through the toy painter's text encoder, computed in torch:
tests/golden/prompt_a1111.safetensors.

Run as `python tests/golden/prompt_a1111.py`; written with torch 2.15.0 and transformers 5.24.0. The
rules (emphasis by brackets, BREAK, chunks of 75 with 20 tokens of comma backtracking, weights on the
hidden states behind the final norm, the mean of a chunk restored) are those of the web UI 1.10, put
down here from their description. Every seventh position of each chunk is kept.
"""

import copy
import json
import re
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import CLIPTextModel, CLIPTokenizer

HERE = Path(__file__).parent
ROOM, REACH = 75, 20

CASES = {
    "plain": ("a cat", ""),
    "emphasis": ("a (cat) on [the] (((red:1.3) mat)), 16:9 (x:-0.5)", "(blurry:1.4), [[watermark]]"),
    "escapes": (r"a \(cat\) \\ [\]] un(necess)ary", "(open (twice"),
    "break": ("a red hat BREAK (a green coat:1.2)", "low quality"),
    "comma": ("cat on the red mat, " * 4 + "(a very long phrase that crosses the end of it:1.5), cat",
              "cat " * 76 + "end"),
    "long": ("a painting of (many:1.2) cats " * 7 + "[without any comma] " * 6, "blurry"),
}


def scan(text):
    """Yields ("text", s), ("break",), ("open", bracket), ("close", bracket, factor or None)."""
    pattern = re.compile(r"\\[()\[\]\\]|\\|[(\[)\]]|:\s*([+-]?[.\d]+)\s*\)|[^\\()\[\]:]+|:")
    for found in pattern.finditer(text):
        word = found.group()
        if word[0] == "\\":
            yield "text", word[1:]
        elif word in "([":
            yield "open", word
        elif found.group(1):
            yield "close", "(", float(found.group(1)), word
        elif word in ")]":
            yield "close", "(" if word == ")" else "[", None, word
        else:
            for i, part in enumerate(re.split(r"\s*\bBREAK\b\s*", word)):
                if i:
                    yield ("break",)
                yield "text", part


def pieces(text):
    found, open_at = [], {"(": [], "[": []}
    usual = {"(": 1.1, "[": 1 / 1.1}

    def scale(first, factor):
        for piece in found[first:]:
            piece[1] *= factor

    for kind, *rest in scan(text):
        if kind == "open":
            open_at[rest[0]].append(len(found))
        elif kind == "close" and open_at[rest[0]]:
            scale(open_at[rest[0]].pop(), usual[rest[0]] if rest[1] is None else rest[1])
        elif kind == "break":
            found.append([None, 1.0])
        else:
            found.append([rest[-1], 1.0])
    for bracket, places in open_at.items():
        for first in places:
            scale(first, usual[bracket])
    joined = []
    for words, weight in found:
        last = joined[-1] if joined else None
        if last and None not in (words, last[0]) and last[1] == weight:
            last[0] += words
        else:
            joined.append([words, weight])
    return joined


def chunks(tokenizer, text):
    comma = tokenizer.convert_tokens_to_ids(",</w>")
    done, now, last_comma = [], [], None
    for words, weight in pieces(text):
        if words is None:
            done.append(now)
            now, last_comma = [], None
            continue
        for token in tokenizer(words, add_special_tokens=False).input_ids:
            if token == comma:
                last_comma = len(now)
            if len(now) == ROOM:
                near = token != comma and last_comma is not None and ROOM - last_comma <= REACH
                cut = last_comma + 1 if near else ROOM
                done.append(now[:cut])
                now, last_comma = now[cut:], None
            now.append((token, weight))
    return done + [now] if now or not done else done


@torch.no_grad()
def hidden(model, tokenizer, chunk):
    filled = [(tokenizer.bos_token_id, 1.0), *chunk, (tokenizer.eos_token_id, 1.0)]
    filled += [(tokenizer.pad_token_id, 1.0)] * (ROOM + 2 - len(filled))
    ids = torch.tensor([[token for token, _ in filled]])
    z = model(input_ids=ids).last_hidden_state
    mean = z.mean()
    z = z * torch.tensor([weight for _, weight in filled], dtype=z.dtype)[None, :, None]
    return ids[0], (z * (mean / z.mean()))[0]


def main():
    tokenizer = CLIPTokenizer.from_pretrained(HERE / "toy_painter/tokenizer")
    rough = CLIPTextModel.from_pretrained(HERE / "toy_painter/text_encoder").float().eval()
    exact = copy.deepcopy(rough).double()
    kept, errors = {}, {}
    for name, prompts in CASES.items():
        split = [chunks(tokenizer, text) for text in prompts]
        count = max(map(len, split))
        for side, side_chunks in zip(("cond", "uncond"), split):
            side_chunks += [[]] * (count - len(side_chunks))
            runs = [[hidden(m, tokenizer, c) for c in side_chunks] for m in (exact, rough)]
            z, coarse = (torch.cat([h for _, h in run]) for run in runs)
            kept[f"{name}.{side}"] = z[::7].float().contiguous()
            tokens = "tokens" if side == "cond" else "tokens_uncond"
            kept[f"{name}.{tokens}"] = torch.cat([ids for ids, _ in runs[0]]).int()
            errors[f"{name}.{side}"] = float((z - coarse).norm() / z.norm())
    config = {"cases": {name: list(prompts) for name, prompts in CASES.items()},
              "torch_f32_error": errors}
    path = HERE / "prompt_a1111.safetensors"
    save_file(kept, path, metadata={"config": json.dumps(config)})
    print(path.stat().st_size, {k: tuple(v.shape) for k, v in kept.items()}, errors)


main()
