"""Settings behind a scene: a layer between the look's ground and the things."""


from .shapes import box, oval, polygon, spline, star


def rain(p):
    for _ in range(34):
        x, y = p.rng.uniform(-1.2, 1.2), p.rng.uniform(-1.2, 1.0)
        p.l([(x, y), (x - 0.06, y + 0.2)], "#5ac8ff", 0.035, False)


def snow(p):
    for _ in range(30):
        p.d(oval(p.rng.uniform(-1.2, 1.2), p.rng.uniform(-1.2, 1.2), 0.045), "#ffffff")
    p.d(
        spline([(-1.4, 1.0), (-0.5, 0.8), (0.4, 0.92), (1.4, 0.78), (1.4, 1.4), (-1.4, 1.4)]),
        "#f0f6ff",
    )


def skyline(p):
    x = -1.25
    while x < 1.25:
        w, h = p.rng.uniform(0.22, 0.42), p.rng.uniform(0.4, 1.2)
        p.d(box(x, 0.8 - h, x + w, 1.3), p.rng.choice(["#3a3a5a", "#4a4a70", "#2a2a44"]))
        for a in range(2):
            for b in range(int(h / 0.25)):
                if p.rng.random() < 0.6:
                    p.d(
                        box(
                            x + 0.05 + a * 0.13,
                            0.88 - h + b * 0.24,
                            x + 0.12 + a * 0.13,
                            0.98 - h + b * 0.24,
                        ),
                        "#ffe98a",
                    )
        x += w


def sea(p):
    for i, c in enumerate(("#2a7ab8", "#1f5f9a", "#184a80")):
        y = 0.45 + 0.28 * i
        p.d(
            spline(
                [
                    (-1.4, y),
                    (-0.9, y - 0.08),
                    (-0.5, y + 0.05),
                    (0, y - 0.08),
                    (0.5, y + 0.05),
                    (0.9, y - 0.08),
                    (1.4, y),
                    (1.4, 1.5),
                    (-1.4, 1.5),
                ]
            ),
            c,
        )


def space(p):
    p.d(box(-1.4, -1.4, 1.4, 1.4), "#0a0a22")
    for _ in range(22):
        p.d(
            star(
                p.rng.uniform(-1.2, 1.2),
                p.rng.uniform(-1.2, 1.2),
                p.rng.uniform(0.03, 0.09),
                0.02,
                4,
            ),
            "#ffffff",
        )
    x, y = p.rng.choice([(-0.8, -0.8), (0.8, -0.75), (0.8, 0.7)])
    p.f(oval(x, y, 0.3), p.rng.choice(["#d87a3a", "#8a9ad8", "#c8c8d0"]))


def forest(p):
    for i in range(6):
        x = -1.15 + 0.45 * i + p.rng.uniform(-0.1, 0.1)
        p.d(box(x - 0.05, 0.3, x + 0.05, 1.0), "#3a2418")
        for y, w in ((0.55, 0.34), (0.2, 0.28), (-0.12, 0.2)):
            p.d(
                polygon([(x - w, y), (x + w, y), (x, y - 0.55)]),
                p.rng.choice(["#1f5a34", "#2a6a3a", "#174a2c"]),
            )
    p.d(box(-1.4, 0.95, 1.4, 1.5), "#2a4a24")


def room(p):
    p.d(box(-1.4, -1.4, 1.4, 0.62), p.rng.choice(["#d8b88a", "#8ab0a0", "#c88a8a", "#7a8ab8"]))
    p.d(box(-1.4, 0.62, 1.4, 1.5), "#8a5a34")
    for i in range(7):
        p.c([(-1.3 + 0.43 * i, 0.62), (-2.0 + 0.66 * i, 1.4)], "#6a4024", 0.03)
    x = p.rng.choice([-0.75, 0.75])
    p.f(box(x - 0.25, -0.95, x + 0.25, -0.3, 0.01), "#7a4a24")
    p.d(box(x - 0.19, -0.89, x + 0.19, -0.36), p.rng.choice(["#8ad0f0", "#2a3a6a"]))


def desert(p):
    p.d(
        spline(
            [
                (-1.4, 0.6),
                (-0.6, 0.35),
                (0.1, 0.62),
                (0.8, 0.4),
                (1.4, 0.6),
                (1.4, 1.5),
                (-1.4, 1.5),
            ]
        ),
        "#e8b860",
    )
    p.d(
        spline([(-1.4, 0.9), (-0.4, 0.75), (0.5, 0.98), (1.4, 0.8), (1.4, 1.5), (-1.4, 1.5)]),
        "#d09a48",
    )
    p.d(oval(p.rng.uniform(-0.8, 0.8), -0.8, 0.22), "#fff0b0")


def mountains(p):
    for x, h, c in ((-0.8, 1.0, "#6a6a9a"), (0.7, 1.2, "#5a5a8a"), (0, 0.8, "#7a7aa8")):
        p.d(polygon([(x - 0.8, 0.8), (x, 0.8 - h), (x + 0.8, 0.8)]), c)
        p.d(
            polygon([(x - 0.2, 0.8 - h * 0.75), (x, 0.8 - h), (x + 0.2, 0.8 - h * 0.75)]), "#ffffff"
        )
    p.d(box(-1.4, 0.78, 1.4, 1.5), "#4a7a3a")


def graveyard(p):
    p.d(spline([(-1.4, 0.7), (0, 0.6), (1.4, 0.7), (1.4, 1.5), (-1.4, 1.5)]), "#3a4a34")
    for x in (-1.0, -0.5, 0.5, 1.0):
        p.d(box(x - 0.12, 0.3 + p.rng.uniform(-0.1, 0.1), x + 0.12, 0.8, 0.08), "#8a8a92")
        p.d(box(x - 0.02, 0.4, x + 0.02, 0.6), "#3a3a44")


def stage(p):
    for s in (-1, 1):
        p.d(
            spline(
                [(s * 1.4, -1.4), (s * 0.9, -1.4), (s * 0.75, 0), (s * 0.95, 1.2), (s * 1.4, 1.2)]
            ),
            "#a01828",
        )
    p.d(box(-1.4, 0.8, 1.4, 1.5), "#7a4a24")
    p.d(polygon([(-0.1, -1.3), (0.1, -1.3), (0.6, 0.8), (-0.6, 0.8)]), "#fff0b0")


def street(p):
    p.d(box(-1.4, 0.5, 1.4, 1.5), "#4a4a54")
    for i in range(4):
        p.d(
            polygon(
                [
                    (-1.1 + 0.7 * i, 0.9),
                    (-0.8 + 0.7 * i, 0.9),
                    (-0.85 + 0.7 * i, 1.0),
                    (-1.15 + 0.7 * i, 1.0),
                ]
            ),
            "#f0e8c0",
        )
    x = p.rng.choice([-0.95, 0.95])
    p.l([(x, 0.6), (x, -0.7), (x * 0.8, -0.8)], "#2a2a34", 0.06, False)
    p.d(oval(x * 0.78, -0.76, 0.12, 0.08), "#ffe98a")


def flames(p):
    for i in range(5):
        p.flames(-1.0 + 0.5 * i, 1.25, 0.3, p.rng.uniform(0.5, 1.0), 3, False)


PLACES = {
    "rain": rain,
    "snow": snow,
    "city": skyline,
    "sea": sea,
    "space": space,
    "forest": forest,
    "room": room,
    "desert": desert,
    "mountains": mountains,
    "graveyard": graveyard,
    "stage": stage,
    "street": street,
    "flames": flames,
}
