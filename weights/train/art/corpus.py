#!/usr/bin/env python3
"""The corpus of the ASCII transformer, as lines of JSON that `ascii-db import` reads.

    python corpus.py --pieces 24000 --out corpus.jsonl [--filter PROGRAM]

Piece n is made from the number n alone, whatever was made before; README.md says of what. Kept out
are exact and near-duplicates (the shape hash), and what is too large or too small."""

import argparse
import collections
import json
import random
import re
import unicodedata

import animals
import boxes
import drawn
import lettering
import nature
import people
import places
import things
import vehicles
from canvas import Canvas
from hashes import Near, shape_hash

MODULES = {
    "place": places,
    "nature": nature,
    "thing": things,
    "animal": animals,
    "person": people,
    "vehicle": vehicles,
}
SUBJECTS = {k: (kind, f) for kind, m in MODULES.items() for k, f in m.SUBJECTS.items()}
OURS = "made by this project's own program; the project's licence"
SMALLEST, WIDEST, TALLEST = (3, 2), 72, 36
SKY = {"place", "vehicle"}
VOCABULARY = {
    *range(32, 127),
    *range(0x2580, 0x25A0),
    *range(0xA0, 0x100),
    *range(0x2500, 0x2580),
} - {0xAD}
# Other words for a subject, as one prompts.
SYNONYMS = {
    "house": ["home", "cottage"], "castle": ["fortress", "palace"], "city": ["town", "skyline"],
    "man": ["stick figure", "person"], "face": ["head", "portrait"], "cat": ["kitten", "kitty"],
    "dog": ["puppy"], "fish": ["goldfish"], "mouse": ["rat"], "rabbit": ["bunny"], "boat": ["ship", "sailboat"],
    "rocket": ["spaceship"], "flying saucer": ["ufo"], "plane": ["airplane"], "cup": ["coffee", "mug", "tea"],
    "computer": ["laptop", "screen"], "phone": ["smartphone"], "gift": ["present"], "gravestone": ["grave", "tomb"],
    "envelope": ["letter", "mail"], "television": ["tv"], "glasses": ["sunglasses"], "wave": ["sea", "ocean"],
    "skull": ["death"], "pine tree": ["christmas tree", "fir"], "lock": ["padlock"], "sword": ["dagger"],
    "hat": ["wizard hat"], "cow": ["bull"], "bird": ["sparrow"], "flower": ["daisy"], "tank": ["panzer"],
}  # fmt: skip


def article(words):
    return ("an " if words[0] in "aeiou" else "a ") + words


def listed(words):
    words = [w for w in words if w]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


# Words of a drawing: said before its name, said behind "with" otherwise, or not said.
BEFORE = {"happy", "sad", "asleep", "laughing", "surprised", "sitting", "standing", "walking", "flying", "hanging",
          "open", "closed", "square", "round", "full", "crescent", "bright", "dark", "filled", "leaning", "police",
          "ringing", "waving", "running", "dancing", "firing"}  # fmt: skip
UNSAID = {
    "body",
    "head",
    "pine",
    "palm",
    "monitor",
    "laptop",
    "small",
    "plain",
    "arms up",
    "boo",
    "taxi",
    "line",
}


def described(subject, words, s):
    words = [w for w in dict.fromkeys(words) if w and w not in UNSAID]
    before = [w for w in words if w in BEFORE][:1]
    behind = [w for w in words if w not in BEFORE and not w.startswith("on ")][:3]
    at = [w for w in words if w.startswith("on ")][:1]
    size = ["small"] if s < 0.2 else ["big"] if s > 0.75 else []
    head = article(" ".join([*size, *before, subject]))
    return head + (" with " + listed(behind) if behind else "") + (" " + at[0] if at else "")


def subject_canvas(name, seed):
    r = random.Random(f"{name} {seed}")
    s = r.random() ** 1.25
    canvas, words = SUBJECTS[name][1](r, s)
    return canvas, words, s, r


def beside(a, b, gap):
    """Two canvases on one ground line."""
    out = Canvas()
    wide, high = a.size()
    out.paste(a, 0, -high)
    out.paste(b, wide + gap, -b.size()[1])
    return out


def in_the_sky(r, canvas):
    """The canvas with something small above it, where there is room; and its name."""
    name = r.choice(["sun", "moon", "cloud", "bird"])
    other = (
        nature.SUBJECTS[name](r, r.uniform(0, 0.15))[0]
        if name != "bird"
        else Canvas().put(0, 0, r.choice(["^v^", "\\,/", "~v~", "v"]))
    )
    x0, y0, x1, y1 = canvas.bounds()
    w, h = other.size()
    for _ in range(12):
        x, y = r.randint(x0 - 2, max(x0 - 2, x1 - w + 3)), r.randint(y0 - h - 1, y0 + 2)
        room = {(x + i, y + j) for i in range(-1, w + 1) for j in range(-1, h + 1)}
        if not room & canvas.cells.keys():
            canvas.paste(other, x, y)
            return article(name)
    return ""


def procedural(n):
    rng = random.Random(f"procedural {n}")
    name = rng.choice(sorted(SUBJECTS))
    kind = SUBJECTS[name][0]
    canvas, words, s, r = subject_canvas(name, n)
    title, tags = name, [name, *SYNONYMS.get(name, [])]
    caption = described(name, words, s)
    how = rng.random()
    if how < 0.06:
        second = subject_canvas(name, n + 10**6)[0] if rng.random() < 0.5 else canvas.flipped()
        canvas, title = beside(canvas, second, rng.randint(1, 4)), f"two {plural(name)}"
        caption, tags = title, [title]
    elif how < 0.13:
        other = rng.choice(sorted(SUBJECTS))
        second = subject_canvas(other, n + 10**6)[0]
        canvas = beside(canvas, second, rng.randint(1, 4))
        title = f"{article(name)} and {article(other)}"
        caption, tags = title, [f"{name} and {other}"]
    elif kind in SKY and how < 0.4:
        extra = in_the_sky(rng, canvas)
        if extra:
            caption += f", {extra} above"
    style = 1
    return piece(
        canvas.text().split("\n")[:-1], style, title, caption, tags, f"procedural/{kind}", n
    )


