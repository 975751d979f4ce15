"""People: one parametric figure, and those who are more than that (skeletons, reapers, robots)."""

from .animals import fish as draw_fish, mermaid_tail, pig as draw_pig
from .pen import INK
from .shapes import arc, box, oval, polygon, spline, star

SKINS = ["#f0b88c", "#f4cda8", "#c88a5a", "#8a5a3a", "#f0b88c"]


def hair_of(p, kind, c):
    if kind == "mohawk":
        for i in range(6):
            a = -0.62 + 0.25 * i + p.rng.uniform(-.04, .04)
            import math
            p.f(polygon([(0.36 * math.sin(a) - 0.1, -0.5), (math.sin(a * 0.9), -0.2 - 0.82 * math.cos(a * 0.8)),
                         (0.36 * math.sin(a) + 0.14, -0.5)]), c)
    elif kind == "long":
        p.f(spline([(0, -.72), (.5, -.6), (.62, 0), (.58, .55), (-.58, .55), (-.62, 0), (-.5, -.6)]), c)
    elif kind == "curly":
        for x, y in ((-.5, -.1), (-.48, -.4), (-.25, -.62), (.05, -.68), (.32, -.58), (.5, -.36), (.52, -.05)):
            p.f(oval(x, y, .22), c)


def fringe(p, kind, c):
    if kind in ("short", "long"):
        side = p.rng.choice([-1, 1])
        p.f(spline([(-.46, -.15), (-.5, -.5), (-.2, -.7), (.25, -.7), (.5, -.45), (.46, -.15),
                    (.3 * side, -.42), (-.1 * side, -.36)]), c)


def hat_of(p, kind):
    c = p.look_hat
    if kind == "top":
        p.f(box(-.36, -1.0, .36, -.52, .03), c or "#2a2230")
        p.d(box(-.35, -.64, .35, -.55), "#e0122d")
        p.f(box(-.58, -.56, .58, -.46, .04), c or "#2a2230")
    elif kind == "cap":
        p.f(spline([(-.46, -.42), (-.5, -.7), (0, -.82), (.5, -.7), (.46, -.42)]), c or "#2a4a9a")
        p.f(polygon([(-.5, -.46), (.5, -.46), (.6, -.36), (-.6, -.36)]), INK)
        p.f(star(0, -.6, .1, .05, 5), "#ffd21c", False)
    elif kind == "crown":
        p.f(polygon([(-.45, -.42), (-.5, -.9), (-.25, -.66), (0, -.98), (.25, -.66), (.5, -.9), (.45, -.42)]), c or "#ffd21c")
        for x in (-.25, 0, .25):
            p.d(oval(x, -.52, .06), "#e0122d")
    elif kind == "helmet":
        p.f(spline([(-.56, -.3), (-.5, -.7), (0, -.88), (.5, -.7), (.56, -.3), (0, -.38)]), c or "#5a6a3a")
    elif kind == "chef":
        for x in (-.28, 0, .28):
            p.f(oval(x, -.78, .24), "#ffffff")
        p.f(box(-.38, -.72, .38, -.42, .02), "#ffffff", shade=.1)
    elif kind == "veil":
        p.f(spline([(0, -.75), (.5, -.6), (.75, .2), (.8, 1.0), (.45, .9), (.42, -.2), (0, -.45), (-.42, -.2),
                    (-.45, .9), (-.8, 1.0), (-.75, .2), (-.5, -.6)]), "#ffffff", shade=.15)
    elif kind == "nun":
        p.f(spline([(0, -.78), (.52, -.62), (.62, .1), (.7, .8), (.4, .6), (.4, -.2), (0, -.5), (-.4, -.2), (-.4, .6),
                    (-.7, .8), (-.62, .1), (-.52, -.62)]), "#22202c")
        p.f(spline([(-.42, -.3), (-.3, -.56), (0, -.62), (.3, -.56), (.42, -.3), (0, -.44)]), "#ffffff", shade=.05)
    elif kind == "mitre":
        p.f(polygon([(-.36, -.45), (-.42, -.75), (0, -1.05), (.42, -.75), (.36, -.45)]), c or "#ffffff")
        p.d(box(-.05, -.92, .05, -.5), "#ffd21c")
        p.d(box(-.2, -.74, .2, -.66), "#ffd21c")
    elif kind == "party":
        p.f(polygon([(-.3, -.52), (.3, -.52), (0, -1.02)]), c or "#8f2fe0")
        p.f(oval(0, -1.0, .09), "#ffe14a")
    elif kind == "cowboy":
        p.f(spline([(-.34, -.5), (-.32, -.85), (-.1, -.8), (.1, -.8), (.32, -.85), (.34, -.5)]), c or "#8a5a2c")
        p.f(spline([(-.85, -.62), (-.4, -.48), (.4, -.48), (.85, -.62), (.5, -.36), (-.5, -.36)]), c or "#8a5a2c")
    elif kind == "horns":
        for s in (-1, 1):
            p.f(spline([(s * .2, -.55), (s * .3, -.8), (s * .55, -.95), (s * .5, -.7), (s * .42, -.42)]), c or "#e8d8a0")
    elif kind == "halo":
        p.s(oval(0, -.82, .36, .1), "#ffe14a", .08)
    elif kind == "laurel":
        for s in (-1, 1):
            for i in range(3):
                p.leaf(s * (.2 + .12 * i), -.56 + .12 * i, s * .16, -.14)


