"""Words in letters made of characters, by the programs `figlet` and `toilet` and those of their fonts
whose licence is stated (README.md has the table)."""

import json
import random
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
# font -> (program, style, licence)
FIGLET = "lettering in a FIGlet font by Glenn Chappell; BSD-3-Clause"
TOILET = "lettering in a TOIlet font by Sam Hocevar; WTFPL"
FONTS = {
    name: ("figlet", 5, FIGLET)
    for name in ("big", "block", "bubble", "digital", "lean", "mini", "script", "shadow", "slant",
                 "small", "smscript", "smshadow", "smslant", "standard")
} | {
    "letter": ("toilet", 5, "lettering in a TOIlet font by Francesco Poli; WTFPL"),
    "pagga": ("toilet", 3, TOILET),
    "smblock": ("toilet", 3, TOILET),
    "future": ("toilet", 4, TOILET),
    "emboss": ("toilet", 4, TOILET),
    "emboss2": ("toilet", 4, TOILET),
}  # fmt: skip


def words():
    """The project's own nouns: of the drawings, and of the judge's topics. Short ones first."""
    topics = json.loads((HERE.parent / "judge" / "topics.json").read_text())["topics"]
    found = {
        w.strip() for text in topics.values() for part in text.split(",") for w in part.split("|")
    }
    catalog = (HERE.parent / "drawings" / "catalog.py").read_text()
    for line in catalog.split("\n"):
        if line.startswith("add("):
            found |= {n for n in line.split('"')[3].split("|") if n.isascii()}
    found = {w.lower() for w in found if w.isascii() and 1 < len(w) <= 16}
    return sorted(found, key=lambda w: (len(w), w))


def render(text, font, layout):
    program = FONTS[font][0]
    extra = [layout] if layout and program == "figlet" else []
    out = subprocess.run(
        [program, "-f", font, "-w", "120", *extra, "--", text],
        capture_output=True,
        text=True,
        check=True,
    )
    return out.stdout.split("\n")


def piece(index, all_words):
    rng = random.Random(f"lettering {index}")
    font = rng.choice(sorted(FONTS))
    word = rng.choice(all_words)
    text = rng.choice([word, word, word.title(), word.upper()])
    layout = rng.choice(["", "", "-k", "-W"])
    lines = render(text, font, layout)
    style, rights = FONTS[font][1:]
    return {
        "lines": lines, "style": style, "title": f"the word {word}", "rights": rights,
        "caption": rng.choice([f'"{text}" in {font} letters', f"{text}, lettering", f"the word {word} in letters"]),
        "tags": [f"{word} lettering"], "source": f"lettering/{font}", "seed": index,
    }  # fmt: skip
