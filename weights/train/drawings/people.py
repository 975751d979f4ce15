"""People: one parametric figure, and those who are more than that (skeletons, reapers, robots)."""

from .animals import mermaid_tail, pig as draw_pig
from .pen import INK
from .shapes import arc, box, oval, polygon, spline, star

SKINS = ["#f0b88c", "#f4cda8", "#c88a5a", "#8a5a3a", "#f0b88c"]


def hair_of(p, kind, c):
    if kind == "mohawk":
        for i in range(6):
            a = -0.62 + 0.25 * i + p.rng.uniform(-0.04, 0.04)
            import math

            p.f(
                polygon(
                    [
                        (0.36 * math.sin(a) - 0.1, -0.5),
                        (math.sin(a * 0.9), -0.2 - 0.82 * math.cos(a * 0.8)),
                        (0.36 * math.sin(a) + 0.14, -0.5),
                    ]
                ),
                c,
            )
    elif kind == "long":
        p.f(
            spline(
                [
                    (0, -0.72),
                    (0.5, -0.6),
                    (0.62, 0),
                    (0.58, 0.55),
                    (-0.58, 0.55),
                    (-0.62, 0),
                    (-0.5, -0.6),
                ]
            ),
            c,
        )
    elif kind == "curly":
        for x, y in (
            (-0.5, -0.1),
            (-0.48, -0.4),
            (-0.25, -0.62),
            (0.05, -0.68),
            (0.32, -0.58),
            (0.5, -0.36),
            (0.52, -0.05),
        ):
            p.f(oval(x, y, 0.22), c)


def fringe(p, kind, c):
    if kind in ("short", "long"):
        side = p.rng.choice([-1, 1])
        p.f(
            spline(
                [
                    (-0.46, -0.15),
                    (-0.5, -0.5),
                    (-0.2, -0.7),
                    (0.25, -0.7),
                    (0.5, -0.45),
                    (0.46, -0.15),
                    (0.3 * side, -0.42),
                    (-0.1 * side, -0.36),
                ]
            ),
            c,
        )


