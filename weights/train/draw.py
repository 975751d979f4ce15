"""Draws the subjects that Yent paints: a seeded generator of (picture, caption subject, style).

The default painter learns from nothing but these drawings. Each subject is a function of a `Pen`
that draws inside the square [-1, 1] x [-1, 1], y downwards, with thick outlines and few bold
shapes, because the pictures end as ASCII art. A style chooses background, palette and texture.
"""

import colorsys
import math
import random

import numpy as np
import skia

SIZE = 256
STYLES = ["oil", "street", "punk", "dark", "surreal"]
INK = "#14101a"


def spline(points, closed=True):
    """A Catmull-Rom curve through the points, as a path of cubics."""
    n = len(points)
    path = skia.Path()
    path.moveTo(*points[0])
    for i in range(n if closed else n - 1):
        p0, p1, p2, p3 = (points[j % n] if closed else points[max(0, min(n - 1, j))]
                          for j in (i - 1, i, i + 1, i + 2))
        path.cubicTo(p1[0] + (p2[0] - p0[0]) / 6, p1[1] + (p2[1] - p0[1]) / 6,
                     p2[0] - (p3[0] - p1[0]) / 6, p2[1] - (p3[1] - p1[1]) / 6, *p2)
    if closed:
        path.close()
    return path


def polygon(points):
    path = skia.Path()
    path.addPoly([skia.Point(*p) for p in points], True)
    return path


def oval(x, y, rx, ry=None):
    ry = rx if ry is None else ry
    return skia.Path().addOval(skia.Rect(x - rx, y - ry, x + rx, y + ry))


def box(x0, y0, x1, y1, r=0.0):
    return skia.Path().addRoundRect(skia.Rect(x0, y0, x1, y1), r, r)


def star(x, y, outer, inner, spikes, rng=None, turn=0.0):
    points = []
    for i in range(2 * spikes):
        r = (inner if i % 2 else outer) * (rng.uniform(0.85, 1.15) if rng else 1)
        a = turn + math.pi * i / spikes
        points.append((x + r * math.sin(a), y - r * math.cos(a)))
    return polygon(points)


def heart(x, y, s):
    path = skia.Path()
    path.moveTo(x, y + 0.85 * s)
    path.cubicTo(x - 1.45 * s, y - 0.1 * s, x - 0.8 * s, y - 1.15 * s, x, y - 0.4 * s)
    path.cubicTo(x + 0.8 * s, y - 1.15 * s, x + 1.45 * s, y - 0.1 * s, x, y + 0.85 * s)
    path.close()
    return path


def mix(a, b, t):
    return tuple(u + (v - u) * t for u, v in zip(a, b))


def rgb(color):
    if isinstance(color, str):
        return tuple(int(color[i:i + 2], 16) / 255 for i in (1, 3, 5))
    return color


def graded(color, style):
    """The colour as this style shades it."""
    h, l, s = colorsys.rgb_to_hls(*rgb(color))
    if style == "oil":
        return mix(colorsys.hls_to_rgb(h, l * 0.96, min(1, s * 0.95)), (0.75, 0.5, 0.2), 0.12)
    if style == "street":
        return colorsys.hls_to_rgb(h, min(0.95, l * 1.05), min(1, s * 1.25))
    if style == "punk":
        l = 0.5 + (l - 0.5) * 1.25
        return colorsys.hls_to_rgb(h, max(0, min(1, l)), min(1, s * 1.3))
    if style == "dark":
        return mix(colorsys.hls_to_rgb(h, l * 0.97, s * 0.85), (0.16, 0.1, 0.3), 0.1)
    return colorsys.hls_to_rgb(h, min(0.9, l * 1.08), min(1, s * 1.15))


class Pen:
    """A canvas in subject coordinates; every fill is shaded and outlined in the style's way."""

    def __init__(self, canvas, style, rng):
        self.canvas, self.style, self.rng = canvas, style, rng
        self.outline = {"oil": 0.05, "street": 0.06, "punk": 0.06, "dark": 0.05,
                        "surreal": 0.055}[style]

    def paint(self, color):
        return skia.Paint(AntiAlias=True, Color4f=skia.Color4f(*graded(color, self.style), 1))

    def fill(self, path, color, outline=True, shade=0.28):
        p = self.paint(color)
        base = graded(color, self.style)
        top, low = mix(base, (1, 1, 1), 0.55 * shade), mix(base, (0.05, 0.0, 0.12), shade)
        b = path.getBounds()
        colors = [skia.Color4f(*c, 1).toColor() for c in (top, base, low)]
        p.setShader(skia.GradientShader.MakeLinear(
            [skia.Point(b.left(), b.top()), skia.Point(b.left() + b.width() * 0.5, b.bottom())],
            colors, [0, 0.45, 1]))
        self.canvas.drawPath(path, p)
        if outline:
            self.stroke(path, INK, self.outline)

    def flat(self, path, color):
        self.canvas.drawPath(path, self.paint(color))

    def stroke(self, path, color, width):
        p = self.paint(color)
        p.setStyle(skia.Paint.kStroke_Style)
        p.setStrokeWidth(width)
        p.setStrokeJoin(skia.Paint.kRound_Join)
        p.setStrokeCap(skia.Paint.kRound_Cap)
        self.canvas.drawPath(path, p)

    def line(self, points, color, width, outlined=True):
        path = spline(points, closed=False)
        if outlined:
            self.stroke(path, INK, width + 1.7 * self.outline)
        self.stroke(path, color, width)

    def glow(self, path, color, sigma=0.07):
        p = self.paint(color)
        p.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, sigma * 110))
        self.canvas.drawPath(path, p)

    def flames(self, x, y, w, h, tongues=5, outline=True):
        """Fire standing on the line y: three nested crowns, red to yellow."""
        lean = self.rng.uniform(-0.03, 0.03)
        for shrink, color in ((1, "#d8260c"), (0.72, "#ff8a0f"), (0.42, "#ffe14a")):
            points = [(x - w * shrink, y)]
            for i in range(tongues):
                c = x + w * shrink * (2 * (i + 0.5) / tongues - 1)
                tall = h * shrink * (1 - 0.55 * abs(2 * (i + 0.5) / tongues - 1))
                tall *= 1 if i % 2 == 0 else 0.8
                points += [(c + lean, y - tall),
                           (x + w * shrink * (2 * (i + 1) / tongues - 1), y - tall * 0.45)]
            points[-1] = (x + w * shrink, y)
            points.append((x, y + 0.12 * h * shrink))
            path = spline(points)
            self.fill(path, color, outline and shrink == 1, 0.1)


# --- subjects -----------------------------------------------------------------------------------

