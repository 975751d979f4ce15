"""Plants, sky and sea; see places.py for what a subject is."""

from canvas import Canvas
from places import between
from things import arc_halves


def ground(c, r, words, x0, x1, y):
    """Sometimes grass or a line below."""
    kind = r.choice(["", "", "", "grass", "line"])
    if kind:
        text = {"grass": r.choice(['"', ",.", "v", "\"'", "wW", "^"]), "line": r.choice("_~-=")}[
            kind
        ]
        c.put(x0 - 2, y, (text * (x1 - x0 + 5))[: x1 - x0 + 5])
        words.append("grass" if kind == "grass" else "")


def pine(r, s):
    c, words = (Canvas(), [])
    n, tiers = (between(r, s, 2, 4, 0.7), between(r, s, 1, 4, 0.6))
    y, _start = (0, 0)
    hung = r.random() < 0.3
    inside = r.choice([" ", " ", "*", "^", "'", "/"])
    if r.random() < 0.4:
        c.put(0, -1, "*")
        words.append("a star")
    if r.random() < 0.5:
        c.put(0, 0, "^")
    else:
        c.put(0, 0, "A")
    y = 1
    width = 1
    for t in range(tiers):
        width = 1 + t
        for i in range(n + t):
            c.clear(-width, y, width, y)
            for x in range(-width + 1, width):
                if inside != " " and r.random() < 0.3:
                    c.put(x, y, inside)
                elif hung and r.random() < 0.15:
                    c.put(x, y, r.choice("oO*@"))
            c.put(-width, y, "/").put(width, y, "\\")
            width += 1
            y += 1
        if t < tiers - 1 and r.random() < 0.5:
            c.row(-width + 2, y - 1, 2, "_").row(width - 3, y - 1, 2, "_")
    c.row(-width + 2, y - 1, 2 * width - 3, "_")
    trunk = r.choice(["|", "||", "| |"]) if width < 8 else r.choice(["| |", "|  |", "|||"])
    for i in range(r.randint(1, 1 + tiers)):
        c.middle(0, y + i, trunk)
        last = y + i
    ground(c, r, words, -width, width, last + 1)
    if hung:
        words.append("ornaments")
    return (c, words + ["pine"])


def round_tree(r, s):
    c, words = (Canvas(), [])
    rx, ry = (between(r, s, 3, 13), between(r, s, 1, 5, 0.6))
    c.oval(0, 0, rx, ry, r.choice("_--"))
    leaves = r.choice(["", "", "o", "*", "@", "'", "()", "%", "&"])
    if leaves:
        for y in range(-ry + 1, ry):
            for x in range(-rx + 1, rx):
                if (
                    (x, y) not in c.cells
                    and r.random() < (0.25 if len(leaves) == 1 else 0.15)
                    and (abs(x) < rx * (1 - (y / (ry + 0.6)) ** 2) ** 0.5 - 2)
                ):
                    c.put(x, y, leaves[0])
        if leaves in "o@":
            words.append("apples")
    trunk = r.choice(["| |", "||", "|  |"]) if rx > 3 else r.choice(["|", "||"])
    tall = between(r, s, 2, 6)
    for i in range(tall):
        c.middle(0, ry + 1 + i, trunk)
    if tall > 1:
        c.middle(
            0,
            ry + tall,
            r.choice(["/" + trunk[1:-1] + "\\", trunk, "_" + trunk + "_"])
            if len(trunk) > 1
            else trunk,
        )
    ground(c, r, words, -rx, rx, ry + tall + 1)
    return (c, words)