def hat_of(p, kind):
    c = p.look_hat
    if kind == "top":
        p.f(box(-0.36, -1.0, 0.36, -0.52, 0.03), c or "#2a2230")
        p.d(box(-0.35, -0.64, 0.35, -0.55), "#e0122d")
        p.f(box(-0.58, -0.56, 0.58, -0.46, 0.04), c or "#2a2230")
    elif kind == "cap":
        p.f(
            spline([(-0.46, -0.42), (-0.5, -0.7), (0, -0.82), (0.5, -0.7), (0.46, -0.42)]),
            c or "#2a4a9a",
        )
        p.f(polygon([(-0.5, -0.46), (0.5, -0.46), (0.6, -0.36), (-0.6, -0.36)]), INK)
        p.f(star(0, -0.6, 0.1, 0.05, 5), "#ffd21c", False)
    elif kind == "crown":
        p.f(
            polygon(
                [
                    (-0.45, -0.42),
                    (-0.5, -0.9),
                    (-0.25, -0.66),
                    (0, -0.98),
                    (0.25, -0.66),
                    (0.5, -0.9),
                    (0.45, -0.42),
                ]
            ),
            c or "#ffd21c",
        )
        for x in (-0.25, 0, 0.25):
            p.d(oval(x, -0.52, 0.06), "#e0122d")
    elif kind == "helmet":
        p.f(
            spline(
                [(-0.56, -0.3), (-0.5, -0.7), (0, -0.88), (0.5, -0.7), (0.56, -0.3), (0, -0.38)]
            ),
            c or "#5a6a3a",
        )
    elif kind == "chef":
        for x in (-0.28, 0, 0.28):
            p.f(oval(x, -0.78, 0.24), "#ffffff")
        p.f(box(-0.38, -0.72, 0.38, -0.42, 0.02), "#ffffff", shade=0.1)
    elif kind == "veil":
        p.f(
            spline(
                [
                    (0, -0.75),
                    (0.5, -0.6),
                    (0.75, 0.2),
                    (0.8, 1.0),
                    (0.45, 0.9),
                    (0.42, -0.2),
                    (0, -0.45),
                    (-0.42, -0.2),
                    (-0.45, 0.9),
                    (-0.8, 1.0),
                    (-0.75, 0.2),
                    (-0.5, -0.6),
                ]
            ),
            "#ffffff",
            shade=0.15,
        )
    elif kind == "nun":
        p.f(
            spline(
                [
                    (0, -0.78),
                    (0.52, -0.62),
                    (0.62, 0.1),
                    (0.7, 0.8),
                    (0.4, 0.6),
                    (0.4, -0.2),
                    (0, -0.5),
                    (-0.4, -0.2),
                    (-0.4, 0.6),
                    (-0.7, 0.8),
                    (-0.62, 0.1),
                    (-0.52, -0.62),
                ]
            ),
            "#22202c",
        )
        p.f(
            spline(
                [(-0.42, -0.3), (-0.3, -0.56), (0, -0.62), (0.3, -0.56), (0.42, -0.3), (0, -0.44)]
            ),
            "#ffffff",
            shade=0.05,
        )
    elif kind == "mitre":
        p.f(
            polygon([(-0.36, -0.45), (-0.42, -0.75), (0, -1.05), (0.42, -0.75), (0.36, -0.45)]),
            c or "#ffffff",
        )
        p.d(box(-0.05, -0.92, 0.05, -0.5), "#ffd21c")
        p.d(box(-0.2, -0.74, 0.2, -0.66), "#ffd21c")
    elif kind == "party":
        p.f(polygon([(-0.3, -0.52), (0.3, -0.52), (0, -1.02)]), c or "#8f2fe0")
        p.f(oval(0, -1.0, 0.09), "#ffe14a")
    elif kind == "cowboy":
        p.f(
            spline(
                [
                    (-0.34, -0.5),
                    (-0.32, -0.85),
                    (-0.1, -0.8),
                    (0.1, -0.8),
                    (0.32, -0.85),
                    (0.34, -0.5),
                ]
            ),
            c or "#8a5a2c",
        )
        p.f(
            spline(
                [
                    (-0.85, -0.62),
                    (-0.4, -0.48),
                    (0.4, -0.48),
                    (0.85, -0.62),
                    (0.5, -0.36),
                    (-0.5, -0.36),
                ]
            ),
            c or "#8a5a2c",
        )
    elif kind == "horns":
        for s in (-1, 1):
            p.f(
                spline(
                    [
                        (s * 0.2, -0.55),
                        (s * 0.3, -0.8),
                        (s * 0.55, -0.95),
                        (s * 0.5, -0.7),
                        (s * 0.42, -0.42),
                    ]
                ),
                c or "#e8d8a0",
            )
    elif kind == "halo":
        p.s(oval(0, -0.82, 0.36, 0.1), "#ffe14a", 0.08)
    elif kind == "laurel":
        for s in (-1, 1):
            for i in range(3):
                p.leaf(s * (0.2 + 0.12 * i), -0.56 + 0.12 * i, s * 0.16, -0.14)


