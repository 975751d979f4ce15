"""The project's own drawings (../drawings) as characters, through the project's own filter.

Three ways: `line` draws outlines in white chalk, hidden lines removed, and the filter chooses among
the marks of line art by shape; `shaded` keeps the tones and chooses by level; `solid` fills the
silhouette and chooses among blocks. `filter.cpp` is the filter as a program."""

import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import skia

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from drawings import shapes  # noqa: E402
from drawings.catalog import CATALOG  # noqa: E402
from drawings.looks import Look  # noqa: E402
from drawings.pen import EXPRESSIONS, Pen  # noqa: E402
from drawings.shapes import rgb  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
FILTER = str(Path(tempfile.gettempdir()) / "yent-art-filter")  # where it is built
CHARSETS = {
    "line": "/ \\|_-().,:`^'\"",
    "shaded": "shaded",
    "solid": "▘ ▝▀▖▌▞▛▗▚▐▜▄▙▟█",
}
TONES = " .:-=+*#%@"

# Variants of other subjects, and people who differ in clothes alone: no shape tells them apart.
LEFT_OUT = {
    "cyberpunk cat", "duck in a general's uniform", "mechanical duck", "bulldog in boxing gloves",
    "crow in a top hat", "chrome toad tipping its hat", "skeleton playing guitar", "two glitching hearts",
    "cracked mirror", "melting clock", "bone flowers", "broken umbrella", "bald philosopher riding a pig",
    "fish-headed tax collector", "tattooed cupid", "marble statue in headphones", "plastic mannequin",
    "bones growing flowers", "yawning void", "bird",
}  # fmt: skip
PEOPLE = {"face", "screaming face", "skeleton", "robot", "clown", "astronaut", "alien", "ghost", "snowman",
          "mermaid", "king", "queen", "cowboy", "devil", "angel", "chef", "hooded reaper"}  # fmt: skip
KEYS = [k for k, e in CATALOG.items() if k not in LEFT_OUT and (e.kind != "person" or k in PEOPLE)]
KINDS = {"wear": "clothes", "container": "thing"}


def light(color):
    r, g, b = rgb(color)
    return 0.299 * r + 0.587 * g + 0.114 * b


class Chalk(Pen):
    """White outlines on black. A shape hides what lies behind it; dark patches are filled."""

    def mark(self, path, value, width=0.0):
        p = skia.Paint(AntiAlias=True, Color4f=skia.Color4f(value, value, value, 1))
        if width:
            p.setStyle(skia.Paint.kStroke_Style)
            p.setStrokeWidth(width)
            p.setStrokeJoin(skia.Paint.kRound_Join)
            p.setStrokeCap(skia.Paint.kRound_Cap)
        self.canvas.drawPath(path, p)

    def f(self, path, color, outline=True, shade=0.28):
        self.mark(path, 0)
        self.mark(path, 1, self.outline)

    def d(self, path, color):
        if light(color) < 0.25:
            self.mark(path, 1)

    def s(self, path, color, width):
        self.mark(path, 1, self.outline)

    def l(self, points, color, width, outlined=True):  # noqa: E743
        path = shapes.spline(points, False)
        self.mark(path, 1, width + self.outline)
        self.mark(path, 0, max(0.01, width - self.outline))


class Cutout(Chalk):
    """The silhouette; dark patches are holes."""

    def f(self, path, color, outline=True, shade=0.28):
        self.mark(path, 0 if light(color) < 0.12 else 1)
        if outline:
            self.mark(path, 0, self.outline * 0.6)

    def d(self, path, color):
        self.mark(path, 0 if light(color) < 0.35 else 1)

    def s(self, path, color, width):
        self.mark(path, 0 if light(color) < 0.35 else 1, max(width, self.outline))

    def l(self, points, color, width, outlined=True):  # noqa: E743
        path = shapes.spline(points, False)
        self.mark(path, 1, max(width, self.outline))


def picture(key, rng, columns, way):
    """A square RGB picture, and words for it."""
    size, words = columns * 8, []
    surface = skia.Surface(size, size)
    c = surface.getCanvas()
    c.clear(skia.ColorBLACK)
    c.translate(size / 2, size / 2)
    c.scale(size * 0.44, size * 0.44)
    if rng.random() < 0.5:
        c.scale(-1, 1)
        words.append("flipped")
    c.rotate(rng.gauss(0, 4))
    look = Look()
    look.shade, look.ink = 0.6, "#000000"
    pen = {"line": Chalk, "solid": Cutout, "shaded": Pen}[way](c, look, rng)
    pen.outline = {"line": 1.76, "solid": 2.4, "shaded": 2.0}[way] / columns
    if rng.random() < 0.5:
        pen.mood = rng.choice(EXPRESSIONS)
        if CATALOG[key].kind in ("animal", "person") and pen.mood != "plain":
            words.append(pen.mood)
    if way == "shaded":
        pen.tint = None
    shapes.BEND[0] = shapes.random_bend(rng, 0.7)
    CATALOG[key].draw(pen)
    shapes.BEND[0] = None
    pixels = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3]
    return pixels, [w for w in words if w != "flipped"]


class Filter:
    """engine/ascii as a process; built once from its sources."""

    SOURCES = ["engine/ascii/filter.cpp", "engine/ascii/shape.cpp", "engine/ascii/font.cpp",
               "engine/ascii/font_data.cpp", "engine/ascii/charset.cpp", "loaders/io/utf8.cpp",
               "engine/text/unicode.cpp", "engine/text/unicode_tables.cpp"]  # fmt: skip

    def __init__(self, program):
        program = Path(program)
        if not program.exists():
            program.parent.mkdir(parents=True, exist_ok=True)
            here = Path(__file__).with_name("filter.cpp")
            found = [str(ROOT / s) for s in self.SOURCES if (ROOT / s).exists()]
            subprocess.run(
                ["g++", "-std=c++20", "-O2", "-DFMT_HEADER_ONLY", f"-I{ROOT}", str(here), *found, "-o", str(program)],
                check=True,
            )  # fmt: skip
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, pixels, columns, choice, charset):
        high, wide, _ = pixels.shape
        request = f"{wide} {high} {columns} {choice} {charset}\n".encode()
        self.process.stdin.write(request + np.ascontiguousarray(pixels).tobytes())
        self.process.stdin.flush()
        rows = int(self.process.stdout.readline())
        return [self.process.stdout.readline().decode().rstrip("\n") for _ in range(rows)]


def art(filter_, key, seed, way):
    """Lines of characters, and words. The same arguments give the same lines."""
    rng = random.Random(f"drawn {key} {seed} {way}")
    low, high = {"line": (22, 60), "shaded": (22, 56), "solid": (16, 44)}[way]
    columns = round(low + (high - low) * rng.random() ** 1.6)
    pixels, words = picture(key, rng, columns, way)
    if way == "shaded":
        # A level's character is found by its place, so a space may not come first in the request.
        lines = filter_(255 - pixels, columns, "level", TONES[::-1])
    else:
        lines = filter_(pixels, columns, "shape", CHARSETS[way])
    return lines, words
