"""Looks: palette, line, ground and surface. Textures repeat every 32 pixels, the autoencoder's
cell, so that they survive it."""

import colorsys
import functools
import math

import numpy as np
import skia

from .shapes import mix, rgb

SIZE = 512
INK = "#14101a"


def hls(color, light=1.0, sat=1.0, hue=0.0):
    h, l, s = colorsys.rgb_to_hls(*color)
    return colorsys.hls_to_rgb((h + hue) % 1, max(0, min(1, l * light)), max(0, min(1, s * sat)))


def snap(color, palette):
    """The nearest colour of a small palette, by luminance and a little by hue."""
    best = min(
        palette, key=lambda q: sum(w * (a - b) ** 2 for w, a, b in zip((0.5, 0.9, 0.4), color, q))
    )
    return best


class Look:
    outline, shade, ink = 0.05, 1.0, INK
    halo = None  # a colour around the subject
    shadow = True

    def grade(self, color):
        return color

    def ground(self, canvas, rng):
        raise NotImplementedError

    def over(self, canvas, rng):
        """The surface, after everything else."""


def paint(color, alpha=1.0, width=0.0):
    p = skia.Paint(AntiAlias=True, Color4f=skia.Color4f(*rgb(color), alpha))
    if width:
        p.setStyle(skia.Paint.kStroke_Style)
        p.setStrokeWidth(width)
        p.setStrokeCap(skia.Paint.kRound_Cap)
        p.setStrokeJoin(skia.Paint.kRound_Join)
    return p


def gradient(canvas, colors, radial=None):
    colors = [skia.Color4f(*rgb(c), 1).toColor() for c in colors]
    if radial:
        shader = skia.GradientShader.MakeRadial(skia.Point(*radial[:2]), radial[2], colors)
    else:
        shader = skia.GradientShader.MakeLinear([skia.Point(0, 0), skia.Point(0, SIZE)], colors)
    canvas.drawPaint(skia.Paint(Shader=shader))


def glow(canvas, x, y, r, color, alpha=0.9):
    c = skia.Color4f(*rgb(color), alpha).toColor()
    e = skia.Color4f(*rgb(color), 0).toColor()
    canvas.drawPaint(
        skia.Paint(
            Shader=skia.GradientShader.MakeRadial(skia.Point(x, y), r, [c, c, e], [0, 0.45, 1])
        )
    )


@functools.lru_cache(None)
def texture(name):
    """A 32 x 32 tile as a shader."""
    y, x = np.mgrid[0:32, 0:32]
    a = np.zeros((32, 32, 4), np.uint8)
    if name == "weave":
        v = np.sin(x * math.pi / 4) * np.sin(y * math.pi / 8) * 1.0
    elif name == "dots":
        v = np.where(((x % 16) - 7.5) ** 2 + ((y % 16) - 7.5) ** 2 < 14, -1.0, 0)
    elif name == "hatch":
        v = np.where((x + y) % 16 < 3, -1.0, 0)
    elif name == "grain":
        v = np.random.default_rng(3).normal(size=(16, 16)).repeat(2, 0).repeat(2, 1) * 0.6
    elif name == "grid":
        v = np.where((x % 8 == 0) | (y % 8 == 0), -1.0, 0)
    v = np.clip(v, -1, 1)
    a[..., 0] = a[..., 1] = a[..., 2] = np.where(v > 0, 255, 0)
    a[..., 3] = np.abs(v) * 255
    a[..., :3] = (a[..., :3] * (a[..., 3:] / 255)).astype(np.uint8)
    image = skia.Image.fromarray(np.ascontiguousarray(a), skia.kRGBA_8888_ColorType)
    return image.makeShader(skia.TileMode.kRepeat, skia.TileMode.kRepeat)


def cover(canvas, name, alpha):
    p = skia.Paint(Shader=texture(name))
    p.setAlphaf(alpha)
    canvas.drawPaint(p)


def strokes(canvas, rng, colors, n, length, width, alpha=0.5, angle=None):
    for _ in range(n):
        x, y = rng.uniform(-40, 552), rng.uniform(-20, 532)
        a = rng.uniform(-0.6, 0.3) if angle is None else angle + rng.gauss(0, 0.15)
        dx, dy = length * math.cos(a), length * math.sin(a)
        path = skia.Path()
        path.moveTo(x, y)
        path.quadTo(x + dx / 2 + 12, y + dy / 2 - 14, x + dx, y + dy)
        canvas.drawPath(path, paint(rng.choice(colors), alpha, width * rng.uniform(0.7, 1.3)))


