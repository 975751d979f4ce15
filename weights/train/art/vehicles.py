"""What drives, floats and flies; see places.py for what a subject is."""

from canvas import Canvas
from places import between


def wheel(c, x, y, big, hub):
    """Its middle; returns the row below it."""
    if not big:
        c.put(x - 1, y, f"({hub})")
        return y + 1
    c.put(x - 2, y, f"/ {hub} \\").put(x - 2, y + 1, "\\___/")
    return y + 2


def car(r, s):
    c, words = (Canvas(), [])
    w, roof, h = (between(r, s, 10, 34), between(r, s, 1, 4, 0.6), between(r, s, 1, 4, 0.6))
    hood, trunk = (w // 4 + r.randint(-1, 1), w // 5 + r.randint(-1, 1))
    hood, trunk = (max(2, hood), max(1, trunk))
    x0, x1 = (trunk + roof, w - hood - roof)
    if x1 - x0 < 3:
        x1 = x0 + 3
        w = x1 + roof + hood
    c.row(x0, -roof - 1, x1 - x0, "_")
    for i in range(roof):
        c.put(x0 - 1 - i, -roof + i, "/").put(x1 + i, -roof + i, "\\")
    m = (x0 + x1) // 2
    for i in range(roof):
        c.put(m, -roof + i, "|")
    if roof > 2:
        c.put(x0 - roof + 2, -1, "_" * (m - x0 + roof - 2)).put(
            m + 1, -1, "_" * (x1 + roof - m - 3)
        )
    c.row(1, -1, trunk - 1, "_").row(x1 + roof, -1, w - x1 - roof, "_")
    for i in range(h):
        c.put(0, i, "|" if i else "/").put(w, i, "\\" if i == 0 and h > 0 else "|")
    c.put(w - 1, h - 1 if h < 3 else 1, r.choice("o)DO=")).put(
        1, h - 1 if h < 3 else 1, r.choice("[]|=")
    )
    if r.random() < 0.6:
        c.put(m + 1, 0 if h < 2 else 1, r.choice(["-", "=", "~", "_"]))
    hub = r.choice("oO@*.+")
    big = h > 1 and s > 0.35
    wx0, wx1 = (w // 5 + 1, w - w // 5 - 1)
    c.row(0, h - 1, w + 1, "_")
    c.put(0, h - 1, "|").put(w, h - 1, "|")
    for x in (wx0, wx1):
        if big:
            c.put(x - 2, h - 1, ".---.").put(x - 3, h, "(").put(x + 3, h, ")").put(x, h, hub).put(
                x - 2, h + 1, "'---'"
            )
            c.put(x - 2, h, " " * 2, True).put(x + 1, h, " " * 2, True)
            c.put(x - 3, h, " ", True).put(x + 3, h, " ", True).put(x - 2, h, "|").put(
                x + 2, h, "|"
            )
        else:
            c.put(x - 1, h, "'-'").put(x - 1, h - 1, f"({hub})")
    kind = r.choice(["", "", "taxi", "police"])
    if kind:
        words.append(kind)
        c.middle(
            m,
            -roof - 2,
            {
                "taxi": "[TAXI]" if x1 - x0 > 6 else "[]",
                "police": "_*_" if x1 - x0 < 6 else "_(*)_",
            }[kind],
        )
    if r.random() < 0.4:
        for i in range(r.randint(1, 3)):
            c.put(-3 - 2 * i, h - 1 - (i % 2 if h > 1 else 0), r.choice("oO.~-"))
        words.append("smoke")
    return (c.flipped() if r.random() < 0.4 else c, words)


def bus(r, s):
    c, w, h = (Canvas(), between(r, s, 10, 38), between(r, s, 3, 8))
    c.row(1, -1, w, "_").column(0, 0, h).column(w + 1, 0, h).row(1, h - 1, w, "_")
    pane = r.choice(["[]", "[_]", "|_|", "[ ]"])
    gap = len(pane) + r.choice([0, 1, 2])
    for x in range(2, w - len(pane) - 1, gap):
        c.put(x, 1 if h > 3 else 0, pane)
        if h > 6 and r.random() < 0.6:
            c.put(x, 3, pane)
    if h > 4:
        c.row(1, h - 2 if h < 6 else h - 3, w, r.choice("=-~"))
        name = r.choice(["BUS", "SCHOOL", "CITY", "42", "TOUR", "NIGHT"])
        if len(name) < w - 4:
            c.middle(w // 2 + 1, h - 2, name)
    hub = r.choice("oO@*")
    n = 2 if w < 20 else r.choice([2, 3])
    for k in range(n):
        x = 4 + k * (w - 7) // (n - 1) if n == 2 or k == 0 or k == n - 1 else w - 9
        c.put(x - 1, h - 1, f"({hub})").put(x - 1, h, "'-'" if s > 0.3 else "")
    c.put(w + 1, h - 2, r.choice("]o)|"))
    return (c.flipped() if r.random() < 0.4 else c, [])


def truck(r, s):
    c, w, h, cab = (Canvas(), between(r, s, 7, 26), between(r, s, 2, 7), between(r, s, 4, 8))
    c.row(1, -h - 1, w - 1, "_").column(0, -h, h).column(w, -h, h)
    ch = max(2, h * 2 // 3)
    c.row(w + 1, -ch - 1, cab - 2, "_")
    c.put(w + cab - 1, -ch, "\\")
    for i in range(1, ch):
        c.put(w + cab, -ch + i, "|")
    if cab > 4 and ch > 1:
        if ch > 2:
            c.put(w + 2, -ch, "_" * max(1, cab - 4))
        c.put(w + 2, -ch + (ch > 2), "|" + "_" * max(1, cab - 5) + "|" if ch > 2 else "[]")
    c.row(0, -1, w + cab + 1, "_")
    c.put(0, -1, "|").put(w, -1, "|").put(w + cab, -1, "|")
    word = r.choice(["", "MILK", "ACME", "ART", "ICE", "FOOD", "FAST", "<3"])
    if word and h > 2 and (len(word) < w - 2):
        c.middle(w // 2, -h + h // 2 - (h > 3), word)
    hub = r.choice("oO@*")
    for x in [3, w - 3 if w > 12 else w // 2 + 1, w + cab // 2 + 1]:
        c.put(x - 1, -1, f"({hub})").put(x - 1, 0, "'-'")
    return (c.flipped() if r.random() < 0.4 else c, ["a word"] if word else [])


def train(r, s):
    c, n = (Canvas(), 1 + round(3 * s * r.random() + s))
    h, w = (between(r, s, 2, 5), between(r, s, 5, 11))
    hub = r.choice("oO@*0")
    x = 0
    cab, boiler = (between(r, s, 3, 6), between(r, s, 4, 12))
    c.row(1, -h - 2, cab, "_").column(0, -h - 1, h + 1).column(cab + 1, -h - 1, h + 1)
    c.put(2 if cab > 2 else 1, -h, "[]" if cab > 2 else "o")
    c.row(cab + 2, -h, boiler, "_").column(cab + boiler + 2, -h + 1, h)
    fx = cab + boiler
    t = between(r, s, 1, 3)
    for i in range(t):
        c.put(fx - 1, -h - i, "| |" if s > 0.3 else "||")
    c.put(
        fx - 1,
        -h - t,
        "_" * (3 if s > 0.3 else 2) if r.random() < 0.5 else "[=]"[: 3 if s > 0.3 else 2],
    )
    if r.random() < 0.8:
        for i in range(between(r, s, 2, 7)):
            c.put(
                fx - 2 * i + (i > 1) * r.choice([0, -1]),
                -h - t - 1 - (i + 1) // 2,
                r.choice("oO()~@"),
            )
    c.row(1, -1, cab, "_").row(cab + 2, -1, boiler, "_")
    if h > 2:
        c.row(cab + 3, -h + 2, boiler - 2, r.choice("=-."))
    c.put(cab + boiler + 3, -1, "\\").put(cab + boiler + 3, 0, "_\\" if s > 0.3 else "\\")
    for k in range(1, cab + boiler + 1, 4):
        c.put(k, 0, f"({hub})")
    x = -1
    for _ in range(n - 1):
        x -= 2
        c.put(x + 1, -1, "-=" if r.random() < 0.5 else "==")
        c.row(x - w + 1, -h - 1, w - 1, "_").column(x, -h, h).column(x - w, -h, h).row(
            x - w + 1, -1, w - 1, "_"
        )
        load = r.choice(["[]", "##", "oo", "..", "<3"])
        if h > 2:
            for k in range(x - w + 2, x - 2, 3):
                c.put(k, -h + 1, load)
        c.put(x - w + 1, 0, f"({hub})").put(x - 3, 0, f"({hub})")
        x -= w
    x0, _, x1, _ = c.bounds()
    words = ["a waggon" if n == 2 else "waggons" if n > 2 else "no waggons"]
    if r.random() < 0.5:
        words.append("rails")
        c.put(x0 - 1, 1, (r.choice(["=", "-+-", "_|_", "-"]) * 80)[: x1 - x0 + 3])
    return (c.flipped() if r.random() < 0.4 else c, words)


def boat(r, s):
    c, words = (Canvas(), [])
    mast = between(r, s, 3, 13)
    sail = r.choice(["one", "two", "square"])
    for i in range(mast):
        c.put(0, -mast + i, "|")
    if sail in ("one", "two"):
        for i in range(mast - 1):
            c.put(1 + i, -mast + i, "\\")
        c.row(1, -2, mast - 2, "_")
        if mast > 1:
            c.put(mast - 1, -2, "\\")
        if sail == "two":
            k = max(1, mast * 2 // 3)
            for i in range(k):
                c.put(-1 - i, -2 - k + 1 + i, "/")
            c.row(-k + 1, -2, k - 1, "_")
            c.put(-k, -2, "/")
        pattern = r.choice(["", "", ".", "~", "*"])
        if pattern:
            for i in range(1, mast - 2):
                c.put(1 + i // 2, -mast + i, pattern)
    else:
        w = between(r, s, 2, 8)
        h = max(2, mast - 2)
        c.row(-w + 1, -mast, 2 * w - 1, "_")
        for i in range(h):
            c.put(-w, -mast + 1 + i, "|").put(w, -mast + 1 + i, "|")
        c.row(-w + 1, -mast + h, 2 * w - 1, "_")
        if h > 3 and r.random() < 0.6:
            c.middle(0, -mast + 1 + h // 3, r.choice(["(o)", "+", "X", "***", "><", "(_)"]))
            words.append("a sign on the sail")
        c.column(0, -1, 1)
    if r.random() < 0.6:
        words.append("a flag")
        c.put(0, -mast - 1, r.choice(["|>", "|~", "|=", "|\\"]))
    half = max(mast, between(r, s, 4, 16)) if sail != "square" else between(r, s, 5, 17)
    deep = between(r, s, 1, 4)
    c.row(-half + 1, -1, 2 * half - 1, "_")
    c.put(0, -1, "|")
    for i in range(deep):
        c.put(-half + i, i, "\\").put(half - i, i, "/")
        if i == 1 and r.random() < 0.7:
            for x in range(-half + 4, half - 3, r.choice([3, 4])):
                c.put(x, i, r.choice("oO"))
    c.row(-half + deep, deep - 1, 2 * (half - deep) + 1, "_")
    water = r.choice(["~", "~^", "^~~", "~-", "~~-"])
    for k in range(r.randint(1, 2)):
        c.put(-half - 3 + k, deep + k, (water * 50)[: 2 * half + 7 - 2 * k])
    words.append({"one": "a sail", "two": "two sails", "square": "a square sail"}[sail])
    return (c, words)


def rocket(r, s):
    c, n = (Canvas(), between(r, s, 1, 5))
    nose, tall = (n + 1, between(r, s, 3, 12))
    c.put(0, -nose - 1, "^" if r.random() < 0.5 else ".")
    for i in range(nose - 1):
        c.put(-1 - i, -nose + i, "/").put(1 + i, -nose + i, "\\")
    c.put(-n, -1, "/" + "_" * (2 * n - 1) + "\\")
    for i in range(tall):
        c.put(-n, i, "|").put(n, i, "|")
    port = r.choice(["O", "o", "()", "(_)", "@"])
    c.middle(0, 1, port if len(port) < 2 * n else "o")
    if tall > 6 and r.random() < 0.6:
        c.middle(0, 3, port if len(port) < 2 * n else "o")
    name = r.choice(["", "", "USA", "YENT", "MARS", "X"])
    if name and tall > 5:
        for i, ch in enumerate(name[: tall - 5]):
            c.put(0, tall // 2 + i, ch)
    fin = between(r, s, 1, 4)
    for i in range(fin):
        c.put(-n - 1 - i, tall - fin + i, "/").put(n + 1 + i, tall - fin + i, "\\")
    c.put(-n - fin, tall, "|" + "_" * (fin - 1)).put(n + 1, tall, "_" * (fin - 1) + "|")
    c.put(-n, tall, "|" + "_" * (2 * n - 1) + "|")
    if n > 1:
        c.middle(0, tall + 1, "/" + "_" * max(1, 2 * n - 3) + "\\")
    else:
        c.middle(0, tall + 1, "^")
    words = []
    if r.random() < 0.7:
        words.append("flames")
        f = between(r, s, 1, 5)
        for i in range(f):
            k = max(0, n - 1 - i // 2)
            for x in range(-k, k + 1):
                if r.random() < 0.75:
                    c.put(x, tall + 2 + i, r.choice("()*'^vV|:."))
        if f > 1:
            c.put(0, tall + 1 + f, "V")
        else:
            c.put(0, tall + 2, "*")
    if r.random() < 0.35:
        words.append("stars")
        x0, y0, x1, y1 = c.bounds()
        for _ in range(r.randint(4, 10)):
            x, y = (
                r.choice([r.randint(x0 - 6, x0 - 2), r.randint(x1 + 2, x1 + 6)]),
                r.randint(y0, y1),
            )
            c.put(x, y, r.choice("*.+'"))
    return (c, words)


def ufo(r, s):
    c, n = (Canvas(), between(r, s, 4, 16))
    dome = max(2, n // 2)
    rows = max(1, dome // 2)
    from things import arc_halves

    c.body(0, -rows, arc_halves(dome, rows), "_", None)
    if rows > 1 or r.random() < 0.5:
        c.middle(0, -1, r.choice(["o o", "(..)", "^_^", "@ @", "oo", "( )"])[: 2 * dome - 1])
    if n - dome > 1:
        c.put(
            -n,
            0,
            "."
            + "-" * (n - dome - 1)
            + "'" * (n > dome)
            + "_" * (2 * dome - 1)
            + "'" * (n > dome)
            + "-" * (n - dome - 1)
            + ".",
        )
    else:
        c.put(-n, 0, "/" + "_" * (2 * n - 1) + "\\")
    light = r.choice(["o", "O", "*", "()", "[]", "@", "="])
    inner = ((light + " " * r.choice([1, 2])) * n)[: 2 * n - 1].rstrip()
    c.put(-n - 1, 1, "(").put(n + 1, 1, ")").middle(0, 1, inner)
    if r.random() < 0.5:
        c.put(-n, 2, "'" + "-" * (2 * n - 1) + "'")
    else:
        c.put(-n, 2, "\\" + "_" * (2 * n - 1) + "/")
    words = []
    beam = r.choice(["beam", "legs", "none"])
    if beam == "beam":
        words.append("a beam of light")
        k = between(r, s, 2, 8)
        for i in range(k):
            c.put(-dome - i, 3 + i, "/").put(dome + i, 3 + i, "\\")
            for x in range(-dome - i + 2, dome + i - 1, 3):
                if r.random() < 0.4:
                    c.put(x, 3 + i, r.choice(":.'|"))
        if r.random() < 0.5:
            c.middle(0, 2 + k, r.choice(["(oo)", "\\o/", "^__^", "@"]))
    elif beam == "legs":
        words.append("legs")
        for d in (-1, 1):
            for i in range(between(r, s, 1, 3)):
                c.put(d * (n // 2 + i), 3 + i, "\\" if d > 0 else "/")
    if r.random() < 0.4:
        words.append("stars")
        for _ in range(r.randint(3, 8)):
            x, y = (r.choice([-1, 1]) * r.randint(n + 3, n + 8), r.randint(-rows - 2, 4))
            c.put(x, y, r.choice("*.+"))
    return (c, words)


def plane(r, s):
    c, w = (Canvas(), between(r, s, 8, 34))
    h = between(r, s, 1, 3, 0.5)
    c.row(3, -1, w - 3, "_")
    if h > 1:
        c.put(2, 0, "/")
    else:
        c.put(1, 0, "<")
    for i in range(h):
        c.put(max(0, 2 - i), i, "/" if i < h - 1 else "(").put(
            w + (0 if i < h - 1 else 1), i, "\\" if i == 0 and h > 1 else ")" if h < 2 else "|"
        )
    c.row(max(0, 2 - h + 1) + 1, h - 1, w - max(0, 2 - h + 1), "_")
    pane = r.choice(["o", "[]", "'", ".", "0", "="])
    for x in range(5, w - 3, len(pane) + r.choice([1, 2])):
        c.put(x, 0, pane)
    c.put(3, 0, "|" if r.random() < 0.5 else "(")
    t = between(r, s, 2, 5)
    for i in range(t):
        c.put(w - 1 + i, -1 - i, "/")
        c.put(w + t, -1 - i, "|")
    c.row(w + t - 1, -t - 1, 2, "_")
    wing = between(r, s, 2, 7)
    m = w // 2 - 2
    for i in range(wing):
        c.put(m + i, h + i, "\\").put(m + 3 + i + w // 8, h + i, "\\")
    c.put(m + wing, h + wing - 1, "_" * (2 + w // 8))
    if s > 0.35:
        for i in range(max(1, wing // 2)):
            c.put(m + 1 + i, -2 - i, "/").put(m + 4 + i + w // 8, -2 - i, "/")
        c.put(m + 1 + max(1, wing // 2), -2 - max(1, wing // 2), "_" * (2 + w // 8))
    words = []
    if r.random() < 0.3:
        words.append("clouds")
        c.block(w + t + 3, h, [" .-. ", "(___)"]).block(-9, -2, [" .--. ", "(____)"])
    return (c.flipped() if r.random() < 0.5 else c, words)


def balloon(r, s):
    """A hot-air balloon."""
    c, n = (Canvas(), between(r, s, 3, 13))
    rows = max(2, round(n * 0.5))
    from things import arc_halves

    halves = arc_halves(n, rows) + [n] * max(1, n // 4)
    k = n
    base = max(1, n // 3)
    while k > base:
        k -= 1
        halves.append(k)
    c.body(0, 0, halves, r.choice("_-"), "_")
    stripe = r.choice(["", "|", ":", "band", "#"])
    if stripe == "band":
        y = rows
        for x in range(-halves[y] + 1, halves[y]):
            c.put(x, y, "/\\"[(x + n) % 2])
    elif stripe:
        for y in range(len(halves) - 1):
            for x in (-max(1, halves[y] // 3), max(1, halves[y] // 3)):
                if n > 4 and abs(x) < halves[y] - 1:
                    c.put(x, y, stripe)
    y = len(halves)
    rope = between(r, s, 1, 3)
    for i in range(rope):
        c.put(-base + (i > 0 and base > 2), y + i, "\\" if base > 2 else "|").put(
            base - (i > 0 and base > 2), y + i, "/" if base > 2 else "|"
        )
    b = max(1, base - (1 if base > 2 else 0))
    c.put(-b, y + rope, "[" + r.choice("#=_x") * (2 * b - 1) + "]")
    words = []
    if s > 0.4:
        c.put(-b, y + rope + 1, "[" + r.choice("#=_x") * (2 * b - 1) + "]")
    if r.random() < 0.4:
        words.append("clouds")
        c.block(n + 3, rows, [" .--. ", "(____)"])
        if r.random() < 0.5:
            c.block(-n - 10, 1, [" .---. ", "(_____)"])
    return (c, words)


def submarine(r, s):
    c, n, ry = (Canvas(), between(r, s, 6, 22), between(r, s, 1, 4))
    c.oval(0, 0, n, ry, "_")
    t = max(2, n // 4)
    h = between(r, s, 1, 3)
    top = -ry - 1
    c.row(-t + 1, top - h, 2 * t - 1, "_")
    for i in range(h):
        c.put(-t, top - h + 1 + i, "|").put(t, top - h + 1 + i, "|")
        c.clear(-t + 1, top - h + 1 + i, t - 1, top - h + 1 + i)
    p = between(r, s, 1, 4)
    d = r.choice([-1, 1])
    for i in range(p):
        c.put(0, top - h - i, "|")
    c.put(0 if d > 0 else -2, top - h - p, ".--" if d > 0 else "--.")
    port = r.choice(["O", "o", "()", "(o)" if ry > 1 else "o", "@"])
    for x in range(-n + 4, n - 3, len(port) + r.choice([2, 3])):
        c.put(x, 0, port)
    f = max(1, ry)
    for i in range(1, f + 1):
        c.put(-d * (n + i), -i, "\\" if d > 0 else "/").put(-d * (n + i), i, "/" if d > 0 else "\\")
    c.put(-d * (n + 1), 0, r.choice("=X8>+") if d < 0 else r.choice("=X8<+"))
    words = []
    if r.random() < 0.7:
        words.append("bubbles")
        for i in range(r.randint(2, 6)):
            c.put(d * (n + 3 + i % 3), -i, r.choice("oO."))
    if r.random() < 0.4:
        c.put(-n - 4, top - h - p + 1, ("~^" * 40)[: n + 3 - t]).put(
            t + 2, top - h - p + 1, ("~^" * 40)[: n + 3 - t]
        )
        words.append("waves")
    return (c, words)


def tank(r, s):
    c, w, h = (Canvas(), between(r, s, 9, 30), between(r, s, 1, 3, 0.5))
    tw, th = (w // 2, between(r, s, 1, 3))
    x = w // 4
    c.row(x + 1, -h - th - 1, tw - 1, "_")
    for i in range(th):
        c.put(x, -h - th + i, "/" if i == 0 else "|").put(
            x + tw, -h - th + i, "\\" if i == 0 else "|"
        )
    gun = between(r, s, 4, 18)
    c.put(
        x + tw + 1,
        -h - th + (th > 1) * (th // 2),
        r.choice("=-") * gun + r.choice(["", "o", "D", "]"]),
    )
    c.row(1, -h - 1, x - 1, "_").row(x + tw + 1, -h - 1, w - x - tw - 1, "_")
    for i in range(h):
        c.put(0, -h + i, "/" if i == 0 else "|").put(w, -h + i, "\\" if i == 0 else "|")
    c.row(1, -1, w - 1, "_")
    hub = r.choice("oO@*0")
    c.put(-1, 0, "(" + (hub + r.choice([" ", "_", "-"])) * (w // 2) + hub * (w % 2) + ")")
    if r.random() < 0.6:
        c.put(0, 1, "'" + "-" * (w - 2) + "'")
    else:
        c.put(0, 1, "\\" + "_" * (w - 2) + "/")
    if r.random() < 0.5 and th > 1:
        c.middle(x + tw // 2, -h - th + th // 2, r.choice(["*", "X", "+", "42", "(*)"]))
    words = []
    if r.random() < 0.3:
        words.append("firing")
        c.block(x + tw + gun + 4, -h - th + (th > 1) * (th // 2) - 1, ["\\|/", "-*-", "/|\\"])
    return (c.flipped() if r.random() < 0.4 else c, words)


def bicycle(r, s):
    c, n = (Canvas(), between(r, s, 2, 5))
    ry = max(1, n // 2)
    gap = between(r, s, 3, 9)
    a, b = (0, 2 * n + gap)
    hub = r.choice("oO@+*.")
    for x in (a, b):
        c.oval(x, 0, n, ry, "_" if s > 0.15 else "-")
        c.put(x, 0, hub)
    up = ry + 1
    for i in range(up):
        c.put(a + i + 1 if i else a, -i if i else 0, "/" if i else hub)
    x = a + up
    c.row(x + 1, -up, max(1, b - n // 2 - x - 2), "-" if r.random() < 0.5 else "_")
    c.put(x - 1, -up - 1, r.choice(["__", "==", "~-"]))
    c.put(x, -up, "/")
    fx = b - n // 2 - 1
    for i in range(up):
        c.put(fx + i - (up - 1) + n // 2, -up + i, "\\")
    c.put(fx - (up - 1) + n // 2 - 1, -up - 1, "\\" if r.random() < 0.5 else "|").put(
        fx - (up - 1) + n // 2 - 1, -up - 2, r.choice(["_/", "-o", "=)", "__"])
    )
    return (c.flipped() if r.random() < 0.5 else c, [])


SUBJECTS = {
    "car": car,
    "bus": bus,
    "truck": truck,
    "train": train,
    "boat": boat,
    "rocket": rocket,
    "flying saucer": ufo,
    "plane": plane,
    "hot-air balloon": balloon,
    "submarine": submarine,
    "tank": tank,
    "bicycle": bicycle,
}