def person(
    p,
    hair="short",
    hat=None,
    clothes="#3a4a78",
    skin=None,
    beard=None,
    glasses=False,
    extra=(),
    hair_color=None,
):
    rng = p.rng
    skin = skin or rng.choice(SKINS)
    clothes = p.main(clothes)
    hc = hair_color or rng.choice(["#3a2418", "#1c1820", "#b8742a", "#e8c050", "#8a8a92"])
    p.look_hat = None
    if "wings" in extra:
        for s in (-1, 1):
            p.f(
                spline(
                    [
                        (s * 0.3, 0.5),
                        (s * 0.6, 0.1),
                        (s * 1.0, 0.0),
                        (s * 0.95, 0.5),
                        (s * 0.7, 0.75),
                    ]
                ),
                "#ffffff",
                shade=0.15,
            )
    hair_of(p, hair, hc)
    arms = rng.choice(["down", "down", "up", "one", "hip"])
    wide = 0.78 if "fat" in extra else 0.66
    for s in (-1, 1):
        if arms == "up" or (arms == "one" and s == 1):
            p.l([(s * 0.55, 0.8), (s * 0.85, 0.5), (s * 0.82, 0.1)], clothes, 0.2)
            p.f(oval(s * 0.82, 0.02, 0.12), skin)
        elif arms == "hip":
            p.l([(s * 0.55, 0.72), (s * 0.95, 0.85), (s * 0.6, 1.0)], clothes, 0.18)
    p.f(
        spline(
            [
                (-wide, 1.05),
                (-wide + 0.06, 0.66),
                (-0.2, 0.5),
                (0.2, 0.5),
                (wide - 0.06, 0.66),
                (wide, 1.05),
            ]
        ),
        clothes,
    )
    p.f(box(-0.17, 0.3, 0.17, 0.6, 0.08), skin)
    if "suit" in extra:
        p.f(polygon([(-0.2, 0.52), (0.2, 0.52), (0, 1.05)]), "#ffffff", shade=0.05)
        p.f(
            polygon([(-0.07, 0.56), (0.07, 0.56), (0.1, 0.95), (0, 1.05), (-0.1, 0.95)]),
            rng.choice(["#d8202c", "#2a6ae0", "#2a2230"]),
        )
    if "collar" in extra:
        p.f(box(-0.14, 0.52, 0.14, 0.62, 0.02), "#ffffff", shade=0)
    if "studs" in extra:
        for i in range(5):
            p.f(
                polygon(
                    [(-0.37 + 0.16 * i, 0.68), (-0.27 + 0.16 * i, 0.68), (-0.32 + 0.16 * i, 0.56)]
                ),
                "#d8dce4",
                shade=0,
            )
    if "cross" in extra:
        p.d(box(-0.035, 0.62, 0.035, 0.98), "#ffd21c")
        p.d(box(-0.13, 0.7, 0.13, 0.77), "#ffd21c")
    for s in (-1, 1):
        p.f(oval(s * 0.49, -0.03, 0.09, 0.14), skin)
    chin = rng.uniform(0.46, 0.56)
    p.f(
        spline(
            [
                (0, -0.6),
                (0.4, -0.5),
                (0.48, -0.1),
                (0.34, 0.3),
                (0, chin),
                (-0.34, 0.3),
                (-0.48, -0.1),
                (-0.4, -0.5),
            ]
        ),
        skin,
    )
    if beard == "full":
        p.f(
            spline(
                [
                    (-0.44, 0.05),
                    (-0.2, 0.2),
                    (0.2, 0.2),
                    (0.44, 0.05),
                    (0.4, 0.5),
                    (0, 0.85),
                    (-0.4, 0.5),
                ]
            ),
            hc,
        )
    fringe(p, hair, hc)
    p.eyes(-0.12, 0.2, 0.11)
    if glasses:
        for s in (-1, 1):
            p.f(oval(s * 0.21, -0.12, 0.19, 0.15), INK, shade=0.1)
        p.c([(-0.05, -0.14), (0.05, -0.14)], INK, 0.05)
    p.c([(0, -0.04), (-0.06, 0.12), (0.05, 0.14)], p.dark(skin, 0.5), 0.04)
    if beard == "moustache":
        p.f(
            spline(
                [
                    (0, 0.17),
                    (0.2, 0.13),
                    (0.42, 0.26),
                    (0.18, 0.29),
                    (0, 0.24),
                    (-0.18, 0.29),
                    (-0.42, 0.26),
                    (-0.2, 0.13),
                ]
            ),
            hc,
        )
        p.mouth(0, 0.36, 0.12)
    else:
        p.mouth(0, 0.29, 0.19)
    if "teeth" in extra:
        p.f(box(-0.22, 0.22, 0.22, 0.36, 0.04), "#22f5e6", shade=0)
        for x in (-0.11, 0, 0.11):
            p.c([(x, 0.23), (x, 0.35)], INK, 0.025)
    if hat:
        hat_of(p, hat)
    if "headphones" in extra:
        p.c(arc(0, -0.1, 0.54, 0.62, 0.5, 1.0), "#2a2230", 0.1)
        for s in (-1, 1):
            p.f(oval(s * 0.52, -0.02, 0.13, 0.2), "#e8132f")
    if "earring" in extra:
        p.s(oval(-0.52, 0.14, 0.06), "#ffd21c", 0.035)