def cat(pen, variant="cat"):
    fur = {"cat": {"oil": "#f08a24", "street": "#8d8f9c", "punk": "#3a3346", "dark": "#8d8f9c",
                   "surreal": "#f08a24"}[pen.style], "cyber": "#4a3a78",
           "orange": "#f08a24", "black": "#2e2838"}[variant]
    eyes = {"cat": "#7dff4a", "cyber": "#22f5e6", "orange": "#7dff4a",
            "black": "#ffe14a"}[variant]
    pen.line([(0.42, 0.85), (0.85, 0.8), (0.86, 0.35), (0.68, 0.2)], fur, 0.15)
    pen.fill(spline([(-0.34, 0.2), (0.34, 0.2), (0.56, 0.7), (0.48, 0.98), (-0.48, 0.98),
                     (-0.56, 0.7)]), fur)
    for s in (-1, 1):
        pen.fill(oval(s * 0.2, 0.92, 0.16, 0.1), fur)
    for s in (-1, 1):
        pen.fill(polygon([(s * 0.62, -0.35), (s * 0.58, -0.98), (s * 0.12, -0.62)]), fur)
        pen.flat(polygon([(s * 0.52, -0.5), (s * 0.51, -0.82), (s * 0.26, -0.62)]), "#ff8fa8")
    pen.fill(spline([(0, -0.68), (0.45, -0.58), (0.68, -0.2), (0.5, 0.2), (0, 0.34), (-0.5, 0.2),
                     (-0.68, -0.2), (-0.45, -0.58)]), fur)
    for s in (-1, 1):
        pen.glow(oval(s * 0.28, -0.2, 0.22, 0.2), eyes)
        pen.fill(oval(s * 0.28, -0.2, 0.19, 0.17), eyes, shade=0.1)
        pen.flat(oval(s * 0.28, -0.2, 0.055, 0.15), INK)
    pen.fill(polygon([(-0.09, 0.0), (0.09, 0.0), (0, 0.1)]), "#ff7d98", shade=0)
    pen.stroke(spline([(-0.18, 0.18), (-0.07, 0.2), (0, 0.1), (0.07, 0.2), (0.18, 0.18)], False),
               INK, 0.04)
    for s in (-1, 1):
        for dy in (-0.05, 0.06):
            pen.stroke(spline([(s * 0.3, 0.06 + dy / 2), (s * 0.9, 0.02 + 2.2 * dy)], False),
                       "#f4f0e6", 0.025)
    if variant == "cyber":
        for s in (-1, 1):
            pen.stroke(spline([(s * 0.14, -0.62), (s * 0.14, -0.45), (s * 0.4, -0.42)], False),
                       "#ff2fb2", 0.04)
        pen.stroke(spline([(-0.3, 0.45), (-0.1, 0.6), (-0.1, 0.8)], False), "#22f5e6", 0.05)
        pen.stroke(spline([(0.3, 0.45), (0.1, 0.6), (0.1, 0.8)], False), "#ff2fb2", 0.05)


def duck(pen, variant="duck"):
    body = "#ffd21c" if variant != "mechanical" else "#b9c3cc"
    if variant == "fire":
        pen.flames(0.16, 0.7, 1.0, 1.75, 5)
    pen.fill(spline([(-0.55, 0.05), (-0.2, 0.2), (0.3, 0.12), (0.75, 0.0), (0.98, -0.28),
                     (0.95, 0.3), (0.7, 0.72), (0.1, 0.86), (-0.5, 0.75), (-0.74, 0.4)]), body)
    pen.fill(spline([(0.02, 0.35), (0.4, 0.28), (0.72, 0.2), (0.62, 0.5), (0.3, 0.6),
                     (0.06, 0.52)]), "#f2b40e" if variant != "mechanical" else "#8f9aa6")
    pen.fill(oval(-0.3, -0.36, 0.46, 0.46), body)
    pen.fill(spline([(-0.68, -0.36), (-1.0, -0.3), (-1.02, -0.16), (-0.7, -0.04),
                     (-0.5, -0.18)]), "#ff6a13")
    pen.stroke(spline([(-0.98, -0.2), (-0.6, -0.2)], False), INK, 0.035)
    pen.fill(oval(-0.36, -0.46, 0.14, 0.15), "#ffffff", shade=0)
    pen.flat(oval(-0.39, -0.45, 0.065, 0.08), INK)
    if variant in ("angry", "fire"):
        pen.stroke(spline([(-0.58, -0.56), (-0.14, -0.78)], False), INK, 0.09)
    if variant == "uniform":
        pen.fill(box(-0.72, -0.98, 0.12, -0.74, 0.06), "#3d5a2c")
        pen.fill(polygon([(-0.8, -0.74), (0.14, -0.74), (0.1, -0.66), (-0.86, -0.66)]), INK)
        pen.fill(star(-0.3, -0.86, 0.1, 0.05, 5), "#ffd21c", False)
    for i in range(2):
        x = -0.55 + 0.75 * i
        pen.stroke(spline([(x - 0.3, 0.94), (x, 0.88), (x + 0.3, 0.94)], False), "#39b6ff", 0.06)


def rose_head(pen, x, y, s, color="#e0122d"):
    for a in range(5):
        t = a * 2 * math.pi / 5 + 0.3
        pen.fill(oval(x + 0.5 * s * math.sin(t), y - 0.45 * s * math.cos(t), 0.56 * s, 0.5 * s),
                 color)
    pen.fill(oval(x, y, 0.62 * s, 0.58 * s), color)
    turns = [(x + s * r * math.cos(a), y + s * r * math.sin(a) * 0.9)
             for r, a in ((0.52 - 0.035 * i, 0.75 * i) for i in range(14))]
    pen.stroke(spline(turns, False), "#5c0414", 0.07 * s + 0.015)


def leaf(pen, x, y, dx, dy, color="#2f9a3c"):
    nx, ny = -dy * 0.35, dx * 0.35
    pen.fill(spline([(x, y), (x + dx * 0.5 + nx, y + dy * 0.5 + ny), (x + dx, y + dy),
                     (x + dx * 0.5 - nx, y + dy * 0.5 - ny)]), color)


def rose(pen, burning=True):
    pen.line([(0, 0.0), (0.05, 0.5), (-0.02, 1.0)], "#2f9a3c", 0.09)
    leaf(pen, 0.03, 0.6, 0.52, -0.2)
    leaf(pen, 0.02, 0.75, -0.52, -0.16)
    if burning:
        pen.flames(0, 0.2, 0.78, 1.2, 5)
    rose_head(pen, 0, -0.12, 0.52)


def hearts(pen):
    for dx, c in ((-0.05, "#19e3ff"), (0.05, "#ff2fb2")):
        pen.flat(heart(-0.33 + dx, -0.1, 0.6), c)
        pen.flat(heart(0.36 + dx, 0.18, 0.52), c)
    pen.fill(heart(-0.33, -0.1, 0.58), "#e8132f")
    pen.fill(heart(0.36, 0.18, 0.5), "#ff4f8e")
    for y in (-0.2, 0.12, 0.4):
        pen.flat(box(-0.95, y, -0.3, y + 0.045), "#19e3ff")
        pen.flat(box(0.3, y + 0.1, 0.95, y + 0.145), "#ffe14a")
    pen.line([(-0.6, 0.55), (-0.1, 0.3), (0.2, 0.75), (0.75, 0.62)], INK, 0.03, False)


def plain_heart(pen):
    pen.fill(heart(0, 0.06, 0.95), "#e8132f")
    pen.flat(spline([(-0.62, -0.28), (-0.48, -0.5), (-0.28, -0.52), (-0.46, -0.3)]), "#ffb3bd")


def broken_heart(pen):
    crack = [(0.02, -0.36), (-0.14, -0.12), (0.12, 0.1), (-0.1, 0.34), (0.08, 0.56), (0.0, 0.88)]
    whole = heart(0, 0.06, 0.92)
    for side, turn in ((-1, -9), (1, 9)):
        edge = polygon([(side * 2, -2), (crack[0][0], -2)] + crack + [(0, 2), (side * 2, 2)])
        half = skia.Op(whole, edge, skia.PathOp.kIntersect_PathOp)
        pen.canvas.save()
        pen.canvas.translate(side * 0.11, 0)
        pen.canvas.rotate(turn)
        pen.fill(half, "#e8132f")
        pen.canvas.restore()
    pen.flat(spline([(-0.78, -0.2), (-0.66, -0.44), (-0.44, -0.5), (-0.62, -0.26)]), "#ffb3bd")
    for x, y, r in ((0.0, -0.62, 0.07), (-0.05, 0.98, 0.05)):
        pen.fill(polygon([(x - r, y), (x, y - r), (x + r, y + r)]), "#e8132f")