def flat(path):
    return path


class Oil(Look):
    outline, ink = 0.032, "#2c1a18"

    def grade(self, c):
        return mix(hls(c, 0.96, 0.95), (0.75, 0.5, 0.2), 0.12)

    def ground(self, canvas, rng):
        low, high = rng.choice(
            [
                ("#1c4a52", "#7fb09a"),
                ("#4a2a1c", "#c89a5a"),
                ("#2a3a5a", "#8fa8b8"),
                ("#5a1c24", "#c86a4a"),
                ("#3a4420", "#a8a85a"),
            ]
        )
        gradient(canvas, [high, low], (rng.uniform(120, 390), rng.uniform(100, 300), 400))
        mid = mix(rgb(low), rgb(high), 0.5)
        strokes(canvas, rng, [low, high, mid], 60, 90, 22, 0.45)

    def over(self, canvas, rng):
        cover(canvas, "weave", 0.10)


class Street(Look):
    outline, halo = 0.062, "#fafafa"

    def grade(self, c):
        return hls(c, 1.05, 1.25)

    def ground(self, canvas, rng):
        wall = rng.choice(["#8a8e9c", "#a8644a", "#6a7a70", "#b0a890"])
        canvas.clear(skia.Color4f(*rgb(wall), 1))
        line = paint(mix(rgb(wall), (0, 0, 0), 0.3), 1, 4)
        for r in range(8):
            canvas.drawLine(0, r * 64 + 2, 512, r * 64 + 2, line)
            for c in range(5):
                x = c * 128 + (r % 2) * 64 + 2
                canvas.drawLine(x, r * 64, x, r * 64 + 64, line)
        for _ in range(rng.randint(2, 4)):
            glow(
                canvas,
                rng.uniform(60, 450),
                rng.uniform(60, 450),
                rng.uniform(110, 230),
                rng.choice(["#b8f020", "#ff2fa0", "#20c8f0", "#ffe01a", "#ff7a1c"]),
                0.85,
            )
        drip = rng.choice(["#ff2fa0", "#20c8f0", "#b8f020", "#14101a"])
        for _ in range(rng.randint(3, 7)):
            x, y = rng.uniform(10, 500), rng.uniform(120, 400)
            canvas.drawLine(x, y, x, y + rng.uniform(40, 110), paint(drip, 0.9, 9))


class Punk(Look):
    outline, shade = 0.07, 0.25

    def grade(self, c):
        return snap(
            hls(c, 1, 1.2),
            [
                rgb(q)
                for q in (
                    "#14101a",
                    "#ff2f92",
                    "#ffe01a",
                    "#f8f4ea",
                    "#e81c2c",
                    "#22d8e8",
                    "#3ac84a",
                    "#8a8490",
                    "#2a4ae0",
                    "#f0a070",
                )
            ],
        )

    def ground(self, canvas, rng):
        base, ray = rng.choice(
            [
                ("#ff2f92", "#ffe01a"),
                ("#ffe01a", "#ff2f92"),
                ("#f8f4ea", "#ff2f92"),
                ("#22d8e8", "#ff2f92"),
                ("#14101a", "#ff2f92"),
            ]
        )
        canvas.clear(skia.Color4f(*rgb(base), 1))
        k = rng.uniform(150, 260)
        corners = [
            [(0, 0), (k, 0), (0, k)],
            [(512, 512), (512 - k, 512), (512, 512 - k)],
            [(512, 0), (512 - k, 0), (512, k)],
            [(0, 512), (k, 512), (0, 512 - k)],
        ]
        for c in rng.sample(corners, 2):
            canvas.drawPath(raw_polygon(c), paint(INK if base != INK else "#f8f4ea"))
        x, y, r = rng.uniform(200, 310), rng.uniform(200, 310), rng.uniform(170, 230)
        torn = [
            (x + q * math.cos(a), y + q * math.sin(a))
            for a, q in ((i * math.pi / 11, r * rng.uniform(0.92, 1.08)) for i in range(22))
        ]
        canvas.drawPath(raw_polygon(torn), paint(ray))

    def over(self, canvas, rng):
        cover(canvas, "dots", 0.13)


