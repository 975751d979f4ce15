"""Learns the painter's vocabulary in CLIP's format: byte pairs, `</w>` glued to a word's last byte.

`write` puts vocab.json, merges.txt and the two small configs where transformers' CLIPTokenizer and
the engine expect them. Ids: 256 bytes, the same with `</w>`, one per merge, the two specials.
"""

import json
import re
import unicodedata
from collections import Counter

START, END = "<|startoftext|>", "<|endoftext|>"
LENGTH = 77
# CLIP's split; `[^\W\d_]` is a letter, digits stand alone.
WORD = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|(?:[^\s\w]|_)+")


def byte_symbols():
    """GPT-2's printable stand-in for each byte, in CLIP's order."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [b for b in range(256) if b not in printable]
    return {**{b: chr(b) for b in printable}, **{b: chr(256 + i) for i, b in enumerate(hidden)}}


SYMBOL = byte_symbols()


def split(text):
    return WORD.findall(" ".join(unicodedata.normalize("NFC", text).lower().split()))


def symbols(word):
    parts = [SYMBOL[b] for b in word.encode()]
    return (*parts[:-1], parts[-1] + "</w>")


def merged(parts, pair):
    out, i = [], 0
    while i < len(parts):
        both = i + 1 < len(parts) and (parts[i], parts[i + 1]) == pair
        out.append(parts[i] + parts[i + 1] if both else parts[i])
        i += 2 if both else 1
    return tuple(out)


def learn(texts, merges):
    """The classic loop: merge the commonest pair until the budget is spent."""
    words = Counter(word for text in texts for word in split(text))
    parts = {word: symbols(word) for word in words}
    rules = []
    while len(rules) < merges:
        pairs = Counter()
        for word, count in words.items():
            for pair in zip(parts[word], parts[word][1:]):
                pairs[pair] += count
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        rules.append(best)
        parts = {word: merged(p, best) if best[0] in p else p for word, p in parts.items()}
    return rules


class Tokenizer:
    def __init__(self, rules):
        self.rules = rules
        self.rank = {rule: i for i, rule in enumerate(rules)}
        tokens = list(SYMBOL.values())
        tokens += [t + "</w>" for t in tokens] + ["".join(rule) for rule in rules] + [START, END]
        self.ids = {token: i for i, token in enumerate(tokens)}
        self.cache = {}

    def word(self, word):
        if word not in self.cache:
            parts = symbols(word)
            while len(parts) > 1:
                best = min(zip(parts, parts[1:]), key=lambda p: self.rank.get(p, len(self.rank)))
                if best not in self.rank:
                    break
                parts = merged(parts, best)
            self.cache[word] = [self.ids[p] for p in parts]
        return self.cache[word]

    def encode(self, text):
        body = [i for word in split(text) for i in self.word(word)][: LENGTH - 2]
        ids = [self.ids[START], *body]
        return ids + [self.ids[END]] * (LENGTH - len(ids))

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "vocab.json").write_text(json.dumps(self.ids, ensure_ascii=False), "utf-8")
        lines = ["#version: 0.2", *(" ".join(rule) for rule in self.rules)]
        (folder / "merges.txt").write_text("\n".join(lines) + "\n", "utf-8")
        specials = dict(bos_token=START, eos_token=END, pad_token=END, unk_token=END)
        config = dict(
            specials,
            tokenizer_class="CLIPTokenizer",
            model_max_length=LENGTH,
            do_lower_case=True,
            add_prefix_space=False,
        )
        for name, data in (("special_tokens_map", specials), ("tokenizer_config", config)):
            (folder / f"{name}.json").write_text(json.dumps(data, indent=2) + "\n")