def wilting_flower(pen):
    pen.line([(-0.3, 1.0), (-0.38, 0.3), (-0.2, -0.5), (0.2, -0.74), (0.46, -0.4)], "#4f8f3a",
             0.09)
    leaf(pen, -0.36, 0.4, -0.4, 0.34, "#6f8f3a")
    leaf(pen, -0.36, 0.6, 0.36, 0.3, "#6f8f3a")
    for t in (-0.85, -0.45, 0, 0.45, 0.85):
        dx, dy = 0.5 * math.sin(t), 0.5 * math.cos(t)
        leaf(pen, 0.46, -0.3, dx * 1.05, dy * 1.1, "#c04aa8")
    pen.fill(oval(0.46, -0.34, 0.2, 0.18), "#e0a020")
    for x, y in ((0.2, 0.9), (0.72, 0.8), (0.5, 0.96)):
        pen.fill(oval(x, y, 0.11, 0.06), "#c04aa8")


def cracked_mirror(pen):
    pen.fill(oval(0, 0, 0.72, 0.98), "#c8921e")
    pen.fill(oval(0, 0, 0.56, 0.81), "#b8dcea", shade=0.45)
    pen.flat(spline([(-0.38, -0.3), (-0.2, -0.62), (-0.1, -0.6), (-0.3, -0.1)]), "#f2fbff")
    x, y = 0.08 + pen.rng.uniform(-0.05, 0.05), -0.05
    glass = oval(0, 0, 0.56, 0.81)
    pen.canvas.save()
    pen.canvas.clipPath(glass, doAntiAlias=True)
    for i in range(8):
        a = i * math.pi / 4 + 0.25
        r, bend = 0.35, 0.22
        mid = (x + r * math.cos(a + bend), y + r * math.sin(a + bend))
        pen.stroke(polygon([(x, y), mid, (x + math.cos(a), y + math.sin(a)), mid]), INK, 0.035)
        nxt = a + math.pi / 4
        pen.stroke(spline([mid, (x + r * 0.9 * math.cos(nxt + bend),
                                 y + r * 0.9 * math.sin(nxt + bend))], False), INK, 0.025)
    pen.canvas.restore()
    for s in (-1, 1):
        pen.fill(oval(0, s * 0.94, 0.14, 0.1), "#e0b040")
        pen.fill(oval(s * 0.68, 0, 0.1, 0.14), "#e0b040")


def explosion(pen):
    rng = pen.rng
    turn = rng.uniform(-0.1, 0.1)
    for r, inner, c in ((1.05, 0.62, "#d8260c"), (0.8, 0.46, "#ff8a0f"), (0.54, 0.32, "#ffe14a"),
                        (0.28, 0.16, "#fffbe0")):
        pen.fill(star(0, 0, r, inner, 11, rng, turn), c, shade=0.1)
    for i in range(7):
        a = i * 2 * math.pi / 7 + 0.4
        x, y = 0.86 * math.cos(a), 0.86 * math.sin(a)
        pen.fill(star(x, y, 0.11, 0.07, 3, None, a), "#5a5266")


def scream(pen):
    skin = "#f0d8a0"
    pen.fill(spline([(-0.5, 1.0), (-0.4, 0.55), (0.4, 0.55), (0.5, 1.0)]), "#2c3f78")
    pen.fill(spline([(0, -0.95), (0.48, -0.75), (0.58, -0.25), (0.4, 0.35), (0.22, 0.78),
                     (-0.22, 0.78), (-0.4, 0.35), (-0.58, -0.25), (-0.48, -0.75)]), skin)
    for s in (-1, 1):
        pen.fill(oval(s * 0.25, -0.35, 0.17, 0.2), "#ffffff", shade=0.1)
        pen.flat(oval(s * 0.25, -0.33, 0.07, 0.09), INK)
        pen.stroke(spline([(s * 0.1, -0.66), (s * 0.4, -0.6)], False), INK, 0.05)
        pen.line([(s * 0.8, 1.0), (s * 0.74, 0.55), (s * 0.52, 0.2)], skin, 0.22)
        pen.fill(spline([(s * 0.38, 0.42), (s * 0.4, -0.1), (s * 0.56, -0.2), (s * 0.7, 0.1),
                         (s * 0.66, 0.46)]), skin)
    pen.stroke(spline([(-0.04, -0.08), (-0.06, 0.04), (0.05, 0.05)], False), INK, 0.035)
    pen.fill(oval(0, 0.36, 0.2, 0.3), "#3a0612")
    pen.flat(oval(0, 0.54, 0.11, 0.09), "#d02038")


def void(pen):
    n = 9
    for i in range(n):
        t = i / (n - 1)
        color = mix(rgb("#8f2fe0"), rgb("#05030c"), t ** 0.7)
        if i % 2:
            color = mix(color, rgb("#22b8e6"), 0.45 * (1 - t))
        pen.fill(oval(0, 0, 1.0 - 0.085 * i, 0.96 - 0.082 * i), color, i == 0, 0.05)
    for k in range(3):
        a0 = k * 2 * math.pi / 3 + pen.rng.uniform(-0.2, 0.2)
        arm = [((0.95 - 0.075 * i) * math.cos(a0 + 0.33 * i),
                (0.92 - 0.075 * i) * math.sin(a0 + 0.33 * i)) for i in range(9)]
        pen.stroke(spline(arm, False), "#f4e8ff", 0.05)
    for i in range(14):
        a = i * 2 * math.pi / 14
        tip = 0.24
        pen.flat(polygon([(0.42 * math.cos(a - 0.17), 0.42 * math.sin(a - 0.17)),
                          (0.42 * math.cos(a + 0.17), 0.42 * math.sin(a + 0.17)),
                          (tip * math.cos(a), tip * math.sin(a))]), "#f8f2e0")


def melting_clock(pen):
    pen.fill(polygon([(-1.0, 0.12), (1.0, 0.12), (1.0, 0.34), (-1.0, 0.34)]), "#8a5a2c")
    face = [(-0.78, -0.25), (-0.5, -0.72), (0, -0.86), (0.5, -0.72), (0.78, -0.25), (0.8, 0.3),
            (0.78, 0.75), (0.62, 0.98), (0.48, 0.7), (0.44, 0.34), (0.2, 0.24), (0.1, 0.5),
            (0.0, 0.62), (-0.1, 0.48), (-0.2, 0.24), (-0.6, 0.14)]
    pen.fill(spline(face), "#d8a428")
    inner = [(x * 0.8, -0.16 + (y + 0.16) * 0.8 if y < 0.2 else y * 0.72) for x, y in face]
    pen.fill(spline(inner), "#f6efd8", shade=0.15)
    for i in range(12):
        a = i * math.pi / 6
        x, y = 0.48 * math.sin(a), -0.27 - 0.4 * math.cos(a)
        if 4 <= i <= 5:
            y += 0.2
        pen.stroke(spline([(x, y), (x * 0.86, -0.27 + (y + 0.27) * 0.86)], False), INK, 0.05)
    pen.stroke(spline([(0, -0.27), (-0.05, -0.4), (0.05, -0.56)], False), INK, 0.055)
    pen.stroke(spline([(0, -0.27), (0.16, -0.26), (0.28, -0.12)], False), INK, 0.065)
    pen.flat(oval(0, -0.27, 0.06), "#c01a2c")