class Dark(Look):
    outline, ink, halo = 0.045, "#08060c", "#c87a3a"

    def grade(self, c):
        return mix(hls(c, 0.78, 0.75), (0.2, 0.1, 0.3), 0.22)

    def ground(self, canvas, rng):
        gradient(canvas, ["#0d0a1c", "#1c1030", "#08060e"])
        x, y = rng.uniform(130, 380), rng.uniform(120, 330)
        glow(
            canvas,
            x,
            y,
            rng.uniform(240, 340),
            rng.choice(["#5c4a9c", "#8a3a2a", "#2a4a6a", "#6a5a2a"]),
            0.8,
        )
        for _ in range(rng.randint(0, 3)):
            cx, cy = rng.choice([rng.uniform(20, 100), rng.uniform(410, 490)]), rng.uniform(
                380, 440
            )
            glow(canvas, cx, cy - 14, 60, "#ffb050", 0.8)
            canvas.drawRect(skia.Rect(cx - 7, cy, cx + 7, 512), paint("#d8c8a0"))
            canvas.drawOval(skia.Rect(cx - 6, cy - 26, cx + 6, cy - 2), paint("#ffe9a0"))

    def over(self, canvas, rng):
        e = skia.Color4f(0, 0, 0, 0.75).toColor()
        canvas.drawPaint(
            skia.Paint(
                Shader=skia.GradientShader.MakeRadial(
                    skia.Point(256, 256),
                    380,
                    [skia.Color(0, 0, 0, 0), skia.Color(0, 0, 0, 0), e],
                    [0, 0.55, 1],
                )
            )
        )


class Surreal(Look):
    outline = 0.042

    def grade(self, c):
        return hls(c, 1.08, 1.2)

    def ground(self, canvas, rng):
        sky = rng.choice(
            [
                ("#0a7aa8", "#58d8c8", "#ffe88a"),
                ("#5a1c8a", "#ff6a9a", "#ffd08a"),
                ("#1c8a4a", "#b8e85a", "#fff0a0"),
                ("#ff8a3a", "#ffd04a", "#fff4c0"),
            ]
        )
        gradient(canvas, sky)
        y = rng.uniform(330, 420)
        floor, tile = rng.choice(
            [("#c8449a", "#2a1446"), ("#e8a03a", "#7a2a1c"), ("#f4f0e0", "#1c2a5a")]
        )
        canvas.drawRect(skia.Rect(0, y, 512, 512), paint(floor))
        vx = rng.uniform(150, 360)
        for i in range(-10, 11, 2):
            canvas.drawPath(
                raw_polygon(
                    [
                        (vx + i * 26, y),
                        (vx + (i + 1) * 26, y),
                        (vx + (i + 1) * 90, 512),
                        (vx + i * 90, 512),
                    ]
                ),
                paint(tile),
            )
        if rng.random() < 0.5:
            canvas.drawOval(
                skia.Rect.MakeXYWH(rng.uniform(10, 420), rng.uniform(10, 120), 80, 80),
                paint("#fff8e0"),
            )


class Cubist(Look):
    outline, shade = 0.06, 0.6

    def grade(self, c):
        return mix(hls(c, 0.95, 0.6), (0.72, 0.6, 0.42), 0.25)

    def ground(self, canvas, rng):
        canvas.clear(skia.Color4f(*rgb("#c8b48a"), 1))
        self.planes(
            canvas,
            rng,
            14,
            1.0,
            ["#b89a6a", "#8a9a90", "#d8c8a0", "#a8785a", "#7a8a9a", "#5a6a60"],
            True,
        )

    def planes(self, canvas, rng, n, alpha, colors, lines):
        for _ in range(n):
            x, y, r = rng.uniform(0, 512), rng.uniform(0, 512), rng.uniform(80, 190)
            a0 = rng.uniform(0, 6.3)
            pts = [
                (x + r * math.cos(a0 + d), y + r * math.sin(a0 + d))
                for d in (0, 1.4 + rng.random(), 3.4, 4.8)
            ]
            canvas.drawPath(raw_polygon(pts), paint(rng.choice(colors), alpha))
            if lines:
                canvas.drawPath(raw_polygon(pts), paint(INK, 0.8, 4))

    def over(self, canvas, rng):
        self.planes(canvas, rng, 7, 0.28, ["#f8ecd0", "#2a3a4a", "#d87a3a", "#3a7a8a"], False)


