"""Paths in the square [-1, 1] x [-1, 1], y downwards. Every point goes through the current bend, a
smooth random distortion, so that the same subject never has the same outline twice."""

import math

import skia

BEND = [None]  # the current bend: (x, y) -> (x, y), or None


def random_bend(rng, strength=1.0, melt=0.0):
    """Stretch, shear and two slow waves; `melt` lets the lower half drip."""
    sx, sy = rng.uniform(0.84, 1.14), rng.uniform(0.88, 1.1)
    shear = rng.gauss(0, 0.07) * strength
    waves = [
        (rng.gauss(0, 0.035) * strength, rng.uniform(1.2, 3.2), rng.uniform(0, 6.3))
        for _ in range(4)
    ]
    drip, phase = rng.uniform(3.5, 6.0), rng.uniform(0, 6.3)

    def bend(x, y):
        (a, k, p), (b, l, q), (c, m, r), (d, n, s) = waves
        u = x * sx + shear * y + a * math.sin(k * y + p) + b * math.sin(l * x + q)
        v = y * sy + c * math.sin(m * x + r) + d * math.sin(n * y + s)
        if melt and y > -0.1:
            fall = (y + 0.1) * melt
            v += fall * (0.25 + 0.5 * abs(math.sin(drip * x + phase)))
            u *= 1 + 0.25 * fall
        return u, v

    return bend


def bent(points):
    bend = BEND[0]
    return [bend(x, y) for x, y in points] if bend else points


def spline(points, closed=True):
    """A Catmull-Rom curve through the points."""
    points = bent(points)
    n = len(points)
    path = skia.Path()
    path.moveTo(*points[0])
    for i in range(n if closed else n - 1):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = (
            points[j % n] if closed else points[max(0, min(n - 1, j))]
            for j in (i - 1, i, i + 1, i + 2)
        )
        path.cubicTo(
            bx + (cx - ax) / 6, by + (cy - ay) / 6, cx - (dx - bx) / 6, cy - (dy - by) / 6, cx, cy
        )
    if closed:
        path.close()
    return path


def polygon(points, closed=True):
    path = skia.Path()
    path.addPoly([skia.Point(*p) for p in bent(points)], closed)
    return path


CIRCLE = [(math.cos(i * math.pi / 4), math.sin(i * math.pi / 4)) for i in range(8)]


def oval(x, y, rx, ry=None):
    ry = rx if ry is None else ry
    return spline([(x + 1.013 * rx * c, y + 1.013 * ry * s) for c, s in CIRCLE])


def arc(x, y, rx, ry, a0, a1, n=6):
    """Points on an ellipse; the angles are in turns, 0 to the right, 0.25 downwards."""
    return [
        (
            x + rx * math.cos(2 * math.pi * (a0 + (a1 - a0) * i / n)),
            y + ry * math.sin(2 * math.pi * (a0 + (a1 - a0) * i / n)),
        )
        for i in range(n + 1)
    ]


def box(x0, y0, x1, y1, r=0.0):
    if r <= 0:
        xm, ym = (x0 + x1) / 2, (y0 + y1) / 2
        return polygon(
            [(x0, y0), (xm, y0), (x1, y0), (x1, ym), (x1, y1), (xm, y1), (x0, y1), (x0, ym)]
        )
    r = min(r, (x1 - x0) / 2, (y1 - y0) / 2)
    k = 0.3 * r
    return polygon(
        [
            (x0, y0 + r),
            (x0 + k, y0 + k),
            (x0 + r, y0),
            (x1 - r, y0),
            (x1 - k, y0 + k),
            (x1, y0 + r),
            (x1, y1 - r),
            (x1 - k, y1 - k),
            (x1 - r, y1),
            (x0 + r, y1),
            (x0 + k, y1 - k),
            (x0, y1 - r),
        ]
    )


def star(x, y, outer, inner, spikes, rng=None, turn=0.0):
    points = []
    for i in range(2 * spikes):
        r = (inner if i % 2 else outer) * (rng.uniform(0.85, 1.15) if rng else 1)
        a = turn + math.pi * i / spikes
        points.append((x + r * math.sin(a), y - r * math.cos(a)))
    return polygon(points)


def heart(x, y, s):
    half = [(0, -0.4), (0.3, -0.68), (0.62, -0.7), (0.86, -0.45), (0.84, -0.1), (0.5, 0.38)]
    right = [(x + a * s, y + b * s) for a, b in half]
    left = [(2 * x - a, b) for a, b in right[:0:-1]]
    a = spline([*right, (x, y + 0.85 * s), *left])
    return a


def mix(a, b, t):
    return tuple(u + (v - u) * t for u, v in zip(a, b))


def rgb(color):
    if isinstance(color, str):
        return tuple(int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return color