def chair(pen):
    wood = "#b4682a"
    for x in (-0.42, 0.5):
        pen.line([(x + 0.1, 0.2), (x + 0.12, 0.72)], mix(rgb(wood), (0, 0, 0), 0.35), 0.09)
    pen.fill(box(-0.52, -0.98, -0.38, 0.2, 0.04), wood)
    pen.fill(box(0.36, -0.98, 0.5, 0.2, 0.04), wood)
    for y in (-0.88, -0.58, -0.28):
        pen.fill(box(-0.44, y, 0.42, y + 0.15, 0.04), wood)
    pen.fill(polygon([(-0.52, 0.08), (0.5, 0.08), (0.68, 0.34), (-0.7, 0.34)]), "#d0822f")
    for x in (-0.62, 0.48):
        pen.fill(box(x, 0.34, x + 0.13, 1.0, 0.03), wood)
    pen.line([(-0.55, 0.66), (0.55, 0.66)], wood, 0.05)


def skull_head(pen, x, y, s, color="#f2ead0"):
    pen.fill(spline([(x, y - s), (x + 0.7 * s, y - 0.7 * s), (x + 0.82 * s, y), (x + 0.5 * s,
             y + 0.42 * s), (x + 0.44 * s, y + 0.85 * s), (x - 0.44 * s, y + 0.85 * s),
                     (x - 0.5 * s, y + 0.42 * s), (x - 0.82 * s, y), (x - 0.7 * s, y - 0.7 * s)]),
             color)
    for k in (-1, 1):
        pen.flat(oval(x + k * 0.36 * s, y - 0.04 * s, 0.25 * s, 0.27 * s), INK)
    pen.flat(polygon([(x, y + 0.18 * s), (x + 0.12 * s, y + 0.42 * s), (x - 0.12 * s,
             y + 0.42 * s)]), INK)
    for k in (-1.5, -0.5, 0.5, 1.5):
        pen.stroke(spline([(x + k * 0.19 * s, y + 0.56 * s), (x + k * 0.19 * s, y + 0.84 * s)],
                          False), INK, 0.06 * s)


def skeleton_guitar(pen):
    bone = "#f2ead0"
    for s in (-1, 1):
        pen.line([(s * 0.1, 0.6), (s * 0.3, 0.8), (s * 0.28, 1.0)], bone, 0.08)
    pen.line([(0, -0.3), (0, 0.6)], bone, 0.09)
    for i, y in enumerate((-0.22, -0.06, 0.1)):
        w = 0.38 - 0.05 * i
        pen.line([(-w, y + 0.08), (-w * 0.7, y - 0.03), (0, y), (w * 0.7, y - 0.03),
                  (w, y + 0.08)], bone, 0.06)
    skull_head(pen, 0, -0.64, 0.34, bone)
    red = "#d8202c"
    pen.line([(-0.1, 0.34), (0.92, -0.2)], "#7a4a1e", 0.09)
    pen.fill(box(0.84, -0.34, 1.0, -0.12, 0.04), "#2a2230")
    pen.fill(spline([(-0.72, 0.38), (-0.5, 0.18), (-0.26, 0.3), (0.02, 0.14), (0.16, 0.32),
                     (0.02, 0.56), (-0.18, 0.6), (-0.34, 0.82), (-0.66, 0.76)]), red)
    pen.flat(oval(-0.3, 0.48, 0.12), INK)
    pen.stroke(spline([(-0.5, 0.58), (0.86, -0.18)], False), "#f8f2e0", 0.025)
    pen.line([(-0.38, -0.16), (-0.72, 0.1), (-0.36, 0.4)], bone, 0.075)
    pen.line([(0.38, -0.16), (0.7, 0.22), (0.5, 0.06)], bone, 0.075)


def crossbones(pen, y):
    for s in (-1, 1):
        pen.line([(-0.8 * s, y - 0.32), (0.8 * s, y + 0.32)], "#f2ead0", 0.13)
        for e in (-1, 1):
            for k in (-0.08, 0.08):
                pen.fill(oval(0.84 * s * e, y + e * 0.32 + k, 0.1), "#f2ead0", shade=0.1)


def bones_flowers(pen):
    crossbones(pen, 0.58)
    skull_head(pen, 0, 0.02, 0.62)
    for x, y, r, c in ((-0.48, -0.56, 0.26, "#e0122d"), (0.0, -0.74, 0.28, "#ff5fa8"),
                       (0.48, -0.56, 0.26, "#f2a81c")):
        for i in range(6):
            a = i * math.pi / 3
            pen.fill(oval(x + 0.62 * r * math.cos(a), y + 0.62 * r * math.sin(a), 0.45 * r), c)
        pen.fill(oval(x, y, 0.36 * r), "#ffe98a")
    leaf(pen, -0.72, -0.4, -0.26, 0.16)
    leaf(pen, 0.72, -0.4, 0.26, 0.16)


def skull(pen):
    skull_head(pen, 0, 0, 0.95)
    pen.line([(0.2, 0.68), (0.78, 0.8)], "#fbf8f0", 0.08)
    pen.flat(oval(0.82, 0.81, 0.07), "#ff5a13")


def surreal_eye(pen):
    """A weeping eye above a desert: the stand-in for any "surreal painting"."""
    pen.fill(spline([(-0.98, 0.0), (-0.5, -0.5), (0, -0.64), (0.5, -0.5), (0.98, 0.0),
                     (0.5, 0.42), (0, 0.54), (-0.5, 0.42)]), "#fbf4e6", shade=0.15)
    pen.fill(oval(0, -0.06, 0.44), "#1e9be0")
    pen.flat(oval(0, -0.06, 0.2), INK)
    pen.flat(oval(-0.13, -0.2, 0.09), "#ffffff")
    for i in range(5):
        x = -0.6 + 0.3 * i
        y = -0.62 - 0.05 * (2 - abs(i - 2))
        pen.stroke(spline([(x * 0.95, y + 0.1), (x * 1.25, y - 0.22)], False), INK, 0.06)
    pen.fill(spline([(0.5, 0.52), (0.62, 0.8), (0.5, 0.98), (0.38, 0.8)]), "#39c6ff")


def punk_portrait(pen):
    skin, hair = "#f0b88c", "#ff2fa0"
    pen.fill(spline([(-0.75, 1.0), (-0.6, 0.62), (0, 0.5), (0.6, 0.62), (0.75, 1.0)]), "#25202e")
    pen.fill(box(-0.2, 0.3, 0.2, 0.66, 0.08), skin)
    for i in range(6):
        a = -0.62 + 0.25 * i
        pen.fill(polygon([(0.36 * math.sin(a) - 0.1, -0.5), (1.0 * math.sin(a * 0.9),
                 -0.2 - 0.82 * math.cos(a * 0.8)), (0.36 * math.sin(a) + 0.14, -0.5)]), hair)
    pen.fill(spline([(0, -0.6), (0.4, -0.5), (0.48, -0.1), (0.34, 0.32), (0, 0.5), (-0.34, 0.32),
                     (-0.48, -0.1), (-0.4, -0.5)]), skin)
    for s in (-1, 1):
        pen.fill(oval(s * 0.21, -0.1, 0.14, 0.1), "#ffffff", shade=0)
        pen.flat(oval(s * 0.2, -0.09, 0.06, 0.07), INK)
        pen.stroke(spline([(s * 0.08, -0.24), (s * 0.36, -0.32)], False), INK, 0.07)
        pen.fill(oval(s * 0.5, -0.02, 0.08, 0.13), skin)
    pen.stroke(spline([(0, -0.04), (-0.06, 0.12), (0.05, 0.14)], False), INK, 0.035)
    pen.stroke(spline([(-0.2, 0.28), (0.02, 0.31), (0.2, 0.24)], False), "#a01028", 0.08)
    pen.stroke(oval(-0.52, 0.14, 0.06), "#ffd21c", 0.035)
    for i in range(5):
        x = -0.32 + 0.16 * i
        pen.fill(polygon([(x - 0.05, 0.66), (x + 0.05, 0.66), (x, 0.54)]), "#d8dce4", shade=0)


