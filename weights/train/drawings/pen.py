"""A pen that draws in a look's way. A subject is a function of a pen, inside [-1, 1] x [-1, 1]."""

import skia

from .shapes import mix, oval, polygon, rgb, spline

INK = "#14101a"
EXPRESSIONS = ["plain", "happy", "angry", "sad", "screaming", "sleepy"]


class Pen:
    """`tint` replaces the subject's main colour; `mood` is the expression of its face.
    `mode` is "full", "halo" (everything in one colour, wider) or "lines" (outlines alone)."""

    def __init__(self, canvas, look, rng, tint=None, mood="plain", line=1.0):
        self.canvas, self.look, self.rng = canvas, look, rng
        self.tint, self.mood, self.mode, self.halo = tint, mood, "full", None
        self.front = False  # whether poses that turn away are forbidden
        self.outline = look.outline * line

    def main(self, color):
        return self.tint or color

    def dark(self, color, by=0.3):
        return mix(rgb(color), (0, 0, 0.05), by)

    def light(self, color, by=0.35):
        return mix(rgb(color), (1, 1, 1), by)

    def paint(self, color):
        return skia.Paint(AntiAlias=True, Color4f=skia.Color4f(*self.look.grade(rgb(color)), 1))

    def _halo(self, path, width=0.0, fill=True):
        p = skia.Paint(
            AntiAlias=True,
            Color4f=skia.Color4f(*rgb(self.halo), 1),
            StrokeWidth=width + 0.17,
            StrokeJoin=skia.Paint.kRound_Join,
            StrokeCap=skia.Paint.kRound_Cap,
            Style=skia.Paint.kStrokeAndFill_Style if fill else skia.Paint.kStroke_Style,
        )
        self.canvas.drawPath(path, p)

    def f(self, path, color, outline=True, shade=0.28):
        """Fills with the look's shading and outlines."""
        if self.mode == "halo":
            return self._halo(path)
        if self.mode == "full":
            p = self.paint(color)
            shade *= self.look.shade
            if shade > 0.02:
                base = self.look.grade(rgb(color))
                top, low = mix(base, (1, 1, 1), 0.55 * shade), mix(base, (0.05, 0, 0.12), shade)
                b = path.getBounds()
                p.setShader(
                    skia.GradientShader.MakeLinear(
                        [
                            skia.Point(b.left(), b.top()),
                            skia.Point(b.left() + b.width() * 0.5, b.bottom()),
                        ],
                        [skia.Color4f(*c, 1).toColor() for c in (top, base, low)],
                        [0, 0.45, 1],
                    )
                )
            self.canvas.drawPath(path, p)
        if outline and self.outline > 0:
            self.s(path, self.look.ink, self.outline)

    def d(self, path, color):
        """A flat patch without outline."""
        if self.mode == "halo":
            return self._halo(path)
        if self.mode == "full":
            self.canvas.drawPath(path, self.paint(color))

    def s(self, path, color, width):
        """A stroke."""
        if self.mode == "halo":
            return self._halo(path, width, False)
        p = self.paint(color)
        p.setStyle(skia.Paint.kStroke_Style)
        p.setStrokeWidth(width)
        p.setStrokeJoin(skia.Paint.kRound_Join)
        p.setStrokeCap(skia.Paint.kRound_Cap)
        self.canvas.drawPath(path, p)

    def c(self, points, color=INK, width=0.05):
        """A thin open curve."""
        self.s(spline(points, False), color, width)

    def l(self, points, color, width, outlined=True):
        """A limb: a thick curve with an outline."""
        path = spline(points, False)
        if self.mode == "halo":
            return self._halo(path, width, False)
        if outlined and self.outline > 0:
            self.s(path, self.look.ink, width + 1.7 * self.outline)
        if self.mode == "full":
            self.s(path, color, width)

    def flames(self, x, y, w, h, tongues=5, outline=True):
        """Fire standing on the line y."""
        lean = self.rng.uniform(-0.12, 0.12)
        heights = [self.rng.uniform(0.75, 1.1) for _ in range(tongues)]
        for shrink, color in ((1, "#d8260c"), (0.72, "#ff8a0f"), (0.42, "#ffe14a")):
            points = [(x - w * shrink, y)]
            for i in range(tongues):
                at = 2 * (i + 0.5) / tongues - 1
                tall = h * shrink * (1 - 0.55 * abs(at)) * heights[i]
                points += [
                    (x + w * shrink * at + lean * h * shrink, y - tall),
                    (x + w * shrink * (2 * (i + 1) / tongues - 1), y - tall * 0.45),
                ]
            points[-1] = (x + w * shrink, y)
            points.append((x, y + 0.12 * h * shrink))
            self.f(spline(points), color, outline and shrink == 1, 0.1)

    def eyes(self, y, dx, r, white="#ffffff", x=0.0, pupil=INK, tall=1.1):
        """A pair of eyes in this pen's mood."""
        for s in (-1, 1):
            cx = x + s * dx
            if self.mood == "sleepy":
                self.c([(cx - r, y), (cx, y + 0.5 * r), (cx + r, y)], INK, 0.05)
                continue
            big = 1.2 if self.mood == "screaming" else 1.0
            self.f(oval(cx, y, r * big, r * tall * big), white, shade=0.05)
            small = 0.32 if self.mood == "screaming" else 0.45
            self.d(oval(cx + 0.12 * r, y + 0.1 * r, r * small, r * small * 1.2), pupil)
            if self.mood == "angry":
                self.c(
                    [(cx + s * r * 1.2, y - r * 1.5), (cx - s * r * 0.9, y - r * 0.8)], INK, 0.075
                )
            elif self.mood == "sad":
                self.c(
                    [(cx + s * r * 1.2, y - r * 0.9), (cx - s * r * 0.8, y - r * 1.5)], INK, 0.06
                )
                self.f(
                    spline(
                        [
                            (cx, y + r * 1.2),
                            (cx + 0.3 * r, y + r * 2.1),
                            (cx, y + r * 2.5),
                            (cx - 0.3 * r, y + r * 2.1),
                        ]
                    ),
                    "#39c6ff",
                    False,
                )

    def mouth(self, x, y, w, color="#a01028"):
        if self.mood == "screaming":
            self.f(oval(x, y + 0.3 * w, 0.55 * w, 0.8 * w), "#3a0612", shade=0)
            self.d(oval(x, y + 0.7 * w, 0.3 * w, 0.25 * w), "#d02038")
        elif self.mood == "happy":
            self.f(
                spline(
                    [(x - w, y - 0.1 * w), (x, y + 0.1 * w), (x + w, y - 0.1 * w), (x, y + 0.8 * w)]
                ),
                color,
                shade=0,
            )
        elif self.mood in ("sad", "angry"):
            self.c([(x - w, y + 0.35 * w), (x, y - 0.05 * w), (x + w, y + 0.35 * w)], INK, 0.06)
        else:
            self.c([(x - w, y), (x, y + 0.15 * w), (x + w, y - 0.05 * w)], INK, 0.055)

    def skull(self, x, y, s, color="#f2ead0"):
        self.f(
            spline(
                [
                    (x, y - s),
                    (x + 0.7 * s, y - 0.7 * s),
                    (x + 0.82 * s, y),
                    (x + 0.5 * s, y + 0.42 * s),
                    (x + 0.44 * s, y + 0.85 * s),
                    (x - 0.44 * s, y + 0.85 * s),
                    (x - 0.5 * s, y + 0.42 * s),
                    (x - 0.82 * s, y),
                    (x - 0.7 * s, y - 0.7 * s),
                ]
            ),
            color,
        )
        for k in (-1, 1):
            self.d(oval(x + k * 0.36 * s, y - 0.04 * s, 0.25 * s, 0.27 * s), INK)
            if self.mood == "angry":
                self.c(
                    [(x + k * 0.65 * s, y - 0.5 * s), (x + k * 0.1 * s, y - 0.25 * s)],
                    INK,
                    0.09 * s,
                )
        self.d(
            polygon(
                [(x, y + 0.18 * s), (x + 0.12 * s, y + 0.42 * s), (x - 0.12 * s, y + 0.42 * s)]
            ),
            INK,
        )
        for k in (-1.5, -0.5, 0.5, 1.5):
            self.c(
                [(x + k * 0.19 * s, y + 0.56 * s), (x + k * 0.19 * s, y + 0.84 * s)], INK, 0.06 * s
            )

    def leaf(self, x, y, dx, dy, color="#2f9a3c"):
        nx, ny = -dy * 0.35, dx * 0.35
        self.f(
            spline(
                [
                    (x, y),
                    (x + dx * 0.5 + nx, y + dy * 0.5 + ny),
                    (x + dx, y + dy),
                    (x + dx * 0.5 - nx, y + dy * 0.5 - ny),
                ]
            ),
            color,
        )