class Realism(Look):
    outline, ink = 0.028, "#1c1610"

    def grade(self, c):
        return mix(hls(c, 0.9, 0.5), (0.42, 0.33, 0.24), 0.2)

    def ground(self, canvas, rng):
        gradient(
            canvas,
            rng.choice([("#8a8478", "#6a6050", "#3a342a"), ("#7a8084", "#5a5a54", "#34302a")]),
        )
        for _ in range(rng.randint(2, 4)):
            x, w, h = rng.uniform(0, 460), rng.uniform(40, 110), rng.uniform(90, 220)
            canvas.drawRect(skia.Rect(x, 400 - h, x + w, 400), paint("#4a443a"))
            if rng.random() < 0.6:
                canvas.drawRect(
                    skia.Rect(x + w / 3, 330 - h, x + w / 3 + 16, 400 - h), paint("#3a342c")
                )
                glow(canvas, x + w / 3 + 20, 310 - h, 60, "#9a948a", 0.6)
        canvas.drawRect(skia.Rect(0, 400, 512, 512), paint("#4a4234"))
        strokes(canvas, rng, ["#8a7a60", "#3a3228", "#6a6250"], 40, 70, 26, 0.3, 0)

    def over(self, canvas, rng):
        cover(canvas, "grain", 0.16)


class Caricature(Look):
    outline, shade, ink, shadow = 0.034, 0.15, "#000000", False

    def grade(self, c):
        return c if max(c) < 0.12 else mix(hls(c, 1.1, 0.95), (1, 0.97, 0.9), 0.25)

    def ground(self, canvas, rng):
        canvas.clear(skia.Color4f(*rgb("#f8f2e2"), 1))
        for _ in range(rng.randint(2, 4)):
            glow(
                canvas,
                rng.uniform(80, 430),
                rng.uniform(80, 430),
                rng.uniform(110, 220),
                rng.choice(["#c8e0f0", "#f0d8b0", "#d8e8c0", "#f0c8d0"]),
                0.8,
            )
        y = rng.uniform(430, 480)
        for i in range(3):
            canvas.drawLine(
                60, y + 12 * i, 450, y + 12 * i + rng.uniform(-8, 8), paint("#1c1a20", 0.8, 3)
            )


class Propaganda(Look):
    outline, shade, halo = 0.05, 0.0, "#f4e8cc"

    def grade(self, c):
        return snap(
            hls(c, 1, 1.1),
            [rgb(q) for q in ("#14101a", "#d0201c", "#f4e8cc", "#8a1410", "#c8a878", "#5a544c")],
        )

    def ground(self, canvas, rng):
        a, b = rng.choice([("#d0201c", "#f4e8cc"), ("#f4e8cc", "#d0201c"), ("#14101a", "#d0201c")])
        canvas.clear(skia.Color4f(*rgb(a), 1))
        x, y = rng.choice([(0, 512), (512, 512), (256, 560), (256, 256)])
        n = 12
        for i in range(n):
            p, q = 2 * math.pi * i / n, 2 * math.pi * (i + 0.5) / n
            canvas.drawPath(
                raw_polygon(
                    [
                        (x, y),
                        (x + 900 * math.cos(p), y + 900 * math.sin(p)),
                        (x + 900 * math.cos(q), y + 900 * math.sin(q)),
                    ]
                ),
                paint(b),
            )
        if rng.random() < 0.6:
            canvas.drawRect(skia.Rect(0, 464, 512, 512), paint("#14101a"))


