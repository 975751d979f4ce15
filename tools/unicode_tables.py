"""Writes engine/text/unicode_tables.cpp from Python's unicodedata: python tools/unicode_tables.py"""

import sys
import unicodedata
from pathlib import Path

ASSIGNED = [c for c in range(sys.maxunicode + 1) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)  # composed by arithmetic
SPACES = [*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F,
          0x205F, 0x3000]  # White_Space, which str.isspace is not


# Trigrams, hexagrams and counting rods, wide since Unicode 16, and the filler of Hangul, which nobody
# sees.
NOT_ONE_CELL = [*range(0x2630, 0x2638), *range(0x268A, 0x2690), *range(0x4DC0, 0x4E00), 0xFFA0,
                *range(0x1D300, 0x1D357), *range(0x1D360, 0x1D377)]


def ranges(codes):
    """[[first, last], ...] of a sorted list."""
    out = []
    for c in codes:
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def category(*names):
    """Of the general categories that are named, or that begin with the letter."""
    return ranges(c for c in ASSIGNED if unicodedata.category(chr(c)).startswith(names))


def stepped(*names):
    """[first, last, step]: capitals and small letters take turns in many alphabets."""
    out = []
    for c in (c for first, last in category(*names) for c in range(first, last + 1)):
        run = out[-1] if out else None
        if run and c - run[1] in ((1, 2) if run[0] == run[1] else (run[2],)):
            run[1:] = [c, c - run[1]]
        else:
            out.append([c, c, 1])
    return out


def other_word_characters():
    """Those of \\w as regular expressions for Unicode have it, less letters and marks: digits,
    letter-like numbers, what connects, joiners and the letters in circles."""
    circled = [*range(0x24B6, 0x24EA), *range(0x1F130, 0x1F14A), *range(0x1F150, 0x1F16A),
               *range(0x1F170, 0x1F18A)]
    found = [c for c in ASSIGNED if unicodedata.category(chr(c)) in ("Nd", "Nl", "Pc")]
    return ranges(sorted(found + [0x200C, 0x200D] + circled))


def one_cell():
    """What a terminal shows in one cell, by itself and where it stands."""
    def fits(c):
        char = chr(c)
        return (unicodedata.category(char)[0] in "LNPSZ"
                and unicodedata.category(char) not in ("Zl", "Zp")
                and unicodedata.east_asian_width(char) not in "WF"
                and unicodedata.bidirectional(char) not in ("R", "AL", "AN")
                and not 0x1160 <= c < 0x1200 and not 0xD7B0 <= c < 0xD800  # join to a syllable
                and c not in NOT_ONE_CELL
                and not 0x1F1E6 <= c < 0x1F200)  # join to flags
    return ranges(c for c in ASSIGNED if fits(c))


def lower_runs():
    """[first, last, step, distance]: every step-th code point moves by the distance."""
    out = []
    for c in ASSIGNED:
        low = chr(c).lower()
        if low == chr(c) or len(low) > 1:  # U+0130 alone becomes two; the code knows it
            continue
        distance = ord(low) - c
        run = out[-1] if out else None
        if run and run[3] == distance and c - run[1] in ((1, 2) if run[0] == run[1] else (run[2],)):
            run[1:3] = [c, c - run[1]]
        else:
            out.append([c, c, 1, distance])
    return out


def combining_classes():
    out = []
    for c in ASSIGNED:
        value = unicodedata.combining(chr(c))
        if value and out and out[-1][1] == c - 1 and out[-1][2] == value:
            out[-1][1] = c
        elif value:
            out.append([c, c, value])
    return out


def decompositions():
    """[composed, first, second or 0, may be composed again], one level deep."""
    out = []
    for c in ASSIGNED:
        parts = unicodedata.decomposition(chr(c)).split()
        if c in HANGUL or not parts or parts[0].startswith("<"):
            continue
        parts = [int(p, 16) for p in parts]
        composes = unicodedata.normalize("NFC", chr(c)) == chr(c)
        out.append([c, *parts, *[0] * (2 - len(parts)), int(composes)])
    return out


def table(kind, name, rows):
    items = ["{" + ", ".join(f"0x{v:X}" if v > 9 else str(v) for v in row) + "}," for row in rows]
    lines, line = [], " "
    for item in items:
        if len(line) + 1 + len(item) > 100:
            lines.append(line)
            line = " "
        line += " " + item
    return f"const {kind} {name}_data[] = {{\n" + "\n".join([*lines, line]) + "\n};\n"


TABLES = [("CodeRange", "letters", category("L")), ("CodeRange", "numbers", category("N")),
          ("CodeRange", "marks", category("M")), ("CodeRange", "other_word", other_word_characters()),
          ("CodeRange", "punctuation", category("P")), ("CodeRange", "symbols", category("S")),
          ("StepRange", "upper", stepped("Lu")), ("StepRange", "lower", stepped("Ll")),
          ("CodeRange", "title", category("Lt")), ("CodeRange", "modifiers", category("Lm")),
          ("CodeRange", "spaces", ranges(SPACES)), ("CodeRange", "one_cell", one_cell()),
          ("LowerRun", "lower_runs", lower_runs()),
          ("ClassRange", "combining_classes", combining_classes()),
          ("Decomposition", "decompositions", decompositions())]


def main():
    text = ("// Written by tools/unicode_tables.py from Unicode " + unicodedata.unidata_version +
            "; not edited by hand.\n#include \"engine/text/unicode_tables.h\"\n\n"
            "// clang-format off\nnamespace yent::unicode {\n\nnamespace {\n\n")
    text += "\n".join(table(*t) for t in TABLES) + "\n}  // namespace\n\n"
    text += "".join(f"const std::span<const {kind}> {name}{{{name}_data}};\n" for kind, name, _ in TABLES)
    text += "\n}  // namespace yent::unicode\n"
    path = Path(__file__).parent.parent / "engine/text/unicode_tables.cpp"
    path.write_text(text)


main()