def person(p, hair="short", hat=None, clothes="#3a4a78", skin=None, beard=None, glasses=False, extra=(),
           hair_color=None):
    rng = p.rng
    skin = skin or rng.choice(SKINS)
    clothes = p.main(clothes)
    hc = hair_color or rng.choice(["#3a2418", "#1c1820", "#b8742a", "#e8c050", "#8a8a92"])
    p.look_hat = None
    if "wings" in extra:
        for s in (-1, 1):
            p.f(spline([(s * .3, .5), (s * .6, .1), (s * 1.0, .0), (s * .95, .5), (s * .7, .75)]), "#ffffff", shade=.15)
    hair_of(p, hair, hc)
    arms = rng.choice(["down", "down", "up", "one", "hip"])
    wide = .78 if "fat" in extra else .66
    for s in (-1, 1):
        if arms == "up" or (arms == "one" and s == 1):
            p.l([(s * .55, .8), (s * .85, .5), (s * .82, .1)], clothes, .2)
            p.f(oval(s * .82, .02, .12), skin)
        elif arms == "hip":
            p.l([(s * .55, .72), (s * .95, .85), (s * .6, 1.0)], clothes, .18)
    p.f(spline([(-wide, 1.05), (-wide + .06, .66), (-.2, .5), (.2, .5), (wide - .06, .66), (wide, 1.05)]), clothes)
    p.f(box(-.17, .3, .17, .6, .08), skin)
    if "suit" in extra:
        p.f(polygon([(-.2, .52), (.2, .52), (0, 1.05)]), "#ffffff", shade=.05)
        p.f(polygon([(-.07, .56), (.07, .56), (.1, .95), (0, 1.05), (-.1, .95)]), rng.choice(["#d8202c", "#2a6ae0", "#2a2230"]))
    if "collar" in extra:
        p.f(box(-.14, .52, .14, .62, .02), "#ffffff", shade=0)
    if "studs" in extra:
        for i in range(5):
            p.f(polygon([(-.37 + .16 * i, .68), (-.27 + .16 * i, .68), (-.32 + .16 * i, .56)]), "#d8dce4", shade=0)
    if "cross" in extra:
        p.d(box(-.035, .62, .035, .98), "#ffd21c")
        p.d(box(-.13, .7, .13, .77), "#ffd21c")
    for s in (-1, 1):
        p.f(oval(s * .49, -.03, .09, .14), skin)
    chin = rng.uniform(.46, .56)
    p.f(spline([(0, -.6), (.4, -.5), (.48, -.1), (.34, .3), (0, chin), (-.34, .3), (-.48, -.1), (-.4, -.5)]), skin)
    if beard == "full":
        p.f(spline([(-.44, .05), (-.2, .2), (.2, .2), (.44, .05), (.4, .5), (0, .85), (-.4, .5)]), hc)
    fringe(p, hair, hc)
    p.eyes(-.12, .2, .11)
    if glasses:
        for s in (-1, 1):
            p.f(oval(s * .21, -.12, .19, .15), INK, shade=.1)
        p.c([(-.05, -.14), (.05, -.14)], INK, .05)
    p.c([(0, -.04), (-.06, .12), (.05, .14)], p.dark(skin, .5), .04)
    if beard == "moustache":
        p.f(spline([(0, .17), (.2, .13), (.42, .26), (.18, .29), (0, .24), (-.18, .29), (-.42, .26), (-.2, .13)]), hc)
        p.mouth(0, .36, .12)
    else:
        p.mouth(0, .29, .19)
    if "teeth" in extra:
        p.f(box(-.22, .22, .22, .36, .04), "#22f5e6", shade=0)
        for x in (-.11, 0, .11):
            p.c([(x, .23), (x, .35)], INK, .025)
    if hat:
        hat_of(p, hat)
    if "headphones" in extra:
        p.c(arc(0, -.1, .54, .62, .5, 1.0), "#2a2230", .1)
        for s in (-1, 1):
            p.f(oval(s * .52, -.02, .13, .2), "#e8132f")
    if "earring" in extra:
        p.s(oval(-.52, .14, .06), "#ffd21c", .035)