def television(pen, glitch=True):
    for s in (-1, 1):
        pen.line([(0, -0.62), (s * 0.42, -1.0)], "#c8ccd4", 0.05)
    for s in (-1, 1):
        pen.fill(polygon([(s * 0.4, 0.7), (s * 0.62, 0.7), (s * 0.7, 0.98), (s * 0.56, 0.98)]),
                 "#6a3c1c")
    pen.fill(box(-0.95, -0.65, 0.95, 0.75, 0.16), "#a8602a")
    pen.fill(box(-0.8, -0.5, 0.5, 0.6, 0.14), "#20283c", shade=0)
    pen.canvas.save()
    pen.canvas.clipPath(box(-0.77, -0.47, 0.47, 0.57, 0.12), doAntiAlias=True)
    if glitch:
        bars = ["#f4f4f0", "#ffe14a", "#22e0e8", "#3ad84a", "#ff2fb2", "#e81c2c", "#2a3ae8"]
        for i, c in enumerate(bars):
            pen.flat(box(-0.8 + i * 0.186, -0.5, -0.8 + (i + 1) * 0.186, 0.6), c)
        for y in (-0.28, 0.02, 0.3):
            y += pen.rng.uniform(-0.05, 0.05)
            for i, c in enumerate(bars):
                x = -0.8 + ((i + 3) % 7) * 0.186
                pen.flat(box(x, y, x + 0.19, y + 0.11), c)
    else:
        pen.flames(-0.15, 0.6, 0.55, 0.95, 3, False)
    pen.canvas.restore()
    for y in (-0.3, 0.0):
        pen.fill(oval(0.72, y, 0.11), "#f0d890")
    for y in (0.28, 0.4, 0.52):
        pen.stroke(spline([(0.62, y), (0.84, y)], False), INK, 0.035)


def strange_door(pen):
    """An open door in the middle of nowhere, a moon behind it."""
    pen.fill(box(-0.55, -0.98, 0.5, 0.92, 0.03), "#7a3f1c")
    pen.fill(box(-0.42, -0.86, 0.37, 0.92, 0.0), "#241a6a", shade=0.4)
    pen.glow(oval(-0.02, -0.35, 0.24), "#ffe98a")
    pen.flat(oval(-0.02, -0.35, 0.22), "#fff2b0")
    for x, y in ((-0.28, -0.66), (0.25, -0.7), (-0.3, 0.1), (0.12, 0.12)):
        pen.flat(star(x, y, 0.07, 0.025, 4), "#ffffff")
    pen.fill(polygon([(0.37, -0.86), (0.92, -0.7), (0.92, 1.0), (0.37, 0.92)]), "#d0342c")
    pen.flat(oval(0.82, 0.15, 0.06), "#ffe14a")
    pen.fill(polygon([(-0.42, 0.92), (0.37, 0.92), (0.1, 0.3), (-0.12, 0.3)]), "#e8c86a", False)


def twisted_landscape(pen):
    pen.glow(oval(0.4, -0.5, 0.34), "#ffb020", 0.1)
    pen.fill(oval(0.4, -0.5, 0.3), "#ff6a2a", shade=0.1)
    pen.fill(spline([(-1.6, 0.35), (-0.9, 0.05), (-0.3, 0.3), (0.4, 0.02), (1.0, 0.3), (1.6, 0.1),
                     (1.6, 1.4), (-1.6, 1.4)]), "#5a3fa0")
    pen.fill(spline([(-1.6, 0.6), (-0.8, 0.5), (0.0, 0.72), (0.8, 0.42), (1.6, 0.7),
                     (1.6, 1.5), (-1.6, 1.5)]), "#1f9a6a")
    trunk = [(-0.5, 0.75), (-0.3, 0.4), (-0.62, 0.1), (-0.3, -0.25), (-0.5, -0.55)]
    pen.line(trunk, "#5a3018", 0.17)
    pen.line([(-0.42, -0.15), (-0.05, -0.3), (-0.02, -0.55), (-0.22, -0.6)], "#5a3018", 0.09)
    pen.line([(-0.5, 0.0), (-0.85, -0.12), (-0.88, -0.42), (-0.7, -0.5)], "#5a3018", 0.09)
    pen.line([(-0.48, -0.5), (-0.4, -0.85), (-0.65, -0.92)], "#5a3018", 0.09)
    for i in range(4):
        x = -0.1 + 0.3 * i
        pen.stroke(spline([(x, 1.1), (x + 0.25, 0.9), (x - 0.1, 0.8)], False), "#b8f04a", 0.06)


def fist(pen):
    skin = "#d83a2a"
    pen.fill(box(-0.32, 0.3, 0.36, 1.05, 0.06), skin)
    pen.fill(box(-0.4, 0.72, 0.44, 1.05, 0.04), "#241c2c")
    pen.fill(box(-0.56, -0.62, 0.58, 0.44, 0.2), skin)
    for i in range(4):
        x = -0.58 + 0.295 * i
        pen.fill(box(x, -0.9 + 0.06 * abs(i - 1), x + 0.29, 0.0, 0.13), skin)
    pen.fill(spline([(-0.66, -0.06), (-0.4, -0.16), (0.16, -0.02), (0.24, 0.14), (0.0, 0.24),
                     (-0.3, 0.18), (-0.4, 0.34), (-0.58, 0.3)]), skin)
    for i in range(7):
        a = -1.2 + 0.4 * i
        pen.stroke(spline([(0.98 * math.sin(a), -0.2 - 0.86 * math.cos(a)),
                           (1.15 * math.sin(a), -0.2 - 1.02 * math.cos(a))], False),
                   "#ffe14a", 0.06)


def lips(pen):
    pen.fill(spline([(-0.98, -0.05), (-0.5, -0.4), (-0.18, -0.58), (0, -0.46), (0.18, -0.58),
                     (0.5, -0.4), (0.98, -0.05), (0.5, 0.46), (0, 0.62), (-0.5, 0.46)]), "#e0122d")
    pen.fill(spline([(-0.74, -0.04), (-0.3, -0.2), (0, -0.16), (0.3, -0.2), (0.74, -0.04),
                     (0.3, 0.2), (0, 0.24), (-0.3, 0.2)]), "#3a0612")
    for i in range(5):
        x = -0.4 + 0.165 * i
        pen.flat(box(x, -0.15, x + 0.14, 0.02, 0.03), "#fbf8f0")
    pen.flat(spline([(-0.3, 0.4), (0, 0.46), (0.3, 0.4), (0, 0.52)]), "#ff9aa8")


def octopus(pen):
    c = "#8f3fd0"
    for i in range(6):
        s = -1 if i < 3 else 1
        k = i % 3
        x = s * (0.14 + 0.24 * k)
        pen.line([(x * 0.8, 0.2), (x * 1.2, 0.65 - 0.06 * k), (x * 1.3 + s * 0.14, 0.9 - 0.2 * k),
                  (x * 1.1 + s * 0.3, 0.7 - 0.2 * k)], c, 0.17)
    pen.fill(spline([(0, -0.96), (0.5, -0.8), (0.64, -0.3), (0.46, 0.22), (0, 0.36), (-0.46, 0.22),
                     (-0.64, -0.3), (-0.5, -0.8)]), c)
    for s in (-1, 1):
        pen.fill(oval(s * 0.24, -0.12, 0.17, 0.2), "#fff8d0", shade=0)
        pen.flat(oval(s * 0.22, -0.08, 0.08, 0.11), INK)
    pen.stroke(spline([(-0.14, 0.2), (0, 0.14), (0.14, 0.2)], False), INK, 0.05)