def face(p):
    """A head alone."""
    skin = p.main(p.rng.choice(SKINS))
    hc = p.rng.choice(["#3a2418", "#1c1820", "#b8742a", "#e8c050"])
    kind = p.rng.choice(["short", "none", "short"])
    for s in (-1, 1):
        p.f(oval(s * 0.7, 0.02, 0.14, 0.22), skin)
    p.f(
        spline(
            [
                (0, -0.9),
                (0.55, -0.75),
                (0.7, -0.1),
                (0.5, 0.55),
                (0, 0.95),
                (-0.5, 0.55),
                (-0.7, -0.1),
                (-0.55, -0.75),
            ]
        ),
        skin,
    )
    if kind == "short":
        p.f(
            spline(
                [
                    (-0.66, -0.3),
                    (-0.68, -0.75),
                    (-0.3, -1.02),
                    (0.3, -1.02),
                    (0.68, -0.75),
                    (0.66, -0.3),
                    (0.3, -0.62),
                    (-0.3, -0.62),
                ]
            ),
            hc,
        )
    p.eyes(-0.18, 0.29, 0.16)
    p.c([(0, -0.02), (-0.1, 0.24), (0.08, 0.27)], p.dark(skin, 0.5), 0.05)
    p.mouth(0, 0.5, 0.28)


def scream(p):
    p.mood = "screaming"
    skin = p.main("#f0d8a0")
    p.f(spline([(-0.5, 1.0), (-0.4, 0.55), (0.4, 0.55), (0.5, 1.0)]), "#2c3f78")
    p.f(
        spline(
            [
                (0, -0.95),
                (0.48, -0.75),
                (0.58, -0.25),
                (0.4, 0.35),
                (0.22, 0.78),
                (-0.22, 0.78),
                (-0.4, 0.35),
                (-0.58, -0.25),
                (-0.48, -0.75),
            ]
        ),
        skin,
    )
    hands = p.rng.random() < 0.6
    for s in (-1, 1):
        if hands:
            p.l([(s * 0.8, 1.0), (s * 0.74, 0.55), (s * 0.52, 0.2)], skin, 0.22)
            p.f(
                spline(
                    [
                        (s * 0.38, 0.42),
                        (s * 0.4, -0.1),
                        (s * 0.56, -0.2),
                        (s * 0.7, 0.1),
                        (s * 0.66, 0.46),
                    ]
                ),
                skin,
            )
    p.eyes(-0.35, 0.25, 0.16)
    p.f(oval(0, 0.36, 0.2, 0.3), "#3a0612", shade=0)
    p.d(oval(0, 0.54, 0.11, 0.09), "#d02038")


def skeleton(p, guitar=None):
    bone = p.main("#f2ead0")
    guitar = p.rng.random() < 0.5 if guitar is None else guitar
    step = p.rng.uniform(-0.15, 0.15)
    for s in (-1, 1):
        p.l([(s * 0.1, 0.5), (s * 0.25 + step, 0.75), (s * 0.26, 1.0)], bone, 0.08)
    p.l([(0, -0.3), (0, 0.55)], bone, 0.09)
    p.f(spline([(-0.25, 0.45), (0, 0.5), (0.25, 0.45), (0.12, 0.62), (-0.12, 0.62)]), bone)
    for i, y in enumerate((-0.22, -0.06, 0.1)):
        w = 0.38 - 0.05 * i
        p.l(
            [(-w, y + 0.08), (-w * 0.7, y - 0.03), (0, y), (w * 0.7, y - 0.03), (w, y + 0.08)],
            bone,
            0.06,
        )
    p.skull(0, -0.64, 0.34, bone)
    if guitar:
        p.l([(-0.1, 0.34), (0.92, -0.2)], "#7a4a1e", 0.09)
        p.f(box(0.84, -0.34, 1.0, -0.12, 0.04), "#2a2230")
        p.f(
            spline(
                [
                    (-0.72, 0.38),
                    (-0.5, 0.18),
                    (-0.26, 0.3),
                    (0.02, 0.14),
                    (0.16, 0.32),
                    (0.02, 0.56),
                    (-0.18, 0.6),
                    (-0.34, 0.82),
                    (-0.66, 0.76),
                ]
            ),
            "#d8202c",
        )
        p.d(oval(-0.3, 0.48, 0.12), INK)
        p.c([(-0.5, 0.58), (0.86, -0.18)], "#f8f2e0", 0.025)
        p.l([(-0.38, -0.16), (-0.72, 0.1), (-0.36, 0.4)], bone, 0.075)
        p.l([(0.38, -0.16), (0.7, 0.22), (0.5, 0.06)], bone, 0.075)
        return
    for s in (-1, 1):
        up = p.rng.random() < 0.5
        p.l(
            [
                (s * 0.38, -0.16),
                (s * 0.68, 0.1 if not up else -0.1),
                (s * 0.7, 0.45 if not up else -0.55),
            ],
            bone,
            0.075,
        )
        p.f(oval(s * 0.7, 0.5 if not up else -0.6, 0.09), bone)