def palm(r, s):
    c, tall = (Canvas(), between(r, s, 3, 12))
    lean = r.choice([-1, 0, 1])
    trunk = r.choice(["||", "|", "()", "{}", ")("])
    for i in range(tall):
        c.put(lean * (-(tall - i) // 3 + tall // 3) if lean else 0, i, trunk)
    n = between(r, s, 2, 6, 0.5)
    leaf = r.choice("_-~")
    for d in (-1, 1):
        c.put(d, -1, "\\" if d < 0 else "/")
        for i in range(n):
            c.put(d * (2 + i), -1 - (leaf == "_"), leaf)
        c.put(d * (2 + n), -1 + (leaf != "_"), "\\" if d > 0 else "/")
        c.put(d * (3 + n), leaf != "_", "\\" if d > 0 else "/")
        for i in range(n // 2 + 1):
            c.put(d * (2 + i), i, "\\" if d > 0 else "/")
    c.put(-1, 0, "o" if r.random() < 0.5 else "(").put(
        1 + len(trunk) // 2, 0, "o" if r.random() < 0.5 else ")"
    )
    words = ["palm"]
    if r.random() < 0.5:
        w = between(r, s, 5, 14)
        c.middle(
            lean * (tall // 3), tall, "_" * (w // 2) + ".-" + "-" * (w // 3) + "-." + "_" * (w // 2)
        )
        c.middle(lean * (tall // 3), tall + 1, ("~^" * 30)[: 2 * w])
        words.append("an island")
    return (c, words)


def flower(r, s):
    c, words = (Canvas(), [])
    k = r.choice([0, 1, 2, 3] if s > 0.25 else [0, 2])
    heart = r.choice("o@*O#")
    if s > 0.6:
        k = r.choice([3, 4, 4])
    heads = {
        0: ["_(_)_", f"(_{heart}_)", " (_) "],
        1: [" .-. ", f"( {heart} )", " '-' "],
        2: ["\\|/", f"-{heart}-", "/|\\"],
        3: [" _   _ ", "( \\ / )", f"(_ {heart} _)", " (_/\\_)", "  \\_/  "][:4],
        4: ["  .-.  ", " (   ) ", ".-.-.-.", f"(  {heart}  )", "'-'-'-'", " (   ) ", "  '-'  "],
    }
    head = heads[k]
    w = len(head[0])
    c.block(-(w // 2), -len(head), head)
    tall = between(r, s, 2, 11)
    stem = r.choice("||;")
    for i in range(tall):
        c.put(0, i, stem)
    used = set()
    for _ in range(r.randint(1, 2 if s < 0.5 else 4)):
        y, d = (r.randint(1, max(1, tall - 1)), r.choice([-1, 1]))
        if (y, d) in used or (y + 1, d) in used or (y - 1, d) in used:
            continue
        used.add((y, d))
        n = 1 if s < 0.4 else r.randint(1, 3)
        c.put(d, y, "/" if d > 0 else "\\")
        if s > 0.4:
            leaf = "_" * n + (")" if d > 0 else "")
            c.put(2 if d > 0 else -1 - n, y, leaf if d > 0 else "_" * n)
            c.put(2 + n if d > 0 else -2 - n, y, ")" if d > 0 else "(")
            c.row(2 if d > 0 else -1 - n, y - 1, n, "_")
    if r.random() < 0.3:
        words.append("a pot")
        wide = between(r, s, 2, 5, 0.5)
        c.middle(0, tall, "_" * (2 * wide + 1)).middle(
            0, tall + 1, "\\" + " " * (2 * wide - 1) + "/"
        )
        c.middle(0, tall + 2, "\\" + "_" * (2 * wide - 3) + "/")
    else:
        ground(c, r, words, -w // 2, w // 2, tall)
    return (c, words)


def tulip(r, s):
    c = Canvas()
    n = between(r, s, 1, 4, 0.5)
    if n > 1:
        c.put(-n, 0, "|\\" + " " * (n - 1) + "^" + " " * (n - 1) + "/|" if n > 1 else "\\^/")
    else:
        c.middle(0, 0, "\\^/")
    halves = [n] * max(1, n // 2) + list(range(n, 0, -1))
    if n > 1:
        for i, h in enumerate(halves):
            turn = i >= max(1, n // 2)
            c.middle(
                0,
                1 + i,
                ("\\" if turn else "|")
                + ("_" if i == len(halves) - 1 else " ") * (2 * h - 1)
                + ("/" if turn else "|"),
            )
    else:
        c.middle(0, 1, "\\_/")
        halves = [1]
    y = 1 + len(halves)
    tall = between(r, s, 2, 8)
    c.column(0, y, tall)
    for d in (-1, 1):
        k = r.randint(1, max(1, tall - 1))
        for i in range(k):
            c.put(
                d * (1 + i // 2 + (i > 1)),
                y + tall - 1 - i,
                ("/" if d > 0 else "\\") if i % 2 == 0 else "/\\"[d < 0],
            )
    return (c, [])


def cactus(r, s):
    c, tall = (Canvas(), between(r, s, 4, 13))
    wide = 3 if s < 0.5 else r.choice([3, 5])
    c.middle(0, -1, "_" * wide)
    fill = r.choice([" ", " ", ":", "'", "|", "!"])
    for i in range(tall):
        c.middle(0, i, ("/" if i == 0 else "|") + fill * wide + ("\\" if i == 0 else "|"), True)
    h = wide // 2 + 1
    arms = r.choice([[-1, 1], [-1, 1], [1], [-1]])
    for d in arms:
        y = r.randint(2, max(2, tall - 3))
        up, out = (r.randint(1, max(1, y)), r.choice([1, 1, 2]) if s > 0.4 else 1)
        x = d * h
        c.column(x + d * (2 + out), y - up + 1, up).column(x + d * (1 + out), y - up + 1, up)
        c.column(x + d * (3 + out), y - up + 1, up).put(x + d * (2 + out), y - up, "_")
        for i in range(up):
            c.put(x + d * (2 + out), y - i, fill, True)
        for i in range(1, out + 1):
            c.put(x + d * i, y, "_")
        for i in range(1, out + 3):
            c.put(x + d * i, y + 1, "_")
        c.put(x + d * (out + 3), y + 1, "/" if d > 0 else "\\")
    words = []
    if r.random() < 0.4:
        words.append("a flower")
        c.put(0, -1, "*")
    if r.random() < 0.5:
        words.append("a pot")
        c.middle(0, tall, "_" * (wide + 4)).middle(
            0, tall + 1, "\\" + " " * (wide + 2) + "/"
        ).middle(0, tall + 2, "\\" + "_" * wide + "/")
    else:
        c.middle(0, tall, r.choice(["_", "~", ".", "-"]) * (2 * wide + 5))
    return (c, words)


def mushroom(r, s):
    c, n = (Canvas(), between(r, s, 3, 14))
    rows = max(2, round(n * 0.45))
    halves = [
        max(1, round(n * (1 - ((rows - 1 - i) / (rows + 0.2)) ** 2) ** 0.5)) for i in range(rows)
    ]
    c.body(0, 0, halves, "_", "_")
    spots = r.choice(["", "o", "O", "()", "*", "."])
    if spots:
        for i in range(1, rows):
            for x in range(-halves[i] + 2, halves[i] - 2):
                if (x, i) not in c.cells and (x - 1, i) not in c.cells and (r.random() < 0.25):
                    c.put(x, i, spots)
    stem = max(1, n // 3)
    tall = between(r, s, 1, 6)
    for i in range(tall):
        c.middle(0, rows + i, "|" + ("_" if i == tall - 1 else " ") * (2 * stem - 1) + "|")
    words = ["spots"] if spots else []
    ground(c, r, words, -n, n, rows + tall)
    return (c, words)


def sun(r, s):
    c = Canvas()
    rx = between(r, s, 2, 9)
    ry = max(1, round(rx / 2))
    c.oval(0, 0, rx, ry, r.choice("_-"))
    face = r.choice(["", "", "happy", "cool"]) if rx > 3 else ""
    if face:
        e = max(1, rx // 3)
        a = r.choice("o^O-*") if face == "happy" else "#"
        c.put(-e, -ry // 3, a).put(e, -ry // 3, a)
        c.middle(0, ry // 2 if ry > 2 else 1 if ry > 1 else 0, r.choice(["\\_/", "'-'", "v", "u"]))
    n = between(r, s, 1, 4, 0.7)
    gap = r.choice([1, 2])
    for i in range(n):
        c.put(0, -ry - 1 - gap - i, "|").put(0, ry + gap + 1 + i, "|")
        c.put(-rx - gap - 1 - i, 0, "-").put(rx + gap + 1 + i, 0, "-")
        for dx, dy in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            c.put(
                dx * (round(rx * 0.8) + gap + i),
                dy * (round(ry * 0.8) + gap + i),
                "\\" if dx * dy > 0 else "/",
            )
    return (c, ["a face"] if face else [])


def moon(r, s):
    c = Canvas()
    ry = between(r, s, 2, 8)
    rx = 2 * ry
    deep = r.uniform(0.2, 0.75)
    if r.random() < 0.7:
        d = r.choice([-1, 1])
        for y in range(-ry, ry + 1):
            w = rx * (1 - (y / (ry + 0.4)) ** 2) ** 0.5
            a, b = (round(-w), round(w - 2 * w * deep))
            t = abs(y) / ry
            c.put(a, y, "(" if t < 0.35 else "/" if y < 0 else "\\")
            if b > a + 1:
                c.put(b, y, "(" if t < 0.35 else "/" if y < 0 else "\\")
            if y in (-ry, ry):
                n = max(2, round(rx * (1 - ((ry - 1) / (ry + 0.4)) ** 2) ** 0.5))
                c.put(a, y, " ", True).put(b, y, " ", True)
                c.put(
                    -n + 2,
                    y,
                    ("_" if y < 0 else "'-")[0:1] + "-" * max(2, n - 1) + (".", "'")[y > 0],
                )
                c.put(-n + 2, y, ".'"[y > 0])
        out, words = (c.flipped() if d < 0 else c, ["crescent"])
    else:
        c.oval(0, 0, rx, ry, "_")
        for _ in range(r.randint(2, 3 + ry)):
            y = r.randint(-ry + 1, ry - 1)
            x = r.randint(-rx // 2, rx // 2 - 1)
            c.put(x, y, r.choice(["o", "()", "O", "."]))
        out, words = (c, ["full", "craters"])
    if r.random() < 0.5:
        words.append("stars")
        x0, y0, x1, y1 = out.bounds()
        for _ in range(r.randint(2, 7)):
            x, y = (r.randint(x0 - 4, x1 + 5), r.randint(y0 - 1, y1 + 1))
            if not any((x + i, y + j) in out.cells for i in (-1, 0, 1) for j in (0,)):
                out.put(x, y, r.choice("*.+'"))
    return (out, words)


def star(r, s):
    c, n = (Canvas(), between(r, s, 1, 6))
    if r.random() < 0.4 and s < 0.5:
        k = r.randint(1, 3)
        for i in range(1, k + 1):
            c.put(0, -i, "|").put(0, i, "|").row(-2 * k, 0, 4 * k + 1, "-")
            c.put(-i * 2 + 1 if k > 1 else -1, -i, "\\").put(i * 2 - 1 if k > 1 else 1, -i, "/")
            c.put(-i * 2 + 1 if k > 1 else -1, i, "/").put(i * 2 - 1 if k > 1 else 1, i, "\\")
        c.put(0, 0, r.choice("*+O"))
        return (c, ["bright"])
    c.slope(0, 0, n, -1).slope(1, 0, n, 1)
    arm = 2 * n + r.randint(1, 3)
    c.row(-n - arm + 1, n - 1, arm, "_").row(n + 1, n - 1, arm, "_")
    left = -n - arm
    m = n + r.randint(0, 1)
    for i in range(m):
        c.put(left + 1 + 2 * i, n + i, "'" + ".").put(-left - 2 * i - 1, n + i, "." + "'")
    inner = -left - 2 * m
    x = -inner + 1
    for i in range(m + 1):
        c.put(x - i, n + m + i, "/").put(-x + 1 + i, n + m + i, "\\")
    y = n + m + m
    half = -x + 1 + m
    k = 0
    lift = max(1, m)
    xl, xr = (x - m + 1, half - 1)
    for xx in range(xl, xr + 1):
        t = abs(xx - (xl + xr) / 2) / max(1, (xr - xl) / 2)
        yy = y - round((1 - t) * lift * 0.9)
        c.put(
            xx,
            yy,
            ("." if t < 0.15 else "-")
            if abs(t) < 0.15
            else ".'"[(xx + yy) % 2]
            if t < 0.9
            else "_",
        )
    return (c, [])


def cloud(r, s):
    c, words = (Canvas(), [])
    half, tall = between(r, s, 3, 12), between(r, s, 1, 5, 0.6)
    puffs = [(0, half, tall)]
    for side in (-1, 1):
        if r.random() < 0.85:
            n = max(2, round(half * r.uniform(0.4, 0.8)))
            puffs.append((side * r.randint(half - 1, half + n - 1), n, r.randint(1, tall)))
    spans = []
    for y in range(-tall, 0):
        rows = [(x, arc_halves(n, h)[y + h]) for x, n, h in puffs if y >= -h]
        spans.append((min(x - n for x, n in rows), max(x + n for x, n in rows)))
    c.heap(-tall, spans)
    x0, _, x1, _ = c.bounds()
    c.put(x0 - 1, 0, "(" + "_" * (x1 - x0 + 1) + ")")
    kind = r.choice(["", "", "rain", "snow", "lightning"])
    if kind == "rain":
        words.append("rain")
        slant = r.choice("/|'\\,")
        for y in range(1, r.randint(2, 3 + round(4 * s))):
            for x in range(x0 + y % 2, x1, r.choice([2, 3])):
                if r.random() < 0.8:
                    c.put(x + (y if slant == "\\" else -y if slant == "/" else 0), y, slant)
    elif kind == "snow":
        words.append("snow")
        for y in range(1, r.randint(2, 3 + round(4 * s))):
            for x in range(x0 + y % 2 * 2, x1, 4):
                c.put(x, y, r.choice("*.*+"))
    elif kind == "lightning":
        words.append("lightning")
        x = (x0 + x1) // 2
        for i in range(r.randint(1, 2 + round(2 * s))):
            c.put(x + 1 - i, 1 + 3 * i, "/").put(x - i, 2 + 3 * i, "/_").put(x - i, 3 + 3 * i, " /")
    return (c, words)


def snowflake(r, s):
    c, n = (Canvas(), between(r, s, 2, 7))
    c.column(0, -n, 2 * n + 1)
    for i in range(1, n + 1):
        for dx, dy in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            c.put(dx * 2 * i, dy * i, "\\" if dx * dy > 0 else "/")
            c.put(dx * (2 * i - 1), dy * i, " ")
    c.row(-2 * n, 0, 4 * n + 1, "-")
    at = r.randint(1, max(1, n - 1))
    twig = r.choice([1, 2]) if n > 2 else 1
    for t in range(twig):
        k = at + t
        if k <= n:
            c.put(-1, -k, "\\").put(1, -k, "/").put(-1, k, "/").put(1, k, "\\")
            c.put(2 * k, -1 if k > 1 else 0, "/" if k > 1 else "-").put(
                2 * k, 1 if k > 1 else 0, "\\" if k > 1 else "-"
            )
            c.put(-2 * k, -1 if k > 1 else 0, "\\" if k > 1 else "-").put(
                -2 * k, 1 if k > 1 else 0, "/" if k > 1 else "-"
            )
    c.put(0, 0, r.choice("*+oO"))
    return (c, [])


def wave(r, s):
    c, n = (Canvas(), between(r, s, 2, 5, 0.6))
    lines = [
        ["  .-.", " (_  \\", "    \\ \\", "____/  \\___"],
        ["   ____", " .'    '.", "(  (_    \\", " '-' )    \\", "____/      \\__"],
        [" _.._", "/    '.", "'-.    \\", "__/     \\__"],
    ]
    pick = r.choice(lines)
    w = max(len(x) for x in pick)
    for i in range(n):
        c.block(i * (w - 1), -len(pick), pick)
    x0, _, x1, _ = c.bounds()
    for k in range(r.randint(1, 1 + round(4 * s))):
        text = (r.choice(["~", "~ ", "~-", "^~", "~~ "]) * 60)[: x1 - x0 + 1]
        c.put(x0, k, text)
    words = []
    if r.random() < 0.4:
        words.append("a sun")
        c.block(x1 - 6, -len(pick) - 3, ["\\|/", "-O-", "/|\\"])
    return (c, words)


def island(r, s):
    c, words = palm(r, s)
    x0, _, x1, y1 = c.bounds()
    if "an island" not in words:
        w = x1 - x0 + r.randint(4, 10)
        m = (x0 + x1) // 2
        c.middle(m, y1 + 1, "." + "-" * (w // 2) + "-" * (w // 3) + ".")
        c.middle(m, y1 + 2, ("~^" * 40)[: w + 6])
    else:
        c.put(x0 - 3, y1 + 1, ("~ ~" * 40)[: x1 - x0 + 7])
    return (c, ["a palm tree"])


def leaf(r, s):
    c, n = (Canvas(), between(r, s, 2, 8))
    halves = [max(1, round(n * (i + 1) / (n // 2 + 1))) for i in range(n // 2 + 1)]
    halves += list(range(n, 0, -1))
    for i, h in enumerate(halves):
        up = i < n // 2 + 1
        c.middle(0, i, ("/" if up else "\\") + " " * (2 * h - 1) + ("\\" if up else "/"))
    c.put(0, -1, "^" if halves[0] == 1 else ".").column(
        0, 0, len(halves) + r.randint(1, 2 + n // 2)
    )
    for y in range(1, len(halves) - 1, 2):
        for i in range(1, max(1, halves[y] // 2) + 1):
            if y - i + 1 >= 0 and halves[y - i + 1] > i:
                c.put(-i, y - i + 1, "\\").put(i, y - i + 1, "/")
    return (c, [])


SUBJECTS = {
    "tree": round_tree,
    "pine tree": pine,
    "palm tree": palm,
    "flower": flower,
    "tulip": tulip,
    "cactus": cactus,
    "mushroom": mushroom,
    "sun": sun,
    "moon": moon,
    "star": star,
    "cloud": cloud,
    "snowflake": snowflake,
    "wave": wave,
    "island": island,
    "leaf": leaf,
}
