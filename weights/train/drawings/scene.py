"""A scene: who, doing what, with what, where and how it is painted; and its picture."""

import random
from dataclasses import dataclass, replace

import numpy as np
import skia

from . import shapes
from .catalog import CATALOG, COLORS, FACED, HEADS, KEYS
from .looks import LOOKS, SIZE, STYLES, paint
from .pen import EXPRESSIONS, Pen
from .places import PLACES

UNIT = 236


@dataclass
class Item:
    key: str
    color: str = None  # a name of COLORS
    count: int = 1
    mood: str = "plain"
    wear: str = None  # a key
    fire: bool = False
    size: str = None  # "giant", "tiny"
    made_of: str = None  # a key
    melting: bool = False


@dataclass
class Scene:
    subject: Item
    look: str = "oil"
    relation: str = None  # see RELATIONS
    object: Item = None
    place: str = None
    glitch: bool = False
    extra: Item = None  # a third thing, small, at a side
    seed: int = 0
    style: str = None  # a name of STYLES, instead of the look


# Relation -> how the two are arranged (see `arrange`).
RELATIONS = [
    "on",
    "in",
    "beside",
    "over",
    "under",
    "holding",
    "juggling",
    "from",
    "through",
    "full of",
    "eating",
]
GROUPS = {
    1: [(0, 0, 1)],
    2: [(-0.5, 0.02, 0.56), (0.5, -0.02, 0.56)],
    3: [(-0.6, 0.2, 0.46), (0.6, 0.2, 0.46), (0, -0.3, 0.46)],
    4: [(-0.5, -0.45, 0.44), (0.5, -0.45, 0.44), (-0.5, 0.48, 0.44), (0.5, 0.48, 0.44)],
    5: [
        (-0.62, -0.5, 0.38),
        (0.62, -0.5, 0.38),
        (-0.62, 0.5, 0.38),
        (0.62, 0.5, 0.38),
        (0, 0, 0.38),
    ],
}