def snail(pen):
    pen.fill(spline([(-0.98, 0.86), (-0.8, 0.5), (-0.78, -0.1), (-0.6, -0.3), (-0.42, -0.1),
                     (-0.45, 0.4), (0.2, 0.55), (0.98, 0.86)]), "#d8b060")
    for x in (-0.72, -0.5):
        pen.line([(x, -0.25), (x - 0.08, -0.68)], "#d8b060", 0.06)
        pen.fill(oval(x - 0.08, -0.72, 0.09), "#ffffff", shade=0)
        pen.flat(oval(x - 0.1, -0.72, 0.045), INK)
    pen.fill(oval(0.2, 0.06, 0.62, 0.6), "#b8441f")
    turns = [(0.2 + r * math.cos(a), 0.06 + r * math.sin(a))
             for r, a in ((0.5 - 0.036 * i, 0.8 * i + 1.5) for i in range(14))]
    pen.stroke(spline(turns, False), "#5a1808", 0.07)


def dog(pen):
    c, ear = "#c88a48", "#6a3c1c"
    pen.fill(spline([(-0.5, 1.0), (-0.42, 0.5), (0.42, 0.5), (0.5, 1.0)]), c)
    pen.fill(spline([(0, -0.8), (0.46, -0.66), (0.56, -0.1), (0.42, 0.5), (0, 0.72), (-0.42, 0.5),
                     (-0.56, -0.1), (-0.46, -0.66)]), c)
    for s in (-1, 1):
        pen.fill(spline([(s * 0.36, -0.74), (s * 0.7, -0.66), (s * 0.9, -0.1), (s * 0.74, 0.34),
                         (s * 0.54, 0.0)]), ear)
        pen.fill(oval(s * 0.22, -0.2, 0.12, 0.14), "#ffffff", shade=0)
        pen.flat(oval(s * 0.2, -0.18, 0.065, 0.08), INK)
        pen.fill(oval(s * 0.16, 0.34, 0.2, 0.2), "#f2dcb4")
    pen.fill(oval(0, 0.14, 0.17, 0.12), INK)
    pen.fill(spline([(-0.1, 0.5), (0.1, 0.5), (0.09, 0.76), (0, 0.84), (-0.09, 0.76)]), "#f05a78")


def umbrella(pen):
    pen.line([(0, -0.8), (0, 0.7), (0.06, 0.88), (0.22, 0.92), (0.3, 0.76)], "#7a4a1e", 0.07)
    top = [(-0.96, 0.02), (-0.8, -0.5), (0, -0.84), (0.8, -0.5), (0.96, 0.02)]
    dome = skia.Path()
    dome.moveTo(-0.96, 0.06)
    dome.cubicTo(-0.9, -0.6, -0.4, -0.84, 0, -0.84)
    dome.cubicTo(0.4, -0.84, 0.9, -0.6, 0.96, 0.06)
    for x0, x1 in ((0.96, 0.48), (0.48, 0.0), (0.0, -0.48), (-0.48, -0.96)):
        dome.quadTo((x0 + x1) / 2, -0.16, x1, 0.06)
    dome.close()
    pen.fill(dome, "#c81e3a")
    for x in (-0.48, 0, 0.48):
        pen.stroke(spline([(0, -0.84), (x * 0.8, -0.4), (x, 0.06)], False), INK, 0.035)
    for i in range(5):
        x = top[i][0] * 0.9
        pen.line([(x, 0.4 + 0.14 * (i % 2)), (x - 0.04, 0.58 + 0.14 * (i % 2))], "#5ac8ff", 0.05,
                 False)


def reaper(pen):
    pen.line([(0.62, 1.0), (0.5, -0.8)], "#7a4a1e", 0.08)
    pen.fill(spline([(0.5, -0.86), (0.1, -0.96), (-0.35, -0.86), (-0.66, -0.56), (-0.2, -0.72),
                     (0.5, -0.68)]), "#d8dce4")
    pen.fill(spline([(0, -0.78), (0.34, -0.58), (0.42, -0.1), (0.62, 0.4), (0.7, 1.0), (-0.7, 1.0),
                     (-0.62, 0.4), (-0.42, -0.1), (-0.34, -0.58)]), "#3a3350")
    pen.fill(oval(0, -0.3, 0.27, 0.33), "#05030c")
    skull_head(pen, 0, -0.3, 0.24)
    pen.line([(0.2, 0.2), (0.52, 0.16)], "#f2ead0", 0.09)


def crow(pen):
    c = "#3a3450"
    for x in (-0.05, 0.2):
        pen.line([(x, 0.6), (x, 0.98), (x - 0.12, 1.0)], "#e8a020", 0.05)
    pen.fill(spline([(-0.3, -0.3), (0.1, -0.1), (0.6, 0.3), (1.0, 0.75), (0.5, 0.7), (0.0, 0.74),
                     (-0.4, 0.4)]), c)
    pen.fill(oval(-0.32, -0.3, 0.34, 0.32), c)
    pen.fill(polygon([(-0.6, -0.4), (-1.02, -0.2), (-0.6, -0.12)]), "#f0a81c")
    pen.fill(oval(-0.4, -0.36, 0.1), "#ffe14a", shade=0)
    pen.flat(oval(-0.41, -0.36, 0.045), INK)
    pen.fill(spline([(-0.05, 0.1), (0.4, 0.2), (0.75, 0.6), (0.2, 0.52)]), "#5a5278")
    pen.fill(box(-0.52, -0.98, -0.08, -0.58, 0.02), "#201828")
    pen.flat(box(-0.5, -0.72, -0.1, -0.64), "#e0122d")
    pen.fill(box(-0.7, -0.62, 0.1, -0.54, 0.02), "#201828")


def robot(pen):
    pen.line([(0, -0.6), (0, -0.9)], "#9aa6b4", 0.06)
    pen.fill(oval(0, -0.92, 0.09), "#e81c2c")
    for s in (-1, 1):
        pen.line([(s * 0.5, 0.45), (s * 0.82, 0.6), (s * 0.8, 0.95)], "#9aa6b4", 0.12)
    pen.fill(box(-0.5, 0.34, 0.5, 1.0, 0.08), "#6f8296")
    pen.fill(box(-0.62, -0.68, 0.62, 0.26, 0.14), "#a8b6c4")
    for s in (-1, 1):
        pen.glow(oval(s * 0.28, -0.26, 0.2), "#ff3a2a")
        pen.fill(oval(s * 0.28, -0.26, 0.18), "#ff5a3a", shade=0)
        pen.flat(oval(s * 0.28, -0.26, 0.08), "#fff2c0")
        pen.fill(box(s * 0.7 - 0.08, -0.4, s * 0.7 + 0.08, -0.06, 0.04), "#6f8296")
    pen.fill(box(-0.36, 0.0, 0.36, 0.16, 0.03), "#20283c", shade=0)
    for i in range(5):
        pen.flat(box(-0.3 + 0.13 * i, 0.02, -0.22 + 0.13 * i, 0.14), "#f4f4f0")
    for i, c in enumerate(("#ffe14a", "#3ad84a", "#e81c2c")):
        pen.flat(oval(-0.22 + 0.22 * i, 0.6, 0.08), c)


def bug(pen):
    for s in (-1, 1):
        for y in (-0.15, 0.22, 0.58):
            pen.line([(s * 0.4, y), (s * 0.8, y - 0.12), (s * 0.95, y + 0.2)], "#3a2c20", 0.06)
        pen.line([(s * 0.12, -0.6), (s * 0.3, -0.85), (s * 0.5, -0.92)], "#3a2c20", 0.045)
    pen.fill(oval(0, -0.5, 0.32, 0.26), "#2a2230")
    pen.fill(oval(0, 0.22, 0.58, 0.68), "#d8201c")
    pen.stroke(spline([(0, -0.44), (0, 0.9)], False), INK, 0.05)
    for s in (-1, 1):
        for y in (-0.08, 0.28, 0.6):
            pen.flat(oval(s * (0.3 - 0.06 * (y > 0.5)), y, 0.12), INK)
        pen.flat(oval(s * 0.14, -0.54, 0.07), "#ffffff")