def reaper(p):
    c = p.main("#3a3350")
    x = p.rng.uniform(0.5, 0.7)
    p.l([(x, 1.0), (x - 0.12, -0.8)], "#7a4a1e", 0.08)
    p.f(
        spline(
            [
                (x - 0.12, -0.86),
                (0.1, -0.96),
                (-0.35, -0.86),
                (-0.66, -0.56),
                (-0.2, -0.72),
                (x - 0.12, -0.68),
            ]
        ),
        "#d8dce4",
    )
    p.f(
        spline(
            [
                (0, -0.78),
                (0.34, -0.58),
                (0.42, -0.1),
                (0.62, 0.4),
                (0.7, 1.0),
                (-0.7, 1.0),
                (-0.62, 0.4),
                (-0.42, -0.1),
                (-0.34, -0.58),
            ]
        ),
        c,
    )
    p.f(oval(0, -0.3, 0.27, 0.33), "#05030c", shade=0)
    p.skull(0, -0.3, 0.24)
    p.l([(0.2, 0.2), (x - 0.08, 0.16)], "#f2ead0", 0.09)


def robot(p):
    c = p.main("#a8b6c4")
    p.l([(0, -0.6), (0, -0.9)], "#9aa6b4", 0.06)
    p.f(oval(0, -0.92, 0.09), "#e81c2c")
    for s in (-1, 1):
        up = p.rng.random() < 0.4
        p.l([(s * 0.5, 0.45), (s * 0.82, 0.6), (s * 0.85, 0.2 if up else 0.95)], "#9aa6b4", 0.12)
    p.f(box(-0.5, 0.34, 0.5, 1.0, 0.08), p.dark(c, 0.3))
    p.f(box(-0.62, -0.68, 0.62, 0.26, 0.14), c)
    p.eyes(-0.26, 0.28, 0.18, "#ff7a5a")
    p.f(box(-0.36, 0.0, 0.36, 0.16, 0.03), "#20283c", shade=0)
    for i in range(5):
        p.d(box(-0.3 + 0.13 * i, 0.02, -0.22 + 0.13 * i, 0.14), "#f4f4f0")
    for i, k in enumerate(("#ffe14a", "#3ad84a", "#e81c2c")):
        p.d(oval(-0.22 + 0.22 * i, 0.6, 0.08), k)


def clown(p):
    skin = "#fbf4ea"
    hair = p.main("#ff7a14")
    p.f(spline([(-0.7, 1.0), (-0.5, 0.66), (0.5, 0.66), (0.7, 1.0)]), "#2a6ae0")
    for s in (-1, 1):
        for dx, dy in ((0.62, -0.3), (0.74, 0.02), (0.56, 0.22)):
            p.f(oval(s * dx, dy, 0.25), hair)
    p.f(oval(0, 0.02, 0.58, 0.68), skin)
    if p.rng.random() < 0.6:
        p.f(polygon([(-0.3, -0.52), (0.3, -0.52), (0, -1.0)]), "#8f2fe0")
        p.f(oval(0, -0.98, 0.09), "#ffe14a")
    for s in (-1, 1):
        p.d(oval(s * 0.25, -0.16, 0.15, 0.22), "#39b6ff")
    p.eyes(-0.16, 0.25, 0.1)
    p.f(
        spline(
            [(-0.4, 0.42), (0, 0.26), (0.4, 0.42), (0.3, 0.6), (0, 0.46), (-0.3, 0.6)]
            if p.mood != "happy"
            else [(-0.42, 0.3), (0, 0.4), (0.42, 0.3), (0.3, 0.58), (0, 0.66), (-0.3, 0.58)]
        ),
        "#d8202c",
    )
    p.f(oval(0, 0.1, 0.17), "#f0142c")