def plural(name):
    head, _, last = name.rpartition(" ")
    known = {"man": "men", "mouse": "mice", "sheep": "sheep", "fish": "fish", "dice": "dice", "glasses": "glasses", "scissors": "scissors",
             "leaf": "leaves", "wolf": "wolves", "knife": "knives"}  # fmt: skip
    if last in known:
        last = known[last]
    elif last.endswith(("s", "x", "ch", "sh")):
        last += "es"
    elif last.endswith("y") and last[-2] not in "aeiou":
        last = last[:-1] + "ies"
    else:
        last += "s"
    return f"{head} {last}".strip()


def boxed(n):
    rng = random.Random(f"boxed {n}")
    name = rng.choice(sorted(boxes.SUBJECTS))
    s = rng.random()
    canvas, words = boxes.SUBJECTS[name](rng, s)
    return piece(
        canvas.text().split("\n")[:-1],
        4,
        name,
        described(name, words, s),
        [name],
        "procedural/boxes",
        n,
    )


def short(n):
    line, name = boxes.one_liner(random.Random(f"short {n}"))
    return piece([line], 6, name, article(name), [name], "procedural/one-liners", n)


def from_drawing(filter_, n):
    rng = random.Random(f"from drawing {n}")
    way = rng.choices(["line", "shaded", "solid"], [70, 12, 18])[0]
    key = rng.choice(drawn.KEYS)
    lines, words = drawn.art(filter_, key, n, way)
    entry = drawn.CATALOG[key]
    names = [name for name in entry.names if name.isascii()]
    style = {"line": 7, "shaded": 2, "solid": 3}[way]
    caption = (words[0] + " " if words else "") + rng.choice(names)
    return piece(lines, style, names[0], article(caption), names, f"drawings/{key}", n)


def letters(n, words):
    p = lettering.piece(n, words)
    lines = p.pop("lines")
    return piece(
        lines, p["style"], p["title"], p["caption"], p["tags"], p["source"], n, p["rights"]
    )


def piece(lines, style, title, caption, tags, source, seed, rights=OURS):
    lines = canonical(lines)
    return lines and {
        "text": "\n".join(lines) + "\n",
        "width": max(map(len, lines)),
        "height": len(lines),
        "style": style,
        "title": title,
        "caption": caption,
        "tags": list(dict.fromkeys(tags)),
        "source": source,
        "rights": rights,
        "seed": seed,
        "flips": style in (2, 3, 7) or not reads(lines),
    }


# Letters that are more often a texture than writing.
TEXTURE = set("vVoOxXwWuUTHMIA0il8")


def reads(lines):
    """Whether something is written on it, so that its mirror image would be wrong."""
    found = re.findall(r"[A-Z]{2,}|[a-z]{3,}|[0-9]{2,}", " ".join(lines))
    return any(len(set(word)) > 1 and not set(word) <= TEXTURE for word in found)


def canonical(lines):
    """Border rows and common indentation removed; None where a character is not in the vocabulary."""
    lines = [unicodedata.normalize("NFC", line.replace("\xa0", " ").rstrip()) for line in lines]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    if not lines or any(ord(c) not in VOCABULARY for line in lines for c in line):
        return None
    indent = min(len(line) - len(line.lstrip()) for line in lines if line)
    return [line[indent:] for line in lines]


def good(p):
    if p is None:
        return False
    if p["style"] == 6:
        return 3 <= p["width"] <= 60
    small = p["width"] < SMALLEST[0] or p["height"] < SMALLEST[1]
    return (
        not small and p["width"] <= (100 if p["style"] == 5 else WIDEST) and p["height"] <= TALLEST
    )


def pieces(filter_):
    """All of them, without end."""
    words = lettering.words()
    makers = {
        procedural: 60, lambda n: from_drawing(filter_, n): 24,
        lambda n: letters(n, words): 13, boxed: 3, short: 1,
    }  # fmt: skip
    n = 0
    while True:
        rng = random.Random(f"piece {n}")
        maker = rng.choices(list(makers), list(makers.values()))[0]
        yield maker(n)
        n += 1


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--pieces", type=int, default=24000)
    p.add_argument("--out", default="corpus.jsonl")
    p.add_argument(
        "--filter",
        default=drawn.FILTER,
        help="built there from filter.cpp if it is missing",
    )
    a = p.parse_args()
    near, seen, counts = Near(), set(), collections.Counter()
    with open(a.out, "w") as out:
        for p in pieces(drawn.Filter(a.filter)):
            if not good(p) or p["text"] in seen:
                counts["unfit or twice"] += 1
                continue
            seen.add(p["text"])
            lines = p["text"].split("\n")[:-1]
            if not near.add(p["width"], p["height"], shape_hash(lines)):
                counts["near-duplicate"] += 1
                continue
            counts[p["source"].split("/")[0]] += 1
            out.write(json.dumps(p, ensure_ascii=False) + "\n")
            if near.count % 1000 == 0:
                out.flush()
                print(near.count, dict(counts), flush=True)
            if near.count == a.pieces:
                break


if __name__ == "__main__":
    main()
