"""Household things, clothes, food, tools; see places.py for what a subject is."""

from canvas import Canvas
from places import between


def arc_halves(n, rows, end=0.7):
    """Half widths of a dome: they grow to n over the rows."""
    return [
        max(1, round(n * (1 - ((rows - 1 - i) / (rows - 1 + end)) ** 2) ** 0.5))
        for i in range(rows)
    ]


def cup(r, s):
    c, words = (Canvas(), [])
    wide, tall = (between(r, s, 6, 20), between(r, s, 2, 8))
    taper = r.choice([0, 0, 1]) if tall > 2 else 0
    c.row(1, -1, wide - 1, "_")
    for i in range(tall):
        inset = i if taper and i >= tall - min(3, tall // 2) else 0
        inset = i - (tall - min(3, tall // 2)) + 1 if inset else 0
        c.put(inset, i, "\\" if inset else "|").put(wide - inset, i, "/" if inset else "|")
        x = inset
    c.row(x + 1, tall - 1, wide - 2 * x - 1, "_")
    h = max(2, min(tall - taper, between(r, s, 2, 6)))
    out = between(r, s, 1, 4, 0.5)
    c.row(wide + 1, -1 + (h < tall), out, "_")
    top = h < tall
    c.put(wide + out + 1, top, "\\").put(wide + out + 1, top + h - 1, "/")
    for i in range(1, h - 1):
        c.put(wide + out + 1, top + i, "|")
    c.row(wide + 1, top + h - 1, out, "_")
    fill = r.choice(["", "~", "-", "="])
    if fill and tall > 2:
        c.put(1, 0, fill * (wide - 1))
    if r.random() < 0.7:
        words.append("steam")
        for x in range(2, wide - 1, r.choice([3, 4])):
            for i in range(r.randint(2, 2 + round(3 * s))):
                c.put(x + i % 2, -3 - i, "()"[i % 2])
    if wide > 10 and tall > 3 and (r.random() < 0.5):
        pattern = r.choice(["<3", "*", "o o", "TEA", "COFFEE", "~~~"])
        c.middle(wide // 2, tall // 2, pattern)
    if r.random() < 0.5:
        c.put(-1, tall, "'" + "-" * (wide + 1) + "'")
        words.append("a saucer")
    return (c, words)


def bottle(r, s):
    c = Canvas()
    neck, tall, shoulder = (between(r, s, 1, 4), between(r, s, 3, 10), between(r, s, 2, 6))
    thin = 1 if s < 0.6 else 2
    if r.random() < 0.5:
        c.middle(0, -1, "_" * (2 * thin - 1))
    else:
        c.middle(0, -1, "[" + "#" * (2 * thin - 1) + "]")
    halves = [thin] * neck + list(range(thin + 1, shoulder + 1)) + [shoulder] * tall
    c.body(0, 0, halves, None, "_")
    if r.random() < 0.7 and shoulder > 1:
        y = len(halves) - tall + tall // 3
        text = r.choice(["XXX", "RUM", "WINE", "*", "~~", "MILK", "#1", "O", "ALE"])[
            : 2 * shoulder - 1
        ]
        c.middle(0, y, text)
        if shoulder > 3:
            c.row(-shoulder + 1, y - 1, 2 * shoulder - 1, "-").row(
                -shoulder + 1, y + 1, 2 * shoulder - 1, "-"
            )
    return (c, [])


def glass(r, s):
    c, n = (Canvas(), between(r, s, 2, 8))
    deep = between(r, s, 2, 5)
    c.row(-n + 1, -1, 2 * n - 1, "_")
    y = 0
    h = n
    while h > 0:
        c.put(-h, y, "\\" if h < n or deep < 2 else "|").put(
            h, y, "/" if h < n or deep < 2 else "|"
        )
        y += 1
        if y >= deep - 1 or n < 4:
            h -= 1
    level = r.randint(0, max(0, y - 2))
    fill = r.choice(["~", "-", "=", "o"])
    for x in range(-n + 1, n):
        if (
            level < y
            and (x, level) not in c.cells
            and (abs(x) < max([k for k, yy in c.cells if yy == level]))
        ):
            c.put(x, level, fill)
    stem = between(r, s, 1, 6)
    c.column(0, y, stem)
    c.middle(0, y + stem, "-" * (2 * (n // 2) + 1))
    c.put(0, y + stem, "-")
    return (c, [])


def candle(r, s):
    c, wide, tall = (Canvas(), between(r, s, 1, 5), between(r, s, 2, 12))
    c.middle(0, -3, r.choice([")", "(", ",", "'"]))
    c.middle(0, -2, r.choice(["(_)", "{_}", "(,)", "(:)"]))
    c.row(-wide + 1, -1, 2 * wide - 1, "_").put(0, -1, "|")
    drips = r.randint(0, 3)
    for i in range(tall):
        c.put(-wide, i, "|").put(wide, i, "|")
    for _ in range(drips):
        x = r.randint(-wide + 1, wide - 1)
        for i in range(r.randint(1, max(1, tall // 2))):
            c.put(x, i, "|;"[r.random() < 0.2])
        c.put(x, i + 1 if i + 1 < tall else i, "'o"[r.random() < 0.5])
    base = wide + between(r, s, 1, 5)
    c.row(-wide + 1, tall - 1, 2 * wide - 1, "_")
    c.put(-base, tall - 1, "." + "_" * (base - wide - 1)).put(
        wide + 1, tall - 1, "_" * (base - wide - 1) + "."
    )
    c.middle(
        0,
        tall,
        "(" + "_" * (2 * base - 1) + ")" if r.random() < 0.5 else "\\" + "_" * (2 * base - 1) + "/",
    )
    words = []
    if r.random() < 0.5:
        words.append("a holder")
        c.put(base + 1, tall, "__").put(base + 3, tall, ")").put(base + 1, tall - 1, "_")
    return (c, words)


def lamp(r, s):
    c, top = (Canvas(), between(r, s, 2, 5))
    n = between(r, s, 2, 6)
    c.row(-top + 1, -1, 2 * top - 1, "_")
    fill = r.choice([" ", " ", ".", ":", "|"])
    for i in range(n):
        c.middle(0, i, "/" + fill * (2 * (top + i) - 1) + "\\")
    bottom = top + n
    c.middle(0, n - 1, "/" + "_" * (2 * bottom - 3) + "\\")
    tall = between(r, s, 2, 12)
    if s > 0.4 and r.random() < 0.5:
        halves = [1, 2, 3, 3, 2, 1]
        c.body(0, n, halves, None, "_")
        base = n + 6
    else:
        for i in range(tall):
            c.middle(0, n + i, "|" if s < 0.5 else "||"[: 1 + (i >= 0 and top > 99)])
        base = n + tall
    c.middle(0, base, "_" * (top + 2) if top % 2 else "_" * (top + 3))
    c.middle(0, base, "." + "_" * (2 * (top // 2) + 1) + ".")
    words = []
    if r.random() < 0.4:
        words.append("light")
        for i in range(1, r.randint(2, 3 + n // 2)):
            c.put(-bottom - i, n - 1 + i, "/").put(bottom + i, n - 1 + i, "\\")
    return (c, words)


def bulb(r, s):
    c, n = (Canvas(), between(r, s, 3, 11))
    ry = max(1, n // 2)
    c.oval(0, 0, n, ry, "_")
    rows = max(1, n // 3)
    neck = max(1, n // 2 - (n > 6))
    c.row(-neck, ry, 2 * neck + 1, " ")
    for x in range(-neck + 1, neck):
        c.put(x, ry, " ", True)
    k = r.choice(["/\\/", "|/|", "VV", "^^", "oo", "w", "|~|"])
    c.middle(0, 0 if ry < 3 else 1, k[: 2 * n - 3])
    if ry > 1:
        c.column(-1, 1 + (ry > 2), ry - (ry > 2)).column(1, 1 + (ry > 2), ry - (ry > 2))
    for i in range(rows + 1):
        c.middle(0, ry + 1 + i, r.choice(["=", "=", "-", "#"]) * (2 * neck - 1))
        c.put(-neck, ry + 1 + i, "[").put(neck, ry + 1 + i, "]")
    c.middle(0, ry + rows + 2, "'" + "-" * max(1, 2 * neck - 3) + "'")
    words = []
    if r.random() < 0.6:
        words.append("rays")
        g = r.randint(1, 1 + round(2 * s))
        for i in range(g):
            c.put(-n - 2 - i, 0, "-").put(n + 2 + i, 0, "-").put(0, -ry - 2 - i, "|")
            c.put(-n + n // 4 - i, -ry - 1 - i, "\\").put(n - n // 4 + i, -ry - 1 - i, "/")
    return (c, words)


def book(r, s):
    c, w, h = (Canvas(), between(r, s, 4, 17), between(r, s, 3, 12))
    if r.random() < 0.55:
        c.row(-w + 1, -1, w - 1, "_").row(1, -1, w - 1, "_").column(0, 0, h, "|")
        c.column(-w, 0, h).column(w, 0, h)
        ink = r.choice(["-", "~", "=", ".", "_"])
        for y in range(1, h - 1, r.choice([1, 2])):
            for a in (-w + 2, 2):
                n = r.randint(max(1, (w - 3) // 2), max(1, w - 3))
                if r.random() < 0.9:
                    c.put(a, y, ink * n)
        c.row(-w + 1, h - 1, w - 1, "_").row(1, h - 1, w - 1, "_")
        c.put(0, -1, r.choice([" ", ".", "_"]))
        if r.random() < 0.5:
            c.put(-w - 1, 0, "/").put(w + 1, 0, "\\").column(-w - 1, 1, h).column(w + 1, 1, h)
            c.row(-w, h, w, "_").row(1, h, w, "_").put(0, h, "V")
        return (c, ["open"])
    d = between(r, s, 1, 4)
    c.row(d + 1, -d - 1, w, "_")
    for i in range(d):
        c.put(d - i, -d + i, "/").put(d - i + w + 1, -d + i, "/")
    if d == 0:
        c.row(1, -1, w, "_")
    else:
        c.row(1, -1, w, "_")
    c.column(0, 0, h).column(w + 1, 0, h).row(1, h - 1, w, "_")
    for i in range(d):
        c.put(w + 1 + d - i, -d + h - 1 + i, " ")
    c.column(w + 1 + d, -d, h - d)
    for i in range(d):
        c.put(w + 1 + d - i, h - d + i, "/")
    title = r.choice(
        ["ART", "BOOK", "YENT", "POEMS", "A-Z", "***", "1984", "HOW TO", "MAPS", "LOVE", "TALES"]
    )
    if len(title) < w - 1 and h > 2:
        c.middle(w // 2 + 1, h // 3, title)
    if w > 7 and h > 5:
        c.row(2, h - 3, w - 2, r.choice("-=~."))
    return (c, ["closed"])


def clock(r, s):
    c, n = (Canvas(), between(r, s, 5, 16))
    ry = max(2, n // 2)
    square = r.random() < 0.25
    if square:
        c.box(-n, -ry, n, ry, r.choice("+."))
    else:
        c.oval(0, 0, n, ry, r.choice("_-"))
    top, side = (ry - 1, n - 2)
    marks = r.choice(["full", "dots", "twelve"]) if n > 6 else "twelve"
    if marks == "full":
        c.middle(0, -top, "12").middle(0, top, "6").put(side, 0, "3").put(-side, 0, "9")
    elif marks == "dots":
        c.put(0, -top, ".").put(0, top, "'").put(side, 0, ".").put(-side, 0, ".")
        for dx, dy in ((0.5, 0.75), (0.8, 0.4)):
            for a in (-1, 1):
                for b in (-1, 1):
                    c.put(round(a * dx * side), round(b * dy * top), ".")
    else:
        c.middle(0, -top, "12" if n > 5 else "'")
    hour, minute = (r.randrange(8), r.randrange(8))
    dirs = [
        (0, -1, "|"),
        (1, -1, "/"),
        (2, 0, "-"),
        (1, 1, "\\"),
        (0, 1, "|"),
        (-1, 1, "/"),
        (-2, 0, "-"),
        (-1, -1, "\\"),
    ]
    for which, long in ((hour, max(1, (ry - 1) // 2)), (minute, max(1, ry - 2))):
        dx, dy, ch = dirs[which]
        k = long * 2 if dy == 0 else long
        for i in range(1, k + 1):
            c.put(i * (dx // 2 if dy == 0 else dx), i * dy, ch)
    c.put(0, 0, r.choice("o*O."))
    words = ["square"] if square else []
    if not square and r.random() < 0.4:
        words.append("bells")
        c.put(-n + 2, -ry - 1, "(_)").put(n - 4, -ry - 1, "(_)")
        c.put(-n + 3, ry + 1, "/").put(n - 3, ry + 1, "\\")
    return (c, words)


def hourglass(r, s):
    c, n = (Canvas(), between(r, s, 2, 9))
    c.middle(0, -1, "_" * (2 * n + 3)).middle(
        0, 0, r.choice(["|" + "_" * (2 * n + 1) + "|", "[" + "=" * (2 * n + 1) + "]"])
    )
    sand = r.randint(1, n)
    grain = r.choice([".", ":", "*", "'"])
    for i in range(n):
        h = n - i
        c.put(-h, 1 + i, "\\").put(h, 1 + i, "/")
        if i >= n - sand:
            for x in range(-h + 1, h):
                c.put(x, 1 + i, grain)
    c.middle(0, n + 1, "X")
    for i in range(n):
        h = i + 1
        c.put(-h, n + 2 + i, "/").put(h, n + 2 + i, "\\").put(0, n + 2 + i, grain)
        if i >= sand - 1:
            for x in range(-h + 1, h):
                c.put(x, n + 2 + i, grain)
    c.middle(
        0,
        2 * n + 2,
        "[" + "=" * (2 * n + 1) + "]"
        if (0, 0) in c.cells and c.cells[0, 0] == "="
        else "|" + "_" * (2 * n + 1) + "|",
    )
    return (c, [])


def computer(r, s):
    c, w, h = (Canvas(), between(r, s, 8, 26), between(r, s, 3, 10))
    c.row(1, -1, w, "_").column(0, 0, h + 1).column(w + 1, 0, h + 1).row(1, h, w, "_")
    if w > 10 and h > 3:
        c.put(2, 0, "." + "-" * (w - 4) + ".").put(2, h - 1, "'" + "-" * (w - 4) + "'")
        c.column(2, 1, h - 2).column(w - 1, 1, h - 2)
    texts = ["> _", "$ ls", "C:\\>", "hello", ":-)", "0101", "> run", "{ }", "error", "yent"]
    for i in range(r.randint(1, max(1, h - 3))):
        text = r.choice(texts)
        if len(text) < w - 5 or i == 0:
            c.put(4 if w > 10 else 2, min(1 + i, h - 2), text[: w - 4])
    if r.random() < 0.5:
        foot = between(r, s, 1, 2, 0.3)
        for i in range(foot):
            c.middle(w // 2 + 1, h + 1 + i, "|  |")
        c.middle(w // 2 + 1, h + 1 + foot, "_" * (w // 2 + 2))
        kind = "monitor"
        y = h + 2 + foot
    else:
        kind, y = ("laptop", h + 1)
    key = r.choice([":", "=", "o", "#", "."])
    rows = between(r, s, 1, 3, 0.4)
    for i in range(rows):
        pad = i + 1
        c.put(-pad, y + i, "/").put(w + 1 + pad, y + i, "\\")
        line = (r.choice([key + " ", key * 2, key]) * 60)[: w + 2 * pad - 1]
        c.put(-pad + 2, y + i, line)
    if kind == "laptop":
        c.put(-rows - 1, y + rows, "/" + "_" * (w + 2 * rows + 1) + "\\")
    else:
        c.put(-rows, y + rows, "'" + "-" * (w + 2 * rows) + "'")
    return (c, [kind])


def phone(r, s):
    c, w, h = (Canvas(), between(r, s, 6, 14), between(r, s, 5, 18))
    w += w % 2
    c.put(0, 0, "." + "-" * w + ".").column(0, 1, h).column(w + 1, 1, h).put(
        0, h + 1, "'" + "-" * w + "'"
    )
    c.middle(w // 2 + 1, 1, r.choice(["--", "==", "o-", "()"]))
    top, bottom = (2, h - 1)
    c.row(1, top, w, "_")
    c.row(1, bottom, w, "_")
    c.middle(w // 2 + 1, h, r.choice(["()", "[]", "O", "O"]))
    style = r.choice(["apps", "chat", "keys", "blank"])
    if style == "keys" or style == "apps":
        keys = iter("123456789*0#") if style == "keys" else iter(["[]", "()", "##"] * 20)
        for y in range(top + 1, bottom, 1 if style == "keys" else 2):
            for x in range(2, w - (style == "apps"), max(2, w // 3)):
                c.put(x, y, next(keys, ""))
    elif style == "chat":
        for y in range(top + 1, bottom - 1, 2):
            t = r.choice(["hi", "ok", "lol", ":)", "no", "yes!"])
            c.put(2 if r.random() < 0.5 else max(2, w - len(t) - 1), y, t)
    return (c, [])


def key(r, s):
    c = Canvas()
    n, shaft = (between(r, s, 2, 6), between(r, s, 5, 28))
    ry = 1 if s < 0.5 else between(r, s, 1, 3, 0.3)
    c.oval(0, 0, n, ry, r.choice("_-"))
    if n > 2:
        c.middle(0, 0, r.choice(["()", "O", "<>", "o", "[]"]))
    x = n + 1
    c.row(x, -1, shaft, "_").row(x, 0, shaft, "_").put(x + shaft, 0, "|")
    teeth = r.randint(1, 2 + round(3 * s))
    at = x + shaft - 1
    for _ in range(teeth):
        deep = r.randint(1, 1 + (s > 0.5))
        if at - 2 <= x:
            break
        c.put(at - 1, 1, "|").put(at, 1, "_").put(at + 1, 1, "|")
        if deep > 1:
            c.put(at, 1, " ", True).put(at - 1, 2, "|_|")
        at -= r.choice([3, 4])
    return (c, [])


def lock(r, s):
    c, n, h = (Canvas(), between(r, s, 3, 9), between(r, s, 2, 7))
    up = between(r, s, 1, 5)
    m = max(1, n - r.randint(1, 2 + n // 3))
    c.put(-m, -up - 1, "." + "-" * (2 * m - 1) + ".")
    open_ = r.random() < 0.25
    for i in range(up):
        c.put(-m, -up + i, "|")
        if not (open_ and i > up // 2 - 1):
            c.put(m, -up + i, "|")
    if m > 2:
        c.put(-m + 2, -up, "." + "-" * (2 * m - 5) + "." if m > 2 else "").column(
            -m + 2, -up + 1, up - 1
        )
        if not open_:
            c.column(m - 2, -up + 1, up - 1)
    c.put(-n, 0, "." + "-" * (2 * n - 1) + ".")
    c.column(-n, 1, h).column(n, 1, h).put(-n, h + 1, "'" + "-" * (2 * n - 1) + "'")
    c.middle(0, 1 + (h - 1) // 2, "O" if h < 4 else "(_)" if n > 3 else "O")
    if h > 1:
        c.put(0, 2 + (h - 1) // 2, "|" if h < 4 or n < 4 else "V")
    return (c, ["open" if open_ else "closed"])


def sword(r, s):
    c, n, grip = (Canvas(), between(r, s, 8, 40), between(r, s, 2, 7))
    guard = between(r, s, 1, 3, 0.5)
    fat = s > 0.3 and r.random() < 0.6
    c.put(0, 0, r.choice("oO@(") + r.choice("=#:") * grip)
    x = grip + 1
    c.column(x, -guard, 2 * guard + 1)
    c.put(x, -guard, r.choice("|/.")).put(x, guard, r.choice("|\\'")).put(x, 0, r.choice("|#)"))
    if fat:
        c.row(x + 1, -1, n, "_").row(x + 1, 0, n, r.choice("_-=")).put(x + n + 1, 0, ">").put(
            x + 1, 0, c.cells[x + 1, 0]
        )
        if guard > 1 and r.random() < 0.5:
            c.row(x + 1, 1, n, "'")
    else:
        c.row(x + 1, 0, n, r.choice("=-")).put(x + n + 1, 0, ">")
    if r.random() < 0.4:
        return (upright(c), [])
    return (c.flipped() if r.random() < 0.4 else c, [])


def upright(c):
    """Turned by a quarter: x and y change places, signs with them."""
    out = Canvas()
    turn = {
        "-": "|",
        "=": "H",
        "_": "|",
        "|": "-",
        ">": "V",
        "<": "^",
        ")": "-",
        "(": "o",
        "/": "-",
        "\\": "-",
        "'": "|",
        ".": "-",
    }
    for (x, y), ch in c.cells.items():
        out.cells[2 * y if turn.get(ch) == "-" and False else y, x] = turn.get(ch, ch)
    for (x, y), ch in list(out.cells.items()):
        if ch == "-" and x:
            out.cells[x + (1 if x > 0 else -1), y] = ch
    return out


def umbrella(r, s):
    c, n = (Canvas(), between(r, s, 4, 20))
    rows = max(2, round(n * 0.4))
    halves = arc_halves(n, rows)
    c.put(0, -2, "|" if r.random() < 0.6 else ".")
    c.body(0, 0, halves, "_", None)
    ribs = r.choice([2, 3, 4]) if n > 6 else 2
    scallop = r.choice(["v", "^", "'", "u", "-"])
    edge = rows
    points = {round(-n + 2 * n * k / ribs) for k in range(ribs + 1)}
    text = "".join("'" if x in points else "-_"[scallop in "vu"] for x in range(-n, n + 1))
    c.put(-n, edge, text if scallop != "^" else ("/" + "\\/" * n)[: 2 * n + 1])
    if n > 5:
        for k in (-1, 1):
            for i in range(1, rows):
                x = round(k * halves[i] * 0.4)
                if r.random() < 0.95:
                    c.put(x, i, "/" if k < 0 else "\\")
    c.clear(0, edge + 1, 0, edge + 1)
    tall = between(r, s, 2, 9)
    c.column(0, edge, tall + 1)
    d = r.choice([-1, 1])
    c.put(0, edge + tall + 1, "|" if n > 8 else " ")
    c.put(min(0, 2 * d), edge + tall + (1 if n > 8 else 0), "\\_|" if d < 0 else "|_/")
    if d < 0:
        c.put(-2, edge + tall + (n > 8), "\\_|")
    words = []
    if r.random() < 0.3:
        words.append("rain")
        x0, y0, x1, y1 = c.bounds()
        for _ in range(r.randint(6, 10 + n)):
            x, y = (r.randint(x0 - 2, x1 + 2), r.randint(y0 - 4, y1))
            if abs(x) > n or y < -2 - abs(0):
                if (x, y) not in c.cells:
                    c.put(x, y, r.choice("'/|,"))
    return (c, words)


def hat(r, s):
    c, n = (Canvas(), between(r, s, 3, 11))
    kind = r.choice(["top", "wizard", "bowler"])
    h = between(r, s, 2, 9)
    words = [kind + " hat"]
    brim = n + between(r, s, 2, 7)
    if kind == "top":
        c.row(-n + 1, -1, 2 * n - 1, "_").column(-n, 0, h).column(n, 0, h)
        c.row(-n + 1, h - 1, 2 * n - 1, r.choice("=#~-"))
        c.put(-brim, h - 1, "_" * (brim - n)).put(n + 1, h - 1, "_" * (brim - n))
        c.put(-brim - 1, h, "(" + "_" * (2 * brim + 1) + ")")
    elif kind == "wizard":
        h = max(3, n)
        c.put(0, -1, r.choice(["*", "^", "."]))
        for i in range(h):
            c.put(-i - 1, i, "/").put(i + 1, i, "\\")
            for x in range(-i, i + 1):
                if r.random() < 0.12:
                    c.put(x, i, r.choice("*.+oC"))
        c.put(-h - 2 - n // 2, h, "(" + "_" * (2 * (h + n // 2) + 3) + ")")
        c.row(-h - 1 - n // 2, h - 1, n // 2 + 1, "_").row(h + 1, h - 1, n // 2 + 1, "_")
        words.append("stars")
    else:
        rows = max(2, round(n * 0.5))
        c.body(0, 0, arc_halves(n, rows), "_", None)
        c.row(-n + 1, rows - 1, 2 * n - 1, r.choice("=#-_"))
        c.put(-brim, rows, "'" + "-" * (2 * brim - 1) + "'").put(
            -brim + 1, rows - 1, "_" * (brim - n - 1)
        ).put(n + 1, rows - 1, "_" * (brim - n - 1))
    return (c, words)


def crown(r, s):
    c = Canvas()
    points = r.choice([3, 3, 4, 5]) if s > 0.25 else 3
    w, h = (between(r, s, 2, 5, 0.5), between(r, s, 2, 6))
    gem = r.choice(["o", "*", "O", "."])
    h = min(h, 2 * w)
    total = points * 2 * w
    for p in range(points):
        x = p * 2 * w
        for i in range(w):
            c.put(x + w - 1 - i, i, "/").put(x + w + i, i, "\\")
        c.put(x + w - (gem in "()"), -1, gem)
        if gem != ".":
            c.put(x + w - 1, -1, " ")
    base = h
    c.column(0, w, base).column(total - 1, w, base)
    c.put(0, w - 1, "|").put(total - 1, w - 1, "|")
    c.row(1, w + base - 1, total - 2, "_")
    if base > 1:
        gems = r.choice(["o", "<>", "*", "O", "()", "{}"])
        for x in range(2, total - len(gems) - 1, len(gems) + r.randint(1, 3)):
            c.put(x, w + base // 2 - (base == 2), gems)
    if r.random() < 0.5:
        c.put(0, w + base, "|" + r.choice("=#:_") * (total - 2) + "|")
    return (c, [f"{points} points"])


def gift(r, s):
    c, n, h = (Canvas(), between(r, s, 3, 14), between(r, s, 2, 9))
    bow = r.choice(
        [["_  _", "(_\\/_)"], [" _  _ ", "( \\/ )", " \\/\\/ "], ["__ __", "(__V__)"], ["\\/"]]
    )
    for i, line in enumerate(bow):
        c.middle(0, -len(bow) - 1 + i, line)
    c.put(-n - 1, -1, "." + "-" * (2 * n + 1) + ".")
    lid = 1
    if s > 0.4:
        c.put(-n - 1, 0, "|" + " " * (2 * n + 1) + "|")
        lid = 2
    c.put(-n - 1, lid - 1, "|" + "_" * (2 * n + 1) + "|")
    pattern = r.choice(["", "", "*", "o", ".", "+"])
    for i in range(h):
        c.put(-n, lid + i, "|").put(n, lid + i, "|")
        for x in range(-n + 1 + i % 2, n, 2):
            if pattern and r.random() < 0.6:
                c.put(x, lid + i, pattern)
    c.row(-n + 1, lid + h - 1, 2 * n - 1, "_")
    band = r.choice(["|", "||", "#", "H", "| |"])
    for i in range(h + lid):
        c.middle(0, i, band, True)
    return (c, ["a bow"])


def chair(r, s):
    c, w, back, legs = (Canvas(), between(r, s, 3, 12), between(r, s, 2, 8), between(r, s, 2, 7))
    depth = between(r, s, 1, 4)
    c.row(1, -1, w, "_").column(0, 0, back).column(w + 1, 0, back)
    slats = r.choice(["bars", "plain", "rungs"])
    if slats == "bars":
        for x in range(2, w + 1, 2):
            c.column(x, 0, back)
    elif slats == "rungs":
        for y in range(0, back - 1, 2):
            c.put(1, y, "_" * w)
    if slats != "bars":
        c.row(1, back - 1, w, "_")
    for i in range(depth):
        c.put(-i, back + i, "|" if i == 0 and depth == 1 else "/").put(
            w + 1 - i if depth > 1 else w + 1, back + i, "|" if depth == 1 else "/"
        )
    c.put(1 - depth, back + depth - 1, "/" + "_" * w + "/" if depth > 1 else "|" + "_" * w + "|")
    for y in range(depth - 1):
        c.clear(1 - y, back + y, w - y, back + y)
    x = 1 - depth
    c.column(x, back + depth, legs).column(x + w + 1, back + depth, legs)
    if depth > 1:
        c.column(w + 1, back + 1, legs + depth - 2)
        c.column(2 if w > 3 else 1, back + depth, max(0, legs - 2))
    if r.random() < 0.4 and legs > 2:
        c.put(x + 1, back + depth + legs // 2, "-" * w)
    return (c, [])


def table(r, s):
    c, w, legs = (Canvas(), between(r, s, 8, 36), between(r, s, 2, 8))
    thick = r.choice([1, 1, 2])
    c.row(1, -1, w, "_")
    if thick == 1:
        c.put(0, 0, "|" + "_" * w + "|")
    else:
        c.put(0, 0, "[" + "_" * w + "]")
    inset = r.randint(1, 2 + w // 8)
    leg = r.choice(["|", "||", "| |"]) if w > 14 else "|"
    for i in range(legs):
        c.put(inset, 1 + i, leg).put(w + 2 - inset - len(leg), 1 + i, leg)
    words = []
    what = r.choice(["", "", "vase", "cups", "candle"])
    if what == "vase":
        c.block(w // 2 - 1, -5, [r.choice(["*o*", "@*@", "ooo"]), "\\|/", "( )", "|_|"][:4])
        c.put(w // 2 - 2, -1, "_")
        words.append("flowers")
    elif what == "cups":
        for x in range(3, w - 3, max(5, w // 3)):
            c.put(x, -1, "U" if w < 14 else "\\_/")
            words = ["cups"]
    elif what == "candle":
        c.put(w // 2, -3, "'").column(w // 2, -2, 2)
        words.append("a candle")
    if r.random() < 0.3 and legs > 2:
        c.put(inset + len(leg), legs // 2 + 1, "-" * (w + 2 - 2 * inset - 2 * len(leg)))
    if r.random() < 0.3:
        c.middle(w // 2 + 1, 1, "[" + "_" * max(3, w // 4) + "]")
        words.append("a drawer")
    return (c, words)


def bed(r, s):
    c, w, head = (Canvas(), between(r, s, 9, 36), between(r, s, 3, 8))
    foot = max(2, head // 2)
    post = r.choice(["|", "||", "H"])
    top = r.choice(["o", "O", "_", "@"])
    for y in range(-head, 2):
        c.put(0, y, post)
    c.put(0, -head - 1, top * len(post))
    right = w + len(post)
    for y in range(-foot, 2):
        c.put(right, y, post)
    c.put(right, -foot - 1, top * len(post))
    x = len(post)
    pillow = max(3, w // 5)
    c.row(x + pillow + 2, -2, w - pillow - 2, "_")
    c.put(x, -1, "(" + "_" * pillow + ")").row(x + 1, -2, pillow, "_")
    blanket = r.choice([" ", "#", ".", "x", "'", ":", "~"])
    c.put(x + pillow + 2, -1, blanket * (w - pillow - 2))
    c.row(x, 0, w, r.choice("_=-"))
    words = []
    if s > 0.5:
        c.row(x, 0, w, blanket if blanket != " " else " ").row(x, 1, w, "_").column(0, 2, 1).put(
            0, 2, post
        ).put(right, 2, post)
    if r.random() < 0.4:
        words.append("a sleeper")
        c.put(x + pillow // 2, -2, r.choice(["-.-", "u_u", "=_="])[: max(1, pillow)])
        for i in range(r.randint(1, 3)):
            c.put(x + pillow // 2 + 2 + 2 * i, -3 - i, "zZ"[i % 2])
    return (c, words)


def heart(r, s):
    c, n = (Canvas(), between(r, s, 1, 7, 0.8))
    style = r.choice(["line", "line", "fill"])
    if n == 1:
        lines = [" _ _ ", "( v )" if r.random() < 0.5 else "/ V \\", " \\ / ", "  v  "]
        c.block(0, 0, lines)
    else:
        half = 2 * n
        k = max(1, n // 2)
        y = 0
        c.row(-half + k + 1, -1, half - 2 * k, "_").row(k, -1, half - 2 * k, "_")
        for i in range(k):
            c.put(-half + k - i, i, "/").put(half - k + i, i, "\\")
            if i < k:
                c.put(-k + i, i, "\\").put(k - i, i, "/")
        y = k
        if k < n:
            c.put(0, k, "V" if k else "v")
        side = max(1, n // 3)
        for i in range(side):
            c.put(-half, y + i, "|").put(half, y + i, "|")
        y += side
        for i in range(half):
            c.put(-half + i, y + i, "\\").put(half - i, y + i, "/")
        c.put(0, y + half, "V" if r.random() < 0.5 else "'")
    words = []
    if style == "fill" and n > 1:
        x0, y0, x1, y1 = c.bounds()
        ch = r.choice("*.:o@#&v")
        for y in range(y0 + 1, y1):
            xs = [x for x, yy in c.cells if yy == y]
            for x in range(min(xs) + 1, max(xs)):
                if (x, y) not in c.cells and (
                    not (y < max(1, n // 2) and abs(x) < max(1, n // 2) - y)
                ):
                    c.put(x, y, ch)
        words.append("filled")
    elif n > 1 and r.random() < 0.4:
        t = r.choice(["LOVE", "YOU", "ME", "XOXO", "<3", "YENT"])
        if len(t) < 3 * n:
            c.middle(0, max(1, n // 2) + max(1, n // 3), t)
            words.append("a word")
    if r.random() < 0.25:
        x0, y0, x1, y1 = c.bounds()
        m = (y0 + y1) // 2
        if n > 1:
            c.put(x0 - 4, m + 2, ">>--").put(x1 + 1, m - 1, "-->")
        else:
            c.put(x0 - 3, m, ">--").put(x1 + 1, m, "-->")
        words.append("an arrow")
    return (c, words)


def balloon(r, s):
    c, words = (Canvas(), [])
    n = between(r, s, 2, 8)
    count = 1 if r.random() < 0.6 else r.choice([2, 3])
    for b in range(count):
        x, y = (b * (2 * n + 2), r.randint(-2, 2) * (b > 0))
        ry = max(1, round(n * 0.6))
        c.oval(x, y, n, ry, r.choice("_-"))
        if n > 3 and r.random() < 0.6:
            c.put(x - n // 2, y - ry // 2, r.choice(["/", ".'", "o", "("]))
        c.put(x, y + ry + 1, r.choice("^vA"))
        for i in range(between(r, s, 2, 8)):
            c.put(
                x + (i % 4 in (1, 2)),
                y + ry + 2 + i,
                "(" if i % 4 in (0,) else ")" if i % 4 == 2 else "\\/"[i % 4 == 3],
            )
    if count > 1:
        words.append(["", "one", "two", "three"][count])
    return (c, words)


def bell(r, s):
    c, n = (Canvas(), between(r, s, 2, 9))
    if n < 4:
        c.middle(0, -2, r.choice(["_", ".", "o", "n"]))
    else:
        c.middle(0, -2, "(_)")
    rows = max(2, n)
    halves = [
        max(1, round(n * 0.55)) + (1 if i > rows * 0.75 else 0) * (n // 3) for i in range(rows)
    ]
    halves = [max(1, n // 2)] * (rows // 2) + [
        max(1, n // 2) + 1 + i for i in range(rows - rows // 2)
    ]
    c.body(0, 0, halves, "_", None)
    e = halves[-1] + 1
    c.put(
        -e,
        rows,
        "'" + "-" * (2 * e - 1) + "'" if r.random() < 0.5 else "(" + "_" * (2 * e - 1) + ")",
    )
    c.middle(0, rows + 1, r.choice(["O", "o", "(_)", "()"]))
    if n > 3 and r.random() < 0.5:
        c.middle(0, rows // 2, r.choice(["* *", "~~~", "===", "+", "o"])[: 2 * (n // 2) - 1])
    words = []
    if r.random() < 0.3:
        words.append("ringing")
        for i in range(r.randint(1, 3)):
            c.put(-e - 2 - 2 * i, rows // 2, "(").put(e + 2 + 2 * i, rows // 2, ")")
    return (c, words)


def guitar(r, s):
    c, n = (Canvas(), between(r, s, 3, 10))
    neck = between(r, s, 4, 12)
    c.middle(0, -neck - 2, r.choice(["[_]", "{=}", "o=o", "(=)"]))
    c.middle(0, -neck - 1, r.choice(["o|o", "[#]", "o=o"]))
    fret = r.choice(["|||", "|=|", "|:|", "| |"])
    for i in range(neck):
        c.middle(0, -neck + i, fret)
    waist = max(2, round(n * 0.6))
    upper = max(2, round(n * 0.8))
    k = max(1, n // 3)
    halves = (
        [max(2, upper - 1)]
        + [upper] * k
        + [waist] * max(1, k - 1)
        + [n] * (k + 1)
        + [max(2, n - 1)]
    )
    c.body(0, 0, halves, "-", "_")
    m = len(halves) // 2
    for i in range(m):
        c.middle(0, i, fret, False)
    c.middle(0, m, "(O)" if n > 3 else "O").middle(0, len(halves) - 2, "===" if n > 3 else "=")
    return (c, [])


def cake(r, s):
    c, layers = (Canvas(), 1 if s < 0.3 else r.choice([1, 2, 2, 3]))
    w, h = (between(r, s, 4, 15), between(r, s, 1, 3, 0.6))
    y = 0
    shrink = max(2, w // 3)
    widths = [
        max(2, w - shrink * (layers - 1 - i) // 1)
        if layers == 1
        else max(3, w - shrink * (layers - 1 - i))
        for i in range(layers)
    ]
    top = widths[0]
    n = min(r.randint(1, 5), top)
    for i in range(n):
        x = round((i - (n - 1) / 2) * (2 * top - 2) / max(1, n))
        c.put(x, -2, "|").put(x, -3, r.choice("*',i")).put(x, -3, "'" if r.random() < 0.5 else "*")
        if s > 0.6:
            c.put(x, -4, c.cells[x, -3]).put(x, -3, "|")
    for i, n2 in enumerate(widths):
        if i == 0:
            c.row(-n2 + 1, y - 1, 2 * n2 - 1, "_")
        else:
            c.put(-n2, y - 1, "." + "-" * (n2 - widths[i - 1] - 1)).put(
                widths[i - 1] + 1, y - 1, "-" * (n2 - widths[i - 1] - 1) + "."
            )
        if i == 0:
            for j in range(n):
                x = round((j - (n - 1) / 2) * (2 * top - 2) / max(1, n))
                c.put(x, -1, "|")
        ice = r.choice(["~", "^v", "u", "_-", "wv", "oO", "(_)"])
        c.put(-n2, y, "|" + (ice * 30)[: 2 * n2 - 1] + "|")
        for k in range(h):
            c.put(-n2, y + 1 + k, "|" + " " * (2 * n2 - 1) + "|")
            if r.random() < 0.3:
                c.put(-n2 + 1, y + 1 + k, (r.choice([". ", "o ", "* ", "~~"]) * 30)[: 2 * n2 - 1])
        y += h + 1
        c.row(-n2 + 1, y - 1, 2 * n2 - 1, "_")
        y += 0
    if r.random() < 0.5:
        c.put(-w - 2, y, "'" + "-" * (2 * w + 3) + "'")
    return (c, [f"{n} candles" if n > 1 else "a candle"])


def pizza(r, s):
    c, n = (Canvas(), between(r, s, 3, 14))
    w = n
    c.put(-w, -2, "." + "-" * (2 * w - 1) + ".")
    c.put(-w - 1, -1, "(" + "_" * (2 * w + 1) + ")")
    for i in range(w):
        h = w - i
        c.put(-h, i, "\\").put(h, i, "/")
        x = -h + 1
        while x < h - 1:
            if r.random() < 0.2:
                t = r.choice(["o", "()", "O", "*", ".", "@", "~"])
                if x + len(t) <= h:
                    c.put(x, i, t)
                x += len(t)
            x += 1
    c.put(0, w, r.choice("Vv'"))
    return (c, ["a slice"])


def apple(r, s):
    c, n = (Canvas(), between(r, s, 3, 13))
    ry = max(1, round(n * 0.45))
    c.oval(0, 0, n, ry, r.choice("_--"))
    dent = max(1, n // 4)
    for x in range(-dent, dent + 1):
        c.put(x, -ry - (c.cells.get((0, -ry - 1)) == "_"), " ", True)
    c.middle(0, -ry, "'-" + "-" * max(0, 2 * dent - 3) + "'" if dent > 1 else "'")
    stem = between(r, s, 1, 3)
    for i in range(stem):
        c.put(i > 1, -ry - 1 - i, "|" if i < 2 else "/")
    if r.random() < 0.8:
        leaf = {0: ["_", "_)"], 1: [".-.", "_-'"], 2: [" __", "(_/"]}[
            0 if n < 5 else r.choice([1, 2])
        ]
        c.block(1, -ry - 2, leaf)
    if n > 4 and r.random() < 0.6:
        c.put(-n + 2, 0 if ry < 2 else -1, r.choice(["(", "/", "|"]))
    words = []
    if r.random() < 0.25 and n > 4:
        words.append("a worm")
        c.put(n // 3, ry // 3, "(o")
    return (c, words)


def ice_cream(r, s):
    c, n = (Canvas(), between(r, s, 2, 7))
    scoops = 1 if s < 0.3 else r.choice([1, 2, 3])
    y = 0
    rows = max(2, round(n * 0.7))
    for k in range(scoops):
        m = max(2, n - (scoops - 1 - k))
        halves = arc_halves(m, rows)
        c.body(0, y, halves, "_" if k == 0 else None, None)
        dots = r.choice(["", "", ".", "o", "*", ":"])
        if dots:
            for i in range(1, rows):
                for x in range(-halves[i] + 1, halves[i]):
                    if r.random() < 0.25 and (x, y + i) not in c.cells:
                        c.put(x, y + i, dots)
        y += rows
    if r.random() < 0.4:
        if n > 2:
            c.middle(0, -1, "(_)" if n > 2 else "o").put(0, -2, r.choice(["_", ".", "'"]))
        else:
            c.middle(0, -2, "o")
    c.put(-n, y, "(" + "_" * (2 * n - 1) + ")")
    waffle = r.choice(["x", "X", "/", "#", " ", ":"])
    for i in range(2 * n - 1 if n < 4 else round(1.6 * n)):
        h = n - 1 - (i if n < 4 else round(i * n / (1.6 * n)))
        if h < 1:
            c.put(0, y + 1 + i, "V")
            break
        c.put(-h, y + 1 + i, "\\" + waffle * (2 * h - 1) + "/")
    else:
        c.put(0, y + 1 + i + 1, "V")
    return (c, ["two scoops" if scoops == 2 else "three scoops" if scoops == 3 else "one scoop"])


def dice(r, s):
    c, n = (Canvas(), between(r, s, 3, 9))
    n |= 1
    value = r.randint(1, 6)
    pip = r.choice("oO*@")
    h = 3 if n < 6 else 5
    w = 2 * (n // 2) + 5
    d = between(r, s, 1, 4)
    c.row(d + 1, -d - 1, w, "_")
    for i in range(d):
        c.put(d - i, -d + i, "/").put(w + 1 + d - i, -d + i, "/")
    c.row(1, -1, w, "_")
    c.column(0, 0, h).column(w + 1, 0, h).row(1, h, w, "_").put(0, h, "|").put(w + 1, h, "|")
    c.column(w + 1 + d, -d, h - d + d)
    for i in range(d):
        c.put(w + 1 + d - i, h - d + i, " ", True).put(w + 1 + d - i, h - d + 1 + i - 1, "/")
    xs, ys = ([2, w // 2 + 1, w - 1], [0 if h == 3 else 1, h // 2, h - 1 if h == 3 else h - 2])
    if h == 3:
        ys = [0, 1, 2]
    spots = {
        1: [(1, 1)],
        2: [(0, 0), (2, 2)],
        3: [(0, 0), (1, 1), (2, 2)],
        4: [(0, 0), (2, 0), (0, 2), (2, 2)],
        5: [(0, 0), (2, 0), (0, 2), (2, 2), (1, 1)],
        6: [(0, 0), (2, 0), (0, 1), (2, 1), (0, 2), (2, 2)],
    }
    for a, b in spots[value]:
        c.put(xs[a], ys[b], pip)
    return (c, [["", "one", "two", "three", "four", "five", "six"][value]])


def door_(r, s):
    c, w, h = (Canvas(), between(r, s, 6, 18), between(r, s, 5, 16))
    arch = r.random() < 0.3
    if arch:
        c.put(1, -1, "." + "-" * (w - 2) + ".").put(0, 0, "/" + " " * w + "\\")
        c.column(0, 1, h - 1).column(w + 1, 1, h - 1)
    else:
        c.row(1, -1, w, "_").column(0, 0, h).column(w + 1, 0, h)
    c.row(1, h - 1, w, "_")
    panels = r.choice([1, 2, 2])
    knob = r.choice("o.O*")
    pw = (w - 2 - (panels - 1)) // panels
    rows = 1 if h < 8 else 2
    for p in range(panels):
        x = 2 + p * (pw + 1)
        for k in range(rows):
            y0 = 1 + arch + k * ((h - 2) // rows)
            y1 = y0 + (h - 2) // rows - 2
            if pw > 2 and y1 > y0:
                c.put(x, y0, "." + "-" * (pw - 2) + ".").put(x, y1, "'" + "-" * (pw - 2) + "'")
                c.column(x, y0 + 1, y1 - y0 - 1).column(x + pw - 1, y0 + 1, y1 - y0 - 1)
    c.put(w if r.random() < 0.7 else 1, h // 2, knob)
    words = ["an arch"] if arch else []
    if r.random() < 0.4:
        c.put(-2, h, "=" * (w + 6))
        words.append("a step")
    if r.random() < 0.3:
        c.middle(
            w // 2 + 1,
            0 if not arch else 1,
            r.choice(["13", "7", "42", "221", "EXIT", "OPEN"])[: w - 2],
        )
        words.append("a number")
    return (c, words)


def window_(r, s):
    c, a, b = (Canvas(), between(r, s, 3, 9), between(r, s, 1, 5))
    cols, rows = r.choice([(2, 2), (2, 2), (3, 2), (2, 3), (1, 2), (2, 1)])
    w, h = (cols * (a + 1) + 1, rows * (b + 1) + 1)
    edge = r.choice("+.")
    for j in range(rows + 1):
        c.put(0, j * (b + 1), ("+" + "-" * a) * cols + "+")
    for i in range(cols + 1):
        for j in range(rows):
            c.column(i * (a + 1), j * (b + 1) + 1, b)
    if edge == ".":
        c.put(0, 0, ".").put(w - 1, 0, ".").put(0, h - 1, "'").put(w - 1, h - 1, "'")
    words = []
    if r.random() < 0.6:
        for _ in range(r.randint(1, 3)):
            x, y = (r.randrange(cols) * (a + 1) + 2, r.randrange(rows) * (b + 1) + 1)
            c.put(x, y + (b > 1), "/" if a < 4 else "/ /")
    if r.random() < 0.35:
        words.append("curtains")
        for j in range(1, h - 1):
            if (0, j) in c.cells and c.cells[0, j] == "|":
                n = max(1, a // 2 - j // 2)
                c.put(1, j, ")" * n).put(w - 1 - n, j, "(" * n)
    if r.random() < 0.5:
        words.append("a sill")
        c.put(-2, h, "[" + "_" * (w + 2) + "]")
    return (c, words)


def ladder(r, s):
    c, w, h = (Canvas(), between(r, s, 3, 10), between(r, s, 5, 24))
    rung = r.choice("-=_")
    lean = r.choice([0, 0, -1, 1]) if s > 0.3 else 0
    for i in range(h):
        x = lean * (h - 1 - i) // 1 if lean else 0
        side = "|" if lean == 0 else "/" if lean > 0 else "\\"
        c.put(x, i, side).put(x + w + 1, i, side)
        if i % 2 == 1:
            c.row(x + 1, i, w, rung)
    return (c, ["leaning"] if lean else [])


def gravestone(r, s):
    c, n, h = (Canvas(), between(r, s, 3, 10), between(r, s, 3, 10))
    rows = max(1, n // 3)
    c.body(0, -rows, arc_halves(n, rows + 1)[:-1] + [n] * h, r.choice("_-"), None)
    c.middle(0, 0, r.choice(["RIP", "R.I.P", "R I P"])[: 2 * n - 1])
    if h > 3:
        c.middle(
            0,
            2,
            r.choice(
                [
                    "here lies",
                    "1901-1984",
                    "a fool",
                    "gone",
                    "bored",
                    "a poet",
                    "me",
                    "+",
                    "~~~",
                    "beloved",
                    "bye",
                ]
            )[: 2 * n - 1],
        )
    if h > 5:
        c.middle(0, 4, r.choice(["+", "---", "at last", "(_)", "***", "2026"])[: 2 * n - 1])
    wide = n + between(r, s, 1, 5)
    base = r.choice(["_", "-", "~", "^", '"', "wW", ",."])
    c.put(-wide, h, (base * 60)[: 2 * wide + 1])
    return (c, [])


def envelope(r, s):
    c, n = (Canvas(), between(r, s, 4, 16))
    h = max(2, round(n * 0.55))
    c.row(-n + 1, -1, 2 * n - 1, "_")
    for i in range(h):
        c.put(-n, i, "|").put(n, i, "|")
    k = 0
    y = 0
    while k < n - 1 and y < h - 1:
        step = max(1, round(n / max(1, h)))
        for j in range(step):
            if n - 1 - k - j > 0:
                c.put(
                    -n + 1 + k + j,
                    y,
                    ("\\" if step == 1 else "'."[j % 2]) if step < 3 else "'-."[min(j, 2)],
                )
                c.put(
                    n - 1 - k - j,
                    y,
                    ("/" if step == 1 else "'."[j % 2]) if step < 3 else "'-."[min(j, 2)],
                )
        k += step
        y += 1
    c.row(-n + 1, h - 1, 2 * n - 1, "_")
    words = []
    if r.random() < 0.4:
        c.middle(0, min(y, h - 1), r.choice(["<3", "(@)", "V", "(*)", "@"]))
        words.append("a seal")
    return (c, words)


def bomb(r, s):
    c, n = (Canvas(), between(r, s, 3, 11))
    ry = max(1, n // 2)
    c.oval(0, 0, n, ry, r.choice("_-"))
    k = max(1, n // 4)
    c.middle(0, -ry - 1, "[" + r.choice("=#_") * (2 * k - 1) + "]")
    fuse = between(r, s, 1, 4)
    x, y = (0, -ry - 2)
    d = r.choice([-1, 1])
    for i in range(fuse):
        c.put(x, y, "/" if d > 0 else "\\")
        x, y = (x + d, y - 1)
    if fuse:
        c.block(
            x - 1,
            y - 1,
            r.choice([["\\|/", "-*-", "/|\\"], [" ' ", "'*'", " ' "], ["*"]])[
                : 2 if fuse > 9 else 3
            ],
        )
    c.put(x - d, y + 1, "/" if d > 0 else "\\")
    if n > 4:
        c.put(-n // 2, -ry // 2, r.choice(["/", "(", ".'", "o"]))
        if r.random() < 0.4:
            c.middle(0, 0, r.choice(["BOOM", "TNT", "X_X", "!"])[: 2 * n - 3])
    return (c, ["a burning fuse"])


def anchor(r, s):
    c, h = (Canvas(), between(r, s, 4, 14))
    arm = between(r, s, 3, 10)
    if h < 8:
        c.middle(0, -3, "_").middle(0, -2, "(_)")
    else:
        c.block(-2, -4, [" .-. ", "(   )", " '-' "])
    bar = max(2, arm // 2 + 1)
    c.middle(0, -1, r.choice("-=") * (2 * bar + 1))
    c.column(0, -1, h)
    y = h - 1
    k = max(1, arm // 3)
    c.row(-arm + k + 1, y, 2 * (arm - k) - 1, "_")
    c.put(0, y, r.choice("|V_"))
    for i in range(k):
        c.put(-arm + k - i, y - i, "\\").put(arm - k + i, y - i, "/")
    c.put(-arm - 1, y - k, "/|" if arm > 3 else "^").put(arm, y - k, "|\\" if arm > 3 else "^")
    return (c, [])


def flag(r, s):
    c, w, h, tall = (Canvas(), between(r, s, 5, 22), between(r, s, 2, 8), between(r, s, 2, 10))
    pole = r.choice(["|", "||", "I"])
    c.put(0, -1, r.choice("oO@.^"))
    for i in range(h + tall):
        c.put(0, i, pole)
    x = len(pole)
    wavy = r.random() < 0.4
    if wavy:
        edge = ("~-._.-" * 8)[:w]
        c.put(x, 0, edge).put(x, h, edge)
        for i in range(1, h + 1):
            c.put(x + w, i, "|" if i < h else "/")
    else:
        c.row(x, -1, w, "_").row(x, h - 1, w, "_").column(x + w, 0, h)
    sign = r.choice(["", "*", "+", "(o)", "X", "* * *", "YENT", "><", "<3", "###"])
    if sign and h > 2 and (len(sign) < w - 1):
        c.middle(x + w // 2, h // 2, sign)
    stripes = not sign and r.random() < 0.6
    if stripes:
        for i in range(wavy, h - 1, 2):
            if i + 1 < h - 1:
                c.row(x, i + (not wavy), w, r.choice("=-#~"))
    if r.random() < 0.6:
        c.put(-2, h + tall, "_" * (4 + len(pole)))
    return (c, ["stripes"] if stripes else [])


def coffin(r, s):
    c, n = (Canvas(), between(r, s, 2, 7))
    up, down = (max(1, n // 2), between(r, s, 3, 14))
    top = max(1, n - up + 1)
    c.middle(0, -1, "_" * (2 * top - 1))
    y = 0
    for i in range(up):
        c.put(-top - i, y, "/").put(top + i, y, "\\")
        y += 1
    w = top + up - 1
    for i in range(down):
        inset = round(i * (w - top) / max(1, down - 1)) if down > 1 else 0
        nxt = round((i - 1) * (w - top) / max(1, down - 1)) if i else 0
        c.put(-w + inset, y, "\\" if inset > nxt else "|").put(
            w - inset, y, "/" if inset > nxt else "|"
        )
        y += 1
    e = w - round(w - top)
    c.row(-e + 1, y - 1, 2 * e - 1, "_")
    cross = r.random() < 0.7
    if cross:
        c.column(0, 1, max(2, up + 2)).middle(0, 1 + max(1, up // 2), "-+-" if n < 4 else "--+--")
    if down > 4:
        c.middle(0, up + down // 2, r.choice(["RIP", "R.I.P", "...", "+"])[: 2 * top])
    return (c, ["a cross"] if cross else [])


def hammer(r, s):
    c, w, h = (Canvas(), between(r, s, 5, 16), between(r, s, 4, 14))
    k = between(r, s, 1, 3, 0.4)
    c.row(1, -1, w, "_")
    for i in range(k):
        c.put(0, i, "|").put(w + 1, i, "|")
    c.row(1, k - 1, w, "_")
    claw = r.random() < 0.5
    if claw:
        c.put(w + 2, -1, "_").put(w + 2, 0, "_\\" if k == 1 else " \\").put(w + 4, 1, "\\")
        if k > 1:
            c.put(w + 2, 1, "-.")
    m = w // 2 + 1
    grip = r.choice(["| |", "||", "|||"])
    for i in range(h):
        c.middle(m, k + i, grip)
    c.middle(m, k + h, "'-'" if len(grip) == 3 else "''")
    return (c, [])


def television(r, s):
    c, w, h = (Canvas(), between(r, s, 8, 26), between(r, s, 3, 10))
    m = w // 2 + 1
    a = between(r, s, 1, 4)
    for i in range(a):
        c.put(m - 1 - i, -2 - i, "\\").put(m + 1 + i, -2 - i, "/")
    if r.random() < 0.5:
        c.put(m - 1 - a, -2 - a, "o").put(m + 1 + a, -2 - a, "o")
    c.row(1, -1, w, "_").column(0, 0, h + 1).column(w + 1, 0, h + 1).row(1, h, w, "_")
    panel = w > 11
    sw = w - 6 if panel else w - 2
    c.put(2, 0, "." + "-" * (sw - 2) + ".").put(2, h - 1, "'" + "-" * (sw - 2) + "'")
    c.column(2, 1, h - 2).column(sw + 1, 1, h - 2)
    show = r.choice(["noise", "text", "face", ""])
    if show == "noise":
        for y in range(1, h - 1):
            for x in range(3, sw + 1):
                if r.random() < 0.5:
                    c.put(x, y, r.choice(".:%#'"))
    elif show == "text" and h > 2:
        c.middle(
            2 + sw // 2, h // 2, r.choice(["NEWS", "ADS", "LIVE", "LIES", "OBEY", "TV"])[: sw - 2]
        )
    elif show == "face" and h > 2:
        c.middle(2 + sw // 2, h // 2, r.choice(["o_o", "^_^", "-_-", ":-)"])[: sw - 2])
    if panel:
        for i in range(min(2, h - 1)):
            c.put(w - 2, 1 + i, r.choice(["o", "O", "()"]))
        for y in range(3, h):
            c.put(w - 2, y, "==")
    if r.random() < 0.6:
        c.put(2, h + 1, "/").put(w - 1, h + 1, "\\")
    else:
        c.put(3, h + 1, '"').put(w - 2, h + 1, '"')
    return (c, ["an antenna"])


def glasses(r, s):
    c, n, ry = (Canvas(), between(r, s, 3, 10), between(r, s, 1, 3, 0.5))
    gap = between(r, s, 1, 4)
    kind = r.choice(["_", "-", "box"])
    dark = r.random() < 0.4
    for x in (-n - gap // 2 - 1, n + gap - gap // 2):
        if kind == "box":
            c.box(x - n, -ry, x + n, ry, r.choice("+."))
        else:
            c.oval(x, 0, n, ry, kind)
        if dark:
            for y in range(-ry + (kind != "_"), ry + 1 - (kind != "_")):
                for k in range(x - n + 1, x + n):
                    if (k, y) not in c.cells and min(
                        (a for a, b in c.cells if b == y and abs(a - x) <= n)
                    ) < k < max((a for a, b in c.cells if b == y and abs(a - x) <= n)):
                        c.put(k, y, "#")
        elif n > 4:
            c.put(x - n // 2, 0, r.choice(["/", "//", "/ /"]))
    a, b = (-n - gap // 2 - 1, n + gap - gap // 2)
    c.row(a + n + 1, 0, b - n - (a + n) - 1, r.choice("_-=") if b - n - a - n - 1 > 0 else " ")
    arm = between(r, s, 1, 5)
    c.row(a - n - arm, 0, arm, "-").row(b + n + 1, 0, arm, "-")
    return (c, ["dark"] if dark else [])


def scissors(r, s):
    c, n = (Canvas(), between(r, s, 3, 9))
    for i in range(n):
        c.put(-i, -i, "\\").put(i, -i, "/")
        if s > 0.4:
            if i:
                c.put(-i - 1, -i, "\\")
            if i:
                c.put(i + 1, -i, "/")
    c.put(0, 0, r.choice("oXO"))
    m = between(r, s, 1, 4)
    for i in range(1, m + 1):
        c.put(-i, i, "/").put(i, i, "\\")
    k = between(r, s, 1, 3, 0.4)
    for x in (-m - k - 1, m + k + 1):
        c.oval(x, m + 1 + k, k + 1, k, "_")
    return (c, [])


SUBJECTS = {
    "cup": cup,
    "bottle": bottle,
    "wine glass": glass,
    "candle": candle,
    "lamp": lamp,
    "light bulb": bulb,
    "book": book,
    "clock": clock,
    "hourglass": hourglass,
    "computer": computer,
    "phone": phone,
    "key": key,
    "lock": lock,
    "sword": sword,
    "umbrella": umbrella,
    "hat": hat,
    "crown": crown,
    "gift": gift,
    "chair": chair,
    "table": table,
    "bed": bed,
    "heart": heart,
    "balloon": balloon,
    "bell": bell,
    "guitar": guitar,
    "cake": cake,
    "pizza": pizza,
    "apple": apple,
    "ice cream": ice_cream,
    "dice": dice,
    "door": door_,
    "window": window_,
    "ladder": ladder,
    "gravestone": gravestone,
    "envelope": envelope,
    "bomb": bomb,
    "anchor": anchor,
    "flag": flag,
    "coffin": coffin,
    "hammer": hammer,
    "television": television,
    "glasses": glasses,
    "scissors": scissors,
}