def face(p):
    """A head alone."""
    skin = p.main(p.rng.choice(SKINS))
    hc = p.rng.choice(["#3a2418", "#1c1820", "#b8742a", "#e8c050"])
    kind = p.rng.choice(["short", "none", "short"])
    for s in (-1, 1):
        p.f(oval(s * .7, .02, .14, .22), skin)
    p.f(spline([(0, -.9), (.55, -.75), (.7, -.1), (.5, .55), (0, .95), (-.5, .55), (-.7, -.1), (-.55, -.75)]), skin)
    if kind == "short":
        p.f(spline([(-.66, -.3), (-.68, -.75), (-.3, -1.02), (.3, -1.02), (.68, -.75), (.66, -.3), (.3, -.62), (-.3, -.62)]), hc)
    p.eyes(-.18, .29, .16)
    p.c([(0, -.02), (-.1, .24), (.08, .27)], p.dark(skin, .5), .05)
    p.mouth(0, .5, .28)


def scream(p):
    p.mood = "screaming"
    skin = p.main("#f0d8a0")
    p.f(spline([(-0.5, 1.0), (-0.4, 0.55), (0.4, 0.55), (0.5, 1.0)]), "#2c3f78")
    p.f(spline([(0, -0.95), (0.48, -0.75), (0.58, -0.25), (0.4, 0.35), (0.22, 0.78), (-0.22, 0.78), (-0.4, 0.35),
                (-0.58, -0.25), (-0.48, -0.75)]), skin)
    hands = p.rng.random() < .6
    for s in (-1, 1):
        if hands:
            p.l([(s * 0.8, 1.0), (s * 0.74, 0.55), (s * 0.52, 0.2)], skin, 0.22)
            p.f(spline([(s * 0.38, 0.42), (s * 0.4, -0.1), (s * 0.56, -0.2), (s * 0.7, 0.1), (s * 0.66, 0.46)]), skin)
    p.eyes(-.35, .25, .16)
    p.f(oval(0, 0.36, 0.2, 0.3), "#3a0612", shade=0)
    p.d(oval(0, 0.54, 0.11, 0.09), "#d02038")