def astronaut(p):
    c = p.main("#e8ecf2")
    for s in (-1, 1):
        up = p.rng.random() < 0.5
        p.l([(s * 0.45, 0.45), (s * 0.8, 0.5), (s * 0.88, 0.1 if up else 0.8)], c, 0.22)
        p.l([(s * 0.22, 0.8), (s * 0.28, 1.0)], c, 0.26)
    p.f(box(-0.45, 0.25, 0.45, 0.95, 0.15), c)
    p.f(box(-0.2, 0.45, 0.2, 0.65, 0.03), "#2a4a9a")
    p.f(oval(0, -0.3, 0.62, 0.6), c)
    p.f(oval(0, -0.28, 0.44, 0.38), "#24406a", shade=0.5)
    p.d(spline([(-0.3, -0.35), (-0.2, -0.55), (-0.05, -0.58), (-0.2, -0.4)]), "#bfe8ff")


def alien(p):
    c = p.main("#7ad84a")
    for s in (-1, 1):
        p.l([(s * 0.25, 0.6), (s * 0.55, 0.75), (s * 0.6, 0.45)], c, 0.1)
    p.f(spline([(-0.28, 1), (-0.2, 0.4), (0.2, 0.4), (0.28, 1)]), c)
    p.f(
        spline(
            [
                (0, -0.9),
                (0.6, -0.65),
                (0.6, -0.1),
                (0.2, 0.45),
                (0, 0.52),
                (-0.2, 0.45),
                (-0.6, -0.1),
                (-0.6, -0.65),
            ]
        ),
        c,
    )
    for s in (-1, 1):
        p.f(
            spline([(s * 0.1, 0.02), (s * 0.2, -0.25), (s * 0.5, -0.35), (s * 0.4, -0.02)]),
            INK,
            shade=0,
        )
        p.d(oval(s * 0.35, -0.22, 0.06), "#ffffff")
    p.mouth(0, 0.25, 0.12)


def ghost(p):
    c = p.main("#f0f4fa")
    p.f(
        spline(
            [
                (0, -0.9),
                (0.5, -0.7),
                (0.62, -0.1),
                (0.7, 0.9),
                (0.42, 0.7),
                (0.2, 0.95),
                (0, 0.72),
                (-0.2, 0.95),
                (-0.42, 0.7),
                (-0.7, 0.9),
                (-0.62, -0.1),
                (-0.5, -0.7),
            ]
        ),
        c,
    )
    for s in (-1, 1):
        p.d(oval(s * 0.22, -0.35, 0.12, 0.18), INK)
    p.d(oval(0, 0.08, 0.12, 0.2 if p.mood == "screaming" else 0.09), INK)


def baby(p):
    skin = p.rng.choice(SKINS)
    p.f(spline([(-0.5, 1), (-0.42, 0.55), (0.42, 0.55), (0.5, 1)]), p.main("#8fc8f0"))
    for s in (-1, 1):
        p.l([(s * 0.4, 0.65), (s * 0.7, 0.5), (s * 0.72, 0.25)], skin, 0.16)
    p.f(oval(0, -0.1, 0.66, 0.62), skin)
    p.c([(0, -0.7), (0.1, -0.85), (0.02, -0.9)], "#b8742a", 0.06)
    p.eyes(-0.1, 0.25, 0.12)
    if p.rng.random() < 0.5:
        p.f(oval(0, 0.26, 0.18), "#ff5fa8")
    else:
        p.mouth(0, 0.22, 0.2)


