#!/usr/bin/env python3
"""Writes engine/ascii/font_data.cpp from the 8x16 bold face of Debian's package xfonts-terminus.

    tools/make_font.py /usr/share/fonts/X11/misc/ter-u16b_unicode.pcf.gz

The face is (c) 2010-2014 Dimitar Toshkov Zhekov, SIL Open Font License 1.1 (see NOTICE). What is
taken: ASCII, Latin-1, Cyrillic, box drawing and some punctuation. A few signs are drawn anew
below, because in the original a darker place of a charset may hold a lighter glyph; blocks,
shades and braille are not here at all: font.cpp draws them by rule.
"""

import gzip
import struct
import sys
from pathlib import Path

WIDTH, HEIGHT = 8, 16

TAKEN = [
    range(0x20, 0x7F),
    range(0xA0, 0x100),
    range(0x400, 0x460),  # Cyrillic
    range(0x490, 0x492),
    range(0x2500, 0x2580),  # box drawing
    map(ord, "–—‘’‚“”„•…€№←↑→↓−≈≠≤≥"),
]

# Signs of the charsets whose ink must grow along the charset: (first row, rows).
DRAWN = {
    "'": (1, "...##... ...##... ....#..."),
    "·": (6, "...##... ...##... ...##..."),
    "~": (6, ".###.... ##.##.## ....###."),
    "-": (7, ".######. .######."),
    "+": (5, "...##... ...##... .######. .######. ...##... ...##..."),
    "*": (5, "##.##.## .######. ..####.. .######. ##.##.##"),
    "#": (3, ".##.##.. .##.##.. #######. .##.##.. .##.##.. #######. .##.##.. .##.##.."),
    "%": (2, ".##...## ####.##. ####.##. .##.##.. ...##... ...##... ..##.##. .##.####"
             " .##.#### ##...##."),
}

# Dashed lines that the face lacks are its solid lines with gaps: (solid, rows or columns cut).
DASHED = {
    0x2504: ("─", 0b00100100), 0x2505: ("━", 0b00100100),
    0x254C: ("─", 0b00011000), 0x254D: ("━", 0b00011000),
    0x2506: ("│", {4, 5, 10, 11}), 0x2507: ("┃", {4, 5, 10, 11}),
    0x254E: ("│", {7, 8}), 0x254F: ("┃", {7, 8}),
}  # fmt: skip


class Pcf:
    """The tables of an X11 portable compiled font that its glyphs need."""

    METRICS, BITMAPS, ENCODINGS, ACCELERATORS = 4, 8, 32, 2

    def __init__(self, data):
        self.data = data
        if data[:4] != b"\x01fcp":
            sys.exit("not a PCF font")
        (count,) = struct.unpack_from("<i", data, 4)
        entries = (struct.unpack_from("<iiii", data, 8 + 16 * i) for i in range(count))
        self.offsets = {kind: offset for kind, _, _, offset in entries}
        self.ascent = self.table(self.ACCELERATORS, "i", skip=8)[0]
        self.metrics = self.read_metrics()
        self.index = self.read_encodings()

    def table(self, kind, form, skip=0, count=1):
        """`count` numbers of a table, `skip` bytes behind its format word."""
        at = self.offsets[kind]
        (flags,) = struct.unpack_from("<i", self.data, at)
        order = ">" if flags & 4 else "<"
        return struct.unpack_from(f"{order}{count}{form}", self.data, at + 4 + skip)

    def flags(self, kind):
        return struct.unpack_from("<i", self.data, self.offsets[kind])[0]

    def read_metrics(self):
        """Left bearing, right bearing, width, ascent and descent of every glyph."""
        if not self.flags(self.METRICS) & 0x100:
            (count,) = self.table(self.METRICS, "i")
            numbers = self.table(self.METRICS, "h", 4, 6 * count)
            return [numbers[6 * i : 6 * i + 5] for i in range(count)]
        (count,) = self.table(self.METRICS, "h")
        numbers = [n - 128 for n in self.table(self.METRICS, "B", 2, 5 * count)]
        return [numbers[5 * i : 5 * i + 5] for i in range(count)]

    def read_encodings(self):
        first_low, last_low, first_high, last_high, _ = self.table(self.ENCODINGS, "h", 0, 5)
        lows = last_low - first_low + 1
        glyphs = self.table(self.ENCODINGS, "H", 10, lows * (last_high - first_high + 1))
        return {
            (first_high + i // lows) * 256 + first_low + i % lows: glyph
            for i, glyph in enumerate(glyphs)
            if glyph != 0xFFFF
        }

    def rows(self, code_point):
        """The glyph on the cell: HEIGHT bytes, the leftmost pixel in the highest bit."""
        glyph = self.index[code_point]
        left, right, _, ascent, descent = self.metrics[glyph]
        flags = self.flags(self.BITMAPS)
        (count,) = self.table(self.BITMAPS, "i")
        padding = 1 << (flags & 3)
        stride = ((right - left + 7) // 8 + padding - 1) // padding * padding
        start = self.offsets[self.BITMAPS] + 8 + 4 * count + 16
        start += self.table(self.BITMAPS, "i", 4, count)[glyph]
        cell = [0] * HEIGHT
        for y in range(ascent + descent):
            for x in range(right - left):
                bit = 7 - x % 8 if flags & 8 else x % 8
                if self.data[start + y * stride + x // 8] >> bit & 1:
                    cell[self.ascent - ascent + y] |= 0x80 >> (left + x)
        return cell


def drawn(first, picture):
    rows = [int(r.replace(".", "0").replace("#", "1"), 2) for r in picture.split()]
    return [0] * first + rows + [0] * (HEIGHT - first - len(rows))


def dashed(rows, cut):
    if isinstance(cut, int):
        return [row & ~cut for row in rows]
    return [0 if y in cut else row for y, row in enumerate(rows)]


def main():
    font = Pcf(gzip.decompress(Path(sys.argv[1]).read_bytes()))
    glyphs = {c: font.rows(c) for taken in TAKEN for c in taken if c in font.index}
    glyphs |= {ord(sign): drawn(*picture) for sign, picture in DRAWN.items()}
    glyphs |= {c: dashed(font.rows(ord(solid)), cut) for c, (solid, cut) in DASHED.items()}
    lines = []
    for c in sorted(glyphs):
        rows = ",".join(map(str, glyphs[c]))
        lines.append(f"    {{0x{c:04X}, {{{rows}}}}},\n")
    target = Path(__file__).parent.parent / "engine/ascii/font_data.cpp"
    target.write_text(
        "// Made by tools/make_font.py from Terminus Font, (c) 2010-2014 Dimitar Toshkov Zhekov, SIL\n"
        "// Open Font License 1.1 (see NOTICE); this file stays under that license.\n"
        "// clang-format off\n"
        '#include "engine/ascii/font_data.h"\n\n'
        "namespace yent {\n\n"
        "namespace {\n\n"
        f"constexpr FontEntry entries[] = {{\n{''.join(lines)}}};\n\n"
        "}  // namespace\n\n"
        "std::span<const FontEntry> font_entries() { return entries; }\n\n"
        "}  // namespace yent\n"
    )
    print(f"{target}: {len(glyphs)} glyphs")


main()