def skeleton(p, guitar=None):
    bone = p.main("#f2ead0")
    guitar = p.rng.random() < .5 if guitar is None else guitar
    step = p.rng.uniform(-.15, .15)
    for s in (-1, 1):
        p.l([(s * 0.1, 0.5), (s * 0.25 + step, 0.75), (s * 0.26, 1.0)], bone, 0.08)
    p.l([(0, -0.3), (0, 0.55)], bone, 0.09)
    p.f(spline([(-.25, .45), (0, .5), (.25, .45), (.12, .62), (-.12, .62)]), bone)
    for i, y in enumerate((-0.22, -0.06, 0.1)):
        w = 0.38 - 0.05 * i
        p.l([(-w, y + 0.08), (-w * 0.7, y - 0.03), (0, y), (w * 0.7, y - 0.03), (w, y + 0.08)], bone, 0.06)
    p.skull(0, -0.64, 0.34, bone)
    if guitar:
        p.l([(-0.1, 0.34), (0.92, -0.2)], "#7a4a1e", 0.09)
        p.f(box(0.84, -0.34, 1.0, -0.12, 0.04), "#2a2230")
        p.f(spline([(-0.72, 0.38), (-0.5, 0.18), (-0.26, 0.3), (0.02, 0.14), (0.16, 0.32), (0.02, 0.56), (-0.18, 0.6),
                    (-0.34, 0.82), (-0.66, 0.76)]), "#d8202c")
        p.d(oval(-0.3, 0.48, 0.12), INK)
        p.c([(-0.5, 0.58), (0.86, -0.18)], "#f8f2e0", 0.025)
        p.l([(-0.38, -0.16), (-0.72, 0.1), (-0.36, 0.4)], bone, 0.075)
        p.l([(0.38, -0.16), (0.7, 0.22), (0.5, 0.06)], bone, 0.075)
        return
    for s in (-1, 1):
        up = p.rng.random() < .5
        p.l([(s * .38, -.16), (s * .68, .1 if not up else -.1), (s * .7, .45 if not up else -.55)], bone, .075)
        p.f(oval(s * .7, .5 if not up else -.6, .09), bone)


def reaper(p):
    c = p.main("#3a3350")
    x = p.rng.uniform(.5, .7)
    p.l([(x, 1.0), (x - .12, -0.8)], "#7a4a1e", 0.08)
    p.f(spline([(x - .12, -0.86), (0.1, -0.96), (-0.35, -0.86), (-0.66, -0.56), (-0.2, -0.72), (x - .12, -0.68)]), "#d8dce4")
    p.f(spline([(0, -0.78), (0.34, -0.58), (0.42, -0.1), (0.62, 0.4), (0.7, 1.0), (-0.7, 1.0), (-0.62, 0.4), (-0.42, -0.1),
                (-0.34, -0.58)]), c)
    p.f(oval(0, -0.3, 0.27, 0.33), "#05030c", shade=0)
    p.skull(0, -0.3, 0.24)
    p.l([(0.2, 0.2), (x - .08, 0.16)], "#f2ead0", 0.09)


def robot(p):
    c = p.main("#a8b6c4")
    p.l([(0, -0.6), (0, -0.9)], "#9aa6b4", 0.06)
    p.f(oval(0, -0.92, 0.09), "#e81c2c")
    for s in (-1, 1):
        up = p.rng.random() < .4
        p.l([(s * 0.5, 0.45), (s * 0.82, 0.6), (s * 0.85, 0.2 if up else 0.95)], "#9aa6b4", 0.12)
    p.f(box(-0.5, 0.34, 0.5, 1.0, 0.08), p.dark(c, .3))
    p.f(box(-0.62, -0.68, 0.62, 0.26, 0.14), c)
    p.eyes(-.26, .28, .18, "#ff7a5a")
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
    if p.rng.random() < .6:
        p.f(polygon([(-0.3, -0.52), (0.3, -0.52), (0, -1.0)]), "#8f2fe0")
        p.f(oval(0, -0.98, 0.09), "#ffe14a")
    for s in (-1, 1):
        p.d(oval(s * 0.25, -0.16, 0.15, 0.22), "#39b6ff")
    p.eyes(-.16, .25, .1)
    p.f(spline([(-0.4, 0.42), (0, 0.26), (0.4, 0.42), (0.3, 0.6), (0, 0.46), (-0.3, 0.6)] if p.mood != "happy" else
               [(-.42, .3), (0, .4), (.42, .3), (.3, .58), (0, .66), (-.3, .58)]), "#d8202c")
    p.f(oval(0, 0.1, 0.17), "#f0142c")