def fish(pen):
    pen.fill(polygon([(0.5, 0.0), (0.98, -0.44), (0.86, 0.0), (0.98, 0.44)]), "#f0801c")
    pen.fill(spline([(-0.2, -0.42), (0.1, -0.8), (0.42, -0.3)]), "#f0801c")
    pen.fill(spline([(-0.98, 0.04), (-0.6, -0.42), (0.0, -0.54), (0.6, -0.12), (0.64, 0.12),
                     (0.0, 0.54), (-0.6, 0.44)]), "#26a8d8")
    pen.fill(oval(-0.56, -0.1, 0.17), "#ffffff", shade=0)
    pen.flat(oval(-0.58, -0.1, 0.08), INK)
    pen.stroke(spline([(-0.92, 0.14), (-0.76, 0.2), (-0.64, 0.14)], False), INK, 0.045)
    for x in (-0.2, 0.08, 0.34):
        pen.stroke(spline([(x, -0.26), (x + 0.14, 0.02), (x, 0.3)], False), "#bdf0ff", 0.06)


def clown(pen):
    skin = "#fbf4ea"
    pen.fill(spline([(-0.7, 1.0), (-0.5, 0.66), (0.5, 0.66), (0.7, 1.0)]), "#2a6ae0")
    for s in (-1, 1):
        for dx, dy in ((0.62, -0.3), (0.74, 0.02), (0.56, 0.22)):
            pen.fill(oval(s * dx, dy, 0.25), "#ff7a14")
    pen.fill(oval(0, 0.02, 0.58, 0.68), skin)
    pen.fill(polygon([(-0.3, -0.52), (0.3, -0.52), (0, -1.0)]), "#8f2fe0")
    pen.fill(oval(0, -0.98, 0.09), "#ffe14a")
    for s in (-1, 1):
        pen.flat(oval(s * 0.25, -0.16, 0.15, 0.22), "#39b6ff")
        pen.fill(oval(s * 0.25, -0.16, 0.09, 0.11), "#ffffff", shade=0)
        pen.flat(oval(s * 0.25, -0.14, 0.05), INK)
    pen.fill(spline([(-0.4, 0.42), (0, 0.26), (0.4, 0.42), (0.3, 0.6), (0, 0.46), (-0.3, 0.6)]),
             "#d8202c")
    pen.fill(oval(0, 0.1, 0.17), "#f0142c")


def violin(pen):
    pen.line([(0, -0.2), (0, -0.86)], "#2a2230", 0.1)
    pen.fill(spline([(-0.1, -0.98), (0.1, -0.98), (0.14, -0.84), (0, -0.78), (-0.14, -0.84)]),
             "#7a3a14")
    pen.fill(spline([(0, -0.36), (0.34, -0.24), (0.36, 0.06), (0.24, 0.26), (0.46, 0.5),
                     (0.44, 0.84), (0, 1.0), (-0.44, 0.84), (-0.46, 0.5), (-0.24, 0.26),
                     (-0.36, 0.06), (-0.34, -0.24)]), "#b8481a")
    for s in (-1, 1):
        pen.stroke(spline([(s * 0.16, 0.2), (s * 0.22, 0.36), (s * 0.14, 0.5)], False), INK, 0.05)
        pen.stroke(spline([(s * 0.035, -0.8), (s * 0.05, 0.7)], False), "#f8f2e0", 0.022)
    pen.fill(box(-0.15, 0.6, 0.15, 0.7, 0.02), "#2a2230")
    pen.line([(-0.78, 0.8), (0.8, -0.3)], "#e8d8b0", 0.05)


def frog(pen):
    c = "#4fae3a"
    for s in (-1, 1):
        pen.fill(oval(s * 0.6, 0.7, 0.34, 0.22), c)
    pen.fill(oval(0, 0.5, 0.6, 0.48), c)
    pen.fill(oval(0, 0.58, 0.36, 0.36), "#d8e89a")
    for s in (-1, 1):
        pen.fill(oval(s * 0.44, -0.5, 0.28), c)
    pen.fill(spline([(0, -0.46), (0.5, -0.44), (0.82, -0.05), (0.6, 0.3), (0, 0.4), (-0.6, 0.3),
                     (-0.82, -0.05), (-0.5, -0.44)]), c)
    for s in (-1, 1):
        pen.fill(oval(s * 0.44, -0.52, 0.19), "#fff2a0", shade=0)
        pen.flat(oval(s * 0.44, -0.52, 0.13, 0.06), INK)
    pen.stroke(spline([(-0.6, 0.02), (-0.3, 0.17), (0.3, 0.17), (0.6, 0.02)], False), INK, 0.055)


def monkey(pen):
    c, face = "#7a4a26", "#f0c898"
    for s in (-1, 1):
        pen.fill(oval(s * 0.72, -0.1, 0.25), c)
        pen.flat(oval(s * 0.74, -0.1, 0.14), face)
    pen.fill(spline([(-0.5, 1.0), (-0.4, 0.55), (0.4, 0.55), (0.5, 1.0)]), c)
    pen.fill(oval(0, -0.08, 0.64, 0.74), c)
    for s in (-1, 1):
        pen.flat(oval(s * 0.22, -0.2, 0.26, 0.28), face)
    pen.fill(oval(0, 0.28, 0.46, 0.34), face)
    for s in (-1, 1):
        pen.flat(oval(s * 0.2, -0.18, 0.09, 0.12), INK)
        pen.flat(oval(s * 0.07, 0.12, 0.035), INK)
    pen.stroke(spline([(-0.28, 0.32), (0, 0.44), (0.28, 0.32)], False), INK, 0.055)


def coffin(pen):
    shape = [(-0.26, -0.98), (0.26, -0.98), (0.56, -0.5), (0.3, 0.98), (-0.3, 0.98), (-0.56, -0.5)]
    pen.fill(polygon(shape), "#7a4018")
    pen.stroke(polygon([(x * 0.76, y * 0.86 - 0.01) for x, y in shape]), "#3a1c08", 0.05)
    pen.fill(box(-0.07, -0.62, 0.07, 0.3, 0.01), "#f2c83a")
    pen.fill(box(-0.27, -0.38, 0.27, -0.24, 0.01), "#f2c83a")
    pen.flat(box(-0.05, -0.58, 0.05, 0.26), "#f2c83a")


# Subject name -> (weight, drawing). The weights put the picture table's own subjects first.
SUBJECTS = {
    "cat": (2.0, lambda p: cat(p)),
    "cyberpunk cat": (1.2, lambda p: cat(p, "cyber")),
    "orange cat": (0.5, lambda p: cat(p, "orange")),
    "black cat": (0.5, lambda p: cat(p, "black")),
    "duck": (2.0, lambda p: duck(p)),
    "angry duck": (1.2, lambda p: duck(p, "angry")),
    "duck on fire": (1.2, lambda p: duck(p, "fire")),
    "uniform duck": (0.4, lambda p: duck(p, "uniform")),
    "mechanical duck": (0.4, lambda p: duck(p, "mechanical")),
    "burning rose": (1.4, lambda p: rose(p)),
    "rose": (0.5, lambda p: rose(p, False)),
    "two hearts": (1.3, hearts),
    "heart": (1.0, plain_heart),
    "broken heart": (1.8, broken_heart),
    "wilting flower": (1.5, wilting_flower),
    "cracked mirror": (1.5, cracked_mirror),
    "explosion": (1.5, explosion),
    "screaming face": (1.5, scream),
    "void": (1.4, void),
    "melting clock": (1.4, melting_clock),
    "empty chair": (1.4, chair),
    "skeleton": (1.5, skeleton_guitar),
    "bones with flowers": (1.4, bones_flowers),
    "skull": (0.6, skull),
    "eye": (1.5, surreal_eye),
    "punk": (1.6, punk_portrait),
    "television": (1.6, lambda p: television(p)),
    "door": (1.4, strange_door),
    "landscape": (1.4, twisted_landscape),
    "fist": (0.6, fist),
    "lips": (0.4, lips),
    "octopus": (0.4, octopus),
    "snail": (0.4, snail),
    "dog": (0.6, dog),
    "umbrella": (0.4, umbrella),
    "reaper": (0.4, reaper),
    "crow": (0.4, crow),
    "robot": (0.6, robot),
    "bug": (0.4, bug),
    "fish": (0.5, fish),
    "clown": (0.4, clown),
    "violin": (0.4, violin),
    "frog": (0.4, frog),
    "monkey": (0.4, monkey),
    "coffin": (0.4, coffin),
}