class Pixel(Look):
    outline, shade = 0.07, 0.0

    def grade(self, c):
        return tuple(round(v * 3) / 3 for v in hls(c, 1, 1.2))

    def ground(self, canvas, rng):
        sky = rng.choice(["#2a2a55", "#55aaff", "#000000", "#5500aa"])
        canvas.clear(skia.Color4f(*rgb(sky), 1))
        for i in range(16):
            if rng.random() < 0.7:
                canvas.drawRect(
                    skia.Rect.MakeXYWH(i * 32, 448 - 32 * rng.randint(0, 3), 32, 200),
                    paint(rng.choice(["#00aa55", "#005500", "#aa5500"])),
                )
        for _ in range(12):
            canvas.drawRect(
                skia.Rect.MakeXYWH(8 * rng.randint(0, 63), 8 * rng.randint(0, 40), 8, 8),
                paint("#ffffff"),
            )

    def finish(self, pixels):
        block = len(pixels) // 64
        small = pixels[block // 2 :: block, block // 2 :: block]
        small = (np.round(small / 85.0) * 85).astype(np.uint8)
        return small.repeat(block, 0).repeat(block, 1)


class Vivid(Oil):
    """The style "base": oil, but loud: raw colours in broad dabs."""

    outline, ink = 0.03, "#3a0a2a"

    def grade(self, c):
        return hls(c, 1.05, 1.5)

    def ground(self, canvas, rng):
        gradient(
            canvas,
            rng.choice([("#e8401c", "#f0c020"), ("#1c50d8", "#20c0c8"), ("#8a1cc0", "#f04080")]),
        )
        strokes(
            canvas, rng, ["#f0e040", "#e83a20", "#2060e8", "#20b060", "#f080c0"], 70, 60, 40, 0.75
        )


class Tags(Street):
    """The style "graffiti": a black wall full of tags."""

    outline, halo, ink = 0.075, "#30ff60", "#000000"

    def ground(self, canvas, rng):
        canvas.clear(skia.Color4f(*rgb("#1a1c20"), 1))
        for _ in range(rng.randint(7, 11)):
            x, y, path = rng.uniform(-20, 420), rng.uniform(10, 480), skia.Path()
            path.moveTo(x, y)
            for _ in range(rng.randint(4, 7)):
                path.quadTo(
                    x + rng.uniform(-10, 50),
                    y + rng.uniform(-70, 70),
                    x + 30,
                    y + rng.uniform(-30, 30),
                )
                x += 30
            canvas.drawPath(
                path,
                paint(
                    rng.choice(["#ff2fa0", "#20e8f0", "#f0f0f0", "#f0e020", "#9a40ff"]),
                    1,
                    rng.uniform(7, 15),
                ),
            )


class SocArt(Caricature):
    """The style "caricature": a yellowed journal with red stamps."""

    outline, ink = 0.05, "#1c1a20"

    def grade(self, c):
        return mix(hls(c, 1.0, 0.7), (0.85, 0.7, 0.4), 0.35)

    def ground(self, canvas, rng):
        canvas.clear(skia.Color4f(*rgb("#d8bc7a"), 1))
        for i in range(16):
            canvas.drawLine(0, 16 + 32 * i, 512, 16 + 32 * i, paint("#b89a58", 0.8, 3))
        for _ in range(rng.randint(1, 2)):
            x, y, r = rng.uniform(60, 450), rng.uniform(60, 450), rng.uniform(40, 80)
            canvas.drawOval(skia.Rect(x - r, y - r, x + r, y + r), paint("#c02a1c", 0.9, 9))
            canvas.drawPath(
                raw_polygon(
                    [
                        (
                            x + r * 0.7 * (1 if k % 2 == 0 else 0.4) * math.sin(k * math.pi / 5),
                            y - r * 0.7 * (1 if k % 2 == 0 else 0.4) * math.cos(k * math.pi / 5),
                        )
                        for k in range(10)
                    ]
                ),
                paint("#c02a1c", 0.9),
            )


class Constructivist(Propaganda):
    """The style "propaganda": a wedge, a circle, a slope."""

    halo = None

    def ground(self, canvas, rng):
        canvas.clear(skia.Color4f(*rgb("#f0e4c4"), 1))
        up = rng.choice([-1, 1])
        canvas.drawPath(
            raw_polygon([(0, 256 - 200 * up), (512, 256 + 200 * up), (512, 512), (0, 512)]),
            paint("#c8201a"),
        )
        x, y, r = rng.uniform(150, 360), rng.uniform(130, 330), rng.uniform(120, 180)
        canvas.drawOval(skia.Rect(x - r, y - r, x + r, y + r), paint("#14101a"))
        for i in range(4):
            canvas.drawRect(skia.Rect(0, 20 + 22 * i, 512, 28 + 22 * i), paint("#14101a", 0.85))


def raw_polygon(points):
    path = skia.Path()
    path.addPoly([skia.Point(*q) for q in points], True)
    return path


LOOKS = {
    "oil": Oil(),
    "street": Street(),
    "punk": Punk(),
    "dark": Dark(),
    "surreal": Surreal(),
    "cubist": Cubist(),
    "realism": Realism(),
    "caricature": Caricature(),
    "propaganda": Propaganda(),
    "pixel": Pixel(),
}
# The looks of the styles in weights/styles, which the default painter does not learn.
STYLES = {
    "base": Vivid(),
    "graffiti": Tags(),
    "caricature": SocArt(),
    "propaganda": Constructivist(),
    "pixel": LOOKS["pixel"],
}