def astronaut(p):
    c = p.main("#e8ecf2")
    for s in (-1, 1):
        up = p.rng.random() < .5
        p.l([(s * .45, .45), (s * .8, .5), (s * .88, .1 if up else .8)], c, .22)
        p.l([(s * .22, .8), (s * .28, 1.0)], c, .26)
    p.f(box(-.45, .25, .45, .95, .15), c)
    p.f(box(-.2, .45, .2, .65, .03), "#2a4a9a")
    p.f(oval(0, -.3, .62, .6), c)
    p.f(oval(0, -.28, .44, .38), "#24406a", shade=.5)
    p.d(spline([(-.3, -.35), (-.2, -.55), (-.05, -.58), (-.2, -.4)]), "#bfe8ff")


def alien(p):
    c = p.main("#7ad84a")
    for s in (-1, 1):
        p.l([(s * .25, .6), (s * .55, .75), (s * .6, .45)], c, .1)
    p.f(spline([(-.28, 1), (-.2, .4), (.2, .4), (.28, 1)]), c)
    p.f(spline([(0, -.9), (.6, -.65), (.6, -.1), (.2, .45), (0, .52), (-.2, .45), (-.6, -.1), (-.6, -.65)]), c)
    for s in (-1, 1):
        p.f(spline([(s * .1, .02), (s * .2, -.25), (s * .5, -.35), (s * .4, -.02)]), INK, shade=0)
        p.d(oval(s * .35, -.22, .06), "#ffffff")
    p.mouth(0, .25, .12)


def ghost(p):
    c = p.main("#f0f4fa")
    p.f(spline([(0, -.9), (.5, -.7), (.62, -.1), (.7, .9), (.42, .7), (.2, .95), (0, .72), (-.2, .95), (-.42, .7),
                (-.7, .9), (-.62, -.1), (-.5, -.7)]), c)
    for s in (-1, 1):
        p.d(oval(s * .22, -.35, .12, .18), INK)
    p.d(oval(0, .08, .12, .2 if p.mood == "screaming" else .09), INK)


def baby(p):
    skin = p.rng.choice(SKINS)
    p.f(spline([(-.5, 1), (-.42, .55), (.42, .55), (.5, 1)]), p.main("#8fc8f0"))
    for s in (-1, 1):
        p.l([(s * .4, .65), (s * .7, .5), (s * .72, .25)], skin, .16)
    p.f(oval(0, -.1, .66, .62), skin)
    p.c([(0, -.7), (.1, -.85), (.02, -.9)], "#b8742a", .06)
    p.eyes(-.1, .25, .12)
    if p.rng.random() < .5:
        p.f(oval(0, .26, .18), "#ff5fa8")
    else:
        p.mouth(0, .22, .2)


def snowman(p):
    p.f(oval(0, .58, .5, .42), "#f4f8ff")
    p.f(oval(0, -.02, .36, .34), "#f4f8ff")
    p.f(oval(0, -.5, .27), "#f4f8ff")
    for s in (-1, 1):
        p.l([(s * .3, 0), (s * .8, p.rng.uniform(-.4, .2))], "#6a4020", .05)
        p.d(oval(s * .1, -.56, .045), INK)
    p.f(polygon([(0, -.5), (-.34, -.42), (0, -.42)]), "#ff8a1c")
    p.l([(-.26, -.28), (0, -.22), (.26, -.28)], p.main("#e0122d"), .11)
    p.f(box(-.2, -1.0, .2, -.72, .02), "#2a2230")
    p.f(box(-.34, -.76, .34, -.69, .02), "#2a2230")


def mermaid(p):
    person(p, "long", extra=(), clothes="#2fae8a")
    mermaid_tail(p)


def fish_man(p):
    """A tax collector with the head of a fish."""
    c = p.main("#4a5068")
    p.f(spline([(-.7, 1.05), (-.6, .6), (-.2, .4), (.2, .4), (.6, .6), (.7, 1.05)]), c)
    p.f(polygon([(-.2, .46), (.2, .46), (0, 1.05)]), "#ffffff", shade=.05)
    p.f(polygon([(-.07, .5), (.07, .5), (.1, .95), (0, 1.05), (-.1, .95)]), "#d8202c")
    p.f(polygon([(.3, -.5), (.85, -.75), (.7, -.3), (.8, .05), (.35, -.05)]), "#f0801c")
    p.f(spline([(-.9, -.2), (-.6, -.6), (-.05, -.75), (.4, -.45), (.4, 0), (.1, .42), (-.2, .45), (-.6, .2)]), "#58b0a0")
    p.eyes(-.35, 0, .16, x=-.4)
    p.c([(-.85, -.05), (-.55, .0), (-.4, -.08)], INK, .06)
    for x in (-.1, .12):
        p.c([(x, -.4), (x + .1, -.15), (x, .1)], "#c8f0e0", .05)