# --- styles -------------------------------------------------------------------------------------

def gradient(canvas, colors, radial=None):
    colors = [skia.Color4f(*rgb(c), 1).toColor() for c in colors]
    if radial:
        shader = skia.GradientShader.MakeRadial(skia.Point(*radial[:2]), radial[2], colors)
    else:
        shader = skia.GradientShader.MakeLinear([skia.Point(0, 0), skia.Point(0, SIZE)], colors)
    canvas.drawPaint(skia.Paint(Shader=shader))


def dab(canvas, path, color, blur=0.0, alpha=1.0):
    p = skia.Paint(AntiAlias=True, Color4f=skia.Color4f(*rgb(color), alpha))
    if blur:
        p.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
    canvas.drawPath(path, p)


def background(canvas, style, rng):
    """Bold and calm: the background must not compete with the subject."""
    if style == "oil":
        low, high = "#1c4a52", "#7fb09a"
        gradient(canvas, [high, low], (128, 110, 190))
        brush = random.Random(7)  # the same wall every time: only the subject varies
        for _ in range(40):
            x, y = brush.uniform(-20, 256), brush.uniform(0, 256)
            stroke = spline([(x, y), (x + 30, y - 12), (x + 62, y - 4)], False)
            p = skia.Paint(AntiAlias=True, StrokeWidth=brush.uniform(9, 16),
                           Style=skia.Paint.kStroke_Style, StrokeCap=skia.Paint.kRound_Cap,
                           Color4f=skia.Color4f(*rgb(brush.choice([low, high])), 0.28))
            canvas.drawPath(stroke, p)
    elif style == "street":
        gradient(canvas, ["#8a8e9c", "#5c5f70"])
        for row in range(5):
            for col in range(-1, 4):
                x, y = col * 86 + (row % 2) * 43, row * 52
                dab(canvas, box(x + 3, y + 3, x + 83, y + 49, 3), "#7a6a70", alpha=0.5)
        a, b = "#b8f020", "#ff2fa0"
        dab(canvas, oval(118, 112, 104, 96), a, 14, 0.9)
        dab(canvas, oval(196, 190, 46, 42), b, 12, 0.85)
    elif style == "punk":
        base, ray = "#ff2f92", "#ffe01a"
        canvas.clear(skia.Color4f(*rgb(base), 1))
        dab(canvas, polygon([(0, 0), (112, 0), (0, 112)]), INK)
        dab(canvas, polygon([(256, 256), (144, 256), (256, 144)]), INK)
        torn = [(128 + r * math.cos(a), 128 + r * math.sin(a)) for a, r in
                ((i * math.pi / 9, rng.uniform(108, 116)) for i in range(18))]
        dab(canvas, polygon(torn), ray)
    elif style == "dark":
        gradient(canvas, ["#0d0a1c", "#1c1030", "#08060e"])
        moon = "#5c4a9c"
        dab(canvas, oval(128, 118, 98, 98), moon, 16, 0.9)
        dab(canvas, oval(128, 118, 88, 88), mix(rgb(moon), (1, 0.8, 0.6), 0.25), 3)
    else:
        gradient(canvas, ["#0a7aa8", "#58d8c8", "#ffe88a"])
        dab(canvas, box(0, 196, 256, 256), "#c8449a")
        for i in range(-6, 7, 2):
            dab(canvas, polygon([(128 + i * 22, 196), (128 + (i + 1) * 22, 196),
                                 (128 + (i + 1) * 52, 256), (128 + i * 52, 256)]), "#2a1446")


def finish(pixels, style, rng):
    """Surface texture, kept coarse enough for a factor-8 autoencoder."""
    noise = np.random.default_rng(rng.getrandbits(32)).normal(size=(SIZE // 8, SIZE // 8))
    y, x = np.mgrid[0:SIZE, 0:SIZE] / (SIZE - 1) * 2 - 1
    if style == "oil":
        coarse = np.repeat(np.repeat(noise, 8, 0), 8, 1)
        weave = sum(np.roll(coarse, (i // 2, i), (0, 1)) for i in range(-8, 9, 2)) / 3
        pixels = pixels + 4 * weave[..., None]
    elif style == "dark":
        pixels = pixels * (1 - 0.45 * np.clip(np.hypot(x, y) - 0.55, 0, 1))[..., None]
    return np.clip(pixels, 0, 255).astype(np.uint8)


def draw(subject, style, seed):
    """One 256 x 256 RGB picture; the same arguments give the same bytes."""
    rng = random.Random(f"{subject}/{style}/{seed}")
    surface = skia.Surface(SIZE, SIZE)
    canvas = surface.getCanvas()
    background(canvas, style, rng)

    if style == "street":
        for x, length in ((34, 30), (70, 44), (186, 50), (222, 34)):
            dab(canvas, box(x - 4, 186, x + 4, 186 + length, 4), "#ff2fa0")

    recorder = skia.PictureRecorder()
    layer = recorder.beginRecording(skia.Rect(0, 0, SIZE, SIZE))
    scale = 108 * rng.uniform(0.98, 1.03)
    layer.translate(128 + rng.uniform(-3, 3), 128 + rng.uniform(-3, 3))
    layer.rotate(rng.uniform(-2, 2))
    layer.scale(scale, scale)
    SUBJECTS[subject][1](Pen(layer, style, rng))
    picture = recorder.finishRecordingAsPicture()

    def under(image_filter):
        p = skia.Paint(ImageFilter=image_filter)
        canvas.saveLayer(None, p)
        canvas.drawPicture(picture)
        canvas.restore()

    shadow = skia.ImageFilters.DropShadowOnly
    if style == "dark":
        under(shadow(0, 0, 7, 7, skia.Color(255, 190, 110)))
    elif style == "punk":
        under(shadow(5, 5, 0.5, 0.5, skia.Color(20, 16, 26)))
    elif style == "street":
        under(skia.ImageFilters.Dilate(4, 4, shadow(0, 0, 0.4, 0.4, skia.Color(250, 250, 250))))
    else:
        under(shadow(5, 7, 5, 5, skia.Color(20, 10, 30, 170)))
    canvas.drawPicture(picture)

    pixels = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3]
    return finish(pixels.astype(np.float32), style, rng)


def sheet(pictures, columns):
    rows = [np.concatenate(pictures[i:i + columns], 1) for i in range(0, len(pictures), columns)]
    return np.concatenate(rows, 0)


if __name__ == "__main__":
    import sys
    from PIL import Image
    names = list(SUBJECTS)
    tiles = [draw(n, STYLES[(i + k) % 5], k) for i, n in enumerate(names) for k in range(2)]
    Image.fromarray(sheet(tiles, 10)).resize((1600, 160 * len(tiles) // 10)).save(sys.argv[1])
