"""Settings behind a scene: a layer between the look's ground and the things."""

import math

from .shapes import box, oval, polygon, spline, star
from . import things


def rain(p):
    for _ in range(34):
        x, y = p.rng.uniform(-1.2, 1.2), p.rng.uniform(-1.2, 1.0)
        p.l([(x, y), (x - .06, y + .2)], "#5ac8ff", .035, False)


def snow(p):
    for _ in range(30):
        p.d(oval(p.rng.uniform(-1.2, 1.2), p.rng.uniform(-1.2, 1.2), .045), "#ffffff")
    p.d(spline([(-1.4, 1.0), (-.5, .8), (.4, .92), (1.4, .78), (1.4, 1.4), (-1.4, 1.4)]), "#f0f6ff")


def skyline(p):
    x = -1.25
    while x < 1.25:
        w, h = p.rng.uniform(.22, .42), p.rng.uniform(.4, 1.2)
        p.d(box(x, .8 - h, x + w, 1.3), p.rng.choice(["#3a3a5a", "#4a4a70", "#2a2a44"]))
        for a in range(2):
            for b in range(int(h / .25)):
                if p.rng.random() < .6:
                    p.d(box(x + .05 + a * .13, .88 - h + b * .24, x + .12 + a * .13, .98 - h + b * .24), "#ffe98a")
        x += w


def sea(p):
    for i, c in enumerate(("#2a7ab8", "#1f5f9a", "#184a80")):
        y = .45 + .28 * i
        p.d(spline([(-1.4, y), (-.9, y - .08), (-.5, y + .05), (0, y - .08), (.5, y + .05), (.9, y - .08), (1.4, y), (1.4, 1.5), (-1.4, 1.5)]), c)


def space(p):
    p.d(box(-1.4, -1.4, 1.4, 1.4), "#0a0a22")
    for _ in range(22):
        p.d(star(p.rng.uniform(-1.2, 1.2), p.rng.uniform(-1.2, 1.2), p.rng.uniform(.03, .09), .02, 4), "#ffffff")
    x, y = p.rng.choice([(-.8, -.8), (.8, -.75), (.8, .7)])
    p.f(oval(x, y, .3), p.rng.choice(["#d87a3a", "#8a9ad8", "#c8c8d0"]))


def forest(p):
    for i in range(6):
        x = -1.15 + .45 * i + p.rng.uniform(-.1, .1)
        p.d(box(x - .05, .3, x + .05, 1.0), "#3a2418")
        for y, w in ((.55, .34), (.2, .28), (-.12, .2)):
            p.d(polygon([(x - w, y), (x + w, y), (x, y - .55)]), p.rng.choice(["#1f5a34", "#2a6a3a", "#174a2c"]))
    p.d(box(-1.4, .95, 1.4, 1.5), "#2a4a24")


def room(p):
    p.d(box(-1.4, -1.4, 1.4, .62), p.rng.choice(["#d8b88a", "#8ab0a0", "#c88a8a", "#7a8ab8"]))
    p.d(box(-1.4, .62, 1.4, 1.5), "#8a5a34")
    for i in range(7):
        p.c([(-1.3 + .43 * i, .62), (-2.0 + .66 * i, 1.4)], "#6a4024", .03)
    x = p.rng.choice([-.75, .75])
    p.f(box(x - .25, -.95, x + .25, -.3, .01), "#7a4a24")
    p.d(box(x - .19, -.89, x + .19, -.36), p.rng.choice(["#8ad0f0", "#2a3a6a"]))


def desert(p):
    p.d(spline([(-1.4, .6), (-.6, .35), (.1, .62), (.8, .4), (1.4, .6), (1.4, 1.5), (-1.4, 1.5)]), "#e8b860")
    p.d(spline([(-1.4, .9), (-.4, .75), (.5, .98), (1.4, .8), (1.4, 1.5), (-1.4, 1.5)]), "#d09a48")
    p.d(oval(p.rng.uniform(-.8, .8), -.8, .22), "#fff0b0")


def mountains(p):
    for x, h, c in ((-.8, 1.0, "#6a6a9a"), (.7, 1.2, "#5a5a8a"), (0, .8, "#7a7aa8")):
        p.d(polygon([(x - .8, .8), (x, .8 - h), (x + .8, .8)]), c)
        p.d(polygon([(x - .2, .8 - h * .75), (x, .8 - h), (x + .2, .8 - h * .75)]), "#ffffff")
    p.d(box(-1.4, .78, 1.4, 1.5), "#4a7a3a")


def graveyard(p):
    p.d(spline([(-1.4, .7), (0, .6), (1.4, .7), (1.4, 1.5), (-1.4, 1.5)]), "#3a4a34")
    for x in (-1.0, -.5, .5, 1.0):
        p.d(box(x - .12, .3 + p.rng.uniform(-.1, .1), x + .12, .8, .08), "#8a8a92")
        p.d(box(x - .02, .4, x + .02, .6), "#3a3a44")


def stage(p):
    for s in (-1, 1):
        p.d(spline([(s * 1.4, -1.4), (s * .9, -1.4), (s * .75, 0), (s * .95, 1.2), (s * 1.4, 1.2)]), "#a01828")
    p.d(box(-1.4, .8, 1.4, 1.5), "#7a4a24")
    p.d(polygon([(-.1, -1.3), (.1, -1.3), (.6, .8), (-.6, .8)]), "#fff0b0")


def street(p):
    p.d(box(-1.4, .5, 1.4, 1.5), "#4a4a54")
    for i in range(4):
        p.d(polygon([(-1.1 + .7 * i, .9), (-.8 + .7 * i, .9), (-.85 + .7 * i, 1.0), (-1.15 + .7 * i, 1.0)]), "#f0e8c0")
    x = p.rng.choice([-.95, .95])
    p.l([(x, .6), (x, -.7), (x * .8, -.8)], "#2a2a34", .06, False)
    p.d(oval(x * .78, -.76, .12, .08), "#ffe98a")


def flames(p):
    for i in range(5):
        p.flames(-1.0 + .5 * i, 1.25, .3, p.rng.uniform(.5, 1.0), 3, False)


PLACES = {"rain": rain, "snow": snow, "city": skyline, "sea": sea, "space": space, "forest": forest, "room": room,
          "desert": desert, "mountains": mountains, "graveyard": graveyard, "stage": stage, "street": street, "flames": flames}