def snowman(p):
    p.f(oval(0, 0.58, 0.5, 0.42), "#f4f8ff")
    p.f(oval(0, -0.02, 0.36, 0.34), "#f4f8ff")
    p.f(oval(0, -0.5, 0.27), "#f4f8ff")
    for s in (-1, 1):
        p.l([(s * 0.3, 0), (s * 0.8, p.rng.uniform(-0.4, 0.2))], "#6a4020", 0.05)
        p.d(oval(s * 0.1, -0.56, 0.045), INK)
    p.f(polygon([(0, -0.5), (-0.34, -0.42), (0, -0.42)]), "#ff8a1c")
    p.l([(-0.26, -0.28), (0, -0.22), (0.26, -0.28)], p.main("#e0122d"), 0.11)
    p.f(box(-0.2, -1.0, 0.2, -0.72, 0.02), "#2a2230")
    p.f(box(-0.34, -0.76, 0.34, -0.69, 0.02), "#2a2230")


def mermaid(p):
    person(p, "long", extra=(), clothes="#2fae8a")
    mermaid_tail(p)


def fish_man(p):
    """A tax collector with the head of a fish."""
    c = p.main("#4a5068")
    p.f(spline([(-0.7, 1.05), (-0.6, 0.6), (-0.2, 0.4), (0.2, 0.4), (0.6, 0.6), (0.7, 1.05)]), c)
    p.f(polygon([(-0.2, 0.46), (0.2, 0.46), (0, 1.05)]), "#ffffff", shade=0.05)
    p.f(polygon([(-0.07, 0.5), (0.07, 0.5), (0.1, 0.95), (0, 1.05), (-0.1, 0.95)]), "#d8202c")
    p.f(polygon([(0.3, -0.5), (0.85, -0.75), (0.7, -0.3), (0.8, 0.05), (0.35, -0.05)]), "#f0801c")
    p.f(
        spline(
            [
                (-0.9, -0.2),
                (-0.6, -0.6),
                (-0.05, -0.75),
                (0.4, -0.45),
                (0.4, 0),
                (0.1, 0.42),
                (-0.2, 0.45),
                (-0.6, 0.2),
            ]
        ),
        "#58b0a0",
    )
    p.eyes(-0.35, 0, 0.16, x=-0.4)
    p.c([(-0.85, -0.05), (-0.55, 0.0), (-0.4, -0.08)], INK, 0.06)
    for x in (-0.1, 0.12):
        p.c([(x, -0.4), (x + 0.1, -0.15), (x, 0.1)], "#c8f0e0", 0.05)


def cupid(p):
    skin = p.rng.choice(SKINS)
    for s in (-1, 1):
        p.f(
            spline(
                [
                    (s * 0.25, 0.35),
                    (s * 0.5, -0.1),
                    (s * 0.95, -0.2),
                    (s * 0.85, 0.25),
                    (s * 0.55, 0.5),
                ]
            ),
            "#ffffff",
            shade=0.15,
        )
    p.f(spline([(-0.4, 1), (-0.36, 0.5), (0, 0.3), (0.36, 0.5), (0.4, 1)]), skin)
    p.f(oval(0, -0.25, 0.46, 0.46), skin)
    for x, y in ((-0.35, -0.5), (-0.12, -0.68), (0.15, -0.68), (0.36, -0.5)):
        p.f(oval(x, y, 0.17), "#e8c050")
    p.eyes(-0.25, 0.17, 0.09)
    p.mouth(0, 0, 0.14)
    p.c(arc(-0.35, 0.5, 0.42, 0.48, 0.3, 0.7), "#8a5a2c", 0.09)
    p.l([(-0.9, 0.5), (0.25, 0.5)], "#e8d8b0", 0.05)
    p.d(polygon([(-0.98, 0.5), (-0.82, 0.4), (-0.82, 0.6)]), "#e0122d")
    p.l([(0.3, 0.6), (0.1, 0.52)], skin, 0.13)


def pig_rider(p):
    p.canvas.save()
    p.canvas.translate(0.05, 0.42)
    p.canvas.scale(0.75, 0.6)
    draw_pig(p)
    p.canvas.restore()
    p.canvas.save()
    p.canvas.translate(0.1, -0.38)
    p.canvas.scale(0.55, 0.58)
    tint, p.tint = p.tint, None
    person(p, "none", None, "#f4f0e6", beard="full", hair_color="#d8d8dc")
    p.tint = tint
    p.canvas.restore()


def statue(p):
    person(p, "curly", None, "#d4d8dc", skin="#dfe2e4", extra=("headphones",), hair_color="#c8ccd0")


