"""Buildings and landscapes. A subject takes a random generator and a size from 0 to 1; it returns a
canvas, and words that say what is special about this one."""

from canvas import Canvas


def between(r, s, low, high, spread=1):
    """A whole number that grows with the size."""
    return max(low, round(low + (high - low) * s + r.uniform(-spread, spread)))


def window(c, r, x, y, kind):
    c.block(
        x,
        y,
        {
            "small": ["[]"],
            "pane": [" _ ", "|_|"],
            "cross": [".-.", "|+|", "'-'"],
            "wide": [" ___ ", "|_|_|"],
            "big": [" ___ ", "|_|_|", "|_|_|"],
        }[kind],
        False,
    )
    return {"small": 2, "pane": 3, "cross": 3, "wide": 5, "big": 5}[kind]


def door(c, x, ground, tall, wide, knob="."):
    top = ground - tall + 1
    c.row(x + 1, top - 1, wide, "_").column(x, top, tall).column(x + wide + 1, top, tall)
    if tall > 1 and wide > 1:
        c.put(x + wide, ground - tall // 2, knob)


def house(r, s):
    c, words = (Canvas(), [])
    roof = between(r, s, 2, 8)
    half = roof + r.randint(0, 3)
    walls = between(r, s, 2, 9)
    flat = half - roof
    wide = 2 * half
    style = r.choice(["gable", "gable", "hip"])
    if r.random() < 0.5 and roof > 2:
        words.append("a chimney")
        at = half + r.choice([-1, 1]) * (half // 2 + 1)
        level = abs(at - half) - flat
        rise = r.randint(1, 2)
        c.row(at - 1, level - rise - 1, 3, "_").column(at - 1, level - rise, rise + 2)
        c.column(at + 1, level - rise, rise + 2)
        if r.random() < 0.6:
            words.append("smoke")
            for i in range(r.randint(1, 3)):
                c.put(at + i % 2 + i // 2, level - rise - 2 - i, r.choice("()~oO"))
    for i in range(roof):
        c.clear(half - flat - i, i, half + flat + 1 + i, i)
    c.slope(half - flat, 0, roof, -1).slope(half + 1 + flat, 0, roof, 1)
    c.row(half - flat + 1, -1, 2 * flat, "_")
    if style == "hip" or flat:
        c.row(half - flat + 1, -1, 2 * flat, "_")
    left, right, ground = (half - flat - roof + 1, half + flat + roof, roof + walls - 1)
    eave = r.choice("_-=")
    c.row(
        left + 1 if eave == "_" else left,
        roof - 1 if eave == "_" else roof,
        right - left - 1 if eave == "_" else right - left + 1,
        eave,
    )
    top = roof if eave == "_" else roof + 1
    ground += eave != "_"
    c.column(left, top, ground - top + 1).column(right, top, ground - top + 1)
    c.row(left + 1, ground, right - left - 1, "_")
    wide = right - left - 1
    dw = 1 if wide < 9 else r.randint(2, 3)
    tall = min(ground - top, r.randint(2, 4)) or 1
    at = r.choice([left + 2, (left + right) // 2 - 1, right - dw - 3]) if wide > 10 else left + 2
    if tall < ground - top + 1:
        door(c, at, ground, tall, dw, r.choice(".o*"))
    kind = (
        r.choice(["small", "pane", "wide", "big", "cross"])
        if ground - top > 3
        else r.choice(["small", "pane"])
    )
    size = {"small": 2, "pane": 3, "cross": 3, "wide": 5, "big": 5}[kind]
    high = {"small": 1, "pane": 2, "cross": 3, "wide": 2, "big": 3}[kind]
    count = 0
    for x in range(left + 2, right - size, size + r.randint(1, 3)):
        overlap = x <= at + dw + 2 and x + size >= at
        row = top + (1 if high < ground - top - 1 and (not overlap) else 0)
        if overlap or row + high > ground:
            continue
        window(c, r, x, row, kind)
        count += 1
        if count >= 4:
            break
    if count:
        words.append(["", "a window", "two windows", "three windows", "four windows"][count])
    if roof > 3 and r.random() < 0.4:
        words.append("a round attic window")
        c.middle(half + 1, roof // 2, "()" if r.random() < 0.5 else "O")
    if roof > 3 and r.random() < 0.3:
        words.append("a tiled roof")
        for i in range(1, roof - (eave == "_")):
            for x in range(half - flat - i + 1 + i % 2, half + flat + i + 1, 2):
                if (x, i) not in c.cells:
                    c.put(x, i, r.choice("_-") if r.random() < 0.9 else " ")
    return (c, words)


def castle(r, s):
    c, words = (Canvas(), [])
    towers = 2 if s < 0.5 else r.choice([2, 3])
    tw, th = (between(r, s, 4, 9), between(r, s, 4, 12))
    tw += tw % 2
    gap, wall = (between(r, s, 5, 16), max(2, between(r, s, 2, 7)))
    x, ground = (0, 0)
    roofs = r.random() < 0.5
    for i in range(towers):
        high = th + (r.randint(1, 3) if towers == 3 and i == 1 else 0)
        top = ground - high + 1
        c.column(x, top, high).column(x + tw, top, high)
        if roofs:
            half = tw // 2
            for k in range(half + 1):
                c.put(x + half - k - 1, top - half - 1 + k, "/").put(
                    x + tw - half + k + 1, top - half - 1 + k, "\\"
                )
            c.row(x, top - 1, tw + 1, "_")
            if r.random() < 0.7:
                c.block(x + half, top - half - 3, ["|>", "|"])
        else:
            c.row(x, top - 1, tw + 1, "_").put(
                x, top - 2, ("|" + "_|" * tw)[: tw + 1] if tw > 2 else "|_|"
            )
        if high > 4:
            c.middle(x + tw // 2, top + 1, r.choice(["[]", "()", "||", "#"]))
        if high > 7:
            c.middle(x + tw // 2, top + high // 2 + 1, r.choice(["[]", "()", "||"]))
        if i < towers - 1:
            w0, w1 = (x + tw, x + tw + gap)
            wt = ground - wall + 1
            c.put(w0 + 1, wt - 1, ("_|" * gap)[: gap - 1])
            if towers == 2 or i == 0:
                g = min(gap - 2, r.choice([3, 5]))
                m = (w0 + w1) // 2
                if wall > 2:
                    c.middle(m, ground - 1, "/" + "T" * (g - 2) + "\\").middle(
                        m, ground - 2, "." + "-" * (g - 4) + "." if g > 4 else "_"
                    )
                c.middle(m, ground, "|" + "#" * (g - 2) + "|")
        x += tw + gap
    right = (towers - 1) * (tw + gap) + tw
    for i in range(1, right):
        if (i, ground) not in c.cells:
            c.put(i, ground, "_")
    words.append("flags" if roofs else "battlements")
    words.append(f"{('two' if towers == 2 else 'three')} towers")
    return (c, words)


def church(r, s):
    c = Canvas()
    half, tall = (between(r, s, 2, 5), between(r, s, 3, 8))
    c.block(half, -half - 3, ["|", "+", "|"] if r.random() < 0.5 else ["+", "|"])
    y = 0
    for i in range(half + 1):
        c.put(half - i - 1, y - half + i - 1, "/").put(half + i + 1, y - half + i - 1, "\\")
    c.row(0, -1, 2 * half + 1, "_")
    c.column(0, 0, tall).column(2 * half, 0, tall)
    c.middle(half, 1, r.choice(["O", "()", "n"]) if half > 1 else "O")
    nave = between(r, s, 6, 22)
    roof = max(2, tall // 2 - 1)
    x0, ground = (2 * half, tall - 1)
    wall = tall - roof
    c.row(x0 + 1, tall - wall - roof - 1, nave - roof, "_")
    c.slope(x0 + nave - roof + 1, tall - wall - roof, roof, 1)
    c.row(x0 + 1, ground - wall, nave, "_")
    c.column(x0 + nave, ground - wall + 1, wall)
    c.row(1, ground, 2 * half - 1, "_").row(x0 + 1, ground, nave - 1, "_")
    arch = r.choice(["n", "^", "0", "A"])
    for x in range(x0 + 2, x0 + nave - 1, r.choice([3, 4])):
        if wall > 1:
            c.put(x, ground - wall + 1 + (wall > 3), arch)
    if half > 1:
        c.middle(half, ground, "|_|" if half == 2 else "|_|_|"[: 2 * half - 1]).middle(
            half, ground - 1, "_" if half == 2 else ".-."
        )
    return (c, ["a cross"])


def lighthouse(r, s):
    c, tall, top = (Canvas(), between(r, s, 4, 16), r.choice([1, 2]))
    base = top + 1 + tall // r.choice([3, 4, 5])
    c.middle(0, -4 - (top > 1), "|" if r.random() < 0.5 else ".")
    c.block(-top - 1, -3 - (top > 1), [" /_\\ "] if top == 1 else ["  /_\\  ", " /___\\ "])
    lamp = r.choice("#@*%O")
    c.middle(0, -2, "|" + lamp * (2 * top - 1) + "|").middle(0, -1, "=" * (2 * top + 3))
    bands = r.random() < 0.6
    for i in range(tall):
        half = round(top + (base - top) * i / max(1, tall - 1))
        left = round(top + (base - top) * max(0, i - 1) / max(1, tall - 1)) < half
        inside = "#" if bands and i // 2 % 2 else " "
        c.middle(0, i, ("/" if left else "|") + inside * (2 * half - 1) + ("\\" if left else "|"))
    if r.random() < 0.4:
        c.row(-base + 1, tall, 2 * base - 1, "-")
    else:
        c.middle(0, tall - 1, "_" * (2 * base - 1))
    words = ["stripes"] if bands else []
    if r.random() < 0.5:
        words.append("beams of light")
        n = r.randint(3, 4 + tall // 2)
        c.put(-top - 3 - n, -2, "-" * n).put(top + 4, -2, "-" * n)
        if r.random() < 0.5:
            c.put(-top - 4 - n, -3, "'").put(top + 4 + n, -3, "'")
    if r.random() < 0.5:
        words.append("waves")
        for k in range(r.randint(1, 2)):
            c.put(-base - 3 - k, tall + 1 + k, ("~^" * (base + 6))[: 2 * base + 7 + 2 * k])
    return (c, words)


def city(r, s):
    c, x = (Canvas(), 0)
    n = between(r, s, 3, 7)
    most = between(r, s, 5, 20)
    for _ in range(n):
        w, h = (
            r.choice([3, 4, 5, 6, 7] if s > 0.3 else [2, 3, 4]),
            r.randint(max(3, most // 3), most),
        )
        c.row(x + 1, -h - 1, w, "_").column(x, -h, h).column(x + w + 1, -h, h)
        pane = r.choice(["#", "o", ".", ":", "=", "[]"])
        step = len(pane) + r.choice([0, 1])
        for y in range(-h + 1, -1, r.choice([1, 2])):
            for k in range(1, w - len(pane) + 2, step):
                if r.random() < 0.85:
                    c.put(x + k, y, pane)
        if r.random() < 0.3:
            c.put(x + 1 + w // 2, -h - 2, "|").put(x + 1 + w // 2, -h - 3, r.choice("|.*"))
        c.row(x + 1, -1, w, "_")
        x += w + 1 + r.choice([0, 0, 1, 2])
    return (c, [f"{n} towers"])


def tent(r, s):
    c, n = (Canvas(), between(r, s, 3, 10))
    c.slope(0, 0, n, -1).slope(1, 0, n, 1)
    c.put(0, -1, r.choice(["/\\", "\\/", "><"]) if r.random() < 0.4 else "  ")
    m = max(1, n * 2 // 3)
    c.slope(0, n - m, m, -1).slope(1, n - m, m, 1)
    c.row(-n + 2, n - 1, n - m, "_").row(m + 1, n - 1, n - m, "_")
    if r.random() < 0.6 and n > 3:
        depth = r.randint(n, 2 * n)
        c.row(2, -1, depth - 1, "_").slope(1 + depth, 0, n, 1)
        c.row(n + 1, n - 1, depth - 1, "_")
    if r.random() < 0.4:
        c.block(0, -3, ["|>", "|"])
    return (c, [])


def windmill(r, s):
    c, tall = (Canvas(), between(r, s, 4, 12))
    top, arm = (2, between(r, s, 2, 7))
    for i in range(tall):
        half = top + (i + 1) // 3
        side = "/" if i % 3 == 2 else "|"
        c.middle(0, i, side + " " * (2 * half - 1) + side.translate({47: 92}))
    base = top + tall // 3
    c.middle(0, tall - 1, "_" * (2 * base - 1))
    if base > 3:
        c.middle(0, tall - 2, ".-.").middle(0, tall - 1, "|_|")
    c.middle(0, -1, r.choice([".-'-.", "_____", "/^^^\\"]))
    if r.random() < 0.5:
        for i in range(1, arm + 1):
            for d in (-1, 1):
                c.put(d * 2 * i, -i, "/" if d > 0 else "\\").put(
                    d * 2 * i, i, "\\" if d > 0 else "/"
                )
                c.put(d * 2 * i - 1, -i, "/" if d > 0 else "\\").put(
                    d * 2 * i - 1, i, "\\" if d > 0 else "/"
                )
        c.put(0, 0, "o")
    else:
        c.column(0, -arm, 2 * arm + 1).row(-2 * arm, 0, 4 * arm + 1, "=").put(0, 0, r.choice("+O*"))
        c.column(1, -arm, arm, "]").column(-1, 1, arm, "[")
    return (c, [])


def mountain(r, s):
    c, words = (Canvas(), [])
    peaks = sorted(
        
            (r.randint(0, 10), between(r, s, 3, 14, 2))
            for _ in range(1 if s < 0.2 else r.choice([1, 2, 3]))
        
    )
    x = 0
    snow = r.random() < 0.7
    for i, (_, h) in enumerate(peaks):
        h = max(3, h - r.randint(0, 3) * (i > 0))
        x += h if i == 0 else r.randint(max(2, h // 2), h + 2)
        for k in range(h):
            c.clear(x - k, -h + k, x + 1 + k, -h + k)
        c.slope(x, -h, h, -1).slope(x + 1, -h, h, 1)
        if snow and h > 3:
            k = max(1, h // 3)
            c.put(x - k + 1, -h + k, (r.choice(["/\\", "^v", "vV", "\\/"]) * h)[: 2 * k])
        elif r.random() < 0.6 and h > 4:
            for k in range(2, h, 2):
                c.put(x - k + r.randint(1, k), -h + k, r.choice("/\\.'"))
        x += r.randint(h // 2, h) if i + 1 < len(peaks) else 0
    x0, _, x1, _ = c.bounds()
    for k in range(x0 - (r.random() < 0.3), x1 + 1):
        if (k, -1) not in c.cells and r.random() < 0.97:
            c.put(k, -1, "_")
    if snow:
        words.append("snow")
    if r.random() < 0.3:
        words.append("a sun")
        c.block(
            x1 - 2,
            -max((h for _, h in peaks)) - 3,
            r.choice([["\\|/", "-O-", "/|\\"], [".-.", "( )", "'-'"]]),
        )
    return (c, words)


def volcano(r, s):
    c, h, top = (Canvas(), between(r, s, 4, 12), between(r, s, 2, 5))
    c.slope(-top, 0, h, -1).slope(top, 0, h, 1)
    c.middle(
        0,
        0,
        ("\\_" * top + "/" + "_/" * 9)[: 2 * top - 1] if r.random() < 0.5 else "~" * (2 * top - 1),
    )
    c.row(-top - h + 2, h - 1, 2 * (top + h) - 3, "_")
    smoke = r.randint(2, 3 + h // 2)
    for i in range(1, smoke + 1):
        w = min(top + i // 2, top + 3)
        for x in range(-w, w + 1):
            if r.random() < 0.55:
                c.put(x, -i, r.choice("().oO*'`~"))
    for x in (-1, 0, 1):
        k = r.randint(1, h - 2)
        for i in range(1, k + 1):
            c.put(x * (1 + i // 2), i, r.choice("|)(;:"))
    return (c, ["smoke and lava"])


def bridge(r, s):
    c, n, arches = (Canvas(), between(r, s, 5, 13), r.choice([1, 2, 3] if s > 0.3 else [1, 2]))
    n |= 1
    for a in range(arches):
        x = a * (n + 3)
        h = max(2, n // 4)
        c.column(x, 1, h + 1).column(x + n + 3, 1, h + 1)
        m = n + 2
        for i in range(h):
            inset = h - 1 - i
            c.put(x + 1 + inset, 1 + i, "/").put(x + m - inset, 1 + i, "\\")
        c.row(x + 1 + h, 0, m - 2 * h, "_")
    width = arches * (n + 3)
    c.row(-2, -1, width + 5, r.choice("=-_"))
    if r.random() < 0.7:
        for x in range(-2, width + 3):
            c.put(x, -2, "|" if (x + 2) % r.choice([4]) == 0 else r.choice("-"))
        c.put(-2, -2, "|").put(width + 2, -2, "|")
    water = r.choice(["~", "~-", "^~", "~ ~"])
    bottom = max((y for _, y in c.cells))
    for k in range(r.randint(1, 2)):
        c.put(-3 + k, bottom + 1 + k, (water * width)[: width + 6 - 2 * k])
    return (c, ["water"])


def pyramid(r, s):
    c, n = (Canvas(), between(r, s, 4, 14))
    brick = r.choice(["plain", "bricks", "shaded"])
    c.slope(0, 0, n, -1).slope(1, 0, n, 1).row(-n + 2, n - 1, 2 * n - 2, "_")
    if brick == "bricks":
        for i in range(1, n):
            for x in range(-i + 1, i + 1):
                c.put(x, i, "|" if (x + 2 * (i % 2)) % 4 == 0 else "_")
    elif brick == "shaded":
        bend = r.randint(1, max(1, n // 2))
        for i in range(1, n):
            x = 1 + i * bend // n
            c.put(x - 1, i, "\\" if r.random() < 0.9 else "|")
            for k in range(x, i + 1):
                if r.random() < 0.5:
                    c.put(k, i, r.choice(".:"))
    if r.random() < 0.4:
        c.block(n + 1, 0, ["\\|/", "-O-", "/|\\"])
        return (c, ["a sun"])
    return (c, [])


def igloo(r, s):
    c, rx, ry = (Canvas(), between(r, s, 5, 18), between(r, s, 2, 7))
    halves = [max(2, round(rx * (1 - ((ry - i) / (ry + 0.7)) ** 2) ** 0.5)) for i in range(ry + 1)]
    c.body(0, 0, halves)
    for i in range(1, len(halves)):
        for x in range(-halves[i] + 1, halves[i]):
            if (x, i) in c.cells and c.cells[x, i] != "_":
                continue
            c.put(x, i, "|" if (x + 2 * (i % 2)) % 5 == 0 else "_")
    w = max(1, rx // 4)
    c.clear(-w, ry - max(1, ry // 2) + 1, w, ry)
    c.column(-w - 1, ry - max(1, ry // 2) + 1, max(1, ry // 2)).column(
        w + 1, ry - max(1, ry // 2) + 1, max(1, ry // 2)
    )
    c.middle(0, ry - max(1, ry // 2), "." + "-" * (2 * w + 1) + ".", True)
    return (c, [])


def gate(r, s):
    """A fence with its posts."""
    c, n, h = (Canvas(), between(r, s, 4, 16), between(r, s, 3, 6))
    tip = r.choice(["/\\", "^^", ".."])
    for i in range(n):
        x = 3 * i
        c.put(x, 0, tip).column(x, 1, h).column(x + 1, 1, h).put(x, h + 1, "||")
        if i < n - 1:
            c.put(x + 2, 2, "=").put(x + 2, h, "=")
    return (c, [])


SUBJECTS = {
    "house": house,
    "castle": castle,
    "church": church,
    "lighthouse": lighthouse,
    "city": city,
    "tent": tent,
    "windmill": windmill,
    "mountain": mountain,
    "volcano": volcano,
    "bridge": bridge,
    "pyramid": pyramid,
    "igloo": igloo,
    "fence": gate,
}