def cupid(p):
    skin = p.rng.choice(SKINS)
    for s in (-1, 1):
        p.f(spline([(s * .25, .35), (s * .5, -.1), (s * .95, -.2), (s * .85, .25), (s * .55, .5)]), "#ffffff", shade=.15)
    p.f(spline([(-.4, 1), (-.36, .5), (0, .3), (.36, .5), (.4, 1)]), skin)
    p.f(oval(0, -.25, .46, .46), skin)
    for x, y in ((-.35, -.5), (-.12, -.68), (.15, -.68), (.36, -.5)):
        p.f(oval(x, y, .17), "#e8c050")
    p.eyes(-.25, .17, .09)
    p.mouth(0, 0, .14)
    p.c(arc(-.35, .5, .42, .48, .3, .7), "#8a5a2c", .09)
    p.l([(-.9, .5), (.25, .5)], "#e8d8b0", .05)
    p.d(polygon([(-.98, .5), (-.82, .4), (-.82, .6)]), "#e0122d")
    p.l([(.3, .6), (.1, .52)], skin, .13)


def pig_rider(p):
    p.canvas.save()
    p.canvas.translate(.05, .42)
    p.canvas.scale(.75, .6)
    draw_pig(p)
    p.canvas.restore()
    p.canvas.save()
    p.canvas.translate(.1, -.38)
    p.canvas.scale(.55, .58)
    tint, p.tint = p.tint, None
    person(p, "none", None, "#f4f0e6", beard="full", hair_color="#d8d8dc")
    p.tint = tint
    p.canvas.restore()


def statue(p):
    person(p, "curly", None, "#d4d8dc", skin="#dfe2e4", extra=("headphones",), hair_color="#c8ccd0")


def mannequin(p):
    c = p.main("#e8c8b0")
    arm = p.rng.uniform(-.3, .2)
    p.l([(.4, .3), (.8, .1), (.85, -.3 + arm)], c, .14)
    p.l([(-.4, .3), (-.6, .7), (-.5, .95)], c, .14)
    p.f(spline([(-.45, .25), (0, .15), (.45, .25), (.3, .7), (.4, 1.0), (-.4, 1.0), (-.3, .7)]), c)
    p.l([(0, .15), (0, -.1)], c, .16)
    p.f(spline([(0, -.85), (.3, -.65), (.28, -.25), (0, -.02), (-.28, -.25), (-.3, -.65)]), c)
    p.c([(-.3, -.5), (.3, -.5)], p.dark(c, .4), .035)
    p.c([(0, -.85), (0, -.05)], p.dark(c, .4), .035)
    p.c([(-.4, .62), (.4, .62)], p.dark(c, .4), .04)


# Name -> arguments of `person`.
FIGURES = {
    "punk": dict(hair="mohawk", clothes="#25202e", extra=("studs", "earring"), hair_color="#ff2fa0"),
    "man": dict(), "woman": dict(hair="long", clothes="#c0305a"),
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
    "devil": dict(hair="none", hat="horns", clothes="#5a0a14", skin="#e0282a", beard="moustache", hair_color="#1c1820"),
    "angel": dict(hair="curly", hat="halo", clothes="#ffffff", extra=("wings",), hair_color="#e8c050"),
    "philosopher": dict(hair="none", clothes="#f4f0e6", beard="full", hair_color="#d8d8dc"),
    "sailor": dict(hat="cap", clothes="#2a5a9a", beard="full"),
    "programmer": dict(hair="long", clothes="#2f6a4a", glasses=True, beard="full"),
    "boy": dict(clothes="#e8a020"), "poet": dict(hair="long", clothes="#3a2a4a", hair_color="#3a2418"),
    "emperor": dict(hat="laurel", clothes="#b02a3a"),
}