def mannequin(p):
    c = p.main("#e8c8b0")
    arm = p.rng.uniform(-0.3, 0.2)
    p.l([(0.4, 0.3), (0.8, 0.1), (0.85, -0.3 + arm)], c, 0.14)
    p.l([(-0.4, 0.3), (-0.6, 0.7), (-0.5, 0.95)], c, 0.14)
    p.f(
        spline(
            [
                (-0.45, 0.25),
                (0, 0.15),
                (0.45, 0.25),
                (0.3, 0.7),
                (0.4, 1.0),
                (-0.4, 1.0),
                (-0.3, 0.7),
            ]
        ),
        c,
    )
    p.l([(0, 0.15), (0, -0.1)], c, 0.16)
    p.f(
        spline(
            [(0, -0.85), (0.3, -0.65), (0.28, -0.25), (0, -0.02), (-0.28, -0.25), (-0.3, -0.65)]
        ),
        c,
    )
    p.c([(-0.3, -0.5), (0.3, -0.5)], p.dark(c, 0.4), 0.035)
    p.c([(0, -0.85), (0, -0.05)], p.dark(c, 0.4), 0.035)
    p.c([(-0.4, 0.62), (0.4, 0.62)], p.dark(c, 0.4), 0.04)


# Name -> arguments of `person`.
FIGURES = {
    "punk": dict(
        hair="mohawk", clothes="#25202e", extra=("studs", "earring"), hair_color="#ff2fa0"
    ),
    "man": dict(),
    "woman": dict(hair="long", clothes="#c0305a"),
    "old man": dict(hair="none", beard="full", hair_color="#d8d8dc", clothes="#6a5a48"),
    "grandmother": dict(hair="curly", hair_color="#c8c8d0", clothes="#8a5a9a"),
    "banker": dict(hat="top", clothes="#3a3a48", beard="moustache", extra=("suit", "fat")),
    "office worker": dict(clothes="#7a8088", extra=("suit",)),
    "politician": dict(clothes="#2a3a68", extra=("suit", "fat"), hair_color="#e8c050"),
    "doorman": dict(hat="cap", clothes="#8a1c2c", beard="moustache", hair_color="#2a2230"),
    "guard": dict(hat="cap", clothes="#2a4a7a", extra=("fat",)),
    "policeman": dict(hat="cap", clothes="#23386a"),
    "bouncer": dict(hair="none", clothes="#201c28", extra=("teeth", "fat"), glasses=True),
    "bride": dict(hair="long", hat="veil", clothes="#ffffff"),
    "king": dict(hat="crown", clothes="#8a1c5a", beard="full", extra=("fat",)),
    "queen": dict(hat="crown", hair="long", clothes="#a02a8a"),
    "priest": dict(hair="none", clothes="#22202c", extra=("collar", "cross")),
    "bishop": dict(hat="mitre", clothes="#c02a3a", extra=("cross",)),
    "nun": dict(hair="none", hat="nun", clothes="#22202c", extra=("cross",)),
    "soldier": dict(hat="helmet", clothes="#5a6a3a"),
    "chef": dict(hat="chef", clothes="#ffffff", beard="moustache", extra=("fat",)),
    "teacher": dict(hair="curly", clothes="#6a8a4a", glasses=True),
    "doctor": dict(clothes="#ffffff", extra=("suit",)),
    "cowboy": dict(hat="cowboy", clothes="#a8702a"),
    "devil": dict(
        hair="none",
        hat="horns",
        clothes="#5a0a14",
        skin="#e0282a",
        beard="moustache",
        hair_color="#1c1820",
    ),
    "angel": dict(
        hair="curly", hat="halo", clothes="#ffffff", extra=("wings",), hair_color="#e8c050"
    ),
    "philosopher": dict(hair="none", clothes="#f4f0e6", beard="full", hair_color="#d8d8dc"),
    "sailor": dict(hat="cap", clothes="#2a5a9a", beard="full"),
    "programmer": dict(hair="long", clothes="#2f6a4a", glasses=True, beard="full"),
    "boy": dict(clothes="#e8a020"),
    "poet": dict(hair="long", clothes="#3a2a4a", hair_color="#3a2418"),
    "emperor": dict(hat="laurel", clothes="#b02a3a"),
}