class Painter:
    """Draws items on a canvas whose unit square is the whole picture."""

    def __init__(self, canvas, look, rng):
        self.canvas, self.look, self.rng = canvas, look, rng
        self.line = rng.uniform(0.75, 1.3)

    def one(
        self,
        key,
        x,
        y,
        scale,
        tint=None,
        mood="plain",
        flip=False,
        turn=0.0,
        mode="full",
        halo=None,
        seed=0,
        melt=0.0,
        front=False,
    ):
        rng = random.Random(seed)
        c = self.canvas
        c.save()
        c.translate(x, y)
        c.rotate(turn)
        c.scale(-scale if flip else scale, scale)
        pen = Pen(c, self.look, rng, tint, mood, self.line / max(scale, 0.45) ** 0.5)
        pen.mode, pen.halo, pen.front = mode, halo, front
        shapes.BEND[0] = shapes.random_bend(rng, 1.0, melt)
        CATALOG[key].draw(pen)
        shapes.BEND[0] = None
        c.restore()

    def copies(self, item, x, y, scale, **more):
        """The item once, or as often as it says."""
        rng, flip = self.rng, self.rng.random() < 0.5
        tint = COLORS[item.color] if item.color else None
        seed = rng.getrandbits(40)
        turn = rng.gauss(0, 5)
        for i, (dx, dy, k) in enumerate(GROUPS[item.count]):
            if item.count > 1:
                flip, seed, k = rng.random() < 0.5, seed + 1, k * rng.uniform(0.85, 1.08)
                dx, dy = dx + rng.gauss(0, 0.05), dy + rng.gauss(0, 0.06)
            self.figure(
                item, x + dx * scale, y + dy * scale, k * scale, tint, flip, turn, seed, more
            )

    def figure(self, item, x, y, scale, tint, flip, turn, seed, more):
        front = item.wear is not None
        args = dict(
            tint=tint,
            mood=item.mood,
            flip=flip,
            turn=turn,
            seed=seed,
            melt=0.9 if item.melting else 0,
            front=front,
        )
        if item.fire:
            self.fire(x, y, scale, 1.25, seed)
        if self.look.halo:
            self.one(item.key, x, y, scale, mode="halo", halo=self.look.halo, **args)
        elif self.look.shadow and item.count == 1:
            self.canvas.drawOval(
                skia.Rect(x - 0.75 * scale, y + 0.84 * scale, x + 0.8 * scale, y + 1.1 * scale),
                paint("#000000", 0.3),
            )
        if item.made_of:
            self.filled(item, x, y, scale, args)
        else:
            self.one(item.key, x, y, scale, **args)
        if item.wear:
            self.worn(item, x, y, scale, flip, turn, seed)
        if item.fire:
            self.fire(x, y + 0.3 * scale, scale * 0.8, 0.5, seed)

    def fire(self, x, y, scale, tall, seed):
        c = self.canvas
        c.save()
        c.translate(x, y + 0.85 * scale)
        c.scale(scale, scale)
        pen = Pen(c, self.look, random.Random(seed), line=self.line)
        pen.flames(0, 0, 1.0, 1.7 * tall, 5 if tall > 1 else 7)
        c.restore()

    def filled(self, item, x, y, scale, args):
        """The item's shape, made of other things."""
        c = self.canvas
        c.saveLayer()
        self.one(item.key, x, y, scale, **{**args, "tint": "#5a5a68"})
        layer = skia.Paint()
        layer.setBlendMode(skia.BlendMode.kSrcATop)
        c.saveLayer(None, layer)
        for i in range(20):
            u, v = -0.9 + 0.45 * (i % 5) + 0.2 * ((i // 5) % 2), -0.85 + 0.55 * (i // 5)
            self.one(
                item.made_of,
                x + u * scale,
                y + v * scale,
                0.26 * scale,
                seed=i,
                turn=self.rng.uniform(-40, 40),
            )
        c.restore()
        self.one(item.key, x, y, scale, **{**args, "mode": "lines"})
        c.restore()

    def worn(self, item, x, y, scale, flip, turn, seed):
        hx, top, wide, eyes = HEADS.get(item.key, (0, -0.85, 0.42, -0.2))
        if item.wear == "sunglasses":
            at, k = (hx, eyes), wide * 1.05
        elif item.wear == "tie":
            at, k = (hx * 0.5, 0.6), 0.4
        elif item.wear in ("boot", "shoe"):
            for s in (-0.3, 0.3):
                self.one(item.wear, x + s * scale, y + 0.9 * scale, 0.3 * scale, seed=seed)
            return
        else:
            k = wide * 1.15
            at = (hx, top - 0.28 * k)
        c = self.canvas
        c.save()
        c.translate(x, y)
        c.rotate(turn)
        c.scale(-scale if flip else scale, scale)
        self.one(item.wear, *at, k, seed=seed)
        c.restore()

    def scene(self, s):
        rng = self.rng
        dx, dy = rng.gauss(0, 0.16), rng.gauss(0, 0.1)
        dx, dy = max(-0.34, min(0.34, dx)), max(-0.25, min(0.25, dy))
        if s.object is None:
            k = {"giant": rng.uniform(0.85, 1.0), "tiny": rng.uniform(0.3, 0.42)}.get(
                s.subject.size
            ) or rng.uniform(0.56, 0.98)
            if s.extra:
                k = min(k, 0.66)
                self.copies(s.extra, rng.choice([-0.7, 0.7]), rng.uniform(0.4, 0.62), 0.3)
            self.copies(s.subject, dx * (1.3 - k), dy * (1.3 - k), k)
            return
        self.arrange(s, dx * 0.5, dy * 0.4)

    def arrange(self, s, dx, dy):
        rng, a, b, r = self.rng, s.subject, s.object, s.relation
        side = rng.choice([-1, 1])
        k = rng.uniform(0.9, 1.1)
        if s.extra:
            self.copies(s.extra, -side * 0.76, rng.uniform(0.5, 0.66), 0.24)
        if r in ("on", "from"):
            self.copies(b, dx + rng.gauss(0, 0.06), 0.56, 0.44 * k)
            self.copies(a, dx, -0.26 + dy * 0.5, 0.52 * k)
        elif r in ("in", "full of"):
            if r == "full of":
                a, b = b, a
                for i in (-1, 0, 1):
                    self.copies(
                        replace(a, count=1), dx + 0.3 * i * k, -0.12 + 0.06 * abs(i) + dy, 0.3 * k
                    )
            else:
                self.copies(a, dx, -0.24 + dy, 0.52 * k)
            self.copies(b, dx, 0.4 + dy, 0.6 * k)
        elif r == "over":
            self.copies(b, dx * 0.5, 0.62, 0.42 * k if b.key != "city" else 0.62)
            self.copies(a, dx, -0.36 + dy, 0.54 * k)
        elif r == "under":
            self.copies(a, dx, 0.38, 0.52 * k)
            self.copies(b, dx, -0.52 + dy * 0.4, 0.48 * k)
        elif r == "holding":
            self.copies(a, dx - 0.12 * side, dy, 0.7 * k)
            self.copies(b, dx + 0.48 * side, 0.42 + dy, 0.32 * k)
        elif r == "eating":
            self.copies(a, dx + 0.22 * side, dy, 0.66 * k)
            self.copies(b, dx - 0.52 * side, 0.2 + dy, 0.34 * k)
        elif r == "juggling":
            self.copies(a, dx, 0.32, 0.6 * k)
            for i in range(4):
                u = -0.66 + 0.44 * i
                self.copies(
                    replace(b, count=1),
                    dx * 0.5 + u,
                    -0.52 - 0.22 * (1 - (u / 0.7) ** 2) + rng.gauss(0, 0.04),
                    0.2,
                )
        elif r == "through":
            self.copies(b, -dx, -0.05 + dy, 0.82 * k)
            self.copies(a, dx + 0.2 * side, 0.3 + dy, 0.5 * k)
        else:  # beside
            self.copies(b, -0.46 * side + dx * 0.4, 0.14 + rng.gauss(0, 0.08), 0.44 * k)
            self.copies(a, 0.4 * side + dx * 0.4, rng.gauss(0, 0.08), 0.52 * k)


def render(scene, size=SIZE):
    """The scene as a size x size RGB picture; the same scene gives the same bytes."""
    # The ground has numbers of its own: one seed poses and places things alike at every look.
    rng, ground = (random.Random(f"{part} {scene.seed}") for part in ("picture", "ground"))
    look = STYLES[scene.style] if scene.style else LOOKS[scene.look]
    surface = skia.Surface(size, size)
    canvas = surface.getCanvas()
    canvas.scale(size / SIZE, size / SIZE)
    look.ground(canvas, ground)
    canvas.save()
    canvas.translate(SIZE / 2, SIZE / 2)
    canvas.scale(UNIT, UNIT)
    painter = Painter(canvas, look, rng)
    if scene.place:
        PLACES[scene.place](Pen(canvas, look, random.Random(ground.getrandbits(40))))
    painter.scene(scene)
    canvas.restore()
    look.over(canvas, ground)
    pixels = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3]
    if hasattr(look, "finish"):
        pixels = look.finish(pixels)
    return glitched(pixels, rng) if scene.glitch else np.ascontiguousarray(pixels)


def glitched(pixels, rng):
    """Bands moved sideways, the colours apart."""
    out, cell = pixels.copy(), len(pixels) // 16
    for _ in range(rng.randint(4, 8)):
        y, h, d = (
            cell * rng.randint(0, 14),
            cell * rng.randint(1, 2),
            cell * rng.choice([-2, -1, 1, 2]),
        )
        out[y : y + h] = np.roll(out[y : y + h], d, 1)
    out[..., 0] = np.roll(out[..., 0], cell // 4, 1)
    out[..., 2] = np.roll(out[..., 2], -cell // 4, 1)
    return out


WEIGHTS = [CATALOG[k].weight for k in KEYS]
OBJECTS = [k for k in KEYS if CATALOG[k].kind not in ("person",) or CATALOG[k].weight <= 1]
BY_KIND = {
    kind: [k for k in KEYS if CATALOG[k].kind == kind]
    for kind in {e.kind for e in CATALOG.values()}
}
FIVE = ["oil", "street", "punk", "dark", "surreal"]
OTHERS = ["cubist", "realism", "caricature", "propaganda", "pixel"]


def random_item(rng, keys=KEYS, weights=None, main=True):
    key = rng.choices(keys, weights)[0] if weights else rng.choice(keys)
    item = Item(key)
    if rng.random() < 0.4:
        item.color = rng.choice(list(COLORS))
    if rng.random() < (0.2 if main else 0.15):
        item.count = rng.choice([2, 2, 3, 3, 4, 5])
    if key in FACED and rng.random() < 0.6:
        item.mood = rng.choice(EXPRESSIONS)
    if main and item.count == 1:
        if key in HEADS and rng.random() < 0.22:
            item.wear = rng.choice(["hat", "crown", "sunglasses", "helmet", "tie", "boot"])
        if rng.random() < 0.12:
            item.fire = True
        if rng.random() < 0.12:
            item.size = rng.choice(["giant", "tiny"])
        x = rng.random()
        if x < 0.035:
            item.made_of = rng.choice(OBJECTS)
        elif x < 0.08:
            item.melting = True
    return item


def random_scene(rng):
    look = rng.choice(FIVE) if rng.random() < 0.68 else rng.choice(OTHERS)
    s = Scene(random_item(rng, KEYS, WEIGHTS), look, seed=rng.getrandbits(48))
    if rng.random() < 0.55:
        s.relation = rng.choice(RELATIONS + ["on", "beside", "over", "in"])
        if s.relation in ("in", "full of"):
            key = rng.choice(BY_KIND["container"] + ["boat", "car", "piano", "sofa", "bed", "hat"])
            if s.relation == "in":
                s.object = Item(key)
            else:
                s.subject, s.object = Item(key), random_item(rng, OBJECTS, main=False)
        else:
            s.object = random_item(rng, OBJECTS, main=False)
        if s.object.key == s.subject.key:
            s.object, s.relation = None, None
        s.subject.size = None
    elif rng.random() < 0.12:
        s.extra = random_item(rng, OBJECTS, main=False)
    if rng.random() < 0.25:
        s.place = rng.choice(list(PLACES))
    s.glitch = rng.random() < 0.04
    return s


def sheet(pictures, columns):
    rows = [np.concatenate(pictures[i : i + columns], 1) for i in range(0, len(pictures), columns)]
    return np.concatenate([r for r in rows if r.shape == rows[0].shape], 0)
